//! The protocol of a cache: look up, compute once, store, forget.
//!
//! One engine serves both scopes. What it knows is in its [`State`](crate::engine::state::State): the entries
//! stored, the computations under way, the counters. They are locked for a few instructions at a time, by
//! the [`Core`], which is compiled once for all types, and **no user code runs under the lock**: not
//! `Hash` (done once, before), not `Clone` or `Drop` (entries have owners, and leave the lock before they
//! are dropped), and not `Eq`. A look-up under the lock therefore goes in two steps, which the core's
//! `resolve_keys` keeps in one place: own all entries filed under the hash, compare their keys without the lock,
//! and come back to act on the one that is equal, if meanwhile no new one has been filed. A miss is spared
//! that where nothing else is filed under its hash: it locks once to start, and once to land.
//!
//! # Hits
//!
//! A hit takes no lock, and writes nothing that the hits of other threads write or read. It finds its
//! entry in the store's [table](crate::store::table), which is read while others change it; it has
//! [announced](crate::scope::hazard) that it reads, so that nobody drops what it has found; it counts itself in
//! a [cell of its thread](crate::scope::readers); and it leaves a [stamp](crate::store::lru) in the entry, by
//! which the one used least recently can be told when there is one to evict. Where only one thread has
//! ever used the cache, each hit has a stamp of its own, and the order is exact. With several, those
//! between two misses share a stamp, which the first of them writes and the others find written. Whatever
//! is not plain (two keys of one hash, something that expired, a thread's first call) is left to the
//! look-up under the lock, which is always right.
//!
//! A hit is a part of the memoized function, where it is tried *at once*: whatever would take a call of a
//! function of ours, though it were but one time in a thousand, is left to be tried again
//! [apart](crate::expand::call_site). So a hit of numbers needs next to no stack and no registers that are to be saved,
//! which had been as many stores as all that it has to do.
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
//! | this, with all that a call may have to do in one function | 7.7 | 3.5 |
//! | this | 5.8 | 2.9 |
//!
//! - `papaya` allocates and retires at each change of the index: misses took 130 to 150, and dead values are
//!   dropped in batches whatever they own.
//! - A front for each thread keeps dead values until the thread happens to come by again, and serves as many
//!   keys as it has slots, beyond which it is in the way.
//! - Epochs in place of [hazard pointers](crate::scope::hazard): one `Clone` that takes long would hold up
//!   everything that is dropped.
//! - With linear probing, how far to probe depends on the key, and on the seed of the process: processors
//!   guess it wrong. Buckets whose tags are compared at once leave nothing to guess.
//! - A fence on each hit costs 2.3; see [`fences`](crate::base::asymmetric_fence) for who pays instead.
//! - Whether a thread is alone with the cache, and which fence it needs, is told where it counts and where it
//!   announces: each value that is at hand elsewhere takes a register, of which a hit has nine.
//! - Of a time to live, reading the kernel's coarse clock takes 4.7 on the machine that these were measured on.
//!
//! Of a miss that evicts, on one thread, in nanoseconds shared and in a cache of the thread, with instructions:
//!
//! | | shared | thread |
//! |---|--:|--:|
//! | records in a list of their own, numbered; two steps under the lock for each half | 178 (2049) | 144 (1666) |
//! | all that is known of an entry in the entry; two steps | (1370) | (1113) |
//! | one step where nothing else has the hash | 62 (975) | 53 (740) |
//! | the memory of the evicted entry used for the next one | 62 (891) | 53 (646) |
//! | the run stays where it was made, its time is taken now and then | 57 (832) | 41 (634) |
//! | each thread keeps that memory for itself; what is evicted next is fetched in advance | 53 (853) | 48 (648) |
//!
//! - Numbered records beside the entries, their places in the table and a heap of stamps had each to be
//!   grown, renumbered and given back: 181 bytes an entry, and several lines of memory touched for each.
//! - Entries counted by `Arc` cost an atomic operation for each of the owners a miss has: the run, the
//!   table, the last one. A run hands its entry over instead, and who is the only owner sees so.
//! - To move what was written a moment before, in smaller pieces, a processor has to wait for all of it: each
//!   move of a run (of 80 bytes) took 5 to 10.
//! - What is evicted was used long ago, and lies far away: its entry, its bucket, and the entry that comes
//!   after. Each eviction has the processor fetch what the next two need: of a mix of hits and misses on 10^5
//!   entries, 80 became 70.
//! - In a cache of the thread, being one more owner of what is read for as long as it is: counting up and
//!   down beside what is read took 0.4 times what the floor takes in all, and what was read had to be dropped
//!   by whoever read it. One cell where it is announced takes half of that.
//! - Numbers that follow each other filled some buckets and left others empty, with 4 in 100 seeds, whichever
//!   bits of `foldhash`'s result were taken: see [`hash`](crate::key::hash).
//! - Buckets filled to 4.5 of 7 on average: of a cache that evicts, where entries come and go, three
//!   look-ups in ten had to go on to the next bucket.
//!
//! # Misses
//!
//! An entry is made when its computation starts. It holds the key, and once there is one the value;
//! while it has none it is held by a flight, and only a flight that is still under way may store it:
//!
//! ```text
//! miss ──► flight ──► stored ──► evicted | expired | removed
//!            │  └──► invalidated by a clear or a remove: lands, but is not stored
//!            └─────► failed, or abandoned by a panic
//! ```

