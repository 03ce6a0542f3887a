//! The scenarios. Each is written once, for all contestants.

mod expiry;
mod hits;
mod keys;
mod memory;
mod misses;
mod processes;
mod recursion;
mod stampede;
mod tasks;
mod threads;
mod zipf;

pub(crate) use processes::child;

use crate::measure::race::Effort;
use crate::measure::results::Group;
use crate::titles;

/// A scenario: its title and how it is run.
type Scenario = (&'static str, fn(Effort) -> Group);

const ALL: [Scenario; 29] = [
    (titles::HITS, hits::several_keys),
    (titles::HOT, hits::one_key),
    (titles::ZIPF, zipf::run),
    (titles::TEXT, hits::with_text),
    (titles::TEXT_NUMBERS, hits::with_text_to_numbers),
    (titles::HOT_TEXT, hits::one_text),
    (titles::TTL, hits::with_ttl),
    (titles::MISSES, misses::shared),
    (titles::OWNING_MISSES, misses::owning),
    (titles::BUSY_MISSES, misses::busy),
    (titles::OWNING_ZIPF, zipf::owning),
    (titles::THREAD_HITS, hits::thread_local),
    (titles::THREAD_MISSES, misses::thread_local),
    (titles::FIB, recursion::fib),
    (titles::EDIT, recursion::edit),
    (titles::STONES, processes::stones),
    (titles::SPRINGS, processes::springs),
    (titles::DICE, processes::dice),
    (titles::TABLE, processes::table),
    (titles::STAMPEDE, stampede::run),
    (titles::ASYNC_HITS, hits::asynchronous),
    (titles::ASYNC_MISSES, misses::asynchronous),
    (titles::TASKS, tasks::run),
    (titles::MANY_TASKS, tasks::many),
    (titles::BYTES, memory::bytes),
    (titles::ALLOCATIONS, memory::allocations),
    (titles::IDLE, threads::idle),
    (titles::ENDED, threads::ended),
    (titles::EXPIRY, expiry::run),
];

/// Runs the scenarios whose titles contain `only`. Each result is passed to `show` when it is ready.
pub(crate) fn run(only: &str, effort: Effort, show: impl Fn(&Group)) -> Vec<Group> {
    let chosen = ALL.iter().filter(|(title, _)| title.contains(only));
    chosen
        .map(|(_, scenario)| {
            let group = scenario(effort);
            show(&group);
            group
        })
        .collect()
}
