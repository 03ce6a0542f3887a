//! A slow async function, for many tasks at once. It counts its runs.

use super::contestant::{contestant, lineup};
use super::mutex_lru::MutexLru;
use super::slow::{RUNS, TAKES};
use crate::names;

use std::convert::Infallible;
use std::sync::LazyLock;
use std::sync::atomic::Ordering::Relaxed;

async fn body(key: u64) -> u64 {
    RUNS.fetch_add(1, Relaxed);
    tokio::time::sleep(TAKES).await;
    key
}

#[memofn::memoize]
async fn ours(key: u64) -> u64 {
    body(key).await
}

#[cached::macros::cached(max_size = 128)]
async fn by_cached(key: u64) -> u64 {
    body(key).await
}

#[cached::macros::cached(max_size = 128, sync_writes = true)]
async fn by_cached_sync_writes(key: u64) -> u64 {
    body(key).await
}

#[cached::macros::cached(max_size = 128, sync_writes = "by_key")]
async fn by_cached_by_key(key: u64) -> u64 {
    body(key).await
}

#[cached::macros::concurrent_cached(max_size = 128)]
async fn by_concurrent_cached(key: u64) -> u64 {
    body(key).await
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(128));
static MOKA: LazyLock<moka::future::Cache<u64, u64>> =
    LazyLock::new(|| moka::future::Cache::new(128));
static MUTEX_LRU: LazyLock<MutexLru<u64, u64>> = LazyLock::new(|| MutexLru::new(128));

contestant!(async Memofn, names::MEMOFN_ASYNC, |key| { ours(key) });
contestant!(async Quick, names::QUICK_ASYNC, |key| {
    async move {
        let value = async { Ok::<_, Infallible>(body(key).await) };
        QUICK.get_or_insert_async(&key, value).await.unwrap_or(0)
    }
});
contestant!(async Moka, names::MOKA_FUTURE_WITH, |key| { MOKA.get_with(key, body(key)) });
contestant!(async Cached, names::CACHED, |key| { by_cached(key) });
contestant!(async CachedSyncWrites, "cached, sync_writes", |key| { by_cached_sync_writes(key) });
contestant!(async CachedByKey, names::CACHED_BY_KEY, |key| { by_cached_by_key(key) });
contestant!(async ConcurrentCached, names::CONCURRENT_CACHED, |key| { by_concurrent_cached(key) });
contestant!(async ByHand, names::MUTEX_LRU, |key| { MUTEX_LRU.get_or_async(key, body(key)) });

lineup!(async Memofn, Quick, Moka, CachedByKey, CachedSyncWrites, ByHand, Cached, ConcurrentCached);
