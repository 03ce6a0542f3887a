//! The protocol of a cache: look up, compute once, store, forget.
//!
//! One engine serves both scopes. Its state is an [`Index`]: the entries stored, the computations under
//! way, the counters. The index is locked for a few instructions at a time, and **no user
//! code runs under the lock**: not `Hash` (done once, before), not `Clone` or `Drop` (entries are
//! shared pointers, and leave the lock before they are dropped), and not `Eq`. A look-up under the lock
//! therefore goes in two steps, which [`Engine::settle`] keeps in one place: take pointers to all entries
//! filed under the hash, compare their keys without the lock, and come back to act on the one that is
//! equal, if meanwhile no new one has been filed.
//!
//! # Hits
//!
//! A hit takes no lock, and writes nothing that the hits of other threads write or read. It finds its
//! entry in the store's [`Table`], which is read while others change it; it has
//! [announced](crate::reading) that it reads, so that nobody drops what it has found; it counts itself in
//! a [cell of its thread](crate::readers); and it leaves a [stamp](crate::ranks) in the entry, by
//! which the one used least recently can be told when there is one to evict. Where only one thread has
//! ever used the cache, each hit has a stamp of its own, and the order is exact. With several, those
//! between two misses share a stamp, which the first of them writes and the others find written. Whatever
//! is not plain (two keys of one hash, something that expired, a thread's first call) is left to the
//! look-up under the lock, which is always right.
//!
//! # What else was tried
//!
//! Measured as nanoseconds a hit, of `u64` to `u64` and 256 keys, on one thread and on two (wall time over
//! all calls), where the floor, a thread's own hash map, takes 2.5 and 1.3:
//!
//! | | 1 | 2 |
//! |---|--:|--:|
//! | a mutex, entries counted by `Arc` | 20 | 93 |
//! | `papaya` (an index on `seize`), stamps and cells as here | 8.6 | 4.3 |
//! | a front for each thread, on top of a locked table | 6.4 | 8 |
//! | linear probing, one hash a slot | 8 to 12 | 4 to 6 |
//! | this | 7.4 | 3.6 |
//!
//! - `papaya` allocates and retires at each change of the index: misses took 130 to 150, and dead values are
//!   dropped in batches whatever they own.
//! - A front for each thread keeps dead values until the thread happens to come by again, and serves as many
//!   keys as it has slots, beyond which it is in the way.
//! - Epochs in place of [hazard pointers](crate::reading): one `Clone` that takes long would hold up
//!   everything that is dropped.
//! - With linear probing, how far to probe depends on the key, and on the seed of the process: processors
//!   guess it wrong. Buckets whose tags are compared at once leave nothing to guess.
//! - A fence on each hit costs 2.3; see [`fences`](crate::fences) for who pays instead.
//!
//! # Misses
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
use crate::entry::{Entry, EntryPtr};
use crate::few::Few;
use crate::flight::{Flight, FlightId};
use crate::index::{Filed, Index, Judged, Landed};
use crate::limbo::Limbo;
use crate::parameters::CacheParameters;
use crate::readers::{Counted, Read, Readers};
use crate::reading;
use crate::scope::{Cell, Lock, Scope};
use crate::stats::CacheInfo;
use crate::store::Limits;
use crate::sync::{
    Arc, AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::table::{Place, Table};
use crate::wait::{Landing, Wait};
use std::fmt;
use std::time::Duration;

type IndexOf<K, V, S> = Index<EntryPtr<K, V, S>>;

/// An entry to be computed, and where others may wait for that if it is async.
type Fresh<'a, K, V, S> = (&'a EntryPtr<K, V, S>, Option<&'a Arc<Wait>>);

/// What is done under the lock. Behind a pointer, so that each way to do it costs one function for a
/// cache type and not one for each thing done.
type View<'a, K, V, S> = dyn FnMut(&mut IndexOf<K, V, S>, Time) + 'a;

/// The same, once it is known which entries have the key: where they are.
type Act<'a, K, V, S> = dyn FnMut(&mut IndexOf<K, V, S>, Time, &mut Few<Place>) + 'a;

pub(crate) struct Engine<K, V, S: Scope> {
    clock: Clock,
    is_bounded: bool,
    /// The table of the store.
    table: AtomicPtr<Table>,
    /// When the next entry expires.
    deadline: AtomicU64,
    /// Stamps are of this era, and there is a new one whenever something is stored.
    era: AtomicU64,
    readers: S::Readers,
    pub(crate) parameters: CacheParameters,
    index: Apart<S::Lock<IndexOf<K, V, S>>>,
    limbo: Limbo<EntryPtr<K, V, S>, S>,
}

/// In a cache line of its own: what writers write, readers do not want to see.
#[repr(align(64))]
struct Apart<T>(T);

/// What a look at the table tells.
pub(crate) enum Seen<R> {
    Hit(R),
    /// There was nothing.
    Nothing,
    /// Only [`Engine::look`] can tell.
    Unclear,
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

impl<K, V, S: Scope> Engine<K, V, S> {
    /// The look-up of a call in the common case, without the lock: there is one entry filed under the
    /// hash, and it is the one.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is a part of `call::enter`")]
    pub(crate) fn hit<R>(
        &self,
        hash: u64,
        equals: impl Fn(&K) -> bool,
        answer: impl FnOnce(&V) -> R,
    ) -> Seen<R> {
        // Before it is known who reads: see `meet`.
        let era = self.era.load(Acquire);
        if self.clock != Clock::Unread && self.clock.now() >= self.deadline() {
            return Seen::Unclear;
        }
        let Some(reading) = self.readers.read(self.address(), self.limbo.is_plain()) else {
            // The attempt may have been in somebody's way.
            self.limbo.tidy(self.address(), &self.readers);
            return Seen::Unclear;
        };
        let Some((entry, value)) = self.find(&reading, hash) else {
            self.leave(reading);
            return Seen::Nothing;
        };
        if !equals(&entry.key) {
            self.leave(reading);
            return Seen::Unclear;
        }
        match self.readers.hit(&reading) {
            _ if !self.is_bounded => {}
            Counted::Alone(hits) => entry.stamp.store(era + hits, Relaxed),
            Counted::AmongOthers => {
                if entry.stamp.load(Relaxed) < era {
                    entry.stamp.fetch_max(era, Relaxed);
                }
            }
        }
        let result = answer(value);
        self.leave(reading);
        Seen::Hit(result)
    }

    /// Ends to read, and drops what somebody wanted to drop meanwhile.
    #[inline]
    fn leave(&self, reading: <S::Readers as Readers>::Reading<'_>) {
        if reading.end() {
            self.limbo.tidy(self.address(), &self.readers);
        }
    }

    /// The first stored entry under this hash. It lives as long as it is read.
    #[inline]
    fn find<'r>(
        &self,
        reading: &'r <S::Readers as Readers>::Reading<'_>,
        hash: u64,
    ) -> Option<(&'r Entry<K, V, S>, &'r V)> {
        let table = self.table.load(Acquire);
        if table.is_null() {
            return None;
        }
        #[expect(unsafe_code, reason = "who reads without the lock reads what others own")]
        // SAFETY: What `self.table` points at, and what that table points at, is owned by the index, and
        // was when `reading` was announced; or it was taken out since. What is taken out goes through
        // `discard`, which drops it once nobody reads it: `Readers::nobody_reads` and `still_read` tell,
        // and `reading` tells them, of all tables and entries of this engine until `hold`, and of this
        // entry until it ends. Nobody has a mutable reference to either after it was published. Entries
        // in the table of an engine are of its own type.
        unsafe {
            (*table).find(hash, |entry| {
                let entry = entry.cast_const().cast::<Entry<K, V, S>>();
                // One that is being computed may have a value before it is stored.
                if (*entry).hash != hash || (*entry).stamp.load(Acquire) == 0 {
                    return None;
                }
                let value = (*entry).value.get()?;
                reading.hold(entry.addr());
                Some((&*entry, value))
            })
        }
    }

    /// The look-up of a call. `fresh` is the entry to start computing when there is none, with the wait of
    /// its run if that is async.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        fresh: Option<Fresh<'_, K, V, S>>,
    ) -> Found<EntryPtr<K, V, S>> {
        let single_flight = self.parameters.single_flight;
        let mut found = Found::Absent;
        self.settle(hash, equals, None, &mut |index, _, equal| {
            self.meet();
            let books = &mut index.books;
            found = if let Some(place) = books.stored(equal) {
                books.counts.hits += 1;
                let entry = index.at(place);
                if self.is_bounded {
                    entry.stamp.store(self.tick(), Relaxed);
                }
                Found::Hit(entry.clone())
            } else if let Some((id, owner)) = books.joinable(equal).filter(|_| single_flight) {
                if owner.is_here() {
                    books.counts.misses += 1;
                    Found::Reentry(index.at(id.place).clone(), id)
                } else {
                    let (wait, patience) = books.wait(id, owner);
                    Found::Join(index.at(id.place).clone(), id, wait, patience)
                }
            } else if let Some((fresh, wait)) = fresh {
                books.counts.misses += 1;
                Found::Lead(index.start(hash, fresh.clone(), single_flight, wait))
            } else {
                Found::Absent
            };
        });
        found
    }

    /// Starts to compute `entry` whatever is stored, as a refresh does.
    pub(crate) fn lead(
        &self,
        entry: &EntryPtr<K, V, S>,
        equal: fn(&K, &K) -> bool,
        wait: Option<&Arc<Wait>>,
    ) -> Option<FlightId> {
        let hash = entry.hash;
        let mut id = None;
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, None, &mut |index, _, equal| {
            self.meet();
            let taken = index.books.joinable(equal).is_some();
            index.books.counts.misses += 1;
            let joinable = self.parameters.single_flight && !taken;
            id = Some(index.start(hash, entry.clone(), joinable, wait));
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
        let mut landed = None;
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, Some(id), &mut |index, now, equal| {
            let stamp = self.tick();
            landed = index.land(id, now, stamp, equal);
            // There is none when a helper was faster.
            let Some(Landed { flight, stored, .. }) = &mut landed else { return };
            flight.landing = Landing::Value;
            if *stored {
                entry.stamp.store(stamp, Release);
            }
            if !flight.outdated {
                match helped {
                    None => index.books.pace.completed(run),
                    Some(waited) => index.books.pace.helped(run, waited),
                }
            }
        });
        self.leave_landed(landed);
    }

    /// Files `entry` as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, entry: &EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        let hash = entry.hash;
        let mut landed = None;
        let equals = |key: &K| equal(key, &entry.key);
        self.settle(hash, &equals, None, &mut |index, now, equal| {
            self.meet();
            index.books.outdate(equal);
            let id = index.start(hash, entry.clone(), false, None);
            let stamp = self.tick();
            equal.push(id.place);
            landed = index.land(id, now, stamp, equal);
            if landed.as_ref().is_some_and(|landed| landed.stored) {
                entry.stamp.store(stamp, Release);
            }
        });
        self.leave_landed(landed);
    }

    fn leave_landed(&self, landed: Option<Landed<EntryPtr<K, V, S>>>) {
        let Some(Landed { flight, overtaken, dead, .. }) = landed else { return };
        // Those who wait are told before anything of the user's is dropped.
        drop(flight);
        // They find it stored.
        if let Some(wait) = overtaken {
            wait.land(Landing::Abandoned);
        }
        self.discard(dead.into_iter().flatten());
    }

    /// The stored entry, looked at without counting or touching.
    pub(crate) fn peek(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        let mut found = None;
        self.settle(hash, equals, None, &mut |index, _, equal| {
            found = index.books.stored(equal).map(|place| index.at(place).clone());
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
        self.settle(hash, equals, None, &mut |index, _, equal| {
            index.books.outdate(equal);
            removed = index.books.stored(equal).and_then(|place| index.take(place));
        });
        self.discard(removed.clone());
        removed
    }

    /// Compares keys outside the lock until all entries filed under `hash` are known to be equal or
    /// not, and then acts under the lock. The run of the `own` flight is known to be equal.
    fn settle(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        own: Option<FlightId>,
        act: &mut Act<'_, K, V, S>,
    ) {
        let mut judged = Judged::with(own.map(|id| id.birth));
        loop {
            let (mut unjudged, mut births) = (Few::new(), 0);
            self.with_index(&mut |index, now| {
                let mut equal = Few::new();
                index.sort(hash, &judged, &mut equal, &mut unjudged);
                births = index.books.births();
                if unjudged.is_empty() {
                    act(index, now, &mut equal);
                }
            });
            if unjudged.is_empty() {
                return;
            }
            for (birth, entry) in unjudged {
                judged.push(birth, equals(&entry.key));
            }
            judged.until(births);
        }
    }
}

/// Stamps, and who reads.
impl<K, V, S: Scope> Engine<K, V, S> {
    /// A stamp later than all others. Under the lock.
    fn tick(&self) -> u64 {
        let era = self.era.load(Relaxed) + 1;
        self.era.store(era, Release);
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
            self.era.store(self.era.load(Relaxed) + skipped, Release);
        }
    }

    fn deadline(&self) -> Time {
        Time::from_nanos(self.deadline.load(Acquire))
    }

    /// Drops entries that were taken out. Nothing is locked.
    fn discard(&self, dead: impl IntoIterator<Item = EntryPtr<K, V, S>>) {
        self.limbo.discard(dead.into_iter(), self.address(), &self.readers);
    }

    fn address(&self) -> usize {
        (&raw const self.table).addr()
    }
}

impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn new(parameters: CacheParameters) -> Self {
        let limits = Limits { maxsize: parameters.maxsize, ttl: parameters.ttl };
        Self {
            clock: Clock::for_ttl(parameters.ttl),
            is_bounded: parameters.maxsize.is_some(),
            table: AtomicPtr::default(),
            deadline: AtomicU64::new(Time::FOREVER.nanos()),
            era: AtomicU64::new(0),
            readers: S::Readers::new(),
            parameters,
            index: Apart(S::Lock::new(Index::new(limits))),
            limbo: Limbo::of::<K, V>(size_of::<Entry<K, V, S>>()),
        }
    }

    /// Ends a flight without storing anything.
    pub(crate) fn end(&self, hash: u64, id: FlightId) {
        drop(self.end_with(hash, Some(id), |_| {}));
    }

    /// Has those who wait for a flight go on without it, as if it were over. What comes of it may be stored
    /// still.
    pub(crate) fn depose(&self, hash: u64, id: FlightId) -> Flight {
        let wait = self.locked(|index| index.books.depose(hash, id));
        Flight { wait, outdated: false, landing: Landing::Abandoned }
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(&self, hash: u64, own: Option<FlightId>) -> Option<Flight> {
        self.end_with(hash, own, |counts| counts.rejected += 1)
    }

    fn end_with(
        &self,
        hash: u64,
        id: Option<FlightId>,
        count: impl FnOnce(&mut CacheInfo),
    ) -> Option<Flight> {
        let ended = self.locked(|index| {
            count(&mut index.books.counts);
            id.and_then(|id| index.end(hash, id))
        });
        let (flight, entry) = ended?;
        self.discard(entry);
        Some(flight)
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.locked(|index| {
            index.books.counts.hits += 1;
            index.books.counts.coalesced += 1;
        });
    }

    /// A call that waited runs the body after all, for the flight it waited for.
    pub(crate) fn count_helper(&self) {
        self.locked(|index| index.books.counts.misses += 1);
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, entry: &EntryPtr<K, V, S>) -> FlightId {
        self.locked(|index| {
            index.books.counts.misses += 1;
            index.start(entry.hash, entry.clone(), false, None)
        })
    }

    pub(crate) fn info(&self) -> CacheInfo {
        let mut info = CacheInfo::default();
        self.with_index(&mut |index, _| {
            let counts = index.books.counts;
            let hits = counts.hits + self.readers.hits() - index.hits_forgotten;
            info = CacheInfo { currsize: index.books.store.len(), hits, ..counts };
        });
        CacheInfo { maxsize: self.parameters.maxsize, ..info }
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    pub(crate) fn clear(&self) {
        let dead = self.locked(|index| {
            index.hits_forgotten = self.readers.hits();
            index.clear()
        });
        self.discard(dead.into_iter().flatten());
        self.limbo.tidy(self.address(), &self.readers);
    }

    /// The entries, in the order of the store.
    pub(crate) fn entries(&self) -> Vec<EntryPtr<K, V, S>> {
        let mut entries = Vec::new();
        self.with_index(&mut |index, _| entries = index.iter().collect());
        entries
    }

    /// Takes this very entry out, if it is still stored.
    pub(crate) fn remove_entry(&self, entry: &EntryPtr<K, V, S>) {
        let removed = self.locked(|index| {
            let is_it = |place| index.at(place).address() == entry.address();
            index.books.store.find(entry.hash, is_it).and_then(|place| index.take(place))
        });
        self.discard(removed);
    }

    /// Acts on the index once all that has expired was given back, a little at a time.
    ///
    /// Nothing is dropped after `act`: a `Drop` that panics cannot undo what it did.
    fn with_index(&self, act: &mut View<'_, K, V, S>) {
        let now = self.clock.now();
        while now >= self.deadline() && self.deadline() != Time::FOREVER {
            const AT_ONCE: usize = 64;
            let expired = self.locked(|index| index.expire(now, AT_ONCE));
            self.discard(expired);
        }
        self.locked(|index| act(index, now));
    }

    /// Acts on the index, and shows its readers what has changed.
    #[inline]
    fn locked<R>(&self, act: impl FnOnce(&mut IndexOf<K, V, S>) -> R) -> R {
        let (done, changed) = self.index.0.with(|index| {
            let done = act(index);
            index.compact();
            let store = &mut index.books.store;
            if self.clock != Clock::Unread {
                self.deadline.store(store.next_deadline().nanos(), Release);
            }
            let table = store.table();
            let changed = self.table.load(Relaxed) != table;
            if changed {
                self.table.store(table, Release);
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
        let replaced = self.index.0.with(|index| index.books.store.take_replaced());
        self.limbo.discard_tables(replaced, self.address(), &self.readers);
    }
}

impl<K, V, S: Scope> fmt::Debug for Engine<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn flights_under_way(&self) -> usize {
        self.index.0.with(|index| index.books.store.flying())
    }
}
