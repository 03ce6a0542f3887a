//! Memoized closures: a closure and the cache that it owns.

use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::cache::given::GivenCache;
use crate::call::result_policy::{OkOnly, Whole};
use crate::config::stats::CacheInfo;
use crate::key::lookup::ByRef;
use crate::scope::scope::{Scope, Shared, Thread};
use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

/// Memoizes a closure or function of one argument. Several arguments are a tuple.
///
/// It owns its cache of at most 128 entries, which is dropped with it. Other options:
/// [`CacheBuilder::memoize_fn`]. A closure that calls itself: [`memoize_rec`].
///
/// The result is stored as it is, also an `Err`: see [`try_memoize_fn`].
///
/// ```
/// use memofn::memoize_fn;
///
/// let factor = 3;
/// let area = memoize_fn(|(width, height): (u64, u64)| width * height * factor);
/// assert_eq!((area.call((2, 5)), area.call((2, 5))), (30, 30));
/// assert_eq!((area.info().hits, area.info().misses), (1, 1));
/// ```
pub fn memoize_fn<K, V, F>(f: F) -> Memoized<F, K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    F: Fn(K) -> V,
{
    memoize_fn_with(Cache::default(), f)
}

/// [`memoize_fn`] with a cache that you have. Its other handles see the same entries.
///
/// ```
/// use memofn::{Cache, memoize_fn_with};
///
/// let lens = Cache::unbounded();
/// let len = memoize_fn_with(lens.clone(), |name: String| name.len());
/// assert_eq!(len.call("Oslo".to_owned()), 4);
/// assert_eq!(lens.peek("Oslo"), Some(4));
/// ```
pub fn memoize_fn_with<K, V, F, S>(cache: Cache<K, V, S>, f: F) -> Memoized<F, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    F: Fn(K) -> V,
    S: Scope,
{
    Memoized { cache, f }
}

/// [`memoize_fn`] for a closure that may fail: an `Err` is returned and not stored. Call it by
/// [`try_call`](Memoized::try_call).
///
/// ```
/// use memofn::try_memoize_fn;
///
/// let port = try_memoize_fn(|text: String| text.parse::<u16>());
/// assert_eq!(port.try_call("80".to_owned()), Ok(80));
/// assert!(port.try_call("http".to_owned()).is_err());
/// assert_eq!(port.cache().len(), 1);
/// ```
pub fn try_memoize_fn<K, V, E, F>(f: F) -> Memoized<F, K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    F: Fn(K) -> Result<V, E>,
{
    Memoized { cache: Cache::default(), f }
}

/// Memoizes a closure that calls itself: through its first argument, `me`.
///
/// It owns its cache of at most 128 entries. A recursion may need all results that it has not used yet: give it
/// a cache without a limit by [`CacheBuilder::memoize_rec`].
///
/// ```
/// use memofn::{Cache, memoize_rec};
///
/// let fib = memoize_rec(|me, n: u64| if n < 2 { n } else { me(n - 1) + me(n - 2) });
/// assert_eq!(fib.call(90), 2_880_067_194_370_816_120);
/// assert_eq!(fib.info().misses, 91);
///
/// // Paths through a grid that the closure borrows.
/// let is_open = |x: usize, y: usize| (x + 2 * y) % 5 != 3;
/// let paths = Cache::builder().unbounded().memoize_rec(|me, (x, y): (usize, usize)| {
///     match (x, y) {
///         _ if !is_open(x, y) => 0,
///         (0, 0) => 1_u64,
///         _ => {
///             let left = if x > 0 { me((x - 1, y)) } else { 0 };
///             left + if y > 0 { me((x, y - 1)) } else { 0 }
///         }
///     }
/// });
/// assert!(paths.call((9, 9)) > 0);
/// ```
///
/// A level takes up to twice the stack of one of a memoized function. The guide to results says
/// [how to go deeper](https://docs.rs/memofn/latest/memofn/guide/results/index.html#recursion).
pub fn memoize_rec<K, V, F>(f: F) -> MemoizedRec<F, K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
    F: Fn(&dyn Fn(K) -> V, K) -> V,
{
    memoize_rec_with(Cache::default(), f)
}

/// [`memoize_rec`] with a cache that you have. Its other handles see the same entries.
///
/// ```
/// use memofn::{Cache, memoize_rec_with};
///
/// let factorials = Cache::unbounded();
/// let factorial =
///     memoize_rec_with(factorials.clone(), |me, n: u64| if n == 0 { 1 } else { n * me(n - 1) });
/// assert_eq!(factorial.call(5), 120);
/// assert_eq!(factorials.peek(&4), Some(24));
/// ```
pub fn memoize_rec_with<K, V, F, S>(cache: Cache<K, V, S>, f: F) -> MemoizedRec<F, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    F: Fn(&dyn Fn(K) -> V, K) -> V,
    S: Scope,
{
    MemoizedRec { cache, f }
}

