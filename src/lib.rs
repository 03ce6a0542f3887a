//! Function memoization: put `#[memoize]` on a function and it is cached.
//!
//! ```
//! use memofn::memoize;
//!
//! #[memoize]
//! fn fib(n: u64) -> u64 {
//!     if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
//! }
//!
//! assert_eq!(fib(90), 2_880_067_194_370_816_120);
//! assert_eq!(fib::cache_info().misses, 91);
//! ```
//!
//! It is Python's `functools.lru_cache`, typed and for many threads.
//!
//! - [`memoize`] has the attribute's options and the controls of a memoized function.
//! - [The guides](guide) explain one topic each: keys, results, time, renewal, invalidation, evictions, concurrent calls,
//!   async, methods, generics, caches by hand, tests.
//! - [`Cache`] is the same cache for use by hand. [`memoize_fn()`] and [`memoize_rec()`] memoize closures.
//! - [`report()`] shows all caches of the process.
//!
//! # How a call goes
//!
//! The arguments are hashed and compared as they are, borrowed.
//!
//! - **A hit** clones the stored value and returns it. It allocates nothing. Return an `Arc` if cloning is
//!   expensive.
//! - **A miss** turns the arguments into an owned key, runs the body and stores the result, unless it is an
//!   `Err` or [`cache_if`](guide::results#cache_if) refuses it.
//! - **While another thread** runs the body for an equal key, the call waits for that run and takes its
//!   result ([single flight](guide::concurrency)). An [`async fn`](guide::asynchronous) waits
//!   without blocking a thread.
//!
//! No lock is held while your code runs: the body, `Hash`, `Eq`, `Clone`, `Drop`, `cache_if`, `on_evict`. Each of them
//! may call the same function again, even with the same arguments.
//!
//! # Features
//!
//! All are off by default, and none changes what a memoized function does.
//! [Other tools](guide::tools) and [Beyond one process](guide::tiers) say more.
//!
//! | feature | what it adds |
//! |---|---|
//! | `serde` | `Serialize` for [`CacheInfo`], [`CacheParameters`], [`CacheStatus`] and [`Report`]. Durations are numbers of seconds |
//! | `metrics` | `memofn::metrics::publish()` sets the counters and gauges of all caches in the recorder of the crate [`metrics`](https://docs.rs/metrics). A call pays nothing |
//! | `tracing` | a span of the crate [`tracing`](https://docs.rs/tracing) for each run of a body; a hit has none |
//! | `tier` | [`tier = ..`](guide::tiers): a store of the program below the cache. Results are written by [`serde`](https://docs.rs/serde) and [`postcard`](https://docs.rs/postcard) |
//! | `redis` | `memofn::redis`: a [tier](guide::tiers) that servers share. Ten crates: a parser of the protocol, and what tiers need |
//! | `redis-tls` | `rediss://`: a Redis behind TLS. Eleven crates more: `rustls`, `ring`, and the certificates of the system |
//! | `disk` | [`disk`](guide::disk#disk): results that survive the process, in a database of `SQLite`, which is built from source |
//!
//! # Limits
//!
//! - **Stack.** A memoized recursion needs more stack than the plain one: [how deep it goes](guide::results#recursion).
//! - **`fork`.** A child process has the caches, but not the other threads: [what works](guide::concurrency#fork).
//! - **`wasm32-unknown-unknown`** works without a JavaScript host, but has [no clock and no
//!   threads](guide::time#without-a-system-clock).
//!
//! # Coming from elsewhere
//!
//! [`moving_from_others`] compares the options of `cached`, `memoize`, `moka` and Python's `functools` and
//! `cachetools` with the options here, and says what differs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub use memo_runtime::__private;
pub use memo_runtime::controls;
#[cfg(feature = "disk")]
#[cfg_attr(docsrs, doc(cfg(feature = "disk")))]
pub use memo_runtime::disk;
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use memo_runtime::metrics;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use memo_runtime::redis;
pub use memo_runtime::{
    CacheBuilder, CacheCall, CacheInfo, CacheIter, CacheParameters, CacheStatus, CallStatus, Float,
    ManyValues, Memoized, MemoizedRec, RefreshAfter, Report, caches, clear_all, enabled,
    memoize_fn_with, memoize_rec_with, report, scope, set_clock, testing, try_memoize_fn,
};
// rustdoc forgets the aliases of an item that is exported from another module than its own.
#[doc(alias("LruCache", "lru_cache", "moka", "TTLCache", "TimedCache", "UnboundCache"))]
pub use memo_runtime::Cache;
#[doc(alias("entry", "EntryRef"))]
pub use memo_runtime::CacheEntry;
#[doc(alias("RemovalCause", "RemovalReason", "DisposeReason"))]
pub use memo_runtime::EvictionCause;
#[doc(alias("revalidateTag", "mark_stale"))]
pub use memo_runtime::expire_tag;
#[doc(alias("invalidate_by_tag", "revalidateTag", "RemoveByTag", "cache_tag", "group"))]
pub use memo_runtime::invalidate_tag;
#[doc(alias("memoized", "closure", "cached"))]
pub use memo_runtime::memoize_fn;
#[doc(alias("y_combinator", "fix"))]
pub use memo_runtime::memoize_rec;
#[doc(alias("disable", "bypass", "off", "MEMOFN"))]
pub use memo_runtime::set_enabled;
#[cfg(feature = "tier")]
#[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
pub use memo_runtime::{flush, tier, tier::on_tier_event};

