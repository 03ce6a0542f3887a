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
//! ([single flight](CacheBuilder::single_flight)). An [`async fn`](memoize#async-functions) waits without
//! blocking a thread.
//!
//! No lock is held while code of yours runs: the body, `Hash`, `Eq`, `Clone`, `Drop`, `cache_if`. Any of
//! them may call the same function again, with the same arguments too.
//!
//! # In tests
//!
//! A memoized function remembers from one test to the next. [`clear_all()`] forgets everything;
//! `f::uncached(..)` goes around the cache; [`testing::Clock`] moves time past a `ttl`.
//!
//! # Limits
//!
//! After a `fork` the child has the caches and none of the other threads. Hits are fine. A miss may wait for
//! ever if another thread was inside of a miss when the process forked, as it may for any `Mutex`.
//!
//! On `wasm32-unknown-unknown` nothing is asked of a host. There is no clock: a `ttl` needs
//! [`set_clock`]. There are no threads either, so nobody is woken by an alarm: a call that awaits a run that is
//! never polled again waits for ever.
//!
//! # Coming from elsewhere
//!
//! [`moving_from_others`] has the options of `cached`, `memoize`, `moka` and Python's `functools` and
//! `cachetools` side by side with the ones here, and says what differs.
#![forbid(unsafe_code)]

