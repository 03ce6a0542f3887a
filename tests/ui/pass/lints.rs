//! A crate that denies many lints.

#![forbid(unsafe_code)]
#![deny(
    warnings, missing_docs, unreachable_pub, missing_debug_implementations, rust_2018_idioms,
    unused_qualifications, unused_lifetimes, unused_results, single_use_lifetimes, let_underscore,
    elided_lifetimes_in_paths, keyword_idents, non_ascii_idents, trivial_casts,
    trivial_numeric_casts, unused_extern_crates, unused_import_braces, variant_size_differences,
    missing_copy_implementations, redundant_lifetimes, unit_bindings, explicit_outlives_requirements,
    absolute_paths_not_starting_with_crate, macro_use_extern_crate, meta_variable_misuse,
    clippy::all, clippy::pedantic, clippy::nursery
)]

use memofn::memoize;
use std::time::Duration;

/// A square.
#[memoize(on_evict = |key, value, why| println!("{key} {value} {why}"))]
#[must_use]
pub fn square(n: u64) -> u64 {
    n * n
}

/// A length.
///
/// # Errors
///
/// If there is no text.
#[memoize(maxsize = LIMIT, ttl = Duration::from_secs(60), cache_if = Result::is_ok)]
pub fn length(text: Option<&str>) -> Result<usize, String> {
    text.map(str::len).ok_or_else(|| "none".to_owned())
}

const LIMIT: usize = 10;

/// A sum.
#[memoize(skip(log), scope = "thread")]
pub fn sum(items: &[f64], log: &mut Vec<usize>) -> f64 {
    log.push(items.len());
    items.iter().sum()
}

/// A remainder.
#[memoize(key = n % 10, maxsize = unbounded)]
#[must_use]
pub fn last_digit(n: u64) -> u64 {
    n % 10
}

/// Does nothing.
#[memoize]
pub fn nothing() {}

#[memoize]
fn private((a, b): (u64, u64), _: u64, mut c: u64) -> u64 {
    c += a * b;
    c
}

/// A module.
pub mod inner {
    use memofn::memoize;

    #[memoize]
    pub(crate) fn crates(n: u64) -> u64 {
        n
    }

    #[memoize]
    pub(super) fn parents(n: u64) -> u64 {
        n
    }
}

/// Pedantic lints accept its arguments.
#[memoize]
#[must_use]
pub fn pedantic(_unused: u64, name: &str) -> usize {
    name.len()
}

/// A name with tags.
#[memoize(skip(shop), tags = [format!("user:{id}"), "users".into(), shop, "names"])]
#[must_use]
pub fn name(id: u64, shop: &str) -> String {
    format!("{shop} {id}")
}

#[memoize(key = (a, b.len()))]
#[allow(clippy::too_many_arguments, clippy::many_single_char_names)]
fn eight(a: u8, b: &str, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> usize {
    b.len() + usize::from(a + c + d + e + f + g + h)
}

fn main() {
    assert_eq!((pedantic(1, "a"), eight(1, "a", 1, 1, 1, 1, 1, 1)), (1, 8));
    assert_eq!((square(3), square(3)), (9, 9));
    assert_eq!((name(1, "a"), memofn::invalidate_tag("names")), ("a 1".to_owned(), 1));
    assert_eq!((length(Some("ab")), length(Some("ab")), length(None).is_err()), (Ok(2), Ok(2), true));
    let mut log = Vec::new();
    let sums = (sum(&[0.5, 1.0], &mut log), sum(&[0.5, 1.0], &mut log));
    assert!(sums.0.to_bits() == sums.1.to_bits() && log == [2]);
    assert_eq!((last_digit(13), last_digit(23)), (3, 3));
    nothing();
    nothing();
    assert_eq!((private((1, 2), 3, 4), private((1, 2), 3, 4)), (6, 6));
    assert_eq!((inner::crates(3), inner::parents(3)), (3, 3));
    for info in [
        square::cache_info(), length::cache_info(), sum::cache_info(), last_digit::cache_info(),
        nothing::cache_info(), private::cache_info(),
    ] {
        assert_eq!(info.hits, 1);
    }
}
