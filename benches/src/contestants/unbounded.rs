//! `u64 -> u64` without a bound, shared, for bytes per entry.

use super::bodies::body;
use super::contestant::{contestant, lineup};
use super::thread::filling;
use crate::names;

#[memofn::memoize(maxsize = unbounded)]
fn ours(key: u64) -> u64 {
    body(key)
}

#[cached::macros::cached]
fn by_cached(key: u64) -> u64 {
    body(key)
}

#[cached::macros::concurrent_cached]
fn by_concurrent_cached(key: u64) -> u64 {
    body(key)
}

contestant!(Memofn, names::MEMOFN_UNBOUNDED, |key: u64| -> u64 { ours(*key) });
contestant!(Cached, names::CACHED_UNBOUNDED, |key: u64| -> u64 { by_cached(*key) });
contestant!(ConcurrentCached, names::CONCURRENT_CACHED_UNBOUNDED, |key: u64| -> u64 {
    by_concurrent_cached(*key)
});

lineup!(
    u64: Memofn, Cached, ConcurrentCached, filling::MemofnUnbounded, filling::MemoizeUnbounded
);
