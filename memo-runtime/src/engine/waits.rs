//! Where callers wait for the runs of a cache.

use crate::base::sync::Arc;
use crate::flight::wait::Wait;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The waits of runs, by their generations. Most runs have none.
#[derive(Debug)]
pub(crate) struct Waits(HashMap<u64, Arc<Wait>, FixedState>);

impl Waits {
    /// Room for so many waits is kept while there are none.
    const KEPT: usize = 64;

    pub(crate) fn new() -> Self {
        Self(HashMap::with_hasher(FixedState::default()))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(crate) fn get(&self, generation: u64) -> Option<&Arc<Wait>> {
        if self.is_empty() { None } else { self.find(generation) }
    }

    /// Not inlined: most caches have no waits, and a miss asks several times.
    #[inline(never)]
    fn find(&self, generation: u64) -> Option<&Arc<Wait>> {
        self.0.get(&generation)
    }

    /// The wait of a run, which is made if there is none.
    pub(crate) fn get_or_file(
        &mut self,
        generation: u64,
        make: impl FnOnce() -> Arc<Wait>,
    ) -> &Arc<Wait> {
        self.0.entry(generation).or_insert_with(make)
    }

    #[inline]
    pub(crate) fn remove(&mut self, generation: u64) -> Option<Arc<Wait>> {
        if self.is_empty() { None } else { self.take(generation) }
    }

    #[inline(never)]
    fn take(&mut self, generation: u64) -> Option<Arc<Wait>> {
        let removed = self.0.remove(&generation);
        if self.0.is_empty() && self.0.capacity() > Self::KEPT {
            *self = Self::new();
        }
        removed
    }
}
