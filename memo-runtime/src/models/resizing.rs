//! `set_maxsize` while calls run: the limit holds at each moment, and what it evicts is dropped after its last reader.

use crate::Cache;
use crate::models::canary::CanaryCache;
use crate::models::explorer::{explore, threads};

fn check_limit<K, V>(cache: &Cache<K, V>) {
    let info = cache.info();
    assert!(info.maxsize.is_none_or(|maxsize| info.currsize <= maxsize), "{info}");
}

#[test]
fn a_limit_that_shrinks_is_never_exceeded() {
    explore(|| {
        let cache = CanaryCache::of(3);
        cache.get(1);
        threads![
            || {
                cache.get(2);
                check_limit(&cache.cache);
                cache.get(3);
            },
            || {
                cache.cache.set_maxsize(1);
                check_limit(&cache.cache);
                assert_eq!(cache.cache.info().maxsize, Some(1));
            },
            || {
                cache.get(1);
                check_limit(&cache.cache);
            },
        ];
        check_limit(&cache.cache);
        cache.get(4);
        assert_eq!(cache.cache.len(), 1);
        cache.cache.clear();
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_first_limit_meets_hits_that_leave_no_stamp() {
    explore(|| {
        let cache = CanaryCache::unbounded();
        (1..=3).for_each(|key| cache.get(key));
        threads![
            || {
                cache.get(1);
                cache.get(4);
            },
            || cache.cache.set_maxsize(2),
            || {
                assert!(cache.cache.get(&cache.key(2)).is_none_or(|value| value.number == 20));
                cache.remove(3);
            },
        ];
        assert!(cache.cache.len() <= 2);
        // From now on the order is exact.
        cache.cache.clear();
        (1..=2).for_each(|key| cache.get(key));
        cache.get(1);
        cache.get(3);
        assert!(
            cache.cache.contains_key(&cache.key(1)) && !cache.cache.contains_key(&cache.key(2))
        );
        cache.cache.clear();
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn of_two_limits_one_is_in_force() {
    explore(|| {
        let cache = Cache::new(4);
        cache.extend((0..4_u64).map(|n| (n, n)));
        threads![|| cache.set_maxsize(0), || cache.set_maxsize(2), || assert_eq!(
            cache.get_or_compute(5, || 5),
            5
        ),];
        let info = cache.info();
        assert!(matches!((info.maxsize, info.currsize), (Some(0), 0) | (Some(2), 0..=2)), "{info}");
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}
