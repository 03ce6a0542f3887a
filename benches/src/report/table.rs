//! Results as tables, in Markdown.

use crate::measure::results::{Column, Figures, Group};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use std::{fmt, iter};

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

/// A table in Markdown. The first column is aligned left and the others right.
pub(crate) fn aligned(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A figure with three significant digits or a few more.
pub(crate) fn short(figure: f64) -> String {
    match figure {
        0.0 => "0".to_owned(),
        figure if figure < 10.0 => format!("{figure:.2}"),
        figure if figure < 100.0 => format!("{figure:.1}"),
        figure => format!("{figure:.0}"),
    }
}
