//! `clear`, `remove`, `invalidate_tag` and `insert` while calls run: no call that begins later sees an older result.

use crate::Cache;
use crate::cache::given::GivenCache;
use crate::call::result_policy::Whole;
use crate::key::lookup::ByKey;
use crate::key::tags::{Tagged, Tags};
use crate::models::canary::CanaryCache;
use crate::models::explorer::{explore, threads};
use crate::scope::scope::Shared;
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::hash::Hash;

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

#[test]
fn a_result_computed_before_an_invalidation_answers_no_later_call() {
    explore(|| {
        forgets_what_was_computed_before(|cache| {
            cache.invalidate_tag("one");
        })
    });
}

/// A call with tags.
pub(super) fn tagged<K: Hash + Eq, V: Clone>(
    cache: &Cache<K, V>,
    key: K,
    tags: &[&'static str],
    body: impl FnOnce() -> V,
) -> V {
    let given: GivenCache<'_, K, V, Shared> = GivenCache::new(cache);
    let tags = || Tags::new(tags.iter().map(|tag| (*tag).into()));
    crate::__private::call_in_place!(given.enter(Tagged::new(ByKey(key), tags), Whole), body())
}

/// `forget` forgets the key 1, which has the tag "one", and no other.
fn forgets_what_was_computed_before(forget: fn(&Cache<u64, u64>)) {
    let cache = Cache::new(8);
    let world = AtomicU64::new(0);
    let see = |key| {
        let tags: &[_] = if key == 1 { &["all", "one"] } else { &["all", "others"] };
        tagged(&cache, key, tags, || world.load(SeqCst))
    };
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
fn an_invalidation_finds_what_is_filed_and_nothing_that_is_gone() {
    explore(|| {
        let cache = CanaryCache::of(1);
        let run = |key, tags| {
            let value = tagged(&cache.cache, cache.key(key), tags, || cache.key(10 * key));
            assert_eq!(value.number, 10 * key);
        };
        threads![
            || run(1, &["all", "one"]),
            || {
                cache.cache.insert_tagged(cache.key(2), cache.key(20), ["all"]);
                // Nothing else has the tag, and it may have been evicted.
                run(3, &["three"]);
                assert!(cache.cache.invalidate_tag("three") <= 1);
                assert!(cache.cache.peek(&cache.key(3)).is_none());
            },
            || {
                assert!(crate::invalidate_tag("all") <= 2);
                cache.remove(1);
            },
        ];
        cache.check_only_entries_live();
        let left = cache.cache.len();
        assert_eq!(cache.cache.invalidate_tag("all"), left, "each that is left has the tag");
        assert!(cache.cache.is_empty());
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
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
