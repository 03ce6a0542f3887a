//! The one reader of a cache that belongs to a thread.

use crate::scope::hazard::Hazards;
use crate::scope::readers::{HitCount, ReadGuard, Readers};
use std::cell::Cell;

/// The reader of a cache that belongs to one thread.
///
/// One call reads at a time. A call from inside its `Eq` or `Clone` takes the path through the lock, which is no
/// real lock in this scope.
#[derive(Debug, Default)]
pub struct LocalReaders {
    hits: Cell<u64>,
    /// The address of the protected entry, or 0, together with [`REQUEST`](Self::REQUEST).
    hazard: Cell<usize>,
}

impl LocalReaders {
    /// Reclamation was requested. No address has this bit.
    const REQUEST: usize = 1;

    /// The address of the protected entry, or 0.
    fn protected(&self) -> usize {
        self.hazard.get() & !Self::REQUEST
    }
}

/// One call that reads a thread's own cache. Its hazard matters only if `Eq` or `Clone` calls the function again.
#[derive(Debug)]
pub struct LocalGuard<'a> {
    hazard: &'a Cell<usize>,
    /// The request that was there before.
    request: usize,
}

impl ReadGuard for LocalGuard<'_> {
    #[inline]
    fn protect_entry(&self, entry: usize) {
        self.hazard.set(self.request | entry);
    }
    #[inline]
    fn release(self) -> bool {
        let is_requested = self.is_requested();
        self.hazard.set(0);
        is_requested
    }
    #[inline]
    fn release_keep_request(self) -> bool {
        self.is_requested()
    }
}

impl LocalGuard<'_> {
    #[inline]
    fn is_requested(&self) -> bool {
        self.hazard.get() & LocalReaders::REQUEST != 0
    }
}

impl Drop for LocalGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.hazard.set(self.hazard.get() & LocalReaders::REQUEST);
    }
}

impl Readers for LocalReaders {
    type Guard<'a> = LocalGuard<'a>;

    fn new() -> Self {
        Self::default()
    }

    #[inline]
    fn thread_index() -> Option<usize> {
        Some(0)
    }

    #[inline]
    fn read<const QUICK: bool>(&self, _cache: usize, _plain: bool) -> Option<LocalGuard<'_>> {
        let hazard = self.hazard.get();
        let request = if QUICK { 0 } else { hazard & Self::REQUEST };
        // Created only if it is returned: its drop would clear the hazard of the call that reads already.
        (hazard == request).then(|| LocalGuard { hazard: &self.hazard, request })
    }

    #[inline]
    fn count_hit(&self, _guard: &LocalGuard<'_>) -> HitCount {
        self.hits.set(self.hits.get() + 1);
        HitCount::Alone(self.hits.get())
    }

    fn hits(&self) -> u64 {
        self.hits.get()
    }

    #[inline]
    fn is_still_alone(&self, _guard: &LocalGuard<'_>) -> bool {
        true
    }

    fn hits_alone(&self) -> u64 {
        self.hits.get()
    }

    fn has_several_threads(&self) -> bool {
        false
    }

    fn register_thread(&self) -> Option<u64> {
        None
    }

    fn has_no_readers(&self) -> bool {
        self.protected() == 0
    }

    fn scan(&self, _cache: usize, _plain: bool, is_retired: impl Fn(usize) -> bool) -> Hazards {
        let entry = self.protected();
        if !is_retired(entry) {
            return Hazards::Entries(Vec::new());
        }
        self.hazard.set(entry | Self::REQUEST);
        Hazards::Entries(vec![entry])
    }

    fn is_unprotected(&self, _cache: usize, is_retired: impl Fn(usize) -> bool) -> bool {
        !is_retired(self.protected())
    }
}
