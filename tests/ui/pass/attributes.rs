//! Attributes before and after `#[memoize]` stay on the function.

#![deny(warnings)]

use memofn::memoize;
use std::panic::Location;

/// A square.
#[inline]
#[memoize]
#[must_use = "it took long"]
#[doc(alias = "quadrat")]
#[cfg_attr(all(), doc = "More.")]
pub fn square(n: u64) -> u64 {
    n * n
}

#[memoize]
#[deprecated(note = "use `square`")]
pub fn old_square(n: u64) -> u64 {
    n * n
}

#[deprecated = "use `square`"]
#[memoize(key = n)]
pub fn older_square(n: u64) -> u64 {
    n * n
}

#[memoize]
#[allow(clippy::many_single_char_names, non_snake_case, unused_variables)]
fn allowed(UPPER: u64) -> u64 {
    let unused = 3;
    UPPER
}

#[memoize]
#[expect(unused_variables, reason = "shows that an expectation stays fulfilled")]
fn expected(n: u64) -> u64 {
    let unused = 3;
    n
}

#[expect(non_snake_case)]
#[memoize]
fn expected_of_the_signature(UPPER: u64) -> u64 {
    UPPER
}

/// The line of the call, not of the expansion. The first call stores its line.
#[memoize]
#[track_caller]
fn line() -> u32 {
    Location::caller().line()
}

#[memoize]
#[cfg(any())]
fn absent(n: NoSuchType) -> u64 {
    n
}

#[cfg(any())]
#[memoize]
fn absent(n: NoSuchType) -> u64 {
    n
}

#[memoize]
#[cfg(not(any()))]
fn absent(n: u64) -> u64 {
    n + 1
}

#[memoize]
#[cold]
#[rustfmt::skip]
fn cold(#[allow(unused_variables)] n: u64, #[allow(unused_mut)] mut m: u64) -> u64 { m }

/** In a block. */
#[memoize]
#[doc = include_str!("attributes.rs")]
pub fn included() -> u64 {
    1
}

/// Arguments that exist only on some platforms or with some features.
#[memoize(skip(log))]
fn some(
    #[cfg(any())] n: NoSuchType, #[cfg(not(all(unix, windows)))] m: u64, #[cfg(not(any()))] log: &mut Vec<u64>,
) -> u64 {
    #[cfg(any())]
    log.push(n);
    log.push(m);
    m
}

#[expect(non_snake_case)]
#[memoize]
fn Upper(n: u64) -> u64 {
    n
}

#[expect(dead_code)]
#[memoize]
fn unused(n: u64) -> u64 {
    n
}

#[deprecated]
#[derive(Clone, PartialEq, Eq, Hash)]
struct Old(u64);

#[memoize]
#[allow(deprecated)]
fn of_old(old: Old) -> u64 {
    old.0
}

fn main() {
    let mut log = Vec::new();
    assert_eq!((some(3, &mut log), some(3, &mut log), log), (3, 3, vec![3]));
    assert_eq!(some::cache_info().hits, 1);
    #[allow(deprecated)]
    {
        assert_eq!((Upper(3), of_old(Old(3))), (3, 3));
    }

    assert_eq!((square(3), square(3)), (9, 9));
    #[allow(deprecated)]
    {
        assert_eq!((old_square(3), old_square(3)), (9, 9));
        assert_eq!((older_square(3), older_square(3)), (9, 9));
    }
    assert_eq!(old_square::cache_info().hits, 1);
    assert_eq!(older_square::cache_info().hits, 1);
    assert_eq!((allowed(3), expected(3), expected_of_the_signature(3)), (3, 3, 3));
    assert_eq!((line(), line()), (std::line!(), std::line!()));
    assert_eq!((absent(3), absent(3)), (4, 4));
    assert_eq!((cold(1, 2), cold(1, 2)), (2, 2));
    assert_eq!(included(), 1);
}