use crate::base::sync::Arc;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::core::Core;
use crate::entry::entry::{Entry, EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::entry::spare::{Chain, Spare};
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::Wait;
use crate::key::hash::Hashing;
use crate::scope::scope::{Cell, Scope};
use crate::store::retired::Retired;
use foldhash::fast::FoldHasher;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

pub(crate) use crate::engine::core::Found;

pub(crate) struct Engine<K, V, S: Scope> {
    pub(super) core: Core<S>,
    hashing: Hashing,
    pub(crate) parameters: CacheParameters,
    entries: PhantomData<Entry<K, V>>,
    spare: Spare<K, V, S>,
    /// Compares keys. It is known once something was computed or stored: a cache without entries may be of keys
    /// without `Eq`.
    equal: S::Cell<fn(&K, &K) -> bool>,
    /// Called with the engine's address when the engine is dropped.
    when_dropped: S::Cell<fn(usize)>,
}

/// An entry to be computed, and where others may wait for that if it is async.
type Fresh<'a, K, V, S> = (&'a EntryPtr<K, V, S>, Option<&'a Arc<Wait>>);

impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn new(parameters: CacheParameters) -> Self {
        let core = Core::new::<K, V>(&parameters, EntryPtr::<K, V, S>::release);
        let hashing = Hashing::get();
        Self {
            core,
            hashing,
            parameters,
            entries: PhantomData,
            spare: Spare::default(),
            equal: S::Cell::empty(),
            when_dropped: S::Cell::empty(),
        }
    }

    /// Has `forget` called with the engine's address when the engine is dropped. The first one stays.
    pub(crate) fn when_dropped(&self, forget: fn(usize)) {
        let _ = self.when_dropped.set(forget);
    }

    /// Notes how keys are compared, for runs that do not keep it.
    #[inline]
    pub(crate) fn note_equal(&self, equal: fn(&K, &K) -> bool) {
        if self.equal.get().is_none() {
            // The same, if another thread was faster.
            let _ = self.equal.set(equal);
        }
    }

    /// How keys are compared. It was [noted](Self::note_equal).
    #[inline]
    pub(crate) fn equal(&self) -> fn(&K, &K) -> bool {
        *self.equal.get().expect("it is noted before anything is computed")
    }

    /// The hash of a key, which is fed to the hasher.
    #[inline]
    pub(crate) fn hash(&self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        self.hashing.hash(feed)
    }

    /// The look-up of a call. `fresh` is the entry to start computing when there is none, with the wait of
    /// its run if that is async.
    pub(crate) fn look(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        fresh: Option<Fresh<'_, K, V, S>>,
    ) -> Found<EntryPtr<K, V, S>> {
        let found = self.core.look(
            hash,
            &|place| equals(key::<K, V>(&place)),
            fresh.map(|(entry, wait)| (entry.entry_ref(), wait)),
        );
        found.map(Self::owned)
    }

    /// Starts to compute `entry` if nothing is filed under its hash.
    pub(crate) fn start_alone(
        &self,
        entry: &EntryPtr<K, V, S>,
        wait: Option<&Arc<Wait>>,
        met: bool,
    ) -> Option<(FlightId, bool)> {
        self.core.start_alone((entry.entry_ref(), wait), met)
    }

    /// Starts to compute `entry` whatever is stored, as a refresh does.
    pub(crate) fn lead(
        &self,
        entry: &EntryPtr<K, V, S>,
        equal: fn(&K, &K) -> bool,
        wait: Option<&Arc<Wait>>,
    ) -> Option<FlightId> {
        self.core.lead((entry.entry_ref(), wait), &|place| equal(key::<K, V>(&place), &entry.key))
    }

    /// A call that waited runs the body after all, beside the others that do.
    pub(crate) fn lead_alone(&self, entry: &EntryPtr<K, V, S>) -> FlightId {
        self.core.lead_alone(entry.entry_ref())
    }

    /// Stores what `value` makes in an entry, if the flight is still under way. `is_own` says that it is the
    /// flight of the caller's run. Returns whether that is settled: if not, the owner is about to do it.
    pub(crate) fn land(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        value: impl FnOnce() -> V,
        is_own: bool,
        id: FlightId,
        equal: fn(&K, &K) -> bool,
        run: Option<Duration>,
    ) -> bool {
        self.note_equal(equal);
        if !Entry::<K, V>::IS_LARGE {
            self.land_small(entry, value, id, equal, run)
        } else if is_own {
            self.land_in_place(entry, value, id, equal, run);
            true
        } else {
            self.land_other(entry, value, id, equal, run)
        }
    }

    /// The value is moved to where it belongs under the lock.
    #[inline]
    fn land_small(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        value: impl FnOnce() -> V,
        id: FlightId,
        equal: fn(&K, &K) -> bool,
        run: Option<Duration>,
    ) -> bool {
        let equals = |place: EntryRef| equal(key::<K, V>(&place), &entry.key);
        let mut value = Some(value());
        let mut is_settled = true;
        let fill = &mut || {
            is_settled = fill(entry, &mut value);
            is_settled
        };
        let unread = self.core.land(id, entry.taken(), fill, &equals, run);
        if let Some(evicted) = unread {
            self.recycle([evicted]);
        }
        is_settled
    }

    /// A large value of another's flight. Apart, as that takes room on the stack.
    #[cold]
    #[inline(never)]
    fn land_other(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        value: impl FnOnce() -> V,
        id: FlightId,
        equal: fn(&K, &K) -> bool,
        run: Option<Duration>,
    ) -> bool {
        self.land_small(entry, value, id, equal, run)
    }

    /// A large value is written where it belongs, without the lock.
    #[inline(never)]
    fn land_in_place(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        value: impl FnOnce() -> V,
        id: FlightId,
        equal: fn(&K, &K) -> bool,
        run: Option<Duration>,
    ) {
        let equals = |place: EntryRef| equal(key::<K, V>(&place), &entry.key);
        // If there is one already, another has landed the flight.
        let Some(written) = self.write(entry, value) else { return };
        let fill = &mut || {
            written.tell();
            true
        };
        let unread = self.core.land(id, entry.taken(), fill, &equals, run);
        if let Some(evicted) = unread {
            self.recycle([evicted]);
        }
    }

    /// Writes the value of an entry in place, without the lock, unless there is one or another writes it.
    fn write<'e>(
        &self,
        entry: &'e Entry<K, V>,
        value: impl FnOnce() -> V,
    ) -> Option<Written<'e, K, V>> {
        if !self.core.alone(|| entry.reserve()) {
            return None;
        }
        let reserved = Reserved { core: &self.core, entry };
        #[expect(unsafe_code, reason = "it is reserved")]
        // SAFETY: the entry is reserved for this, and has no value.
        unsafe {
            entry.write(value);
        }
        std::mem::forget(reserved);
        Some(Written(entry))
    }

    /// Drops entries that are owned by the caller, and keeps the memory of some for the next ones.
    #[inline]
    fn recycle(&self, dead: impl IntoIterator<Item = EntryRef>) {
        let (mut spare, mut room) = (Chain::EMPTY, Chain::<K, V>::MOST);
        for place in dead {
            let memory = Self::owned(place).recycle();
            if let Some(memory) = memory.filter(|_| room > 0) {
                spare.push(memory);
                room -= 1;
            }
        }
        self.spare.keep(spare);
    }

    /// An entry to be computed.
    #[inline]
    pub(crate) fn pending(&self, hash: u64, key: K) -> EntryPtr<K, V, S> {
        Entry::pending(self.spare.memory(), hash, key)
    }

    /// Leaves a value to those who wait for a flight that has ended, and stores nothing.
    pub(crate) fn share(&self, entry: &EntryPtr<K, V, S>, value: impl FnOnce() -> V) {
        if Entry::<K, V>::IS_LARGE {
            let written = self.write(entry, value);
            self.core.alone(|| written.iter().for_each(Written::tell));
        } else {
            self.share_small(entry, value);
        }
    }

    /// Apart, as it takes room on the stack where values are large.
    #[inline(never)]
    fn share_small(&self, entry: &EntryPtr<K, V, S>, value: impl FnOnce() -> V) {
        let mut value = Some(value());
        self.core.alone(|| fill(entry, &mut value));
    }

    /// Files `entry` as if its value had just been computed. Computations under way are older: they will
    /// not replace it.
    pub(crate) fn insert(&self, entry: &EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        let entry = UnstoredEntry::new(entry.clone());
        self.note_equal(equal);
        let equals = |place: EntryRef| equal(key::<K, V>(&place), &entry.key);
        self.core.insert(entry.entry_ref(), entry.taken(), &equals);
    }

    /// The stored entry, looked at without counting or touching.
    pub(crate) fn peek(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        self.core.peek(hash, &|place| equals(key::<K, V>(&place))).map(Self::owned)
    }

    /// Takes an entry out, and keeps computations under way from storing it again.
    pub(crate) fn remove(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
    ) -> Option<EntryPtr<K, V, S>> {
        self.core.remove(hash, &|place| equals(key::<K, V>(&place))).map(Self::owned)
    }
}

