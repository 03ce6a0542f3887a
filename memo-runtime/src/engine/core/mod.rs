//! The lock of a cache and all that happens under it, compiled once for all keys and values.
//!
//! A core sees the headers of entries, and neither keys nor values. It compares keys through a closure,
//! drops entries through a function that knows their types, and has values filled in by their owner.
//!
//! This file takes the lock, compares keys without it, and passes on what was taken out. [`calls`] and
//! [`ends`] say what is done under the lock; [`expiry`] is what look-ups without the lock know of deadlines.

mod calls;
mod ends;
pub(crate) mod expiry;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::{Ran, Timing};
use crate::base::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Relaxed, Release as Published},
};
use crate::config::parameters::CacheParameters;
use crate::engine::core::expiry::{Expiry, OnHit};
use crate::engine::state::{KeyMatches, State};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::flight::flight::FlightId;
use crate::flight::patience::{FIRST_TIMED, Patience};
use crate::flight::wait::Wait;
use crate::key::tags::Tags;
use crate::scope::hazard;
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::retired::RetireList;
use crate::store::store::{Limits, TakenOut};
use crate::store::table::Table;
use std::cell::Cell;
// Written under the lock: the models need not explore it.
use std::sync::atomic::AtomicU64 as Guarded;
use std::time::Duration;

/// Acts under the lock, once it is known which entries have the key.
type Act<'a> = dyn FnMut(&mut State, Time, &mut SmallList<EntryRef>) + 'a;

/// An entry to compute.
#[derive(Clone, Copy)]
pub(crate) struct NewEntry<'a> {
    pub(crate) entry: EntryRef,
    /// The wait of its run, if that is async.
    pub(crate) wait: Option<&'a Arc<Wait>>,
    /// Its tags. They are taken when it is filed.
    pub(crate) tags: &'a Cell<Tags>,
}

impl<'a> NewEntry<'a> {
    #[inline]
    pub(crate) fn new<S: Scope>(entry: &'a UnstoredEntry<S>, wait: Option<&'a Arc<Wait>>) -> Self {
        Self { entry: entry.entry_ref(), wait, tags: entry.tags() }
    }
}

/// Whether an entry has the key looked for.
pub(crate) type Equals<'a> = dyn Fn(EntryRef) -> bool + 'a;

/// An entry whose run has ended with a value.
pub(crate) struct Computed<'a> {
    pub(crate) entry: EntryRef,
    /// The store sets it, under the lock, when it owns the entry.
    pub(crate) taken: &'a Cell<bool>,
    /// Whether an entry has the same key.
    pub(crate) equals: &'a Equals<'a>,
    /// How long the body ran, if that was measured.
    pub(crate) ran: Ran,
}

/// The lock of a cache and what it guards, with what look-ups read without it.
pub(crate) struct Core<S: Scope> {
    pub(crate) expiry: Expiry,
    pub(crate) on_hit: OnHit,
    single_flight: bool,
    /// The table of the store.
    pub(crate) table: AtomicPtr<Table>,
    /// The stamps of hits are of this epoch. A new one begins whenever something is stored.
    pub(crate) epoch: AtomicU64,
    pub(crate) readers: S::Readers,
    state: CacheLine<S::Lock<State>>,
    retired: RetireList<S>,
    /// The runs up to this generation are timed: the first ones since the counters were zeroed.
    timed: Guarded,
}

/// A cache line of its own: writers write it, and hits need not fetch it again.
#[repr(align(64))]
struct CacheLine<T>(T);

/// The result of a look-up under the lock. `P` is an owner of an entry.
pub(crate) enum Found<P> {
    Hit(P),
    /// Another run computes it. The wait has this patience.
    Join(P, FlightId, Arc<Wait>, Duration),
    /// The calling thread computes it already, further up its stack.
    Reentry(P, FlightId),
    /// The flight of the fresh entry has started: run the body.
    Lead(FlightId),
    /// Nothing, and there was no fresh entry.
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
    /// For entries of this type.
    pub(crate) fn new(parameters: &CacheParameters, types: &'static EntryType) -> Self {
        let limits = Limits { maxsize: parameters.maxsize, ttl: parameters.ttl };
        let expiry = Expiry::new(parameters.ttl);
        let state = State::new(limits, parameters.patience);
        let touch = state.store.touch();
        Self {
            on_hit: OnHit::new(touch, expiry.is_on()),
            expiry,
            single_flight: parameters.single_flight,
            table: AtomicPtr::default(),
            epoch: AtomicU64::new(0),
            readers: S::Readers::new(),
            state: CacheLine(S::Lock::new(state)),
            retired: RetireList::new(types),
            timed: Guarded::new(FIRST_TIMED),
        }
    }

    /// Acts under the lock once it is known which entries filed under `hash` have the key.
    ///
    /// `equals` is user code, and runs without the lock: all entries of the hash get one more owner, their keys
    /// are compared, and the lock is taken again. If an entry was filed meanwhile, that is compared too. The entry
    /// of the `own` flight has the key.
    fn resolve_keys(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        let mut matches = KeyMatches::with(own.map(|id| id.generation));
        let now = self.sweep_some();
        loop {
            let (mut unmatched, mut generations) = (SmallList::new(), 0);
            self.locked(|state| {
                let mut equal = SmallList::new();
                state.split_by_key(hash, &matches, &mut equal, |entry| {
                    unmatched.push(self.retain(entry));
                });
                generations = state.generations();
                if unmatched.is_empty() {
                    act(state, now, &mut equal);
                }
            });
            if unmatched.is_empty() {
                return;
            }
            for owner in unmatched {
                matches.push(owner.generation(), equals(owner.entry_ref()));
            }
            matches.until(generations);
        }
    }

