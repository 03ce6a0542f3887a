//! The handle of a cache, and what can be asked of it whatever its keys are.

use crate::cache::registry;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::engine::Engine;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::{Scope, Shared};
use std::fmt;

/// A bounded, expiring, counting map from keys to computed values.
///
/// `#[memoize]` keeps one for each function; this is the same cache in your own hands: a field of a
/// struct, or a local of a test. It is a handle: clones share the entries. Any number of threads may
/// use it at the same time, and the value for a key is computed by one of them while the others wait
/// ([single flight](crate::CacheBuilder::single_flight)).
///
/// No lock is held while a value is computed, hashed, compared, cloned or dropped: each of these may
/// use the same cache again.
///
/// ```
/// use memofn::Cache;
///
/// let cache = Cache::new(100);
/// let len = cache.get_or_compute("Oslo".to_owned(), || 4);
/// assert_eq!(len, 4);
/// assert_eq!(cache.get_or_compute_by_ref("Oslo", || unreachable!()), 4);
/// assert_eq!(cache.info().hits, 1);
/// ```
///
/// `Default` makes one of at most 128 entries, so that it fits into a struct that derives `Default`; a
/// new cache allocates no tables before its first entry. A cache of the whole program is a
/// `LazyLock`:
///
/// ```
/// use memofn::{Cache, memoize};
/// use std::sync::LazyLock;
///
/// static USERS: LazyLock<Cache<u64, String>> =
///     LazyLock::new(|| Cache::<u64, String>::builder().maxsize(1000).name("users").build());
///
/// #[memoize(cache = USERS)]
/// fn user(id: u64) -> String {
///     id.to_string()
/// }
///
/// assert_eq!(user(7), "7");
/// assert_eq!(USERS.peek(&7), Some("7".to_owned()));
/// ```
///
/// `S` tells who shares it: [`Shared`], the default, is for every thread; a cache of
/// [`scope::Thread`](crate::scope::scope::Thread) belongs to one thread and pays for no synchronisation.
pub struct Cache<K, V, S: Scope = Shared> {
    engine: S::Ptr<Engine<K, V, S>>,
}

impl<K, V, S: Scope> Cache<K, V, S> {
    pub(crate) fn with(parameters: CacheParameters) -> Self {
        Self { engine: S::ptr(Engine::new(parameters, registry::unlist)) }
    }

    #[inline]
    pub(crate) fn engine(&self) -> &Engine<K, V, S> {
        &self.engine
    }

    pub(crate) fn engine_ptr(&self) -> &S::Ptr<Engine<K, V, S>> {
        &self.engine
    }

    /// The counters and the size.
    #[must_use]
    pub fn info(&self) -> CacheInfo {
        self.engine.info()
    }

    /// The options in force.
    #[must_use]
    pub fn parameters(&self) -> CacheParameters {
        self.engine.parameters.clone()
    }

    /// Forgets every entry and zeroes the counters.
    ///
    /// What is being computed at this moment is returned to its callers and to those who already
    /// wait for it, but not stored.
    pub fn clear(&self) {
        self.engine.clear();
    }

    /// How many entries are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.info().currsize
    }

    /// Whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries held at this moment, the most recently used first. (In an unbounded cache nothing
    /// is evicted and recency is not kept: there it is the most recently stored one.)
    ///
    /// Neither counts nor touches recency. Other calls go on meanwhile; what they change is not
    /// seen.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("one", 1);
    /// cache.insert("two", 2);
    /// let entries: Vec<_> = cache.iter().map(|entry| (*entry.key(), *entry.value())).collect();
    /// assert_eq!(entries, [("two", 2), ("one", 1)]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = CacheEntry<K, V, S>> + use<K, V, S> {
        self.engine.entries().into_iter().map(CacheEntry)
    }

    /// Forgets the entries that `keep` refuses.
    ///
    /// A run of the same key that began before, a refresh for instance, is not stored after it. `keep` sees
    /// what is stored, and so it cannot refuse a key that is computed for the first time.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// (1..=4).for_each(|n| cache.insert(n, n * n));
    /// cache.retain(|_, square| square % 2 == 0);
    /// assert_eq!((cache.peek(&2), cache.peek(&3)), (Some(4), None));
    /// ```
    pub fn retain(&self, keep: impl FnMut(&K, &V) -> bool) {
        self.engine.retain(keep);
    }
}

impl<K, V, S: Scope> Clone for Cache<K, V, S> {
    /// Another handle of the same cache.
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone() }
    }
}

impl<K, V, S: Scope> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("parameters", &self.engine.parameters)
            .field("info", &self.info())
            .finish()
    }
}

/// An entry of a cache, as [`Cache::iter`] gives it.
///
/// It keeps its key and value alive, whatever becomes of the entry in the cache.
pub struct CacheEntry<K, V, S: Scope = Shared>(EntryPtr<K, V, S>);

impl<K, V, S: Scope> CacheEntry<K, V, S> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.0.key
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &V {
        self.0.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S: Scope> fmt::Debug for CacheEntry<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheEntry").field("key", self.key()).field("value", self.value()).finish()
    }
}