impl<K, V, S: Scope> Engine<K, V, S> {
    /// Ends a flight without storing anything, if nobody runs its body any longer, as `is_given_up` tells.
    /// Returns whether it does.
    pub(crate) fn give_up(
        &self,
        id: FlightId,
        is_given_up: impl FnOnce(Option<&Wait>) -> bool,
    ) -> bool {
        self.core.give_up(id, is_given_up)
    }

    /// Has those who wait for a flight go on without it. What comes of it may be stored still.
    pub(crate) fn detach_waiters(&self, id: FlightId) {
        self.core.detach_waiters(id);
    }

    /// Counts a result that is not to be stored. Ends its flight, if it is the run's `own`.
    pub(crate) fn reject(&self, own: Option<FlightId>) -> Option<Flight> {
        self.core.reject(own)
    }

    /// Counts a result of one who helps that is not to be stored. Those who wait go on.
    pub(crate) fn reject_help(&self, id: FlightId, wait: &Wait) -> Option<Flight> {
        self.core.reject_help(id, wait)
    }

    /// A call that waited was answered by another's run.
    pub(crate) fn count_coalesced(&self) {
        self.core.count_coalesced();
    }

    /// A call that was counted as a hit had waited before.
    pub(crate) fn count_waited(&self) {
        self.core.count_waited();
    }

