//! `u64 -> u64`, bounded, shared, with a time to live of an hour.

use super::bodies::body;
use super::bounded;
use super::contestant::{contestant, lineup};
use super::floor::Floor;
use super::mutex_lru::MutexLru;
use crate::names;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_hours(1);

/// Defines contestants in a module of their own, with caches of 1024 entries.
macro_rules! ttl {
    ($module:ident) => {
        pub(crate) mod $module {
            use super::*;

            #[memofn::memoize(maxsize = 1024, ttl = "1h")]
            fn ours(key: u64) -> u64 {
                body(key)
            }

            #[cached::macros::cached(max_size = 1024, ttl_secs = 3600)]
            fn by_cached(key: u64) -> u64 {
                body(key)
            }

            #[cached::macros::concurrent_cached(max_size = 1024, ttl_secs = 3600)]
            fn by_concurrent_cached(key: u64) -> u64 {
                body(key)
            }

            #[memoize::memoize(SharedCache, Capacity: 1024, TimeToLive: HOUR)]
            fn by_memoize(key: u64) -> u64 {
                body(key)
            }

            static MOKA: LazyLock<moka::sync::Cache<u64, u64>> = LazyLock::new(|| {
                moka::sync::Cache::builder().max_capacity(1024).time_to_live(HOUR).build()
            });
            static MINI_MOKA: LazyLock<mini_moka::sync::Cache<u64, u64>> = LazyLock::new(|| {
                mini_moka::sync::Cache::builder().max_capacity(1024).time_to_live(HOUR).build()
            });
            static MUTEX_LRU: LazyLock<MutexLru<u64, (Instant, u64)>> =
                LazyLock::new(|| MutexLru::new(1024));

            contestant!(Memofn, names::MEMOFN_TTL, |key: u64| -> u64 { ours(*key) });
            contestant!(Cached, names::CACHED, |key: u64| -> u64 { by_cached(*key) });
            contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: u64| -> u64 {
                by_concurrent_cached(*key)
            });
            contestant!(Memoize, names::MEMOIZE_SHARED, |key: u64| -> u64 { by_memoize(*key) });
            contestant!(Moka, names::MOKA, |key: u64| -> u64 {
                MOKA.get(key).unwrap_or_else(|| {
                    let value = body(*key);
                    MOKA.insert(*key, value);
                    value
                })
            });
            contestant!(MiniMoka, names::MINI_MOKA, |key: u64| -> u64 {
                MINI_MOKA.get(key).unwrap_or_else(|| {
                    let value = body(*key);
                    MINI_MOKA.insert(*key, value);
                    value
                })
            });
            contestant!(ByHand, names::MUTEX_LRU, |key: u64| -> u64 {
                {
                    let (since, value) = MUTEX_LRU.get_or(*key, |key| (Instant::now(), body(*key)));
                    assert!(since.elapsed() < HOUR, "nothing expires here");
                    value
                }
            });

            // The floor and the function without a time to live show what a time to live adds.
            lineup!(
                u64: Floor, bounded::$module::Memofn, Memofn, ByHand, Cached, ConcurrentCached,
                Memoize, MiniMoka, Moka
            );
        }
    };
}

// On one thread, in caches that no other thread has used, and on several.
ttl!(single);
ttl!(several);
