//! Many keys at once: one computation for all that are missing.

use crate::cache::cache::Cache;
use crate::call::many::Many;
use crate::key::lookup::ByRef;
use crate::scope::scope::Scope;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

/// The values of many keys, as [`Cache::get_many_or_compute`] takes and returns them.
///
/// A `Vec<V>` has a value for each key, in the order of the keys. A `HashMap<K, V>` or `BTreeMap<K, V>` may have none
/// for some of them.
pub trait ManyValues<K, V>: sealed::ManyValues<K, V> {}

impl<K, V, T: sealed::ManyValues<K, V>> ManyValues<K, V> for T {}

mod sealed {
    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait ManyValues<K, V>: Sized {
        /// The value of each of these keys, in their order.
        fn into_values(self, keys: &[K]) -> Vec<Option<V>>;
        /// These keys and their values.
        fn collect(keys: Vec<K>, values: Vec<Option<V>>) -> Self;
    }
}

impl<K, V> sealed::ManyValues<K, V> for Vec<V> {
    fn into_values(self, keys: &[K]) -> Vec<Option<V>> {
        assert!(
            self.len() == keys.len(),
            "{} values were computed for {} keys",
            self.len(),
            keys.len()
        );
        self.into_iter().map(Some).collect()
    }

    fn collect(_keys: Vec<K>, values: Vec<Option<V>>) -> Self {
        values.into_iter().map(|value| value.expect("none was left out")).collect()
    }
}

