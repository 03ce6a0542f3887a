//! Caches whose store is [compact](crate::store::compact). Here are shared ones, and what leaves them compact.

mod scopes;

use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::scope::runners::Runner;
use crate::scope::scope::{Scope, Shared};
use crate::tests::blocking::keys;
use crate::tests::watchdog::finishes;
use futures::executor::block_on;
use std::collections::BTreeSet;
use std::future::{pending, poll_fn};
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;

fn cache<K: Copy, V: Copy, S: Scope>() -> Cache<K, V, S> {
    let mut settings = CacheBuilder::<K, V>::new().unbounded().into_settings();
    settings.are_copy = true;
    Cache::with(settings)
}

fn is_compact<K>(cache: &Cache<K, u64>) -> bool {
    cache.engine().engine().core.is_compact()
}

/// A call that has to hit.
fn hit(cache: &Cache<u64, u64>, key: u64) -> u64 {
    cache.get_or_compute(key, || unreachable!("it is stored"))
}

#[test]
fn calls_counters_and_clear_leave_a_store_compact() {
    let (cache, keys) = (cache::<u64, _, Shared>(), if cfg!(miri) { 40 } else { 300 });
    for round in 0..3 {
        for key in 0..keys {
            assert_eq!(cache.get_or_compute(key, || key + round), key + round);
            assert_eq!(cache.get_or_try_compute(key + 1000, || Err(())), Err(()));
        }
        assert_eq!((hit(&cache, 7), cache.len() as u64), (7 + round, keys));
        assert!(is_compact(&cache));
        cache.clear();
    }
    assert!(is_compact(&cache) && cache.is_empty());
}

#[test]
fn a_thread_that_is_new_to_the_cache_reads_compact_entries() {
    finishes("a new thread", || {
        let cache = cache();
        cache.get_or_compute(1, || 10);
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(hit(&cache, 1), 10));
        });
        assert_eq!((cache.info().hits, is_compact(&cache)), (1, true));
    });
}

