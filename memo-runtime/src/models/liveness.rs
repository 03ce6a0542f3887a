//! Keys and values that notice when they are used after their end, or never come to it.

use crate::Cache;
use shuttle::thread;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A key or a value that must be alive when it is used, and that others get ahead of meanwhile.
#[derive(Debug)]
pub(crate) struct Lively {
    pub(crate) number: u64,
    // Those of the standard library: these are no steps to explore.
    alive: AtomicBool,
    living: Arc<AtomicUsize>,
}

impl Lively {
    pub(crate) fn new(number: u64, living: &Living) -> Self {
        living.0.fetch_add(1, SeqCst);
        Self { number, alive: AtomicBool::new(true), living: Arc::clone(&living.0) }
    }

    fn check(&self) {
        assert!(self.alive.load(SeqCst), "used after it was dropped");
        thread::sleep(Duration::ZERO);
        assert!(self.alive.load(SeqCst), "dropped while it was used");
    }
}

impl Clone for Lively {
    fn clone(&self) -> Self {
        self.check();
        Self::new(self.number, &Living(Arc::clone(&self.living)))
    }
}

impl PartialEq for Lively {
    fn eq(&self, other: &Self) -> bool {
        self.check();
        self.number == other.number
    }
}

impl Eq for Lively {}

impl Hash for Lively {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl Drop for Lively {
    fn drop(&mut self) {
        assert!(self.alive.swap(false, SeqCst), "dropped twice");
        self.living.fetch_sub(1, SeqCst);
    }
}

/// How many of those that were made have not been dropped.
#[derive(Clone, Default)]
pub(crate) struct Living(Arc<AtomicUsize>);

impl Living {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// A cache whose entries are alive as long as they are read.
#[derive(Clone)]
pub(crate) struct LivelyCache {
    pub(crate) cache: Cache<Lively, Lively>,
    pub(crate) living: Living,
}

impl LivelyCache {
    pub(crate) fn of(maxsize: usize) -> Self {
        Self { cache: Cache::new(maxsize), living: Living::default() }
    }

    pub(crate) fn unbounded() -> Self {
        Self { cache: Cache::unbounded(), living: Living::default() }
    }

    pub(crate) fn key(&self, key: u64) -> Lively {
        Lively::new(key, &self.living)
    }

    /// A call.
    pub(crate) fn get(&self, key: u64) {
        let value = self.cache.get_or_compute(self.key(key), || self.key(10 * key));
        assert_eq!(value.number, 10 * key);
    }

    pub(crate) fn remove(&self, key: u64) {
        let value = self.cache.remove(&self.key(key));
        assert!(value.is_none_or(|value| value.number == 10 * key));
    }

    /// Nothing lives but what is stored: a key and a value for each entry.
    pub(crate) fn holds_what_is_stored(&self) {
        assert_eq!(self.living.count(), 2 * self.cache.len(), "of {:?}", self.cache);
        assert_eq!(self.cache.engine().flights_under_way(), 0);
    }

    /// All has been dropped, and nothing twice.
    pub(crate) fn ends(self) {
        let Self { cache, living } = self;
        drop(cache);
        assert_eq!(living.count(), 0);
    }
}
