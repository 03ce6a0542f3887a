//! `check_purity`: whether the body of a function still gives what its cache holds.

use crate::base::sync::Arc;
use crate::cache::cache::Cache;
use crate::engine::purity::Checker;
use crate::scope::scope::{Scope, Shared};
use std::fmt::{self, Debug, Write as _};
use std::thread::panicking;

/// Runs the body for some hits of a cache as well, and compares the results, until the returned value is dropped.
///
/// A function that is to be cached gives the same result for the same key. If it reads the time, the environment, or an
/// argument that `skip` leaves out of the key, an old answer may be wrong. Each `every`-th hit
/// of the cache (0 counts as 1) also runs the body, with the arguments of that call, and returns what the body returned. It
/// counts as a hit, and nothing is stored. If the value differs from the stored one, so does the function: the end of the
/// check panics, and names the cache, the key and both values.
///
/// ```should_panic
/// use memofn::{memoize, testing};
///
/// #[memoize(skip(factor))]
/// fn scale(n: u64, factor: u64) -> u64 {
///     n * factor
/// }
///
/// let _check = testing::check_purity(scale::cache(), 1);
/// scale(2, 10);
/// scale(2, 11); // `scale` is not pure: 1 of 1 checked hits differs
/// ```
///
/// For a method it is `check_purity(Rectangle::area_cache(), 1)`, for a given cache `check_purity(&USERS, 1)`.
///
/// - A result that is not stored, an `Err` for example, differs from a stored value. So does a panic of the body, which
///   passes through.
/// - A value that differs from itself, such as NaN, is [not compared](PurityCheck::unchecked).
/// - A hit that happens inside a body which runs for a check is not checked.
/// - [`get_many_or_compute`](crate::Cache::get_many_or_compute) is not checked.
/// - All hits of this cache take a lock meanwhile, and the body has its effects once more: it is for tests alone.
///
/// # Panics
///
/// The end of the check panics if there were differences, unless the thread panics already.
pub fn check_purity<K, V, S>(cache: &Cache<K, V, S>, every: u64) -> PurityCheck<K, V, S>
where
    K: Debug,
    V: PartialEq + Debug,
    S: Scope,
{
    let checker = Checker::new::<K, V>(every);
    cache.engine().engine().begin_check(Arc::clone(&checker));
    PurityCheck { cache: cache.clone(), checker }
}

/// A check that goes on until this is dropped: see [`check_purity`].
#[must_use = "the check ends when it is dropped"]
pub struct PurityCheck<K, V, S: Scope = Shared> {
    cache: Cache<K, V, S>,
    checker: Arc<Checker>,
}

impl<K, V, S: Scope> PurityCheck<K, V, S> {
    /// How many hits were compared until now.
    ///
    /// ```
    /// use memofn::{memoize, testing};
    ///
    /// #[memoize]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// let check = testing::check_purity(square::cache(), 2);
    /// (0..5).for_each(|_| assert_eq!(square(3), 9));
    /// assert_eq!((square::cache_info().hits, check.checked()), (4, 2));
    /// ```
    #[must_use]
    pub fn checked(&self) -> u64 {
        self.checker.found().checked
    }

    /// How many hits were not compared because the stored value differs from itself.
    #[must_use]
    pub fn unchecked(&self) -> u64 {
        self.checker.found().unchecked
    }

    /// How many hits differed.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.checker.found().differences.len()
    }

    /// The findings, in words.
    fn report(&self) -> Option<String> {
        const MOST: usize = 10;
        let found = self.checker.found();
        let differ = found.differences.len();
        if differ == 0 {
            return None;
        }
        let name = self.cache.parameters().name;
        let name = if name.is_empty() { "the cache".into() } else { format!("`{name}`") };
        let verb = if differ == 1 { "differs" } else { "differ" };
        let checked = found.checked;
        let mut report = format!("{name} is not pure: {differ} of {checked} checked hits {verb}");
        for it in found.differences.iter().take(MOST) {
            let (key, stored, computed) = (&it.key, &it.stored, &it.computed);
            let _ = write!(report, "\n  key {key}: stored {stored}, computed {computed}");
        }
        if differ > MOST {
            let _ = write!(report, "\n  and {} more", differ - MOST);
        }
        Some(report)
    }
}

impl<K, V, S: Scope> Drop for PurityCheck<K, V, S> {
    fn drop(&mut self) {
        self.cache.engine().engine().end_check(&self.checker);
        if let Some(report) = self.report().filter(|_| !panicking()) {
            panic!("{report}");
        }
    }
}

impl<K, V, S: Scope> Debug for PurityCheck<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurityCheck").field("found", &self.checker.found()).finish_non_exhaustive()
    }
}
