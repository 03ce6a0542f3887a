//! A value that is renewed while others change the cache: no call that begins after a change sees an older result.

use crate::base::clock::TestClock;
use crate::base::of_value::OfValue;
use crate::call::renewal::{Handed, renewal_job};
use crate::call::result_policy::Whole;
use crate::models::canary::CanaryCache;
use crate::models::explorer::{explore, threads};
use crate::models::invalidation::tagged;
use crate::{Cache, CacheBuilder};
use std::cell::{Cell, RefCell};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce() + Send>;
type Change = fn(&Cache<u64, u64>);

/// A change to a key. Results from before it are outdated.
const CHANGES: [Change; 5] = [
    |cache| {
        cache.remove(&1);
    },
    |cache| cache.remove_if(|key| *key == 1),
    |cache| {
        cache.invalidate_tag("one");
    },
    |cache| cache.insert(1, 1),
    Cache::clear,
];

fn minutes<K, V>() -> CacheBuilder<K, V> {
    Cache::builder().ttl(600 * SECOND).refresh_after(60 * SECOND).retry_after(5 * SECOND)
}

// The explorer runs all threads of a model on one thread. It need not switch threads at the accesses of a test itself.
thread_local! {
    static WORLD: Cell<u64> = const { Cell::new(0) };
    static RUNS: Cell<u32> = const { Cell::new(0) };
    static JOBS: RefCell<Vec<Job>> = const { RefCell::new(Vec::new()) };
}

/// The body. Other threads may run while it does.
fn look(_: &u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    let seen = WORLD.get();
    shuttle::thread::yield_now();
    seen
}

fn next_job() -> Option<Job> {
    JOBS.with_borrow_mut(Vec::pop)
}

fn run_next() {
    if let Some(run) = next_job() {
        run();
    }
}

/// A cache whose value of the key 1 is due for a refresh.
fn due(builder: CacheBuilder<u64, u64>) -> (TestClock, Cache<u64, u64>) {
    WORLD.set(0);
    RUNS.set(0);
    assert!(next_job().is_none(), "the last model has ended all runs");
    let clock = TestClock::stop();
    let cache = builder.build();
    cache.insert_tagged(1, 0, ["one"]);
    clock.advance(60 * SECOND);
    (clock, cache)
}

fn in_background() -> CacheBuilder<u64, u64> {
    minutes().renew_by(OfValue::new(|handed: &Handed<u64, u64>| {
        let job = renewal_job(handed, Whole, look);
        JOBS.with_borrow_mut(|jobs| jobs.push(Box::new(job)));
    }))
}

#[test]
fn a_refresh_by_a_caller_that_began_before_a_change_answers_no_later_call() {
    for change in CHANGES {
        explore(move || {
            let (_clock, cache) = due(minutes());
            let see = || tagged(&cache, 1, &["one"], || look(&1));
            threads![|| assert!(see() <= see()), || assert!(see() <= see()), || {
                WORLD.set(1);
                change(&cache);
                assert_eq!(see(), 1);
            },];
            assert_eq!(cache.peek(&1), Some(1));
            assert_eq!(cache.engine().engine().flights_under_way(), 0);
        });
    }
}

#[test]
fn a_run_in_the_background_that_began_before_a_change_answers_no_later_call() {
    for change in CHANGES {
        explore(move || {
            let (_clock, cache) = due(in_background());
            let see = || tagged(&cache, 1, &["one"], || look(&1));
            threads![|| assert!(see() <= see()), run_next, || {
                WORLD.set(1);
                change(&cache);
                assert_eq!(see(), 1);
            },];
            run_next();
            assert_eq!(cache.peek(&1), Some(1));
            assert_eq!(cache.engine().engine().flights_under_way(), 0);
        });
    }
}

#[test]
fn of_several_callers_of_an_old_value_one_has_it_renewed() {
    explore(|| {
        let (_clock, cache) = due(in_background());
        WORLD.set(1);
        let see = || cache.get_or_compute(1, || unreachable!("the old value answers"));
        threads![|| assert!(see() <= see()), || assert!(see() <= see()), || run_next()];
        run_next();
        assert!(next_job().is_none());
        assert_eq!(see(), 1);
        let info = cache.info();
        assert_eq!((info.hits, info.misses, info.refreshes, info.refresh_failures), (5, 0, 1, 0));
    });
}

#[test]
fn a_run_in_the_background_that_is_dropped_leaves_the_old_value() {
    explore(|| {
        let (clock, cache) = due(in_background());
        let see = || cache.get_or_compute(1, || unreachable!("the old value answers"));
        threads![|| assert_eq!(see(), 0), || assert_eq!(see(), 0), || drop(next_job()),];
        drop(next_job());
        assert_eq!(cache.info().refresh_failures, cache.info().refreshes);
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
        WORLD.set(1);
        clock.advance(5 * SECOND);
        assert_eq!(see(), 0);
        next_job().expect("it is tried again")();
        assert_eq!(see(), 1);
    });
}

#[test]
fn callers_after_the_end_of_a_value_join_its_refresh_or_take_its_place() {
    for is_dropped in [false, true] {
        explore(move || {
            let (clock, cache) = due(in_background());
            assert_eq!(cache.get_or_compute(1, || unreachable!("the old value answers")), 0);
            WORLD.set(1);
            clock.advance(540 * SECOND);
            let run = next_job().expect("it was handed over");
            let see = || assert_eq!(cache.get_or_compute(1, || look(&1)), 1);
            threads![see, see, move || if is_dropped { drop(run) } else { run() }];
            assert_eq!(cache.peek(&1), Some(1));
            assert_eq!(RUNS.get(), 1);
            let info = cache.info();
            assert_eq!(info.hits + info.misses, 3);
            assert_eq!(
                info.refresh_failures, info.misses,
                "a call runs the body if the refresh does not"
            );
            assert_eq!(cache.engine().engine().flights_under_way(), 0);
        });
    }
}

#[test]
fn an_entry_that_is_evicted_while_it_is_renewed_is_dropped_once() {
    explore(|| {
        let clock = TestClock::stop();
        let cache = CanaryCache::with(minutes().maxsize(1));
        let stored = |number| cache.key(number);
        cache.cache.insert(cache.key(1), stored(0));
        clock.advance(60 * SECOND);
        threads![
            || drop(cache.cache.get_or_compute(cache.key(1), || stored(1))),
            || drop(cache.cache.get_or_compute(cache.key(1), || stored(1))),
            || drop(cache.cache.get_or_compute(cache.key(2), || stored(2))),
        ];
        assert_eq!(cache.cache.len(), 1);
        assert_eq!(cache.cache.engine().engine().flights_under_way(), 0);
        cache.check_only_entries_live();
        cache.cache.clear();
        cache.check_all_dropped();
    });
}
