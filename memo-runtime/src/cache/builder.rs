//! The options of a cache, one by one.

use crate::cache::cache::Cache;
use crate::cache::registry;
use crate::config::parameters::CacheParameters;
use crate::scope::scope::{Scope, Shared, Thread};
use std::borrow::Cow;
use std::time::Duration;

/// Makes a [`Cache`]; the options are those of `#[memoize]`, with the same defaults.
///
/// ```
/// use memofn::Cache;
/// use std::time::Duration;
///
/// let users: Cache<u64, String> = Cache::<u64, String>::builder()
///     .maxsize(10_000)
///     .ttl(Duration::from_secs(60))
///     .name("users")
///     .build();
/// assert_eq!(users.get_or_compute(7, || "Ada".to_owned()), "Ada");
/// assert!(memofn::report().to_string().contains("users"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct CacheBuilder {
    name: Cow<'static, str>,
    maxsize: Option<usize>,
    ttl: Option<Duration>,
    single_flight: bool,
    patience: Option<Duration>,
}

impl CacheBuilder {
    /// At most 128 entries, no time to live, single flight, no name.
    pub const fn new() -> Self {
        Self {
            name: Cow::Borrowed(""),
            maxsize: Some(CacheParameters::DEFAULT_MAXSIZE),
            ttl: None,
            single_flight: true,
            patience: None,
        }
    }

    /// Most entries held. When one more is to be stored, the least recently used one is evicted.
    /// With 0 nothing is stored. Default: 128.
    pub const fn maxsize(mut self, maxsize: usize) -> Self {
        self.maxsize = Some(maxsize);
        self
    }

    /// No limit to the number of entries.
    pub const fn unbounded(mut self) -> Self {
        self.maxsize = None;
        self
    }

    /// How long an entry answers after its computation finished. `Duration::MAX` is forever; with
    /// `Duration::ZERO` nothing is stored. Default: forever.
    ///
    /// From one second on, time is read from the system's coarse clock: an entry may answer some
    /// milliseconds (at most 10 on the systems known) longer or shorter.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Whether concurrent calls with equal keys run the computation once. Default: `true`.
    ///
    /// A busy machine, a busy executor or a slow computation never causes a second run. A call that would
    /// wait for itself, through any number of others, runs the computation instead, and so does a call
    /// that waits for a future which its own task no longer polls. A wait that nobody can understand ends
    /// with [`patience`](Self::patience).
    pub const fn single_flight(mut self, single_flight: bool) -> Self {
        self.single_flight = single_flight;
        self
    }

    /// How long a call waits for the run of another before it runs the computation as well. The next
    /// one then waits twice as long, and so on. Each such run is counted as
    /// [`helped`](crate::CacheInfo::helped).
    ///
    /// Default: 20 times the longest of the recent runs, and at least 60 seconds. A call that waits from
    /// inside of another computation holds that one up, and its wait may be part of a cycle that
    /// nobody sees: there it is at least 2 seconds, and 10 as long as too few runs are known.
    ///
    /// A worker of a work-stealing pool may take on a task while a computation further down its stack
    /// waits for a part of itself. If that task needs the result of that computation, it waits for itself;
    /// if the part was stolen by another worker, that worker waits and does not know that it holds up
    /// a computation. Such a cycle ends when patience does: set a short one where a pool runs
    /// parts of computations that ask for each other's keys.
    ///
    /// Time in which the process was stopped, or the machine slept, does not count.
    ///
    /// ```
    /// use memofn::Cache;
    /// use std::time::Duration;
    ///
    /// let cache: Cache<u64, u64> =
    ///     Cache::<u64, u64>::builder().patience(Duration::from_secs(5)).build();
    /// assert_eq!(cache.parameters().patience, Some(Duration::from_secs(5)));
    /// ```
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// No limit to how long a call waits for the run of another. A cycle of waits through somebody
    /// else's lock or scheduler never ends then.
    pub const fn unlimited_patience(mut self) -> Self {
        self.patience = Some(Duration::MAX);
        self
    }

    /// The name in reports. A cache with a name is listed by [`caches()`](crate::caches) as long as
    /// it lives.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Makes the cache.
    #[must_use]
    pub fn build<K, V>(self) -> Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        let listed = !self.name.is_empty();
        let cache = Cache::with(self.parameters::<Shared>());
        if listed {
            registry::list_shared(cache.engine_ptr());
        }
        cache
    }

    /// Makes a cache for the calling thread alone, listed on that thread alone.
    #[must_use]
    pub fn build_for_thread<K: 'static, V: 'static>(self) -> Cache<K, V, Thread> {
        let listed = !self.name.is_empty();
        let cache = Cache::with(self.parameters::<Thread>());
        if listed {
            registry::list_on_this_thread(cache.engine_ptr());
        }
        cache
    }

    pub(crate) fn parameters<S: Scope>(self) -> CacheParameters {
        let Self { name, maxsize, ttl, single_flight, patience } = self;
        CacheParameters { name, maxsize, ttl, scope: S::NAME, single_flight, patience }
    }
}

impl Default for CacheBuilder {
    fn default() -> Self {
        Self::new()
    }
}
