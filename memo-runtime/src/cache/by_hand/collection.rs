//! A cache as a collection: iterate over it, extend it, collect into it.

use crate::cache::cache::{Cache, CacheEntry};
use crate::entry::entry::EntryPtr;
use crate::scope::scope::{Scope, Shared};
use std::fmt;
use std::hash::Hash;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::vec;

/// The entries of a cache at one moment: see [`Cache::iter`].
///
/// It owns the entries, and borrows nothing from the cache.
///
/// ```
/// let cache = memofn::Cache::new(10);
/// cache.extend([("one", 1), ("two", 2)]);
/// let mut sum = 0;
/// for entry in &cache {
///     sum += entry.value();
/// }
/// assert_eq!((sum, cache.iter().len()), (3, 2));
/// ```
pub struct CacheIter<K, V, S: Scope = Shared> {
    entries: vec::IntoIter<EntryPtr<S>>,
    types: PhantomData<CacheEntry<K, V, S>>,
}

impl<K, V, S: Scope> CacheIter<K, V, S> {
    /// The entries are of these types.
    pub(crate) fn new(entries: Vec<EntryPtr<S>>) -> Self {
        Self { entries: entries.into_iter(), types: PhantomData }
    }
}

impl<K, V, S: Scope> Iterator for CacheIter<K, V, S> {
    type Item = CacheEntry<K, V, S>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(CacheEntry::new)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<K, V, S: Scope> DoubleEndedIterator for CacheIter<K, V, S> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(CacheEntry::new)
    }
}

impl<K, V, S: Scope> ExactSizeIterator for CacheIter<K, V, S> {}

impl<K, V, S: Scope> FusedIterator for CacheIter<K, V, S> {}

impl<K, V, S: Scope> fmt::Debug for CacheIter<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheIter").field("len", &self.entries.len()).finish()
    }
}

impl<K, V, S: Scope> IntoIterator for &Cache<K, V, S> {
    type Item = CacheEntry<K, V, S>;
    type IntoIter = CacheIter<K, V, S>;

    /// [`Cache::iter`].
    fn into_iter(self) -> CacheIter<K, V, S> {
        self.iter()
    }
}

impl<K: Hash + Eq, V, S: Scope> Cache<K, V, S> {
    /// [Inserts](Self::insert) all of these, one after another: to fill a cache before it is asked.
    ///
    /// The last value of a key stays. More entries than `maxsize` evict the first of them.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::sync::LazyLock;
    ///
    /// static SQUARES: LazyLock<Cache<u64, u64>> = LazyLock::new(|| Cache::new(2));
    ///
    /// SQUARES.extend((1..=3).map(|n| (n, n * n)));
    /// assert_eq!((SQUARES.peek(&1), SQUARES.peek(&2), SQUARES.peek(&3)), (None, Some(4), Some(9)));
    /// ```
    #[doc(alias("insert_all", "put_all", "preload", "warm"))]
    pub fn extend(&self, entries: impl IntoIterator<Item = (K, V)>) {
        entries.into_iter().for_each(|(key, value)| self.insert(key, value));
    }
}

impl<K: Hash + Eq, V, S: Scope> Extend<(K, V)> for Cache<K, V, S> {
    /// The method [`extend`](Cache::extend), for generic code.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        Self::extend(self, entries);
    }
}

impl<K: Hash + Eq, V, S: Scope> Extend<(K, V)> for &Cache<K, V, S> {
    /// The method [`extend`](Cache::extend), for generic code.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        Cache::extend(*self, entries);
    }
}

impl<K: Hash + Eq, V> FromIterator<(K, V)> for Cache<K, V> {
    /// A cache of these entries, **without a limit**: it holds all of them, and grows with each further key.
    /// [`set_maxsize`](Cache::set_maxsize) limits it. The default limit of 128 entries would lose some of them.
    ///
    /// ```
    /// let cache: memofn::Cache<_, _> = (1..=1000).map(|n| (n, n * n)).collect();
    /// assert_eq!((cache.len(), cache.info().maxsize), (1000, None));
    /// cache.set_maxsize(1000);
    /// ```
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let cache = Self::unbounded();
        cache.extend(entries);
        cache
    }
}
