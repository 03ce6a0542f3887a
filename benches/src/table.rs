//! What was measured, as tables on the terminal.

use crate::harness::{Column, Figures};
use std::fmt;

/// One scenario: its contestants are the rows, its columns numbers of threads or quantities.
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
        let mut rows = vec![std::iter::once(String::new()).chain(heads).collect::<Vec<_>>()];
        for name in self.contestants() {
            let cells = self.columns.iter().map(|column| self.cell(column, name));
            rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        let unit = self.unit;
        writeln!(f, "## {}", self.title)?;
        writeln!(f, "{unit}: minimum / median, and minimum in units of `{}`\n", self.reference)?;
        aligned(f, &rows)
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

/// Rows of cells as Markdown, the first column to the left and the others to the right.
pub(crate) fn aligned(f: &mut impl fmt::Write, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for (number, row) in rows.iter().enumerate() {
        write!(f, "|")?;
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if column == 0 {
                write!(f, " {cell:<width$} |")?;
            } else {
                write!(f, " {cell:>width$} |")?;
            }
        }
        writeln!(f)?;
        if number == 0 {
            write!(f, "|")?;
            for (column, width) in widths.iter().enumerate() {
                let end = if column == 0 { '-' } else { ':' };
                write!(f, "{}{end}|", "-".repeat(width + 1))?;
            }
            writeln!(f)?;
        }
    }
    Ok(())
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