/// Caches a function: stores its results and finds them again by the arguments.
///
/// ```
/// use memofn::memoize;
/// use std::io;
/// use std::path::Path;
/// use std::sync::Arc;
///
/// #[memoize(maxsize = 64, ttl = "10m")]
/// fn contents(path: &Path) -> io::Result<Arc<str>> {
///     std::fs::read_to_string(path).map(Arc::from)
/// }
///
/// let missing = Path::new("no such file");
/// assert!(contents(missing).is_err());
/// assert!(contents(missing).is_err());
/// assert_eq!(contents::cache_info().misses, 2); // errors are not stored
/// ```
///
/// The attribute goes on a free function or a [method](guide::methods), [async](guide::asynchronous) or not,
/// [generic](guide::generics) or not. For associated functions without `self` and for methods of a trait's impl, it
/// goes on the [impl block](guide::traits) as well.
///
/// Arguments need `Hash`, `Eq` and `Clone`; of a reference the target needs them, as in `&str`, `&[T]` and
/// `&Path`. Floats are allowed. The result needs `Clone`. With `scope = "shared"` keys and results need `Send` and
/// `Sync`. The [guides](guide) explain the rest.
///
/// # Options
///
/// | option | value | default | meaning |
/// |---|---|---|---|
/// | [`maxsize`](guide::caches#maxsize) | a `usize`, or `unbounded` | `128` | the largest number of entries. A full cache evicts the least recently used |
/// | [`ttl`](guide::time#ttl) | `"30m"`, a `Duration`, or `\|&value\| -> Duration` | forever | how long an entry answers |
/// | [`tti`](guide::idle#tti) | `"10m"`, or a `Duration` | forever | how long an entry answers after it was last used |
/// | [`jitter`](guide::idle#jitter) | `"1m"`, or a `Duration` | none | by how much a life may be shorter than `ttl` |
/// | [`err_ttl`](guide::results#err_ttl) | `"5s"`, or a `Duration` | `Err` is not stored | how long an `Err` answers |
/// | [`refresh_after`](guide::renewal#refresh_after) | `"8m"`, a `Duration`, or a part of the life: `0.8` | none | from which age a value is computed anew while the old one answers |
/// | [`refresh_on`](guide::background#refresh_on) | a function that takes a run, or `caller` | threads of this crate | where a value is computed anew. An `async fn` has to say it |
/// | [`retry_after`](guide::failures#retry_after) | `"30s"`, or a `Duration` | 30 s, at most the `ttl` | how long after a failure the next run may begin |
/// | [`stale_if_error`](guide::failures#stale_if_error) | `"2h"`, or a `Duration` | none | how long after its `ttl` a value still answers calls that fail |
/// | [`scope`](guide::caches#scope) | `"shared"`, `"thread"` | `"shared"` | one cache for the process, or one for each thread |
/// | [`key`](guide::keys#key) | an expression over the arguments | all arguments | what identifies a call |
/// | [`skip`](guide::keys#skip) | `skip(db, logger)` | nothing | arguments left out of the key |
/// | [`cache_if`](guide::results#cache_if) | `&Return -> bool` | all but `Err` | whether this result is stored |
/// | [`single_flight`](guide::concurrency#single_flight) | `true`, `false` | `true` | concurrent calls of one key run the body once |
/// | [`patience`](guide::concurrency#patience) | `"5s"`, a `Duration`, or `unlimited` | at least a minute | how long a call waits for another call's run before it runs the body as well |
/// | [`on_evict`](guide::evictions#on_evict) | `Fn(&Key, &Value, EvictionCause)` | nothing | is called for each value that leaves |
/// | [`cache`](guide::caches#cache) | `self.users`, `USERS` | one of its own | the [`Cache`] that holds the entries |
/// | [`tags`](guide::invalidation#tags) | `[format!("user:{id}")]` | none | the names under which a call can be [forgotten](crate::invalidate_tag()) |
/// | [`disk`](guide::disk#disk) | nothing, or a path | in the process only | keeps results in a file, so that they outlive the process |
/// | [`redis`](guide::redis#redis) | nothing | in the process only | keeps results in the Redis that the program has connected to, for all servers |
/// | [`tier`](guide::tiers#tier) | a `memofn::tier::Tier` | none | keeps results in a store of your own |
/// | [`codec`](guide::tiers#codec) | a `memofn::tier::Codec` | by `serde` | how a tier's results become bytes |
/// | [`version`](guide::versions#version) | a `u64`, or `auto` | a hash of the function's code | a tier's results of other versions do not answer |
/// | [`depends`](guide::versions#depends) | `depends(parse, TABLE)` | nothing | items whose versions are mixed into the function's |
/// | [`name`](guide::caches#name) | a string | the path | the name in reports |
/// | [`controls`](guide::caches#controls) | an identifier | the function's name | the name of the controls |
/// | [`crate`](guide::caches#crate) | a path | `::memofn` | the path of this crate |
///
/// # Controls
///
/// A function and a type may share a name. The attribute also declares a type with the name and the
/// visibility of the function, and `use weather::temperature;` imports both.
///
/// ```
/// # use memofn::{Cache, CallStatus, memoize};
/// #[memoize(maxsize = 1000)]
/// fn area(width: u32, label: &str) -> u32 {
///     width * label.len() as u32
/// }
///
/// assert_eq!(area(2, "ab"), 4);
/// assert_eq!(area::cache_info().misses, 1);
/// assert_eq!(area::cache_peek(2, "ab"), Some(4)); // looks, and counts nothing
/// assert_eq!(area::cache_remove(2, "ab"), Some(4)); // removes one call
/// area::cache_insert(2, "ab", 5); // stores a result as if it had been computed now
/// assert_eq!(area(2, "ab"), 5);
/// assert_eq!(area::cache_refresh(2, "ab"), 4); // runs the body now
/// assert_eq!(area::cache_call(2, "ab").status, CallStatus::Hit); // how it was answered
/// assert_eq!(area::uncached(3, "ab"), 6); // the original function
/// assert_eq!(area::cache_parameters().maxsize, Some(1000));
/// let _: u64 = area::CACHE_VERSION; // the version of the code
/// let cache: &Cache<(u32, String), u32> = area::cache(); // the typed cache itself
/// assert_eq!(cache.len(), 1);
/// area::cache_enable(false); // from now on each call runs the body
/// assert_eq!(area::cache_call(2, "ab").status, CallStatus::Bypassed);
/// area::cache_enable(true);
/// area::cache_clear(); // removes all entries and zeroes the counters
/// ```
///
/// For a `Result<T, E>` the cache holds `T`. The controls speak of the whole result: `cache_peek` and `cache_remove` return
/// `Some(Ok(..))`, and `cache_insert` takes an `Ok(..)`.
///
/// rustdoc shows the type beside the function. In documentation of yours, link to the function with
/// ``[`area()`]`` and to its controls with ``[`area`](type@area)``.
///
/// # Other attributes
///
/// Put `#[memoize]` above attributes that rewrite the function. The compiler runs attributes from top to bottom, and
/// each one sees the output of those above it.
///
/// - `#[wasm_bindgen]`, `#[async_trait]` and the like go below. They change the signature or return another type,
///   such as a boxed future, and that cannot be stored.
/// - `#[tracing::instrument]` works in both places. Below `#[memoize]` it sees each call, hits included. Above
///   `#[memoize]` it becomes part of the body and sees only the runs.
/// - Documentation and attributes of the compiler, such as `#[must_use]`, `#[inline]` and `#[cfg]`, stay on the
///   function, in any order.
#[doc(alias("lru_cache", "cached", "cache", "memo", "ttl_cache"))]
pub use memo_macros::memoize;

