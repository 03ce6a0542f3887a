//! A bar for each contestant in each column. A bar that is far longer than most is cut off.

use super::style::{Area, BACKGROUND, HEADING, INK, Outcome, color, headed, label};
use crate::measure::results::{Column, Figures, Group};
use crate::report::table::short;
use crate::titles;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};
use std::num::TryFromIntError;

/// Where bars begin; the names stand left of this.
const LEFT: i32 = 300;

/// The length of the longest bar.
const LENGTH: i32 = 400;

/// The height of a bar and the space around it.
const ROW: i32 = 22;

/// The height of a column's label.
const LABEL: i32 = 26;

pub(super) fn draw<'a>(group: &Group, area: impl FnOnce((u32, u32)) -> SVGBackend<'a>) -> Outcome {
    // In these two the columns are different quantities. The first is shown.
    let counts_runs = [titles::STAMPEDE, titles::TASKS].contains(&group.title);
    let columns = if counts_runs { &group.columns[..1] } else { &group.columns[..] };
    let note = if counts_runs {
        "Runs of the body; less is better".to_owned()
    } else {
        format!("{}; less is better", group.unit)
    };
    let height = |column: &Column| {
        Ok::<_, TryFromIntError>(LABEL + ROW * i32::try_from(column.figures.len())?)
    };
    let heights = columns.iter().map(height).collect::<Result<Vec<_>, _>>()?;
    let (width, height) = (LEFT + LENGTH + 90, heights.iter().sum::<i32>() + 12);
    let root = area((u32::try_from(width)?, HEADING + u32::try_from(height)?)).into_drawing_area();
    let mut rest = headed(&root, group.title, &note)?;
    for (column, height) in columns.iter().zip(heights) {
        let (this, below) = rest.split_vertically(height);
        rest = below;
        if columns.len() > 1 {
            this.draw(&Text::new(column.label.as_str(), (LEFT, 14), label(INK, HPos::Left)))?;
        }
        draw_column(group, column, &this.margin(LABEL, 0, 0, 0))?;
    }
    Ok(())
}

fn draw_column(group: &Group, column: &Column, area: &Area<'_>) -> Outcome {
    let full = full_length(column);
    let names = group.contestants().into_iter();
    let rows = names.filter_map(|name| Some((name, column.of(name)?.min())));
    for ((name, min), place) in rows.zip(0..) {
        let top = ROW * place;
        let middle = top + ROW / 2;
        let length = pixels(min / full);
        let bar = |from, to, color: RGBColor| {
            Rectangle::new([(from, top + 3), (to, top + ROW - 3)], color.filled())
        };
        area.draw(&Text::new(name, (LEFT - 8, middle), label(INK, HPos::Right)))?;
        area.draw(&bar(LEFT, LEFT + length, color(group, name)))?;
        if min > full {
            area.draw(&bar(LEFT + length - 16, LEFT + length - 12, BACKGROUND))?;
        }
        area.draw(&Text::new(short(min), (LEFT + length + 6, middle), label(INK, HPos::Left)))?;
    }
    Ok(())
}

/// The figure whose bar has the full length: the largest, or three times the median of a column if that is less.
fn full_length(column: &Column) -> f64 {
    let mut minima: Vec<f64> = column.figures.iter().map(Figures::min).collect();
    minima.sort_by(f64::total_cmp);
    let largest = minima.last().copied().unwrap_or(1.0);
    let middle = minima.get(minima.len() / 2).copied().unwrap_or(1.0);
    largest.min(3.0 * middle).max(f64::MIN_POSITIVE)
}

#[allow(clippy::cast_possible_truncation, reason = "it is at most `LENGTH`")]
fn pixels(share: f64) -> i32 {
    (f64::from(LENGTH) * share.min(1.0)).round() as i32
}
