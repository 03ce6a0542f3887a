//! A cache used by hand: make it, compute through it, look, insert, remove.

use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::cache::given::GivenCache;
use crate::call::async_call;
use crate::call::result_policy::{OkOnly, Whole};
use crate::engine::engine::Engine;
use crate::key::lookup::{ByKey, ByRef, Sought};
use crate::key::tags::{Tagged, Tags};
use crate::scope::scope::Scope;
use std::borrow::{Borrow, Cow};
use std::hash::Hash;
use std::marker::PhantomData;

impl<K, V> Cache<K, V> {
    /// A cache of at most `maxsize` entries, without a time to live. With 0 nothing is stored.
    ///
    /// ```
    /// let cache = memofn::Cache::new(1);
    /// cache.insert(1, "one");
    /// cache.insert(2, "two");
    /// assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some("two")));
    /// ```
    #[must_use]
    pub fn new(maxsize: usize) -> Self {
        Self::with(CacheBuilder::<K, V>::new().maxsize(maxsize).into_settings())
    }

    /// A cache without a limit to the number of entries, and without a time to live.
    ///
    /// ```
    /// let cache = memofn::Cache::unbounded();
    /// cache.extend((0..1000).map(|n| (n, n * n)));
    /// assert_eq!(cache.len(), 1000);
    /// ```
    #[must_use]
    pub fn unbounded() -> Self {
        Self::with(CacheBuilder::<K, V>::new().unbounded().into_settings())
    }

    /// A builder for all options. The types come from where the cache goes: see [`CacheBuilder`].
    ///
    /// ```
    /// let users: memofn::Cache<u64, String> = memofn::Cache::builder().maxsize(9).build();
    /// assert_eq!(users.info().maxsize, Some(9));
    /// ```
    pub const fn builder() -> CacheBuilder<K, V> {
        CacheBuilder::new()
    }
}

impl<K: Hash + Eq, V: Clone, S: Scope> Cache<K, V, S> {
    /// The value for `key`. If there is none, calls `compute` and stores what it returns.
    ///
    /// If another thread is computing the value, waits for that run instead.
    ///
    /// # Panics
    ///
    /// A panic of `compute` passes through. Nothing is stored.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// assert_eq!(cache.get_or_compute(3, || 9), 9);
    /// assert_eq!(cache.get_or_compute(3, || unreachable!("a hit computes nothing")), 9);
    /// ```
    #[doc(alias("get_with", "entry", "or_insert_with", "get_or_insert_with", "get_or_set_with"))]
    pub fn get_or_compute(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let given = GivenCache::new(self);
        crate::__private::call_in_place!(given.enter(ByKey(key), Whole), compute())
    }

