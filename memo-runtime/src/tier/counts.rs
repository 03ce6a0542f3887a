//! The counters of a tier, of one cache.

use crate::config::stats::CacheInfo;
use crate::engine::below::Since;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The questions to a tier, by their outcome.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: Count,
    pub(crate) misses: Count,
    pub(crate) errors: Count,
    pub(crate) waits: Count,
    pub(crate) refused: Count,
    pub(crate) keeps: Keeps,
}

/// How many records are on their way to the tier.
#[derive(Debug, Default)]
pub(crate) struct Keeps {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Keeps {
    pub(crate) fn begin(&self) {
        *self.lock() += 1;
    }

    pub(crate) fn end(&self) {
        *self.lock() -= 1;
        self.ended.notify_all();
    }

    /// Waits until there are none, at most for this time. Returns whether there are none.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.lock(), at_most, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count {
    total: AtomicU64,
    /// The total when the counter was zeroed.
    zeroed: AtomicU64,
}

impl Count {
    pub(crate) fn add(&self) {
        self.total.fetch_add(1, Relaxed);
    }
}

impl Counts {
    fn all(&self) -> [&Count; 5] {
        [&self.hits, &self.misses, &self.errors, &self.waits, &self.refused]
    }

    /// Adds them, since the cache was made or since they were zeroed.
    pub(crate) fn add_to(&self, info: &mut CacheInfo, since: Since) {
        let counts = self.all().map(|count| {
            let total = count.total.load(Relaxed);
            match since {
                Since::Made => total,
                Since::Zeroed => total.saturating_sub(count.zeroed.load(Relaxed)),
            }
        });
        let [hits, misses, errors, waits, refused] = counts;
        info.tier_hits += hits;
        info.tier_misses += misses;
        info.tier_errors += errors;
        info.tier_waits += waits;
        info.tier_refused += refused;
    }

    pub(crate) fn zero(&self) {
        for count in self.all() {
            count.zeroed.store(count.total.load(Relaxed), Relaxed);
        }
    }
}
