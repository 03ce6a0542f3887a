//! A crate without a prelude. Even `Option` has no short name.

#![no_implicit_prelude]

use ::memofn::memoize;
use ::std::assert_eq;

#[memoize(maxsize = 10, ttl = "1h", single_flight = false)]
fn square(n: u64) -> u64 {
    n * n
}

#[memoize(scope = "thread", maxsize = unbounded)]
fn half(x: f64, text: &str) -> ::std::result::Result<f64, ::std::string::String> {
    ::std::result::Result::Ok(x / 2.0 + text.len() as f64)
}

#[memoize(key = (a, b), cache_if = |sum| *sum > 0, on_evict = |_, _, _| {})]
fn sum(a: u64, b: u64, _c: u64) -> u64 {
    a + b
}

#[memoize(skip(log))]
fn total(items: &[&str], log: &mut ::std::vec::Vec<u64>) -> usize {
    log.push(1);
    items.len()
}

fn main() {
    assert_eq!((square(3), square(3)), (9, 9));
    assert_eq!(square::cache_info().hits, 1);
    assert_eq!(half(1.0, "a").unwrap(), 1.5);
    assert_eq!(half::cache_peek(1.0, "a").unwrap().unwrap(), 1.5);
    assert_eq!((sum(1, 2, 3), sum(1, 2, 4)), (3, 3));
    assert_eq!(sum::cache_info().hits, 1);
    let mut log = ::std::vec::Vec::new();
    assert_eq!((total(&["a"], &mut log), total(&["a"], &mut log)), (1, 1));
    assert_eq!(log.len(), 1);
}
