//! What happens under the lock of a cache, for keys and values of any types.
//!
//! Of entries a keeper sees the heads alone, so that all this is compiled once, and not for each type of
//! cache. It compares keys by asking, drops entries by way of a function that knows their types, and has
//! values filled in by who has them.
//!
//! Here is how the lock is taken, how keys are compared without it, and what happens to what is taken out;
//! what is done under it is in [`calls`] and [`ends`].

mod calls;
mod ends;

use crate::base::clock::{Clock, Time};
use crate::base::small_list::Few;
use crate::base::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release as Published},
};
use crate::config::parameters::CacheParameters;
use crate::engine::state::{Books, Judged};
use crate::entry::header::Place;
use crate::flight::flight::FlightId;
use crate::flight::wait::Wait;
use crate::scope::hazard;
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::retired::{Dead, Limbo, Release};
use crate::store::store::Limits;
use crate::store::table::Table;
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
            books: Apart(S::Lock::new(Books::new(limits, parameters.patience))),
            limbo: Limbo::of::<K, V>(release),
        }
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock. The run of the `own` flight is known to be equal.
    fn settle(&self, hash: u64, equals: &Equals<'_>, own: Option<FlightId>, act: &mut Act<'_>) {
        let mut judged = Judged::with(own.map(|id| id.birth));
        let now = self.give_back_expired();
        loop {
            let (mut unjudged, mut births) = (Few::new(), 0);
            self.locked(|books| {
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
            let skipped = ticks + hazard::DEPTH as u64 + 1;
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
    /// Does something under the lock.
    pub(crate) fn alone<R>(&self, act: impl FnOnce() -> R) -> R {
        self.books.0.with(|_| act())
    }

    /// The births of all computations so far are up to this.
    pub(crate) fn births(&self) -> u64 {
        self.books.0.with(|books| books.births())
    }

    /// Drops all entries. Nobody uses the cache any longer.
    pub(crate) fn close(&mut self) {
        let stored = self.books.0.with(|books| books.store.clear());
        let dead: Vec<_> = stored.into_iter().map(|place| self.limbo.dead(place)).collect();
        drop(dead);
    }

    /// Acts on the books once all that has expired was given back, a little at a time: this is for those who
    /// ask about the whole cache, and not for calls.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    fn with_books(&self, act: &mut View<'_>) {
        let now = self.clock.now();
        while self.deadline().has_passed(now) {
            self.give_back(now);
        }
        self.locked(|books| act(books, now));
    }

    /// Whether something has expired by now. Apart, as most caches never ask.
    #[cold]
    #[inline(never)]
    pub(crate) fn is_due(&self) -> bool {
        self.deadline().has_passed(self.clock.now())
    }

    /// Gives back some of what has expired, and tells the time.
    #[inline]
    fn give_back_expired(&self) -> Time {
        let now = self.clock.now();
        if self.clock != Clock::Unread && self.deadline().has_passed(now) {
            self.give_back(now);
        }
        now
    }

    /// A call comes here three times at most, or four if keys collide, and so gives back 64 entries: it does
    /// not pay for all that others have stored.
    #[cold]
    fn give_back(&self, now: Time) {
        const AT_ONCE: usize = 16;
        let expired = self.locked(|books| books.expire(now, AT_ONCE));
        self.discard_all(expired);
    }

    /// Acts on the books, and shows their readers what has changed.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut Books) -> R) -> R {
        let (done, changed) = self.books.0.with(|books| {
            let done = act(books);
            #[cfg(debug_assertions)]
            books.check();
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
