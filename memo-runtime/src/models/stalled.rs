//! Async leaders that are no longer polled, and waiters whose patience ends.
//!
//! Time stands still, except where a model lets it pass; then all alarms ring. Patience may so end for a leader that is
//! only slow. That costs a second run, never a wrong answer.

use crate::Cache;
use crate::base::alarm;
use crate::base::sync::{self, patience};
use crate::models::counted::{CountedCache, check_nothing_is_left};
use crate::models::explorer::{explore, threads};
use crate::models::polling::{
    Event, poll_at_most, poll_once, some_polls, time_passes, while_time_passes,
};
use futures::future::join;
use shuttle::future::{block_on, yield_now};
use std::pin::pin;
use std::time::Duration;

#[test]
fn a_leader_that_is_no_longer_polled_holds_up_no_caller() {
    explore(|| {
        let (counted, event) = (CountedCache::new(), Event::default());
        threads![
            || block_on(async {
                let mut leader = pin!(counted.call_with(1, async || event.wait().await));
                poll_once(leader.as_mut()).await;
                while_time_passes(counted.call(1)).await;
            }),
            || {
                event.happens();
                time_passes();
            },
            || block_on(while_time_passes(counted.call(1))),
        ];
        assert_eq!(counted.cache.peek(&1), Some(10));
        counted.check();
    });
}

#[test]
fn a_stalled_leader_may_still_land() {
    explore(|| {
        let (counted, event) = (CountedCache::new(), Event::default());
        threads![
            || block_on(async {
                let mut leader = pin!(counted.call_with(1, async || event.wait().await));
                if poll_once(leader.as_mut()).await.is_none() {
                    yield_now().await;
                    leader.await;
                }
            }),
            || {
                event.happens();
                time_passes();
            },
            || block_on(while_time_passes(counted.call(1))),
        ];
        assert_eq!(counted.cache.peek(&1), Some(10));
        counted.check();
    });
}

#[test]
fn a_follower_that_overtakes_a_stalled_leader_may_be_dropped() {
    explore(|| {
        let counted = CountedCache::new();
        threads![
            || block_on(async {
                let mut leader = pin!(counted.call(1));
                if poll_once(leader.as_mut()).await.is_none() {
                    // Until the leader is known to be stalled, and longer.
                    while_time_passes(poll_at_most(8 + some_polls(), counted.call(1))).await;
                    leader.await;
                }
            }),
            || block_on(while_time_passes(counted.call(1))),
        ];
        assert_eq!(counted.cache.peek(&1), Some(10));
        counted.check();
    });
}

/// A leader that is no longer polled, and two calls with little patience. `first` is one of them.
fn with_a_stalled_leader(first: impl AsyncFn(&CountedCache) + Send + Sync + 'static) {
    explore(move || {
        let counted = CountedCache::impatient();
        let mut leader = pin!(counted.call(1));
        assert!(block_on(poll_once(leader.as_mut())).is_none());
        let last = || block_on(while_time_passes(counted.call(1)));
        threads![|| block_on(while_time_passes(first(&counted))), last];
        assert_eq!(counted.cache.peek(&1), Some(10));
        block_on(leader);
        counted.check();
    });
}

#[test]
fn a_helper_may_be_dropped() {
    with_a_stalled_leader(async |counted| {
        let _ = poll_at_most(some_polls() + 2, counted.call(1)).await;
        // It may have been woken and then dropped. The next alarm wakes the other.
        time_passes();
    });
}

#[test]
fn a_helper_may_stall_as_well() {
    with_a_stalled_leader(async |counted| {
        let mut call = pin!(counted.call(1));
        for _ in 0..some_polls() + 2 {
            if poll_once(call.as_mut()).await.is_some() {
                return;
            }
            yield_now().await;
        }
        counted.call(1).await;
    });
}

#[test]
fn a_helper_may_need_the_key_of_a_waiter() {
    with_a_stalled_leader(async |counted| {
        let work = async || counted.call(2).await;
        join(counted.call_with(1, work), counted.call_with(2, async || counted.call(1).await))
            .await;
    });
}

#[test]
fn a_helper_may_call_itself() {
    with_a_stalled_leader(async |counted| {
        counted.call_with(1, async || counted.call(1).await).await;
    });
}

#[test]
fn a_run_has_one_alarm_while_followers_come_and_go() {
    explore(|| {
        let counted = CountedCache::new();
        let (mut leader, mut next) = (pin!(counted.call(1)), pin!(counted.call(1)));
        assert!(block_on(poll_once(leader.as_mut())).is_none());
        let mut follower = Box::pin(counted.call(1));
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
        counted.check();
    });
}

#[test]
fn after_a_failed_helper_the_next_waiter_helps_at_once() {
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
        // The patience of one of them ends.
        patience::pass(Duration::from_secs(10));
        threads![|| assert!(block_on(first).is_err()), || assert!(block_on(second).is_err())];
        event.happens();
        assert_eq!(block_on(leader), Ok(1));
        assert_eq!((cache.info().misses, cache.info().rejected, cache.peek(&1)), (3, 2, Some(1)));
        check_nothing_is_left(&cache);
    });
}

#[test]
fn an_async_waiter_helps_when_its_patience_ends() {
    explore(|| {
        patience::ends();
        let (counted, event) = (CountedCache::impatient(), Event::default());
        threads![
            // Waits for the other thread in a way that the wait graph does not see.
            || block_on(counted.call_with(1, async || event.wait().await)),
            || {
                block_on(async {
                    let mut call = pin!(counted.call(1));
                    while poll_once(call.as_mut()).await.is_none() {
                        patience::pass(Duration::from_secs(1));
                        time_passes();
                        yield_now().await;
                    }
                });
                event.happens();
            },
        ];
        assert_eq!(counted.cache.peek(&1), Some(10));
        counted.check();
    });
}
