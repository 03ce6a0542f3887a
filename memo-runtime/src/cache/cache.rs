//! The handle of a cache, with the methods that need no bounds on keys and values.

use crate::cache::by_hand::collection::CacheIter;
use crate::cache::registry::Listed;
use crate::config::parameters::CacheParameters;
use crate::config::stats::CacheInfo;
use crate::engine::below::Told;
use crate::engine::engine::EnginePtr;
use crate::engine::settings::Settings;
use crate::engine::typed::TypedEngine;
use crate::entry::entry::{Entry, EntryPtr};
use crate::scope::scope::{Scope, Shared, Thread};
use std::fmt;
use std::marker::PhantomData;

/// A map from keys to computed values, with a size limit, a time to live and counters.
///
/// `#[memoize]` makes one for each function. A `Cache` of your own is a field of a struct, a static, or a local.
/// It is a handle: a clone shares the entries. Any number of threads may use it at the same time. For each key, one
/// of them computes the value while the others wait ([single flight](crate::CacheBuilder::single_flight)).
///
/// No lock is held while a value is computed, or while a key or value is hashed, compared, cloned or dropped. Each
/// of these may use the same cache again.
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
/// `Default` makes a cache of at most 128 entries, so a struct with a cache can derive `Default`. A new cache
/// allocates no table before its first entry. A cache for the whole program is a `LazyLock`:
///
/// ```
/// use memofn::{Cache, memoize};
/// use std::sync::LazyLock;
///
/// static USERS: LazyLock<Cache<u64, String>> =
///     LazyLock::new(|| Cache::builder().maxsize(1000).name("users").build());
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
/// `S` is the scope. [`Shared`], the default, is for every thread. A cache of
/// [`scope::Thread`](crate::scope::scope::Thread) belongs to one thread and pays for no synchronisation; its
/// maker is [`CacheBuilder::build_for_thread`](crate::CacheBuilder::build_for_thread).
#[repr(transparent)]
pub struct Cache<K, V, S: Scope = Shared> {
    engine: TypedEngine<K, V, S>,
}

impl<K, V> Cache<K, V>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// A cache for every thread, listed if it has a name.
    pub(crate) fn make(settings: Settings) -> Self {
        let cache = Self::with(settings);
        cache.engine.engine().list();
        cache
    }
}

impl<K: 'static, V: 'static> Cache<K, V, Thread> {
    /// A cache for the calling thread, listed there if it has a name.
    pub(crate) fn make_for_thread(mut settings: Settings) -> Self {
        settings.parameters.scope = Thread::NAME;
        let cache = Self::with(settings);
        cache.engine.engine().list();
        cache
    }
}

impl<K, V, S: Scope> Cache<K, V, S> {
    pub(crate) fn with(settings: Settings) -> Self {
        Self { engine: TypedEngine::new(settings) }
    }

    #[inline]
    pub(crate) fn engine(&self) -> &TypedEngine<K, V, S> {
        &self.engine
    }

    /// The cache of an engine.
    ///
    /// # Safety
    ///
    /// The engine was made for these types.
    #[expect(unsafe_code, reason = "an engine has no types")]
    #[inline]
    pub(crate) unsafe fn of(engine: &EnginePtr<S>) -> &Self {
        // SAFETY: a cache has the layout of its engine, and the caller vouches for the types.
        unsafe { &*std::ptr::from_ref(TypedEngine::<K, V, S>::of(engine)).cast() }
    }

    /// The counters and the size.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.get_or_compute(1, || "one");
    /// let info = cache.info();
    /// assert_eq!((info.hits, info.misses, info.currsize), (0, 1, 1));
    /// ```
    #[must_use]
    #[doc(alias("cache_info", "stats", "metrics", "hit_rate"))]
    pub fn info(&self) -> CacheInfo {
        self.engine.engine().info()
    }

    /// The options in force. Only [`set_maxsize`](Self::set_maxsize) changes one.
    ///
    /// ```
    /// let cache = memofn::Cache::<u8, u8>::new(10);
    /// assert_eq!(cache.parameters().maxsize, Some(10));
    /// ```
    #[must_use]
    #[doc(alias("policy", "cache_parameters"))]
    pub fn parameters(&self) -> CacheParameters {
        self.engine.engine().parameters()
    }

