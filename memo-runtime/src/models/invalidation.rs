//! `clear`, `remove` and `insert` while calls run: no call that begins later sees an older result.

use crate::Cache;
use crate::models::canary::CanaryCache;
use crate::models::explorer::{explore, threads};
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[test]
fn a_result_computed_before_a_clear_answers_no_later_call() {
    explore(|| {
        let cache = Cache::new(8);
        let world = AtomicU64::new(0);
        let see = |key| cache.get_or_compute(key, || world.load(SeqCst));
        threads![
            || assert!(see(1) <= see(1)),
            // A key of its own: the clear may or may not meet its run.
            || assert!(see(2) <= see(2)),
            || {
                world.store(1, SeqCst);
                cache.clear();
                assert_eq!((see(1), see(2)), (1, 1));
            },
        ];
        assert_eq!((cache.peek(&1), cache.peek(&2)), (Some(1), Some(1)));
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn a_result_computed_before_a_remove_answers_no_later_call() {
    explore(|| {
        forgets_what_was_computed_before(|cache| {
            cache.remove(&1);
        })
    });
}

#[test]
fn a_result_computed_before_a_remove_if_answers_no_later_call() {
    explore(|| forgets_what_was_computed_before(|cache| cache.remove_if(|key| *key == 1)));
}

/// `forget` forgets the key 1, and no other.
fn forgets_what_was_computed_before(forget: fn(&Cache<u64, u64>)) {
    let cache = Cache::new(8);
    let world = AtomicU64::new(0);
    let see = |key| cache.get_or_compute(key, || world.load(SeqCst));
    threads![
        || assert!(see(1) <= see(1)),
        || assert!(see(1) <= see(1)),
        // A key that is not forgotten keeps its value, whenever its run began.
        || assert_eq!(see(2), see(2)),
        || {
            world.store(1, SeqCst);
            forget(&cache);
            assert_eq!(see(1), 1);
        },
    ];
    assert_eq!(cache.peek(&1), Some(1));
    assert_eq!(cache.engine().engine().flights_under_way(), 0);
}

#[test]
fn an_inserted_value_is_not_replaced_by_an_older_run() {
    explore(|| {
        let cache = CanaryCache::of(8);
        let stored = |number| cache.key(number);
        threads![
            || drop(cache.cache.get_or_compute(cache.key(1), || stored(0))),
            || {
                cache.cache.insert(cache.key(1), stored(1));
                assert_eq!(cache.cache.get_or_compute(cache.key(1), || stored(2)).number, 1);
            },
            || drop(cache.cache.get_or_compute(cache.key(1), || stored(0))),
        ];
        assert_eq!(cache.cache.peek(&cache.key(1)).map(|it| it.number), Some(1));
        cache.cache.remove(&cache.key(2));
        cache.cache.clear();
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_clear_forgets_the_calls_before_it_and_none_after_it() {
    explore(|| {
        let cache = Cache::new(2);
        let call = |key: u64| assert_eq!(cache.get_or_compute(key, || key), key);
        let count = || cache.info().hits + cache.info().misses;
        (0..3).for_each(|_| call(1));
        threads![
            || {
                call(1);
                call(2);
            },
            || {
                assert!(count() <= 6);
                call(1);
            },
            || {
                cache.clear();
                assert!(count() <= 3);
            },
        ];
        let before = count();
        assert!(before <= 3);
        (1..=2).for_each(call);
        assert_eq!(count(), before + 2);
    });
}
