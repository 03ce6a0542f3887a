//! The protocols of async calls under thousands of schedules each: as [`models`](crate::models::blocking), with
//! futures that are polled, woken, dropped, and left alone.
//!
//! Time stands still but where a model lets it pass, and with it alarms ring. Patience may then end for a
//! leader that is just slow. That costs runs, never answers.

use crate::Cache;
use crate::base::alarm;
use crate::base::sync::{self, patience};
use crate::cache::given::GivenCache;
use crate::call::call;
use crate::call::result_policy::OkShared;
use crate::key::lookup::ByKey;
use crate::models::explorer::{explore, threads};
use crate::models::ledger::{
    Event, Ledger, abandon, cut, impatiently, nothing_is_left_of, poll_once, some_polls,
    time_passes, with_changing_wakers,
};
use crate::models::liveness::LivelyCache;
use futures::future::join;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn callers_of_one_key_share_one_run() {
    explore(|| {
        let ledger = Ledger::new();
        let call = || block_on(ledger.call(1));
        threads![call, call, call];
        assert_eq!(ledger.runs(), 1);
        ledger.is_settled();
    });
}

#[test]
fn tasks_and_callers_inside_of_one_task_share_one_run() {
    explore(|| {
        let ledger = Arc::new(Ledger::new());
        let task = || {
            let ledger = Arc::clone(&ledger);
            spawn(async move { ledger.call(1).await })
        };
        let (first, second) = (task(), task());
        let here = join(ledger.call(1), ledger.call(1));
        let ((first, second), _) = block_on(join(join(first, second), here));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(ledger.runs(), 1);
        ledger.is_settled();
    });
}

#[test]
fn callers_who_block_and_callers_who_are_polled_share_one_run() {
    explore(|| {
        let ledger = Ledger::new();
        let call = || block_on(ledger.call(1));
        threads![|| ledger.call_blocking(1, || ()), call, || ledger.call_blocking(1, || ())];
        assert_eq!(ledger.runs(), 1);
        ledger.is_settled();
    });
}

#[test]
fn of_those_who_wait_for_a_leader_that_is_dropped_one_takes_over() {
    explore(|| {
        let ledger = Ledger::new();
        threads![|| abandon(ledger.call(1)), || block_on(ledger.call(1)), || ledger
            .call_blocking(1, || ()),];
        assert!(ledger.runs() <= 2);
        ledger.is_settled();
    });
}

#[test]
fn who_is_dropped_while_being_woken_keeps_nobody_waiting() {
    explore(|| {
        let ledger = Ledger::new();
        let cancelled = || abandon(ledger.call(1));
        threads![cancelled, cancelled, || block_on(ledger.call(1))];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        ledger.is_settled();
    });
}

#[test]
fn nothing_of_a_dropped_call_lives_on() {
    explore(|| {
        let cache = LivelyCache::of(8);
        let call = async || {
            let body = async || {
                yield_now().await;
                cache.key(10)
            };
            assert_eq!(cache.cache.get_or_compute_async(cache.key(1), body).await.number, 10);
        };
        threads![|| abandon(call()), || abandon(call()), || block_on(call()),];
        cache.holds_what_is_stored();
        nothing_is_left_of(&cache.cache);
        cache.ends();
    });
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    explore(|| {
        let (ledger, event) = (Ledger::new(), Event::default());
        let call = || {
            let work = async || with_changing_wakers(event.wait()).await;
            block_on(with_changing_wakers(ledger.call_with(1, work)));
        };
        threads![call, call, || event.happens()];
        assert_eq!(ledger.runs(), 1);
        ledger.is_settled();
    });
}

#[test]
fn a_leader_that_is_not_polled_any_longer_holds_nobody_up() {
    explore(|| {
        let (ledger, event) = (Ledger::new(), Event::default());
        threads![
            || block_on(async {
                let mut leader = pin!(ledger.call_with(1, async || event.wait().await));
                poll_once(leader.as_mut()).await;
                impatiently(ledger.call(1)).await;
            }),
            || {
                event.happens();
                time_passes();
            },
            || block_on(impatiently(ledger.call(1))),
        ];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        ledger.is_settled();
    });
}

#[test]
fn a_leader_that_is_polled_after_all_may_land() {
    explore(|| {
        let (ledger, event) = (Ledger::new(), Event::default());
        threads![
            || block_on(async {
                let mut leader = pin!(ledger.call_with(1, async || event.wait().await));
                if poll_once(leader.as_mut()).await.is_none() {
                    yield_now().await;
                    leader.await;
                }
            }),
            || {
                event.happens();
                time_passes();
            },
            || block_on(impatiently(ledger.call(1))),
        ];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        ledger.is_settled();
    });
}

