//! Keys as in practice: a few are frequent, most are rare. There are hits and misses.

use super::keys::drive;
use crate::contestants::bounded;
use crate::contestants::contestant::{Contestant, Visitor};
use crate::measure::lap::together;
use crate::measure::race::{Effort, Race};
use crate::measure::results::Group;
use crate::{names, titles};
use std::sync::Arc;

const EXPONENT: f64 = 0.99;

pub(super) fn run(effort: Effort) -> Group {
    let calls = if effort.smoke { 1 << 14 } else { 1 << 20 };
    let keys: Arc<[u64]> = draw(1_000_000, calls).into();
    let columns = [1, 2, 4, 8].map(|threads| {
        let race = Race::of_threads(threads);
        // Races share their caches, so that only the first has to fill them.
        let mut zipf = Zipf { race, threads, keys: Arc::clone(&keys), warm: threads > 1 };
        bounded::large::visit(&mut zipf);
        zipf.race.run(effort.stretched(6))
    });
    let unit = "ns per call";
    Group { title: titles::ZIPF, unit, reference: names::QUICK, columns: columns.into() }
}

/// Values that own memory, in small caches, which evict every few calls.
pub(super) fn owning(effort: Effort) -> Group {
    let calls = if effort.smoke { 1 << 14 } else { 1 << 18 };
    let keys: Arc<[u64]> = draw(100_000, calls).into();
    let columns = [1, 2].map(|threads| {
        let race = Race::of_threads(threads);
        let mut zipf = Zipf { race, threads, keys: Arc::clone(&keys), warm: false };
        if threads == 1 {
            bounded::single_owning::visit(&mut zipf);
        } else {
            bounded::several_owning::visit(&mut zipf);
        }
        zipf.race.run(effort.stretched(2))
    });
    let unit = "ns per call";
    Group { title: titles::OWNING_ZIPF, unit, reference: names::QUICK, columns: columns.into() }
}

struct Zipf {
    race: Race,
    threads: usize,
    keys: Arc<[u64]>,
    /// The caches are full.
    warm: bool,
}

impl Visitor<u64> for Zipf {
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let (threads, keys) = (self.threads, Arc::clone(&self.keys));
        let mut warm = self.warm;
        let mut start = 0;
        self.race.enter(C::NAME, move |calls| {
            if !warm {
                drive::<C>(&keys, 0, keys.len() as u64);
                warm = true;
            }
            let each = calls.div_ceil(threads as u64);
            let from = |thread: usize| (start + thread * keys.len() / threads) % keys.len();
            let wall = together(threads, |_| (), |thread| drive::<C>(&keys, from(thread), each));
            start = usize::try_from(start as u64 + each).unwrap_or(0) % keys.len();
            wall
        });
    }
}

/// Keys by Zipf's law, the same in each run. Frequent keys are not neighbors.
fn draw(keys: u32, count: usize) -> Vec<u64> {
    let mut sum = 0.0;
    let cumulated: Vec<f64> = (1..=keys)
        .map(|rank| {
            sum += f64::from(rank).powf(-EXPONENT);
            sum
        })
        .collect();
    let mut state = 42_u64;
    let mut draw = || {
        let at = uniform(&mut state) * sum;
        let rank = cumulated.partition_point(|&upto| upto < at);
        (rank as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    };
    (0..count).map(|_| draw()).collect()
}

/// A number from 0 to 1, by `SplitMix64`.
#[allow(clippy::cast_precision_loss)]
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
