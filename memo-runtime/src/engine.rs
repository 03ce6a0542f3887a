//! The protocol of a cache: look up, compute once, store, forget.
//!
//! One engine serves both scopes. Its state is an [`Index`]: the entries stored, the computations under
//! way, the counters. The index is locked for a few instructions at a time, and **no user
//! code runs under the lock**: not `Hash` (done once, before), not `Clone` or `Drop` (entries are
//! shared pointers, and leave the lock before they are dropped), and not `Eq`. A look-up therefore
//! goes in two steps, which [`Engine::settle`] keeps in one place: take pointers to all entries filed
//! under the hash, compare their keys without the lock, and come back to act on the one that is
//! equal, if meanwhile no new one has been filed.
//!
//! An entry is made when its computation starts. It holds the key, and once there is one the value;
//! while it has none it is held by a flight, and only a flight that is still under way may store it:
//!
//! ```text
//! miss ──► flight ──► stored ──► evicted | expired | removed
//!            │  └──► outdated by a clear or a remove: lands, but is not stored
//!            └─────► failed, or abandoned by a panic
//! ```

use crate::clock::{Clock, Time};
use crate::flight::{Flight, FlightId};
use crate::index::{Among, Books, Index, Judged};
use crate::parameters::CacheParameters;
use crate::scope::{Cell, Lock, Scope};
use crate::stats::CacheInfo;
use crate::store::{Limits, Place};
use crate::sync::{Arc, ThreadToken};
use crate::wait::{Landing, Wait};
use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

/// A key, and its value once computed.
pub(crate) struct Entry<K, V, S: Scope> {
    hash: u64,
    pub(crate) key: K,
    pub(crate) value: S::Cell<V>,
}

pub(crate) type EntryPtr<K, V, S> = <S as Scope>::Ptr<Entry<K, V, S>>;

impl<K, V, S: Scope> Entry<K, V, S> {
    pub(crate) fn pending(hash: u64, key: K) -> EntryPtr<K, V, S> {
        S::ptr(Self { hash, key, value: S::Cell::empty() })
    }

    pub(crate) fn ready(hash: u64, key: K, value: V) -> EntryPtr<K, V, S> {
        S::ptr(Self { hash, key, value: S::Cell::filled(value) })
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The value of an entry that is stored, or whose flight has landed with one.
    #[inline]
    pub(crate) fn value(&self) -> &V {
        self.value.get().expect("an entry is filed after its value was set")
    }
}

type IndexOf<K, V, S> = Index<EntryPtr<K, V, S>>;

/// What is done under the lock. Behind a pointer, so that each way to do it costs one function for a
/// cache type and not one for each thing done.
type View<'a, K, V, S, R> = dyn FnMut(&mut IndexOf<K, V, S>, Time) -> R + 'a;

/// The same, once it is known which entries have the key.
type Act<'a, K, V, S> = dyn FnMut(&mut IndexOf<K, V, S>, Time, &Judged) + 'a;

pub(crate) struct Engine<K, V, S: Scope> {
    index: S::Lock<IndexOf<K, V, S>>,
    hashes: SeedableRandomState,
    clock: Clock,
    pub(crate) parameters: CacheParameters,
}

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

/// What the books say of a call.
enum Told {
    Stored(Place),
    Flying(FlightId, Option<(Arc<Wait>, Duration)>),
    Absent,
}

impl Books {
    /// Looks a call up, and counts it if that settles it.
    fn look(&mut self, hash: u64, judged: &Judged, single_flight: bool) -> Told {
        if let Some(place) = self.stored(hash, judged) {
            self.store.touch(place, self.store.birth(place));
            self.counts.hits += 1;
            return Told::Stored(place);
        }
        let patience = self.pace.patience();
        let mut flights = self.flights.filed_mut(hash);
        let joinable = flights.find(|it| it.joinable && judged.is_equal(it.id.birth));
        match joinable.filter(|_| single_flight) {
            Some(flight) if flight.owner == ThreadToken::current() => {
                let id = flight.id;
                drop(flights);
                self.counts.misses += 1;
                Told::Flying(id, None)
            }
            Some(flight) => Told::Flying(flight.id, Some((flight.wait(), patience))),
            None => Told::Absent,
        }
    }
}

impl<K, V, S: Scope> Engine<K, V, S> {
    /// The look-up of a call in the common case: one entry is filed under its hash, and it is the
    /// one. Anything else is for [`look`](Self::look) to tell.
    #[inline]
    pub(crate) fn hit(&self, hash: u64, equals: impl Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        let now = self.clock.now();
        let (place, birth, entry) = self.index.with(|index| {
            let place = index.books.only(hash, now)?;
            Some((place, index.books.store.birth(place), index.at(place)))
        })?;
        if !equals(&entry.key) {
            return None;
        }
        self.index.with(|index| index.books.hit(hash, place, birth));
        Some(entry)
    }

