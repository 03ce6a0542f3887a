//! The options of a cache, one by one.

use crate::cache::Cache;
use crate::parameters::CacheParameters;
use crate::registry;
use crate::scope::{Scope, Shared, Thread};
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
}

impl CacheBuilder {
    /// At most 128 entries, no time to live, single flight, no name.
    pub const fn new() -> Self {
        Self {
            name: Cow::Borrowed(""),
            maxsize: Some(CacheParameters::DEFAULT_MAXSIZE),
            ttl: None,
            single_flight: true,
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
    /// Those who wait never wait in a circle: a call that would close a cycle of waits runs the
    /// computation itself, and so does one that has waited much longer than computations of this
    /// cache have taken before (at least two seconds; ten as long as none has finished). The latter
    /// is for cycles nobody can see, as when a worker of a thread pool, in the middle of a
    /// computation, takes on a task that needs the result of that very computation.
    pub const fn single_flight(mut self, single_flight: bool) -> Self {
        self.single_flight = single_flight;
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
        let Self { name, maxsize, ttl, single_flight } = self;
        CacheParameters { name, maxsize, ttl, scope: S::NAME, single_flight }
    }
}

impl Default for CacheBuilder {
    fn default() -> Self {
        Self::new()
    }
}