/// Gives an item a version, so that memoized functions can [depend](guide::versions#depends) on it.
///
/// A tier keeps results longer than a process lives. The version of a memoized function is a hash of its own code, and
/// what the function calls is not in it. `depends(..)` names what else counts: memoized functions, and items with this
/// attribute.
///
/// ```
/// use memofn::{memoize, versioned};
///
/// #[versioned]
/// const RATES: [u32; 2] = [7, 19];
///
/// #[versioned(depends(RATES))]
/// fn tax(net: u32, rate: usize) -> u32 {
///     net * RATES[rate] / 100
/// }
///
/// #[memoize(depends(tax))] // with a new rate, the results that a tier has kept do not answer
/// fn gross(net: u32) -> u32 {
///     net + tax(net, 1)
/// }
///
/// assert_eq!(gross(100), 119);
/// assert_ne!(gross::CACHE_VERSION, tax::CACHE_VERSION);
/// ```
///
/// It goes on a function, a constant or a static, and adds a type of the same name with the constant `CACHE_VERSION`. A
/// struct, an enum or a union gets the constant itself. The item stays as it is.
///
/// - `#[versioned]` hashes the tokens of the item. Comments, documentation, line breaks and visibility do not count.
/// - `#[versioned(3)]` is a version of your own, which you raise when results change.
/// - `#[versioned(depends(a, b::c))]` mixes in the versions of other items.
pub use memo_macros::versioned;

