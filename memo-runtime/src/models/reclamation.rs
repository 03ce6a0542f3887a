//! Readers take no lock: an entry or a table that was taken out lives until its last reader is done with it.
//! Recency and expiry are right in all schedules.

use crate::models::canary::{Alive, Canary, CanaryCache};
use crate::models::explorer::{explore, threads};
use crate::{Cache, testing::Clock};
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;
use std::time::Duration;

#[test]
fn an_evicted_entry_lives_as_long_as_it_is_read() {
    explore(|| {
        let cache = CanaryCache::of(1);
        threads![
            || {
                cache.get(1);
                cache.get(1);
            },
            || {
                cache.get(2);
                cache.get(1);
            },
            || cache.get(1),
        ];
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_second_thread_may_evict_an_entry_that_the_first_reads() {
    explore(|| {
        let cache = CanaryCache::of(1);
        // This thread is alone so far.
        cache.get(1);
        thread::scope(|scope| {
            scope.spawn(|| cache.get(2));
            cache.get(1);
            cache.get(1);
        });
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn the_first_thread_may_evict_an_entry_that_the_second_reads() {
    explore(|| {
        let (cache, other) = (CanaryCache::of(1), Cache::new(1));
        cache.get(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                // It has a reader already, from another cache.
                other.insert(1, 1);
                other.get_or_compute(1, || 2);
                cache.get(1);
                cache.get(1);
            });
            cache.get(2);
        });
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_replaced_table_lives_as_long_as_it_is_searched() {
    explore(|| {
        let cache = CanaryCache::unbounded();
        // They fill the first table.
        (1..=7).for_each(|key| cache.get(key));
        thread::scope(|scope| {
            scope.spawn(|| cache.get(8));
            cache.get(1);
            cache.get(7);
        });
        assert_eq!(cache.cache.info().misses, 8);
        cache.check_only_entries_live();
        cache.cache.clear();
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_removed_entry_is_dropped_after_its_last_reader() {
    explore(|| {
        let cache = CanaryCache::of(8);
        cache.get(1);
        threads![
            || {
                cache.get(1);
                cache.get(1);
            },
            || {
                cache.get(1);
                cache.get(1);
            },
            || cache.remove(1),
        ];
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn a_new_thread_may_take_over_the_reader_of_an_ended_one() {
    explore(|| {
        let cache = CanaryCache::of(1);
        cache.get(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::scope(|scope| {
                    scope.spawn(|| cache.get(1));
                });
                cache.get(1);
            });
            scope.spawn(|| cache.get(2));
        });
        cache.check_only_entries_live();
        cache.check_all_dropped();
    });
}

#[test]
fn an_expired_entry_does_not_answer() {
    explore(|| {
        let ttl = Duration::from_secs(10);
        let clock = Clock::stop();
        let cache: Cache<Canary, Canary> = Cache::builder().ttl(ttl).build();
        let living = Alive::default();
        let world = AtomicU64::new(0);
        let new = |number| Canary::new(number, &living);
        let see = || cache.get_or_compute(new(1), || new(world.load(SeqCst))).number;
        see();
        thread::scope(|scope| {
            scope.spawn(|| assert!(see() <= see()));
            world.store(1, SeqCst);
            clock.advance(ttl);
            assert_eq!(see(), 1);
        });
        assert_eq!(cache.info().expirations, 1);
        cache.remove(&new(1));
        assert_eq!(living.count(), 0);
    });
}

#[test]
fn the_latest_use_decides_even_after_many_uses_by_a_lone_thread() {
    explore(|| {
        let cache = Cache::new(2);
        let call = |key: u64| assert_eq!(cache.get_or_compute(key, || key), key);
        call(2);
        call(1);
        thread::scope(|scope| {
            scope.spawn(|| call(2));
            (0..4).for_each(|_| call(1));
        });
        // Storing it again is a later use than all hits of the other entry.
        cache.insert(2, 2);
        cache.insert(3, 3);
        assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(2)));
    });
}