impl<K, V> CacheBuilder<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone,
{
    /// [`memoize_fn`] with these options.
    ///
    /// ```
    /// use memofn::Cache;
    ///
    /// let cube = Cache::builder().maxsize(10).name("cube").memoize_fn(|n: u64| n * n * n);
    /// assert_eq!(cube.call(3), 27);
    /// assert_eq!(cube.info().maxsize, Some(10));
    /// ```
    #[must_use]
    pub fn memoize_fn<F>(self, f: F) -> Memoized<F, K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(K) -> V,
    {
        memoize_fn_with(self.build(), f)
    }

    /// [`try_memoize_fn`] with these options.
    ///
    /// ```
    /// use memofn::Cache;
    ///
    /// let port = Cache::builder().maxsize(10).try_memoize_fn(|text: String| text.parse::<u16>());
    /// assert!(port.try_call("http".to_owned()).is_err());
    /// assert_eq!((port.info().currsize, port.info().maxsize), (0, Some(10)));
    /// ```
    #[must_use]
    pub fn try_memoize_fn<F, E>(self, f: F) -> Memoized<F, K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(K) -> Result<V, E>,
    {
        Memoized { cache: self.build(), f }
    }

    /// [`memoize_rec`] with these options.
    ///
    /// ```
    /// use memofn::Cache;
    ///
    /// let steps = Cache::builder().unbounded().memoize_rec(|me, n: u64| match n {
    ///     1 => 0,
    ///     n if n % 2 == 0 => me(n / 2) + 1,
    ///     n => me(3 * n + 1) + 1,
    /// });
    /// assert_eq!(steps.call(27), 111);
    /// ```
    #[must_use]
    pub fn memoize_rec<F>(self, f: F) -> MemoizedRec<F, K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(&dyn Fn(K) -> V, K) -> V,
    {
        memoize_rec_with(self.build(), f)
    }
}

/// A memoized closure: see [`memoize_fn`].
///
/// It is a value with no name in the program. A clone shares the cache. Threads may share it, if the closure can be
/// shared: single flight holds, as for each [`Cache`].
///
/// `F` is the type of the closure. A field of a struct spells it as a function pointer or a box:
///
/// ```
/// use memofn::{Memoized, memoize_fn};
///
/// struct Pricing {
///     price: Memoized<Box<dyn Fn(u32) -> u64 + Send + Sync>, u32, u64>,
/// }
///
/// let factor = 3;
/// let pricing = Pricing { price: memoize_fn(Box::new(move |id| u64::from(id) * factor)) };
/// assert_eq!(pricing.price.call(7), 21);
/// ```
pub struct Memoized<F, K, V, S: Scope = Shared> {
    cache: Cache<K, V, S>,
    f: F,
}

/// A memoized closure that calls itself: see [`memoize_rec`].
pub struct MemoizedRec<F, K, V, S: Scope = Shared> {
    cache: Cache<K, V, S>,
    f: F,
}

impl<F, K, V, S> Memoized<F, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: Scope,
{
    /// The result for `key`: from the cache, or by the closure. Only a miss clones the key.
    ///
    /// # Panics
    ///
    /// A panic of the closure passes through. Nothing is stored.
    pub fn call(&self, key: K) -> V
    where
        F: Fn(K) -> V,
    {
        let given = GivenCache::new(&self.cache);
        crate::__private::call_in_place!(
            given.enter(ByRef(&key, PhantomData), Whole),
            (self.f)(key)
        )
    }

    /// [`call`](Self::call) with a borrowed key: a hit makes no owned one, and a miss makes two.
    ///
    /// ```
    /// let len = memofn::memoize_fn(|name: String| name.len());
    /// assert_eq!((len.call_by_ref("Oslo"), len.call_by_ref("Oslo")), (4, 4));
    /// ```
    pub fn call_by_ref<Q>(&self, key: &Q) -> V
    where
        K: Borrow<Q>,
        Q: ?Sized + Hash + Eq + ToOwned<Owned = K>,
        F: Fn(K) -> V,
    {
        self.cache.get_or_compute_by_ref(key, || (self.f)(key.to_owned()))
    }