/// The guides, one for each topic.
///
/// | guide | about |
/// |---|---|
/// | [Keys](guide::keys) | what identifies a call; floats, `Eq`; `key`, `skip` |
/// | [Results](guide::results) | what is stored: `Err`, `None`, panics; `cache_if`, `err_ttl`; recursion |
/// | [Size and scope](guide::caches) | where the entries are: `maxsize`, `scope`, `cache`; `name`, `controls`, `crate` |
/// | [Time](guide::time) | `ttl`: when an entry is too old; a life for each value |
/// | [Idle entries and jitter](guide::idle) | `tti`, `jitter` |
/// | [Renewal](guide::renewal) | values that are renewed before they expire: `refresh_after` |
/// | [Where a value is renewed](guide::background) | threads, pools, tasks: `refresh_on` |
/// | [Failures](guide::failures) | old values that answer while the source is down: `stale_if_error`, `retry_after` |
/// | [Recipes for freshness](guide::freshness) | which of these options to choose |
/// | [Evictions](guide::evictions) | values that leave: `on_evict` |
/// | [Invalidation](guide::invalidation) | remove, clear; `tags`; what happens to runs under way |
/// | [Beyond one process](guide::tiers) | results that outlive the process: what is promised; `tier`, `codec` |
/// | [On disk](guide::disk) | results that survive a restart: `disk` |
/// | [Redis](guide::redis) | results that servers share: `redis` |
/// | [Versions](guide::versions) | results of older code: `version`, `depends` |
/// | [Tiers in operation](guide::operation) | in tests; deploys, files, secrets |
/// | [Concurrent calls](guide::concurrency) | one run for all; `single_flight`, `patience` |
/// | [Async functions](guide::asynchronous) | futures that are dropped or forgotten |
/// | [Methods](guide::methods) | `self` in the key; a cache in each object |
/// | [Impl blocks and traits](guide::traits) | associated functions, trait impls, default methods |
/// | [Generic functions](guide::generics) | one cache for each instantiation |
/// | [Caches by hand](guide::by_hand) | [`Cache`] without the attribute |
/// | [Closures](guide::closures) | [`memoize_fn()`], [`memoize_rec()`] |
/// | [Watching caches](guide::observing) | counters, reports, `cache_call` |
/// | [Other tools](guide::tools) | the features `metrics`, `tracing`, `serde` |
/// | [In tests](guide::testing) | caches of its own for each test, stopped time |
/// | [Is the cache to blame?](guide::doubt) | the off switch; bodies that must give what is stored |
///
/// [`memoize`] has the table of all options.
#[cfg(doc)]
pub mod guide {
    #[doc = include_str!("../docs/guides/keys.md")]
    ///
    /// [`Float<f64>`]: crate::Float
    /// [`ttl`]: time#ttl
    pub mod keys {}

