//! The options of a cache, one method each.

use crate::cache::cache::Cache;
use crate::config::parameters::CacheParameters;
use crate::engine::listener::Listener;
use crate::engine::setup::Setup;
use crate::scope::scope::{Scope, Shared, Thread};
use crate::store::cause::EvictionCause;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// Makes a [`Cache`]. The options are those of `#[memoize]`, with the same defaults.
///
/// The types of keys and values come from where the cache goes: a field, a static, an argument, a returned
/// value, or the first use of a local.
///
/// ```
/// use memofn::Cache;
/// use std::time::Duration;
///
/// struct Directory {
///     users: Cache<u64, String>,
/// }
///
/// let directory = Directory {
///     users: Cache::builder()
///         .maxsize(10_000)
///         .ttl(Duration::from_secs(60))
///         .name("users")
///         .build(),
/// };
/// assert_eq!(directory.users.get_or_compute(7, || "Ada".to_owned()), "Ada");
/// assert!(memofn::report().to_string().contains("users"));
/// ```
#[must_use = "a builder makes nothing before `build`"]
pub struct CacheBuilder<K, V> {
    // The types are a marker. All that the options are has no types, and is compiled once.
    parameters: CacheParameters,
    listener: Option<Listener>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> CacheBuilder<K, V> {
    /// The defaults: at most 128 entries, no time to live, single flight, no name. The same as
    /// [`Cache::builder`].
    #[inline]
    pub const fn new() -> Self {
        const DEFAULTS: CacheParameters = CacheParameters {
            name: Cow::Borrowed(""),
            maxsize: Some(CacheParameters::DEFAULT_MAXSIZE),
            ttl: None,
            scope: Shared::NAME,
            single_flight: true,
            patience: None,
        };
        Self { parameters: DEFAULTS, listener: None, types: PhantomData }
    }

    /// The most entries that the cache holds. One more evicts the least recently used one.
    /// With 0 nothing is stored. Default: 128. [`Cache::set_maxsize`] changes it later.
    #[inline]
    #[doc(alias("max_capacity", "capacity", "size", "maximum_size", "max_size"))]
    pub const fn maxsize(mut self, maxsize: usize) -> Self {
        self.parameters.maxsize = Some(maxsize);
        self
    }

    /// No limit to the number of entries.
    #[inline]
    #[doc(alias("max_capacity", "UnboundCache"))]
    pub const fn unbounded(mut self) -> Self {
        self.parameters.maxsize = None;
        self
    }

    /// How long an entry answers after its computation finished. `Duration::MAX` is forever; with
    /// `Duration::ZERO` nothing is stored. Default: forever.
    ///
    /// From one second on, time is read from the system's coarse clock: an entry may answer some
    /// milliseconds longer or shorter, at most 10 on the systems known.
    #[inline]
    #[doc(alias("time_to_live", "expire_after_write", "expire_after", "lifespan", "max_age"))]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.parameters.ttl = Some(ttl);
        self
    }

    /// Whether concurrent calls with equal keys run the computation once. Default: `true`.
    ///
    /// A busy machine, a busy executor or a slow computation never causes a second run. There are
    /// two exceptions. A call runs the computation if its wait would close a cycle of waits. It also does if its own
    /// task no longer polls the future that it waits for. Any other wait ends with [`patience`](Self::patience).
    #[inline]
    pub const fn single_flight(mut self, single_flight: bool) -> Self {
        self.parameters.single_flight = single_flight;
        self
    }

