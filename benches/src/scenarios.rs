//! What is done with the contestants. Each scenario is written once, for all of them.

mod expiry;
mod hits;
mod memory;
mod misses;
mod recursion;
mod stampede;
mod tasks;
mod threads;
mod zipf;

use crate::contestants::{Polled, asynchronous, bounded, names, text, thread, ttl};
use crate::harness::Effort;
use crate::table::Group;
use hits::Hits;

/// The titles that figures are looked up by.
pub(crate) mod titles {
    pub(crate) const HITS: &str = "Hit, shared, 256 keys";
    pub(crate) const HOT: &str = "Hit, shared, one hot key";
    pub(crate) const ZIPF: &str = "Zipf (0.99) over 10^6 keys, 10^5 entries";
    pub(crate) const TEXT: &str = "Hit, (&str, u32) -> Arc<str>";
    pub(crate) const TTL: &str = "Hit with a time to live";
    pub(crate) const MISSES: &str = "Miss and evict, shared";
    pub(crate) const OWNING_MISSES: &str = "Miss and evict, shared, u64 -> String";
    pub(crate) const OWNING_ZIPF: &str = "Zipf (0.99) over 10^5 keys, 1024 entries, u64 -> String";
    pub(crate) const THREAD_HITS: &str = "Hit, a cache for each thread";
    pub(crate) const THREAD_MISSES: &str = "Miss and evict, a cache for each thread";
    pub(crate) const FIB: &str = "Cold recursion, fib(90)";
    pub(crate) const EDIT: &str = "Cold recursion, edit distance 1000 x 1000";
    pub(crate) const STAMPEDE: &str = "64 callers of one slow key";
    pub(crate) const ASYNC_HITS: &str = "Async hit, 256 keys";
    pub(crate) const ASYNC_MISSES: &str = "Async miss and evict";
    pub(crate) const TASKS: &str = "1000 tasks await one slow key";
    pub(crate) const BYTES: &str = "Bytes per entry, u64 -> u64, 10^5 entries";
    pub(crate) const ALLOCATIONS: &str = "Allocations on a hit";
    pub(crate) const IDLE: &str = "Hit beside threads that do nothing";
    pub(crate) const ENDED: &str = "Miss and evict, after threads that have ended";
    pub(crate) const EXPIRY: &str = "A burst of expiry, u64 -> String";
}

/// A scenario: its title, and how it is run.
type Scenario = (&'static str, fn(Effort) -> Group);

const ALL: [Scenario; 21] = [
    (titles::HITS, |effort| hit_by_threads(titles::HITS, &hits::numbers(), effort)),
    (titles::HOT, |effort| hit_by_threads(titles::HOT, &[7; 256], effort)),
    (titles::ZIPF, zipf::run),
    (titles::TEXT, hit_with_text),
    (titles::TTL, hit_with_ttl),
    (titles::MISSES, misses::shared),
    (titles::OWNING_MISSES, misses::owning),
    (titles::OWNING_ZIPF, zipf::owning),
    (titles::THREAD_HITS, hit_of_thread),
    (titles::THREAD_MISSES, misses::of_thread),
    (titles::FIB, recursion::fib),
    (titles::EDIT, recursion::edit),
    (titles::STAMPEDE, stampede::run),
    (titles::ASYNC_HITS, async_hit),
    (titles::ASYNC_MISSES, misses::asynchronous),
    (titles::TASKS, tasks::run),
    (titles::BYTES, memory::bytes),
    (titles::ALLOCATIONS, memory::allocations),
    (titles::IDLE, threads::idle),
    (titles::ENDED, threads::ended),
    (titles::EXPIRY, expiry::run),
];

/// Runs the scenarios whose titles contain `only`, and shows each when it is done.
pub(crate) fn run(only: &str, effort: Effort) -> Vec<Group> {
    let chosen = ALL.iter().filter(|(title, _)| title.contains(only));
    chosen
        .map(|(_, scenario)| {
            let group = scenario(effort);
            println!("{group}");
            group
        })
        .collect()
}

pub(crate) fn threads_label(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn hit_by_threads(title: &'static str, keys: &[u64], effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads_label(threads), threads, keys);
        if threads == 1 {
            hits.enter::<crate::contestants::floor::Floor>();
            bounded::alone::visit(&mut hits);
        } else {
            hits.enter::<crate::contestants::floor::Floor>();
            bounded::crowd::visit(&mut hits);
        }
        hits.run(effort)
    };
    let columns = [1, 2, 4, 8].map(column).into();
    Group { title, unit: "ns per call", reference: names::FLOOR, columns }
}

fn hit_with_text(effort: Effort) -> Group {
    let mut hits = Hits::new(threads_label(1), 1, &hits::texts());
    text::visit(&mut hits);
    let columns = vec![hits.run(effort)];
    Group { title: titles::TEXT, unit: "ns per call", reference: names::FLOOR, columns }
}

fn hit_with_ttl(effort: Effort) -> Group {
    let mut hits = Hits::new(threads_label(1), 1, &hits::numbers());
    ttl::visit(&mut hits);
    let columns = vec![hits.run(effort)];
    Group { title: titles::TTL, unit: "ns per call", reference: names::FLOOR, columns }
}

fn hit_of_thread(effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads_label(threads), threads, &hits::numbers());
        thread::visit(&mut hits);
        hits.run(effort)
    };
    let columns = [1, 2].map(column).into();
    Group { title: titles::THREAD_HITS, unit: "ns per call", reference: names::FLOOR, columns }
}

fn async_hit(effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads_label(threads), threads, &hits::numbers());
        if threads == 1 {
            hits.enter::<Polled<asynchronous::Floor>>();
            hits.enter::<bounded::alone::Memofn>();
            asynchronous::alone::visit(&mut hits);
        } else {
            hits.enter::<Polled<asynchronous::Floor>>();
            hits.enter::<bounded::crowd::Memofn>();
            asynchronous::crowd::visit(&mut hits);
        }
        hits.run(effort)
    };
    let columns = [1, 2].map(column).into();
    Group { title: titles::ASYNC_HITS, unit: "ns per call", reference: names::MEMOFN, columns }
}
