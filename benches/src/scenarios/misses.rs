//! Misses: new keys on a full cache. Each call computes, stores and evicts.

use crate::contestants::contestant::{Contestant, Visitor};
use crate::contestants::{asynchronous, bounded, thread};
use crate::measure::lap::together;
use crate::measure::race::{Effort, Race};
use crate::measure::results::{Column, Group};
use crate::{names, titles};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The next key. No key is used twice, not even by different contestants.
static NEXT: AtomicU64 = AtomicU64::new(1 << 32);

/// The size of the caches. So many misses fill them.
pub(super) const FILL: u64 = 1024;

pub(super) fn shared(effort: Effort) -> Group {
    let columns = [1, 2].map(|threads| {
        let mut misses = Misses::new(threads);
        if threads == 1 {
            bounded::single_missing::visit(&mut misses);
        } else {
            bounded::several_missing::visit(&mut misses);
        }
        misses.run(effort)
    });
    let unit = "ns per call";
    Group { title: titles::MISSES, unit, reference: names::QUICK, columns: columns.into() }
}

/// Values that own memory. The last column is one thread, in the caches that two threads have used.
pub(super) fn owning(effort: Effort) -> Group {
    let mut one = Misses::new(1);
    bounded::single_owning::visit(&mut one);
    let mut two = Misses::new(2);
    bounded::several_owning::visit(&mut two);
    let mut after = Misses::labelled("1 thread, after two", 1);
    bounded::several_owning::visit(&mut after);
    let columns = [one, two, after].map(|misses| misses.run(effort)).into();
    let unit = "ns per call";
    Group { title: titles::OWNING_MISSES, unit, reference: names::QUICK, columns }
}

/// A body that takes a while, on more threads than there are processors on most machines.
pub(super) fn busy(effort: Effort) -> Group {
    let each = if effort.smoke { 20 } else { BUSY_CALLS };
    let calls = f64::from(each) * f64::from(BUSY_THREADS);
    let race = Race::new(format!("{BUSY_THREADS} threads")).in_units_of(calls);
    let mut misses = BusyMisses { race, each: u64::from(each) };
    bounded::several_busy::visit(&mut misses);
    let columns = vec![misses.race.run(Effort { lap: Duration::ZERO, ..effort })];
    let (unit, reference) = ("ns per call", names::CONCURRENT_CACHED);
    Group { title: titles::BUSY_MISSES, unit, reference, columns }
}

pub(super) fn thread_local(effort: Effort) -> Group {
    let mut misses = Misses::new(1);
    thread::bounded::visit(&mut misses);
    let columns = vec![misses.run(effort)];
    let unit = "ns per call";
    Group { title: titles::THREAD_MISSES, unit, reference: names::MUTEX_LRU, columns }
}

pub(super) fn asynchronous(effort: Effort) -> Group {
    let mut ready = Misses::labelled("ready at once", 1);
    ready.visit::<bounded::single_missing::Memofn>();
    asynchronous::missing::visit(&mut ready);
    let mut yielding = Misses::labelled("yields once", 1);
    asynchronous::missing_yielding::visit(&mut yielding);
    let columns = [ready, yielding].map(|misses| misses.run(effort)).into();
    let unit = "ns per call, by what the body does";
    Group { title: titles::ASYNC_MISSES, unit, reference: names::QUICK_ASYNC, columns }
}

const BUSY_THREADS: u32 = 8;

/// Calls of each thread in a lap. It is not found by trial: how long a short lap takes depends on the order in which the threads
/// begin.
const BUSY_CALLS: u32 = 2_000;

/// A lap is so many calls of each thread.
struct BusyMisses {
    race: Race,
    each: u64,
}

impl Visitor<u64> for BusyMisses {
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let each = self.each;
        self.race.enter(C::NAME, move |laps| {
            together(BUSY_THREADS as usize, |_| miss::<C>(FILL / 8), |_| miss::<C>(each * laps))
        });
    }
}

struct Misses {
    race: Race,
    threads: usize,
}

impl Misses {
    fn new(threads: usize) -> Self {
        Self { race: Race::of_threads(threads), threads }
    }

    fn labelled(label: &str, threads: usize) -> Self {
        Self { race: Race::new(label), threads }
    }

    fn run(self, effort: Effort) -> Column {
        self.race.run(if self.threads == 1 { effort } else { effort.stretched(2) })
    }
}

impl Visitor<u64> for Misses {
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let threads = self.threads;
        self.race.enter(C::NAME, move |calls| {
            let each = calls.div_ceil(threads as u64);
            together(threads, |_| miss::<C>(FILL), |_| miss::<C>(each))
        });
    }
}

pub(super) fn miss<C: Contestant<Key = u64>>(calls: u64) {
    let first = NEXT.fetch_add(calls, Relaxed);
    for key in first..first + calls {
        black_box(C::call(black_box(&key)));
    }
}
