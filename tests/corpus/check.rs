//! The claims about memoized functions of every shape.

use memofn::Cache;
use memofn::scope::Scope;
use std::cell::Cell;
use std::fmt::Debug;
use std::hash::Hash;

thread_local! {
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

/// Called by a body: counts the run and passes the result on.
pub(crate) fn ran<R>(result: R) -> R {
    RUNS.set(RUNS.get() + 1);
    result
}

/// The number of runs of bodies on this thread.
pub(crate) fn so_far() -> u32 {
    RUNS.get()
}

/// Claims that bodies have run a number of times since `before`, and that the result prints as expected.
#[track_caller]
pub(crate) fn after(before: u32, runs: u32, result: &dyn Debug, expected: &dyn Debug) {
    assert_eq!((RUNS.get() - before, format!("{result:?}")), (runs, format!("{expected:?}")));
}

/// `runs!(1, call => expected)`: claims that a call runs one body, and that its result prints as `expected`.
macro_rules! runs {
    ($runs:literal, $call:expr => $expected:expr) => {{
        let before = $crate::check::so_far();
        let result = $call;
        $crate::check::after(before, $runs, &result, &$expected);
    }};
}
pub(crate) use runs;

/// Claims that `call` is cached in `cache`. The key must be new, and its entry is left there.
#[track_caller]
pub(crate) fn remembered<K: Hash + Eq, V: Clone, S: Scope, R: Debug>(
    cache: &Cache<K, V, S>,
    call: &mut dyn FnMut() -> R,
    uncached: &mut dyn FnMut() -> R,
    expected: &R,
) {
    let before = cache.info();
    runs!(1, call() => expected);
    runs!(0, call() => expected);
    runs!(1, uncached() => expected);
    let newest = cache.iter().next().expect("the call is stored");
    assert!(cache.peek(newest.key()).is_some());
    assert!(cache.remove(newest.key()).is_some());
    assert!(cache.peek(newest.key()).is_none());
    runs!(1, call() => expected);
    runs!(0, call() => expected);
    let info = cache.info();
    assert_eq!((info.hits - before.hits, info.misses - before.misses), (2, 2));
    assert_eq!((info.currsize - before.currsize, cache.parameters().maxsize), (1, info.maxsize));
}

/// `memoized!(f(1, "a", &mut log), found by (1, "a") => result)`: claims that the call is cached, and that every
/// control works on it. `found by` may be omitted if all arguments are keyed.
macro_rules! memoized {
    ($f:ident $(::<$($t:tt),+>)? ($($arg:expr),*) => $value:expr) => {
        $crate::check::memoized!($f $(::<$($t),+>)? ($($arg),*), found by ($($arg),*) => $value)
    };
    ($f:ident $(::<$($t:tt),+>)? ($($arg:expr),*), found by ($($key:expr),*) => $value:expr) => {{
        use $crate::check::{called, runs};
        called!($f $(::<$($t),+>)? ($($arg),*), found by ($($key),*) => $value);
        let expected = $value;
        runs!(0, $f $(::<$($t),+>)? ::cache_remove($($key),*) => Some(&expected));
        runs!(0, $f $(::<$($t),+>)? ::cache_peek($($key),*) => None::<()>);
        runs!(0, $f $(::<$($t),+>)? ::cache_insert($($key,)* $value) => ());
        runs!(0, $f $(::<$($t),+>)? ($($arg),*) => expected);
        runs!(1, $f $(::<$($t),+>)? ::cache_refresh($($arg),*) => expected);
        runs!(0, $f $(::<$($t),+>)? ($($arg),*) => expected);
        let (info, parameters) =
            ($f $(::<$($t),+>)? ::cache_info(), $f $(::<$($t),+>)? ::cache_parameters());
        assert_eq!((info.maxsize, parameters.name.is_empty()), (parameters.maxsize, false));
    }};
}
pub(crate) use memoized;

/// The claims of [`memoized`] that compile fastest.
macro_rules! called {
    ($f:ident $(::<$($t:tt),+>)? ($($arg:expr),*), found by ($($key:expr),*) => $value:expr) => {
        let (expected, before) = ($value, $f $(::<$($t),+>)? ::cache_info());
        runs!(1, $f $(::<$($t),+>)? ($($arg),*) => expected);
        runs!(0, $f $(::<$($t),+>)? ($($arg),*) => expected);
        runs!(1, $f $(::<$($t),+>)? ::uncached($($arg),*) => expected);
        runs!(0, $f $(::<$($t),+>)? ::cache_peek($($key),*) => Some(&expected));
        let after = $f $(::<$($t),+>)? ::cache_info();
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (1, 1));
    };
}
pub(crate) use called;

/// `method!(Type::area_cache(), value, area area_uncached(1, "a") => result)`: claims that the call is cached.
macro_rules! method {
    ($cache:expr, $on:expr, $method:ident $uncached:ident ($($arg:expr),*) => $result:expr) => {
        $crate::check::remembered(
            &$cache,
            &mut || $on.$method($($arg),*),
            &mut || $on.$uncached($($arg),*),
            &$result,
        )
    };
}
pub(crate) use method;