    /// A call that waited runs the body as well.
    pub(crate) fn count_helper(&self) {
        self.core.count_helper();
    }

    pub(crate) fn info(&self) -> CacheInfo {
        CacheInfo { maxsize: self.parameters.maxsize, ..self.core.info() }
    }

    /// Forgets every entry, zeroes the counters, and keeps computations under way from being stored.
    pub(crate) fn clear(&self) {
        self.recycle(self.core.clear().into_iter().map(Retired::into_ref));
    }

    /// The entries, the most recently used first.
    pub(crate) fn entries(&self) -> Vec<EntryPtr<K, V, S>> {
        self.core.entries().into_iter().map(Self::owned).collect()
    }

    /// Takes out the entries that `keep` refuses, and keeps runs of their keys that are under way from being
    /// stored.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        let begun = self.core.generations();
        for mut entry in self.entries() {
            while !keep(&entry.key, entry.value()) {
                // A run that began before may have replaced it: that is matches in its turn.
                match self.remove_entry(&entry).filter(|it| it.generation() <= begun) {
                    Some(replacement) => entry = replacement,
                    None => break,
                }
            }
        }
    }

    /// Takes this very entry out, if it is still stored, and keeps runs of its key that are under way from
    /// being stored. Returns what is stored in its place.
    fn remove_entry(&self, entry: &EntryPtr<K, V, S>) -> Option<EntryPtr<K, V, S>> {
        let equal = self.equal.get()?;
        let equals = |place: EntryRef| equal(key::<K, V>(&place), &entry.key);
        self.core.remove_entry(entry.entry_ref(), &equals).map(Self::owned)
    }

    /// The owner that the core has counted for this.
    fn owned(place: EntryRef) -> EntryPtr<K, V, S> {
        #[expect(unsafe_code, reason = "places have no types")]
        // SAFETY: the places that a core gives away are owned by who is given them, and the entries
        // in the table of an engine are of its own type.
        unsafe {
            EntryPtr::from_ref(place)
        }
    }
}

