//! The caches of this process above the tier, which are told what others have changed.

use crate::base::catch_panic::caught;
use crate::tier::redis::keys::Spot;
use crate::tier::tier::FirstLevel;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The most keys whose tags are known. Beyond, a tag clears the functions that have it.
const MOST_TAGGED: usize = 100_000;

#[derive(Default)]
pub(crate) struct Followers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// By function and version.
    caches: HashMap<(u64, u64), Vec<Weak<dyn FirstLevel>>>,
    tagged: HashMap<u128, Tagged>,
    tagged_spots: usize,
}

/// The results that were seen with a tag.
#[derive(Default)]
struct Tagged {
    spots: HashSet<Spot>,
    functions: HashSet<u64>,
}

impl Inner {
    fn caches(&mut self, is_meant: impl Fn(u64, u64) -> bool) -> Vec<Arc<dyn FirstLevel>> {
        let mut found = Vec::new();
        for ((function, version), caches) in &mut self.caches {
            if is_meant(*function, *version) {
                caches.retain(|cache| cache.upgrade().map(|cache| found.push(cache)).is_some());
            }
        }
        found
    }
}

impl Followers {
    // No cache is called or dropped while this is held: they have locks of their own.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, function: u64, version: u64, cache: Weak<dyn FirstLevel>) {
        let mut inner = self.lock();
        let caches = inner.caches.entry((function, version)).or_default();
        caches.retain(|known| known.strong_count() > 0);
        if !caches.iter().any(|known| known.ptr_eq(&cache)) {
            caches.push(cache);
        }
    }

    pub(crate) fn functions(&self) -> Vec<u64> {
        self.lock().caches.keys().map(|(function, _)| *function).collect()
    }

    pub(crate) fn forget(&self, spot: Spot) {
        let is_meant = |function, version| (function, version) == (spot.function, spot.version);
        let caches = self.lock().caches(is_meant);
        for cache in caches {
            caught(|| cache.forget(spot.digest));
        }
    }

    pub(crate) fn forget_function(&self, function: u64) {
        let caches = self.lock().caches(|its, _| its == function);
        for cache in caches {
            caught(|| cache.forget_all());
        }
    }

    pub(crate) fn forget_all(&self) {
        let mut inner = self.lock();
        inner.tagged.clear();
        inner.tagged_spots = 0;
        let caches = inner.caches(|_, _| true);
        drop(inner);
        for cache in caches {
            caught(|| cache.forget_all());
        }
    }

    /// Takes note of the tags of a result that a cache is about to hold. Gives those that were not known.
    pub(crate) fn note_tags(&self, spot: Spot, tags: &[u128]) -> Vec<u128> {
        let mut unknown = Vec::new();
        if tags.is_empty() {
            return unknown;
        }
        let mut inner = self.lock();
        for tag in tags {
            let is_full = inner.tagged_spots >= MOST_TAGGED;
            let tagged = inner.tagged.entry(*tag).or_default();
            if tagged.spots.is_empty() && tagged.functions.is_empty() {
                unknown.push(*tag);
            }
            if is_full {
                tagged.functions.insert(spot.function);
            } else if tagged.spots.insert(spot) {
                inner.tagged_spots += 1;
            }
        }
        unknown
    }

    /// The server no longer tells of any tag.
    pub(crate) fn forget_tags(&self) {
        let mut inner = self.lock();
        inner.tagged.clear();
        inner.tagged_spots = 0;
    }

    pub(crate) fn forget_tag(&self, tag: u128) {
        let mut inner = self.lock();
        let Some(tagged) = inner.tagged.remove(&tag) else { return };
        inner.tagged_spots -= tagged.spots.len();
        drop(inner);
        for spot in tagged.spots {
            self.forget(spot);
        }
        for function in tagged.functions {
            self.forget_function(function);
        }
    }
}
