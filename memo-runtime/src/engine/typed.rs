//! The engine with the types of its keys and values, for the code that is compiled for each pair of types.
//!
//! This is kept small: all that needs no types is in the [`Engine`]. It must not know what a result is.

use crate::engine::core::Equals;
use crate::engine::engine::{Engine, EnginePtr, Find};
use crate::engine::hit::Miss;
use crate::engine::query::Query;
use crate::engine::settings::Settings;
use crate::entry::entry::{Entry, EntryPtr};
use crate::entry::entry_ref::FaceRef;
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use foldhash::fast::FoldHasher;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A pointer to the engine of a cache with keys `K` and values `V`.
#[repr(transparent)]
pub(crate) struct TypedEngine<K, V, S: Scope> {
    engine: EnginePtr<S>,
    /// It owns such entries, and threads share it on the same conditions.
    types: PhantomData<S::Ptr<Entry<K, V>>>,
}

#[expect(clippy::unused_self, reason = "the engine vouches for the types")]
impl<K, V, S: Scope> TypedEngine<K, V, S> {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { engine: Engine::<S>::make(settings, Entry::<K, V>::TYPE), types: PhantomData }
    }

    /// Gives an engine its types back.
    ///
    /// # Safety
    ///
    /// The engine was made for these types.
    #[expect(unsafe_code, reason = "an engine has no types")]
    #[inline]
    pub(crate) unsafe fn of(engine: &EnginePtr<S>) -> &Self {
        // SAFETY: this has the layout of the pointer, and the caller vouches for the types.
        unsafe { &*std::ptr::from_ref(engine).cast() }
    }

    #[inline]
    pub(crate) fn engine(&self) -> &EnginePtr<S> {
        &self.engine
    }

    /// The hash of a key, which `feed` feeds to the hasher.
    #[inline]
    pub(crate) fn hash(&self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        self.engine.hashing.hash(feed)
    }

    /// A call of this cache, for the engine.
    #[inline]
    pub(crate) fn query<Q: Lookup<Key = K>>(&self, lookup: Q) -> Query<Q, V> {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the engine has these types.
        unsafe {
            Query::new(lookup)
        }
    }

    /// [`Engine::quick_hit`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn quick_hit<const TIMED: bool, R, Q>(
        &self,
        query: &Q,
        answer: impl FnOnce(&V) -> R,
    ) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
    {
        self.engine.quick_hit::<TIMED, _>(
            const { Entry::<K, V>::TYPE.is_plain },
            |hashing| hashing.hash(|state| query.hash(state)),
            |entry| query.matches(self.key(entry)),
            |entry| answer(self.value(entry)),
        )
    }

    /// [`Engine::hit`].
    #[inline]
    pub(crate) fn hit<R, Q>(
        &self,
        hash: u64,
        query: &Q,
        answer: impl FnOnce(&V) -> R,
    ) -> Result<R, Miss>
    where
        Q: Lookup<Key = K>,
    {
        self.engine.hit(
            const { Entry::<K, V>::TYPE.is_plain },
            hash,
            |entry| query.matches(self.key(entry)),
            |entry| answer(self.value(entry)),
        )
    }

    /// [`Engine::insert`].
    pub(crate) fn insert<Q>(&self, lookup: Q, value: impl FnOnce() -> V)
    where
        Q: Lookup<Key = K>,
    {
        let mut value = Some(value);
        self.engine.insert(&mut self.query(lookup), &mut |to| {
            let value = value.take().expect("a value is written once");
            #[expect(unsafe_code, reason = "an engine has no types")]
            // SAFETY: the engine gives room for a value of its type.
            unsafe {
                to.cast().write(value());
            }
        });
    }

    /// [`Engine::peek`].
    pub(crate) fn peek(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<S>> {
        self.engine.peek(hash, &|entry| equals(self.key(entry)))
    }

    /// [`Engine::get`].
    pub(crate) fn get(&self, hash: u64, equals: &dyn Fn(&K) -> bool) -> Option<EntryPtr<S>> {
        self.engine.get(hash, &|entry| equals(self.key(entry)))
    }

    /// Forgets a key, here and below. `find` is [`Engine::remove`] or [`Engine::expire`].
    pub(crate) fn forget<Q: ?Sized>(
        &self,
        find: Find<S>,
        key: &Q,
        hash: u64,
        equals: &dyn Fn(&K) -> bool,
    ) -> Option<EntryPtr<S>> {
        let equals = |entry| equals(self.key(entry));
        self.forget_below(key, hash, &equals);
        find(&self.engine, hash, &equals)
    }

    /// Has what stands below the cache forget a key, once: a second time would end a run that has begun in between. A key that is
    /// not given as the cache holds it is forgotten if the cache knows it.
    fn forget_below<Q: ?Sized>(&self, key: &Q, hash: u64, equals: &Equals<'_>) {
        if typeid::of::<Q>() != typeid::of::<K>() {
            return self.engine.forget_found(hash, equals);
        }
        self.engine.tell_below(|below| {
            let key = NonNull::from(key).cast();
            #[expect(unsafe_code, reason = "a type is known at run time only")]
            // SAFETY: a `Q` is a `K`. A tier below a cache is for its types, which have no lifetime.
            unsafe {
                below.forget_key(key);
            }
        });
    }

    /// [`Engine::retain`].
    pub(crate) fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.engine.retain(&mut |entry| {
            let entry = self.entry(entry);
            keep(&entry.key, entry.value())
        });
    }

    /// [`Engine::remove_if`].
    pub(crate) fn remove_if(&self, mut is_removed: impl FnMut(&K) -> bool) {
        self.engine.remove_if(&mut |entry| is_removed(self.key(entry.face())));
    }

    /// An entry of this cache.
    #[inline]
    pub(crate) fn entry<'e>(&self, entry: &'e EntryPtr<S>) -> &'e Entry<K, V> {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the entries of an engine are of its own type.
        unsafe {
            entry.typed()
        }
    }

    /// The key of an entry that the engine asks about.
    #[inline]
    fn key(&self, entry: FaceRef) -> &K {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the entries of an engine are of its own type. The engine keeps an entry alive while it asks about it.
        unsafe {
            Entry::<K, V>::key_of(entry)
        }
    }

    /// The value of an entry that a look-up without the lock has found.
    #[inline]
    fn value(&self, entry: FaceRef) -> &V {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: as for `key`. A look-up finds stored entries, which have a value.
        unsafe {
            Entry::<K, V>::value_of(entry)
        }
    }
}

impl<K, V, S: Scope> Clone for TypedEngine<K, V, S> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), types: PhantomData }
    }
}
