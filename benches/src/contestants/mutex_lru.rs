//! What one writes by hand: a mutex, an `lru` map, `foldhash`, and two counters.

use foldhash::fast::RandomState;
use lru::LruCache;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) struct MutexLru<K, V>(Mutex<Counted<K, V>>);

struct Counted<K, V> {
    entries: LruCache<K, V, RandomState>,
    hits: u64,
    misses: u64,
}

impl<K: Hash + Eq, V: Clone> MutexLru<K, V> {
    pub(crate) fn new(maxsize: usize) -> Self {
        let maxsize = NonZeroUsize::new(maxsize).expect("a size above zero");
        let entries = LruCache::with_hasher(maxsize, RandomState::default());
        Self(Mutex::new(Counted { entries, hits: 0, misses: 0 }))
    }

    pub(crate) fn get_or(&self, key: K, body: impl FnOnce(&K) -> V) -> V {
        let mut counted = self.lock();
        let found = counted.entries.get(&key).cloned();
        if let Some(value) = found {
            counted.hits += 1;
            return value;
        }
        counted.misses += 1;
        drop(counted);
        let value = body(&key);
        let evicted = self.lock().entries.push(key, value.clone());
        drop(evicted);
        value
    }

    fn lock(&self) -> MutexGuard<'_, Counted<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
