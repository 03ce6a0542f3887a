//! The part of a call under the lock: look up, start, land. Also the controls of one entry: insert, peek, remove.

use super::{Computed, Core, Equals, Found, NewEntry};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::Timing;
use crate::base::sync::Ordering::Relaxed;
use crate::engine::state::{Landed, State};
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::flight::wait::Landing;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::cause::EvictionCause;
use crate::store::eviction::Touch;
use crate::store::store::TakenOut;
use std::cell::Cell;
use std::time::Duration;

impl<S: Scope> Core<S> {
    /// The look-up of a call. If nothing is found, `fresh` is started. The caller owns the entry it is given.
    pub(crate) fn look_up(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<NewEntry<'_>>,
    ) -> Found<EntryRef> {
        let mut found = Found::Absent;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = if let Some(entry) = state.stored_unexpired(equal, now) {
                self.hit(state, entry);
                Found::Hit(entry)
            } else if let Some((id, owner)) = State::joinable(equal).filter(|_| self.single_flight)
            {
                id.entry.retain::<S>();
                if owner.is_on_this_thread() {
                    state.counts.misses += 1;
                    Found::Reentry(id.entry, id)
                } else {
                    let (wait, patience) = state.wait(id, owner);
                    Found::Join(id.entry, id, wait, patience)
                }
            } else if let Some((fresh, wait)) = fresh {
                state.counts.misses += 1;
                Found::Lead(state.start_among(fresh, self.single_flight, wait))
            } else {
                Found::Absent
            };
        });
        found
    }

    /// Counts a hit under the lock. The caller owns the entry.
    fn hit(&self, state: &mut State, entry: EntryRef) {
        state.counts.hits += 1;
        if state.store.touch() == Touch::Stamp {
            entry.stamp.store(self.next_stamp(), Relaxed);
        }
        entry.retain::<S>();
    }

    /// The stored entry, as a hit. If there is none, that is a miss. The caller owns the entry.
    pub(crate) fn get(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = state.stored_unexpired(equal, now);
            match found {
                Some(entry) => self.hit(state, entry),
                None => state.counts.misses += 1,
            }
        });
        found
    }

    /// The stored entry of a call, and how long ago it was stored, if that is known. It counts as a hit. The caller owns
    /// the entry. If there is none, the call has yet to be [looked up](Self::look_up).
    pub(crate) fn hit_with_age(
        &self,
        hash: u64,
        equals: &Equals<'_>,
    ) -> Option<(EntryRef, Option<Duration>)> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = state.stored_unexpired(equal, now).map(|entry| {
                self.hit(state, entry);
                (entry, state.store.stored_at(entry).map(|at| now.since(at)))
            });
        });
        found
    }

    /// Starts a flight if nothing is filed under its hash, as is common after a miss. Says how the run is
    /// to be timed. The caller may have [registered](Self::register_thread) the thread.
    pub(crate) fn start_absent(
        &self,
        (fresh, wait): NewEntry<'_>,
        is_registered: bool,
    ) -> Option<(FlightId, Timing)> {
        // Two values, and no `Option` of a pair: a processor stalls where it reads more bytes than were just written.
        let (mut generation, mut timing) = (0, Timing::Unread);
        self.locked(|state| {
            if state.store.is_free(fresh.hash()) {
                if !is_registered {
                    self.register_thread();
                }
                state.counts.misses += 1;
                generation = state.start(fresh, self.single_flight, wait).generation;
                let is_measured = S::SHARED
                    && (self.readers.has_several_threads()
                        || state.patience.should_measure(generation));
                timing = self.timing(generation, is_measured);
            }
        });
        (generation != 0).then_some((FlightId { entry: fresh, generation }, timing))
    }

    /// Starts a flight, stored or not, as a refresh does. Callers join it unless they can join another.
    pub(crate) fn start_refresh(
        &self,
        (fresh, wait): NewEntry<'_>,
        equals: &Equals<'_>,
    ) -> Option<FlightId> {
        let mut id = None;
        self.resolve_keys(fresh.hash(), equals, None, &mut |state, _, equal| {
            self.register_thread();
            let is_taken = State::joinable(equal).is_some();
            state.counts.misses += 1;
            id = Some(state.start_among(fresh, self.single_flight && !is_taken, wait));
        });
        id
    }

    /// Starts a flight that nobody joins, for a call that waited in vain.
    pub(crate) fn start_unjoined(&self, fresh: EntryRef) -> FlightId {
        self.locked(|state| {
            state.counts.misses += 1;
            state.start_among(fresh, false, None)
        })
    }

    /// Stores an entry, if its flight is still under way. `fill` sets its value, unless another run is about to.
    /// Returns an entry that was evicted, if nobody reads it: the caller owns it, and may reuse its memory.
    pub(crate) fn land(
        &self,
        computed: &Computed<'_>,
        fill: &mut dyn FnMut() -> bool,
    ) -> Option<EntryRef> {
        let now = self.expiry.now();
        if self.expiry.is_due_at(now) {
            self.sweep_and_land(computed, fill);
            return None;
        }
        let entry = computed.entry;
        let mut evicted = SmallList::new();
        let is_landed = self.locked(|state| {
            if !self.readers.has_several_threads() {
                self.register_thread();
            }
            let lands = state.lands_alone(entry) && fill();
            if lands {
                let stamp = self.next_stamp();
                state.land_alone(entry, now, stamp, &mut evicted);
                computed.taken.set(true);
                entry.publish(stamp);
                state.record(computed.ran);
            }
            lands
        });
        if !is_landed {
            self.land_among(now, computed, fill);
            return None;
        }
        match evicted.into_parts() {
            (None, _) => {}
            (Some((only, _)), None) if self.listener.is_none() => {
                if self.readers.has_no_readers() {
                    return Some(only);
                }
                self.discard([self.retired.adopt(only)]);
            }
            (Some(first), more) => self.release(SmallList::from_parts(first, more)),
        }
        None
    }

    /// [`land`](Self::land) where something has expired. If a listener panics, the value is stored all the same.
    #[cold]
    #[inline(never)]
    fn sweep_and_land(&self, computed: &Computed<'_>, fill: &mut dyn FnMut() -> bool) {
        let (now, panic) = self.sweep_before_storing();
        self.locked(|_| self.register_thread());
        panic.resume_after(|| self.land_among(now, computed, fill));
    }

    /// [`land`](Self::land) where the thread is registered, in any case: where other entries have the hash, somebody waits,
    /// or the value is not to be stored.
    #[cold]
    #[inline(never)]
    fn land_among(&self, now: Time, computed: &Computed<'_>, fill: &mut dyn FnMut() -> bool) {
        let &Computed { entry, taken, equals, ran } = computed;
        let id = FlightId { entry, generation: entry.generation() };
        let mut landed = None;
        self.resolve_keys_at(now, entry.hash(), equals, Some(id), &mut |state, now, equal| {
            if !fill() {
                return;
            }
            let stamp = self.next_stamp();
            landed = state.land(entry, now, stamp, equal);
            // There is none if a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::publish(landed, entry, stamp, taken) {
                let awaited = || landed.flight.wait.as_ref().and_then(|wait| wait.age());
                state.record_sample(ran);
                state.patience.record(ran.for_waiters().or_else(awaited));
            }
        });
        self.finish(landed);
    }

    /// Publishes an entry that was stored. One that was not gets one more owner: see [`discard`](Self::discard).
    /// Returns whether the value is valid.
    fn publish(landed: &mut Landed, entry: EntryRef, stamp: u64, taken: &Cell<bool>) -> bool {
        landed.flight.landing = Landing::Value;
        if landed.stored {
            taken.set(true);
            entry.publish(stamp);
        } else {
            entry.retain::<S>();
            landed.unstored = Some(entry);
        }
        !landed.flight.invalidated
    }

    /// Stores an entry as if its value had just been computed. Runs under way are older, and will not replace it.
    pub(crate) fn insert(&self, entry: EntryRef, taken: &Cell<bool>, equals: &Equals<'_>) {
        let (now, panic) = self.sweep_before_storing();
        panic.resume_after(|| {
            let mut landed = None;
            self.resolve_keys_at(now, entry.hash(), equals, None, &mut |state, now, equal| {
                self.register_thread();
                State::invalidate(equal);
                state.start_among(entry, false, None);
                let stamp = self.next_stamp();
                equal.push(entry);
                landed = state.land(entry, now, stamp, equal);
                if let Some(landed) = &mut landed {
                    Self::publish(landed, entry, stamp, taken);
                }
            });
            self.finish(landed);
        });
    }

    /// Tells the waiters of a landed flight, and then the listener what it has replaced. That is dropped last.
    fn finish(&self, landed: Option<Landed>) {
        let Some(Landed { flight, overtaken, dead, unstored, .. }) = landed else { return };
        // User code may panic as it is dropped: the waiters are told first. The entries have no owner meanwhile: an
        // owner that is dropped by a panic would not look for readers.
        drop(flight);
        // The waiters of the other flight look again, and find the value stored.
        overtaken.inspect(|wait| wait.land(Landing::Abandoned));
        let told = self.tell(dead.iter().copied());
        let dead = self.adopt(dead.into_iter().map(|(entry, _)| entry).chain(unstored));
        if told.is_panic() {
            return told.resume_after(|| self.discard(dead));
        }
        self.discard(dead);
    }

    /// The stored entry, without counting or touching. The caller owns it.
    pub(crate) fn peek(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            found = state.stored_unexpired(equal, now);
            found.inspect(|entry| entry.retain::<S>());
        });
        found
    }

    /// Takes an entry out, and keeps runs under way from storing it again. The caller owns the entry. It has
    /// one more owner, which is discarded.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut removed = None;
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            State::invalidate(equal);
            removed = state.take_out_stored(equal, now);
            found = removed.filter(|(_, cause)| *cause != EvictionCause::Expired).map(|it| it.0);
            found.inspect(|entry| entry.retain::<S>());
        });
        self.release_but(removed, found)
    }

    /// Releases what has left the store, if anything has. Passes an entry on that the caller owns: also if user code
    /// panics, it has an owner.
    fn release_but(&self, removed: Option<TakenOut>, kept: Option<EntryRef>) -> Option<EntryRef> {
        let kept = kept.map(|entry| self.retired.adopt(entry));
        self.release(removed.into_iter().collect());
        kept.map(EntryPtr::into_ref)
    }

    /// Takes this very entry out, if it is still stored, and keeps runs of its key that are under way from being
    /// stored. Returns the entry that is stored in its place; the caller owns it.
    pub(crate) fn remove_entry(&self, entry: EntryRef, equals: &Equals<'_>) -> Option<EntryRef> {
        let own = FlightId { entry, generation: entry.generation() };
        let (mut removed, mut replacement) = (None, None);
        self.resolve_keys(entry.hash(), equals, Some(own), &mut |state, now, equal| {
            State::invalidate(equal);
            if entry.is_stored() {
                removed = Some((entry, state.take_out(entry, now, EvictionCause::Removed)));
            } else {
                replacement = state.stored_unexpired(equal, now);
                replacement.inspect(|entry| entry.retain::<S>());
            }
        });
        self.release_but(removed, replacement)
    }

    /// Takes this very entry out if it is stored. If it is under way, its value will not be stored.
    pub(crate) fn forget(&self, entry: EntryRef) {
        let now = self.sweep_some();
        let removed = self.locked(|state| {
            entry.invalidate();
            let is_stored = entry.is_stored();
            is_stored.then(|| (entry, state.take_out(entry, now, EvictionCause::Removed)))
        });
        self.release(removed.into_iter().collect());
    }
}