    /// Sets the most entries that the cache holds: a number, or `None` for no limit.
    ///
    /// More entries than that are evicted before this returns, the least recently used first, and counted as
    /// [`evictions`](crate::CacheInfo::evictions). A limit of 0 evicts all, and nothing is stored from then on. A
    /// higher limit costs nothing.
    ///
    /// Other threads may use the cache meanwhile. The limit goes down in steps of 64 entries, and no call waits for
    /// more than one step. At each moment the cache holds no more entries than [`info()`](Self::info) says. The
    /// evicted keys and values are dropped at the end, without a lock.
    ///
    /// A cache without a limit keeps no recency. Its first limit evicts what was stored first. It also sorts all
    /// entries once: calls on other threads that miss wait for that.
    ///
    /// # Panics
    ///
    /// A panic of the `Drop` of a key or value passes through. The limit is set.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.extend((1..=4).map(|n| (n, n * n)));
    /// cache.get(&1);
    /// cache.set_maxsize(2);
    /// assert_eq!((cache.peek(&1), cache.peek(&3), cache.peek(&4)), (Some(1), None, Some(16)));
    /// assert_eq!(cache.info().maxsize, Some(2));
    /// cache.set_maxsize(None);
    /// assert_eq!(cache.info().maxsize, None);
    /// ```
    ///
    /// A memoized function has the same: `f::cache().set_maxsize(1000)`.
    #[doc(alias(
        "resize",
        "set_capacity",
        "cache_resize",
        "max_capacity",
        "shrink_to",
        "set_max_size"
    ))]
    pub fn set_maxsize(&self, maxsize: impl Into<Option<usize>>) {
        self.engine.engine().set_maxsize(maxsize.into());
    }

    /// Forgets every entry and zeroes the counters.
    ///
    /// A run under way still returns its value, to its caller and to the calls that already wait for it. The
    /// value is not stored.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert(1, "one");
    /// cache.clear();
    /// assert!(cache.is_empty());
    /// ```
    #[doc(alias("invalidate_all", "cache_clear", "flush", "evict_all"))]
    pub fn clear(&self) {
        self.engine.engine().clear(&mut Told::new());
    }

    /// Turns this cache off, or on again.
    ///
    /// Off, each call runs the body or closure: nothing is looked up, stored or waited for, and the call is counted as
    /// [`bypassed`](crate::CacheInfo::bypassed) alone. So is a [`get`](Self::get), which finds nothing. The entries stay and
    /// age. All that holds for calls that start after this has returned, in every thread. `peek`, `insert`, `remove`
    /// and the like work as ever.
    ///
    /// [`set_enabled`](crate::set_enabled) has the details, and is the switch for all caches. Both must be on.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.get_or_compute(1, || "one");
    /// cache.enable(false);
    /// assert_eq!(cache.get_or_compute(1, || "computed again"), "computed again");
    /// assert_eq!((cache.peek(&1), cache.info().bypassed), (Some("one"), 1));
    /// cache.enable(true);
    /// assert_eq!(cache.get_or_compute(1, || unreachable!("it is on again")), "one");
    /// ```
    ///
    /// A memoized function has the same: `f::cache_enable(false)`.
    #[doc(alias("disable", "cache_enable", "bypass"))]
    pub fn enable(&self, enabled: bool) {
        self.engine.engine().enable(enabled);
    }

    /// Whether calls use this cache: neither it nor the [process](crate::set_enabled) is off.
    ///
    /// ```
    /// let cache = memofn::Cache::<u8, u8>::new(10);
    /// cache.enable(false);
    /// assert!(!cache.is_enabled());
    /// ```
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.engine.engine().is_enabled()
    }

    /// The number of entries. Expired ones do not count.
    #[must_use]
    #[doc(alias(
        "size",
        "entry_count",
        "cache_size",
        "currsize",
        "weighted_size",
        "estimated_size"
    ))]
    pub fn len(&self) -> usize {
        let info = self.info();
        info.currsize - info.kept
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries at this moment, the most recently used first. (An unbounded cache evicts nothing and keeps no
    /// recency: there, the most recently stored one comes first.)
    ///
    /// It counts nothing and leaves recency alone. Other calls may change the cache meanwhile; the iterator does not
    /// show their changes.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert("one", 1);
    /// cache.insert("two", 2);
    /// let entries: Vec<_> = cache.iter().map(|entry| (*entry.key(), *entry.value())).collect();
    /// assert_eq!(entries, [("two", 2), ("one", 1)]);
    /// ```
    #[doc(alias("keys", "values", "items", "as_map"))]
    pub fn iter(&self) -> CacheIter<K, V, S> {
        CacheIter::new(self.engine.engine().entries())
    }

    /// Forgets the entries for which `keep` returns `false`.
    ///
    /// A run of such a key that began before, a refresh for instance, does not store its value afterwards. `keep` is
    /// asked about stored entries only: a key that is being computed for the first time is not refused. For that, see
    /// [`remove_if`](Self::remove_if).
    ///
    /// # Panics
    ///
    /// A panic of `keep` passes through. The entries refused until then are gone.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// (1..=4).for_each(|n| cache.insert(n, n * n));
    /// cache.retain(|_, square| square % 2 == 0);
    /// assert_eq!((cache.peek(&2), cache.peek(&3)), (Some(4), None));
    /// ```
    #[doc(alias("evict"))]
    pub fn retain(&self, keep: impl FnMut(&K, &V) -> bool) {
        self.engine.retain(keep);
    }

    /// Forgets the calls whose key `is_removed` chooses. Runs under way are included: their callers get the value, and it
    /// is not stored.
    ///
    /// [`retain`](Self::retain) sees values too, and so it cannot judge a key that is being computed for the first time.
    /// The time this takes grows with the entries: `is_removed` is asked about each of them, without a lock. A key is
    /// asked about twice if it is stored and being computed again.
    ///
    /// # Panics
    ///
    /// A panic of `is_removed` passes through. The entries chosen until then are gone.
    ///
    /// ```
    /// use memofn::memoize;
    ///
    /// #[memoize]
    /// fn rights(user: u32, folder: &str) -> bool {
    ///     user == 1 || folder == "public"
    /// }
    ///
    /// rights(7, "home");
    /// rights(7, "mail");
    /// rights(8, "home");
    /// rights::cache().remove_if(|(user, _)| *user == 7);
    /// assert_eq!(rights::cache_info().currsize, 1);
    /// ```
    #[doc(alias("invalidate_entries_if", "invalidate_if"))]
    pub fn remove_if(&self, is_removed: impl FnMut(&K) -> bool) {
        self.engine.remove_if(is_removed);
    }
}

impl<K, V> Cache<K, V> {
    /// Forgets the calls with this tag. Returns how many results that outdates: stored ones, and those of runs under way.
    ///
    /// [`memofn::invalidate_tag`](crate::invalidate_tag) does this in all caches, and says more.
    ///
    /// # Panics
    ///
    /// A panic of the `Drop` of a key or value passes through. The calls are forgotten.
    ///
    /// ```
    /// let cache = memofn::Cache::new(10);
    /// cache.insert_tagged("Oslo", 7, ["norway", "cities"]);
    /// cache.insert_tagged("Rome", 25, ["italy", "cities"]);
    /// assert_eq!(cache.invalidate_tag("norway"), 1);
    /// assert_eq!((cache.peek("Oslo"), cache.peek("Rome")), (None, Some(25)));
    /// ```
    #[doc(alias("invalidate_by_tag", "RemoveByTag"))]
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn invalidate_tag(&self, tag: &str) -> usize {
        self.engine.engine().invalidate_tag(tag, &mut Told::new())
    }

    /// Ends the time in which the results with this tag answer, as if they had grown old. Returns how many results that
    /// outdates: stored ones, and those of runs under way.
    ///
    /// As with [`expire`](Self::expire), they are then renewed, kept for calls that fail, or removed.
    /// [`memofn::expire_tag`](crate::expire_tag) does this in all caches.
    ///
    /// # Panics
    ///
    /// A panic of the `Drop` of a key or value passes through.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let cache = Cache::builder().ttl(hour).stale_if_error(hour).build();
    /// cache.insert_tagged("Oslo", 7, ["norway"]);
    /// assert_eq!(cache.expire_tag("norway"), 1);
    /// assert_eq!(cache.peek("Oslo"), None);
    /// assert_eq!(cache.get_or_try_compute("Oslo", || Err("down")), Ok(7));
    /// ```
    #[doc(alias("revalidateTag", "mark_stale"))]
    #[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
    pub fn expire_tag(&self, tag: &str) -> usize {
        self.engine.engine().expire_tag(tag, &mut Told::new())
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
            .field("parameters", &self.parameters())
            .field("info", &self.info())
            .finish()
    }
}

/// An entry of a cache, as [`Cache::iter`] gives it.
///
/// It keeps its key and value alive, even after the cache has evicted or removed the entry.
///
/// ```
/// let cache = memofn::Cache::new(10);
/// cache.insert("one", 1);
/// let entry = cache.iter().next().unwrap();
/// cache.clear();
/// assert_eq!((*entry.key(), *entry.value()), ("one", 1));
/// ```
pub struct CacheEntry<K, V, S: Scope = Shared> {
    entry: EntryPtr<S>,
    types: PhantomData<S::Ptr<Entry<K, V>>>,
}

impl<K, V, S: Scope> CacheEntry<K, V, S> {
    /// The entry is of these types.
    pub(super) fn new(entry: EntryPtr<S>) -> Self {
        Self { entry, types: PhantomData }
    }

    fn entry(&self) -> &Entry<K, V> {
        #[expect(unsafe_code, reason = "an owner has no types")]
        // SAFETY: `Cache::iter` makes these, and the entries of a cache are of its types.
        unsafe {
            self.entry.typed()
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.entry().key
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &V {
        self.entry().value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S: Scope> fmt::Debug for CacheEntry<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheEntry").field("key", self.key()).field("value", self.value()).finish()
    }
}
