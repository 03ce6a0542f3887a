//! `memofn::metrics::publish()`: feature `metrics`.
#![cfg(feature = "metrics")]

mod common;

use ::metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use common::{finishes, side_by_side};
use memofn::testing::Clock;
use memofn::{Cache, memoize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keeps the latest values. Counters and gauges are the standard library's atomics.
#[derive(Default)]
struct Values {
    atomics: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    described: Mutex<Vec<String>>,
    /// Called for each metric.
    seen: Option<fn(&str)>,
}

impl Values {
    fn value(&self, key: &Key) -> Arc<AtomicU64> {
        if let Some(seen) = self.seen {
            seen(key.name());
        }
        let labels: Vec<_> =
            key.labels().map(|it| format!("{}={}", it.key(), it.value())).collect();
        let name = format!("{} {}", key.name().trim_start_matches("memofn_"), labels.join(" "));
        Arc::clone(self.atomics.lock().expect("not poisoned").entry(name).or_default())
    }

    fn counter(&self, name: &str) -> Option<u64> {
        self.atomics.lock().expect("not poisoned").get(name).map(|it| it.load(Relaxed))
    }

    fn gauge(&self, name: &str) -> Option<f64> {
        self.counter(name).map(f64::from_bits)
    }

    /// Requests by result: hit, joined, miss.
    fn requests(&self, cache: &str) -> [u64; 3] {
        ["hit", "joined", "miss"].map(|result| {
            self.counter(&format!("requests_total cache={cache} result={result}")).unwrap_or(0)
        })
    }

    fn publish(&self) {
        with_local_recorder(self, memofn::metrics::publish);
    }

    /// A test that publishes at the same time keeps a dropped cache a little longer.
    fn publish_until_entries_are(&self, cache: &str, entries: f64) {
        for _ in 0..100_000 {
            self.publish();
            if self.gauge(&format!("entries cache={cache}")) == Some(entries) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("{cache} never has {entries} entries");
    }
}

impl Recorder for Values {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.lock().expect("not poisoned").push(key.as_str().to_owned());
    }
    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe_counter(key, unit, text);
    }
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn counters_and_gauges_of_each_cache_are_published() {
    #[memoize(name = "published", maxsize = 2, ttl = "10s", skip(clock))]
    fn f(n: u32, clock: &Clock) -> Result<u32, String> {
        clock.advance(Duration::from_secs(1));
        if n == 0 { Err("zero".to_owned()) } else { Ok(n) }
    }

    let clock = Clock::stop();
    for n in [1, 1, 0, 2, 3, 3, 3] {
        let _ = f(n, &clock);
    }
    let values = Values::default();
    values.publish();
    assert_eq!(values.requests("published"), [3, 0, 4]);
    assert_eq!(values.counter("evictions_total cache=published"), Some(1));
    assert_eq!(values.counter("rejected_total cache=published"), Some(1));
    assert_eq!(values.counter("helped_total cache=published"), Some(0));
    assert_eq!(values.gauge("entries cache=published"), Some(2.0));
    assert_eq!(values.gauge("maxsize cache=published"), Some(2.0));
    assert_eq!(values.gauge("run_seconds cache=published"), Some(1.0));
    assert_eq!(values.gauge("time_saved_seconds cache=published"), Some(3.0));
    clock.advance(Duration::from_secs(10));
    values.publish();
    assert_eq!(values.counter("expirations_total cache=published"), Some(2));
    assert_eq!(values.gauge("entries cache=published"), Some(0.0));
    let described = values.described.lock().expect("not poisoned");
    assert!(described.iter().any(|name| name == "memofn_requests_total"));
}

#[test]
fn calls_that_bypass_a_cache_are_requests() {
    #[memoize(name = "off")]
    fn f(n: u32) -> u32 {
        n
    }

    let values = Values::default();
    let _ = (f(1), f(1));
    f::cache_enable(false);
    let _ = (f(1), f(1), f(2));
    f::cache_enable(true);
    values.publish();
    assert_eq!(values.requests("off"), [1, 0, 1]);
    assert_eq!(values.counter("requests_total cache=off result=bypassed"), Some(3));
}

#[test]
fn counters_do_not_go_back_when_a_cache_is_cleared() {
    #[memoize(name = "cleared", maxsize = unbounded)]
    fn f(n: u32) -> u32 {
        n
    }

    let values = Values::default();
    let _ = (f(1), f(1), f(1), f(2));
    f::cache_clear();
    values.publish();
    assert_eq!(values.requests("cleared"), [2, 0, 2]);
    let _ = (f(1), f(1), f::cache_call(1));
    f::cache_clear();
    values.publish();
    assert_eq!(values.requests("cleared"), [4, 0, 3]);
    assert_eq!(values.gauge("entries cache=cleared"), Some(0.0));
    assert_eq!(values.gauge("maxsize cache=cleared"), None);
    assert_eq!((f::cache_info().hits, f::cache_info().misses), (0, 0));
}

#[test]
fn caches_of_one_name_are_added_up_also_when_some_are_dropped() {
    let cache = || -> Cache<u32, u32> { Cache::builder().name("by hand").maxsize(8).build() };
    let values = Values::default();
    let (one, other) = (cache(), cache());
    (0..3).for_each(|n| assert_eq!(one.get_or_compute(n, || n), n));
    (0..2).for_each(|n| assert_eq!(other.get_or_compute(n, || n), n));
    values.publish();
    assert_eq!(values.requests("by hand"), [0, 0, 5]);
    assert_eq!(values.gauge("entries cache=by hand"), Some(5.0));
    assert_eq!(values.gauge("maxsize cache=by hand"), Some(16.0));
    drop(one);
    values.publish_until_entries_are("by hand", 2.0);
    assert_eq!(values.requests("by hand"), [0, 0, 5]);
    // A new cache may have the address of the one that was dropped.
    let another = cache();
    another.get_or_compute(1, || 1);
    another.get_or_compute(1, || 1);
    values.publish();
    assert_eq!(values.requests("by hand"), [1, 0, 6]);
    drop((other, another));
    values.publish_until_entries_are("by hand", 0.0);
    assert_eq!(values.requests("by hand"), [1, 0, 6]);
}

#[test]
fn a_threads_cache_is_published_by_its_thread() {
    #[memoize(name = "of a thread", scope = "thread")]
    fn f(n: u32) -> u32 {
        n
    }

    let values = Values::default();
    f(1);
    std::thread::scope(|scope| {
        scope.spawn(|| values.publish());
    });
    assert_eq!(values.requests("of a thread"), [0, 0, 0]);
    values.publish();
    assert_eq!(values.requests("of a thread"), [0, 0, 1]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = (f(1), f(1));
            values.publish();
        });
    });
    values.publish();
    assert_eq!(values.requests("of a thread"), [1, 0, 2]);
}

