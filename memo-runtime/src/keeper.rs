//! What happens under the lock of a cache, for keys and values of any types.
//!
//! Of entries a keeper sees the heads alone, so that all this is compiled once, and not for each type of
//! cache. It compares keys by asking, drops entries by way of a function that knows their types, and has
//! values filled in by who has them.

use crate::clock::{Clock, Time};
use crate::few::Few;
use crate::flight::{Flight, FlightId};
use crate::head::Place;
use crate::index::{Books, Judged, Landed};
use crate::limbo::{Dead, Limbo, Release};
use crate::parameters::CacheParameters;
use crate::readers::Readers;
use crate::reading;
use crate::scope::{Lock, Scope};
use crate::stats::CacheInfo;
use crate::store::Limits;
use crate::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release as Published},
};
use crate::table::Table;
use crate::wait::{Landing, Wait};
use std::cell::Cell;
use std::time::Duration;

/// What is done under the lock.
type View<'a> = dyn FnMut(&mut Books, Time) + 'a;

/// The same, once it is known which entries have the key.
type Act<'a> = dyn FnMut(&mut Books, Time, &mut Few<Place>) + 'a;

/// An entry to be computed, and where others may wait for that if it is async.
pub(crate) type Fresh<'a> = (Place, Option<&'a Arc<Wait>>);

/// Whether an entry has the key looked for.
pub(crate) type Equals<'a> = dyn Fn(Place) -> bool + 'a;

pub(crate) struct Keeper<S: Scope> {
    pub(crate) clock: Clock,
    pub(crate) is_bounded: bool,
    single_flight: bool,
    /// The table of the store.
    pub(crate) table: AtomicPtr<Table>,
    /// When the next entry expires.
    deadline: AtomicU64,
    /// Stamps are of this era, and there is a new one whenever something is stored.
    pub(crate) era: AtomicU64,
    pub(crate) readers: S::Readers,
    books: Apart<S::Lock<Books>>,
    pub(crate) limbo: Limbo<S>,
}

/// In a cache line of its own: what writers write, readers do not want to see.
#[repr(align(64))]
struct Apart<T>(T);

/// What a call finds.
pub(crate) enum Found<P> {
    Hit(P),
    /// Another thread computes it; wait no longer than this before helping.
    Join(P, FlightId, Arc<Wait>, Duration),
    /// The calling thread computes it already, further up its stack.
    Reentry(P, FlightId),
    /// The flight of the entry offered is registered: compute.
    Lead(FlightId),
    /// Nothing, and no entry was offered.
    Absent,
}

impl<P> Found<P> {
    pub(crate) fn map<Q>(self, of: impl FnOnce(P) -> Q) -> Found<Q> {
        match self {
            Self::Hit(entry) => Found::Hit(of(entry)),
            Self::Join(entry, id, wait, patience) => Found::Join(of(entry), id, wait, patience),
            Self::Reentry(entry, id) => Found::Reentry(of(entry), id),
            Self::Lead(id) => Found::Lead(id),
            Self::Absent => Found::Absent,
        }
    }
}

impl<S: Scope> Keeper<S> {
    /// `release` drops an owner of an entry of keys `K` and values `V`.
    pub(crate) fn new<K, V>(parameters: &CacheParameters, release: Release) -> Self {
        let limits = Limits { maxsize: parameters.maxsize, ttl: parameters.ttl };
        Self {
            clock: Clock::for_ttl(parameters.ttl),
            is_bounded: parameters.maxsize.is_some(),
            single_flight: parameters.single_flight,
            table: AtomicPtr::default(),
            deadline: AtomicU64::new(Time::FOREVER.nanos()),
            era: AtomicU64::new(0),
            readers: S::Readers::new(),
            books: Apart(S::Lock::new(Books::new(limits))),
            limbo: Limbo::of::<K, V>(release),
        }
    }