#[test]
fn who_goes_on_without_a_leader_may_be_dropped() {
    explore(|| {
        let ledger = Ledger::new();
        threads![
            || block_on(async {
                let mut leader = pin!(ledger.call(1));
                if poll_once(leader.as_mut()).await.is_none() {
                    // Up to the proof that the leader is stalled, and beyond.
                    impatiently(cut(8 + some_polls(), ledger.call(1))).await;
                    leader.await;
                }
            }),
            || block_on(impatiently(ledger.call(1))),
        ];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        ledger.is_settled();
    });
}

/// With a leader that is not polled any longer, two calls that soon help, of which the first is this.
fn after_a_leader_that_is_not_polled(first: impl AsyncFn(&Ledger) + Send + Sync + 'static) {
    explore(move || {
        let ledger = Ledger::impatient();
        let mut leader = pin!(ledger.call(1));
        assert!(block_on(poll_once(leader.as_mut())).is_none());
        let last = || block_on(impatiently(ledger.call(1)));
        threads![|| block_on(impatiently(first(&ledger))), last];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        block_on(leader);
        ledger.is_settled();
    });
}

#[test]
fn who_helps_may_be_dropped() {
    after_a_leader_that_is_not_polled(async |ledger| {
        let _ = cut(some_polls() + 2, ledger.call(1)).await;
        // It may have been woken in vain: the other one is, by the next alarm.
        time_passes();
    });
}

#[test]
fn who_helps_may_not_be_polled_either() {
    after_a_leader_that_is_not_polled(async |ledger| {
        let mut call = pin!(ledger.call(1));
        for _ in 0..some_polls() + 2 {
            if poll_once(call.as_mut()).await.is_some() {
                return;
            }
            yield_now().await;
        }
        ledger.call(1).await;
    });
}

#[test]
fn who_helps_may_need_a_key_of_one_who_waits() {
    after_a_leader_that_is_not_polled(async |ledger| {
        let work = async || ledger.call(2).await;
        join(ledger.call_with(1, work), ledger.call_with(2, async || ledger.call(1).await)).await;
    });
}

#[test]
fn who_helps_may_call_itself() {
    after_a_leader_that_is_not_polled(async |ledger| {
        ledger.call_with(1, async || ledger.call(1).await).await;
    });
}

#[test]
fn one_alarm_is_set_for_a_run_however_followers_come_and_go() {
    explore(|| {
        let ledger = Ledger::new();
        let (mut leader, mut next) = (pin!(ledger.call(1)), pin!(ledger.call(1)));
        assert!(block_on(poll_once(leader.as_mut())).is_none());
        let mut follower = Box::pin(ledger.call(1));
        assert!(block_on(poll_once(follower.as_mut())).is_none());
        threads![
            || {
                drop(follower);
                assert!(block_on(poll_once(next.as_mut())).is_none());
            },
            || alarm::ring(sync::now()),
        ];
        assert_eq!(alarm::alarms(), 1);
        block_on(join(leader, next));
        ledger.is_settled();
    });
}

#[test]
fn runs_that_need_each_others_keys_finish() {
    explore(|| {
        let ledger = Ledger::new();
        let call = async |key| {
            let (second, third) = (key % 3 + 1, (key + 1) % 3 + 1);
            let last = async || ledger.call(third).await;
            ledger.call_with(key, async || ledger.call_with(second, last).await).await;
        };
        threads![|| block_on(call(1)), || block_on(call(2)), || block_on(call(3))];
        assert_eq!(ledger.cache.len(), 3);
        ledger.is_settled();
    });
}

#[test]
fn runs_that_need_each_others_keys_finish_within_one_task() {
    explore(|| {
        let ledger = Ledger::new();
        let call = async |first, second| {
            let work = async || {
                yield_now().await;
                ledger.call(second).await;
            };
            ledger.call_with(first, work).await;
        };
        threads![|| assert_eq!(block_on(join(call(1, 2), call(2, 3))), ((), ())), || block_on(
            call(3, 1)
        ),];
        assert_eq!(ledger.cache.len(), 3);
        ledger.is_settled();
    });
}

#[test]
fn a_run_that_blocks_and_one_that_is_polled_may_need_each_others_keys() {
    explore(|| {
        let ledger = Ledger::new();
        threads![
            || block_on(ledger.call_with(1, async || ledger.call(2).await)),
            || ledger.call_blocking(2, || ledger.call_blocking(1, || ())),
            || ledger.call_blocking(2, || block_on(ledger.call(1))),
        ];
        assert_eq!(ledger.cache.len(), 2);
        ledger.is_settled();
    });
}

