//! A cache as one writes it by hand: a mutex, an `lru` map, `foldhash` and two counters.

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
        if let Some(value) = self.get(&key) {
            return value;
        }
        let value = body(&key);
        self.insert(key, value.clone());
        value
    }

    /// The lock is not held while the body runs.
    pub(crate) async fn get_or_async(&self, key: K, body: impl Future<Output = V>) -> V {
        if let Some(value) = self.get(&key) {
            return value;
        }
        let value = body.await;
        self.insert(key, value.clone());
        value
    }

    fn get(&self, key: &K) -> Option<V> {
        let mut counted = self.lock();
        let found = counted.entries.get(key).cloned();
        if found.is_some() {
            counted.hits += 1;
        } else {
            counted.misses += 1;
        }
        found
    }

    fn insert(&self, key: K, value: V) {
        let evicted = self.lock().entries.push(key, value);
        drop(evicted);
    }

    fn lock(&self) -> MutexGuard<'_, Counted<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
