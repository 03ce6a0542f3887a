//! Many entries expire at once. Shows what the next calls pay for it.

use crate::contestants::bodies::text_body;
use crate::measure::race::Effort;
use crate::measure::results::{Column, Figures, Group};
use crate::{names, titles};
use memofn::Cache;
use memofn::testing::Clock;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const TTL: Duration = Duration::from_hours(1);

/// How many keys are called with after the burst.
const KEYS: u64 = 50;

const SIZES: [(&str, u64); 5] = [
    (names::MEMOFN_EXPIRED_FEW, 2_000),
    (names::MEMOFN_EXPIRED_10_000, 10_000),
    (names::MEMOFN_EXPIRED_100_000, 100_000),
    (names::MEMOFN_EXPIRED_MANY, 500_000),
    (names::MEMOFN_EXPIRED_MILLION, 1_000_000),
];

/// Three quantities, for caches of one thread and for caches that two threads have used.
const COLUMNS: [&str; 6] = [
    "first call",
    "slowest of 50",
    "slowest of all",
    "first call, after two threads",
    "slowest of 50, after two threads",
    "slowest of all, after two threads",
];

/// Must run last: after a test clock was used once, each reading of the clock looks for one.
pub(super) fn run(effort: Effort) -> Group {
    let (rounds, part) = if effort.smoke { (1, 20) } else { ((effort.rounds / 3).max(3), 1) };
    let clock = Clock::stop();
    let mut all = [const { [const { Bursts::new() }; SIZES.len()] }; 2];
    for _ in 0..rounds {
        for (size, (_, entries)) in SIZES.into_iter().enumerate() {
            for (bursts, threads) in all.iter_mut().zip([1, 2]) {
                bursts[size].add(&burst(&clock, entries / part, threads));
            }
        }
    }
    let mut columns = COLUMNS.map(|label| Column { label: label.to_owned(), figures: Vec::new() });
    for (columns, bursts) in columns.chunks_mut(3).zip(all) {
        for ((name, _), bursts) in SIZES.into_iter().zip(bursts) {
            let laps = [bursts.first, bursts.slowest, vec![slowest(&bursts.least)]];
            for (column, laps) in columns.iter_mut().zip(laps) {
                column.figures.push(Figures::exact(name, laps));
            }
        }
    }
    let (unit, reference) = ("us", names::MEMOFN_EXPIRED_FEW);
    Group { title: titles::EXPIRY, unit, reference, columns: columns.into() }
}

/// Times of calls in several bursts of one size.
struct Bursts {
    first: Vec<f64>,
    slowest: Vec<f64>,
    /// The least time of each call in any round, until all entries have been freed. All rounds do the same, so
    /// that the minimum leaves out disturbances by other programs.
    least: Vec<f64>,
}

impl Bursts {
    const fn new() -> Self {
        Self { first: Vec::new(), slowest: Vec::new(), least: Vec::new() }
    }

    fn add(&mut self, took: &[f64]) {
        self.first.push(took[0]);
        self.slowest.push(slowest(&took[..50]));
        self.least.resize(took.len(), f64::INFINITY);
        for (least, took) in self.least.iter_mut().zip(took) {
            *least = least.min(*took);
        }
    }
}

fn slowest(took: &[f64]) -> f64 {
    took.iter().copied().fold(0.0, f64::max)
}

/// The time of each call in microseconds, after `entries` have expired.
fn burst(clock: &Clock, entries: u64, threads: usize) -> Vec<f64> {
    let cache: Cache<u64, String> = Cache::builder().unbounded().ttl(TTL).build();
    let call = |key| cache.get_or_compute(key, || text_body(key));
    for key in 0..entries {
        black_box(call(key));
    }
    for _ in 1..threads {
        thread::scope(|scope| scope.spawn(|| black_box(call(0))).join().expect("a call panicked"));
    }
    clock.advance(TTL * 2);
    // The keys were stored before: a new key might grow the table, and that is not to be measured. There are
    // enough calls to free all entries, a few in each call.
    let calls = KEYS + entries / 8;
    let keys = (0..calls).map(|call| call % KEYS * (entries / KEYS));
    let took = keys.map(|key| {
        let start = Instant::now();
        black_box(call(black_box(key)));
        start.elapsed().as_secs_f64() * 1e6
    });
    took.collect()
}
