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
//! It is Python's `functools.lru_cache`, typed and for many threads. [`memoize`] documents the attribute,
//! its options and the controls of a memoized function. [`Cache`] is the same cache for use by hand.
//! [`report()`] shows all caches of the process.
//!
//! # How a call goes
//!
//! The arguments are hashed and compared as they are, borrowed.
//!
//! - **A hit** clones the stored value and returns it. It allocates nothing. Return an `Arc` if cloning is
//!   expensive.
//! - **A miss** turns the arguments into an owned key, runs the body and stores the result, unless it is an
//!   `Err` or [`cache_if`](memoize#cache_if) refuses it.
//! - **While another thread** runs the body for an equal key, the call waits for that run and takes its
//!   result ([single flight](CacheBuilder::single_flight)). An [`async fn`](memoize#async-functions) waits
//!   without blocking a thread.
//!
//! No lock is held while your code runs: the body, `Hash`, `Eq`, `Clone`, `Drop`, `cache_if`. Each of them
//! may call the same function again, even with the same arguments.
//!
//! # Seeing a cache at work
//!
//! - `f::cache_info()` counts hits, misses and more, and knows how long a run takes and what the hits saved:
//!   [`CacheInfo::mean_run`], [`CacheInfo::time_saved`].
//! - `f::cache_call(..)` gives the result with its [status and age](CacheCall).
//! - [`report()`] is a table of all caches. [`caches()`] is the same as data.
//!
//! Three features of this crate connect the caches with other tools. All are off by default. None changes what a memoized
//! function does.
//!
//! | feature | what it adds |
//! |---|---|
//! | `serde` | `Serialize` for [`CacheInfo`], [`CacheParameters`], [`CacheStatus`] and [`Report`]. Durations are numbers of seconds |
//! | `metrics` | `memofn::metrics::publish()` sets the counters and gauges of all caches in the recorder of the crate [`metrics`](https://docs.rs/metrics). A call pays nothing |
//! | `tracing` | a span of the crate [`tracing`](https://docs.rs/tracing) for each run of a body; a hit has none |
//!
//! The span has the level `DEBUG`, the target `memofn`, the name `run`, and two fields. `name` is the name of the cache.
//! `outcome` is recorded at the end: `stored`; `error` (an `Err`, which is not stored); `rejected` (by `cache_if`);
//! `outdated` (the key was removed, or the cache cleared, during the run); `unstored` (the cache stores nothing, or another
//! run was faster); `panicked`; `cancelled` (the future was dropped). The body runs inside the span. An async run enters it
//! while it is polled. A subscriber may call memoized functions; their runs then have no span.
//!
//! # In tests
//!
//! A memoized function keeps its entries from one test to the next. [`clear_all()`] clears every cache.
//! `f::uncached(..)` bypasses the cache. [`testing::Clock`] moves time past a `ttl`.
//!
//! # Limits
//!
//! After a `fork` the child process has the caches, but not the other threads. Hits work. A miss may wait
//! forever if another thread was in the middle of a miss when the process forked, as with any `Mutex`.
//!
//! On `wasm32-unknown-unknown` the crate needs nothing from the host. There is no clock, so a `ttl` needs
//! [`set_clock`]. There are no threads, so no alarm can wake a call: a call that awaits a run which is never
//! polled again waits forever.
//!
//! # Coming from elsewhere
//!
//! [`moving_from_others`] compares the options of `cached`, `memoize`, `moka` and Python's `functools` and
//! `cachetools` with the options here, and says what differs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub use memo_runtime::__private;
#[cfg(feature = "metrics")]
pub use memo_runtime::metrics;
pub use memo_runtime::{
    Cache, CacheBuilder, CacheCall, CacheEntry, CacheInfo, CacheParameters, CacheStatus,
    CallStatus, Float, Report, caches, clear_all, report, scope, set_clock, testing,
};

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
/// The attribute goes on a free function or a [method](#methods), [async](#async-functions) or not,
/// [generic](#generics) or not. A free function may stand inside another function. For associated functions
/// without `self` and for methods of a trait's impl, the attribute goes on the [impl
/// block](#impl-blocks-and-traits) as well.
///
/// Arguments need `Hash`, `Eq` and `Clone`; of a reference the target needs them, as in `&str`, `&[T]` and
/// `&Path`. Floats are allowed. [`skip`](#skip) leaves other arguments out of the key. The result needs
/// `Clone`. With `scope = "shared"` keys and results need `Send` and `Sync`. Attributes and documentation
/// stay on the function.
///
/// # Options
///
/// ## `maxsize`
///
/// The largest number of entries: an expression of type `usize`, evaluated at the first use, or
/// `unbounded`. A full cache evicts the least recently used entry to store another. Default: 128. With 0
/// nothing is stored and every call is a miss.
///
/// ## `ttl`
///
/// How long an entry answers after its computation finished: `"30m"`, `"1h 30m"`, `"250ms"`, or an
/// expression of type [`Duration`](std::time::Duration). Default: forever. Later calls of any key free
/// the expired entries, a few at a time. A `ttl` of a second or more uses the system's coarse clock, which may be some
/// milliseconds behind the exact one.
///
/// ## `scope`
///
/// `"shared"`, the default: one cache for the process. `"thread"`: one cache for each thread, without
/// synchronisation. It is dropped with its thread, and the controls act on the cache of the calling
/// thread.
///
/// ## `key`
///
/// An expression over the arguments that identifies a call. It replaces the arguments as the key:
///
/// ```
/// # use memofn::memoize;
/// struct User { id: u64, name: String }
///
/// #[memoize(key = (user.id, formal))]
/// fn greeting(user: &User, formal: bool) -> String {
///     if formal { format!("Dear {}", user.name) } else { format!("Hi {}", user.name) }
/// }
/// ```
///
/// ## `skip`
///
/// Arguments to leave out of the key. They may have any type, also `&mut`. If a skipped argument changes
/// the result, the cache does not notice.
///
/// ```
/// # use memofn::memoize;
/// # struct Database;
/// # impl Database { fn query(&self, id: u64) -> String { id.to_string() } }
/// #[memoize(skip(db))]
/// fn name(id: u64, db: &Database) -> String {
///     db.query(id)
/// }
/// # assert_eq!(name(7, &Database), "7");
/// name::cache_remove(7); // the controls do not take skipped arguments
/// ```
///
/// ## `cache_if`
///
/// A function or closure, `fn(&Return) -> bool`, that decides whether a result is stored. Default:
/// everything but `Err`. With `cache_if` the cache holds whole `Result`s, and an `Err` that is accepted is
/// stored. Callers that waited for a refused result receive it too.
///
/// ```
/// # use memofn::memoize;
/// #[memoize(cache_if = |found| found.is_some())]
/// fn find(id: u64) -> Option<String> {
///     # let _ = id;
///     None // not stored: the next call looks again
/// }
/// ```
///
/// ## `single_flight`
///
/// Whether concurrent calls with equal keys run the body once: see
/// [`CacheBuilder::single_flight`]. Default: `true`. If the run returns an `Err`, the waiting calls receive a
/// clone of it if the error is `Clone + Send + Sync`. Otherwise each of them runs the body itself.
///
/// ## `patience`
///
/// How long a call waits for another call's run before it runs the body as well: `patience = "5s"`, an
/// expression of type [`Duration`](std::time::Duration), or `patience = unlimited`. See
/// [`CacheBuilder::patience`] for the default. Outside of a memoized body it is at least a minute.
///
/// ```
/// # use memofn::memoize;
/// #[memoize(patience = unlimited)]
/// fn bill(customer: u64) -> u64 {
///     customer * 10 // must not run twice, however long it takes
/// }
/// # bill(1);
/// ```
///
/// ## `cache`
///
/// The [`Cache`] that holds the entries: a field of `self`, a field of another argument, or a static. The
/// function then has no cache of its own. The argument that owns the cache is left out of the key.
///
/// ```
/// # use memofn::{Cache, memoize};
/// # use std::io;
/// #[derive(Default)]
/// struct Client {
///     users: Cache<u64, String>,
/// }
///
/// impl Client {
///     #[memoize(cache = self.users)]
///     fn user(&self, id: u64) -> io::Result<String> {
///         Ok(format!("user {id}"))
///     }
/// }
///
/// let (one, other) = (Client::default(), Client::default());
/// one.user(7)?;
/// assert_eq!(one.users.peek(&7).as_deref(), Some("user 7")); // the `Ok` value
/// assert!(other.users.is_empty()); // each client has its own cache, dropped with its owner
/// # io::Result::Ok(())
/// ```
///
/// A static creates its cache at the first use, and sets its name:
///
/// ```
/// # use memofn::{Cache, memoize};
/// use std::sync::LazyLock;
///
/// static PRICES: LazyLock<Cache<String, u64>> =
///     LazyLock::new(|| Cache::builder().maxsize(1000).name("prices").build());
///
/// #[memoize(cache = PRICES)]
/// fn price(article: &str) -> u64 {
///     article.len() as u64
/// }
///
/// price("apple");
/// assert_eq!(PRICES.info().misses, 1);
/// assert_eq!(price::cache_remove("apple"), Some(5));
/// ```
///
/// The options of the cache itself (`maxsize`, `ttl`, `scope`, `single_flight`, `patience`, `name`) are set
/// where it is made. `info()` and `clear()` are its own methods. Functions with the same cache share its
/// entries.
///
/// ## `name`, `controls`, `crate`
///
/// - `name`: the name in reports. Default: the path of the function.
/// - `controls`: the name of the [controls](#controls), if the function's name is taken by a type or a
///   module. On the impl block of a trait it names the [trait that holds them](#impl-blocks-and-traits).
/// - `crate`: the path of this crate, if it was renamed or is re-exported: `crate = other::memofn`.
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
/// assert_eq!(area::cache_peek(2, "ab"), Some(4)); // does not count, compute or touch recency
/// assert_eq!(area::cache_remove(2, "ab"), Some(4)); // removes one call
/// area::cache_insert(2, "ab", 5); // stores a result as if it had been computed now
/// assert_eq!(area(2, "ab"), 5);
/// assert_eq!(area::cache_refresh(2, "ab"), 4); // runs the body now and stores its result
/// assert_eq!(area::cache_call(2, "ab").status, CallStatus::Hit); // a call, with its status and age
/// assert_eq!(area::uncached(3, "ab"), 6); // the original function
/// assert_eq!(area::cache_parameters().maxsize, Some(1000));
/// let cache: &Cache<(u32, String), u32> = area::cache(); // the typed cache itself
/// assert_eq!(cache.len(), 1);
/// area::cache_clear(); // removes all entries and zeroes the counters
/// ```
///
/// For a `Result<T, E>` the cache holds `T`, and `cache_peek` and `cache_remove` return `Some(Ok(..))`.
///
/// The type of the key is the type of the argument if there is one in the key, and a tuple if there are
/// several. More than twelve are nested: the last ones form a tuple of their own. A key owns its parts:
/// `String` for `&str`, `Vec<T>` for `&[T]`, [`Float<f64>`](Float) for `f64`.
///
/// # Methods
///
/// `self` is an argument like any other: it is part of the key, unless [`skip`](#skip), [`key`](#key) or
/// [`cache`](#cache) leaves it out. `&mut self` must be left out.
///
/// ```
/// # use memofn::memoize;
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Rectangle {
///     width: u64,
///     height: u64,
/// }
///
/// impl Rectangle {
///     #[memoize]
///     fn area(&self) -> u64 {
///         self.width * self.height
///     }
///
///     #[memoize(key = (self.width, times))]
///     fn wider(&self, times: u64) -> u64 {
///         self.width * times
///     }
/// }
///
/// let rectangle = Rectangle { width: 2, height: 3 };
/// assert_eq!(rectangle.area(), 6);
/// assert_eq!(rectangle.area_uncached(), 6);
/// assert_eq!(Rectangle::area_cache().info().misses, 1);
/// assert_eq!(Rectangle::area_cache().remove(&rectangle), Some(6));
/// assert_eq!(rectangle.wider(2), 4);
/// assert_eq!(rectangle.wider_remove(2), Some(4));
/// ```
///
/// An impl block cannot declare a type, so a method has other controls. `value.area_uncached(..)` is the
/// original method, and `value.area_call(..)` gives the result with its [status and age](CacheCall).
/// `Type::area_cache()` is the [`Cache`], with `info()`, `clear()` and `parameters()`, and
/// with `peek`, `remove` and `insert` for a key. The key is `self` and the arguments, as above. The type of a
/// `key` expression cannot be named, so `value.wider_remove(..)` removes one call.
///
/// # Impl blocks and traits
///
/// Two kinds of functions need the attribute on the block as well:
///
/// - An associated function without `self` looks like a free function to the attribute.
/// - The impl block of a trait can hold only what the trait declares. Without the attribute on the block the
///   compiler says "`load_cache` is not a member of trait".
///
/// The options of the block are the defaults of its functions. A function's own option replaces the
/// default; its own `key` also replaces a default `skip`, and the reverse. `name` becomes the prefix of
/// the functions' names in reports.
///
/// ```
/// # use memofn::memoize;
/// # use std::num::ParseIntError;
/// #[derive(Debug, Clone, PartialEq)]
/// struct Page(u32);
///
/// #[memoize(maxsize = 16)]
/// impl Page {
///     #[memoize]
///     fn load(path: &str) -> Result<Self, ParseIntError> {
///         path.parse().map(Self)
///     }
/// }
///
/// trait Links {
///     fn links(&self, depth: u32) -> Vec<Page>;
/// }
///
/// #[memoize(ttl = "1h", controls = pub(crate) PageLinks)]
/// impl Links for Page {
///     #[memoize(key = (self.0, depth))]
///     fn links(&self, depth: u32) -> Vec<Page> {
///         (0..depth).map(|n| Self(self.0 + n)).collect()
///     }
/// }
///
/// let page = Page::load("7")?;
/// assert_eq!(Page::load_cache().peek("7"), Some(Page(7)));
/// assert_eq!(page.links(2), [Page(7), Page(8)]);
/// assert_eq!(Page::links_cache().info().misses, 1);
/// # Ok::<(), ParseIntError>(())
/// ```
///
/// The controls of a trait's methods are methods of another trait, which is declared beside the impl
/// block: `PageLinks` above. Without `controls` its name comes from the type and the trait
/// (`PageLinksControls`), and it is private to the module.
///
/// A default method in the definition of a trait is memoized like any method, with one cache for each type
/// that implements the trait. Its controls become methods of the trait. One of them has no `self`, so
/// the trait cannot be used as `dyn`, unless the method has the bound `where Self: Sized`.
///
/// ```
/// # use memofn::memoize;
/// # use std::hash::Hash;
/// trait Shape: Clone + Eq + Hash + Send + Sync + 'static {
///     fn side(&self) -> u64;
///
///     #[memoize]
///     fn area(&self) -> u64 {
///         self.side() * self.side()
///     }
/// }
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct Square(u64);
///
/// impl Shape for Square {
///     fn side(&self) -> u64 {
///         self.0
///     }
/// }
///
/// assert_eq!(Square(3).area(), 9);
/// assert_eq!(Square::area_cache().len(), 1);
/// ```
///
/// # Async functions
///
/// An `async fn` is memoized in the same way, with the same options, on any runtime. Its `cache_call`, `cache_refresh`
/// and `uncached` are async, the other controls are not.
///
/// ```
/// # use memofn::memoize;
/// # use std::io;
/// # async fn fetch(path: &str) -> io::Result<String> { Ok(path.to_owned()) }
/// #[memoize(maxsize = 1000, ttl = "5m")]
/// async fn page(path: &str) -> io::Result<String> {
///     fetch(path).await
/// }
///
/// # futures::executor::block_on(async {
/// let (one, other) = futures::join!(page("/"), page("/"));
/// assert_eq!((one?, other?), ("/".to_owned(), "/".to_owned()));
/// assert_eq!(page::cache_info().misses, 1); // one run for both
/// # io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// A hit allocates nothing and is ready at the first poll. The future borrows what the arguments borrow. It
/// is `Send` if the future of the body is `Send` and the arguments in the key are `Sync`. With
/// `scope = "thread"` it stays on its thread.
///
/// [Single flight](#single_flight) holds in each of these cases:
///
/// - **A future is dropped.** If it was running the body, at any `.await`, one of the waiting calls runs the
///   body. If it was waiting, no other call loses its wake-up, and the dropped call counts neither as a
///   hit nor as a miss.
/// - **A future is no longer polled**, while its task awaits the same call elsewhere: after a lost `select!`,
///   or in a buffered stream whose consumer makes the same call. That call runs the body as well. It does
///   so only if it is certain that the task polls the one future and not the other. A long queue, a busy
///   machine or a slow body does not count as evidence.
/// - **A call would wait for itself**: from inside the body, through any number of other memoized functions,
///   async or not, or through other tasks. It runs the body.
/// - **Any other wait** ends with the run, or with [`patience`](#patience).
///
/// A thread `memofn-watch` serves dropped futures and patience. It exists while a call awaits a run, and one
/// second longer.
///
/// In traits, an `async fn` can be memoized in an impl block and as a default method. `#[async_trait]` goes
/// below `#[memoize]`.
///
/// # Generics
///
/// Each instantiation has its own cache, with its own `maxsize` and counters, unless [`cache`](#cache)
/// gives one:
///
/// ```
/// # use memofn::memoize;
/// use std::hash::Hash;
///
/// #[memoize]
/// fn largest<T: Ord + Hash + Clone + Send + Sync + 'static>(items: &[T]) -> Option<T> {
///     items.iter().max().cloned()
/// }
///
/// #[memoize(skip(fetch))]
/// fn page(url: &str, fetch: impl Fn(&str) -> String) -> String {
///     fetch(url)
/// }
///
/// assert_eq!(largest(&[3, 1, 4]), Some(4));
/// assert_eq!(largest(&["pear", "quince"]), Some("quince"));
/// assert_eq!(largest::<i32>::cache_info().misses, 1);
///
/// let host = String::from("example.org");
/// assert_eq!(page("/", |path| format!("{host}{path}")), "example.org/");
/// assert_eq!(page("/", |_| unreachable!()), "example.org/");
/// assert_eq!(page::cache_info().hits, 1);
/// ```
///
/// The types in the key and in the stored result must be `'static`, and `Send` and `Sync` with
/// `scope = "shared"`. The function may have any lifetimes. A parameter that occurs only in skipped arguments,
/// such as the type of `fetch`, needs no bounds, and its instantiations share one cache. Constants are
/// parameters like types. The methods of a generic type have one cache for each type:
/// `Wrapper::<u8>::get_cache()`.
///
/// The written return type decides whether a function returns a `Result`. A result of type `T` is stored
/// whole, even if `T` is a `Result`.
///
/// # Recursion
///
/// A memoized call adds little to the stack: with a stack of 2 MiB a `fn(u64) -> u64` recurses 8,000 levels in
/// a debug build and 25,000 in a release build. The attribute adds up to three times the size of the result;
/// return a large result in an `Arc`. For deeper recursion let the body grow the stack, for example with the
/// crate `stacker`:
///
/// ```
/// # use memofn::memoize;
/// #[memoize(maxsize = unbounded)]
/// fn sum(n: u64) -> u64 {
///     stacker::maybe_grow(64 << 10, 4 << 20, || if n == 0 { 0 } else { sum(n - 1) + n })
/// }
///
/// assert_eq!(sum(100_000), 5_000_050_000);
/// ```
///
/// # Panics
///
/// A panic of the body passes through and stores nothing. One of the waiting calls, or else the next call,
/// runs the body again.
///
/// The first call evaluates the options. An option that calls its own function panics.
pub use memo_macros::memoize;

#[cfg(doc)]
#[doc = include_str!("../docs/moving.md")]
pub mod moving_from_others {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
