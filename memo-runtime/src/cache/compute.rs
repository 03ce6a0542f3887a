//! A cache in the user's own hands: made, asked for values, and filled.

use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::call::call;
use crate::call::result_policy::{OkOnly, Whole};
use crate::entry::entry::Entry;
use crate::expand::call_site::Given;
use crate::key::lookup::{ByKey, ByRef};
use crate::scope::scope::{Scope, Shared};
use std::borrow::Borrow;
use std::hash::Hash;
use std::marker::PhantomData;

impl<K, V> Cache<K, V> {
    /// A cache of at most `maxsize` entries, without a time to live. With 0 nothing is stored.
    #[must_use]
    pub fn new(maxsize: usize) -> Self {
        Self::with(CacheBuilder::new().maxsize(maxsize).parameters::<Shared>())
    }

    /// A cache that grows as long as there are new keys.
    #[must_use]
    pub fn unbounded() -> Self {
        Self::with(CacheBuilder::new().unbounded().parameters::<Shared>())
    }

    /// All the options: see [`CacheBuilder`].
    pub fn builder() -> CacheBuilder {
        CacheBuilder::new()
    }
}

impl<K: Hash + Eq, V: Clone, S: Scope> Cache<K, V, S> {
    /// The value for `key`, computed by `compute` if it is not there.
    ///
    /// If another thread is computing it, waits for that instead. A panic of `compute` passes
    /// through and stores nothing.
    pub fn get_or_compute(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let given = Given::new(self);
        crate::__private::call_in_place!(given.enter(ByKey(key), Whole), compute())
    }

    /// [`get_or_compute`](Self::get_or_compute) with a borrowed key, which is owned only on a miss.
    pub fn get_or_compute_by_ref<Q>(&self, key: &Q, compute: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq + ToOwned<Owned = K>,
    {
        let given = Given::new(self);
        crate::__private::call_in_place!(given.enter(ByRef(key, PhantomData), Whole), compute())
    }

    /// The value for `key`, computed by `compute` if it is not there; an error is not stored.
    ///
    /// # Errors
    ///
    /// That of `compute`. Those who waited for a computation that failed compute for themselves.
    pub fn get_or_try_compute<E>(
        &self,
        key: K,
        compute: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let given = Given::new(self);
        crate::__private::call_in_place!(given.enter(ByKey(key), OkOnly), compute())
    }

    /// [`get_or_compute`](Self::get_or_compute), for a value that is computed asynchronously.
    ///
    /// Callers of both kinds wait for each other's computations. A hit is ready at the first poll. The
    /// future may be dropped at any time: if it was computing, one of those who wait starts anew. Nobody
    /// waits for a computation that is not polled any longer, or for one that waits for its own: see
    /// [the crate documentation](crate) for what is promised.
    ///
    /// ```
    /// # fn fetch() -> impl Future<Output = u32> { std::future::ready(7) }
    /// # futures::executor::block_on(async {
    /// let cache = memofn::Cache::new(100);
    /// assert_eq!(cache.get_or_compute_async("Oslo", async || fetch().await).await, 7);
    /// assert_eq!(cache.get_or_compute("Oslo", || unreachable!("it is there")), 7);
    /// # });
    /// ```
    pub async fn get_or_compute_async(&self, key: K, compute: impl AsyncFnOnce() -> V) -> V {
        let query = ByKey(key);
        match Given::new(self).hit(&query, &Whole) {
            Ok(result) => result,
            Err(miss) => call::or_compute(self.engine(), miss, query, Whole, compute).await,
        }
    }

    /// [`get_or_compute_async`](Self::get_or_compute_async) with a borrowed key, which is owned only on a
    /// miss.
    pub async fn get_or_compute_by_ref_async<Q>(
        &self,
        key: &Q,
        compute: impl AsyncFnOnce() -> V,
    ) -> V
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq + ToOwned<Owned = K>,
    {
        let query = ByRef(key, PhantomData);
        match Given::new(self).hit(&query, &Whole) {
            Ok(result) => result,
            Err(miss) => call::or_compute(self.engine(), miss, query, Whole, compute).await,
        }
    }

    /// [`get_or_try_compute`](Self::get_or_try_compute), for a value that is computed asynchronously.
    ///
    /// # Errors
    ///
    /// That of `compute`. Those who waited for a computation that failed compute for themselves.
    pub async fn get_or_try_compute_async<E>(
        &self,
        key: K,
        compute: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let query = ByKey(key);
        match Given::new(self).hit(&query, &OkOnly) {
            Ok(result) => result,
            Err(miss) => call::or_compute(self.engine(), miss, query, OkOnly, compute).await,
        }
    }

    /// The value for `key` if it is there. Neither counts nor touches recency.
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let entry =
            self.engine().peek(self.engine().hash(|state| key.hash(state)), &|known: &K| {
                known.borrow() == key
            })?;
        Some(entry.value().clone())
    }

    /// Forgets `key` and returns its value. A computation under way for it will not be stored.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let entry =
            self.engine().remove(self.engine().hash(|state| key.hash(state)), &|known: &K| {
                known.borrow() == key
            })?;
        Some(entry.value().clone())
    }

    /// Stores `value` as if it had just been computed. Computations under way for `key` will not
    /// replace it.
    pub fn insert(&self, key: K, value: V) {
        let hash = self.engine().hash(|state| key.hash(state));
        self.engine().insert(Entry::ready(hash, key, value), |a, b| a == b);
    }
}

impl<K, V> Default for Cache<K, V> {
    /// A cache of at most 128 entries, without a time to live.
    fn default() -> Self {
        Self::with(CacheBuilder::new().parameters::<Shared>())
    }
}