    /// The result for `key`, by a closure that may fail: see [`try_memoize_fn`].
    ///
    /// # Errors
    ///
    /// The error of the closure. It is not stored. The calls that waited for a failed run compute for themselves.
    pub fn try_call<E>(&self, key: K) -> Result<V, E>
    where
        F: Fn(K) -> Result<V, E>,
    {
        let given = GivenCache::new(&self.cache);
        crate::__private::call_in_place!(
            given.enter(ByRef(&key, PhantomData), OkOnly),
            (self.f)(key)
        )
    }

    /// As a closure of the standard library's kind, to pass on.
    ///
    /// ```
    /// let square = memofn::memoize_fn(|n: u32| n * n);
    /// assert_eq!([1, 2, 1].map(square.as_fn()), [1, 4, 1]);
    /// assert_eq!(square.info().hits, 1);
    /// ```
    pub fn as_fn(&self) -> impl Fn(K) -> V + '_
    where
        F: Fn(K) -> V,
    {
        |key| self.call(key)
    }

    /// [`as_fn`](Self::as_fn) that owns the closure and the cache. Clone this first to keep the way to the cache.
    ///
    /// ```
    /// let square = memofn::memoize_fn(|n: u32| n * n);
    /// let boxed: Box<dyn Fn(u32) -> u32> = Box::new(square.clone().into_fn());
    /// assert_eq!((boxed(3), square.info().misses), (9, 1));
    /// ```
    pub fn into_fn(self) -> impl Fn(K) -> V
    where
        F: Fn(K) -> V,
    {
        move |key| self.call(key)
    }
}

impl<F, K, V, S> MemoizedRec<F, K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: Scope,
    F: Fn(&dyn Fn(K) -> V, K) -> V,
{
    /// The result for `key`: from the cache, or by the closure. Only a miss clones the key.
    ///
    /// # Panics
    ///
    /// A panic of the closure passes through. Nothing is stored.
    pub fn call(&self, key: K) -> V {
        let given = GivenCache::new(&self.cache);
        crate::__private::call_in_place!(
            given.enter(ByRef(&key, PhantomData), Whole),
            (self.f)(&|key| self.call(key), key)
        )
    }

    /// As a closure of the standard library's kind, to pass on.
    pub fn as_fn(&self) -> impl Fn(K) -> V + '_ {
        |key| self.call(key)
    }

    /// [`as_fn`](Self::as_fn) that owns the closure and the cache. Clone this first to keep the way to the cache.
    pub fn into_fn(self) -> impl Fn(K) -> V {
        move |key| self.call(key)
    }
}

/// Defines the methods of both kinds.
macro_rules! both {
    ($($Memoized:ident)*) => {$(
        impl<F, K, V, S: Scope> $Memoized<F, K, V, S> {
            /// The cache: to look, remove, insert, or set another limit.
            ///
            /// ```
            /// let square = memofn::memoize_fn(|n: u32| n * n);
            /// square.call(3);
            /// assert_eq!(square.cache().remove(&3), Some(9));
            /// square.cache().set_maxsize(1000);
            /// ```
            pub fn cache(&self) -> &Cache<K, V, S> {
                &self.cache
            }

            /// The counters and the size: [`Cache::info`].
            #[must_use]
            pub fn info(&self) -> CacheInfo {
                self.cache.info()
            }

            /// Forgets every entry and zeroes the counters: [`Cache::clear`].
            pub fn clear(&self) {
                self.cache.clear();
            }
        }

        impl<F, K, V> $Memoized<F, K, V> {
            /// The same closure with a new cache for the calling thread alone, without synchronisation. Its options
            /// are those of the present cache.
            ///
            /// ```
            /// use memofn::memoize_fn;
            /// use std::rc::Rc;
            ///
            /// let name = memoize_fn(|id: u32| Rc::<str>::from(format!("user {id}"))).here();
            /// assert!(Rc::ptr_eq(&name.call(7), &name.call(7)));
            /// ```
            #[must_use]
            pub fn here(self) -> $Memoized<F, K, V, Thread>
            where
                K: 'static,
                V: 'static,
            {
                let cache = Cache::make_for_thread(self.cache.engine().engine().settings());
                $Memoized { cache, f: self.f }
            }
        }

        impl<F: Clone, K, V, S: Scope> Clone for $Memoized<F, K, V, S> {
            /// Another handle of the same cache, with a clone of the closure.
            fn clone(&self) -> Self {
                Self { cache: self.cache.clone(), f: self.f.clone() }
            }
        }

        impl<F, K, V, S: Scope> fmt::Debug for $Memoized<F, K, V, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Memoized)).field("cache", &self.cache).finish()
            }
        }
    )*};
}
both!(Memoized MemoizedRec);
