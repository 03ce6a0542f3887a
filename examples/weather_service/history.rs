//! The hit ratio of the last minutes, for the plots of the page.

use memofn::CacheStatus;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// The time between two samples.
pub(crate) const PERIOD: Duration = Duration::from_secs(2);

/// The number of samples that are kept: five minutes.
pub(crate) const SAMPLES: usize = 150;

/// The samples of each cache, by its name.
#[derive(Default)]
pub(crate) struct History(Mutex<BTreeMap<String, Samples>>);

#[derive(Default)]
struct Samples {
    /// Hits and misses at the last sample.
    before: (u64, u64),
    ratios: VecDeque<Option<f64>>,
}

impl History {
    /// A history that takes its samples by itself, until the runtime stops.
    pub(crate) fn recorded() -> Arc<Self> {
        let history = Arc::new(Self::default());
        let recorded = history.clone();
        tokio::spawn(async move {
            let mut tick = interval(PERIOD);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                recorded.sample(shared_caches());
            }
        });
        history
    }

    /// Takes a sample: the hit ratio since the last one, or `None` if there were no calls.
    pub(crate) fn sample(&self, caches: impl Iterator<Item = CacheStatus>) {
        // Caches of one name count as one.
        let mut totals = BTreeMap::<String, (u64, u64)>::new();
        for cache in caches {
            let (hits, misses) = totals.entry(cache.name().to_owned()).or_default();
            *hits += cache.info.hits;
            *misses += cache.info.misses;
        }
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.retain(|name, _| totals.contains_key(name));
        for (name, now) in totals {
            samples.entry(name).or_default().add(now);
        }
    }

    /// The samples of a cache, the newest last.
    pub(crate) fn of(&self, cache: &CacheStatus) -> Vec<Option<f64>> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples
            .get(cache.name())
            .map_or_else(Vec::new, |cache| cache.ratios.iter().copied().collect())
    }
}

impl Samples {
    fn add(&mut self, now: (u64, u64)) {
        let (hits, misses) =
            match (now.0.checked_sub(self.before.0), now.1.checked_sub(self.before.1)) {
                (Some(hits), Some(misses)) => (hits, misses),
                // The cache was cleared, and counts from zero again.
                _ => now,
            };
        self.before = now;
        if self.ratios.len() == SAMPLES {
            self.ratios.pop_front();
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
        let ratio = (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64);
        self.ratios.push_back(ratio);
    }
}

/// All shared caches of the process. Caches of single threads are left out: `memofn::caches()` lists
/// only those of the calling thread, and any worker may answer a request.
pub(crate) fn shared_caches() -> impl Iterator<Item = CacheStatus> {
    memofn::caches().filter(|cache| cache.parameters.scope == "shared")
}
