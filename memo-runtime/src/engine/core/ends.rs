//! Computations that end without a value to store, and what concerns all of a cache.

use super::Keeper;
use crate::base::sync::Ordering::Relaxed;
use crate::config::stats::CacheInfo;
use crate::engine::state::Books;
use crate::entry::header::Place;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::{Landing, Wait};
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::retired::Dead;

impl<S: Scope> Keeper<S> {
    /// Ends a flight without storing anything, if nobody runs its body any longer, as `is_given_up` tells.
    /// Returns whether it does. In one go: who looks meanwhile, would find what has ended already.
    pub(crate) fn give_up(
        &self,
        id: FlightId,
        is_given_up: impl FnOnce(Option<&Wait>) -> bool,
    ) -> bool {
        let ended = self.locked(|books| {
            let is_given_up = is_given_up(books.awaited(id));
            is_given_up.then(|| self.end_now(books, id))
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
    pub(crate) fn depose(&self, id: FlightId) {
        let wait = self.locked(|books| {
            let wait = books.depose(id);
            // Several may prove that the same leader is stalled.
            books.counts.helped += u64::from(wait.is_some());
            wait
        });
        wait.inspect(|wait| wait.land(Landing::Abandoned));
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(&self, own: Option<FlightId>) -> Option<Flight> {
        self.end_with(own, |books| books.counts.rejected += 1)
    }

    /// Counts a result of one who helps that is not to be stored. Those who wait go on: whatever holds the
    /// owner up, they need not wait for it one after another.
    pub(crate) fn reject_help(&self, id: FlightId, wait: &Wait) -> Option<Flight> {
        let (flight, dead) = self.locked(|books| {
            books.counts.rejected += 1;
            if wait.is_given_up() {
                return self.end_now(books, id);
            }
            let wait = books.depose(id);
            Some((Flight { wait, outdated: false, landing: Landing::Abandoned }, None))
        })?;
        self.discard(dead);
        Some(flight)
    }

    fn end_with(&self, id: Option<FlightId>, count: impl FnOnce(&mut Books)) -> Option<Flight> {
        let (flight, dead) = self.locked(|books| {
            count(books);
            self.end_now(books, id?)
        })?;
        self.discard(dead);
        Some(flight)
    }

    /// Under the lock. What is returned is to be dropped without it.
    fn end_now(&self, books: &mut Books, id: FlightId) -> Option<(Flight, Option<Dead>)> {
        let flight = books.end(id.place)?;
        Some((flight, Some(self.keep(id.place))))
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.locked(|books| {
            books.counts.hits += 1;
            books.counts.coalesced += 1;
        });
    }

    /// A call that was counted as a hit had waited before. No hit is left if the counters were zeroed since.
    pub(crate) fn count_waited(&self) {
        self.locked(|books| {
            let is_counted = books.counts.coalesced < books.counts.hits;
            books.counts.coalesced += u64::from(is_counted);
        });
    }

    /// A call that waited runs the body as well.
    pub(crate) fn count_helper(&self) {
        self.locked(|books| {
            books.counts.misses += 1;
            books.counts.helped += 1;
        });
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = CacheInfo::default();
        self.with_books(&mut |books, now| {
            info = books.info(now);
            info.hits += self.readers.hits() - books.hits_forgotten;
        });
        info
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    /// Returns what nobody reads.
    pub(crate) fn clear(&self) -> Vec<Dead> {
        let dead = self.locked(|books| {
            books.hits_forgotten = self.readers.hits();
            books.clear()
        });
        let dead: Vec<_> = dead.into_iter().map(|place| self.limbo.dead(place)).collect();
        if self.readers.nobody_reads() {
            self.tidy();
            return dead;
        }
        // First: what else is dropped may panic, and would have these dropped whoever reads them.
        self.discard(dead);
        self.tidy();
        Vec::new()
    }

    /// The entries, the most recently used first. The caller owns them.
    pub(crate) fn entries(&self) -> Vec<Place> {
        let mut entries = Vec::new();
        self.with_books(&mut |books, now| {
            books.store.for_each(|place| {
                if !books.store.is_expired(place, now) {
                    place.retain::<S>();
                    entries.push(place);
                }
            });
        });
        entries.sort_by_cached_key(|place| std::cmp::Reverse(place.stamp.load(Relaxed)));
        entries
    }
}
