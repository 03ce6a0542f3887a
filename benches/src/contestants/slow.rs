//! A slow function that counts its runs.

use super::contestant::{contestant, lineup};
use super::mutex_lru::MutexLru;
use crate::names;

use std::convert::Infallible;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long a run takes.
pub(crate) const TAKES: Duration = Duration::from_millis(20);

/// Runs of the body, for all contestants.
pub(crate) static RUNS: AtomicU64 = AtomicU64::new(0);

fn body(key: u64) -> u64 {
    RUNS.fetch_add(1, Relaxed);
    std::thread::sleep(TAKES);
    key
}

#[memofn::memoize]
fn ours(key: u64) -> u64 {
    body(key)
}

#[cached::macros::cached(max_size = 128)]
fn by_cached(key: u64) -> u64 {
    body(key)
}

#[cached::macros::cached(max_size = 128, sync_writes = "by_key")]
fn by_cached_by_key(key: u64) -> u64 {
    body(key)
}

#[cached::macros::concurrent_cached(max_size = 128)]
fn by_concurrent_cached(key: u64) -> u64 {
    body(key)
}

#[memoize::memoize(SharedCache, Capacity: 128)]
fn by_memoize(key: u64) -> u64 {
    body(key)
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(128));
static MOKA: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| moka::sync::Cache::new(128));
static MUTEX_LRU: LazyLock<MutexLru<u64, u64>> = LazyLock::new(|| MutexLru::new(128));

contestant!(Memofn, names::MEMOFN, |key: u64| -> u64 { ours(*key) });
contestant!(Cached, names::CACHED, |key: u64| -> u64 { by_cached(*key) });
contestant!(CachedByKey, names::CACHED_BY_KEY, |key: u64| -> u64 { by_cached_by_key(*key) });
contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: u64| -> u64 {
    by_concurrent_cached(*key)
});
contestant!(Memoize, names::MEMOIZE_SHARED, |key: u64| -> u64 { by_memoize(*key) });
contestant!(Quick, names::QUICK_WITH, |key: u64| -> u64 {
    QUICK.get_or_insert_with(key, || Ok::<_, Infallible>(body(*key))).unwrap_or(0)
});
contestant!(Moka, names::MOKA_WITH, |key: u64| -> u64 { MOKA.get_with(*key, || body(*key)) });
contestant!(ByHand, names::MUTEX_LRU, |key: u64| -> u64 {
    MUTEX_LRU.get_or(*key, |key| body(*key))
});

lineup!(u64: Memofn, Quick, Moka, CachedByKey, ByHand, Cached, ConcurrentCached, Memoize);