    /// How long a call waits for the run of another before it runs the computation as well. The next
    /// one then waits twice as long, and so on. Each such run is counted as
    /// [`helped`](crate::CacheInfo::helped).
    ///
    /// Default: 20 times the longest of the recent runs, and at least 60 seconds. A call from inside another
    /// computation holds that computation up, and its wait may be part of a cycle that the cache cannot see.
    /// There the least is 2 seconds, and 10 seconds while too few runs are known.
    ///
    /// A worker of a work-stealing pool may take on a task while a computation further down its stack
    /// waits for a part of itself. If that task needs the result of that computation, it waits for itself.
    /// If another worker stole the part, that worker may wait in turn, and the cache cannot know that a
    /// computation depends on it. Such a cycle ends when patience does. Set a short one where a pool runs
    /// parts of computations that ask for each other's keys.
    ///
    /// Time in which the process was stopped, or the machine slept, does not count.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::time::Duration;
    ///
    /// let cache: Cache<u64, u64> = Cache::builder().patience(Duration::from_secs(5)).build();
    /// assert_eq!(cache.parameters().patience, Some(Duration::from_secs(5)));
    /// ```
    #[inline]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.parameters.patience = Some(patience);
        self
    }

    /// No limit to how long a call waits for the run of another. A cycle of waits through a lock or a
    /// scheduler that the cache cannot see then never ends.
    #[inline]
    pub const fn unlimited_patience(mut self) -> Self {
        self.parameters.patience = Some(Duration::MAX);
        self
    }

    /// The name in reports. [`caches()`](crate::caches) lists a cache with a name for as long as the cache
    /// lives. Default: no name.
    #[inline]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.parameters.name = name.into();
        self
    }

    /// A closure that is called for each value that leaves the cache, with its key and the reason.
    ///
    /// It is called once for each stored value that was evicted, expired, removed, replaced or cleared. What is dropped
    /// with the cache itself is not reported, and neither is a value that was never stored.
    ///
    /// - It runs in the call that made the value leave, on its thread, after the entry is gone and before the value is
    ///   dropped. No lock is held: it may use the cache. What it stores there may make other values leave, and it is
    ///   called for those as well.
    /// - Expiry is noticed by later calls of any key: then the closure is called, not at the deadline itself.
    /// - Calls of several threads run side by side, in no particular order: a thread may hear that a value was replaced
    ///   after another has heard that the later value was removed.
    /// - It is kept as long as the cache. If it owns a handle of the cache, neither is ever dropped.
    ///
    /// # Panics
    ///
    /// A panic of the closure passes to the call that made the value leave. The entry is gone all the same, what the call
    /// has stored is stored, and the closure is still called for the other values that left with it. Of several panics the
    /// first one goes on.
    ///
    /// ```
    /// use memofn::{Cache, EvictionCause};
    /// use std::sync::mpsc;
    ///
    /// let (gone, log) = mpsc::channel();
    /// let files = Cache::builder()
    ///     .maxsize(1)
    ///     .on_evict(move |path: &String, len: &u64, why| {
    ///         gone.send((path.clone(), *len, why)).unwrap();
    ///     })
    ///     .build();
    /// files.insert("a.txt".to_owned(), 10);
    /// files.insert("b.txt".to_owned(), 20);
    /// assert_eq!(log.recv(), Ok(("a.txt".to_owned(), 10, EvictionCause::Size)));
    /// ```
    #[doc(alias(
        "eviction_listener",
        "removal_listener",
        "evict_callback",
        "on_remove",
        "dispose",
        "on_cache_evict"
    ))]
    pub fn on_evict<F>(self, listener: F) -> Self
    where
        K: 'static,
        V: 'static,
        F: Fn(&K, &V, EvictionCause) + Send + Sync + 'static,
    {
        self.listener(Listener::new(listener))
    }

    /// Makes a cache for every thread.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::sync::LazyLock;
    ///
    /// static USERS: LazyLock<Cache<u64, String>> =
    ///     LazyLock::new(|| Cache::builder().maxsize(1000).build());
    ///
    /// USERS.insert(7, "Ada".to_owned());
    /// ```
    #[must_use]
    pub fn build(self) -> Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        Cache::make(self.into_setup())
    }

    /// Makes a cache for the calling thread alone. With a name, it is listed on that thread alone.
    ///
    /// ```
    /// use memofn::{Cache, scope};
    /// use std::rc::Rc;
    ///
    /// let cache: Cache<u64, Rc<str>, scope::Thread> = Cache::builder().build_for_thread();
    /// cache.insert(7, Rc::from("Ada"));
    /// ```
    #[must_use]
    pub fn build_for_thread(self) -> Cache<K, V, Thread>
    where
        K: 'static,
        V: 'static,
    {
        Cache::make_for_thread(self.into_setup())
    }

    /// Sets the listener. It is for entries of the cache that is made.
    pub(crate) fn listener(mut self, listener: Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    pub(crate) fn into_setup(self) -> Setup {
        Setup { parameters: self.parameters, listener: self.listener }
    }
}

impl<K, V> Default for CacheBuilder<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for CacheBuilder<K, V> {
    fn clone(&self) -> Self {
        let (parameters, listener) = (self.parameters.clone(), self.listener.clone());
        Self { parameters, listener, types: PhantomData }
    }
}

impl<K, V> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("CacheBuilder");
        tuple.field(&self.parameters);
        if let Some(listener) = &self.listener {
            tuple.field(listener);
        }
        tuple.finish()
    }
}
