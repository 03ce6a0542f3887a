//! The protocol of a cache: look up, compute once, store, forget.
//!
//! One engine serves both scopes, and keys and values of all types: it is compiled once. It knows entries by their
//! headers and by a [description](EntryType) of their type, and keys by a [query](AnyQuery). The [`Core`] guards its
//! [state](crate::engine::state::State) by a lock, which is held for a few instructions. **No user code runs under the
//! lock**: a key is hashed before, keys are compared and entries dropped after.
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

use crate::base::of_value::OfValue;
use crate::base::sync::Arc;
use crate::config::parameters::CacheParameters;
use crate::engine::below::{Above, Below};
use crate::engine::core::{Core, Equals, Found, NewEntry, NewTags, Renewer, Rule};
use crate::engine::lives::Lives;
use crate::engine::purity::Checker;
use crate::engine::query::{AnyQuery, EqualKeys};
use crate::engine::settings::{Functions, Settings};
use crate::engine::state::Aged;
use crate::engine::{detour, switch};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::entry_type::EntryType;
use crate::entry::spare::Spare;
use crate::flight::flight::FlightId;
use crate::key::hash::Hashing;
use crate::key::tags::Tags;
use crate::scope::scope::{Cell, Lock, Scope, Shared};
use crate::store::freshness::Life;
use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Weak;

/// A pointer to an engine that owns it.
pub(crate) type EnginePtr<S> = <S as Scope>::Ptr<Engine<S>>;

