//! The state that the lock of a cache guards.

mod flights;
mod key_matches;
mod landing;

pub(crate) use key_matches::KeyMatches;
pub(crate) use landing::Landed;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::config::stats::CacheInfo;
use crate::engine::waits::Waits;
use crate::entry::entry_ref::EntryRef;
use crate::flight::patience::Patience;
use crate::store::cause::EvictionCause;
use crate::store::freshness::Stage;
use crate::store::store::{Limits, Store, TakenOut};
use std::time::Duration;

/// The state that the lock of a cache guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    /// Where callers wait for a run, by the run's generation.
    waits: Waits,
    /// Without the hits that took no lock, `maxsize` and `currsize`: these are filled in when asked for.
    pub(crate) counts: CacheInfo,
    /// The hits without the lock from before the counters were zeroed.
    pub(crate) hits_forgotten: u64,
    /// The counts from before the counters were last zeroed, without the hits that took no lock.
    #[cfg(feature = "metrics")]
    pub(crate) zeroed: CacheInfo,
    pub(crate) patience: Patience,
    /// Entries that were evicted, and that readers may still use: less than a batch. They are owned.
    pub(crate) gathered: Vec<EntryRef>,
    /// The last generation that was given to an entry.
    generations: u64,
    /// How many changes there are until the next [`check`](Self::check).
    #[cfg(debug_assertions)]
    unchecked: usize,
}

/// The age of a stored entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aged {
    /// The time since it was stored, if that is known.
    pub(crate) age: Option<Duration>,
    pub(crate) standing: Standing,
}

/// How good a stored value still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Fresh,
    /// It is due for a refresh, and a run renews it.
    Renewed,
    /// Its time to live has ended, and a run has failed.
    Stale,
}

impl State {
    pub(crate) fn new(limits: Limits, patience: Option<Duration>) -> Self {
        Self {
            store: Store::new(limits),
            waits: Waits::new(),
            counts: CacheInfo::default(),
            hits_forgotten: 0,
            #[cfg(feature = "metrics")]
            zeroed: CacheInfo::default(),
            patience: Patience::new(patience),
            gathered: Vec::new(),
            generations: 0,
            #[cfg(debug_assertions)]
            unchecked: 0,
        }
    }

