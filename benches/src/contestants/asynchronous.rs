//! An async `u64 -> u64` in a bounded cache that all threads share, by each way to memoize.

use super::bodies::body;
use super::contestant::{Polled, contestant, lineup};
use super::floor;
use super::mutex_lru::MutexLru;
use crate::names;
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::LazyLock;
use std::task::Poll;

/// A body that is ready at once.
#[allow(clippy::unused_async, reason = "what is memoized is async")]
async fn ready(key: u64) -> u64 {
    body(key)
}

/// A body that is ready at the second poll.
async fn yielding(key: u64) -> u64 {
    let mut polled = false;
    poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    body(key)
}

contestant!(async Floor, names::FLOOR, |key| { floor::number_async(key, ready) });

/// Defines contestants with this body in a module of their own, with caches of 1024 entries.
macro_rules! asynchronous {
    ($module:ident, $body:ident) => {
        pub(crate) mod $module {
            use super::*;

            #[memofn::memoize(maxsize = 1024)]
            async fn ours(key: u64) -> u64 {
                $body(key).await
            }

            #[cached::macros::cached(max_size = 1024)]
            async fn by_cached(key: u64) -> u64 {
                $body(key).await
            }

            #[cached::macros::concurrent_cached(max_size = 1024)]
            async fn by_concurrent_cached(key: u64) -> u64 {
                $body(key).await
            }

            #[cached::macros::cached(max_size = 1024, sync_writes = "by_key")]
            async fn by_cached_by_key(key: u64) -> u64 {
                $body(key).await
            }

            static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
                LazyLock::new(|| quick_cache::sync::Cache::new(1024));
            static MOKA: LazyLock<moka::future::Cache<u64, u64>> =
                LazyLock::new(|| moka::future::Cache::new(1024));
            static MOKA_WITH: LazyLock<moka::future::Cache<u64, u64>> =
                LazyLock::new(|| moka::future::Cache::new(1024));
            static MUTEX_LRU: LazyLock<MutexLru<u64, u64>> = LazyLock::new(|| MutexLru::new(1024));

            contestant!(async Memofn, names::MEMOFN_ASYNC, |key| { ours(key) });
            contestant!(async Quick, names::QUICK_ASYNC, |key| {
                async move {
                    let value = async { Ok::<_, Infallible>($body(key).await) };
                    QUICK.get_or_insert_async(&key, value).await.unwrap_or(0)
                }
            });
            contestant!(async Moka, names::MOKA_FUTURE, |key| {
                async move {
                    if let Some(value) = MOKA.get(&key).await {
                        return value;
                    }
                    let value = $body(key).await;
                    MOKA.insert(key, value).await;
                    value
                }
            });
            contestant!(async MokaWith, names::MOKA_FUTURE_WITH, |key| {
                MOKA_WITH.get_with(key, $body(key))
            });
            contestant!(async Cached, names::CACHED, |key| { by_cached(key) });
            contestant!(async CachedByKey, names::CACHED_BY_KEY, |key| { by_cached_by_key(key) });
            contestant!(async ConcurrentCached, names::CONCURRENT_CACHED, |key| {
                by_concurrent_cached(key)
            });
            contestant!(async ByHand, names::MUTEX_LRU, |key| {
                MUTEX_LRU.get_or_async(key, $body(key))
            });

            lineup!(
                u64: Polled<Memofn>, Polled<Quick>, Polled<ByHand>, Polled<Cached>,
                Polled<CachedByKey>, Polled<ConcurrentCached>, Polled<Moka>, Polled<MokaWith>
            );
        }
    };
}

// Hits: on one thread, in caches that no other thread has used, and on several.
asynchronous!(single, ready);
asynchronous!(several, ready);
// Misses.
asynchronous!(missing, ready);
asynchronous!(missing_yielding, yielding);
