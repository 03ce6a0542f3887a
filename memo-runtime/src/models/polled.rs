//! Single flight of async calls, which are polled, woken and dropped: they share runs, and each of them finishes.

use crate::Cache;
use crate::cache::given::GivenCache;
use crate::call::async_call;
use crate::call::result_policy::OkShared;
use crate::key::lookup::ByKey;
use crate::models::canary::CanaryCache;
use crate::models::counted::{CountedCache, check_nothing_is_left};
use crate::models::explorer::{explore, threads};
use crate::models::polling::{Event, drop_after_some_polls, with_changing_wakers};
use futures::future::join;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[test]
fn callers_of_one_key_share_one_run() {
    explore(|| {
        let counted = CountedCache::new();
        let call = || block_on(counted.call(1));
        threads![call, call, call];
        assert_eq!(counted.runs(), 1);
        counted.check();
    });
}

#[test]
fn tasks_and_callers_within_one_task_share_one_run() {
    explore(|| {
        let counted = Arc::new(CountedCache::new());
        let task = || {
            let counted = Arc::clone(&counted);
            spawn(async move { counted.call(1).await })
        };
        let (first, second) = (task(), task());
        let here = join(counted.call(1), counted.call(1));
        let ((first, second), _) = block_on(join(join(first, second), here));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(counted.runs(), 1);
        counted.check();
    });
}

#[test]
fn blocking_and_async_callers_share_one_run() {
    explore(|| {
        let counted = CountedCache::new();
        let call = || block_on(counted.call(1));
        threads![|| counted.call_blocking(1, || ()), call, || counted.call_blocking(1, || ())];
        assert_eq!(counted.runs(), 1);
        counted.check();
    });
}

#[test]
fn one_waiter_takes_over_from_a_dropped_leader() {
    explore(|| {
        let counted = CountedCache::new();
        threads![|| drop_after_some_polls(counted.call(1)), || block_on(counted.call(1)), || {
            counted.call_blocking(1, || ())
        },];
        assert!(counted.runs() <= 2);
        counted.check();
    });
}

#[test]
fn a_waiter_dropped_while_it_is_woken_keeps_no_other_waiting() {
    explore(|| {
        let counted = CountedCache::new();
        let cancelled = || drop_after_some_polls(counted.call(1));
        threads![cancelled, cancelled, || block_on(counted.call(1))];
        assert_eq!(counted.cache.peek(&1), Some(10));
        counted.check();
    });
}

#[test]
fn a_dropped_call_leaves_nothing_behind() {
    explore(|| {
        let cache = CanaryCache::of(8);
        let call = async || {
            let body = async || {
                yield_now().await;
                cache.key(10)
            };
            assert_eq!(cache.cache.get_or_compute_async(cache.key(1), body).await.number, 10);
        };
        threads![|| drop_after_some_polls(call()), || drop_after_some_polls(call()), || block_on(
            call()
        ),];
        cache.check_only_entries_live();
        check_nothing_is_left(&cache.cache);
        cache.check_all_dropped();
    });
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    explore(|| {
        let (counted, event) = (CountedCache::new(), Event::default());
        let call = || {
            let work = async || with_changing_wakers(event.wait()).await;
            block_on(with_changing_wakers(counted.call_with(1, work)));
        };
        threads![call, call, || event.happens()];
        assert_eq!(counted.runs(), 1);
        counted.check();
    });
}

#[test]
fn runs_that_need_each_others_keys_finish() {
    explore(|| {
        let counted = CountedCache::new();
        let call = async |key| {
            let (second, third) = (key % 3 + 1, (key + 1) % 3 + 1);
            let last = async || counted.call(third).await;
            counted.call_with(key, async || counted.call_with(second, last).await).await;
        };
        threads![|| block_on(call(1)), || block_on(call(2)), || block_on(call(3))];
        assert_eq!(counted.cache.len(), 3);
        counted.check();
    });
}

#[test]
fn runs_of_one_task_that_need_each_others_keys_finish() {
    explore(|| {
        let counted = CountedCache::new();
        let call = async |first, second| {
            let work = async || {
                yield_now().await;
                counted.call(second).await;
            };
            counted.call_with(first, work).await;
        };
        threads![|| assert_eq!(block_on(join(call(1, 2), call(2, 3))), ((), ())), || block_on(
            call(3, 1)
        ),];
        assert_eq!(counted.cache.len(), 3);
        counted.check();
    });
}