    /// [`get_or_compute`](Self::get_or_compute) with a borrowed key. Only a miss makes an owned key.
    ///
    /// ```
    /// let cache = memofn::Cache::<String, usize>::new(10);
    /// assert_eq!(cache.get_or_compute_by_ref("Oslo", || 4), 4);
    /// ```
    #[doc(alias("get_with_by_ref", "entry_by_ref"))]
    pub fn get_or_compute_by_ref<Q>(&self, key: &Q, compute: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq + ToOwned<Owned = K>,
    {
        let given = GivenCache::new(self);
        crate::__private::call_in_place!(given.enter(ByRef(key, PhantomData), Whole), compute())
    }

    /// [`get_or_compute`](Self::get_or_compute) for a computation that may fail.
    ///
    /// # Errors
    ///
    /// The error of `compute`. It is not stored. The calls that waited for a failed run compute for themselves.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// let port = |text: &'static str| cache.get_or_try_compute(text, || text.parse::<u16>());
    /// assert_eq!(port("80"), Ok(80));
    /// assert!(port("http").is_err());
    /// assert_eq!(cache.len(), 1);
    /// ```
    #[doc(alias("try_get_with", "or_try_insert_with", "try_get_or_set_with"))]
    pub fn get_or_try_compute<E>(
        &self,
        key: K,
        compute: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let given = GivenCache::new(self);
        crate::__private::call_in_place!(given.enter(ByKey(key), OkOnly), compute())
    }

    /// [`get_or_compute`](Self::get_or_compute) for an async computation.
    ///
    /// Sync and async callers wait for each other's runs. A hit is ready at the first poll. The future may be
    /// dropped at any time: if it was computing, one of the waiting calls starts afresh. A call does not wait for a
    /// run that its own task no longer polls, nor for a run that waits for this call: see [the crate
    /// documentation](crate).
    ///
    /// ```
    /// # fn fetch() -> impl Future<Output = u32> { std::future::ready(7) }
    /// # futures::executor::block_on(async {
    /// let cache = memofn::Cache::new(100);
    /// assert_eq!(cache.get_or_compute_async("Oslo", async || fetch().await).await, 7);
    /// assert_eq!(cache.get_or_compute("Oslo", || unreachable!("it is there")), 7);
    /// # });
    /// ```
    #[doc(alias("get_with", "async_get_or_set_with"))]
    pub async fn get_or_compute_async(&self, key: K, compute: impl AsyncFnOnce() -> V) -> V {
        let query = ByKey(key);
        let miss = match GivenCache::new(self).hit(&query, &Whole) {
            Ok(result) => return result,
            Err(miss) => miss,
        };
        async_call::or_compute(self.engine(), miss, query, Whole, compute).await
    }

    /// [`get_or_compute_async`](Self::get_or_compute_async) with a borrowed key. Only a miss makes an owned key.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let cache = memofn::Cache::<String, usize>::new(100);
    /// assert_eq!(cache.get_or_compute_by_ref_async("Oslo", async || 4).await, 4);
    /// assert_eq!(cache.peek("Oslo"), Some(4));
    /// # });
    /// ```
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
        let miss = match GivenCache::new(self).hit(&query, &Whole) {
            Ok(result) => return result,
            Err(miss) => miss,
        };
        async_call::or_compute(self.engine(), miss, query, Whole, compute).await
    }

    /// [`get_or_try_compute`](Self::get_or_try_compute) for an async computation.
    ///
    /// # Errors
    ///
    /// The error of `compute`. It is not stored. The calls that waited for a failed run compute for themselves.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let ports = memofn::Cache::new(100);
    /// let port = ports.get_or_try_compute_async("http", async || "http".parse::<u16>()).await;
    /// assert!(port.is_err() && ports.is_empty());
    /// # });
    /// ```
    #[doc(alias("try_get_with"))]
    pub async fn get_or_try_compute_async<E>(
        &self,
        key: K,
        compute: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let query = ByKey(key);
        let miss = match GivenCache::new(self).hit(&query, &OkOnly) {
            Ok(result) => return result,
            Err(miss) => miss,
        };
        async_call::or_compute(self.engine(), miss, query, OkOnly, compute).await
    }

    /// The value for `key`, if there is one. Computes nothing, and waits for no run.
    ///
    /// It is a call like any other: a value found is a hit and the latest use of its entry, and nothing found is a
    /// miss. So the counters are right for a program that looks with `get` and stores with [`insert`](Self::insert).
    /// (A miss here runs nothing. A `get_or_compute` after it is a call of its own, and may be a second miss.)
    /// [`peek`](Self::peek) looks without a trace. [`get_or_compute`](Self::get_or_compute) lets one of several
    /// threads compute a value.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("Oslo".to_owned(), 4);
    /// assert_eq!((cache.get("Oslo"), cache.get("Rome")), (Some(4), None));
    /// assert_eq!((cache.info().hits, cache.info().misses), (1, 1));
    /// ```
    #[doc(alias("get_if_present", "cache_get", "lookup"))]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let hash = self.engine().hash(|state| key.hash(state));
        if let Ok(value) = self.engine().hit(hash, &Sought(key, PhantomData), V::clone) {
            return Some(value);
        }
        let entry = self.engine().get(hash, &|known: &K| known.borrow() == key)?;
        Some(self.engine().entry(&entry).value().clone())
    }

    /// The value for `key`, if there is one. Counts nothing and leaves recency alone.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("Oslo".to_owned(), 4);
    /// assert_eq!((cache.peek("Oslo"), cache.peek("Rome")), (Some(4), None));
    /// assert_eq!(cache.info().hits, 0);
    /// ```
    #[doc(alias("peek_with", "get_quiet", "cache_peek"))]
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let entry =
            self.engine().peek(self.engine().hash(|state| key.hash(state)), &|known: &K| {
                known.borrow() == key
            })?;
        Some(self.engine().entry(&entry).value().clone())
    }

    /// Forgets `key` and returns its value, if there is one. A run of `key` under way does not store its value.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("Oslo".to_owned(), 4);
    /// assert_eq!((cache.remove("Oslo"), cache.remove("Oslo")), (Some(4), None));
    /// ```
    #[doc(alias("invalidate", "evict", "pop", "cache_remove"))]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let hash = self.engine().hash(|state| key.hash(state));
        let entry =
            self.engine().forget(Engine::remove, key, hash, &|known: &K| known.borrow() == key)?;
        Some(self.engine().entry(&entry).value().clone())
    }
}

