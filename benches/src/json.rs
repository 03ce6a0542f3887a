//! The raw results as JSON, for other programs.

use crate::reach::Figure;
use crate::table::Group;
use std::fmt::{self, Write};

/// Every lap of every contestant, and the figures made of them.
pub(crate) fn document(groups: &[Group], reach: &[Figure]) -> Result<String, fmt::Error> {
    let mut out = String::from("{\n  \"scenarios\": [");
    for (number, group) in groups.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}\n    {{\"title\": {:?}, \"unit\": {:?},", group.title, group.unit)?;
        write!(out, " \"reference\": {:?}, \"columns\": [", group.reference)?;
        for (number, column) in group.columns.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(out, "{comma}\n      {{\"label\": {:?}, \"contestants\": [", column.label)?;
            for (number, figures) in column.figures.iter().enumerate() {
                let comma = if number == 0 { "" } else { "," };
                let (name, laps) = (figures.name, &figures.laps);
                write!(out, "{comma}\n        {{\"name\": {name:?}, \"laps\": {laps:?}}}")?;
            }
            out.push_str("\n      ]}");
        }
        out.push_str("\n    ]}");
    }
    out.push_str("\n  ],\n  \"reach\": [");
    for (number, figure) in reach.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let value = figure.value.map_or("null".to_owned(), |value| format!("{value:?}"));
        let Figure { what, reach, beyond, .. } = figure;
        write!(out, "{comma}\n    {{\"figure\": {what:?}, \"value\": {value},")?;
        write!(out, " \"reach\": {reach:?}, \"beyond\": {beyond:?}}}")?;
    }
    out.push_str("\n  ]\n}\n");
    Ok(out)
}
