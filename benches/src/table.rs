//! What was measured, as tables on the terminal.

use crate::harness::{Column, Figures};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use std::{fmt, iter};

/// One scenario: its contestants are the rows, its columns numbers of threads or quantities.
#[derive(Serialize)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    /// Whose minimum the others are divided by.
    pub(crate) reference: &'static str,
    pub(crate) columns: Vec<Column>,
}

impl Group {
    /// The contestants, in the order of their first appearance.
    pub(crate) fn contestants(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for figures in self.columns.iter().flat_map(|column| &column.figures) {
            if !names.contains(&figures.name) {
                names.push(figures.name);
            }
        }
        names
    }
}

impl Column {
    pub(crate) fn of(&self, name: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.name == name)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = self.columns.iter().map(|column| column.label.clone());
        let head = iter::once(String::new()).chain(heads).collect();
        let rows = self.contestants().into_iter().map(|name| {
            let cells = self.columns.iter().map(|column| self.cell(column, name));
            iter::once(name.to_owned()).chain(cells).collect()
        });
        let unit = self.unit;
        writeln!(f, "## {}", self.title)?;
        writeln!(f, "{unit}: minimum / median, and minimum in units of `{}`\n", self.reference)?;
        writeln!(f, "{}", aligned(head, rows))
    }
}

impl Group {
    fn cell(&self, column: &Column, name: &str) -> String {
        let Some(figures) = column.of(name) else { return "-".to_owned() };
        let (min, median) = (figures.min(), figures.median());
        let mark = if figures.disturbed { "*" } else { "" };
        match column.of(self.reference).map(Figures::min) {
            Some(reference) if reference > 0.0 => {
                format!("{} / {}{mark}  {:.2}x", short(min), short(median), min / reference)
            }
            _ => format!("{} / {}{mark}", short(min), short(median)),
        }
    }
}

/// A table as Markdown, its first column to the left and the others to the right.
pub(crate) fn aligned(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A figure with as many digits as tell something.
pub(crate) fn short(figure: f64) -> String {
    match figure {
        0.0 => "0".to_owned(),
        figure if figure < 10.0 => format!("{figure:.2}"),
        figure if figure < 100.0 => format!("{figure:.1}"),
        figure => format!("{figure:.0}"),
    }
}
