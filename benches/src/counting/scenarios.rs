//! The scenarios that are counted: so many calls of a memoized function, on one thread.

use crate::polled::polled;
use memofn::memoize;
use std::hash::Hash;
use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const KEYS: u64 = 256;

fn body(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[memoize(maxsize = 1024)]
fn plain(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024)]
fn generic<K: Hash + Eq + Clone + Send + Sync + Into<u64> + 'static>(key: K) -> u64 {
    body(key.into())
}

#[memoize(maxsize = 1024)]
fn text(label: &str, number: u32) -> Arc<str> {
    format!("{label} {number}").into()
}

#[memoize(maxsize = 1024, ttl = "1h")]
fn ttl(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024, ttl = "1h")]
#[allow(clippy::unnecessary_wraps, reason = "as the next one")]
fn ttl_of_result(key: u64) -> Result<u64, String> {
    Ok(body(key))
}

// Without `err_ttl`: that has hits clone a `Result`.
#[memoize(maxsize = 1024, ttl = |_| Duration::from_secs(3600), jitter = "1m", refresh_after = "50m",
    stale_if_error = "1h", tags = [key.to_string()], on_evict = |_, _, _| ())]
#[allow(clippy::unnecessary_wraps, reason = "`stale_if_error` needs one")]
fn all_about_ttl(key: u64) -> Result<u64, String> {
    Ok(body(key))
}

#[memoize(maxsize = 1024, tti = "1h")]
fn tti(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024, scope = "thread")]
fn thread_lru(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = unbounded)]
fn unbounded(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = unbounded, scope = "thread")]
fn thread_unbounded(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024)]
#[allow(clippy::unused_async, reason = "what is memoized is async")]
async fn awaited(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024)]
fn owning(key: u64) -> String {
    format!("number {key}")
}

/// A scenario: its name, and so many calls of it.
pub(crate) type Scenario = (&'static str, fn(u64));

pub(crate) const SCENARIOS: [Scenario; 22] = [
    ("an empty loop", |calls| hit(calls, body)),
    ("hit, u64", |calls| hit(calls, plain)),
    ("hit, generic", |calls| hit(calls, generic::<u64>)),
    ("hit, (&str, u32)", hit_text),
    ("hit, ttl", |calls| hit(calls, ttl)),
    ("hit, ttl, a Result", |calls| hit(calls, ttl_of_result)),
    ("hit, all about time", |calls| hit(calls, all_about_ttl)),
    ("hit, tti", |calls| hit(calls, tti)),
    ("hit, thread", |calls| hit(calls, thread_lru)),
    ("hit, thread, unbounded", |calls| hit(calls, thread_unbounded)),
    ("hit, async", |calls| polled(hit_async(calls))),
    ("miss and evict", |calls| miss(calls, plain)),
    ("miss and evict, thread", |calls| miss(calls, thread_lru)),
    ("miss, unbounded", |calls| miss(calls, unbounded)),
    ("miss, thread, unbounded", |calls| miss(calls, thread_unbounded)),
    ("miss and evict, async", |calls| polled(miss_async(calls))),
    // "Several" says that a second thread has used the cache.
    ("hit, u64, several", |calls| hit_after_two(calls, plain)),
    ("hit, String", |calls| hit(calls, owning)),
    ("hit, String, several", |calls| hit_after_two(calls, owning)),
    ("miss and evict, several", |calls| miss_after_two(calls, plain)),
    ("miss, String", |calls| miss(calls, owning)),
    ("miss, String, several", |calls| miss_after_two(calls, owning)),
];

/// The calling thread and another one use the cache.
fn two_threads<V>(call: impl Fn(u64) -> V + Sync) {
    black_box(call(0));
    thread::scope(|scope| {
        let other = scope.spawn(|| drop(black_box(call(1))));
        other.join().expect("a call panicked");
    });
}

fn hit_after_two<V>(calls: u64, call: impl Fn(u64) -> V + Sync) {
    two_threads(&call);
    hit(calls, call);
}

fn miss_after_two<V>(calls: u64, call: impl Fn(u64) -> V + Sync) {
    two_threads(&call);
    miss(calls, call);
}

fn hit<V>(calls: u64, call: impl Fn(u64) -> V) {
    for key in 0..calls {
        black_box(call(black_box(key % KEYS)));
    }
}

async fn hit_async(calls: u64) {
    for key in 0..calls {
        black_box(awaited(black_box(key % KEYS)).await);
    }
}

fn hit_text(calls: u64) {
    let keys: Vec<String> = (0..KEYS).map(|number| format!("city number {number}")).collect();
    for number in 0..calls {
        let place = usize::try_from(number % KEYS).unwrap_or(0);
        black_box(text(black_box(&keys[place]), black_box(7)));
    }
}

fn miss<V>(calls: u64, call: impl Fn(u64) -> V) {
    for key in 0..calls {
        black_box(call(black_box(key)));
    }
}

async fn miss_async(calls: u64) {
    for key in 0..calls {
        black_box(awaited(black_box(key)).await);
    }
}
