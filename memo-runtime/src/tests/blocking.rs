//! The protocol of the engine, on caches made by hand. Small enough for Miri.

use crate::scope::scope::{Scope, Thread};
use crate::tests::watchdog::finishes;
use crate::{Cache, testing::Clock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

pub(crate) fn keys<K: Copy, V, S: Scope>(cache: &Cache<K, V, S>) -> Vec<K> {
    cache.iter().map(|entry| *entry.key()).collect()
}

#[test]
fn the_least_recently_used_entry_is_evicted() {
    let cache = Cache::new(2);
    for key in [1, 2, 1, 3] {
        cache.get_or_compute(key, || key * 10);
    }
    assert_eq!(keys(&cache), [3, 1]);
    assert_eq!((cache.info().hits, cache.info().misses, cache.info().evictions), (1, 3, 1));
}

#[test]
fn a_thread_cache_evicts_in_the_same_order() {
    let cache: Cache<u8, u8, Thread> = Cache::builder().maxsize(2).build_for_thread();
    for key in [1, 2, 1, 3] {
        cache.get_or_compute(key, || key * 10);
    }
    assert_eq!(keys(&cache), [3, 1]);
    assert_eq!(cache.engine().engine().flights_under_way(), 0);
}

#[test]
fn expired_entries_are_dropped() {
    let clock = Clock::stop();
    let ttl = Duration::from_secs(10);
    let cache: Cache<u32, Arc<u32>> = Cache::builder().unbounded().ttl(ttl).build();
    let first = cache.get_or_compute(0, || Arc::new(0));
    for key in 1..200 {
        cache.get_or_compute(key, || Arc::new(key));
    }
    clock.advance(ttl);
    assert_eq!(cache.info().currsize, 0);
    assert_eq!(cache.info().expirations, 200);
    assert_eq!(Arc::strong_count(&first), 1);
}

#[test]
fn a_maxsize_or_ttl_of_zero_stores_nothing() {
    let none = Cache::new(0);
    let never: Cache<u8, u8> = Cache::builder().ttl(Duration::ZERO).build();
    for cache in [none, never] {
        for _ in 0..3 {
            cache.get_or_compute(1, || 2);
        }
        assert_eq!((cache.info().misses, cache.info().currsize), (3, 0));
    }
}

#[test]
fn a_result_computed_before_a_clear_is_not_stored_after_it() {
    let cache = Cache::new(8);
    cache.get_or_compute(1, || cache.clear());
    cache.get_or_compute(2, || assert_eq!(cache.remove(&2), None));
    assert_eq!((cache.info().currsize, cache.info().outdated), (0, 2));
}

#[test]
fn an_inserted_value_is_not_replaced_by_an_older_run() {
    let cache = Cache::new(8);
    let computed = cache.get_or_compute(1, || {
        cache.insert(1, "inserted");
        "computed"
    });
    assert_eq!((computed, cache.peek(&1)), ("computed", Some("inserted")));
}

#[test]
fn a_body_may_call_its_own_key() {
    finishes("a call of a key from within", || {
        let cache = Cache::new(8);
        let value = cache.get_or_compute(1, || cache.get_or_compute(1, || 10) + 1);
        assert_eq!((value, cache.peek(&1)), (11, Some(10)));
        assert_eq!((cache.info().misses, cache.info().currsize), (2, 1));
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn a_panic_leaves_no_flight_behind() {
    let cache = Cache::new(8);
    let call = AssertUnwindSafe(|| cache.get_or_compute(1, || panic!("expected")));
    catch_unwind(call).unwrap_err();
    assert_eq!(cache.engine().engine().flights_under_way(), 0);
    assert_eq!(cache.get_or_compute(1, || 2), 2);
    assert_eq!((cache.info().misses, cache.info().hits), (2, 0));
}

#[test]
fn errors_are_not_stored() {
    let cache = Cache::new(8);
    assert_eq!(cache.get_or_try_compute(1, || Err("no")), Err("no"));
    assert_eq!(cache.get_or_try_compute(1, || Ok::<_, &str>(2)), Ok(2));
    assert_eq!((cache.info().misses, cache.info().rejected), (2, 1));
}

#[test]
fn callers_of_one_key_share_one_run() {
    finishes("callers of one key", || {
        const CALLERS: usize = 3;
        let cache = Cache::new(8);
        let runs = AtomicUsize::new(0);
        let ready = Barrier::new(CALLERS);
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    ready.wait();
                    let value = cache.get_or_compute(1, || runs.fetch_add(1, Ordering::Relaxed));
                    assert_eq!(value, 0);
                });
            }
        });
        let info = cache.info();
        assert_eq!((info.misses, info.hits), (1, CALLERS as u64 - 1));
    });
}

#[test]
fn threads_that_need_each_others_keys_finish() {
    finishes("threads that need each other's keys", || {
        let cache = Cache::new(8);
        let both_lead = Barrier::new(2);
        thread::scope(|scope| {
            for (mine, other) in [(1, 2), (2, 1)] {
                let (cache, both_lead) = (&cache, &both_lead);
                scope.spawn(move || {
                    cache.get_or_compute(mine, || {
                        both_lead.wait();
                        cache.get_or_compute(other, || 0) + 1
                    })
                });
            }
        });
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
        assert_eq!(cache.len(), 2);
    });
}

#[test]
fn waiters_go_on_after_a_panic() {
    finishes("a run that panics", || {
        let cache = Cache::new(8);
        let (leads, led) = mpsc::channel();
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                let call = AssertUnwindSafe(|| {
                    cache.get_or_compute(1, || {
                        leads.send(()).unwrap();
                        panic!("expected")
                    })
                });
                catch_unwind(call).unwrap_err();
            });
            led.recv().unwrap();
            assert_eq!(cache.get_or_compute(1, || 2), 2);
            leader.join().unwrap();
        });
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn clearing_while_others_compute_keeps_values_right() {
    finishes("clears while others compute", || {
        let cache = Cache::new(4);
        thread::scope(|scope| {
            for thread in 0..3_u32 {
                let cache = &cache;
                scope.spawn(move || {
                    for i in 0..20 {
                        let key = (thread + i) % 6;
                        assert_eq!(cache.get_or_compute(key, || key * 2), key * 2);
                        assert!(cache.len() <= 4);
                    }
                });
            }
            for _ in 0..10 {
                cache.clear();
            }
        });
    });
}

#[test]
fn a_retained_cache_forgets_the_rest() {
    let cache = Cache::new(8);
    (0..6).for_each(|key| cache.insert(key, key * key));
    cache.retain(|_, square| square % 2 == 0);
    assert_eq!(keys(&cache), [4, 2, 0]);
}

/// A thread that goes on to another cache no longer protects an entry of the first.
#[test]
fn threads_that_change_caches_leave_no_entry_protected() {
    finishes("threads that use two caches", || {
        let caches = [Cache::new(1), Cache::new(1)];
        thread::scope(|scope| {
            for thread in 0..2_u32 {
                let caches = &caches;
                scope.spawn(move || {
                    for i in 0..20 {
                        let key = if thread == 0 { 0 } else { i / 4 % 2 };
                        for cache in caches {
                            let value = cache.get_or_compute(key, || key.to_string());
                            assert_eq!(value, key.to_string());
                        }
                    }
                });
            }
        });
    });
}