    #[doc = include_str!("../docs/guides/results.md")]
    pub mod results {}

    #[doc = include_str!("../docs/guides/caches.md")]
    ///
    /// [generics]: generics
    /// [`Cache`]: crate::Cache
    /// [Methods]: methods
    /// [`report()`]: crate::report()
    /// [trait that holds them]: traits
    pub mod caches {}

    #[doc = include_str!("../docs/guides/time.md")]
    ///
    /// [Idle entries]: idle#tti
    /// [Jitter]: idle#jitter
    /// [Invalidation]: invalidation
    /// [`set_clock`]: crate::set_clock
    /// [`refresh_after`]: renewal#refresh_after
    pub mod time {}

    #[doc = include_str!("../docs/guides/idle.md")]
    ///
    /// [`err_ttl`]: results#err_ttl
    /// [`refresh_after`]: renewal#refresh_after
    /// [`stale_if_error`]: failures#stale_if_error
    pub mod idle {}

    #[doc = include_str!("../docs/guides/renewal.md")]
    ///
    /// [Where a value is renewed]: background
    /// [Failures]: failures
    /// [Recipes]: freshness
    /// [`retry_after`]: failures#retry_after
    pub mod renewal {}

    #[doc = include_str!("../docs/guides/background.md")]
    ///
    /// [`refresh_after`]: renewal#refresh_after
    pub mod background {}

    #[doc = include_str!("../docs/guides/failures.md")]
    ///
    /// [one life]: renewal#one-life
    pub mod failures {}

    #[doc = include_str!("../docs/guides/freshness.md")]
    ///
    /// [Time]: time
    /// [idle entries and jitter]: idle
    /// [renewal]: renewal
    /// [failures]: failures
    pub mod freshness {}

    #[doc = include_str!("../docs/guides/evictions.md")]
    ///
    /// [`CacheBuilder::on_evict`]: crate::CacheBuilder::on_evict
    pub mod evictions {}

