//! The protocol of a cache: look up, compute once, store, forget.
//!
//! One engine serves both scopes. The [`Core`] guards its [state](crate::engine::state::State) by a lock, which
//! is held for a few instructions. **No user code runs under the lock**: a key is hashed before, keys are
//! compared and entries dropped after. Here the core's entries get their types back.
//!
//! - A [hit](crate::engine::hit) takes no lock.
//! - A miss makes an entry, and starts a flight for it under the lock. The entry holds the key. The body runs without the lock.
//! - The run [lands](crate::engine::landing): its value goes into the entry, and the entry into the store. Only a flight
//!   that is still under way stores its entry.
//!
//! ```text
//! miss ──► flight ──► stored ──► evicted | expired | removed
//!            │  └──► invalidated by a clear or a remove: lands, but is not stored
//!            └─────► failed, or abandoned by a panic
//! ```
//!
//! See `docs/design.md` for measurements and for what else was tried.

use crate::base::sync::Arc;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::core::Core;
use crate::entry::entry::{Entry, EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::entry::spare::{Chain, Spare};
use crate::flight::flight::FlightId;
use crate::flight::wait::Wait;
use crate::key::hash::Hashing;
use crate::key::lookup::Lookup;
use crate::scope::scope::{Cell, Scope};
use crate::store::retired::Retired;
use foldhash::fast::FoldHasher;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

pub(crate) use crate::engine::core::Found;

/// A pointer to an engine that owns it.
pub(crate) type EnginePtr<K, V, S> = <S as Scope>::Ptr<Engine<K, V, S>>;

pub(crate) struct Engine<K, V, S: Scope> {
    pub(crate) core: Core<S>,
    hashing: Hashing,
    pub(crate) parameters: CacheParameters,
    entries: PhantomData<Entry<K, V>>,
    spare: Spare<K, V, S>,
    /// Compares keys. It is set when the first entry is made: the keys of a cache without entries need not be `Eq`.
    equal: S::Cell<fn(&K, &K) -> bool>,
    /// Called with the engine's address when the engine is dropped.
    when_dropped: S::Cell<fn(usize)>,
}

/// An entry to compute, and the wait of its run if that is async.
type NewEntry<'a, K, V, S> = (&'a EntryPtr<K, V, S>, Option<&'a Arc<Wait>>);

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

    #[inline]
    fn note_equal(&self, equal: fn(&K, &K) -> bool) {
        if self.equal.get().is_none() {
            // If another thread was faster, it has noted the same.
            let _ = self.equal.set(equal);
        }
    }

    /// Compares the keys of entries.
    #[inline]
    pub(super) fn equal(&self) -> fn(&K, &K) -> bool {
        *self.equal.get().expect("it was noted when the first entry was made")
    }

    /// The hash of a key, which `feed` feeds to the hasher.
    #[inline]
    pub(crate) fn hash(&self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        self.hashing.hash(feed)
    }

    /// An entry without a value, for the run of a call that was looked up in vain.
    #[inline]
    pub(crate) fn fresh<Q>(&self, hash: u64, query: Q) -> UnstoredEntry<K, V, S>
    where
        Q: Lookup<Key = K>,
    {
        self.note_equal(Q::equal);
        UnstoredEntry::new(Entry::pending(self.spare.memory(), hash, query.into_key()))
    }

    /// The look-up of a call under the lock. If nothing is found, `fresh` is started.
    pub(crate) fn look_up(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
        fresh: Option<NewEntry<'_, K, V, S>>,
    ) -> Found<EntryPtr<K, V, S>> {
        let found = self.core.look_up(
            hash,
            &|entry| equals(key::<K, V>(&entry)),
            fresh.map(|(entry, wait)| (entry.entry_ref(), wait)),
        );
        found.map(Self::owned)
    }

    /// A hit under the lock, with the age of its entry: see [`Core::hit_with_age`].
    pub(crate) fn hit_with_age(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
    ) -> Option<(EntryPtr<K, V, S>, Option<Duration>)> {
        let hit = self.core.hit_with_age(hash, &|entry| equals(key::<K, V>(&entry)));
        hit.map(|(entry, age)| (Self::owned(entry), age))
    }

    /// Starts the flight of a refresh, whether a value is stored or not.
    pub(crate) fn start_refresh(
        &self,
        fresh: &EntryPtr<K, V, S>,
        wait: Option<&Arc<Wait>>,
    ) -> Option<FlightId> {
        let equal = self.equal();
        let equals = |entry: EntryRef| equal(key::<K, V>(&entry), &fresh.key);
        self.core.start_refresh((fresh.entry_ref(), wait), &equals)
    }

    /// Stores an entry as if its value had just been computed. Runs under way are older, and will not replace it.
    pub(crate) fn insert(&self, entry: EntryPtr<K, V, S>, equal: fn(&K, &K) -> bool) {
        self.note_equal(equal);
        let entry = UnstoredEntry::new(entry);
        let equals = |other: EntryRef| equal(key::<K, V>(&other), &entry.key);
        self.core.insert(entry.entry_ref(), entry.taken(), &equals);
    }

    /// The stored entry, without counting or touching.
    pub(crate) fn peek(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<K, V, S>> {
        self.core.peek(hash, &|entry| equals(key::<K, V>(&entry))).map(Self::owned)
    }

    /// Takes an entry out, and keeps runs under way from storing it again.
    pub(crate) fn remove(
        &self,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
    ) -> Option<EntryPtr<K, V, S>> {
        self.core.remove(hash, &|entry| equals(key::<K, V>(&entry))).map(Self::owned)
    }
}

/// The whole cache.
impl<K, V, S: Scope> Engine<K, V, S> {
    pub(crate) fn info(&self) -> CacheInfo {
        CacheInfo { maxsize: self.parameters.maxsize, ..self.core.info() }
    }

    /// Forgets every entry, zeroes the counters, and keeps runs under way from being stored.
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
                // A run that began before may have replaced it. Then `keep` judges the replacement.
                match self.remove_entry(&entry).filter(|it| it.generation() <= begun) {
                    Some(replacement) => entry = replacement,
                    None => break,
                }
            }
        }
    }

    /// Takes this very entry out, if it is still stored, and keeps runs of its key that are under way from being
    /// stored. Returns the entry that is stored in its place.
    fn remove_entry(&self, entry: &EntryPtr<K, V, S>) -> Option<EntryPtr<K, V, S>> {
        let equal = self.equal.get()?;
        let equals = |other: EntryRef| equal(key::<K, V>(&other), &entry.key);
        self.core.remove_entry(entry.entry_ref(), &equals).map(Self::owned)
    }

    /// Drops entries that the caller owns, and keeps the memory of some for the next ones.
    #[inline]
    pub(super) fn recycle(&self, dead: impl IntoIterator<Item = EntryRef>) {
        let (mut spare, mut room) = (Chain::EMPTY, Chain::<K, V>::MOST);
        for entry in dead {
            let memory = Self::owned(entry).recycle();
            if let Some(memory) = memory.filter(|_| room > 0) {
                spare.push(memory);
                room -= 1;
            }
        }
        self.spare.keep(spare);
    }

    /// The owner that the core has counted for the caller.
    fn owned(entry: EntryRef) -> EntryPtr<K, V, S> {
        #[expect(unsafe_code, reason = "the core knows no types")]
        // SAFETY: the caller owns each entry that the core gives it. The entries of an engine are of its own type.
        unsafe {
            EntryPtr::from_ref(entry)
        }
    }
}

/// The key of an entry that the core asks about.
pub(super) fn key<K, V>(entry: &EntryRef) -> &K {
    #[expect(unsafe_code, reason = "the core knows no types")]
    // SAFETY: the core owns the entries that it asks about. The entries of an engine are of its own type.
    let entry = unsafe { &*entry.as_ptr().cast::<Entry<K, V>>() };
    &entry.key
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
