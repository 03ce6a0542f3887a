//! Where the cache of a memoized function lives.
//!
//! A static must name its type, and a macro cannot always do that: the type of a `key = ..`
//! expression is known to the compiler alone. So the static is a *site*, which knows the options but
//! not the types, and becomes a cache of the types that the first call asks for.

use crate::builder::CacheBuilder;
use crate::cache::Cache;
use crate::demand::{Key, Never, Nothing, key};
use crate::key::{ByKey, Lookup};
use crate::outcome::Outcome;
use crate::scope::Thread;
use once_cell::{sync, unsync};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::thread::LocalKey;

/// The cache of one function for the whole process.
pub struct Site {
    options: fn() -> CacheBuilder,
    cache: sync::OnceCell<Box<dyn Any + Send + Sync>>,
}

impl Site {
    /// A site whose options are asked for at its first use.
    #[must_use]
    pub const fn new(options: fn() -> CacheBuilder) -> Self {
        Self { options, cache: sync::OnceCell::new() }
    }

    /// The cache, for what is [`kept`].
    ///
    /// # Panics
    ///
    /// When it was asked for with other types before, which no expansion does.
    #[inline]
    pub fn cache<K: Kept, V: Kept>(&self, _key: K, _value: V) -> &Cache<K::Type, V::Type> {
        self.cache
            .get_or_init(|| Box::new((self.options)().build::<K::Type, V::Type>()))
            .downcast_ref()
            .expect("one function has one key type and one stored type")
    }

    /// [`cache`](Self::cache), for the type of a key.
    #[inline]
    pub fn cache_for<K: Kept, V: Kept>(&self, _key: &K, _value: V) -> &Cache<K::Type, V::Type> {
        self.cache(Keeps::<K::Type>::default(), Keeps::<V::Type>::default())
    }

    /// [`cache`](Self::cache), for the type of the key that `key` returns. Does not call it.
    #[inline]
    pub fn cache_by<A, K: Kept, V: Kept>(
        &self,
        _key: impl FnOnce(A) -> K,
        _value: V,
    ) -> &Cache<K::Type, V::Type> {
        self.cache(Keeps::<K::Type>::default(), Keeps::<V::Type>::default())
    }
}

/// Says that something of type `Type` may be kept for all threads.
pub trait Kept {
    /// What is kept.
    type Type: Send + Sync + 'static;
}

macro_rules! kept {
    ($(($($part:ident)*))*) => {$(
        impl<$($part: Kept),*> Kept for ($($part,)*) {
            type Type = ($($part::Type,)*);
        }
    )*};
}
kept! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

/// Something of type `T`.
#[derive(Debug)]
pub struct Keeps<T>(PhantomData<fn() -> T>);

impl<T> Default for Keeps<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + Sync + 'static> Kept for Keeps<T> {
    type Type = T;
}

/// What threads can share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache that threads share",
    label = "needs `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`"
)]
pub trait Shareable<L> {}

impl<T: Send + Sync + 'static> Shareable<Keeps<T>> for T {}

impl<T: Never> Shareable<Nothing> for T {}

/// A return type of which threads can share what is stored.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be kept in a cache that threads share",
    label = "the stored value needs `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`"
)]
pub trait ShareableResult<const FALLIBLE: bool, L> {}

impl<R, const FALLIBLE: bool> ShareableResult<FALLIBLE, Keeps<R::Stored>> for R where
    R: Outcome<FALLIBLE, Stored: Send + Sync + 'static>
{
}

impl<R: Never, const FALLIBLE: bool> ShareableResult<FALLIBLE, Nothing> for R {}

/// A key, or a part of one, that is kept for all threads.
#[must_use]
pub fn kept<T: Shareable<L>, L: Default>() -> L {
    L::default()
}

/// What is stored of a result, kept for all threads.
#[must_use]
pub fn kept_result<R: ShareableResult<FALLIBLE, L>, const FALLIBLE: bool, L: Default>() -> L {
    L::default()
}

/// The value of a `key = ..` expression, kept for all threads.
#[inline]
pub fn shared_key<K, A, B, L>(value: K) -> L
where
    K: Key<A> + Shareable<B>,
    (A, PhantomData<B>): SharedKey<L>,
{
    SharedKey::both((key(value), PhantomData))
}

/// That a value is both a key and shareable. It is known only when both are.
pub trait SharedKey<L> {
    #[doc(hidden)]
    fn both(self) -> L;
}

impl<K> SharedKey<ByKey<K>> for (ByKey<K>, PhantomData<Keeps<K>>) {
    #[inline]
    fn both(self) -> ByKey<K> {
        self.0
    }
}

impl<K> SharedKey<Nothing> for (ByKey<K>, PhantomData<Nothing>) {
    fn both(self) -> Nothing {
        unreachable!("nothing is shareable as `Nothing`")
    }
}

impl<B> SharedKey<Nothing> for (Nothing, PhantomData<B>) {
    fn both(self) -> Nothing {
        self.0
    }
}

impl<K: Send + Sync + 'static> Kept for ByKey<K> {
    type Type = K;
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// What a [`ThreadSite`] keeps in each thread.
pub type ThreadSlot = unsync::OnceCell<Box<dyn Any>>;

/// The caches of one function, one for each thread.
#[derive(Debug)]
pub struct ThreadSite {
    options: fn() -> CacheBuilder,
    slot: &'static LocalKey<ThreadSlot>,
}

impl ThreadSite {
    /// A site whose options are asked for at its first use in each thread.
    #[must_use]
    pub const fn new(options: fn() -> CacheBuilder, slot: &'static LocalKey<ThreadSlot>) -> Self {
        Self { options, slot }
    }

    /// The calling thread's cache.
    ///
    /// When the thread's locals are already destroyed, it is a new one: what is called from
    /// destructors is computed, but remembered no longer than the call lasts.
    ///
    /// # Panics
    ///
    /// When it was asked for with other types before, which no expansion does.
    #[inline]
    #[must_use]
    pub fn cache<K: 'static, V: 'static>(&self) -> Cache<K, V, Thread> {
        let make = || (self.options)().build_for_thread::<K, V>();
        let cached = self.slot.try_with(|slot| {
            slot.get_or_init(|| Box::new(make()))
                .downcast_ref::<Cache<K, V, Thread>>()
                .expect("one function has one key type and one stored type")
                .clone()
        });
        cached.unwrap_or_else(|_| make())
    }

    /// [`cache`](Self::cache), for the type of a key.
    #[inline]
    pub fn cache_for<K: Lookup<Key: 'static>, V: 'static>(
        &self,
        _key: &K,
    ) -> Cache<K::Key, V, Thread> {
        self.cache()
    }

    /// [`cache`](Self::cache), for the type of the key that `key` returns. Does not call it.
    #[inline]
    pub fn cache_by<A, K: Lookup<Key: 'static>, V: 'static>(
        &self,
        _key: impl FnOnce(A) -> K,
    ) -> Cache<K::Key, V, Thread> {
        self.cache()
    }
}