#[test]
fn blocking_and_async_runs_that_need_each_others_keys_finish() {
    explore(|| {
        let counted = CountedCache::new();
        threads![
            || block_on(counted.call_with(1, async || counted.call(2).await)),
            || counted.call_blocking(2, || counted.call_blocking(1, || ())),
            || counted.call_blocking(2, || block_on(counted.call(1))),
        ];
        assert_eq!(counted.cache.len(), 2);
        counted.check();
    });
}

#[test]
fn a_result_computed_before_a_clear_answers_no_later_call() {
    explore(|| {
        let cache = Cache::new(8);
        let world = shuttle::sync::atomic::AtomicU64::new(0);
        let see = async |key| {
            let body = async || {
                let seen = world.load(SeqCst);
                yield_now().await;
                seen
            };
            cache.get_or_compute_async(key, body).await
        };
        let sees = async |key| assert!(see(key).await <= see(key).await);
        threads![|| block_on(sees(1)), || drop_after_some_polls(sees(2)), || {
            world.store(1, SeqCst);
            if thread_rng().r#gen() {
                cache.clear();
            } else {
                cache.remove(&1);
                cache.remove(&2);
            }
            assert_eq!(block_on(join(see(1), see(2))), (1, 1));
        }];
        assert_eq!((cache.peek(&1), cache.peek(&2)), (Some(1), Some(1)));
        check_nothing_is_left(&cache);
    });
}

/// A cache whose first run fails.
struct FailingOnce {
    cache: Cache<u8, u64>,
    runs: AtomicU64,
    failures: AtomicU64,
}

impl FailingOnce {
    fn new() -> Self {
        let [runs, failures] = Default::default();
        Self { cache: Cache::new(8), runs, failures }
    }

    async fn body(&self) -> Result<u64, &'static str> {
        let run = self.runs.fetch_add(1, SeqCst);
        yield_now().await;
        if run == 0 { Err("expected") } else { Ok(run) }
    }

    fn ended(&self, result: Result<u64, &'static str>) {
        match result {
            Ok(value) => assert!(value > 0),
            Err(_) => drop(self.failures.fetch_add(1, SeqCst)),
        }
    }
}

#[test]
fn a_waiter_computes_for_itself_after_an_error_that_cannot_be_shared() {
    explore(|| {
        let failing = FailingOnce::new();
        let call = async || {
            failing.ended(
                failing.cache.get_or_try_compute_async(1, async || failing.body().await).await,
            );
        };
        threads![|| block_on(call()), || block_on(call()), || drop_after_some_polls(call())];
        let info = failing.cache.info();
        assert_eq!(info.misses, failing.runs.load(SeqCst));
        assert_eq!(failing.failures.load(SeqCst), info.rejected);
        check_nothing_is_left(&failing.cache);
    });
}

#[test]
fn a_shared_error_is_given_to_all_waiters() {
    explore(|| {
        let failing = FailingOnce::new();
        let call = async || {
            let result = match GivenCache::new(&failing.cache).hit(&ByKey(1), &OkShared) {
                Ok(result) => result,
                Err(miss) => {
                    let engine = failing.cache.engine();
                    let body = async || failing.body().await;
                    async_call::or_compute(engine, miss, ByKey(1), OkShared, body).await
                }
            };
            failing.ended(result);
        };
        threads![|| block_on(call()), || block_on(call()), || block_on(call())];
        let info = failing.cache.info();
        assert_eq!((info.rejected, info.misses), (1, failing.runs.load(SeqCst)));
        assert_eq!(info.hits + info.misses, 3);
        assert_eq!(info.misses == 1, failing.failures.load(SeqCst) == 3);
        check_nothing_is_left(&failing.cache);
    });
}

#[test]
fn waiters_go_on_after_a_panic() {
    explore(|| {
        let counted = CountedCache::new();
        let panics = AtomicU64::new(0);
        let call = async || {
            let work = async || {
                let run = counted.runs();
                yield_now().await;
                if run == 1 {
                    // Without the panic hook, which would print the schedule.
                    resume_unwind(Box::new("expected"));
                }
            };
            counted.call_with(1, work).await;
        };
        let caught = || {
            if catch_unwind(AssertUnwindSafe(|| block_on(call()))).is_err() {
                panics.fetch_add(1, SeqCst);
            }
        };
        threads![caught, caught, caught];
        assert_eq!((panics.load(SeqCst), counted.runs()), (1, 2));
        counted.check();
    });
}
