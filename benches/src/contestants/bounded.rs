//! `u64 -> u64` and `u64 -> String` in a bounded cache that all threads share, by each way to memoize.

use super::bodies::{body, busy_body, text_body};
use super::contestant::{contestant, lineup};
use super::mutex_lru::MutexLru;
use crate::names;
use std::convert::Infallible;
use std::sync::LazyLock;

/// Stores a clone.
#[inline]
fn stored<V: Clone>(value: V, store: impl FnOnce(V)) -> V {
    store(value.clone());
    value
}

/// Defines contestants in a module of their own, with caches of `$size` entries.
macro_rules! bounded {
    ($module:ident, $size:tt) => {
        bounded!($module, $size, u64, body);
    };
    ($module:ident, $size:tt, $value:ident, $body:ident) => {
        pub(crate) mod $module {
            use super::*;

            #[memofn::memoize(maxsize = $size)]
            fn ours(key: u64) -> $value {
                $body(key)
            }

            #[cached::macros::cached(max_size = $size)]
            fn by_cached(key: u64) -> $value {
                $body(key)
            }

            #[cached::macros::concurrent_cached(max_size = $size)]
            fn by_concurrent_cached(key: u64) -> $value {
                $body(key)
            }

            #[memoize::memoize(SharedCache, Capacity: $size)]
            fn by_memoize(key: u64) -> $value {
                $body(key)
            }

            static QUICK: LazyLock<quick_cache::sync::Cache<u64, $value>> =
                LazyLock::new(|| quick_cache::sync::Cache::new($size));
            static QUICK_WITH: LazyLock<quick_cache::sync::Cache<u64, $value>> =
                LazyLock::new(|| quick_cache::sync::Cache::new($size));
            static MOKA: LazyLock<moka::sync::Cache<u64, $value>> =
                LazyLock::new(|| moka::sync::Cache::new($size));
            static MOKA_WITH: LazyLock<moka::sync::Cache<u64, $value>> =
                LazyLock::new(|| moka::sync::Cache::new($size));
            static MINI_MOKA: LazyLock<mini_moka::sync::Cache<u64, $value>> =
                LazyLock::new(|| mini_moka::sync::Cache::new($size));
            static MUTEX_LRU: LazyLock<MutexLru<u64, $value>> =
                LazyLock::new(|| MutexLru::new($size));

            contestant!(Memofn, names::MEMOFN, |key: u64| -> $value { ours(*key) });
            contestant!(Cached, names::CACHED, |key: u64| -> $value { by_cached(*key) });
            contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: u64| -> $value {
                by_concurrent_cached(*key)
            });
            contestant!(Memoize, names::MEMOIZE_SHARED, |key: u64| -> $value { by_memoize(*key) });
            contestant!(Quick, names::QUICK, |key: u64| -> $value {
                QUICK.get(key).unwrap_or_else(|| {
                    stored($body(*key), |value| QUICK.insert(*key, value))
                })
            });
            contestant!(QuickWith, names::QUICK_WITH, |key: u64| -> $value {
                {
                    let Ok(value) =
                        QUICK_WITH.get_or_insert_with(key, || Ok::<_, Infallible>($body(*key)));
                    value
                }
            });
            contestant!(Moka, names::MOKA, |key: u64| -> $value {
                MOKA.get(key).unwrap_or_else(|| {
                    stored($body(*key), |value| MOKA.insert(*key, value))
                })
            });
            contestant!(MokaWith, names::MOKA_WITH, |key: u64| -> $value {
                MOKA_WITH.get_with(*key, || $body(*key))
            });
            contestant!(MiniMoka, names::MINI_MOKA, |key: u64| -> $value {
                MINI_MOKA.get(key).unwrap_or_else(|| {
                    stored($body(*key), |value| MINI_MOKA.insert(*key, value))
                })
            });
            contestant!(ByHand, names::MUTEX_LRU, |key: u64| -> $value {
                MUTEX_LRU.get_or(*key, |key| $body(*key))
            });

            lineup!(u64: Memofn, Quick, QuickWith, ByHand, Cached, ConcurrentCached, Memoize, MiniMoka, Moka, MokaWith);
        }
    };
}

// Hits: on one thread, in caches that no other thread has used, and on several.
bounded!(single, 1024);
bounded!(several, 1024);
// Misses.
bounded!(single_missing, 1024);
bounded!(several_missing, 1024);
// Misses whose values own memory.
bounded!(single_owning, 1024, String, text_body);
bounded!(several_owning, 1024, String, text_body);
// Misses whose bodies take a while.
bounded!(several_busy, 1024, u64, busy_body);
// Zipf, and bytes per entry.
bounded!(large, 100_000);
bounded!(filling, 100_000);
