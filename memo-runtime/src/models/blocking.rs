//! Single flight of calls that block: they share runs, and each of them finishes.

use crate::Cache;
use crate::base::sync::{Arc, patience};
use crate::cache::given::GivenCache;
use crate::call::answer::Answer;
use crate::call::result_policy::Whole;
use crate::flight::wait::Wait;
use crate::flight::wait_graph;
use crate::key::lookup::ByKey;
use crate::models::canary::CanaryCache;
use crate::models::explorer::{explore, threads};
use crate::scope::runners::Runner;
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn waiters_go_on_after_a_panic() {
    explore(|| {
        // Makes the statics of waiting. The explorer cannot make them while a thread unwinds.
        drop(wait_graph::block(&Arc::new(Wait::new(Runner::current_thread())), Duration::ZERO));
        let cache = Cache::new(8);
        let (runs, panics) = (AtomicU64::new(0), AtomicU64::new(0));
        let call = || {
            let run = || match runs.fetch_add(1, SeqCst) {
                // Without the panic hook, which would print the schedule.
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn waiters_compute_for_themselves_after_an_error() {
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn a_waiter_helps_when_its_patience_ends() {
    explore(|| {
        patience::ends();
        let cache: Cache<u64, u64> = Cache::builder().patience(Duration::from_millis(20)).build();
        let (answered, answer) = mpsc::channel();
        threads![
            // Waits for the other thread in a way that the wait graph does not see.
            || assert_eq!(cache.get_or_compute(1, || answer.recv().unwrap()), 2),
            || {
                cache.get_or_compute(1, || 2);
                answered.send(2).unwrap();
            },
        ];
        assert_eq!(cache.peek(&1), Some(2));
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

/// A value so large that it is cloned in place, into an entry that other threads can find. The clone may panic.
struct Large {
    numbers: [u64; 80],
    /// The number of clones until one panics.
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
fn one_of_several_runs_writes_a_large_value() {
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
        cache.clear();
        drop(cache);
        assert_eq!(Arc::strong_count(&clones), 1);
    });
}

#[test]
fn another_run_writes_a_large_value_whose_clone_panicked() {
    explore(|| {
        drop(wait_graph::block(&Arc::new(Wait::new(Runner::current_thread())), Duration::ZERO));
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
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
        assert!(call());
        drop(cache);
        assert_eq!(Arc::strong_count(&clones), 1);
    });
}

#[test]
fn an_unfinished_run_leaves_nothing_behind() {
    explore(|| {
        let cache = CanaryCache::of(8);
        threads![
            || {
                let (key, mut answer) = (ByKey(cache.key(1)), Answer::None);
                drop(GivenCache::new(&cache.cache).call(key, Whole, &mut answer));
            },
            || cache.remove(1),
            || cache.get(1),
        ];
        cache.cache.clear();
        cache.check_only_entries_live();
        cache.check_all_dropped();
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
