//! Keys and values that notice a use after their drop, a second drop, and a missing drop.

use crate::{Cache, CacheBuilder};
use shuttle::thread;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A key or a value that checks that it is alive whenever it is used. Other threads may run during the check.
#[derive(Debug)]
pub(crate) struct Canary {
    pub(crate) number: u64,
    // From the standard library: the explorer need not switch threads here.
    alive: AtomicBool,
    living: Arc<AtomicUsize>,
}

impl Canary {
    pub(crate) fn new(number: u64, living: &Alive) -> Self {
        living.0.fetch_add(1, SeqCst);
        Self { number, alive: AtomicBool::new(true), living: Arc::clone(&living.0) }
    }

    fn check(&self) {
        assert!(self.alive.load(SeqCst), "used after it was dropped");
        thread::sleep(Duration::ZERO);
        assert!(self.alive.load(SeqCst), "dropped while it was used");
    }
}

impl Clone for Canary {
    fn clone(&self) -> Self {
        self.check();
        Self::new(self.number, &Alive(Arc::clone(&self.living)))
    }
}

impl PartialEq for Canary {
    fn eq(&self, other: &Self) -> bool {
        self.check();
        self.number == other.number
    }
}

impl Eq for Canary {}

impl Hash for Canary {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        assert!(self.alive.swap(false, SeqCst), "dropped twice");
        self.living.fetch_sub(1, SeqCst);
    }
}

/// The number of canaries that were made and not dropped.
#[derive(Clone, Default)]
pub(crate) struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// A cache of canaries.
#[derive(Clone)]
pub(crate) struct CanaryCache {
    pub(crate) cache: Cache<Canary, Canary>,
    pub(crate) living: Alive,
}

impl CanaryCache {
    pub(crate) fn of(maxsize: usize) -> Self {
        Self::with(Cache::builder().maxsize(maxsize))
    }

    pub(crate) fn with(builder: CacheBuilder<Canary, Canary>) -> Self {
        Self { cache: builder.build(), living: Alive::default() }
    }

    pub(crate) fn unbounded() -> Self {
        Self { cache: Cache::unbounded(), living: Alive::default() }
    }

    pub(crate) fn key(&self, key: u64) -> Canary {
        Canary::new(key, &self.living)
    }

    pub(crate) fn get(&self, key: u64) {
        let value = self.cache.get_or_compute(self.key(key), || self.key(10 * key));
        assert_eq!(value.number, 10 * key);
    }

    pub(crate) fn remove(&self, key: u64) {
        let value = self.cache.remove(&self.key(key));
        assert!(value.is_none_or(|value| value.number == 10 * key));
    }

    /// Nothing lives except a key and a value for each entry.
    pub(crate) fn check_only_entries_live(&self) {
        assert_eq!(self.living.count(), 2 * self.cache.len(), "of {:?}", self.cache);
        assert_eq!(self.cache.engine().engine().flights_under_way(), 0);
    }

    /// Everything is dropped with the cache.
    pub(crate) fn check_all_dropped(self) {
        let Self { cache, living } = self;
        drop(cache);
        assert_eq!(living.count(), 0);
    }
}
