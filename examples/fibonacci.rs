//! Fibonacci numbers by their definition. The cache turns about 1.6ⁿ calls into n.
//!
//! ```text
//! cargo run --release --example fibonacci
//! ```
//!
//! `fib` is the example in Python's documentation of `functools.lru_cache`. The counters are those
//! that Python prints there.

use memofn::memoize;
use std::time::{Duration, Instant};

#[memoize(maxsize = unbounded)]
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

/// The same function without a cache. It counts its calls.
fn plain_fib(n: u64, calls: &mut u64) -> u64 {
    *calls += 1;
    if n < 2 { n } else { plain_fib(n - 1, calls) + plain_fib(n - 2, calls) }
}

fn main() {
    let numbers: Vec<u64> = (0..16).map(fib).collect();
    println!("{numbers:?}");
    println!("{}", fib::cache_info());
    let python = "CacheInfo(hits=28, misses=16, maxsize=None, currsize=16)";
    assert_eq!(fib::cache_info().to_string(), python);

    println!("\nFrom an empty cache:\n");
    println!("  n                fib(n)  plain calls      time   memoized body runs      time");
    for n in [10, 20, 30, 36] {
        let mut calls = 0;
        let start = Instant::now();
        let expected = plain_fib(n, &mut calls);
        let plain = start.elapsed();

        let (number, runs, memoized) = measure(n);
        println!("{n:>3} {number:>21} {calls:>12} {plain:>9.1?} {runs:>20} {memoized:>9.1?}");
        assert_eq!(number, expected);
        assert_eq!(runs, n + 1, "once for each number from 0 to n");
    }

    // The largest Fibonacci number that fits a `u64`. `plain_fib(93)` would take centuries.
    let (number, runs, memoized) = measure(93);
    println!(" 93 {number:>21} {:>12} {:>9} {runs:>20} {memoized:>9.1?}", "–", "–");
    assert_eq!((number, runs), (12_200_160_415_121_876_738, 94));
    println!("\n{}", fib::cache_info());
}

/// Computes a number from an empty cache. Returns the number, the runs of the body, and the time.
fn measure(n: u64) -> (u64, u64, Duration) {
    fib::cache_clear();
    let start = Instant::now();
    let number = fib(n);
    (number, fib::cache_info().misses, start.elapsed())
}
