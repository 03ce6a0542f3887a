//! The protocols of the runtime under thousands of schedules each: two or three threads, a few
//! operations, and every access to what they share is a place where another may go on.
//!
//! ```text
//! RUSTFLAGS="--cfg memofn_models" cargo test -p memo-runtime --release --lib models
//! ```

use crate::base::sync::{Arc, patience};
use crate::cache::given::GivenCache;
use crate::call::answer::Answer;
use crate::call::result_policy::Whole;
use crate::flight::wait::Wait;
use crate::flight::wait_graph;
use crate::key::lookup::ByKey;
use crate::models::explorer::{explore, threads};
use crate::models::liveness::{Lively, LivelyCache, Living};
use crate::scope::runners::Runner;
use crate::{Cache, testing::Clock};
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::sync::mpsc;
use shuttle::thread;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

#[test]
fn callers_of_one_key_share_one_run() {
    explore(|| {
        let cache = Cache::new(8);
        let runs = AtomicU64::new(0);
        let call = || assert_eq!(cache.get_or_compute(1, || runs.fetch_add(1, SeqCst) + 1), 1);
        threads![call, call, call];
        assert_eq!((cache.info().misses, cache.info().hits), (1, 2));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn those_who_wait_for_a_panic_go_on() {
    explore(|| {
        // Makes the statics of those who wait, as nobody could while somebody else is unwinding.
        drop(wait_graph::block(&Arc::new(Wait::new(Runner::thread())), Duration::ZERO));
        let cache = Cache::new(8);
        let (runs, panics) = (AtomicU64::new(0), AtomicU64::new(0));
        let call = || {
            let run = || match runs.fetch_add(1, SeqCst) {
                // Past the hook, which would print the schedule.
                0 => resume_unwind(Box::new("expected")),
                run => run,
            };
            match catch_unwind(AssertUnwindSafe(|| cache.get_or_compute(1, run))) {
                Ok(value) => assert_eq!(value, 1),
                Err(_) => drop(panics.fetch_add(1, SeqCst)),
            }
        };
        threads![call, call, call];
        assert_eq!(panics.load(SeqCst), 1);
        assert_eq!((cache.info().misses, cache.info().hits), (2, 1));
        assert_eq!(cache.peek(&1), Some(1));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn those_who_wait_for_an_error_compute_for_themselves() {
    explore(|| {
        let cache = Cache::<u8, u64>::new(8);
        let runs = AtomicU64::new(0);
        let call = || {
            let run = || match runs.fetch_add(1, SeqCst) {
                0 => Err("expected"),
                run => Ok(run),
            };
            let result = cache.get_or_try_compute(1, run);
            assert!(result.is_err_and(|it| it == "expected") || runs.load(SeqCst) > 1);
        };
        threads![call, call, call];
        assert!(cache.peek(&1).is_some_and(|value| value > 0));
        assert_eq!((cache.info().misses + cache.info().hits, cache.info().rejected), (3, 1));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn what_was_computed_before_a_clear_is_no_answer_after_it() {
    explore(|| {
        let cache = Cache::new(8);
        let world = AtomicU64::new(0);
        let see = |key| cache.get_or_compute(key, || world.load(SeqCst));
        threads![
            || assert!(see(1) <= see(1)),
            // Its record is another one after the clear.
            || assert!(see(2) <= see(2)),
            || {
                world.store(1, SeqCst);
                cache.clear();
                assert_eq!((see(1), see(2)), (1, 1));
            },
        ];
        assert_eq!((cache.peek(&1), cache.peek(&2)), (Some(1), Some(1)));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn what_was_computed_before_a_remove_is_no_answer_after_it() {
    explore(|| {
        let cache = Cache::new(8);
        let world = AtomicU64::new(0);
        let see = || cache.get_or_compute(1, || world.load(SeqCst));
        threads![|| assert!(see() <= see()), || assert!(see() <= see()), || {
            world.store(1, SeqCst);
            cache.remove(&1);
            assert_eq!(see(), 1);
        },];
        assert_eq!(cache.peek(&1), Some(1));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn what_is_inserted_outlives_older_computations() {
    explore(|| {
        let cache = LivelyCache::of(8);
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
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn what_is_evicted_lives_as_long_as_it_is_read() {
    explore(|| {
        let cache = LivelyCache::of(1);
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
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn a_second_thread_may_evict_what_the_first_one_reads() {
    explore(|| {
        let cache = LivelyCache::of(1);
        // This thread is alone until now.
        cache.get(1);
        thread::scope(|scope| {
            scope.spawn(|| cache.get(2));
            cache.get(1);
            cache.get(1);
        });
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn the_first_thread_may_evict_what_the_second_one_reads() {
    explore(|| {
        let (cache, other) = (LivelyCache::of(1), Cache::new(1));
        cache.get(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                // Elsewhere it reads already.
                other.insert(1, 1);
                other.get_or_compute(1, || 2);
                cache.get(1);
                cache.get(1);
            });
            cache.get(2);
        });
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn a_table_that_is_replaced_lives_as_long_as_it_is_searched() {
    explore(|| {
        let cache = LivelyCache::unbounded();
        // As many as there is room for in the first table.
        (1..=7).for_each(|key| cache.get(key));
        thread::scope(|scope| {
            scope.spawn(|| cache.get(8));
            cache.get(1);
            cache.get(7);
        });
        assert_eq!(cache.cache.info().misses, 8);
        cache.holds_what_is_stored();
        cache.cache.clear();
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn what_was_removed_is_dropped_when_nobody_reads_it() {
    explore(|| {
        let cache = LivelyCache::of(8);
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
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn readers_pass_from_threads_that_end_to_new_ones() {
    explore(|| {
        let cache = LivelyCache::of(1);
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
        cache.holds_what_is_stored();
        cache.ends();
    });
}

#[test]
fn threads_that_need_each_others_keys_finish() {
    explore(|| {
        let cache = Cache::new(8);
        let call = |key| {
            let (first, second) = (key, key % 3 + 1);
            let third = second % 3 + 1;
            cache.get_or_compute(first, || {
                cache.get_or_compute(second, || cache.get_or_compute(third, || 0) + 1) + 1
            });
        };
        threads![|| call(1), || call(2), || call(3)];
        assert_eq!(cache.len(), 3);
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn who_has_waited_too_long_helps() {
    explore(|| {
        patience::ends();
        let cache: Cache<u64, u64> = Cache::builder().patience(Duration::from_millis(20)).build();
        let (answered, answer) = mpsc::channel();
        threads![
            // Waits for the other thread in a way that nobody can see.
            || assert_eq!(cache.get_or_compute(1, || answer.recv().unwrap()), 2),
            || {
                cache.get_or_compute(1, || 2);
                answered.send(2).unwrap();
            },
        ];
        assert_eq!(cache.peek(&1), Some(2));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

/// A value that is cloned into its entry directly, which others may see, and which may fail.
struct Large {
    numbers: [u64; 80],
    /// How many clones are made before one panics.
    clones: Arc<AtomicU64>,
}

impl Large {
    fn new(clones: &Arc<AtomicU64>) -> Self {
        Self { numbers: [7; 80], clones: Arc::clone(clones) }
    }
}

impl Clone for Large {
    fn clone(&self) -> Self {
        if self.clones.fetch_sub(1, SeqCst) == 0 {
            resume_unwind(Box::new("expected"));
        }
        thread::yield_now();
        Self { numbers: self.numbers, clones: Arc::clone(&self.clones) }
    }
}

#[test]
fn a_large_value_is_written_by_one_of_those_who_have_it() {
    explore(|| {
        patience::ends();
        let (cache, clones) = (Cache::new(8), Arc::new(AtomicU64::new(1000)));
        let call = || {
            let value = cache.get_or_compute(1, || Large::new(&clones));
            assert_eq!(value.numbers, [7; 80]);
        };
        threads![call, call, || {
            drop(cache.remove(&1));
            call();
        }];
        assert_eq!(cache.engine().flights_under_way(), 0);
        cache.clear();
        drop(cache);
        assert_eq!(Arc::strong_count(&clones), 1);
    });
}

#[test]
fn a_large_value_whose_clone_panics_is_written_by_another() {
    explore(|| {
        drop(wait_graph::block(&Arc::new(Wait::new(Runner::thread())), Duration::ZERO));
        patience::ends();
        let (cache, clones) = (Cache::new(8), Arc::new(AtomicU64::new(0)));
        let call = || {
            let call = || cache.get_or_compute(1, || Large::new(&clones)).numbers;
            catch_unwind(AssertUnwindSafe(call)).is_ok_and(|numbers| numbers == [7; 80])
        };
        let calls = AtomicU64::new(0);
        let count = || {
            calls.fetch_add(call().into(), SeqCst);
        };
        threads![count, count, count];
        assert_eq!(calls.load(SeqCst), 2);
        assert_eq!(cache.engine().flights_under_way(), 0);
        assert!(call());
        drop(cache);
        assert_eq!(Arc::strong_count(&clones), 1);
    });
}

#[test]
fn each_call_is_counted_once() {
    explore(|| {
        let cache = Cache::new(2);
        let call = |key: u64| assert_eq!(cache.get_or_compute(key, || key), key);
        let calls = |keys: [u64; 3]| keys.into_iter().for_each(call);
        threads![|| calls([1, 2, 1]), || calls([1, 1, 3]), || calls([3, 1, 2])];
        let info = cache.info();
        assert_eq!(info.hits + info.misses, 9);
        assert_eq!(info.misses, info.evictions + info.currsize as u64);
    });
}

#[test]
fn no_call_after_a_clear_is_lost_and_none_before_it_is_counted() {
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

#[test]
fn what_has_expired_is_no_answer() {
    explore(|| {
        let ttl = Duration::from_secs(10);
        let clock = Clock::stop();
        let cache: Cache<Lively, Lively> = Cache::builder().ttl(ttl).build();
        let living = Living::default();
        let world = AtomicU64::new(0);
        let new = |number| Lively::new(number, &living);
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
fn a_use_counts_however_often_another_entry_was_used_by_a_thread_alone() {
    explore(|| {
        let cache = Cache::new(2);
        let call = |key: u64| assert_eq!(cache.get_or_compute(key, || key), key);
        call(2);
        call(1);
        thread::scope(|scope| {
            scope.spawn(|| call(2));
            (0..4).for_each(|_| call(1));
        });
        // By its storing again, a later use than all of the other.
        cache.insert(2, 2);
        cache.insert(3, 3);
        assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(2)));
    });
}

#[test]
fn a_run_that_is_not_finished_leaves_nothing_behind() {
    explore(|| {
        let cache = LivelyCache::of(8);
        threads![
            || {
                let (key, mut answer) = (ByKey(cache.key(1)), Answer::None);
                drop(GivenCache::new(&cache.cache).call(key, Whole, &mut answer));
            },
            || cache.remove(1),
            || cache.get(1),
        ];
        cache.cache.clear();
        cache.holds_what_is_stored();
        cache.ends();
    });
}
