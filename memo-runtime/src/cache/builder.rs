//! The options of a cache, one method each.

use crate::base::of_value::OfValue;
use crate::cache::cache::Cache;
use crate::config::parameters::{CacheParameters, RefreshAfter};
#[cfg(feature = "tier")]
use crate::engine::below::Below;
use crate::engine::listener::Listener;
use crate::engine::settings::{Functions, Settings};
use crate::key::float::Float;
use crate::scope::scope::{Scope, Shared, Thread};
use crate::store::cause::EvictionCause;
#[cfg(feature = "tier")]
use crate::tier::{
    codec::{Codec, KeptKey, Postcard},
    link::Link,
    origin::Origin,
    place::TierPlace,
    tier::Tier,
};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
#[cfg(feature = "tier")]
use std::sync::Arc;
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
                tti: None,
                jitter: None,
                err_ttl: None,
                refresh_after: None,
                stale_if_error: None,
                retry_after: None,
                scope: Shared::NAME,
                single_flight: true,
                patience: None,
            },
            functions: Functions { ttl: None, is_error: None, renew: None },
            listener: None,
            below: None,
            are_copy: false,
        };
        Self { settings: DEFAULTS, types: PhantomData }
    }

    /// The most entries that the cache holds. One more evicts the least recently used one.
    /// With 0 nothing is stored. Default: 128. [`Cache::set_maxsize`] changes it later.
    ///
    /// ```
    /// let cache = memofn::Cache::builder().maxsize(2).build();
    /// cache.extend([(1, "one"), (2, "two"), (3, "three")]);
    /// assert_eq!((cache.peek(&1), cache.len()), (None, 2));
    /// ```
    #[inline]
    #[doc(alias("max_capacity", "capacity", "size", "maximum_size", "max_size"))]
    pub const fn maxsize(mut self, maxsize: usize) -> Self {
        self.settings.parameters.maxsize = Some(maxsize);
        self
    }

    /// No limit to the number of entries.
    ///
    /// ```
    /// let cache: memofn::Cache<u32, u32> = memofn::Cache::builder().unbounded().build();
    /// assert_eq!(cache.info().maxsize, None);
    /// ```
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
    ///
    /// ```
    /// use memofn::Cache;
    /// use memofn::testing::Clock;
    /// use std::time::Duration;
    ///
    /// let clock = Clock::stop();
    /// let cache = Cache::builder().ttl(Duration::from_secs(60)).build();
    /// cache.insert("Oslo", 7);
    /// clock.advance(Duration::from_secs(59));
    /// assert_eq!(cache.get("Oslo"), Some(7));
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(cache.get("Oslo"), None);
    /// ```
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

    /// How long an entry answers after it was last used: it is gone when no call was answered by it for so long. With a
    /// [`ttl`](Self::ttl) as well, it is gone at the end that comes first. `Duration::MAX` is forever; with
    /// `Duration::ZERO` nothing is stored. Default: forever.
    ///
    /// - A use is a hit of any kind: by a memoized function, by [`get`](Cache::get), by a call that waited for the run of
    ///   another, by an old value. [`peek`](Cache::peek), [`contains_key`](Cache::contains_key), iteration and counters
    ///   are none. A value that is stored anew begins a new idle life.
    /// - An idle entry is not [refreshed](Self::refresh_after). With both options, what is used is kept warm, and what is not
    ///   used goes.
    /// - A value that is kept for [calls that fail](Self::stale_if_error) is gone as well when it is idle.
    /// - Entries that were idle for too long are counted as [`expirations`](crate::CacheInfo::expirations).
    ///
    /// A hit writes the time into its entry, at most once in each tick of the clock. From one second on that is the system's
    /// coarse clock: an idle life may be some milliseconds longer or shorter, at most 10 on the systems known.
    ///
    /// ```
    /// use memofn::Cache;
    /// use memofn::testing::Clock;
    /// use std::time::Duration;
    ///
    /// let minute = Duration::from_secs(60);
    /// let sessions: Cache<u64, String> = Cache::builder().tti(10 * minute).build();
    /// let clock = Clock::stop();
    /// sessions.insert(1, "Ada".to_owned());
    /// sessions.insert(2, "Bob".to_owned());
    /// clock.advance(9 * minute);
    /// assert_eq!(sessions.get(&1).as_deref(), Some("Ada"));
    /// clock.advance(minute);
    /// assert!(sessions.contains_key(&1) && !sessions.contains_key(&2));
    /// ```
    #[inline]
    #[doc(alias("time_to_idle", "expire_after_access", "idle_timeout", "sliding_expiration"))]
    pub const fn tti(mut self, tti: Duration) -> Self {
        self.settings.parameters.tti = Some(tti);
        self
    }

    /// By how much an entry may expire before the end of its time to live: by a random time of less than `jitter`. So entries
    /// that are stored at one moment are not computed anew at one moment. Default: not at all.
    ///
    /// Lives are only made shorter, and so no entry answers for longer than [`ttl`](Self::ttl) says. Without a time to live,
    /// jitter has no meaning: the ends of [idle](Self::tti) lives differ by themselves. A life that is not longer than `jitter` loses half of itself at most.
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

    /// Refreshes an entry before it expires: the first call that asks for it at this age runs the computation, and until
    /// that returns all other calls are answered with the old value. An entry that nobody asks for is not refreshed.
    ///
    /// - The old value answers until its [`ttl`](Self::ttl) ends. From then on calls wait for the refresh, if that is still
    ///   under way.
    /// - If the computation returns an `Err` or panics, the old value stays, and the next refresh may begin after
    ///   [`retry_after`](Self::retry_after). A result that is not to be stored takes the old value with it.
    /// - A refresh that succeeds begins a new life. It is no use of the key: the order of eviction stays.
    /// - If the key is removed or inserted meanwhile, or the cache cleared, the result of the refresh is not stored.
    /// - With an age that is not less than the life of an entry, nothing is refreshed.
    ///
    /// This is "refresh ahead", "stale while revalidate" and `refreshAfterWrite` of other caches.
    ///
    /// ```
    /// use memofn::testing::Clock;
    /// use memofn::{Cache, CallStatus};
    /// use std::time::Duration;
    ///
    /// let cache: Cache<&str, u32> = Cache::builder()
    ///     .ttl(Duration::from_secs(600))
    ///     .refresh_after(Duration::from_secs(60))
    ///     .build();
    /// let clock = Clock::stop();
    /// assert_eq!(cache.get_or_compute("EUR", || 100), 100);
    /// clock.advance(Duration::from_secs(60));
    /// let rate = cache.get_or_compute("EUR", || {
    ///     // All others get the old value.
    ///     assert_eq!(cache.get("EUR"), Some(100));
    ///     101
    /// });
    /// assert_eq!((rate, cache.info().refreshes), (101, 1));
    /// ```
    #[inline]
    #[doc(alias("refresh_after_write", "stale_while_revalidate", "soft_ttl", "early_refresh"))]
    pub const fn refresh_after(mut self, age: Duration) -> Self {
        self.settings.parameters.refresh_after = Some(RefreshAfter::Age(age));
        self
    }

    /// [`refresh_after`](Self::refresh_after) a part of each entry's life: with 0.8, after 8 of 10 minutes. It needs a life
    /// that ends. A part that is not more than 0 and less than 1 refreshes nothing.
    ///
    /// ```
    /// use memofn::{Cache, Float, RefreshAfter};
    /// use std::time::Duration;
    ///
    /// let ttl = Duration::from_secs(600);
    /// let cache: Cache<u32, u32> = Cache::builder().ttl(ttl).refresh_part(0.8).build();
    /// assert_eq!(cache.parameters().refresh_after, Some(RefreshAfter::Part(Float(0.8))));
    /// ```
    #[inline]
    pub const fn refresh_part(mut self, part: f64) -> Self {
        self.settings.parameters.refresh_after =
            if part > 0.0 && part < 1.0 { Some(RefreshAfter::Part(Float(part))) } else { None };
        self
    }

    /// Says how a body runs in the background. The builder does not know the types.
    #[doc(hidden)]
    #[inline]
    pub const fn renew_by(mut self, renew: OfValue<()>) -> Self {
        self.settings.functions.renew = Some(renew);
        self
    }

    /// Keeps a value for so long after its `ttl` has ended, for calls that fail. In that time a call runs the computation,
    /// as if there were no value. If it returns an `Err`, the call and all that wait for it get the old value instead.
    ///
    /// - Until [`retry_after`](Self::retry_after) has passed, other calls get the old value at once. Then the next one
    ///   tries again. No failure makes the value live longer.
    /// - A panic passes through.
    /// - A refresh that fails before the end of the `ttl` answers its caller with the old value as well.
    /// - A kept value counts as an entry, in the order of eviction too. [`get`](Cache::get), [`peek`](Cache::peek),
    ///   [`len`](Cache::len) and iteration do not see it.
    /// - Such answers are counted as [`stale`](crate::CacheInfo::stale). The error is counted as one of the
    ///   [`failures`](crate::CacheInfo::failures), and nobody gets it.
    ///
    /// This is `stale-if-error` of HTTP, "fail-safe" and `result_fallback` of other caches.
    ///
    /// ```
    /// use memofn::Cache;
    /// use memofn::testing::Clock;
    /// use std::time::Duration;
    ///
    /// let rates: Cache<&str, u32> = Cache::builder()
    ///     .ttl(Duration::from_secs(60))
    ///     .stale_if_error(Duration::from_secs(3600))
    ///     .build();
    /// let clock = Clock::stop();
    /// assert_eq!(rates.get_or_try_compute("EUR", || Ok::<_, String>(100)), Ok(100));
    /// clock.advance(Duration::from_secs(60));
    /// let down = || Err("the bank is closed".to_owned());
    /// assert_eq!(rates.get_or_try_compute("EUR", down), Ok(100));
    /// clock.advance(Duration::from_secs(3600));
    /// assert!(rates.get_or_try_compute("EUR", down).is_err());
    /// ```
    #[inline]
    #[doc(alias("result_fallback", "fail_safe", "stale_on_error", "grace"))]
    pub const fn stale_if_error(mut self, kept: Duration) -> Self {
        self.settings.parameters.stale_if_error = Some(kept);
        self
    }

    /// [`stale_if_error`](Self::stale_if_error) for functions that can fail.
    #[doc(hidden)]
    #[inline]
    pub const fn keep_for_errors(self, _is_error: OfValue<bool>, kept: Duration) -> Self {
        self.stale_if_error(kept)
    }

    /// How long after a run has failed that was to renew a value the next one may begin. Default: 30 seconds, and not more
    /// than the `ttl`.
    #[inline]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.settings.parameters.retry_after = Some(after);
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
    ///
    /// ```
    /// let users: memofn::Cache<u64, String> = memofn::Cache::builder().name("users").build();
    /// assert!(memofn::caches().any(|cache| cache.name() == "users"));
    /// # drop(users);
    /// ```
    #[inline]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.settings.parameters.name = name.into();
        self
    }

    /// A closure that is called for each value that leaves the cache, with its key and the reason.
    ///
    /// It is called once for each stored value that was evicted, expired, removed, replaced or cleared. The values
    /// that are dropped with the cache itself are not reported, nor is a value that was never stored.
    ///
    /// - It runs in the call that made the value leave, on its thread, after the entry is gone and before the value is
    ///   dropped. No lock is held: it may use the cache. A value that it stores there may make other values leave, and it
    ///   is called for those as well.
    /// - Expiry is noticed by later calls of any key: then the closure is called, not at the deadline itself.
    /// - Calls of several threads run side by side, in no particular order: a thread may hear that a value was replaced
    ///   after another has heard that the later value was removed.
    /// - It is kept as long as the cache. If it owns a handle of the cache, neither is ever dropped.
    ///
    /// # Panics
    ///
    /// A panic of the closure passes through the call that made the value leave. It undoes nothing: the value is out of the
    /// cache, and what the call stored stays there. The closure is called for all values that this call made leave. If it
    /// panics for several of them, the first panic passes through.
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

    /// Makes a cache for every thread. It may be listed by its name, so its types borrow nothing. For keys or values
    /// that borrow there are [`Cache::new`] and [`Cache::unbounded`].
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

    /// A tier below the cache: a miss asks it before it runs the computation, and gives it the result to keep.
    ///
    /// The cache needs a [`name`](Self::name): it says which records are the cache's. Without a name nothing is kept. Then
    /// each question counts as a [`tier_errors`](crate::CacheInfo::tier_errors), and
    /// [`on_tier_event`](crate::tier::on_tier_event) tells why. `version` is the version of the computation: records of another
    /// version do not answer. Results are written by `serde` and `postcard`.
    ///
    /// - [`insert`](Cache::insert), [`remove`](Cache::remove), [`clear`](Cache::clear) and tags reach the tier, and none of
    ///   them waits for it. [`peek`](Cache::peek), [`get`](Cache::get) and iteration see the cache alone.
    /// - `remove` by a borrowed form of the key (`&str` for `String`) forgets in the tier what the cache holds. By a reference to the
    ///   key itself it forgets in any case. [`retain`](Cache::retain) and [`remove_if`](Cache::remove_if) forget what
    ///   the cache holds.
    /// - [`get_many_or_compute`](Cache::get_many_or_compute) asks for all missing keys at once. It does not wait for a key that
    ///   another process computes: it computes that as well.
    /// - No failure of the tier reaches a caller. Each is [counted](crate::CacheInfo::tier_errors).
    ///
    /// `#[memoize(tier = ..)]` does this for a function.
    ///
    /// [`memofn::tier`](crate::tier) has an example of a tier.
    ///
    /// ```
    /// # #[cfg(feature = "disk")] {
    /// use memofn::{Cache, disk};
    ///
    /// # let path = std::env::temp_dir().join(format!("memofn-tier-{}", std::process::id()));
    /// let cache = || -> Cache<u64, String> {
    ///     Cache::builder().name("squares").tier(disk::at(&path), 1).build()
    /// };
    /// let (one, other) = (cache(), cache());
    /// one.get_or_compute(3, || "nine".to_owned());
    /// assert_eq!(other.get_or_compute(3, || unreachable!("the tier has it")), "nine");
    /// assert_eq!(other.info().tier_hits, 1);
    /// # }
    /// ```
    #[cfg(feature = "tier")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
    pub fn tier(self, tier: impl Tier, version: u64) -> Self
    where
        K: KeptKey + 'static,
        V: Clone + Send + 'static,
        Postcard: Codec<V>,
    {
        let place = TierPlace::own(tier);
        self.below(Arc::new(Link::<K, V, _>::new(Postcard, Origin::new(place, version))))
    }

    /// Sets what stands below the cache. It is for entries of the cache that is made.
    #[cfg(feature = "tier")]
    pub(crate) fn below(mut self, below: Arc<dyn Below>) -> Self {
        self.settings.below = Some(below);
        self
    }

    /// Sets the listener. It is for entries of the cache that is made.
    pub(crate) fn listener(mut self, listener: Listener) -> Self {
        self.settings.listener = Some(listener);
        self
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
        let mut tuple = f.debug_tuple("CacheBuilder");
        tuple.field(&self.settings.parameters);
        if let Some(listener) = &self.settings.listener {
            tuple.field(listener);
        }
        tuple.finish()
    }
}
