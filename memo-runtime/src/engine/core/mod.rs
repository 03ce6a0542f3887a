//! What happens under the lock of a cache, for keys and values of any types.
//!
//! Of entries a core sees the heads alone, so that all this is compiled once, and not for each type of
//! cache. It compares keys by asking, drops entries by way of a function that knows their types, and has
//! values filled in by who has them.
//!
//! Here is how the lock is taken, how keys are compared without it, and what happens to what is taken out;
//! what is done under it is in [`calls`] and [`ends`].

mod calls;
mod ends;

use crate::base::clock::{Clock, Time};
use crate::base::small_list::SmallList;
use crate::base::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release as Published},
};
use crate::config::parameters::CacheParameters;
use crate::engine::state::{KeyMatches, State};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::flight::wait::Wait;
use crate::scope::hazard;
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::eviction::Touch;
use crate::store::retired::{Release, RetireList, Retired};
use crate::store::store::{Limits, TakenOut};
use crate::store::table::Table;
use std::time::Duration;

/// What is done under the lock.
type View<'a> = dyn FnMut(&mut State, Time) + 'a;

/// The same, once it is known which entries have the key.
type Act<'a> = dyn FnMut(&mut State, Time, &mut SmallList<EntryRef>) + 'a;

/// An entry to be computed, and where others may wait for that if it is async.
pub(crate) type Fresh<'a> = (EntryRef, Option<&'a Arc<Wait>>);

/// Whether an entry has the key looked for.
pub(crate) type Equals<'a> = dyn Fn(EntryRef) -> bool + 'a;

pub(crate) struct Core<S: Scope> {
    pub(crate) clock: Clock,
    /// What a hit leaves in its entry.
    pub(crate) touch: Touch,
    single_flight: bool,
    /// The table of the store.
    pub(crate) table: AtomicPtr<Table>,
    /// When the next entry expires.
    deadline: AtomicU64,
    /// Stamps are of this epoch, and there is a new one whenever something is stored.
    pub(crate) epoch: AtomicU64,
    pub(crate) readers: S::Readers,
    state: CacheLine<S::Lock<State>>,
    pub(crate) retired: RetireList<S>,
}

/// In a cache line of its own: what writers write, readers do not want to see.
#[repr(align(64))]
struct CacheLine<T>(T);

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

impl<S: Scope> Core<S> {
    /// `release` drops an owner of an entry of keys `K` and values `V`.
    pub(crate) fn new<K, V>(parameters: &CacheParameters, release: Release) -> Self {
        let limits = Limits { maxsize: parameters.maxsize, ttl: parameters.ttl };
        let state = State::new(limits, parameters.patience);
        Self {
            clock: Clock::for_ttl(parameters.ttl),
            touch: state.store.touch(),
            single_flight: parameters.single_flight,
            table: AtomicPtr::default(),
            deadline: AtomicU64::new(Time::FOREVER.nanos()),
            epoch: AtomicU64::new(0),
            readers: S::Readers::new(),
            state: CacheLine(S::Lock::new(state)),
            retired: RetireList::of::<K, V>(release),
        }
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock. The run of the `own` flight is known to be equal.
    fn resolve_keys(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        let mut matches = KeyMatches::with(own.map(|id| id.generation));
        let now = self.give_back_expired();
        loop {
            let (mut unmatched, mut generations) = (SmallList::new(), 0);
            self.locked(|state| {
                let mut equal = SmallList::new();
                state.sort(hash, &matches, &mut equal, |place| unmatched.push(self.keep(place)));
                generations = state.generations();
                if unmatched.is_empty() {
                    act(state, now, &mut equal);
                }
            });
            if unmatched.is_empty() {
                return;
            }
            for entry in unmatched {
                matches.push(entry.entry().generation(), equals(entry.entry()));
            }
            matches.until(generations);
        }
    }

    /// One more owner of an entry that is filed.
    fn keep(&self, place: EntryRef) -> Retired {
        place.retain::<S>();
        self.retired.adopt(place)
    }
}

/// Stamps, and who reads.
impl<S: Scope> Core<S> {
    /// A stamp later than all others. Under the lock.
    fn next_stamp(&self) -> u64 {
        let epoch = self.epoch.load(Relaxed) + 1;
        self.epoch.store(epoch, Published);
        epoch + self.readers.hits_alone()
    }

    /// Registers the calling thread with the readers. Under the lock.
    ///
    /// A thread that is alone stamps with the epoch and the number of its hits. When another comes, the
    /// epoch skips so far that it is later than all of these, but not before it is known that there are
    /// two: the first one reads the epoch first. It may be in the middle of hits, and count them yet.
    fn register_thread(&self) {
        if let Some(ticks) = self.readers.register_thread() {
            let skipped = ticks + hazard::DEPTH as u64 + 1;
            self.epoch.store(self.epoch.load(Relaxed) + skipped, Published);
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
    fn discard(&self, dead: impl IntoIterator<Item = Retired>) {
        self.retired.discard(dead.into_iter(), self.address(), &self.readers);
    }

    #[cold]
    fn discard_all(&self, dead: impl IntoIterator<Item = TakenOut>) {
        self.discard(dead.into_iter().map(|(place, _)| self.retired.adopt(place)));
    }

    /// Drops what was to be dropped before, if nobody reads it any longer.
    #[cold]
    pub(crate) fn reclaim(&self) {
        self.retired.reclaim(self.address(), &self.readers);
    }

    #[inline]
    pub(crate) fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

impl<S: Scope> Core<S> {
    /// Does something under the lock.
    pub(crate) fn alone<R>(&self, act: impl FnOnce() -> R) -> R {
        self.state.0.with(|_| act())
    }

    /// The generations of all computations so far are up to this.
    pub(crate) fn generations(&self) -> u64 {
        self.state.0.with(|state| state.generations())
    }

    /// Drops all entries. Nobody uses the cache any longer.
    pub(crate) fn close(&mut self) {
        let stored = self.state.0.with(|state| state.store.clear());
        let dead: Vec<_> = stored.map(|(place, _)| self.retired.adopt(place)).collect();
        drop(dead);
    }

    /// Acts on the state once all that has expired was given back, a little at a time: this is for those who
    /// ask about the whole cache, and not for calls.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    fn with_books(&self, act: &mut View<'_>) {
        let now = self.clock.now();
        while self.deadline().has_passed(now) {
            self.give_back(now);
        }
        self.locked(|state| act(state, now));
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
        let expired = self.locked(|state| state.expire(now, AT_ONCE));
        self.discard_all(expired);
    }

    /// Acts on the state, and shows their readers what has changed.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (done, changed) = self.state.0.with(|state| {
            let done = act(state);
            #[cfg(debug_assertions)]
            state.check();
            if self.clock != Clock::Unread {
                self.deadline.store(state.store.next_deadline().nanos(), Published);
            }
            let table = state.store.table();
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
        let replaced = self.state.0.with(|state| state.store.take_replaced());
        self.retired.discard_tables(replaced, self.address(), &self.readers);
    }
}

#[cfg(test)]
impl<S: Scope> Core<S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.state.0.with(|state| state.store.flying())
    }
}
