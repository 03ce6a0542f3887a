//! The results as SVG files: lines over the number of threads, bars elsewhere.

mod bars;
mod lines;
mod style;

use crate::measure::results::Group;
use crate::titles;
use plotters::prelude::SVGBackend;
use std::fs;
use std::path::Path;
use style::Outcome;

/// The name of the file for each scenario.
const FILES: [(&str, &str); 28] = [
    (titles::HITS, "hits"),
    (titles::HOT, "hot-key"),
    (titles::ZIPF, "zipf"),
    (titles::TEXT, "text"),
    (titles::TEXT_NUMBERS, "text-numbers"),
    (titles::HOT_TEXT, "text-hot-key"),
    (titles::TTL, "ttl"),
    (titles::MISSES, "misses"),
    (titles::OWNING_MISSES, "misses-string"),
    (titles::BUSY_MISSES, "misses-busy"),
    (titles::OWNING_ZIPF, "zipf-string"),
    (titles::THREAD_HITS, "thread-hits"),
    (titles::THREAD_MISSES, "thread-misses"),
    (titles::FIB, "fib"),
    (titles::EDIT, "edit-distance"),
    (titles::STONES, "process-stones"),
    (titles::SPRINGS, "process-springs"),
    (titles::DICE, "process-dice"),
    (titles::TABLE, "process-table"),
    (titles::STAMPEDE, "stampede"),
    (titles::ASYNC_HITS, "async-hits"),
    (titles::ASYNC_MISSES, "async-misses"),
    (titles::TASKS, "async-stampede"),
    (titles::MANY_TASKS, "async-crowd"),
    (titles::BYTES, "bytes"),
    (titles::IDLE, "idle-threads"),
    (titles::ENDED, "ended-threads"),
    (titles::EXPIRY, "expiry"),
];

/// Writes a plot of each scenario that was run.
pub(crate) fn write(folder: &Path, groups: &[Group]) -> Outcome {
    fs::create_dir_all(folder)?;
    for (title, file) in FILES {
        if let Some(group) = groups.iter().find(|group| group.title == title) {
            let file = folder.join(file).with_extension("svg");
            let area = |size| SVGBackend::new(&file, size);
            if is_by_threads(group) { lines::draw(group, area)? } else { bars::draw(group, area)? }
        }
    }
    Ok(())
}

/// Whether the columns are numbers of threads, and enough of them for lines.
fn is_by_threads(group: &Group) -> bool {
    group.columns.len() >= 4 && ![titles::IDLE, titles::EXPIRY].contains(&group.title)
}
