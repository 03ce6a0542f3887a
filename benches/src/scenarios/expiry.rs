//! Many entries that expire at once, and what the next calls pay for it.

use super::titles;
use crate::contestants::{bounded, names};
use crate::harness::{Column, Effort, Figures};
use crate::table::Group;
use memofn::Cache;
use memofn::testing::Clock;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const TTL: Duration = Duration::from_hours(1);

/// How many calls are made after the burst.
const CALLS: usize = 50;

const SIZES: [(&str, u64); 5] = [
    (names::MEMOFN_EXPIRED_FEW, 2_000),
    (names::MEMOFN_EXPIRED_10_000, 10_000),
    (names::MEMOFN_EXPIRED_100_000, 100_000),
    (names::MEMOFN_EXPIRED_MANY, 500_000),
    (names::MEMOFN_EXPIRED_MILLION, 1_000_000),
];

/// Runs last: once there has been a test clock, each reading of the clock asks for one.
pub(super) fn run(effort: Effort) -> Group {
    let (rounds, part) = if effort.smoke { (1, 100) } else { ((effort.rounds / 2).max(3), 1) };
    let clock = Clock::stop();
    let mut laps = [const { [const { Vec::new() }; SIZES.len()] }; 4];
    for _ in 0..rounds {
        for (size, (_, entries)) in SIZES.into_iter().enumerate() {
            for (kind, threads) in [1, 2].into_iter().enumerate() {
                let (first, slowest) = burst(&clock, entries / part, threads);
                laps[2 * kind][size].push(first);
                laps[2 * kind + 1][size].push(slowest);
            }
        }
    }
    let labels = [
        "first call",
        "slowest of 50",
        "first call, after two threads",
        "slowest of 50, after two threads",
    ];
    let columns = labels.into_iter().zip(laps).map(|(label, laps)| {
        let figures = SIZES.iter().zip(laps).map(|((name, _), laps)| Figures::exact(name, laps));
        Column { label: label.to_owned(), figures: figures.collect() }
    });
    let columns = columns.collect();
    Group { title: titles::EXPIRY, unit: "us", reference: names::MEMOFN_EXPIRED_FEW, columns }
}

/// What the first and the slowest call took, in microseconds, after so many entries have expired.
fn burst(clock: &Clock, entries: u64, threads: usize) -> (f64, f64) {
    let cache = Cache::<u64, String>::builder().unbounded().ttl(TTL).build();
    let call = |key| cache.get_or_compute(key, || bounded::text_body(key));
    for key in 0..entries {
        black_box(call(key));
    }
    for _ in 1..threads {
        thread::scope(|scope| scope.spawn(|| black_box(call(0))).join().expect("a call panicked"));
    }
    clock.advance(TTL * 2);
    // Keys that are there: a new one might make the table grow, which is no matter of expiry.
    let keys = (0..entries).step_by(usize::try_from(entries).unwrap_or(0) / CALLS).take(CALLS);
    let took = keys.map(|key| {
        let start = Instant::now();
        black_box(call(black_box(key)));
        start.elapsed().as_secs_f64() * 1e6
    });
    let took: Vec<f64> = took.collect();
    (took[0], took.iter().copied().fold(0.0, f64::max))
}
