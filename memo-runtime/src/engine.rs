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
use crate::flight::Flight;
use crate::index::{Among, Index, Judged, same};
use crate::parameters::CacheParameters;
use crate::scope::{Cell, Lock, Scope};
use crate::stats::CacheInfo;
use crate::store::Limits;
use crate::sync::{Arc, ThreadToken};
use crate::wait::{Landing, Wait};
use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
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

    /// The value of an entry that is stored, or whose flight has landed with one.
    #[inline]
    pub(crate) fn value(&self) -> &V {
        self.value.get().expect("an entry is filed after its value was set")
    }
}

pub(crate) struct Engine<K, V, S: Scope> {
    index: S::Lock<Index<EntryPtr<K, V, S>>>,
    hashes: SeedableRandomState,
    clock: Clock,
    pub(crate) parameters: CacheParameters,
}

/// What a call finds.
pub(crate) enum Found<P> {
    Hit(P),
    /// Another thread computes it; wait no longer than this before helping.
    Join(P, Arc<Wait>, Duration),
    /// The calling thread computes it already, further up its stack.
    Reentry(P),
    /// The flight of the entry offered is registered: compute.
    Lead,
    /// Nothing, and no entry was offered.
    Absent,
}

impl<K, V, S: Scope> Engine<K, V, S> {
    /// The look-up of a call in the common case: one entry is filed under its hash, and it is the
    /// one. Anything else is for [`look`](Self::look) to tell.
    #[inline]
    pub(crate) fn hit(&self, hash: u64, equals: impl Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        let entry = self.with_index(|index, _| index.store.only(hash).cloned())?;
        if !equals(&entry.key) {
            return None;
        }
        self.index.with(|index| {
            index.store.touch_only(hash);
            index.counts.hits += 1;
        });
        Some(entry)
    }