#[test]
fn a_recorder_may_call_memoized_functions_and_publish() {
    #[memoize(name = "asked by the recorder")]
    fn short(name: &str) -> String {
        name.replace("memofn_", "")
    }

    finishes("a recorder that calls", || {
        short("memofn_a");
        let values = Values { seen: Some(|name| drop(short(name))), ..Values::default() };
        values.publish();
        assert!(values.requests("asked by the recorder")[2] > 0);
        let nested = Values {
            seen: Some(|name| {
                static HAS_PUBLISHED: AtomicBool = AtomicBool::new(false);
                if name == "memofn_entries" && !HAS_PUBLISHED.swap(true, Relaxed) {
                    memofn::metrics::publish();
                }
            }),
            ..Values::default()
        };
        nested.publish();
    });
}

#[test]
fn counters_grow_while_several_threads_call_clear_and_publish() {
    #[memoize(name = "busy", maxsize = 4)]
    fn f(n: u32) -> u32 {
        n
    }

    finishes("three threads", || {
        let values = Values::default();
        let counts = side_by_side(vec![0, 1, 2], |role| {
            let mut last = [0; 3];
            for n in 0..500 {
                match role {
                    0 => drop(f(n % 6)),
                    1 if n % 10 == 0 => f::cache_clear(),
                    1 => drop(f(n % 3)),
                    _ => {
                        values.publish();
                        let now = values.requests("busy");
                        assert!(now.iter().zip(last).all(|(now, last)| *now >= last));
                        last = now;
                    }
                }
            }
        });
        assert!(counts.iter().all(Result::is_ok));
        values.publish();
        assert_eq!(values.requests("busy").iter().sum::<u64>(), 500 + 450);
    });
}