    /// One more owner of a filed entry.
    fn retain(&self, entry: EntryRef) -> EntryPtr<S> {
        entry.retain::<S>();
        self.retired.adopt(entry)
    }
}

/// Times of runs and entries.
impl<S: Scope> Core<S> {
    /// Whether entries expire.
    pub(crate) fn expires(&self) -> bool {
        self.expiry.is_on()
    }

    /// The clock for the run of this generation. It `is_measured` for those who may wait for it.
    #[inline]
    pub(crate) fn timing(&self, generation: u64, is_measured: bool) -> Timing {
        Patience::timing(generation, self.timed.load(Relaxed), is_measured)
    }
}

/// Stamps.
impl<S: Scope> Core<S> {
    /// A stamp later than all others. Under the lock.
    fn next_stamp(&self) -> u64 {
        let epoch = self.epoch.load(Relaxed) + 1;
        self.epoch.store(epoch, Published);
        epoch + self.readers.hits_alone()
    }

    /// Registers the calling thread with the readers. Under the lock.
    ///
    /// The stamp of a thread that is alone is the epoch plus the number of its hits. When a second thread comes,
    /// the epoch skips to a number later than all those stamps. It skips only after the first thread can see that
    /// it is not alone: a hit reads the epoch first, and then whether its thread is alone. So a hit that reads the
    /// skipped epoch stamps with the epoch alone. A thread can be in the middle of `DEPTH` hits, which it has yet to
    /// count: the skip is larger by these.
    fn register_thread(&self) {
        if let Some(ticks) = self.readers.register_thread() {
            let skipped = ticks + hazard::DEPTH as u64 + 1;
            self.epoch.store(self.epoch.load(Relaxed) + skipped, Published);
        }
    }
}

/// Entries and tables that were taken out.
impl<S: Scope> Core<S> {
    /// Drops entries that were taken out, now or when nobody reads them any longer. Nothing is locked.
    ///
    /// Each entry that leaves the table comes here, since a reader may have found it there. That includes an
    /// entry that was never stored: its run owns it, and may drop it at any time, and so it is given one more
    /// owner, which comes here.
    #[inline]
    fn discard(&self, dead: impl IntoIterator<Item = EntryPtr<S>>) {
        self.retired.discard(dead.into_iter(), self.address(), &self.readers);
    }

    #[cold]
    fn discard_all(&self, taken: impl IntoIterator<Item = TakenOut>) {
        self.discard(self.adopt(taken.into_iter().map(|(entry, _)| entry)));
    }

    /// Owns entries that the store no longer owns. All of them have an owner before the first is dropped, because
    /// that may panic.
    fn adopt(&self, taken: impl IntoIterator<Item = EntryRef>) -> SmallList<EntryPtr<S>> {
        taken.into_iter().map(|entry| self.retired.adopt(entry)).collect()
    }

    #[cold]
    fn discard_tables(&self) {
        let replaced = self.state.0.with(|state| state.store.take_replaced());
        self.retired.discard_tables(replaced, self.address(), &self.readers);
    }

    /// Drops what was taken out before and is no longer read.
    #[cold]
    pub(crate) fn reclaim(&self) {
        self.retired.reclaim(self.address(), &self.readers);
    }

    /// Tells this cache from all others, to the readers.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

/// The lock.
impl<S: Scope> Core<S> {
    /// Does something under the lock that changes nothing of the state.
    pub(crate) fn with_lock<R>(&self, act: impl FnOnce() -> R) -> R {
        self.state.0.with(|_| act())
    }

    /// The generations of all computations so far are up to this.
    pub(crate) fn generations(&self) -> u64 {
        self.state.0.with(|state| state.generations())
    }

    /// Drops all entries. Nobody uses the cache any longer.
    pub(crate) fn close(&mut self) {
        let stored = self.state.0.with(|state| state.store.clear());
        let dead: Vec<_> = stored.map(|(entry, _)| self.retired.adopt(entry)).collect();
        drop(dead);
    }

    /// Reads the state once all that has expired is taken out. This is for questions about the whole cache: a call
    /// takes out a few entries and no more.
    ///
    /// Nothing is dropped after `read`, so that a `Drop` that panics loses no result.
    fn sweep_then_read(&self, read: impl FnOnce(&State, Time)) {
        let now = self.expiry.now();
        while self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        self.locked(|state| read(state, now));
    }

    /// Takes out some of what has expired, and tells the time.
    #[inline]
    fn sweep_some(&self) -> Time {
        let now = self.expiry.now();
        if self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        now
    }

    /// A call comes here at most three times, or four if keys collide, and so takes out at most 64 entries. It
    /// does not pay for all that others have stored.
    #[cold]
    fn remove_some_expired(&self, now: Time) {
        const MOST: usize = 16;
        let expired = self.locked(|state| state.expire(now, MOST));
        self.discard_all(expired);
    }

    /// Acts on the state, and publishes what has changed to the look-ups that take no lock.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (done, changed) = self.state.0.with(|state| {
            let done = act(state);
            #[cfg(debug_assertions)]
            state.check();
            if self.expiry.is_on() {
                self.expiry.set_next(state.store.next_deadline());
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
}

#[cfg(test)]
impl<S: Scope> Core<S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.state.0.with(|state| state.store.flying())
    }
}