    #[doc = include_str!("../docs/guides/invalidation.md")]
    ///
    /// [`ttl`]: time#ttl
    /// [`invalidate_tag("user:7")`]: crate::invalidate_tag()
    /// [`expire_tag("user:7")`]: crate::expire_tag()
    /// [renewal]: renewal#to-say-that-a-value-is-old
    /// [`clear_all()`]: crate::clear_all()
    /// [`insert_tagged`]: crate::Cache::insert_tagged
    pub mod invalidation {}

    #[doc = include_str!("../docs/guides/tiers.md")]
    pub mod tiers {}

    #[doc = include_str!("../docs/guides/disk.md")]
    pub mod disk {}

    #[doc = include_str!("../docs/guides/redis.md")]
    pub mod redis {}

    #[doc = include_str!("../docs/guides/versions.md")]
    pub mod versions {}

    #[doc = include_str!("../docs/guides/operation.md")]
    pub mod operation {}

    #[doc = include_str!("../docs/guides/concurrency.md")]
    ///
    /// [`CacheInfo`]: crate::CacheInfo
    /// [`CacheBuilder::patience`]: crate::CacheBuilder::patience
    pub mod concurrency {}

    #[doc = include_str!("../docs/guides/asynchronous.md")]
    ///
    /// [`Cache`]: crate::Cache
    /// [Concurrent calls]: concurrency
    /// [`patience`]: concurrency#patience
    /// [Impl blocks and traits]: traits
    pub mod asynchronous {}

    #[doc = include_str!("../docs/guides/methods.md")]
    ///
    /// [Impl blocks and traits]: traits
    pub mod methods {}

    #[doc = include_str!("../docs/guides/traits.md")]
    pub mod traits {}

    #[doc = include_str!("../docs/guides/generics.md")]
    ///
    /// [`cache`]: caches#cache
    pub mod generics {}

    #[doc = include_str!("../docs/guides/by_hand.md")]
    ///
    /// [`Cache`]: crate::Cache
    /// [`Cache::builder()`]: crate::Cache::builder
    /// [`report()`]: crate::report()
    /// [`caches()`]: crate::caches()
    /// [Size and scope]: caches#cache
    /// [tags]: invalidation#tags
    /// [closure]: closures
    /// [Invalidation]: invalidation
    pub mod by_hand {}

    #[doc = include_str!("../docs/guides/closures.md")]
    ///
    /// [`Cache`]: crate::Cache
    /// [`memoize_fn`]: crate::memoize_fn()
    /// [`memoize_rec`]: crate::memoize_rec()
    pub mod closures {}

    #[doc = include_str!("../docs/guides/observing.md")]
    ///
    /// [`CacheInfo`]: crate::CacheInfo
    /// [`CacheCall`]: crate::CacheCall
    /// [`patience`]: concurrency#patience
    /// [`report()`]: crate::report()
    /// [`caches()`]: crate::caches()
    /// [off]: doubt#off
    /// [Other tools]: tools
    pub mod observing {}

    #[doc = include_str!("../docs/guides/tools.md")]
    ///
    /// [check]: doubt#purity
    pub mod tools {}

    #[doc = include_str!("../docs/guides/testing.md")]
    ///
    /// [`clear_all()`]: crate::clear_all()
    /// [`testing::Clock`]: crate::testing::Clock
    /// [`CacheInfo`]: crate::CacheInfo
    /// [`report()`]: crate::report()
    /// [off]: doubt#off
    /// [`isolate`]: crate::testing::isolate
    pub mod testing {}

    #[doc = include_str!("../docs/guides/doubt.md")]
    ///
    /// [`set_enabled`]: crate::set_enabled
    /// [`check_purity`]: crate::testing::check_purity
    pub mod doubt {}
}

#[cfg(doc)]
#[doc = include_str!("../docs/moving.md")]
pub mod moving_from_others {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