#[test]
fn what_was_computed_before_a_clear_is_no_answer_after_it() {
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
        threads![|| block_on(sees(1)), || abandon(sees(2)), || {
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
        nothing_is_left_of(&cache);
    });
}

/// Callers of one key whose bodies fail but for the last.
struct Failing {
    cache: Cache<u8, u64>,
    runs: AtomicU64,
    failures: AtomicU64,
}

impl Failing {
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
fn who_waits_for_an_error_that_is_not_shared_computes_for_itself() {
    explore(|| {
        let failing = Failing::new();
        let call = async || {
            failing.ended(
                failing.cache.get_or_try_compute_async(1, async || failing.body().await).await,
            );
        };
        threads![|| block_on(call()), || block_on(call()), || abandon(call())];
        let info = failing.cache.info();
        assert_eq!(info.misses, failing.runs.load(SeqCst));
        assert_eq!(failing.failures.load(SeqCst), info.rejected);
        nothing_is_left_of(&failing.cache);
    });
}

#[test]
fn who_helps_and_fails_has_nobody_wait_for_the_next_to_help() {
    explore(|| {
        let cache: Cache<u8, u64> = Cache::builder().patience(Duration::from_millis(10)).build();
        let event = Event::default();
        let lead = async || {
            event.wait().await;
            Ok::<_, &str>(1)
        };
        let mut leader = pin!(cache.get_or_try_compute_async(1, lead));
        assert!(block_on(poll_once(leader.as_mut())).is_none());
        let follow = || {
            let body = async || {
                yield_now().await;
                Err("expected")
            };
            Box::pin(cache.get_or_try_compute_async(1, body))
        };
        let (mut first, mut second) = (follow(), follow());
        block_on(async {
            assert!(poll_once(first.as_mut()).await.is_none());
            assert!(poll_once(second.as_mut()).await.is_none());
        });
        // Long enough for one of them.
        patience::pass(Duration::from_secs(10));
        threads![|| assert!(block_on(first).is_err()), || assert!(block_on(second).is_err())];
        event.happens();
        assert_eq!(block_on(leader), Ok(1));
        assert_eq!((cache.info().misses, cache.info().rejected, cache.peek(&1)), (3, 2, Some(1)));
        nothing_is_left_of(&cache);
    });
}

#[test]
fn an_error_that_is_shared_is_given_to_all_who_wait() {
    explore(|| {
        let failing = Failing::new();
        let call = async || {
            let result = match GivenCache::new(&failing.cache).hit(&ByKey(1), &OkShared) {
                Ok(result) => result,
                Err(miss) => {
                    let engine = failing.cache.engine();
                    let body = async || failing.body().await;
                    call::or_compute(engine, miss, ByKey(1), OkShared, body).await
                }
            };
            failing.ended(result);
        };
        threads![|| block_on(call()), || block_on(call()), || block_on(call())];
        let info = failing.cache.info();
        assert_eq!((info.rejected, info.misses), (1, failing.runs.load(SeqCst)));
        assert_eq!(info.hits + info.misses, 3);
        assert_eq!(info.misses == 1, failing.failures.load(SeqCst) == 3);
        nothing_is_left_of(&failing.cache);
    });
}

#[test]
fn those_who_wait_for_a_panic_go_on() {
    explore(|| {
        let ledger = Ledger::new();
        let panics = AtomicU64::new(0);
        let call = async || {
            let work = async || {
                let run = ledger.runs();
                yield_now().await;
                if run == 1 {
                    // Past the hook, which would print the schedule.
                    resume_unwind(Box::new("expected"));
                }
            };
            ledger.call_with(1, work).await;
        };
        let caught = || {
            if catch_unwind(AssertUnwindSafe(|| block_on(call()))).is_err() {
                panics.fetch_add(1, SeqCst);
            }
        };
        threads![caught, caught, caught];
        assert_eq!((panics.load(SeqCst), ledger.runs()), (1, 2));
        ledger.is_settled();
    });
}

#[test]
fn who_is_polled_and_has_waited_too_long_helps() {
    explore(|| {
        patience::ends();
        let (ledger, event) = (Ledger::impatient(), Event::default());
        threads![
            // Waits for the other thread in a way that nobody can see.
            || block_on(ledger.call_with(1, async || event.wait().await)),
            || {
                block_on(async {
                    let mut call = pin!(ledger.call(1));
                    while poll_once(call.as_mut()).await.is_none() {
                        patience::pass(Duration::from_secs(1));
                        time_passes();
                        yield_now().await;
                    }
                });
                event.happens();
            },
        ];
        assert_eq!(ledger.cache.peek(&1), Some(10));
        ledger.is_settled();
    });
}
