//! `u64 -> u64` in a bounded cache that all threads share, by each contestant.

use super::mutex_lru::MutexLru;
use super::{contestant, lineup, names};
use std::convert::Infallible;
use std::sync::LazyLock;

/// What is memoized: next to nothing, so that the cache is what is measured.
pub(crate) fn body(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A set of contestants with caches of their own, of so many entries.
macro_rules! bounded {
    ($module:ident, $size:tt) => {
        pub(crate) mod $module {
            use super::*;

            #[memofn::memoize(maxsize = $size)]
            fn ours(key: u64) -> u64 {
                body(key)
            }

            #[cached::macros::cached(max_size = $size)]
            fn by_cached(key: u64) -> u64 {
                body(key)
            }

            #[cached::macros::concurrent_cached(max_size = $size)]
            fn by_concurrent_cached(key: u64) -> u64 {
                body(key)
            }

            #[memoize::memoize(SharedCache, Capacity: $size)]
            fn by_memoize(key: u64) -> u64 {
                body(key)
            }

            static QUICK: LazyLock<quick_cache::sync::Cache<u64, u64>> =
                LazyLock::new(|| quick_cache::sync::Cache::new($size));
            static QUICK_WITH: LazyLock<quick_cache::sync::Cache<u64, u64>> =
                LazyLock::new(|| quick_cache::sync::Cache::new($size));
            static MOKA: LazyLock<moka::sync::Cache<u64, u64>> =
                LazyLock::new(|| moka::sync::Cache::new($size));
            static MOKA_WITH: LazyLock<moka::sync::Cache<u64, u64>> =
                LazyLock::new(|| moka::sync::Cache::new($size));
            static MINI_MOKA: LazyLock<mini_moka::sync::Cache<u64, u64>> =
                LazyLock::new(|| mini_moka::sync::Cache::new($size));
            static MUTEX_LRU: LazyLock<MutexLru<u64, u64>> =
                LazyLock::new(|| MutexLru::new($size));

            contestant!(Memofn, names::MEMOFN, |key: u64| -> u64 { ours(*key) });
            contestant!(Cached, names::CACHED, |key: u64| -> u64 { by_cached(*key) });
            contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: u64| -> u64 {
                by_concurrent_cached(*key)
            });
            contestant!(Memoize, names::MEMOIZE_SHARED, |key: u64| -> u64 { by_memoize(*key) });
            contestant!(Quick, names::QUICK, |key: u64| -> u64 {
                QUICK.get(key).unwrap_or_else(|| {
                    let value = body(*key);
                    QUICK.insert(*key, value);
                    value
                })
            });
            contestant!(QuickWith, names::QUICK_WITH, |key: u64| -> u64 {
                QUICK_WITH.get_or_insert_with(key, || Ok::<_, Infallible>(body(*key))).unwrap_or(0)
            });
            contestant!(Moka, names::MOKA, |key: u64| -> u64 {
                MOKA.get(key).unwrap_or_else(|| {
                    let value = body(*key);
                    MOKA.insert(*key, value);
                    value
                })
            });
            contestant!(MokaWith, names::MOKA_WITH, |key: u64| -> u64 {
                MOKA_WITH.get_with(*key, || body(*key))
            });
            contestant!(MiniMoka, names::MINI_MOKA, |key: u64| -> u64 {
                MINI_MOKA.get(key).unwrap_or_else(|| {
                    let value = body(*key);
                    MINI_MOKA.insert(*key, value);
                    value
                })
            });
            contestant!(ByHand, names::MUTEX_LRU, |key: u64| -> u64 {
                MUTEX_LRU.get_or(*key, |key| body(*key))
            });

            lineup!(u64: Memofn, Quick, QuickWith, ByHand, Cached, ConcurrentCached, Memoize, MiniMoka, Moka, MokaWith);
        }
    };
}

// Hits: one set for the calling thread alone, another for several threads.
bounded!(alone, 1024);
bounded!(crowd, 1024);
// Misses, likewise.
bounded!(alone_missing, 1024);
bounded!(crowd_missing, 1024);
// Zipf, and memory.
bounded!(large, 100_000);
bounded!(weighed, 100_000);
