//! What calls do: look up, start, land, and what is done with one entry by hand.

use super::{Core, Equals, Found, Fresh};
use crate::base::small_list::SmallList;
use crate::base::sync::Ordering::Relaxed;
use crate::engine::state::{Landed, State};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::flight::wait::Landing;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::eviction::Touch;
use crate::store::store::Cause;
use std::cell::Cell;
use std::time::Duration;

impl<S: Scope> Core<S> {
    /// The look-up of a call. `fresh` is the entry to start computing when there is none. Whoever is told
    /// of an entry owns it.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<Fresh<'_>>,
    ) -> Found<EntryRef> {
        let mut found = Found::Absent;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = if let Some(place) = state.live(equal, now) {
                state.counts.hits += 1;
                if self.touch == Touch::Stamp {
                    place.stamp.store(self.next_stamp(), Relaxed);
                }
                place.retain::<S>();
                Found::Hit(place)
            } else if let Some((id, owner)) = State::joinable(equal).filter(|_| self.single_flight)
            {
                id.place.retain::<S>();
                if owner.is_on_this_thread() {
                    state.counts.misses += 1;
                    Found::Reentry(id.place, id)
                } else {
                    let (wait, patience) = state.wait(id, owner);
                    Found::Join(id.place, id, wait, patience)
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

    /// Starts to compute an entry if nothing is filed under its hash, as in the common case. Tells whether
    /// it is of interest how long that takes. The thread has `met` the cache when it has read it.
    pub(crate) fn start_alone(
        &self,
        (fresh, wait): Fresh<'_>,
        met: bool,
    ) -> Option<(FlightId, bool)> {
        // In pieces: what was written in pieces takes long to be read as a whole.
        let (mut generation, mut is_measured) = (0, false);
        self.locked(|state| {
            if state.store.is_free(fresh.hash()) {
                if !met {
                    self.register_thread();
                }
                state.counts.misses += 1;
                generation = state.start(fresh, self.single_flight, wait).generation;
                is_measured =
                    self.readers.has_several_threads() || state.pace.should_measure(generation);
            }
        });
        (generation != 0).then_some((FlightId { place: fresh, generation }, is_measured))
    }

    /// Starts to compute an entry whatever is stored, as a refresh does.
    pub(crate) fn lead(&self, (place, wait): Fresh<'_>, equals: &Equals<'_>) -> Option<FlightId> {
        let mut id = None;
        self.resolve_keys(place.hash(), equals, None, &mut |state, _, equal| {
            self.register_thread();
            let taken = State::joinable(equal).is_some();
            state.counts.misses += 1;
            id = Some(state.start_among(place, self.single_flight && !taken, wait));
        });
        id
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, place: EntryRef) -> FlightId {
        self.locked(|state| {
            state.counts.misses += 1;
            state.start_among(place, false, None)
        })
    }

    /// Stores an entry, whose value `fill` sets unless another is about to, if its flight is still under way. The store says so when it
    /// has `taken` the ownership over. Returns an entry that was
    /// evicted, if nobody reads it: the caller owns it, and may reuse its memory.
    pub(crate) fn land(
        &self,
        id: FlightId,
        taken: &Cell<bool>,
        fill: &mut dyn FnMut() -> bool,
        equals: &Equals<'_>,
        run: Option<Duration>,
    ) -> Option<EntryRef> {
        let now = self.give_back_expired();
        let mut evicted = SmallList::new();
        let is_landed = self.locked(|state| {
            if !self.readers.has_several_threads() {
                self.register_thread();
            }
            let lands = state.lands_alone(id.place) && fill();
            if lands {
                let stamp = self.next_stamp();
                state.land_alone(id.place, now, stamp, &mut evicted);
                taken.set(true);
                id.place.publish(stamp);
                state.pace.record(run);
            }
            lands
        });
        if !is_landed {
            self.land_among(id, taken, fill, equals, run);
            return None;
        }
        let (first, more) = evicted.into_parts();
        if !more.is_empty() {
            self.discard_all(more);
        }
        let (first, _) = first?;
        if self.readers.has_no_readers() {
            return Some(first);
        }
        self.discard([self.retired.adopt(first)]);
        None
    }

    /// The same where other entries are filed under the hash, somebody waits, or it is not to be stored.
    #[cold]
    #[inline(never)]
    fn land_among(
        &self,
        id: FlightId,
        taken: &Cell<bool>,
        fill: &mut dyn FnMut() -> bool,
        equals: &Equals<'_>,
        run: Option<Duration>,
    ) {
        let place = id.place;
        let mut landed = None;
        self.resolve_keys(place.hash(), equals, Some(id), &mut |state, now, equal| {
            if !fill() {
                return;
            }
            let stamp = self.next_stamp();
            landed = state.land(place, now, stamp, equal);
            // There is none when a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::take_over(landed, place, stamp, taken) {
                let awaited = || landed.flight.wait.as_ref().and_then(|wait| wait.age());
                state.pace.record(run.or_else(awaited));
            }
        });
        self.leave_landed(landed);
    }

    /// Publishes what was stored, and has one more owner of what was not; see `discard`. Returns whether
    /// the result was in time.
    fn take_over(landed: &mut Landed, place: EntryRef, stamp: u64, taken: &Cell<bool>) -> bool {
        landed.flight.landing = Landing::Value;
        if landed.stored {
            taken.set(true);
            place.publish(stamp);
        } else {
            place.retain::<S>();
            landed.unstored = Some(place);
        }
        !landed.flight.invalidated
    }

    /// Files an entry as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, place: EntryRef, taken: &Cell<bool>, equals: &Equals<'_>) {
        let mut landed = None;
        self.resolve_keys(place.hash(), equals, None, &mut |state, now, equal| {
            self.register_thread();
            State::invalidate(equal);
            state.start_among(place, false, None);
            let stamp = self.next_stamp();
            equal.push(place);
            landed = state.land(place, now, stamp, equal);
            if let Some(landed) = &mut landed {
                Self::take_over(landed, place, stamp, taken);
            }
        });
        self.leave_landed(landed);
    }

    fn leave_landed(&self, landed: Option<Landed>) {
        let Some(Landed { flight, overtaken, dead, unstored, .. }) = landed else { return };
        // Those who wait are told before anything of the user's is dropped.
        drop(flight);
        // They find it stored.
        overtaken.inspect(|wait| wait.land(Landing::Abandoned));
        let dead = dead.into_iter().map(|(place, _)| place).chain(unstored);
        self.discard(dead.map(|place| self.retired.adopt(place)));
    }

    /// The stored entry, looked at without counting or touching. The caller owns it.
    pub(crate) fn peek(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            found = state.live(equal, now);
            found.inspect(|place| place.retain::<S>());
        });
        found
    }

    /// Takes an entry out, and keeps computations under way from storing it again. The caller owns it, and
    /// so does somebody else, to whom it is left to be dropped.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut removed = None;
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            State::invalidate(equal);
            removed = state.take_out_stored(equal, now);
            found = removed.filter(|(_, cause)| *cause != Cause::Expired).map(|it| it.0);
            found.inspect(|place| place.retain::<S>());
        });
        self.discard(removed.map(|(place, _)| self.retired.adopt(place)));
        found
    }

    /// Takes this very entry out, if it is still stored, and keeps computations of its key that are under way
    /// from being stored. Returns what is stored in its place, which the caller owns.
    pub(crate) fn remove_entry(&self, place: EntryRef, equals: &Equals<'_>) -> Option<EntryRef> {
        let own = FlightId { place, generation: place.generation() };
        let (mut removed, mut replacement) = (None, None);
        self.resolve_keys(place.hash(), equals, Some(own), &mut |state, now, equal| {
            State::invalidate(equal);
            if place.is_stored() {
                state.take_out(place, now, Cause::Removed);
                removed = Some(self.retired.adopt(place));
            } else {
                replacement = state.live(equal, now);
                replacement.inspect(|place| place.retain::<S>());
            }
        });
        self.discard(removed);
        replacement
    }
}