    /// The look-up of a call. `fresh` is the entry to start computing when there is none.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        fresh: Option<&EntryPtr<K, V, S>>,
    ) -> Found<EntryPtr<K, V, S>> {
        let single_flight = self.parameters.single_flight;
        let among = if single_flight { Among::StoredAndJoinable } else { Among::Stored };
        let mut found = Found::Absent;
        self.settle(hash, equals, among, &mut |index, _, judged| {
            found = match (index.books.look(hash, judged, single_flight), fresh) {
                (Told::Stored(place), _) => Found::Hit(index.at(place)),
                (Told::Flying(id, None), _) => Found::Reentry(index.in_flight(id.place), id),
                (Told::Flying(id, Some((wait, patience))), _) => {
                    Found::Join(index.in_flight(id.place), id, wait, patience)
                }
                (Told::Absent, None) => Found::Absent,
                (Told::Absent, Some(fresh)) => {
                    index.books.counts.misses += 1;
                    Found::Lead(index.start(hash, fresh.clone(), single_flight))
                }
            };
        });
        found
    }

    /// Starts to compute `entry` whatever is stored, as a refresh does.
    pub(crate) fn lead(
        &self,
        entry: &EntryPtr<K, V, S>,
        equal: fn(&K, &K) -> bool,
    ) -> Option<FlightId> {
        let hash = entry.hash;
        let mut id = None;
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, Among::StoredAndJoinable, &mut |index, _, judged| {
            let mut flights = index.books.flights.filed(hash);
            let taken = flights.any(|it| it.joinable && judged.is_equal(it.id.birth));
            drop(flights);
            index.books.counts.misses += 1;
            id = Some(index.start(hash, entry.clone(), self.parameters.single_flight && !taken));
        });
        id
    }

    /// Stores the value that `entry` now holds, if its flight is still under way.
    pub(crate) fn land(
        &self,
        entry: &EntryPtr<K, V, S>,
        id: FlightId,
        equal: fn(&K, &K) -> bool,
        run: Duration,
        helped: Option<Duration>,
    ) {
        let hash = entry.hash;
        let mut dropped = None;
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, Among::Stored, &mut |index, now, judged| {
            // There is none when a helper was faster.
            let Some((mut flight, flown)) = index.end(hash, id) else { return };
            flight.landing = Landing::Value;
            if flight.outdated {
                index.books.counts.outdated += 1;
                dropped = Some((flight, flown, [None, None]));
                return;
            }
            match helped {
                None => index.books.pace.completed(run),
                Some(waited) => index.books.pace.helped(run, waited),
            }
            dropped = Some((flight, flown, index.file(entry.clone(), hash, now, judged)));
        });
    }

    /// Files `entry` as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, entry: &EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        let hash = entry.hash;
        let mut dropped = [None, None];
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, Among::StoredAndFlying, &mut |index, now, judged| {
            index.books.outdate(hash, judged);
            dropped = index.file(entry.clone(), hash, now, judged);
        });
    }

    /// The stored entry, looked at without counting or touching.
    pub(crate) fn peek(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        let mut found = None;
        self.settle(hash, equals, Among::Stored, &mut |index, _, judged| {
            found = index.books.stored(hash, judged).map(|place| index.at(place));
        });
        found
    }

    /// Takes an entry out, and keeps computations under way from storing it again.
    pub(crate) fn remove(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
    ) -> Option<EntryPtr<K, V, S>> {
        let mut removed = None;
        self.settle(hash, equals, Among::StoredAndFlying, &mut |index, _, judged| {
            index.books.outdate(hash, judged);
            removed = index.books.stored(hash, judged).and_then(|place| index.take(place));
        });
        removed
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock.
    fn settle(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        among: Among,
        act: &mut Act<'_, K, V, S>,
    ) {
        let mut judged = Judged::new();
        loop {
            let (unjudged, births) = self.with_index(&mut |index, now| {
                let unjudged = index.unjudged(hash, among, &judged);
                if unjudged.is_empty() {
                    act(index, now, &judged);
                }
                (unjudged, index.books.births)
            });
            if unjudged.is_empty() {
                return;
            }
            for (birth, entry) in unjudged.into_iter() {
                judged.push(birth, equals(&entry.key));
            }
            judged.until(births);
        }
    }
}

impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn new(parameters: CacheParameters) -> Self {
        let limits = Limits { maxsize: parameters.maxsize, ttl: parameters.ttl };
        Self {
            index: S::Lock::new(Index::new(limits)),
            hashes: process_hashes(),
            clock: Clock::for_ttl(parameters.ttl),
            parameters,
        }
    }

    #[inline]
    pub(crate) fn hash(&self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        let mut state = self.hashes.build_hasher();
        feed(&mut state);
        state.finish()
    }

    /// Ends a flight without storing anything.
    pub(crate) fn end(&self, hash: u64, id: FlightId) {
        drop(self.index.with(|index| index.end(hash, id)));
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(&self, hash: u64, own: Option<FlightId>) -> Option<Flight> {
        let ended = self.index.with(|index| {
            index.books.counts.rejected += 1;
            own.and_then(|id| index.end(hash, id))
        });
        ended.map(|(flight, _)| flight)
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.index.with(|index| {
            index.books.counts.hits += 1;
            index.books.counts.coalesced += 1;
        });
    }

    /// A call that waited runs the body after all, for the flight it waited for.
    pub(crate) fn count_helper(&self) {
        self.index.with(|index| index.books.counts.misses += 1);
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, entry: &EntryPtr<K, V, S>) -> FlightId {
        self.index.with(|index| {
            index.books.counts.misses += 1;
            index.start(entry.hash, entry.clone(), false)
        })
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let maxsize = self.parameters.maxsize;
        self.with_index(&mut |index, _| CacheInfo {
            maxsize,
            currsize: index.books.store.len(),
            ..index.books.counts
        })
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    pub(crate) fn clear(&self) {
        drop(self.index.with(Index::clear));
    }

    /// The entries, in the order of the store.
    pub(crate) fn entries(&self) -> Vec<EntryPtr<K, V, S>> {
        self.with_index(&mut |index, _| index.iter().collect())
    }

    /// Takes this very entry out, if it is still stored.
    pub(crate) fn remove_entry(&self, entry: &EntryPtr<K, V, S>) {
        let _dropped = self.index.with(|index| {
            let place =
                index.books.store.filed(entry.hash).find(|it| same(&index.at(*it), entry))?;
            index.take(place)
        });
    }

    /// Acts on the index once all that has expired was given back, a little at a time.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    fn with_index<R>(&self, act: &mut View<'_, K, V, S, R>) -> R {
        const AT_ONCE: usize = 64;
        let now = self.clock.now();
        loop {
            let expired = self.index.with(|index| {
                let expired = index.expire(now, AT_ONCE);
                if expired.is_empty() { Ok(act(index, now)) } else { Err(expired) }
            });
            if let Ok(done) = expired {
                return done;
            }
        }
    }
}

/// The hasher of all caches, seeded by the operating system once a process, so that nobody outside
/// can choose keys that collide. A seed for each hasher would not do: `foldhash` also multiplies by a
/// seed that all hashers share, and by default everybody knows that one.
fn process_hashes() -> SeedableRandomState {
    static SEED: OnceLock<(u64, SharedSeed)> = OnceLock::new();
    let (own, shared) = SEED.get_or_init(|| {
        let random = || RandomState::new().build_hasher().finish();
        (random(), SharedSeed::from_u64(random()))
    });
    SeedableRandomState::with_seed(*own, shared)
}

impl<K, V, S: Scope> fmt::Debug for Engine<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

fn same<T, P: Deref<Target = T>>(a: &P, b: &P) -> bool {
    std::ptr::eq::<T>(&raw const **a, &raw const **b)
}

#[cfg(test)]
impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.index.with(|index| index.books.flights.len())
    }
}
