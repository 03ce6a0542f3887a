//! Colors, letters and the heading. The background is white, so that a plot is readable on any page.

use crate::measure::results::Group;
use crate::names;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::Text;
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};
use std::error::Error;

pub(super) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const FAINT: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
pub(super) const BACKGROUND: RGBColor = RGBColor(0xff, 0xff, 0xff);

const OURS: RGBColor = RGBColor(0xd6, 0x33, 0x6c);
const FLOOR: RGBColor = RGBColor(0x86, 0x8e, 0x96);
const PEERS: [RGBColor; 9] = [
    RGBColor(0x1c, 0x7e, 0xd6),
    RGBColor(0x5c, 0x94, 0x0d),
    RGBColor(0xe6, 0x77, 0x00),
    RGBColor(0x70, 0x48, 0xe8),
    RGBColor(0x0c, 0xa6, 0x78),
    RGBColor(0xc9, 0x2a, 0x2a),
    RGBColor(0x49, 0x50, 0x57),
    RGBColor(0x0b, 0x72, 0x85),
    RGBColor(0x86, 0x2e, 0x9c),
];

/// The height of the heading.
pub(super) const HEADING: u32 = 56;

/// In `plotters`, letters come out smaller than what is asked for by a factor of 1.24.
const SIZE: u32 = 15;

/// A white area with a title and a note at the top left. Returns the area below them.
pub(super) fn headed<'a>(root: &Area<'a>, title: &str, note: &str) -> Outcome<Area<'a>> {
    root.fill(&BACKGROUND)?;
    let (heading, rest) = root.split_vertically(HEADING);
    heading.draw(&Text::new(title, (12, 10), letters(20, INK, HPos::Left, VPos::Top)))?;
    heading.draw(&Text::new(note, (12, 32), letters(SIZE, INK, HPos::Left, VPos::Top)))?;
    Ok(rest)
}

/// A label whose left end, middle or right end is at a place.
pub(super) fn label(color: RGBColor, side: HPos) -> TextStyle<'static> {
    letters(SIZE, color, side, VPos::Center)
}

fn letters(size: u32, color: RGBColor, x: HPos, y: VPos) -> TextStyle<'static> {
    let font = ("sans-serif", size).into_font();
    TextStyle { font, color: color.to_backend_color(), pos: Pos::new(x, y) }
}

/// The color of a contestant. Those of `memofn` share one.
pub(super) fn color(group: &Group, name: &str) -> RGBColor {
    if name.starts_with(names::MEMOFN) {
        return OURS;
    }
    if name == names::FLOOR {
        return FLOOR;
    }
    let names = group.contestants();
    let peers =
        names.iter().filter(|name| !name.starts_with(names::MEMOFN) && **name != names::FLOOR);
    let place = peers.copied().position(|peer| peer == name).unwrap_or(0);
    PEERS[place % PEERS.len()]
}