    /// The look-up of a call. `fresh` is the entry to start computing when there is none. Whoever is told
    /// of an entry owns it.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<Fresh<'_>>,
    ) -> Found<Place> {
        let mut found = Found::Absent;
        self.settle(hash, equals, None, &mut |books, _, equal| {
            self.meet();
            found = if let Some(place) = Books::stored(equal) {
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
                is_measured = books.pace.measures(birth);
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

    /// Stores an entry, whose value `fill` sets, if its flight is still under way. The store says so when it
    /// has `taken` the ownership over. Returns what was evicted if nobody reads it, which the caller owns.
    pub(crate) fn land(
        &self,
        id: FlightId,
        taken: &Cell<bool>,
        fill: &mut dyn FnMut(),
        equals: &Equals<'_>,
        run: Option<Duration>,
        helped: Option<Duration>,
    ) -> Option<Place> {
        let now = self.expired();
        let quick = self.locked(|books| {
            let lands = books.lands_alone(id.place);
            lands.then(|| {
                fill();
                let stamp = self.tick();
                let evicted = books.land_alone(id.place, now, stamp);
                taken.set(true);
                id.place.show(stamp);
                books.pace.ran(run, helped);
                evicted
            })
        });
        match quick {
            Some(None) => {}
            Some(Some(evicted)) if self.readers.nobody_reads() => return Some(evicted),
            Some(Some(evicted)) => self.discard([self.limbo.dead(evicted)]),
            None => self.land_among(id, taken, fill, equals, run, helped),
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
        fill: &mut dyn FnMut(),
        equals: &Equals<'_>,
        run: Option<Duration>,
        helped: Option<Duration>,
    ) {
        let place = id.place;
        let mut landed = None;
        self.settle(place.hash(), equals, Some(id), &mut |books, now, equal| {
            fill();
            let stamp = self.tick();
            landed = books.land(place, now, stamp, equal);
            // There is none when a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::take_over(landed, place, stamp, taken) {
                let awaited = || landed.flight.wait.as_ref().map(|wait| wait.age());
                books.pace.ran(run.or_else(awaited), helped);
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
        self.settle(hash, equals, None, &mut |_, _, equal| {
            found = Books::stored(equal);
            found.inspect(|place| place.retain::<S>());
        });
        found
    }

    /// Takes an entry out, and keeps computations under way from storing it again. The caller owns it, and
    /// so does somebody else, to whom it is left to be dropped.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<Place> {
        let mut removed = None;
        self.settle(hash, equals, None, &mut |books, _, equal| {
            Books::outdate(equal);
            removed = Books::stored(equal);
            if let Some(place) = removed {
                place.retain::<S>();
                books.store.remove(place);
            }
        });
        self.discard(removed.map(|place| self.limbo.dead(place)));
        removed
    }

    /// Takes this very entry out, if it is still stored.
    pub(crate) fn remove_entry(&self, place: Place) {
        let removed = self.locked(|books| {
            place.is_stored().then(|| {
                books.store.remove(place);
                self.limbo.dead(place)
            })
        });
        self.discard(removed);
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock. The run of the `own` flight is known to be equal.
    fn settle(&self, hash: u64, equals: &Equals<'_>, own: Option<FlightId>, act: &mut Act<'_>) {
        let mut judged = Judged::with(own.map(|id| id.birth));
        loop {
            let (mut unjudged, mut births) = (Few::new(), 0);
            self.with_books(&mut |books, now| {
                let mut equal = Few::new();
                books.sort(hash, &judged, &mut equal, |place| unjudged.push(self.keep(place)));
                births = books.births();
                if unjudged.is_empty() {
                    act(books, now, &mut equal);
                }
            });
            if unjudged.is_empty() {
                return;
            }
            for entry in unjudged {
                judged.push(entry.place().birth(), equals(entry.place()));
            }
            judged.until(births);
        }
    }

    /// One more owner of an entry that is filed.
    fn keep(&self, place: Place) -> Dead {
        place.retain::<S>();
        self.limbo.dead(place)
    }
}

/// Stamps, and who reads.
impl<S: Scope> Keeper<S> {
    /// A stamp later than all others. Under the lock.
    fn tick(&self) -> u64 {
        let era = self.era.load(Relaxed) + 1;
        self.era.store(era, Published);
        era + self.readers.ticks()
    }

    /// Registers the calling thread with the readers. Under the lock.
    ///
    /// A thread that is alone stamps with the era and the number of its hits. When another comes, the
    /// era skips so far that it is later than all of these, but not before it is known that there are
    /// two: the first one reads the era first. It may be in the middle of hits, and count them yet.
    fn meet(&self) {
        if let Some(ticks) = self.readers.meet() {
            let skipped = ticks + reading::DEPTH as u64 + 1;
            self.era.store(self.era.load(Relaxed) + skipped, Published);
        }
    }

    pub(crate) fn deadline(&self) -> Time {
        Time::from_nanos(self.deadline.load(Acquire))
    }

    /// Drops entries that were taken out. Nothing is locked.
    ///
    /// Whatever leaves the table has to come here, as somebody may have found it there. That holds for
    /// an entry that is not stored too: the run that owns it may do with it what it likes, for there is
    /// one more owner, which comes here.
    #[inline]
    fn discard(&self, dead: impl IntoIterator<Item = Dead>) {
        self.limbo.discard(dead.into_iter(), self.address(), &self.readers);
    }

    fn discard_all(&self, dead: Vec<Place>) {
        let dead: Vec<_> = dead.into_iter().map(|place| self.limbo.dead(place)).collect();
        self.discard(dead);
    }

    /// Drops what was to be dropped before, if nobody reads it any longer.
    #[cold]
    pub(crate) fn tidy(&self) {
        self.limbo.tidy(self.address(), &self.readers);
    }

    #[inline]
    pub(crate) fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

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

    /// Has those who wait for a flight go on without it. What comes of it may be stored still.
    pub(crate) fn depose(&self, id: FlightId) {
        let wait = self.locked(|books| books.depose(id));
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

    /// A call that waited runs the body after all, for the flight it waited for.
    pub(crate) fn count_helper(&self) {
        self.locked(|books| books.counts.misses += 1);
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = CacheInfo::default();
        self.with_books(&mut |books, _| {
            let counts = books.counts;
            let hits = counts.hits + self.readers.hits() - books.hits_forgotten;
            info = CacheInfo { currsize: books.store.len(), hits, ..counts };
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
        self.tidy();
        if self.readers.nobody_reads() {
            return dead;
        }
        self.discard(dead);
        Vec::new()
    }

    /// The entries, the most recently used first. The caller owns them.
    pub(crate) fn entries(&self) -> Vec<Place> {
        let mut entries = Vec::new();
        self.with_books(&mut |books, _| {
            books.store.for_each(|place| {
                place.retain::<S>();
                entries.push(place);
            });
        });
        entries.sort_by_cached_key(|place| std::cmp::Reverse(place.stamp.load(Relaxed)));
        entries
    }

    /// Does something under the lock.
    pub(crate) fn alone<R>(&self, act: impl FnOnce() -> R) -> R {
        self.books.0.with(|_| act())
    }

    /// Drops all entries. Nobody uses the cache any longer.
    pub(crate) fn close(&mut self) {
        let mut stored = Vec::new();
        self.books
            .0
            .with(|books| books.store.for_each(|place| stored.push(self.limbo.dead(place))));
        drop(stored);
    }

    /// Acts on the books once all that has expired was given back, a little at a time.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    fn with_books(&self, act: &mut View<'_>) {
        let now = self.expired();
        self.locked(|books| act(books, now));
    }

    /// Whether something has expired by now. Apart, as most caches never ask.
    #[cold]
    #[inline(never)]
    pub(crate) fn is_due(&self) -> bool {
        self.clock.now() >= self.deadline()
    }

    /// Gives back what has expired by now.
    #[inline]
    fn expired(&self) -> Time {
        let now = self.clock.now();
        if self.clock != Clock::Unread && now >= self.deadline() {
            self.give_back(now);
        }
        now
    }

    #[cold]
    fn give_back(&self, now: Time) {
        while now >= self.deadline() && self.deadline() != Time::FOREVER {
            const AT_ONCE: usize = 64;
            let expired = self.locked(|books| books.expire(now, AT_ONCE));
            self.discard_all(expired);
        }
    }

    /// Acts on the books, and shows their readers what has changed.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut Books) -> R) -> R {
        let (done, changed) = self.books.0.with(|books| {
            let done = act(books);
            if self.clock != Clock::Unread {
                self.deadline.store(books.store.next_deadline().nanos(), Published);
            }
            let table = books.store.table();
            let changed = self.table.load(Relaxed) != table;
            if changed {
                self.table.store(table, Published);
            }
            (done, changed)
        });
        if changed {
            self.discard_tables();
        }
        done
    }

    #[cold]
    fn discard_tables(&self) {
        let replaced = self.books.0.with(|books| books.store.take_replaced());
        self.limbo.discard_tables(replaced, self.address(), &self.readers);
    }
}

#[cfg(test)]
impl<S: Scope> Keeper<S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.books.0.with(|books| books.store.flying())
    }
}
