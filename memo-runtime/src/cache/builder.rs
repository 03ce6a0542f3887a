//! The options of a cache, one method each.

use crate::base::of_value::OfValue;
use crate::cache::cache::Cache;
use crate::config::parameters::CacheParameters;
use crate::config::settings::{Functions, Settings};
use crate::scope::scope::{Scope, Shared, Thread};
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
    settings: Settings,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> CacheBuilder<K, V> {
    /// The defaults: at most 128 entries, no time to live, single flight, no name. The same as
    /// [`Cache::builder`].
    #[inline]
    pub const fn new() -> Self {
        const DEFAULTS: Settings = Settings {
            parameters: CacheParameters {
                name: Cow::Borrowed(""),
                maxsize: Some(CacheParameters::DEFAULT_MAXSIZE),
                ttl: None,
                ttl_by_value: false,
                jitter: None,
                err_ttl: None,
                scope: Shared::NAME,
                single_flight: true,
                patience: None,
            },
            functions: Functions { ttl: None, is_error: None },
        };
        Self { settings: DEFAULTS, types: PhantomData }
    }

    /// The most entries that the cache holds. One more evicts the least recently used one.
    /// With 0 nothing is stored. Default: 128. [`Cache::set_maxsize`] changes it later.
    #[inline]
    #[doc(alias("max_capacity", "capacity", "size", "maximum_size", "max_size"))]
    pub const fn maxsize(mut self, maxsize: usize) -> Self {
        self.settings.parameters.maxsize = Some(maxsize);
        self
    }

    /// No limit to the number of entries.
    #[inline]
    #[doc(alias("max_capacity", "UnboundCache"))]
    pub const fn unbounded(mut self) -> Self {
        self.settings.parameters.maxsize = None;
        self
    }

    /// How long an entry answers after its computation finished. `Duration::MAX` is forever; with
    /// `Duration::ZERO` nothing is stored. Default: forever. [`ttl_with`](Self::ttl_with) asks each value.
    ///
    /// From one second on, time is read from the system's coarse clock: an entry may answer some
    /// milliseconds longer or shorter, at most 10 on the systems known.
    #[inline]
    #[doc(alias("time_to_live", "expire_after_write", "expire_after", "lifespan", "max_age"))]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.parameters.ttl = Some(ttl);
        self.settings.parameters.ttl_by_value = false;
        self.settings.functions.ttl = None;
        self
    }

    /// How long a value answers after its computation finished, if that depends on the value.
    ///
    /// `ttl` is a function or a closure; a closure spells the type of its argument. It is called once for each value that is computed or [inserted](Cache::insert), after the computation and without a
    /// lock. `Duration::MAX` is forever. A value that answers for no time (`Duration::ZERO`) is returned and not stored. It
    /// takes out what was stored under its key, and is counted as [`rejected`](crate::CacheInfo::rejected).
    ///
    /// Time is read from the system's coarse clock: an entry may answer some milliseconds longer or shorter, at most 10
    /// on the systems known.
    ///
    /// # Panics
    ///
    /// A panic of `ttl` passes through as one of the computation does: nothing is stored.
    ///
    /// ```
    /// use memofn::Cache;
    /// use memofn::testing::Clock;
    /// use std::time::Duration;
    ///
    /// struct Token {
    ///     valid: Duration,
    /// }
    ///
    /// let clock = Clock::stop();
    /// let tokens: Cache<&str, std::sync::Arc<Token>> =
    ///     Cache::builder().ttl_with(|token: &std::sync::Arc<Token>| token.valid).build();
    /// let hour = Duration::from_secs(3600);
    /// tokens.get_or_compute("ada", || Token { valid: hour }.into());
    /// tokens.get_or_compute("bob", || Token { valid: 2 * hour }.into());
    /// clock.advance(hour);
    /// assert!(!tokens.contains_key("ada") && tokens.contains_key("bob"));
    /// ```
    #[inline]
    #[doc(alias("expires", "Expiry", "expire_after_create", "max_age", "ttl_by_value"))]
    pub const fn ttl_with(self, ttl: fn(&V) -> Duration) -> Self {
        self.ttl_of(OfValue::new(ttl))
    }

    /// [`ttl_with`](Self::ttl_with) where the builder does not know the type of values.
    #[doc(hidden)]
    #[inline]
    pub const fn ttl_of(mut self, ttl: OfValue<Duration>) -> Self {
        self.settings.parameters.ttl = None;
        self.settings.parameters.ttl_by_value = true;
        self.settings.functions.ttl = Some(ttl);
        self
    }

    /// By how much an entry may expire before the end of its time to live: by a random time of less than `jitter`. So entries
    /// that are stored at one moment are not computed anew at one moment. Default: not at all.
    ///
    /// Lives are only made shorter, and so no entry answers for longer than [`ttl`](Self::ttl) says. Without a time to live,
    /// jitter has no meaning. A life that is not longer than `jitter` loses half of itself at most.
    ///
    /// While a test holds the [`testing::Clock`](crate::testing::Clock), there is no jitter but by
    /// [`Clock::jitter`](crate::testing::Clock::jitter).
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let prices: Cache<u64, u64> = Cache::builder().ttl(hour).jitter(hour / 10).build();
    /// assert_eq!(prices.parameters().jitter, Some(hour / 10));
    /// ```
    #[inline]
    #[doc(alias("ttl_jitter", "expiry_jitter"))]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.settings.parameters.jitter = Some(jitter);
        self
    }

    /// How long an error answers, in a cache of `Result`s. By hand, a function for [`ttl_with`](Self::ttl_with) says it.
    #[doc(hidden)]
    #[inline]
    pub const fn err_ttl(mut self, is_error: OfValue<bool>, ttl: Duration) -> Self {
        self.settings.parameters.err_ttl = Some(ttl);
        self.settings.functions.is_error = Some(is_error);
        self
    }

    /// Whether concurrent calls with equal keys run the computation once. Default: `true`.
    ///
    /// A busy machine, a busy executor or a slow computation never causes a second run. There are
    /// two exceptions. A call runs the computation if its wait would close a cycle of waits. It also does if its own
    /// task no longer polls the future that it waits for. Any other wait ends with [`patience`](Self::patience).
    #[inline]
    pub const fn single_flight(mut self, single_flight: bool) -> Self {
        self.settings.parameters.single_flight = single_flight;
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
        self.settings.parameters.patience = Some(patience);
        self
    }

    /// No limit to how long a call waits for the run of another. A cycle of waits through a lock or a
    /// scheduler that the cache cannot see then never ends.
    #[inline]
    pub const fn unlimited_patience(mut self) -> Self {
        self.settings.parameters.patience = Some(Duration::MAX);
        self
    }

    /// The name in reports. [`caches()`](crate::caches) lists a cache with a name for as long as the cache
    /// lives. Default: no name.
    #[inline]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.settings.parameters.name = name.into();
        self
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
        Cache::make(self.settings)
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
        Cache::make_for_thread(self.settings)
    }

    pub(crate) fn into_settings(self) -> Settings {
        self.settings
    }
}

impl<K, V> Default for CacheBuilder<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Clone for CacheBuilder<K, V> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), types: PhantomData }
    }
}

impl<K, V> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CacheBuilder").field(&self.settings.parameters).finish()
    }
}
