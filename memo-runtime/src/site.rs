//! Where the cache of a memoized function lives.
//!
//! A static must name its type, and a macro cannot always do that: the type of a `key = ..`
//! expression is known to the compiler alone. So the static is a *site*, which knows the options but
//! not the types, and becomes a cache of the types that the first call asks for.

use crate::builder::CacheBuilder;
use crate::cache::Cache;
use crate::scope::Thread;
use once_cell::{sync, unsync};
use std::any::Any;
use std::fmt;
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

    /// The cache.
    ///
    /// # Panics
    ///
    /// When it was asked for with other types before, which no expansion does.
    #[inline]
    pub fn cache<K, V>(&self) -> &Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        self.cache
            .get_or_init(|| Box::new((self.options)().build::<K, V>()))
            .downcast_ref()
            .expect("one function has one key type and one stored type")
    }

    /// [`cache`](Self::cache), for keys of the type that `key` returns. Does not call it.
    pub fn cache_by<A, K, V>(&self, _key: impl FnOnce(A) -> K) -> &Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        self.cache()
    }
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

    /// [`cache`](Self::cache), for keys of the type that `key` returns. Does not call it.
    pub fn cache_by<A, K: 'static, V: 'static>(
        &self,
        _key: impl FnOnce(A) -> K,
    ) -> Cache<K, V, Thread> {
        self.cache()
    }
}