/// A question about the entry of a key, by its hash and by whether an entry has it.
pub(crate) type Find<S> = fn(&Engine<S>, u64, &Equals<'_>) -> Option<EntryPtr<S>>;

/// The engine of one cache.
pub struct Engine<S: Scope> {
    pub(crate) core: Core<S>,
    pub(crate) hashing: Hashing,
    /// The options at the start. Only `maxsize` changes: see [`parameters()`](Self::parameters).
    pub(crate) parameters: CacheParameters,
    pub(super) functions: Functions,
    pub(crate) lives: Lives,
    /// Is asked before a body runs.
    pub(crate) below: Option<Arc<dyn Below>>,
    spare: Spare<S>,
    /// Compares keys. It is set when the first entry is made: the keys of a cache without entries need not be `Eq`.
    pub(super) equal: S::Cell<EqualKeys>,
    /// The checks of this cache. The last one is in force.
    pub(super) checkers: S::Lock<Vec<Arc<Checker>>>,
    /// Called with the engine's address when the engine is dropped.
    when_dropped: S::Cell<fn(usize)>,
}

impl<S: Scope> Engine<S> {
    /// An engine for entries of this type.
    ///
    /// # Panics
    ///
    /// Panics if a function in the settings, the listener, or what stands below is for other types.
    pub(crate) fn make(settings: Settings, types: &'static EntryType) -> EnginePtr<S> {
        switch::read_environment();
        let idles = settings.parameters.idle_life().is_some();
        let types = if idles { types.with_last_use() } else { types };
        let engine = S::ptr(Self::new(settings, types));
        if !S::SHARED {
            detour::list(&engine.core.table);
        }
        if let Some(below) = &engine.below {
            // A tier tells of changes from a thread of its own, which cannot reach the cache of another thread.
            if let Some(shared) = (&engine as &dyn Any).downcast_ref::<EnginePtr<Shared>>() {
                let above: Weak<Engine<Shared>> = Arc::downgrade(shared);
                below.follow(above);
            }
        }
        engine
    }

    fn new(settings: Settings, types: &'static EntryType) -> Self {
        let value_type = (types.value_type)();
        let Functions { ttl, is_error, .. } = settings.functions;
        let are_of_type = ttl.is_none_or(|it| it.takes(value_type))
            && is_error.is_none_or(|it| it.takes(value_type))
            && settings.listener.as_ref().is_none_or(|it| it.is_for(types))
            && settings.below.as_ref().is_none_or(|it| it.is_for(types));
        assert!(are_of_type, "a function of other values was given to a cache");
        let lives = Lives::new(&settings);
        let Settings { parameters, functions, listener, below, are_copy } = settings;
        if let Some(below) = &below {
            below.join(&parameters.name);
        }
        Self {
            core: Core::new(&parameters, &lives, listener, (types, are_copy), below.is_some()),
            hashing: Hashing::get(),
            parameters,
            functions,
            lives,
            below,
            spare: Spare::new(types),
            equal: S::Cell::empty(),
            checkers: S::Lock::new(Vec::new()),
            when_dropped: S::Cell::empty(),
        }
    }

    /// The type of the entries.
    #[inline]
    pub(crate) fn types(&self) -> &'static EntryType {
        self.spare.types
    }

    /// Has `forget` called with the engine's address when the engine is dropped. The first one stays.
    pub(crate) fn when_dropped(&self, forget: fn(usize)) {
        let _ = self.when_dropped.set(forget);
    }

    /// Whether something is called when the engine is dropped.
    pub(crate) fn is_listed(&self) -> bool {
        self.when_dropped.get().is_some()
    }

    #[inline]
    fn note_equal(&self, equal: EqualKeys) {
        if self.equal.get().is_none() {
            // If another thread was faster, it has noted the same.
            let _ = self.equal.set(equal);
        }
    }

    /// Compares the keys of entries.
    #[inline]
    pub(crate) fn equal(&self) -> EqualKeys {
        *self.equal.get().expect("it was noted when the first entry was made")
    }

    /// Whether an entry has the key of this one.
    #[inline]
    pub(crate) fn equal_to(&self, own: EntryRef) -> impl Fn(FaceRef) -> bool + use<S> {
        let equal = self.equal();
        move |entry| equal(entry, own.face())
    }

    /// An entry without a value, for the run of a call that was looked up in vain, and the tags to file it with.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn fresh(&self, hash: u64, query: &mut dyn AnyQuery) -> (UnstoredEntry<S>, NewTags) {
        self.note_equal(query.equal_keys());
        let mut tags = Tags::default();
        let write_key = |memory| tags = query.write_key(memory);
        #[expect(unsafe_code, reason = "a query writes the key")]
        // SAFETY: the query is of the engine's types.
        let entry = unsafe { EntryPtr::make(self.spare.memory(), self.types(), hash, write_key) };
        if self.below.is_some() {
            self.tag_for_below(&entry, &mut tags);
        }
        (UnstoredEntry::new(entry), NewTags::new(tags))
    }

    /// Adds the tag by which what stands below tells of changes to an entry.
    #[cold]
    #[inline(never)]
    fn tag_for_below(&self, entry: &EntryPtr<S>, tags: &mut Tags) {
        let tag = self.below.as_ref().and_then(|below| below.tag(entry.entry_ref()));
        tags.extend(tag);
    }

    /// The look-up of a call under the lock. If nothing is found, `fresh` is started.
    pub(crate) fn look_up(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<NewEntry<'_>>,
    ) -> Found<EntryPtr<S>> {
        self.core.look_up(hash, equals, fresh).map(|entry| self.owned(entry))
    }

    /// A hit under the lock, with the age of its entry: see [`Core::hit_with_age`].
    pub(crate) fn hit_with_age(
        &self,
        hash: u64,
        equals: &Equals<'_>,
    ) -> Option<(EntryPtr<S>, Aged)> {
        self.core.hit_with_age(hash, equals).map(|(entry, aged)| (self.owned(entry), aged))
    }

    /// Starts the flight of a run that renews a stored value: see [`Core::renew`].
    pub(crate) fn renew(
        &self,
        old: &EntryPtr<S>,
        fresh: NewEntry<'_>,
        renewer: Renewer,
    ) -> Option<FlightId> {
        self.core.renew(old.entry_ref(), fresh, &self.equal_to(fresh.entry), renewer)
    }

    /// The function that has a body run in the background, if there is one.
    pub(crate) fn renew_in_background(&self) -> Option<OfValue<()>> {
        self.functions.renew
    }

    /// The runner of bodies that renew stored values.
    pub(crate) fn renewer(&self) -> Renewer {
        if self.functions.renew.is_some() { Renewer::Background } else { Renewer::Caller }
    }

    /// Starts the flight of a refresh, whether a value is stored or not.
    pub(crate) fn start_refresh(&self, fresh: NewEntry<'_>) -> Option<FlightId> {
        self.core.start_refresh(fresh, &self.equal_to(fresh.entry))
    }

    /// Stores an entry as if its value had just been computed. `write` writes the value. Runs under way are older,
    /// and will not replace it.
    pub(crate) fn insert(&self, query: &mut dyn AnyQuery, write: &mut dyn FnMut(NonNull<()>)) {
        let hash = query.hash(self.hashing);
        let (entry, tags) = self.fresh(hash, query);
        #[expect(unsafe_code, reason = "the value is in a cell")]
        // SAFETY: the entry was just made, and nobody else has a pointer to it. It has no value.
        unsafe {
            entry.write(write);
        }
        entry.mark_valued();
        let life = self.lives.differ.then(|| {
            #[expect(unsafe_code, reason = "an engine has no types")]
            // SAFETY: the value was just written, and this owns the entry.
            unsafe {
                self.lives.of(entry.value_at())
            }
        });
        let own = entry.entry_ref();
        let kept = self.below.as_ref().map(|below| {
            let all = tags.take();
            let texts = all.texts();
            tags.set(all);
            // Runs under way are older.
            below.forget(own);
            (below.hold(own), EntryPtr::clone(&entry), texts)
        });
        self.core.insert(&entry, &tags, life.as_ref(), &self.equal_to(own));
        if let Some((Some(hold), entry, tags)) = kept {
            let life = life.unwrap_or(Life::ENDLESS);
            if life.is_empty() {
                return;
            }
            #[expect(unsafe_code, reason = "an engine has no types")]
            // SAFETY: the value was written above, and this owns the entry.
            unsafe {
                hold.keep(entry.value_at(), &life, &tags, None);
            }
        }
    }

    /// The stored entry, or a copy of it if it is [compact](crate::store::compact). This counts nothing and leaves recency alone.
    pub(crate) fn peek(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryPtr<S>> {
        if self.core.is_compact() {
            self.core.register();
            if let Ok(copy) = self.copy(hash, equals) {
                return Some(copy);
            }
        }
        self.core.peek(hash, equals).map(|entry| self.owned(entry))
    }

    /// The stored entry, as a hit. If there is none, that is a miss. If calls bypass the cache, there is none.
    pub(crate) fn get(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryPtr<S>> {
        if self.core.rule() == Rule::Bypass {
            return None;
        }
        self.core.get(hash, equals).map(|entry| self.owned(entry))
    }

    /// Ends the time in which an entry answers: see [`Core::expire`]. The tier below was told before.
    pub(crate) fn expire(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryPtr<S>> {
        self.core.expire(hash, equals).map(|entry| self.owned(entry))
    }

    /// Takes an entry out, and keeps runs under way from storing it again. The tier below was told before.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryPtr<S>> {
        self.core.remove(hash, equals).map(|entry| self.owned(entry))
    }

    /// Tells what stands below to forget something.
    ///
    /// It is told before the cache forgets the same. A run that asks in between finds nothing there. One that has asked
    /// before has its flight, and the cache keeps that from being stored.
    pub(crate) fn tell_below(&self, tell: impl FnOnce(&dyn Below)) {
        if let Some(below) = &self.below {
            tell(&**below);
        }
    }

    /// Has what stands below forget the key, if an entry of it is stored, kept or under way.
    pub(crate) fn forget_found(&self, hash: u64, equals: &Equals<'_>) {
        self.tell_below(|below| {
            for entry in self.core.of_hash(hash) {
                if equals(entry.face()) {
                    below.forget(entry.entry_ref());
                }
            }
        });
    }
}

/// Entries that the core has given.
impl<S: Scope> Engine<S> {
    /// Drops entries that the caller owns, and keeps the memory of some for the next ones.
    #[inline]
    pub(crate) fn recycle(&self, dead: impl IntoIterator<Item = EntryRef>) {
        for entry in dead {
            if let Some(memory) = self.owned(entry).recycle() {
                self.spare.keep(memory);
            }
        }
    }

    /// The owner that the core has counted for the caller.
    pub(super) fn owned(&self, entry: EntryRef) -> EntryPtr<S> {
        #[expect(unsafe_code, reason = "the core gives pointers")]
        // SAFETY: the caller owns each entry that the core gives it. The entries of an engine are of its own type.
        unsafe {
            EntryPtr::from_ref(entry, self.types())
        }
    }
}

impl Above for Engine<Shared> {
    fn forget_tagged(&self, tag: &str) {
        self.core.invalidate_tag(tag);
    }

    fn forget_entries(&self) {
        for entry in self.core.filed() {
            self.core.forget(self.owned(entry).entry_ref());
        }
    }
}

impl<S: Scope> Drop for Engine<S> {
    fn drop(&mut self) {
        if !S::SHARED {
            detour::forget(&self.core.table);
        }
        if let Some(forget) = self.when_dropped.get() {
            forget(std::ptr::from_ref(self).addr());
        }
        self.core.close();
    }
}

impl<S: Scope> fmt::Debug for Engine<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}
