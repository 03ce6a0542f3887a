//! An async function whose runs go on only when all tasks have called it. It counts its runs.

use super::contestant::{contestant, lineup};
use super::slow::RUNS;
use crate::names;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// It has no permits: those who wait go on when it is closed.
static GATE: LazyLock<RwLock<Arc<Semaphore>>> =
    LazyLock::new(|| RwLock::new(Arc::new(Semaphore::new(0))));

/// How many tasks have yet to call.
static AWAITED: AtomicUsize = AtomicUsize::new(0);

/// Runs that begin after this wait for so many tasks to [`arrive`].
pub(crate) fn expect(tasks: usize) {
    *GATE.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Semaphore::new(0));
    AWAITED.store(tasks, SeqCst);
}

/// A task is about to call.
pub(crate) fn arrive() {
    if AWAITED.fetch_sub(1, SeqCst) == 1 {
        gate().close();
    }
}

fn gate() -> Arc<Semaphore> {
    Arc::clone(&GATE.read().unwrap_or_else(PoisonError::into_inner))
}

async fn body(key: u64) -> u64 {
    RUNS.fetch_add(1, Relaxed);
    let closed = gate().acquire_owned().await;
    assert!(closed.is_err(), "it has no permits");
    key
}

#[memofn::memoize(maxsize = 1024)]
async fn ours(key: u64) -> u64 {
    body(key).await
}

#[cached::macros::cached(max_size = 1024, sync_writes = "by_key")]
async fn by_cached_by_key(key: u64) -> u64 {
    body(key).await
}

static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(1024));
static MOKA: LazyLock<moka::future::Cache<u64, u64>> =
    LazyLock::new(|| moka::future::Cache::new(1024));

contestant!(async NoCache, names::NO_CACHE, |key| { body(key) });
contestant!(async Memofn, names::MEMOFN_ASYNC, |key| { ours(key) });
contestant!(async Quick, names::QUICK_ASYNC, |key| {
    async move {
        let value = async { Ok::<_, Infallible>(body(key).await) };
        QUICK.get_or_insert_async(&key, value).await.unwrap_or(0)
    }
});
contestant!(async Moka, names::MOKA_FUTURE_WITH, |key| { MOKA.get_with(key, body(key)) });
contestant!(async CachedByKey, names::CACHED_BY_KEY, |key| { by_cached_by_key(key) });

lineup!(async NoCache, Memofn, Quick, Moka, CachedByKey);
