//! Computations that end without a value to store, and what concerns all of a cache.

use super::Core;
use crate::base::sync::Ordering::Relaxed;
use crate::config::stats::CacheInfo;
use crate::engine::state::State;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::{Landing, Wait};
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::retired::Retired;

impl<S: Scope> Core<S> {
    /// Ends a flight without storing anything, if nobody runs its body any longer, as `is_given_up` tells.
    /// Returns whether it does. In one go: who looks meanwhile, would find what has ended already.
    pub(crate) fn give_up(
        &self,
        id: FlightId,
        is_given_up: impl FnOnce(Option<&Wait>) -> bool,
    ) -> bool {
        let ended = self.locked(|state| {
            let is_given_up = is_given_up(state.awaited(id));
            is_given_up.then(|| self.end_now(state, id))
        });
        let is_given_up = ended.is_some();
        // What is dead first: whatever panics as the flight is dropped, an error left there perhaps, must not
        // have it dropped where somebody may read it still.
        if let Some((_flight, dead)) = ended.flatten() {
            self.discard(dead);
        }
        is_given_up
    }

    /// Has those who wait for a stalled flight go on without it. What comes of it may be stored still.
    pub(crate) fn detach_waiters(&self, id: FlightId) {
        let wait = self.locked(|state| {
            let wait = state.detach_waiters(id);
            // Several may prove that the same leader is stalled.
            state.counts.helped += u64::from(wait.is_some());
            wait
        });
        wait.inspect(|wait| wait.land(Landing::Abandoned));
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(&self, own: Option<FlightId>) -> Option<Flight> {
        self.end_with(own, |state| state.counts.rejected += 1)
    }

    /// Counts a result of one who helps that is not to be stored. Those who wait go on: whatever holds the
    /// owner up, they need not wait for it one after another.
    pub(crate) fn reject_help(&self, id: FlightId, wait: &Wait) -> Option<Flight> {
        let (flight, dead) = self.locked(|state| {
            state.counts.rejected += 1;
            if wait.is_given_up() {
                return self.end_now(state, id);
            }
            let wait = state.detach_waiters(id);
            Some((Flight { wait, invalidated: false, landing: Landing::Abandoned }, None))
        })?;
        self.discard(dead);
        Some(flight)
    }

    fn end_with(&self, id: Option<FlightId>, count: impl FnOnce(&mut State)) -> Option<Flight> {
        let (flight, dead) = self.locked(|state| {
            count(state);
            self.end_now(state, id?)
        })?;
        self.discard(dead);
        Some(flight)
    }

    /// Under the lock. What is returned is to be dropped without it.
    fn end_now(&self, state: &mut State, id: FlightId) -> Option<(Flight, Option<Retired>)> {
        let flight = state.end(id.place)?;
        Some((flight, Some(self.keep(id.place))))
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.locked(|state| {
            state.counts.hits += 1;
            state.counts.coalesced += 1;
        });
    }

    /// A call that was counted as a hit had waited before. No hit is left if the counters were zeroed since.
    pub(crate) fn count_waited(&self) {
        self.locked(|state| {
            let is_counted = state.counts.coalesced < state.counts.hits;
            state.counts.coalesced += u64::from(is_counted);
        });
    }

    /// A call that waited runs the body as well.
    pub(crate) fn count_helper(&self) {
        self.locked(|state| {
            state.counts.misses += 1;
            state.counts.helped += 1;
        });
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = CacheInfo::default();
        self.with_books(&mut |state, now| {
            info = state.info(now);
            info.hits += self.readers.hits() - state.hits_forgotten;
        });
        info
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    /// Returns what nobody reads.
    pub(crate) fn clear(&self) -> Vec<Retired> {
        let dead = self.locked(|state| {
            state.hits_forgotten = self.readers.hits();
            state.clear()
        });
        let dead: Vec<_> = dead.map(|(place, _)| self.retired.adopt(place)).collect();
        if self.readers.has_no_readers() {
            self.reclaim();
            return dead;
        }
        // First: what else is dropped may panic, and would have these dropped whoever reads them.
        self.discard(dead);
        self.reclaim();
        Vec::new()
    }

    /// The entries, the most recently used first. The caller owns them.
    pub(crate) fn entries(&self) -> Vec<EntryRef> {
        let mut entries = Vec::new();
        self.with_books(&mut |state, now| {
            state.store.for_each(|place| {
                if !state.store.is_expired(place, now) {
                    place.retain::<S>();
                    entries.push(place);
                }
            });
        });
        entries.sort_by_cached_key(|place| std::cmp::Reverse(place.stamp.load(Relaxed)));
        entries
    }
}