impl<K: Hash + Eq, V, S: Scope> Cache<K, V, S> {
    /// Whether there is a value for `key`. Counts nothing and leaves recency alone.
    ///
    /// Another thread may remove or store the value right after that. To act on the answer, ask for the value itself.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("Oslo".to_owned(), 4);
    /// assert!(cache.contains_key("Oslo") && !cache.contains_key("Rome"));
    /// assert_eq!((cache.info().hits, cache.info().misses), (0, 0));
    /// ```
    #[must_use]
    #[doc(alias("contains", "has", "is_cached"))]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let hash = self.engine().hash(|state| key.hash(state));
        self.engine().peek(hash, &|known: &K| known.borrow() == key).is_some()
    }

    /// Ends the time in which the value of `key` answers, as if it had grown old. Returns whether it did answer. A run of
    /// `key` under way does not store its value.
    ///
    /// With [`refresh_after`](crate::CacheBuilder::refresh_after) the value is due: it answers the next call, or the calls
    /// beside it, and is renewed. With [`stale_if_error`](crate::CacheBuilder::stale_if_error) alone it is kept for calls
    /// that fail. Without both it is removed.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let rates: Cache<&str, u32> = Cache::builder().ttl(hour).stale_if_error(hour).build();
    /// rates.insert("EUR", 100);
    /// assert!(rates.expire("EUR"));
    /// assert_eq!(rates.get_or_try_compute("EUR", || Err("down")), Ok(100));
    /// assert_eq!(rates.get_or_try_compute("EUR", || Err("down")), Ok(100));
    /// ```
    #[doc(alias("invalidate", "revalidate", "revalidateTag", "mark_stale"))]
    pub fn expire<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq,
    {
        let hash = self.engine().hash(|state| key.hash(state));
        self.engine()
            .forget(Engine::expire, key, hash, &|known: &K| known.borrow() == key)
            .is_some()
    }

    /// Stores `value` as if it had just been computed. A run of `key` under way does not replace it.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert(3, 9);
    /// assert_eq!(cache.get_or_compute(3, || unreachable!("it is stored")), 9);
    /// ```
    #[doc(alias("put", "cache_set", "set", "prime_cache"))]
    pub fn insert(&self, key: K, value: V) {
        self.engine().insert(ByKey(key), || value);
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// [`insert`](Self::insert) of an entry with tags: [`invalidate_tag`](Self::invalidate_tag) and
    /// [`memofn::invalidate_tag`](crate::invalidate_tag) forget it by each of them.
    ///
    /// The tags belong to this entry. Another `insert` of the same key replaces it, and its tags as well.
    ///
    /// ```
    /// let prices = memofn::Cache::new(10);
    /// prices.insert_tagged("apple", 3, ["fruit"]);
    /// prices.insert_tagged("leek", 2, ["vegetable".to_owned(), format!("supplier:{}", 7)]);
    /// assert_eq!(memofn::invalidate_tag("supplier:7"), 1);
    /// assert_eq!((prices.peek("apple"), prices.peek("leek")), (Some(3), None));
    /// ```
    pub fn insert_tagged<T>(&self, key: K, value: V, tags: impl IntoIterator<Item = T>)
    where
        T: Into<Cow<'static, str>>,
    {
        let tags = Tags::new(tags.into_iter().map(Into::into));
        if !tags.is_empty() {
            self.list_tagged();
        }
        self.engine().insert(Tagged::new(ByKey(key), || tags), || value);
    }
}

impl<K, V> Default for Cache<K, V> {
    /// A cache of at most 128 entries, without a time to live.
    fn default() -> Self {
        Self::with(CacheBuilder::<K, V>::new().into_settings())
    }
}