impl<K, V, B> sealed::ManyValues<K, V> for HashMap<K, V, B>
where
    K: Hash + Eq,
    B: BuildHasher + Default,
{
    fn into_values(mut self, keys: &[K]) -> Vec<Option<V>> {
        keys.iter().map(|key| self.remove(key)).collect()
    }

    fn collect(keys: Vec<K>, values: Vec<Option<V>>) -> Self {
        keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

impl<K: Ord, V> sealed::ManyValues<K, V> for BTreeMap<K, V> {
    fn into_values(mut self, keys: &[K]) -> Vec<Option<V>> {
        keys.iter().map(|key| self.remove(key)).collect()
    }

    fn collect(keys: Vec<K>, values: Vec<Option<V>>) -> Self {
        keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: Scope,
{
    /// The values for `keys`. One call of `compute` gives all that are missing, for example by one query.
    ///
    /// `compute` gets the keys that are neither stored nor computed by another call at this moment: each once, in the
    /// order asked. It is not called if there are none. This returns what `compute` returns, for all keys:
    ///
    /// - **`Vec<V>`**: the values in the order of the keys, a key that was asked for twice included.
    /// - **`HashMap<K, V>` or `BTreeMap<K, V>`**: a key that `compute` leaves out is not there, and nothing is stored
    ///   for it. Keys that it was not asked for are dropped.
    ///
    /// All values are returned, also those that exceed `maxsize`.
    ///
    /// **Single flight.** Other calls that need one of the missing keys wait for this computation, those for one key
    /// included. This call first computes, and then waits for the keys that others compute: calls whose keys overlap
    /// do not wait in a circle, in any order. If another computation panics or fails, or leaves a key out, this one
    /// calls `compute` again for the keys it did not get. That is the only reason for a further call, besides
    /// [patience](crate::CacheBuilder::patience).
    ///
    /// **Counters.** Each key counts as a call: as a miss if it was computed here, else as a hit. A key that a tier answers counts
    /// as a miss, as in other calls.
    ///
    /// # Panics
    ///
    /// If a `Vec` has another length than the keys that it was computed for. That panic, and one of `compute`, passes
    /// through: nothing is stored, and the calls that wait compute for themselves.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// fn names(ids: &[u64]) -> Vec<String> {
    ///     ids.iter().map(|id| format!("user {id}")).collect() // one request
    /// }
    ///
    /// let users = memofn::Cache::new(100);
    /// assert_eq!(users.get_many_or_compute([7, 8], names), ["user 7", "user 8"]);
    /// let found = users.get_many_or_compute([9, 7, 9], |missing| {
    ///     assert_eq!(missing, [9]);
    ///     names(missing)
    /// });
    /// assert_eq!(found, ["user 9", "user 7", "user 9"]);
    /// assert_eq!((users.info().hits, users.info().misses), (2, 3));
    ///
    /// // Rows of a database: some keys may have none.
    /// let rows: HashMap<u64, String> =
    ///     users.get_many_or_compute([7, 404], |_| HashMap::from([(1, "not asked for".to_owned())]));
    /// assert_eq!(rows, HashMap::from([(7, "user 7".to_owned())]));
    /// ```
    #[doc(alias("get_all", "get_or_compute_many", "get_many", "multi_get", "load_many", "batch"))]
    pub fn get_many_or_compute<L>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut compute: impl FnMut(&[K]) -> L,
    ) -> L
    where
        L: ManyValues<K, V>,
    {
        let Ok(values) =
            self.get_many_or_try_compute(keys, |missing| Ok::<L, Infallible>(compute(missing)));
        values
    }

    /// [`get_many_or_compute`](Self::get_many_or_compute) for a computation that may fail.
    ///
    /// # Errors
    ///
    /// The error of `compute`, for all keys: those found too. Nothing that was missing is stored. The calls that waited
    /// compute for themselves. Each key without a value counts as a miss.
    ///
    /// ```
    /// let ports = memofn::Cache::new(100);
    /// let parse = |texts: &[&'static str]| texts.iter().map(|text| text.parse::<u16>()).collect();
    /// assert_eq!(ports.get_many_or_try_compute(["80", "443"], parse), Ok(vec![80, 443]));
    /// assert!(ports.get_many_or_try_compute(["80", "http", "22"], parse).is_err());
    /// assert_eq!(ports.len(), 2);
    /// ```
    pub fn get_many_or_try_compute<L, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut compute: impl FnMut(&[K]) -> Result<L, E>,
    ) -> Result<L, E>
    where
        L: ManyValues<K, V>,
    {
        let keys: Vec<K> = keys.into_iter().collect();
        let mut many = self.many(&keys, false);
        loop {
            let missing = many.start();
            if !missing.is_empty() {
                let missing = select(&keys, &missing);
                match compute(&missing) {
                    Ok(values) => many.land(values.into_values(&missing)),
                    Err(error) => {
                        many.fail();
                        return Err(error);
                    }
                }
            }
            if !many.wait() {
                break;
            }
        }
        let values = many.into_answers();
        Ok(L::collect(keys, values))
    }

    /// [`get_many_or_compute`](Self::get_many_or_compute) for an async computation.
    ///
    /// If this future is dropped while it computes, one of the calls that wait for a key starts afresh. See
    /// [`get_or_compute_async`](Self::get_or_compute_async).
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let users = memofn::Cache::new(100);
    /// let names = users
    ///     .get_many_or_compute_async([7, 8], async |missing: &[u64]| {
    ///         missing.iter().map(|id| format!("user {id}")).collect::<Vec<_>>() // .await
    ///     })
    ///     .await;
    /// assert_eq!(names, ["user 7", "user 8"]);
    /// # });
    /// ```
    pub async fn get_many_or_compute_async<L>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut compute: impl AsyncFnMut(&[K]) -> L,
    ) -> L
    where
        L: ManyValues<K, V>,
    {
        let keys: Vec<K> = keys.into_iter().collect();
        let mut many = self.many(&keys, true);
        loop {
            let missing = many.start_async().await;
            if !missing.is_empty() {
                let here = many.here();
                let missing = select(&keys, &missing);
                drop(here);
                let values = many.drive(async { compute(&missing).await }).await;
                let here = many.here();
                many.land(values.into_values(&missing));
                drop(here);
            }
            if !many.wait_async().await {
                break;
            }
        }
        let values = many.into_answers();
        L::collect(keys, values)
    }

    /// [`get_many_or_try_compute`](Self::get_many_or_try_compute) for an async computation.
    ///
    /// # Errors
    ///
    /// The error of `compute`, for all keys: those found too. Nothing that was missing is stored. The calls that waited
    /// compute for themselves. Each key without a value counts as a miss.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let users = memofn::Cache::new(100);
    /// users.insert(7, "Ann");
    /// let names = users.get_many_or_try_compute_async([7, 8], async |_: &[u64]| Err::<Vec<&str>, _>("down"));
    /// assert_eq!((names.await, users.len()), (Err("down"), 1));
    /// # });
    /// ```
    pub async fn get_many_or_try_compute_async<L, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut compute: impl AsyncFnMut(&[K]) -> Result<L, E>,
    ) -> Result<L, E>
    where
        L: ManyValues<K, V>,
    {
        let keys: Vec<K> = keys.into_iter().collect();
        let mut many = self.many(&keys, true);
        loop {
            let missing = many.start_async().await;
            if !missing.is_empty() {
                let here = many.here();
                let missing = select(&keys, &missing);
                drop(here);
                match many.drive(async { compute(&missing).await }).await {
                    Ok(values) => {
                        let here = many.here();
                        many.land(values.into_values(&missing));
                        drop(here);
                    }
                    Err(error) => {
                        many.fail();
                        return Err(error);
                    }
                }
            }
            if !many.wait_async().await {
                break;
            }
        }
        let values = many.into_answers();
        Ok(L::collect(keys, values))
    }

    /// Asks for all these keys.
    fn many<'c>(&'c self, keys: &'c [K], is_async: bool) -> Many<'c, ByRef<'c, K, K>, K, V, S> {
        let queries = keys.iter().map(|key| ByRef(key, PhantomData));
        Many::new(self.engine(), queries, |a, b| keys[a] == keys[b], is_async)
    }
}

/// The keys of these numbers.
fn select<'k, K: Clone>(keys: &'k [K], numbers: &[usize]) -> Cow<'k, [K]> {
    if numbers.len() == keys.len() {
        return Cow::Borrowed(keys);
    }
    Cow::Owned(numbers.iter().map(|number| keys[*number].clone()).collect())
}
