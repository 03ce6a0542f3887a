//! The same keys again and again, from each of several threads.

use crate::contestants::text::Text;
use crate::contestants::{Contestant, Visitor};
use crate::harness::{Column, Effort, Lap, Race, together};
use std::hint::black_box;
use std::sync::Arc;

/// A race of hits on these keys.
pub(crate) struct Hits<K> {
    race: Race,
    threads: usize,
    keys: Arc<[K]>,
}

pub(crate) fn numbers() -> Vec<u64> {
    (0..256).collect()
}

pub(crate) fn texts() -> Vec<Text> {
    (0..256).map(|number| (format!("city number {number}"), number % 7)).collect()
}

impl<K: Clone + Send + Sync + 'static> Hits<K> {
    pub(crate) fn new(label: String, threads: usize, keys: &[K]) -> Self {
        Self { race: Race::new(label), threads, keys: keys.into() }
    }

    pub(crate) fn enter<C: Contestant<Key = K>>(&mut self) {
        let (threads, keys) = (self.threads, Arc::clone(&self.keys));
        self.race.enter(C::NAME, move |calls| lap::<C>(threads, &keys, calls));
    }

    pub(crate) fn run(self, effort: Effort) -> Column {
        // Laps of several threads are longer, for threads do not start at once.
        self.race.run(if self.threads == 1 { effort } else { effort.stretched(2) })
    }
}

impl<K: Clone + Send + Sync + 'static> Visitor<K> for Hits<K> {
    fn visit<C: Contestant<Key = K>>(&mut self) {
        self.enter::<C>();
    }
}

fn lap<C: Contestant>(threads: usize, keys: &[C::Key], calls: u64) -> Lap {
    let each = calls.div_ceil(threads as u64);
    let start = |thread| thread * keys.len() / threads;
    together(
        threads,
        |thread| drive::<C>(keys, start(thread), 2 * keys.len() as u64),
        |thread| drive::<C>(keys, start(thread), each),
    )
}

/// Calls with one key after the other, from `start` on and around.
pub(crate) fn drive<C: Contestant>(keys: &[C::Key], start: usize, calls: u64) {
    let (before, after) = keys.split_at(start);
    let mut left = calls;
    loop {
        for part in [after, before] {
            for key in part {
                if left == 0 {
                    return;
                }
                left -= 1;
                black_box(C::call(black_box(key)));
            }
        }
    }
}
