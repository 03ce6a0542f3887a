//! The flights of a cache: how they start, who waits for them, how they end.

use super::State;
use crate::base::small_list::SmallList;
use crate::base::sync::Arc;
use crate::engine::core::NewEntry;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Flying;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::Runner;
use std::time::Duration;

impl State {
    /// The flight, among equal entries, that others may join.
    pub(crate) fn joinable(equal: &SmallList<EntryRef>) -> Option<(FlightId, Runner)> {
        equal.iter().find_map(|entry| {
            let flying = entry.flying().filter(|it| it.joinable && !it.invalidated)?;
            Some((FlightId { entry: *entry, generation: entry.generation() }, flying.owner))
        })
    }

    /// Where to wait for a flight, and the patience of the caller.
    pub(crate) fn wait(&mut self, id: FlightId, owner: Runner) -> (Arc<Wait>, Duration) {
        let wait = self.waits.get_or_file(id.generation, || Arc::new(Wait::new(owner)));
        wait.join();
        (Arc::clone(wait), self.patience.limit(Runner::is_inside_run()))
    }

    /// Files where callers may wait for a flight, unless one was filed before. Returns the one that is filed, or this one if
    /// no caller may join the flight.
    pub(crate) fn file_wait(&mut self, id: FlightId, wait: &Arc<Wait>) -> Arc<Wait> {
        let flying = id.entry.flying().filter(|it| it.joinable);
        if flying.is_none() || id.entry.generation() != id.generation {
            return Arc::clone(wait);
        }
        Arc::clone(self.waits.get_or_file(id.generation, || Arc::clone(wait)))
    }

    /// Where a flight is waited for.
    pub(crate) fn awaited(&self, id: FlightId) -> Option<&Wait> {
        self.waits.get(id.generation).map(|wait| &**wait)
    }

    /// Detaches the waiters of a flight, which stays under way and may be stored. Returns where they wait.
    pub(crate) fn detach_waiters(&mut self, id: FlightId) -> Option<Arc<Wait>> {
        id.entry.detach_waiters();
        self.waits.remove(id.generation)
    }

    /// Keeps the flights of equal entries from being stored.
    pub(crate) fn invalidate(equal: &SmallList<EntryRef>) {
        equal.iter().for_each(|entry| entry.invalidate());
    }

    /// Starts a flight where nothing else is filed under the hash. Its owner is the calling thread, or the async
    /// `runner`.
    pub(crate) fn start(
        &mut self,
        NewEntry { entry, runner, tags }: NewEntry<'_>,
        joinable: bool,
    ) -> FlightId {
        self.generations += 1;
        let generation = self.generations;
        let owner = runner.unwrap_or_else(Runner::current_thread);
        let flying = Flying { owner, joinable, invalidated: false };
        self.store.start(entry, generation, flying);
        let tags = tags.take();
        if !tags.is_empty() {
            self.store.tag(entry, tags);
        }
        FlightId { entry, generation }
    }

    /// [`start`](Self::start) where other entries may have the hash.
    pub(crate) fn start_among(&mut self, fresh: NewEntry<'_>, joinable: bool) -> FlightId {
        let mut is_crowded = false;
        self.store.filed(fresh.entry.hash(), |other| {
            other.mark_shared_hash();
            is_crowded = true;
        });
        let id = self.start(fresh, joinable);
        if is_crowded {
            fresh.entry.mark_shared_hash();
        }
        id
    }

    /// Ends a flight, if it is under way.
    pub(super) fn end_flight(&mut self, entry: EntryRef) -> Option<Flight> {
        let invalidated = entry.flying()?.invalidated;
        let wait = self.waits.remove(entry.generation());
        Some(Flight { wait, invalidated, landing: Landing::Abandoned })
    }

    /// Ends a flight without storing anything, if it is under way. The caller drops it without the lock.
    pub(crate) fn end(&mut self, entry: EntryRef) -> Option<Flight> {
        let flight = self.end_flight(entry)?;
        self.store.abandon(entry);
        Some(flight)
    }
}