    /// The look-up of a call. `fresh` is the entry to start computing when there is none.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: impl Fn(&K) -> bool,
        fresh: Option<&EntryPtr<K, V, S>>,
    ) -> Found<EntryPtr<K, V, S>> {
        let single_flight = self.parameters.single_flight;
        let among = if single_flight { Among::StoredAndJoinable } else { Among::Stored };
        self.settle(hash, equals, among, |index, _, is_equal| {
            if let Some(entry) = index.store.touch(hash, is_equal) {
                index.counts.hits += 1;
                return Found::Hit(entry.clone());
            }
            let patience = index.pace.patience();
            if single_flight {
                let joinable =
                    index.flights.filed_mut(hash).find(|f| f.joinable && is_equal(&f.entry));
                if let Some(flight) = joinable {
                    let entry = flight.entry.clone();
                    if flight.owner == ThreadToken::current() {
                        index.counts.misses += 1;
                        return Found::Reentry(entry);
                    }
                    return Found::Join(entry, flight.wait(), patience);
                }
            }
            let Some(fresh) = fresh else { return Found::Absent };
            index.counts.misses += 1;
            index.flights.start(Flight::new(hash, fresh.clone(), single_flight));
            Found::Lead
        })
    }

    /// Starts to compute `entry` whatever is stored, as a refresh does.
    pub(crate) fn lead(&self, entry: &EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        let hash = entry.hash;
        self.settle(
            hash,
            |key| equal(key, &entry.key),
            Among::StoredAndJoinable,
            |index, _, is_equal| {
                let taken = index.flights.filed(hash).any(|f| f.joinable && is_equal(&f.entry));
                let joinable = self.parameters.single_flight && !taken;
                index.counts.misses += 1;
                index.flights.start(Flight::new(hash, entry.clone(), joinable));
            },
        );
    }

    /// Stores the value that `entry` now holds, if its flight is still under way.
    pub(crate) fn land(
        &self,
        entry: &EntryPtr<K, V, S>,
        equal: fn(&K, &K) -> bool,
        run: Duration,
        helped: Option<Duration>,
    ) {
        let hash = entry.hash;
        let _dropped = self.settle(
            hash,
            |key| equal(key, &entry.key),
            Among::Stored,
            |index, now, is_equal| {
                // There is none when a helper was faster.
                let mut flight = index.flights.end(hash, |e| same(e, entry))?;
                flight.landing = Landing::Value;
                if flight.outdated {
                    index.counts.outdated += 1;
                    return Some((flight, None));
                }
                match helped {
                    None => index.pace.completed(run),
                    Some(waited) => index.pace.helped(run, waited),
                }
                Some((flight, Some(index.file(entry.clone(), hash, now, is_equal))))
            },
        );
    }

    /// Files `entry` as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, entry: &EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        let hash = entry.hash;
        let _dropped = self.settle(
            hash,
            |key| equal(key, &entry.key),
            Among::StoredAndFlying,
            |index, now, is_equal| {
                index.outdate(hash, is_equal);
                index.file(entry.clone(), hash, now, is_equal)
            },
        );
    }

    /// The stored entry, looked at without counting or touching.
    pub(crate) fn peek(&self, hash: u64, equals: impl Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        self.settle(hash, equals, Among::Stored, |index, _, is_equal| {
            index.store.filed(hash).find(|entry| is_equal(entry)).cloned()
        })
    }

    /// Takes an entry out, and keeps computations under way from storing it again.
    pub(crate) fn remove(
        &self,
        hash: u64,
        equals: impl Fn(&K) -> bool,
    ) -> Option<EntryPtr<K, V, S>> {
        self.settle(hash, equals, Among::StoredAndFlying, |index, _, is_equal| {
            index.outdate(hash, is_equal);
            index.store.remove(hash, is_equal)
        })
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock.
    fn settle<R>(
        &self,
        hash: u64,
        equals: impl Fn(&K) -> bool,
        among: Among,
        act: impl FnOnce(&mut Index<EntryPtr<K, V, S>>, Time, &dyn Fn(&EntryPtr<K, V, S>) -> bool) -> R,
    ) -> R {
        let mut judged = Judged::new();
        let mut act = Some(act);
        loop {
            let settled = self.with_index(|index, now| {
                let unjudged = index.unjudged(hash, among, &judged);
                match act.take() {
                    Some(act) if unjudged.is_empty() => {
                        Ok(act(index, now, &|entry| judged.is_equal(entry)))
                    }
                    later => {
                        act = later;
                        Err(unjudged)
                    }
                }
            });
            match settled {
                Ok(done) => return done,
                Err(unjudged) => unjudged.into_iter().for_each(|entry| {
                    let equal = equals(&entry.key);
                    judged.push(entry, equal);
                }),
            }
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

    /// Ends the flight of `entry` without storing anything.
    pub(crate) fn end(&self, entry: &EntryPtr<K, V, S>) -> Option<Flight<EntryPtr<K, V, S>>> {
        self.index.with(|index| index.flights.end(entry.hash, |e| same(e, entry)))
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(
        &self,
        entry: &EntryPtr<K, V, S>,
        own: bool,
    ) -> Option<Flight<EntryPtr<K, V, S>>> {
        self.index.with(|index| {
            index.counts.rejected += 1;
            if own { index.flights.end(entry.hash, |e| same(e, entry)) } else { None }
        })
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.index.with(|index| {
            index.counts.hits += 1;
            index.counts.coalesced += 1;
        });
    }

    /// A call that waited runs the body after all, for the flight it waited for.
    pub(crate) fn count_helper(&self) {
        self.index.with(|index| index.counts.misses += 1);
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, entry: &EntryPtr<K, V, S>) {
        self.index.with(|index| {
            index.counts.misses += 1;
            index.flights.start(Flight::new(entry.hash, entry.clone(), false));
        });
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let maxsize = self.parameters.maxsize;
        self.with_index(|index, _| CacheInfo {
            maxsize,
            currsize: index.store.len(),
            ..index.counts
        })
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    pub(crate) fn clear(&self) {
        let _dropped = self.index.with(|index| {
            index.counts = CacheInfo::default();
            index.flights.outdate_all();
            index.store.take()
        });
    }

    /// The entries, in the order of the store.
    pub(crate) fn entries(&self) -> Vec<EntryPtr<K, V, S>> {
        self.with_index(|index, _| index.store.iter().cloned().collect())
    }

    /// Takes this very entry out, if it is still stored.
    pub(crate) fn remove_entry(&self, entry: &EntryPtr<K, V, S>) {
        let _dropped = self.index.with(|index| index.store.remove(entry.hash, |e| same(e, entry)));
    }

    /// Acts on the index once all that has expired was given back, a little at a time.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    #[inline]
    fn with_index<R>(&self, act: impl FnOnce(&mut Index<EntryPtr<K, V, S>>, Time) -> R) -> R {
        const AT_ONCE: usize = 64;
        let now = self.clock.now();
        let mut act = Some(act);
        loop {
            let expired = self.index.with(|index| {
                let expired = index.store.expire(now, AT_ONCE);
                index.counts.expirations += expired.len() as u64;
                match act.take() {
                    Some(act) if expired.is_empty() => Ok(act(index, now)),
                    later => {
                        act = later;
                        Err(expired)
                    }
                }
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

#[cfg(test)]
impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.index.with(|index| index.flights.len())
    }
}