    /// Checks that the lists agree with the table. The time this takes grows with the entries, and so it is done less
    /// often the more there are.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&mut self) {
        if let Some(left) = self.unchecked.checked_sub(1) {
            self.unchecked = left;
        } else {
            self.store.check();
            self.unchecked = self.store.filed_len();
        }
    }

    /// No entry has a later generation.
    pub(crate) fn generations(&self) -> u64 {
        self.generations
    }

    /// Sorts the entries filed under `hash`: into those with an equal key, and those to compare.
    pub(crate) fn split_by_key(
        &self,
        hash: u64,
        matches: &KeyMatches,
        equal: &mut SmallList<EntryRef>,
        mut unmatched: impl FnMut(EntryRef),
    ) {
        self.store.filed(hash, |entry| {
            let generation = entry.generation();
            if matches.is_new(generation) {
                unmatched(entry);
            } else if matches.is_equal(generation) {
                equal.push(entry);
            }
        });
    }

    /// The stored one of equal entries, expired or not.
    fn stored(equal: &SmallList<EntryRef>) -> Option<EntryRef> {
        equal.iter().copied().find(|entry| entry.is_stored())
    }

    /// The stored one of equal entries, if it answers.
    pub(crate) fn stored_unexpired(
        &self,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> Option<EntryRef> {
        Self::stored(equal).filter(|entry| self.store.stage(*entry, now).answers())
    }

    /// Whether a call has yet to start the refresh of an entry that is stored and has not expired. It has not if a run of the
    /// key is under way.
    pub(crate) fn awaits_refresh(
        &self,
        entry: EntryRef,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> bool {
        self.store.stage(entry, now) == Stage::Due && Self::joinable(equal).is_none()
    }

    /// The stored one of equal entries, if it is kept for calls that fail. Says whether a call may run the body.
    pub(crate) fn kept(&self, equal: &SmallList<EntryRef>, now: Time) -> Option<(EntryRef, bool)> {
        let entry = Self::stored(equal)?;
        match self.store.stage(entry, now) {
            Stage::Kept { may_run } => Some((entry, may_run)),
            _ => None,
        }
    }

    /// Whether a run of the key of these entries is under way whose value may be stored.
    pub(crate) fn is_renewed(equal: &SmallList<EntryRef>) -> bool {
        equal.iter().any(|it| it.is_flying() && !it.is_invalidated())
    }

    /// The age of an entry that is stored.
    pub(crate) fn aged(&self, entry: EntryRef, now: Time, standing: Standing) -> Aged {
        Aged { age: self.store.stored_at(entry).map(|at| now.since(at)), standing }
    }

    /// Gives every entry a header, if they have none: see [`Store::expand`]. `next_stamp` gives stamps later than all before.
    #[cold]
    pub(crate) fn expand(&mut self, mut next_stamp: impl FnMut() -> u64) {
        let generations = &mut self.generations;
        self.store.expand(|| {
            *generations += 1;
            (*generations, next_stamp())
        });
    }

    /// Moves the limit of the store towards `maxsize`: see [`Store::set_maxsize`].
    pub(crate) fn set_maxsize(
        &mut self,
        maxsize: Option<usize>,
        most: usize,
        now: Time,
        stamp: u64,
        out: &mut SmallList<TakenOut>,
    ) -> bool {
        let mut evicted = SmallList::new();
        let is_set = self.store.set_maxsize(maxsize, most, now, stamp, &mut evicted);
        for it in evicted {
            self.count(it.1);
            out.push(it);
        }
        is_set
    }

    /// Counts an entry that has left the store.
    #[inline]
    fn count(&mut self, cause: EvictionCause) {
        match cause {
            EvictionCause::Size => self.counts.evictions += 1,
            EvictionCause::Expired => self.counts.expirations += 1,
            EvictionCause::Replaced | EvictionCause::Removed | EvictionCause::Cleared => {}
        }
    }

    /// Takes out an entry that is stored. Returns the cause: it may have expired before.
    pub(crate) fn take_out(
        &mut self,
        entry: EntryRef,
        now: Time,
        why: EvictionCause,
    ) -> EvictionCause {
        let cause = self.store.remove(entry, now, why);
        self.count(cause);
        cause
    }

    /// Takes out the stored one of equal entries, if there is one.
    pub(crate) fn take_out_stored(
        &mut self,
        equal: &SmallList<EntryRef>,
        now: Time,
    ) -> Option<TakenOut> {
        let entry = Self::stored(equal)?;
        Some((entry, self.take_out(entry, now, EvictionCause::Removed)))
    }

    /// Takes out what is stored with this tag, and keeps the flights with it from being stored. Returns how many results
    /// are outdated by that: an entry that has expired was so before.
    pub(crate) fn invalidate_tag(
        &mut self,
        tag: &str,
        now: Time,
        out: &mut SmallList<TakenOut>,
    ) -> usize {
        let mut invalidated = 0;
        for entry in self.store.tagged(tag) {
            if entry.is_stored() {
                let cause = self.take_out(entry, now, EvictionCause::Removed);
                invalidated += usize::from(cause == EvictionCause::Removed);
                out.push((entry, cause));
            } else {
                invalidated += usize::from(!entry.is_invalidated());
                entry.invalidate();
            }
        }
        invalidated
    }

    /// The counters and the number of entries. An entry that has expired by `now` counts as expired, taken out or not.
    pub(crate) fn info(&self, now: Time) -> CacheInfo {
        let expired = self.store.count_expired(now);
        let kept = self.store.count_kept(now);
        CacheInfo {
            maxsize: self.store.maxsize(),
            currsize: self.store.len() - expired,
            expirations: self.counts.expirations + expired as u64,
            kept,
            ..self.counts
        }
    }

    /// Takes out entries that have expired, at most `most` of them.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> SmallList<TakenOut> {
        let mut expired = SmallList::new();
        self.store.expire(now, most, &mut expired);
        expired.for_each(|(_, cause)| self.count(*cause));
        expired
    }

    /// Takes out all that is stored, and keeps the flights under way from being stored.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = TakenOut> + use<> {
        #[cfg(feature = "metrics")]
        self.zeroed.add(&self.counts);
        self.counts = CacheInfo::default();
        self.store.clear()
    }
}