#[test]
fn waiters_are_answered_by_a_run_that_lands_in_a_compact_store() {
    let cache = cache::<u64, _, Shared>();
    let mut is_done = false;
    let mut leader = pin!(cache.get_or_compute_async(1, async || {
        poll_fn(|_| {
            if std::mem::replace(&mut is_done, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        10
    }));
    let mut waiter = pin!(cache.get_or_compute_async(1, async || unreachable!("it waits")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(leader.as_mut().poll(&mut context).is_pending());
    assert!(waiter.as_mut().poll(&mut context).is_pending());
    assert!(is_compact(&cache));
    assert_eq!((block_on(leader), block_on(waiter), hit(&cache, 1)), (10, 10, 10));
    assert_eq!((cache.info().coalesced, is_compact(&cache)), (1, true));
}

#[test]
fn a_run_that_is_dropped_leaves_nothing_in_a_compact_store() {
    let cache = cache::<u64, _, Shared>();
    for _ in 0..if cfg!(miri) { 5 } else { 100 } {
        let mut dropped = Box::pin(cache.get_or_compute_async(1, async || pending().await));
        let mut context = Context::from_waker(Waker::noop());
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(cache.engine().engine().core.flights_under_way(), 0);
    assert_eq!((cache.get_or_compute(1, || 10), is_compact(&cache)), (10, true));
}

#[test]
fn a_run_that_a_clear_has_invalidated_is_not_stored_beside_one_that_began_later() {
    let cache = cache::<u64, _, Shared>();
    let old = cache.get_or_compute(1, || {
        cache.clear();
        assert_eq!(cache.get_or_compute(1, || 20), 20);
        assert_eq!(hit(&cache, 1), 20);
        10
    });
    assert_eq!((old, hit(&cache, 1), cache.len()), (10, 20, 1));
}

#[test]
fn a_look_through_a_compact_store_expands_it_until_it_is_cleared() {
    let cache = cache::<u64, _, Shared>();
    let outer = cache.get_or_compute(1, || {
        cache.get_or_compute(2, || 20);
        assert_eq!(cache.iter().count(), 1);
        assert!(!is_compact(&cache));
        10
    });
    cache.get_or_compute(3, || 30);
    assert_eq!((outer, keys(&cache)), (10, vec![3, 1, 2]));
    assert_eq!((hit(&cache, 1), hit(&cache, 2), hit(&cache, 3)), (10, 20, 30));
    cache.clear();
    assert!(is_compact(&cache));
}

#[test]
fn keys_of_one_hash_are_told_apart() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Colliding(u64);
    impl Hash for Colliding {
        fn hash<H: Hasher>(&self, state: &mut H) {
            0.hash(state);
        }
    }
    let cache = cache::<_, _, Shared>();
    for round in 0..3 {
        for n in 0..10 {
            let inner = || cache.get_or_compute(Colliding(n + 100), || n + 100);
            assert_eq!(cache.get_or_compute(Colliding(n), || inner() - 100 + round), n);
        }
    }
    assert_eq!((cache.len(), cache.info().misses), (20, 20));
}

/// Threads compute a dynamic programme, each in another order, and wait for each other's runs.
#[test]
fn threads_that_recurse_through_each_other_compute_each_key_once() {
    fn paths(cache: &Cache<(u64, u64), u64>, to: (u64, u64), is_turned: bool) -> u64 {
        let (x, y) = to;
        if x == 0 || y == 0 {
            return 1;
        }
        cache.get_or_compute(to, || {
            let left = || paths(cache, (x - 1, y), is_turned);
            let up = || paths(cache, (x, y - 1), is_turned);
            let parts = if is_turned { [up(), left()] } else { [left(), up()] };
            parts.iter().sum()
        })
    }
    let (threads, size) = if cfg!(miri) { (3, 6) } else { (4, 30) };
    finishes("a dynamic programme", move || {
        for _ in 0..if cfg!(miri) { 1 } else { 20 } {
            let (cache, start) = (cache(), Barrier::new(threads));
            thread::scope(|scope| {
                for thread in 0..threads {
                    let (cache, start) = (&cache, &start);
                    scope.spawn(move || {
                        start.wait();
                        let found = paths(cache, (size, 15.min(size)), thread % 2 == 1);
                        assert_eq!(found, if size == 6 { 924 } else { 344_867_425_584 });
                    });
                }
            });
            let info = cache.info();
            assert_eq!(cache.len() as u64, size * 15.min(size));
            assert_eq!(info.misses, cache.len() as u64 + info.helped);
        }
    });
}

#[test]
fn threads_that_read_compact_entries_go_on_while_these_are_given_headers() {
    const KEYS: u64 = 12;
    let acts: [fn(&Cache<u64, u64>); 4] = [
        |cache| assert_eq!(cache.iter().count() as u64, KEYS),
        |cache| cache.set_maxsize(8),
        |cache| assert_eq!(cache.remove(&3), Some(30)),
        Cache::clear,
    ];
    finishes("readers of compact entries", move || {
        for act in acts {
            for _ in 0..if cfg!(miri) { 1 } else { 100 } {
                let (cache, start) = (cache(), Barrier::new(3));
                let ask = |key| assert_eq!(cache.get_or_compute(key, || key * 10), key * 10);
                (0..KEYS).for_each(ask);
                thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| {
                            (0..KEYS).for_each(ask);
                            start.wait();
                            (0..KEYS).for_each(ask);
                        });
                    }
                    start.wait();
                    act(&cache);
                });
                if cache.info().maxsize.is_some() {
                    // Nobody reads a compact entry now, so each hit is a use. Hits between two stores are equal.
                    cache.insert(KEYS, 0);
                    (KEYS - 2..KEYS).for_each(ask);
                    cache.set_maxsize(3);
                    let keys: BTreeSet<_> = cache.iter().map(|entry| *entry.key()).collect();
                    assert_eq!(keys, (KEYS - 2..=KEYS).collect());
                }
            }
        }
    });
}

#[test]
fn a_thread_has_left_a_body_that_has_landed() {
    finishes("a body that lands", || {
        thread::spawn(|| {
            let cache = cache::<u64, u64, Shared>();
            cache.get_or_compute(1, || 10);
            assert!(is_compact(&cache) && !Runner::is_inside_run());
        })
        .join()
        .unwrap();
    });
}

#[test]
fn a_call_that_waited_and_then_hits_a_compact_entry_is_coalesced() {
    let cache = cache::<u64, u64, Shared>();
    let mut context = Context::from_waker(Waker::noop());
    let mut dropped = Box::pin(cache.get_or_compute_async(1, async || pending().await));
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    let mut first = pin!(cache.get_or_compute_async(1, async || 10));
    let mut second = pin!(cache.get_or_compute_async(1, async || unreachable!("it waits")));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop(dropped);
    assert_eq!((block_on(first), block_on(second), is_compact(&cache)), (10, 10, true));
    let info = cache.info();
    assert_eq!((info.hits, info.misses, info.coalesced), (1, 2, 1));
}

#[test]
fn a_run_inside_a_run_of_its_key_leaves_a_store_compact() {
    let cache = cache::<u64, u64, Shared>();
    let outer = cache.get_or_compute(1, || 1 + cache.get_or_compute(1, || 10));
    assert_eq!((outer, hit(&cache, 1), is_compact(&cache)), (11, 10, true));
}

#[test]
fn questions_about_single_keys_leave_a_store_compact() {
    let cache = cache::<u64, _, Shared>();
    assert_eq!((cache.peek(&1), cache.get(&1), cache.remove(&1)), (None, None, None));
    for key in 0..100 {
        cache.get_or_compute(key, || key * 10);
    }
    assert_eq!((cache.peek(&7), cache.get(&7), cache.contains_key(&7)), (Some(70), Some(70), true));
    assert_eq!((cache.peek(&100), cache.get(&100), cache.remove(&100)), (None, None, None));
    cache.insert(100, 1000);
    assert_eq!((cache.peek(&100), hit(&cache, 100), cache.len()), (Some(1000), 1000, 101));
    assert_eq!((cache.info().hits, cache.info().misses, is_compact(&cache)), (2, 102, true));
    finishes("a thread that is new to the cache", || {
        thread::spawn(move || {
            assert_eq!((cache.peek(&7), is_compact(&cache)), (Some(70), true));
            cache.insert(7, 71);
            assert_eq!((hit(&cache, 7), is_compact(&cache)), (71, false));
        })
        .join()
        .unwrap();
    });
}
