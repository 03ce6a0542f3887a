//! A cache whose runs and answers are counted, to compare with its own counters.

use crate::Cache;
use crate::base::alarm;
use crate::flight::wait_graph;
use shuttle::future::yield_now;
// From the standard library: the explorer need not switch threads at the accesses of a test itself.
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// A cache in which key `k` has the value `10 * k`. It counts runs and answers.
pub(crate) struct CountedCache {
    pub(crate) cache: Cache<u64, u64>,
    /// Bodies that began, and bodies that ended.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Calls that returned.
    answers: AtomicU64,
}

impl CountedCache {
    pub(crate) fn new() -> Self {
        let [begun, ended, answers] = Default::default();
        Self { cache: Cache::new(8), begun, ended, answers }
    }

    /// With a patience so short that a waiter helps at its second alarm.
    pub(crate) fn impatient() -> Self {
        let cache = Cache::builder().maxsize(8).patience(Duration::from_millis(40));
        Self { cache: cache.build(), ..Self::new() }
    }

    pub(crate) async fn call_with(&self, key: u64, work: impl AsyncFnOnce()) {
        let body = async || {
            self.begun.fetch_add(1, SeqCst);
            work().await;
            self.ended.fetch_add(1, SeqCst);
            10 * key
        };
        self.answered(key, self.cache.get_or_compute_async(key, body).await);
    }

    pub(crate) async fn call(&self, key: u64) {
        self.call_with(key, async || yield_now().await).await;
    }

    pub(crate) fn call_blocking(&self, key: u64, work: impl FnOnce()) {
        let body = || {
            self.begun.fetch_add(1, SeqCst);
            work();
            self.ended.fetch_add(1, SeqCst);
            10 * key
        };
        self.answered(key, self.cache.get_or_compute(key, body));
    }

    fn answered(&self, key: u64, value: u64) {
        assert_eq!(value, 10 * key);
        self.answers.fetch_add(1, SeqCst);
    }

    pub(crate) fn runs(&self) -> u64 {
        self.begun.load(SeqCst)
    }

    /// Each run is a miss, even if it was dropped. Each answer without a run is a hit. Nothing is left behind.
    pub(crate) fn check(&self) {
        let info = self.cache.info();
        assert_eq!(info.misses, self.runs(), "{info:?}");
        assert_eq!(info.hits, self.answers.load(SeqCst) - self.ended.load(SeqCst), "{info:?}");
        check_nothing_is_left(&self.cache);
    }
}

pub(crate) fn check_nothing_is_left<K, V>(cache: &Cache<K, V>) {
    assert_eq!(cache.engine().engine().flights_under_way(), 0);
    assert!(wait_graph::is_quiet(), "a wait is left behind");
    assert!(alarm::is_quiet(), "an alarm is left behind");
}
