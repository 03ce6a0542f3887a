//! Hits that note their time while the clock moves: no use is lost, and no entry answers after its end.

use crate::base::clock::TestClock;
use crate::models::explorer::{explore, threads};
use crate::{Cache, CacheBuilder};
use std::cell::Cell;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

// The explorer runs all threads of a model on one thread. It need not switch threads at the accesses of a test itself.
thread_local! {
    static IS_DONE: Cell<bool> = const { Cell::new(false) };
}

/// A cache with a value of the key 1.
fn cache(builder: CacheBuilder<u64, u64>) -> Cache<u64, u64> {
    IS_DONE.set(false);
    let cache = builder.build();
    cache.insert(1, 1);
    cache
}

/// Takes out some of what has expired. The first call of a thread also has its later hits take no lock.
fn sweep(cache: &Cache<u64, u64>) {
    assert_eq!(cache.get(&2), None);
}

fn hit(cache: &Cache<u64, u64>) {
    assert_eq!(cache.get_or_compute(1, || unreachable!("it was used in time")), 1);
}

#[test]
fn a_hit_that_read_the_clock_before_takes_no_later_use_back() {
    explore(|| {
        let clock = TestClock::stop();
        let cache = cache(Cache::builder().tti(10 * SECOND));
        clock.advance(SECOND);
        threads![
            || {
                sweep(&cache);
                hit(&cache);
            },
            || {
                sweep(&cache);
                clock.advance(5 * SECOND);
                hit(&cache);
            },
        ];
        clock.advance((10 * SECOND).saturating_sub(NANO));
        assert_eq!(cache.peek(&1), Some(1));
        clock.advance(NANO);
        assert_eq!(cache.peek(&1), None);
    });
}

#[test]
fn a_hit_that_was_counted_is_seen_by_the_sweep_at_the_end_of_the_idle_life() {
    explore(|| {
        let clock = TestClock::stop();
        let cache = cache(Cache::builder().tti(10 * SECOND));
        clock.advance(9 * SECOND);
        threads![
            || {
                sweep(&cache);
                let value = cache.get_or_compute(1, || 2);
                IS_DONE.set(value == 1);
            },
            || {
                let was_used = IS_DONE.get();
                clock.advance(SECOND);
                sweep(&cache);
                assert!(!was_used || cache.peek(&1) == Some(1));
            },
        ];
        let info = cache.info();
        assert_eq!(info.hits + info.misses, 3);
        // A hit that has read the clock before the end may be counted after the sweep.
        assert!(info.misses - 2 <= info.expirations);
    });
}

#[test]
fn no_call_that_begins_after_the_end_of_an_entry_is_answered_by_it() {
    let lives: [fn() -> CacheBuilder<u64, u64>; 2] = [
        || Cache::builder().tti(10 * SECOND),
        || Cache::builder().tti(100 * SECOND).ttl(10 * SECOND),
    ];
    for lives in lives {
        explore(move || {
            let clock = TestClock::stop();
            let cache = cache(lives());
            threads![
                || {
                    sweep(&cache);
                    let is_over = IS_DONE.get();
                    let value = cache.get_or_compute(1, || 2);
                    assert!(!is_over || value == 2);
                },
                || {
                    clock.advance(10 * SECOND);
                    IS_DONE.set(true);
                    sweep(&cache);
                },
            ];
        });
    }
}
