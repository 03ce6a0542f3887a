//! The tables as pictures: lines where there are numbers of threads, bars elsewhere.

use crate::contestants::names;
use crate::harness::Figures;
use crate::scenarios::titles;
use crate::svg::{Anchor, Picture};
use crate::table::{Group, short};
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;

/// Which scenario becomes which file.
const FILES: [(&str, &str); 20] = [
    (titles::HITS, "hits"),
    (titles::HOT, "hot-key"),
    (titles::ZIPF, "zipf"),
    (titles::TEXT, "text"),
    (titles::TTL, "ttl"),
    (titles::MISSES, "misses"),
    (titles::OWNING_MISSES, "misses-string"),
    (titles::OWNING_ZIPF, "zipf-string"),
    (titles::THREAD_HITS, "thread-hits"),
    (titles::THREAD_MISSES, "thread-misses"),
    (titles::FIB, "fib"),
    (titles::EDIT, "edit-distance"),
    (titles::STAMPEDE, "stampede"),
    (titles::ASYNC_HITS, "async-hits"),
    (titles::ASYNC_MISSES, "async-misses"),
    (titles::TASKS, "async-stampede"),
    (titles::BYTES, "bytes"),
    (titles::IDLE, "idle-threads"),
    (titles::ENDED, "ended-threads"),
    (titles::EXPIRY, "expiry"),
];

const INK: &str = "#222222";
const FAINT: &str = "#dddddd";
const OURS: &str = "#d6336c";
const FLOOR: &str = "#868e96";
const PEERS: [&str; 9] = [
    "#1c7ed6", "#74b816", "#f59f00", "#7048e8", "#0ca678", "#e8590c", "#495057", "#15aabf",
    "#862e9c",
];

/// Writes a picture of each scenario that was run.
pub(crate) fn write(folder: &Path, groups: &[Group]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for (title, file) in FILES {
        let Some(group) = groups.iter().find(|group| group.title == title) else { continue };
        let picture = if is_by_threads(group) { lines(group)? } else { bars(group)? };
        fs::write(folder.join(file).with_extension("svg"), picture.to_string())?;
    }
    Ok(())
}

/// Whether the columns are numbers of threads, and enough of them for lines.
fn is_by_threads(group: &Group) -> bool {
    group.columns.len() >= 4 && ![titles::IDLE, titles::EXPIRY].contains(&group.title)
}

fn color(group: &Group, name: &str) -> &'static str {
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