/// The key of an entry that the core asks for.
fn key<K, V>(place: &EntryRef) -> &K {
    #[expect(unsafe_code, reason = "places have no types")]
    // SAFETY: the core owns the entries it asks for, and those of an engine are of its own type.
    let entry = unsafe { &*place.as_ptr().cast::<Entry<K, V>>() };
    &entry.key
}

/// Sets a value. Under the lock. Returns whether the entry was not reserved for another.
fn fill<K, V>(entry: &Entry<K, V>, value: &mut Option<V>) -> bool {
    if entry.is_reserved() {
        return false;
    }
    if let Some(it) = value.take() {
        #[expect(unsafe_code, reason = "the lock is elsewhere")]
        // SAFETY: the core calls this with the lock held, and the entry is not reserved.
        let superfluous = unsafe { entry.set(it) };
        *value = superfluous;
    }
    true
}

/// An entry that is reserved for a value. When `Clone` panics there will be none.
struct Reserved<'e, K, V, S: Scope> {
    core: &'e Core<S>,
    entry: &'e Entry<K, V>,
}

impl<K, V, S: Scope> Drop for Reserved<'_, K, V, S> {
    fn drop(&mut self) {
        self.core.alone(|| self.entry.unreserve());
    }
}

/// An entry that was reserved for a value, which is written.
struct Written<'e, K, V>(&'e Entry<K, V>);

impl<K, V> Written<'_, K, V> {
    /// Tells the head. Under the lock.
    fn tell(&self) {
        self.0.mark_valued();
    }
}

impl<K, V, S: Scope> Drop for Engine<K, V, S> {
    fn drop(&mut self) {
        if let Some(forget) = self.when_dropped.get() {
            forget(std::ptr::from_ref(self).addr());
        }
        self.core.close();
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
        self.core.flights_under_way()
    }
}
