//! `(&str, u32)` to a value that is cheap to copy or an `Arc<str>`, bounded, shared.

use super::contestant::{contestant, lineup};
use super::floor::{self, Borrowed, Texts};
use super::mutex_lru::MutexLru;
use crate::names;

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

/// A key. Contestants that can look it up borrowed.
pub(crate) type Text = (String, u32);

fn line(label: &str, number: u32) -> Arc<str> {
    format!("{label} {number}").into()
}

fn length(label: &str, number: u32) -> u64 {
    label.len() as u64 + u64::from(number)
}

/// Defines contestants with this body in a module of their own, with caches of 1024 entries.
macro_rules! text {
    ($module:ident, $value:ty, $body:ident) => {
        pub(crate) mod $module {
            use super::*;

            thread_local! {
                static FLOOR: RefCell<Texts<$value>> = RefCell::default();
            }

            #[memofn::memoize(maxsize = 1024)]
            fn ours(label: &str, number: u32) -> $value {
                $body(label, number)
            }

            #[cached::macros::cached(
                max_size = 1024,
                key = "(String, u32)",
                convert = { (label.to_owned(), number) }
            )]
            fn by_cached(label: &str, number: u32) -> $value {
                $body(label, number)
            }

            #[cached::macros::concurrent_cached(
                max_size = 1024,
                key = "(String, u32)",
                convert = { (label.to_owned(), number) }
            )]
            fn by_concurrent_cached(label: &str, number: u32) -> $value {
                $body(label, number)
            }

            #[memoize::memoize(SharedCache, Capacity: 1024)]
            #[allow(clippy::needless_pass_by_value, reason = "its arguments are owned")]
            fn by_memoize(label: String, number: u32) -> $value {
                $body(&label, number)
            }

            static QUICK: LazyLock<quick_cache::sync::Cache<Text, $value>> =
                LazyLock::new(|| quick_cache::sync::Cache::new(1024));
            static MOKA: LazyLock<moka::sync::Cache<Text, $value>> =
                LazyLock::new(|| moka::sync::Cache::new(1024));
            static MUTEX_LRU: LazyLock<MutexLru<Text, $value>> =
                LazyLock::new(|| MutexLru::new(1024));

            contestant!(Floor, names::FLOOR, |key: Text| -> $value {
                floor::text(&FLOOR, &key.0, key.1, $body)
            });
            contestant!(Memofn, names::MEMOFN, |key: Text| -> $value { ours(&key.0, key.1) });
            contestant!(Cached, names::CACHED, |key: Text| -> $value { by_cached(&key.0, key.1) });
            contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: Text| -> $value {
                by_concurrent_cached(&key.0, key.1)
            });
            contestant!(Memoize, names::MEMOIZE_SHARED, |key: Text| -> $value {
                by_memoize(key.0.clone(), key.1)
            });
            contestant!(Quick, names::QUICK, |key: Text| -> $value {
                QUICK.get(&Borrowed(&key.0, key.1)).unwrap_or_else(|| {
                    let value = $body(&key.0, key.1);
                    QUICK.insert(key.clone(), value.clone());
                    value
                })
            });
            contestant!(Moka, names::MOKA, |key: Text| -> $value {
                MOKA.get(key).unwrap_or_else(|| {
                    let value = $body(&key.0, key.1);
                    MOKA.insert(key.clone(), value.clone());
                    value
                })
            });
            contestant!(ByHand, names::MUTEX_LRU, |key: Text| -> $value {
                MUTEX_LRU.get_or(key.clone(), |key| $body(&key.0, key.1))
            });

            lineup!(Text: Floor, Memofn, Quick, ByHand, Cached, ConcurrentCached, Memoize, Moka);
        }
    };
}

// On one thread, in caches that no other thread has used, and on several.
text!(single, Arc<str>, line);
text!(several, Arc<str>, line);
text!(single_length, u64, length);
text!(several_length, u64, length);