/// Time over number of threads, both so that a factor is a distance.
#[allow(clippy::cast_precision_loss)]
fn lines(group: &Group) -> Result<Picture, fmt::Error> {
    const LEFT: f64 = 70.0;
    const TOP: f64 = 60.0;
    const WIDTH: f64 = 420.0;
    const HEIGHT: f64 = 360.0;
    let mut picture = Picture::new(LEFT + WIDTH + 250.0, TOP + HEIGHT + 60.0);
    let minima = || group.columns.iter().flat_map(|column| &column.figures).map(Figures::min);
    let least = minima().fold(f64::INFINITY, f64::min).log10().floor();
    let most = minima().fold(0.0, f64::max).log10().ceil();
    let y = |value: f64| TOP + HEIGHT * (most - value.log10()) / (most - least).max(1.0);
    let x = |column: usize| LEFT + WIDTH * column as f64 / (group.columns.len() - 1) as f64;

    picture.text((LEFT, 24.0), Anchor::Start, (16, INK), group.title)?;
    let note = format!("{}, by wall clock; less is better", group.unit);
    picture.text((LEFT, 44.0), Anchor::Start, (12, INK), &note)?;
    let mut tick = 10_f64.powf(least);
    while tick <= 10_f64.powf(most) * 1.01 {
        for step in [1.0, 2.0, 5.0] {
            if tick * step <= 10_f64.powf(most) * 1.01 {
                let at = y(tick * step);
                picture.line((LEFT, at), (LEFT + WIDTH, at), FAINT)?;
                let label = (tick * step).to_string();
                picture.text((LEFT - 8.0, at + 4.0), Anchor::End, (12, INK), &label)?;
            }
        }
        tick *= 10.0;
    }
    for (number, column) in group.columns.iter().enumerate() {
        let at = (x(number), TOP + HEIGHT + 20.0);
        picture.text(at, Anchor::Middle, (12, INK), &column.label)?;
    }

    let mut ends = Vec::new();
    for name in group.contestants() {
        let figures = group.columns.iter().map(|column| column.of(name).map(Figures::min));
        let points: Vec<(f64, f64)> = figures
            .enumerate()
            .filter_map(|(column, value)| Some((x(column), y(value?))))
            .collect();
        let width = if name == names::MEMOFN { 3.5 } else { 1.5 };
        picture.path(&points, color(group, name), width)?;
        ends.extend(points.last().map(|end| (end.1, name)));
    }
    // Names stand at the ends of their lines, moved down where they would overlap.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let room = TOP + HEIGHT + 40.0 - 15.0 * ends.len() as f64;
    let mut free = ends.first().map_or(0.0, |end| end.0.min(room));
    for (end, name) in ends {
        let at = end.max(free);
        let from = (LEFT + WIDTH + 5.0, end);
        picture.line(from, (LEFT + WIDTH + 16.0, at), color(group, name))?;
        let place = (LEFT + WIDTH + 20.0, at + 4.0);
        picture.text(place, Anchor::Start, (12, color(group, name)), name)?;
        free = at + 15.0;
    }
    Ok(picture)
}

/// A bar for each contestant in each column. Those far longer than most are cut off.
#[allow(clippy::cast_precision_loss)]
fn bars(group: &Group) -> Result<Picture, fmt::Error> {
    const LEFT: f64 = 290.0;
    const TOP: f64 = 60.0;
    const WIDTH: f64 = 400.0;
    const ROW: f64 = 22.0;
    let names = group.contestants();
    // Where columns are several quantities, the first is shown.
    let counts_runs = [titles::STAMPEDE, titles::TASKS].contains(&group.title);
    let columns = if counts_runs { &group.columns[..1] } else { &group.columns[..] };
    let height = TOP + (names.len() as f64 * ROW + 30.0) * columns.len() as f64;
    let mut picture = Picture::new(LEFT + WIDTH + 90.0, height);
    picture.text((12.0, 24.0), Anchor::Start, (16, INK), group.title)?;
    let note = if counts_runs {
        "Runs of the body; less is better".to_owned()
    } else {
        format!("{}; less is better", group.unit)
    };
    picture.text((12.0, 44.0), Anchor::Start, (12, INK), &note)?;
    let mut top = TOP;
    for column in columns {
        let mut minima: Vec<f64> = column.figures.iter().map(Figures::min).collect();
        minima.sort_by(f64::total_cmp);
        let longest = minima.last().copied().unwrap_or(1.0);
        let full = longest.min(3.0 * minima[minima.len() / 2]).max(f64::MIN_POSITIVE);
        if columns.len() > 1 {
            picture.text((LEFT, top + 8.0), Anchor::Start, (12, INK), &column.label)?;
        }
        top += 14.0;
        for name in &names {
            let Some(min) = column.of(name).map(Figures::min) else { continue };
            let length = WIDTH * (min / full).min(1.0);
            let color = color(group, name);
            picture.text((LEFT - 8.0, top + 14.0), Anchor::End, (12, INK), name)?;
            picture.bar((LEFT, top + 3.0), (length, ROW - 6.0), color)?;
            if min > full {
                picture.bar((LEFT + length - 16.0, top + 3.0), (4.0, ROW - 6.0), "#ffffff")?;
            }
            let place = (LEFT + length + 6.0, top + 14.0);
            picture.text(place, Anchor::Start, (12, INK), &short(min))?;
            top += ROW;
        }
        top += 16.0;
    }
    Ok(picture)
}
