//! `(&str, u32) -> Arc<str>`, bounded, shared.

use super::contestant::{contestant, lineup};
use super::floor::Borrowed;
use super::mutex_lru::MutexLru;
use crate::names;

use std::sync::{Arc, LazyLock};

/// A key. Contestants that can look it up borrowed.
pub(crate) type Text = (String, u32);

pub(crate) fn body(label: &str, number: u32) -> Arc<str> {
    format!("{label} {number}").into()
}

#[memofn::memoize(maxsize = 1024)]
fn ours(label: &str, number: u32) -> Arc<str> {
    body(label, number)
}

#[cached::macros::cached(max_size = 1024, key = "(String, u32)", convert = { (label.to_owned(), number) })]
fn by_cached(label: &str, number: u32) -> Arc<str> {
    body(label, number)
}

#[cached::macros::concurrent_cached(max_size = 1024, key = "(String, u32)", convert = { (label.to_owned(), number) })]
fn by_concurrent_cached(label: &str, number: u32) -> Arc<str> {
    body(label, number)
}

#[memoize::memoize(SharedCache, Capacity: 1024)]
#[allow(clippy::needless_pass_by_value, reason = "its arguments are owned")]
fn by_memoize(label: String, number: u32) -> Arc<str> {
    body(&label, number)
}

static QUICK: LazyLock<quick_cache::sync::Cache<Text, Arc<str>>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(1024));
static MOKA: LazyLock<moka::sync::Cache<Text, Arc<str>>> =
    LazyLock::new(|| moka::sync::Cache::new(1024));
static MUTEX_LRU: LazyLock<MutexLru<Text, Arc<str>>> = LazyLock::new(|| MutexLru::new(1024));

contestant!(Floor, names::FLOOR, |key: Text| -> Arc<str> {
    super::floor::text(&key.0, key.1, body)
});
contestant!(Memofn, names::MEMOFN, |key: Text| -> Arc<str> { ours(&key.0, key.1) });
contestant!(Cached, names::CACHED, |key: Text| -> Arc<str> { by_cached(&key.0, key.1) });
contestant!(ConcurrentCached, names::CONCURRENT_CACHED, |key: Text| -> Arc<str> {
    by_concurrent_cached(&key.0, key.1)
});
contestant!(Memoize, names::MEMOIZE_SHARED, |key: Text| -> Arc<str> {
    by_memoize(key.0.clone(), key.1)
});
contestant!(Quick, names::QUICK, |key: Text| -> Arc<str> {
    QUICK.get(&Borrowed(&key.0, key.1)).unwrap_or_else(|| {
        let value = body(&key.0, key.1);
        QUICK.insert(key.clone(), Arc::clone(&value));
        value
    })
});
contestant!(Moka, names::MOKA, |key: Text| -> Arc<str> {
    MOKA.get(key).unwrap_or_else(|| {
        let value = body(&key.0, key.1);
        MOKA.insert(key.clone(), Arc::clone(&value));
        value
    })
});
contestant!(ByHand, names::MUTEX_LRU, |key: Text| -> Arc<str> {
    MUTEX_LRU.get_or(key.clone(), |key| body(&key.0, key.1))
});

lineup!(Text: Floor, Memofn, Quick, ByHand, Cached, ConcurrentCached, Memoize, Moka);
