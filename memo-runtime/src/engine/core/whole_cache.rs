//! Questions and orders about a whole cache: its counters, its limit, its entries.

use super::Core;
use crate::base::small_list::SmallList;
use crate::base::sync::Arc;
use crate::base::sync::Ordering::Relaxed;
use crate::config::stats::CacheInfo;
use crate::engine::state::State;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::flight::patience::FIRST_TIMED;
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::cause::EvictionCause;

impl<S: Scope> Core<S> {
    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = CacheInfo::default();
        let now = self.sweep_all();
        self.locked_as_is(|state| {
            info = state.info(now);
            info.hits += self.readers.hits() - state.hits_forgotten;
        });
        info
    }

    /// All that was counted since the cache was made.
    #[cfg(feature = "metrics")]
    pub(crate) fn totals(&self) -> CacheInfo {
        let mut totals = CacheInfo::default();
        let now = self.sweep_all();
        self.locked_as_is(|state| {
            totals = state.info(now);
            totals.add(&state.zeroed);
            totals.hits += self.readers.hits();
        });
        totals
    }

    /// The most entries held; `None` is unbounded.
    pub(crate) fn maxsize(&self) -> Option<usize> {
        self.state.0.with(|state| state.store.maxsize())
    }

    /// Sets the most entries held, and evicts what is too much.
    ///
    /// The limit goes down step by step, and no step holds the lock for long. At each moment the cache holds at most
    /// as many entries as the limit says. Nothing is dropped before the limit is the new one.
    pub(crate) fn set_maxsize(&self, maxsize: Option<usize>) {
        const STEP: usize = 64;
        // Compact entries that nobody reads are gone after this.
        self.expand();
        let mut evicted = SmallList::new();
        loop {
            let now = self.expiry.now();
            let is_set = self.locked(|state| {
                self.register_thread();
                let stamp = self.next_stamp();
                let is_set = state.set_maxsize(maxsize, STEP, now, stamp, &mut evicted);
                self.set_touch(state);
                is_set
            });
            if is_set {
                return self.release(evicted);
            }
        }
    }

    /// Has hits leave the trace that the eviction policy needs. Under the lock.
    ///
    /// A hit that has found a compact entry must leave no stamp, because there is no header. So as long as there are such
    /// entries, hits go on to leave none, and look-ups take the lock, which leaves them.
    fn set_touch(&self, state: &State) {
        let Some(count) = &self.compact_count else {
            return self.on_hit.set_touch(state.store.touch());
        };
        let are_left = !count.is_zero();
        if !are_left {
            self.on_hit.set_touch(state.store.touch());
        }
        self.put_rule(Self::LOCKED, are_left);
    }

    /// Has hits leave that trace, if they could not until now. Under the lock.
    #[inline]
    pub(super) fn set_touch_if_locked(&self, state: &State) {
        if self.rules.load(Relaxed) & Self::LOCKED != 0 {
            self.set_touch(state);
        }
    }

    /// Forgets every entry, zeroes the counters, and keeps runs under way from being stored. Returns the entries
    /// that nobody reads.
    pub(crate) fn clear(&self) -> Vec<EntryPtr<S>> {
        let (dead, gathered) = self.locked_as_is(|state| {
            state.hits_forgotten = self.readers.hits();
            self.timed.store(state.generations() + FIRST_TIMED, Relaxed);
            if self.readers.has_no_readers() {
                state.store.reuse_compact();
            }
            let dead = state.clear();
            if let Some(count) = &self.compact_count {
                state.store.make_compact(self.retired.types(), count, S::SHARED);
                self.is_compact.store(state.store.is_compact(), Relaxed);
            }
            (dead, std::mem::take(&mut state.gathered))
        });
        if self.compact_count.is_some() {
            self.discard_replaced();
        }
        let dead: Vec<_> = dead.map(|(entry, _)| self.retired.adopt(entry)).collect();
        let told = self.tell(dead.iter().map(|it| (it.entry_ref(), EvictionCause::Cleared)));
        // There are none where there is a listener.
        let gathered = gathered.into_iter().map(|entry| self.retired.adopt(entry));
        let dead: Vec<_> = dead.into_iter().chain(gathered).collect();
        if !told.is_panic() && self.readers.has_no_readers() {
            self.reclaim();
            return dead;
        }
        // These are discarded first. If reclaiming others panics, unwinding would drop these at once, though a reader
        // may still use them.
        told.resume_after(|| {
            self.discard(dead);
            self.reclaim();
        });
        Vec::new()
    }

    /// The tags of an entry that is filed.
    pub(crate) fn tags_of(&self, entry: EntryRef) -> Vec<Arc<str>> {
        let mut tags = Vec::new();
        self.locked(|state| tags.extend_from_slice(state.store.tags_of(entry)));
        tags
    }

    /// The entries, the most recently used first. The caller owns them.
    pub(crate) fn entries(&self) -> Vec<EntryRef> {
        let mut entries = Vec::new();
        self.sweep_then_read(|state, now| {
            state.store.for_each(|entry| {
                if state.store.stage(entry, now).answers() {
                    entry.retain::<S>();
                    entries.push(entry);
                }
            });
        });
        entries.sort_by_cached_key(|entry| std::cmp::Reverse(entry.stamp.load(Relaxed)));
        entries
    }

    /// The entries that are stored or under way, in no order. The caller owns them.
    pub(crate) fn filed(&self) -> Vec<EntryRef> {
        let mut entries = Vec::new();
        self.sweep_then_read(|state, _| {
            state.store.for_each_filed(|entry| {
                entry.retain::<S>();
                entries.push(entry);
            });
        });
        entries
    }
}
