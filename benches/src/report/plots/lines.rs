//! Time over the number of threads, on a logarithmic scale: equal factors are equal distances.

use super::style::{Area, FAINT, HEADING, INK, Outcome, color, headed, label};
use crate::measure::results::{Figures, Group};
use crate::names;
use plotters::chart::ChartBuilder;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, PathElement, Text};
use plotters::prelude::SVGBackend;
use plotters::series::LineSeries;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

const SIZE: (u32, u32) = (740, 480);

/// The width of the part on the right, in which the names of the contestants stand.
const NAMES: u32 = 250;

/// The height of a name.
const ROW: i32 = 15;

pub(super) fn draw<'a>(group: &Group, area: impl FnOnce((u32, u32)) -> SVGBackend<'a>) -> Outcome {
    let root = area(SIZE).into_drawing_area();
    let note = format!("{}, by wall clock; less is better", group.unit);
    let (left, _) = headed(&root, group.title, &note)?.split_horizontally(SIZE.0 - NAMES);
    let (least, most) = decades(group);
    let columns = 0..i32::try_from(group.columns.len())? - 1;
    let times =
        (10_f64.powi(least)..10_f64.powi(most)).log_scale().with_key_points(ticks(least, most));
    let mut chart = ChartBuilder::on(&left)
        .margin_top(8)
        .margin_right(4)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(columns, times)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(FAINT)
        .light_line_style(FAINT)
        .axis_style(FAINT)
        .label_style(label(INK, HPos::Left))
        .x_labels(group.columns.len())
        .x_label_formatter(&|&column| {
            let column = usize::try_from(column).ok().and_then(|column| group.columns.get(column));
            column.map_or(String::new(), |column| column.label.clone())
        })
        .y_label_formatter(&ToString::to_string)
        .draw()?;

    let mut ends = Vec::new();
    for name in group.contestants() {
        let times = (0..).zip(&group.columns).map(|(place, column)| (place, column.of(name)));
        let points: Vec<(i32, f64)> =
            times.filter_map(|(place, figures)| Some((place, figures?.min()))).collect();
        let color = color(group, name);
        let width = if name == names::MEMOFN { 3 } else { 1 };
        chart.draw_series(LineSeries::new(points.clone(), color.stroke_width(width)))?;
        let dots = points.iter().map(|&point| Circle::new(point, width + 1, color.filled()));
        chart.draw_series(dots)?;
        ends.extend(points.last().map(|end| (chart.backend_coord(end), name, color)));
    }
    draw_names(&root, ends)
}

/// The powers of ten below and above all minima.
#[allow(clippy::cast_possible_truncation, reason = "exponents are small")]
fn decades(group: &Group) -> (i32, i32) {
    let minima = || group.columns.iter().flat_map(|column| &column.figures).map(Figures::min);
    let least = minima().fold(f64::INFINITY, f64::min).log10().floor() as i32;
    let most = minima().fold(0.0, f64::max).log10().ceil() as i32;
    (least, most.max(least + 1))
}

/// 1, 2, 5, 10, 20, 50 and so on.
fn ticks(least: i32, most: i32) -> Vec<f64> {
    let steps = |power: i32| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power));
    (least..most).flat_map(steps).chain([10_f64.powi(most)]).collect()
}

/// Writes the names at the ends of their lines, moved down where they would overlap.
fn draw_names(root: &Area<'_>, mut ends: Vec<((i32, i32), &str, RGBColor)>) -> Outcome {
    ends.sort_by_key(|&((_, y), ..)| y);
    let bottom = i32::try_from(SIZE.1)? - 10 - ROW * i32::try_from(ends.len())?;
    let top = i32::try_from(HEADING)?;
    let mut free = ends.first().map_or(top, |&((_, y), ..)| y.min(bottom));
    for ((x, y), name, color) in ends {
        let at = y.max(free);
        root.draw(&PathElement::new([(x + 5, y), (x + 16, at)], color))?;
        root.draw(&Text::new(name, (x + 20, at), label(color, HPos::Left)))?;
        free = at + ROW;
    }
    Ok(())
}
