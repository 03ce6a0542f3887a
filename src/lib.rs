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
//! Python's `functools.lru_cache`, typed and for many threads. The attribute, its options and the
//! controls of a memoized function are documented at [`memoize`]; the same cache for use by hand is
//! [`Cache`]; [`report()`] shows all of them.
//!
//! # How a call goes
//!
//! The arguments are hashed and compared as they are, borrowed. **On a hit** the stored value is
//! cloned and returned; nothing is allocated. Return an `Arc` where a clone would be dear. **On a
//! miss** the arguments are turned into an owned key, the body runs, and its result is stored,
//! unless it is an `Err` or [`cache_if`](memoize#cache_if) refuses it. **While another thread** runs
//! the body for an equal key, the call waits for that run and takes its result
//! ([single flight](CacheBuilder::single_flight)).
//!
//! No lock is held while code of yours runs: the body, `Hash`, `Eq`, `Clone`, `Drop`, `cache_if`. Any of
//! them may call the same function again, with the same arguments too.
//!
//! # In tests
//!
//! A memoized function remembers from one test to the next. [`clear_all()`] forgets everything;
//! `f::uncached(..)` goes around the cache; [`testing::Clock`] moves time past a `ttl`.
#![forbid(unsafe_code)]

#[doc(hidden)]
pub use memo_runtime::__private;
pub use memo_runtime::{
    Cache, CacheBuilder, CacheEntry, CacheInfo, CacheParameters, CacheStatus, Float, Report,
    caches, clear_all, report, scope, testing,
};

/// Caches a function: its results are stored, and found again by its arguments.
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
/// It goes on a free function, in a module or inside another function. Its arguments need `Hash`,
/// `Eq` and `Clone` (what a reference points at: `&str`, `&[T]`, `&Path` do), or are left out with
/// [`skip`](#skip); floats are fine. What it returns needs `Clone`, and with `scope = "shared"` all
/// that is stored needs `Send` and `Sync`. Attributes and documentation stay with the function.
///
/// # Options
///
/// ## `maxsize`
///
/// Most entries held: an expression of type `usize`, evaluated at the first use, or `unbounded`.
/// When one more is to be stored, the least recently used one is evicted. Default: 128. With 0
/// nothing is stored, and every call is a miss.
///
/// ## `ttl`
///
/// How long an entry answers after its computation finished: `"30m"`, `"1h 30m"`, `"250ms"`, or an
/// expression of type [`Duration`](std::time::Duration). Default: forever. Expired entries are given
/// back by whatever is done with the cache next. From one second on, time is read from the system's
/// coarse clock, some milliseconds apart from the exact one.
///
/// ## `scope`
///
/// `"shared"`, the default: one cache for the process. `"thread"`: one for each thread, which
/// pays for no synchronisation and is dropped with its thread; the controls are then about the
/// calling thread's.
///
/// ## `key`
///
/// An expression over the arguments that identifies a call, in place of all arguments:
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
/// Arguments to leave out of the key. They may be of any type, `&mut` included. If what is skipped
/// changes the result, the cache does not see it.
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
/// name::cache_remove(7); // what is skipped is not asked for
/// ```
///
/// ## `cache_if`
///
/// A function or closure, `fn(&Return) -> bool`, that decides whether a result is stored. Default: all but
/// `Err`. With it a `Result` is stored whole, the `Err` too if it is accepted. Callers that waited for
/// a result that is refused are given it all the same.
///
/// ```
/// # use memofn::memoize;
/// #[memoize(cache_if = |found| found.is_some())]
/// fn find(id: u64) -> Option<String> {
///     # let _ = id;
///     None // to be looked for again next time
/// }
/// ```
///
/// ## `single_flight`
///
/// Whether concurrent calls with equal keys run the body once: see
/// [`CacheBuilder::single_flight`]. Default: `true`. Those who waited for an `Err` are given a clone
/// of it where the error is `Clone + Send + Sync`, and compute for themselves where it is not.
///
/// ## `name`, `controls`, `crate`
///
/// The name in reports (default: the path of the function). The name of the controls, when that of
/// the function is taken by a type or a module. The path of this crate, if it was renamed or is
/// re-exported: `crate = other::memofn`.
///
/// # Controls
///
/// Functions and types may share a name, so the attribute also declares a type of the function's
/// name and visibility. `use weather::temperature;` imports both.
///
/// ```
/// # use memofn::{Cache, memoize};
/// #[memoize(maxsize = 1000)]
/// fn area(width: u32, label: &str) -> u32 {
///     width * label.len() as u32
/// }
///
/// assert_eq!(area(2, "ab"), 4);
/// assert_eq!(area::cache_info().misses, 1);
/// assert_eq!(area::cache_peek(2, "ab"), Some(4)); // does not count, compute or touch recency
/// assert_eq!(area::cache_remove(2, "ab"), Some(4)); // forgets one call
/// area::cache_insert(2, "ab", 5); // stores a result as if it had been computed now
/// assert_eq!(area(2, "ab"), 5);
/// assert_eq!(area::cache_refresh(2, "ab"), 4); // runs the body now and stores its result
/// assert_eq!(area::uncached(3, "ab"), 6); // the original function
/// assert_eq!(area::cache_parameters().maxsize, Some(1000));
/// let cache: &Cache<(u32, String), u32> = area::cache(); // the typed cache itself
/// assert_eq!(cache.len(), 1);
/// area::cache_clear(); // forgets everything and zeroes the counters
/// ```
///
/// For a `Result<T, E>` the cache holds `T`, and `cache_peek` and `cache_remove` give `Some(Ok(..))`. The
/// key type is the argument itself when one is keyed, a tuple when there are several (of
/// tuples, when there are more than twelve), with `String` for `&str`, `Vec<T>` for `&[T]`, and
/// [`Float<f64>`](Float) for `f64`.
///
/// # Panics
///
/// A panic of the body passes through and stores nothing; the next call runs the body again.
pub use memo_macros::memoize;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