#[doc(hidden)]
pub use memo_runtime::__private;
pub use memo_runtime::{
    Cache, CacheBuilder, CacheEntry, CacheInfo, CacheParameters, CacheStatus, Float, Report,
    caches, clear_all, report, scope, set_clock, testing,
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
/// It goes on a free function, in a module or inside another function, [async](#async-functions) or not; on a [method](#methods), which
/// may be [generic](#generics) as functions may; and on an [impl block or a
/// trait](#impl-blocks-and-traits), where an associated function in it is memoized. Arguments need
/// `Hash`, `Eq` and `Clone` (what a reference points at: `&str`, `&[T]`, `&Path` do), or are left out
/// with [`skip`](#skip); floats are fine. What it returns needs `Clone`, and with `scope = "shared"`
/// all that is stored needs `Send` and `Sync`. Attributes and documentation stay with the function.
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
/// ## `patience`
///
/// How long a call waits for the run of another before it runs the body as well: `patience = "5s"`, an
/// expression of type [`Duration`](std::time::Duration), or `patience = unlimited`. See
/// [`CacheBuilder::patience`] for the default, which is a minute at least for a call outside of any body.
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
/// The [`Cache`] that holds the entries, in place of one of the function's own: a field of `self`, a
/// field of another argument, or a static. The argument whose field it is is left out of the key.
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
/// assert_eq!(one.users.peek(&7).as_deref(), Some("user 7")); // what is `Ok`
/// assert!(other.users.is_empty()); // each has its own, which goes when it goes
/// # io::Result::Ok(())
/// ```
///
/// A static makes its cache at the first use, and tells its own name:
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
/// What concerns a whole cache (`maxsize`, `ttl`, `scope`, `single_flight`, `patience`, `name`) is said where it is
/// made, and `info()` and `clear()` are asked of it. Functions that are given the same cache share
/// its entries.
///
/// ## `name`, `controls`, `crate`
///
/// The name in reports (default: the path of the function). The name of the controls, when that of
/// the function is taken by a type or a module; on the impl block of a trait, that of the
/// [trait they are in](#impl-blocks-and-traits). The path of this crate, if it was renamed or is
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
/// # Methods
///
/// `self` is an argument like any other: it is part of the key, unless [`skip`](#skip),
/// [`key`](#key) or [`cache`](#cache) says otherwise. `&mut self` has to be left out.
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
/// An impl block has no place for a type, so the controls are these: `value.area_uncached(..)` is the
/// original method, `Type::area_cache()` the [`Cache`], with `info()`, `clear()`, `parameters()`, and
/// for a key `peek`, `remove` and `insert`. The key is `self` and the arguments, as above. That of a
/// `key` expression has a type that cannot be named, so there `value.wider_remove(..)` forgets one call.
///
/// # Impl blocks and traits
///
/// An associated function without `self` looks like any other function, and the impl block of a trait
/// can hold nothing but what the trait has: "`load_cache` is not a member of trait", says the compiler
/// where the attribute stands on the method alone. There it goes on the block as well; it then sees
/// all of it. The options of the block are the defaults of its functions: an option that a function
/// has of its own goes before, `skip` and `key` stand for each other, and `name` becomes the beginning
/// of the functions' names.
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
/// block: `PageLinks` above. Without `controls` it is called after the type and the trait
/// (`PageLinksControls`) and is private to the module.
///
/// In the definition of a trait, a default method is memoized as a method is, with one cache for each
/// type that has the trait. Its controls become methods of the trait, one of them without `self`, so
/// the trait cannot be used as `dyn`, unless the method asks for `where Self: Sized`.
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
/// An `async fn` is memoized in the same way, with the same options, on any runtime. `cache_refresh` and
/// `uncached` are async as it is, the other controls are not.
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
/// A hit allocates nothing and is ready at the first poll. The future borrows what the arguments borrow, and
/// is `Send` if that of the body is and those arguments that are looked up are `Sync`. With `scope = "thread"`
/// it stays on its thread.
///
/// What is promised of [single flight](#single_flight) holds whatever becomes of the futures:
///
/// - **One that is dropped** while it runs the body, at whichever `.await`, leaves that to one of those who
///   wait. Dropped while it waits, it takes nobody's wake-up along, and is counted neither as a hit nor
///   as a miss.
/// - **One that is not polled any longer** holds nobody up: when its task awaits the same call elsewhere, as
///   after a lost `select!`, or when it stands in a buffered stream whose consumer awaits the same call, that
///   call runs the body as well. It takes a proof that the task polls the one and not the other; a long
///   queue, a busy machine and a slow body prove nothing.
/// - **A call that would wait for itself** runs the body: from inside of the body, through any number
///   of other memoized functions, async or not, and through other tasks.
/// - **Any other wait** ends with the run, or with [`patience`](#patience).
///
/// For the first of these and for patience, a thread `memofn-watch` is there while somebody awaits, and a second
/// longer.
///
/// Of traits, `async fn` is memoized in impl blocks and as a default method. Where `#[async_trait]` is used,
/// it stands below `#[memoize]`.
///
/// # Generics
///
/// There is one cache for each instantiation (unless it is given, with `cache`), each with its own
/// `maxsize` and counters:
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
/// What the key and the stored result are made of is `'static`, and `Send` and `Sync` with
/// `scope = "shared"`; lifetimes are free. A parameter that only occurs in skipped arguments, as the type of `fetch` does, has no
/// part in this: it may be anything, and all share one cache. Constants are parameters like types.
/// The methods of a generic type have one cache for each type, `Wrapper::<u8>::get_cache()`.
///
/// Whether a function returns a `Result` is decided by the type as it is written: what is returned as
/// a bare `T` is stored whole, even where `T` is a `Result`.
///
/// # Recursion
///
/// A memoized call adds little to the stack: on a thread of 2 MiB a `fn(u64) -> u64` recurses 8,000 levels in a
/// debug build and 25,000 in a release build. A large result takes up to three times its size more than without
/// the attribute; return it in an `Arc`. For deeper recursion let the body grow the stack, as with the crate
/// `stacker`:
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
/// A panic of the body passes through and stores nothing; the next call runs the body again, and so does one
/// of those who wait.
///
/// Options are evaluated by the first call. A call of the function from within one of its own options panics.
pub use memo_macros::memoize;

#[cfg(doc)]
#[doc = include_str!("../docs/moving.md")]
pub mod moving_from_others {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
