//! What calls do: look up, start, land, and what is done with one entry by hand.

use super::{Equals, Found, Fresh, Keeper};
use crate::base::sync::Ordering::Relaxed;
use crate::engine::state::{Books, Landed};
use crate::entry::header::Place;
use crate::flight::flight::FlightId;
use crate::flight::wait::Landing;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use std::cell::Cell;
use std::time::Duration;

impl<S: Scope> Keeper<S> {
    /// The look-up of a call. `fresh` is the entry to start computing when there is none. Whoever is told
    /// of an entry owns it.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<Fresh<'_>>,
    ) -> Found<Place> {
        let mut found = Found::Absent;
        self.settle(hash, equals, None, &mut |books, now, equal| {
            self.meet();
            found = if let Some(place) = books.live(equal, now) {
                books.counts.hits += 1;
                if self.is_bounded {
                    place.stamp.store(self.tick(), Relaxed);
                }
                place.retain::<S>();
                Found::Hit(place)
            } else if let Some((id, owner)) = Books::joinable(equal).filter(|_| self.single_flight)
            {
                id.place.retain::<S>();
                if owner.is_here() {
                    books.counts.misses += 1;
                    Found::Reentry(id.place, id)
                } else {
                    let (wait, patience) = books.wait(id, owner);
                    Found::Join(id.place, id, wait, patience)
                }
            } else if let Some((fresh, wait)) = fresh {
                books.counts.misses += 1;
                Found::Lead(books.start_among(fresh, self.single_flight, wait))
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
        let (mut birth, mut is_measured) = (0, false);
        self.locked(|books| {
            if books.store.is_free(fresh.hash()) {
                if !met {
                    self.meet();
                }
                books.counts.misses += 1;
                birth = books.start(fresh, self.single_flight, wait).birth;
                is_measured = self.readers.are_several() || books.pace.measures(birth);
            }
        });
        (birth != 0).then_some((FlightId { place: fresh, birth }, is_measured))
    }

    /// Starts to compute an entry whatever is stored, as a refresh does.
    pub(crate) fn lead(&self, (place, wait): Fresh<'_>, equals: &Equals<'_>) -> Option<FlightId> {
        let mut id = None;
        self.settle(place.hash(), equals, None, &mut |books, _, equal| {
            self.meet();
            let taken = Books::joinable(equal).is_some();
            books.counts.misses += 1;
            id = Some(books.start_among(place, self.single_flight && !taken, wait));
        });
        id
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, place: Place) -> FlightId {
        self.locked(|books| {
            books.counts.misses += 1;
            books.start_among(place, false, None)
        })
    }

    /// Stores an entry, whose value `fill` sets unless another is about to, if its flight is still under way. The store says so when it
    /// has `taken` the ownership over. Returns what was evicted if nobody reads it, which the caller owns.
    pub(crate) fn land(
        &self,
        id: FlightId,
        taken: &Cell<bool>,
        fill: &mut dyn FnMut() -> bool,
        equals: &Equals<'_>,
        run: Option<Duration>,
    ) -> Option<Place> {
        let now = self.give_back_expired();
        let quick = self.locked(|books| {
            if !self.readers.are_several() {
                self.meet();
            }
            let lands = books.lands_alone(id.place) && fill();
            lands.then(|| {
                let stamp = self.tick();
                let evicted = books.land_alone(id.place, now, stamp);
                taken.set(true);
                id.place.show(stamp);
                books.pace.ran(run);
                evicted
            })
        });
        match quick {
            Some(None) => {}
            Some(Some(evicted)) if self.readers.nobody_reads() => return Some(evicted),
            Some(Some(evicted)) => self.discard([self.limbo.dead(evicted)]),
            None => self.land_among(id, taken, fill, equals, run),
        }
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
        self.settle(place.hash(), equals, Some(id), &mut |books, now, equal| {
            if !fill() {
                return;
            }
            let stamp = self.tick();
            landed = books.land(place, now, stamp, equal);
            // There is none when a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::take_over(landed, place, stamp, taken) {
                let awaited = || landed.flight.wait.as_ref().and_then(|wait| wait.age());
                books.pace.ran(run.or_else(awaited));
            }
        });
        self.leave_landed(landed);
    }

    /// Publishes what was stored, and has one more owner of what was not; see `discard`. Returns whether
    /// the result was in time.
    fn take_over(landed: &mut Landed, place: Place, stamp: u64, taken: &Cell<bool>) -> bool {
        landed.flight.landing = Landing::Value;
        if landed.stored {
            taken.set(true);
            place.show(stamp);
        } else {
            place.retain::<S>();
            landed.dead[1] = Some(place);
        }
        !landed.flight.outdated
    }

    /// Files an entry as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, place: Place, taken: &Cell<bool>, equals: &Equals<'_>) {
        let mut landed = None;
        self.settle(place.hash(), equals, None, &mut |books, now, equal| {
            self.meet();
            Books::outdate(equal);
            books.start_among(place, false, None);
            let stamp = self.tick();
            equal.push(place);
            landed = books.land(place, now, stamp, equal);
            if let Some(landed) = &mut landed {
                Self::take_over(landed, place, stamp, taken);
            }
        });
        self.leave_landed(landed);
    }

    fn leave_landed(&self, landed: Option<Landed>) {
        let Some(Landed { flight, overtaken, dead, .. }) = landed else { return };
        // Those who wait are told before anything of the user's is dropped.
        drop(flight);
        // They find it stored.
        overtaken.inspect(|wait| wait.land(Landing::Abandoned));
        let dead = dead.map(|dead| dead.map(|place| self.limbo.dead(place)));
        self.discard(dead.into_iter().flatten());
    }

    /// The stored entry, looked at without counting or touching. The caller owns it.
    pub(crate) fn peek(&self, hash: u64, equals: &Equals<'_>) -> Option<Place> {
        let mut found = None;
        self.settle(hash, equals, None, &mut |books, now, equal| {
            found = books.live(equal, now);
            found.inspect(|place| place.retain::<S>());
        });
        found
    }

    /// Takes an entry out, and keeps computations under way from storing it again. The caller owns it, and
    /// so does somebody else, to whom it is left to be dropped.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<Place> {
        let mut removed = None;
        let mut found = None;
        self.settle(hash, equals, None, &mut |books, now, equal| {
            Books::outdate(equal);
            removed = books.take_out_stored(equal, now);
            found = removed.filter(|(_, is_live)| *is_live).map(|it| it.0);
            found.inspect(|place| place.retain::<S>());
        });
        self.discard(removed.map(|(place, _)| self.limbo.dead(place)));
        found
    }

    /// Takes this very entry out, if it is still stored, and keeps computations of its key that are under way
    /// from being stored. Returns what is stored in its place, which the caller owns.
    pub(crate) fn remove_entry(&self, place: Place, equals: &Equals<'_>) -> Option<Place> {
        let own = FlightId { place, birth: place.birth() };
        let (mut removed, mut replacement) = (None, None);
        self.settle(place.hash(), equals, Some(own), &mut |books, now, equal| {
            Books::outdate(equal);
            if place.is_stored() {
                books.take_out(place, now);
                removed = Some(self.limbo.dead(place));
            } else {
                replacement = books.live(equal, now);
                replacement.inspect(|place| place.retain::<S>());
            }
        });
        self.discard(removed);
        replacement
    }
}
