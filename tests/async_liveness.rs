//! Every async call finishes: in any order of waits and polls, and after panics, errors and cancellation.

mod common;

use common::tasks::{Tasks, pauses};
use common::{counts, finishes, finishes_within, panic_of, panic_silently};
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, join, poll};
use memofn::{Cache, memoize};
use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

#[test]
fn calls_during_a_run_share_it() {
    #[memoize]
    async fn slow(n: u64) -> u64 {
        pauses(3).await;
        n * 10
    }

    let mut tasks = Tasks::new();
    for _ in 0..1000 {
        tasks.spawn(slow(7));
    }
    tasks.run();
    assert!((0..1000).all(|task| tasks.result(task) == Some(&70)));
    assert_eq!(counts(slow::cache_info()), (999, 1, Some(128), 1));
    assert_eq!(slow::cache_info().coalesced, 999);
}

#[test]
fn a_leader_dropped_at_any_point_leaves_the_run_to_a_follower() {
    for at in 0..5 {
        let cache = Cache::<u64, u64>::new(8);
        let runs = AtomicU64::new(0);
        let call = || {
            cache.get_or_compute_async(1, async || {
                runs.fetch_add(1, SeqCst);
                pauses(4).await;
                11
            })
        };
        let mut tasks = Tasks::new();
        let leader = tasks.spawn(call());
        let followers = [tasks.spawn(call()), tasks.spawn(call())];
        while tasks.polls(leader) < at {
            let next = tasks.next_woken().expect("somebody is awake");
            tasks.poll(next, false);
        }
        tasks.cancel(leader);
        tasks.run();
        assert!(followers.iter().all(|task| tasks.result(*task) == Some(&11)), "dropped at {at}");
        assert_eq!(runs.load(SeqCst), if at == 0 { 1 } else { 2 });
        // The dropped call is not counted as a call. If it was the leader, its run is counted.
        assert_eq!((cache.info().hits, cache.info().misses), (1, runs.load(SeqCst)));
    }
}

#[test]
fn a_follower_dropped_after_its_wake_up_passes_it_on() {
    let cache = Cache::<u64, u64>::new(8);
    let call = || {
        cache.get_or_compute_async(1, async || {
            pauses(1).await;
            11
        })
    };
    let mut tasks = Tasks::new();
    let numbers: Vec<_> = (0..4).map(|_| tasks.spawn(call())).collect();
    for _ in 0..4 {
        tasks.poll(tasks.next_woken().expect("it is new"), false);
    }
    tasks.cancel(numbers[0]);
    // All others have been woken now. The first of them is dropped before it is polled.
    assert_eq!(tasks.next_woken(), Some(numbers[0]));
    let woken = tasks.next_woken().expect("the leader is gone");
    tasks.cancel(woken);
    tasks.run();
    assert_eq!(tasks.unfinished(), []);
    assert_eq!((cache.info().hits, cache.info().misses), (1, 2));
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let cache = Cache::<u64, u64>::new(8);
    let (answer, answered) = oneshot::channel();
    let answered = Cell::new(Some(answered));
    let call =
        || cache.get_or_compute_async(1, async || answered.take().expect("one run").await.unwrap());
    let mut tasks = Tasks::new();
    let [leader, follower] = [tasks.spawn(call()), tasks.spawn(call())];
    tasks.run();
    for task in [leader, follower, leader, follower] {
        assert!(!tasks.poll(task, true));
    }
    answer.send(7).unwrap();
    tasks.run();
    assert_eq!((tasks.result(leader), tasks.result(follower)), (Some(&7), Some(&7)));
}

/// Shorter than the patience of a plain waiter.
const SOON: Duration = Duration::from_secs(50);

/// A leader that was polled once, could go on, and is no longer polled; and a follower of the same key.
macro_rules! stalled {
    ($($option:ident = $value:literal,)? |$leader:ident, $follower:ident| $wait:expr) => {{
        #[memoize(skip(answered) $(, $option = $value)?)]
        async fn answer(key: u64, answered: Option<oneshot::Receiver<u64>>) -> u64 {
            match answered {
                Some(answered) => answered.await.expect("somebody answers"),
                None => key,
            }
        }

        finishes_within(SOON, "one who waits for a stalled leader", || {
            block_on(async {
                let (tell, told) = oneshot::channel();
                let mut $leader = pin!(answer(1, Some(told)).fuse());
                assert_eq!(poll!($leader.as_mut()), Poll::Pending);
                tell.send(1).unwrap();
                let $follower = answer(1, None);
                let result: u64 = $wait;
                assert_eq!(result, 1);
                // The leader may still go on later.
                assert_eq!($leader.await, 1);
            });
            assert_eq!((answer::cache_info().misses, answer::cache_info().hits), (2, 0));
            assert_eq!(answer::cache_info().helped, 1);
            assert_eq!(answer::cache_peek(1), Some(1));
        });
    }};
}

#[test]
fn a_leader_held_by_its_own_task_blocks_no_follower() {
    stalled!(|leader, follower| follower.await);
}

#[test]
fn a_leader_that_lost_a_select_blocks_no_follower() {
    stalled!(|leader, follower| {
        match select(std::future::ready(()), &mut leader).await {
            Either::Left(((), _leader)) => follower.await,
            Either::Right(_) => unreachable!("the first is ready"),
        }
    });
}

#[test]
fn a_leader_that_lost_a_tokio_select_blocks_no_follower() {
    stalled!(|leader, follower| tokio::select! {
        biased;
        () = std::future::ready(()) => follower.await,
        it = &mut leader => it,
    });
}

#[test]
fn an_unpolled_leader_of_another_task_blocks_a_follower_only_until_patience_ends() {
    stalled!(patience = "100ms", |leader, follower| {
        // The follower has a thread and an executor of its own.
        thread::scope(|scope| scope.spawn(|| block_on(follower)).join().unwrap())
    });
}

/// A leader that is no longer polled, and three followers in other tasks. A follower that runs the body in place
/// of the leader returns `answer`, after two pauses.
macro_rules! with_a_stalled_leader {
    ($answer:expr, |$cache:ident, $tasks:ident, $leader:ident, $followers:ident| $check:block) => {{
        finishes_within(SOON, "those who wait for a stalled leader", || {
            let patience = Duration::from_secs(2);
            let $cache: Cache<u64, u64> = Cache::builder().patience(patience).build();
            let (tell, told) = oneshot::channel::<u64>();
            let mut $tasks = Tasks::new();
            let $leader = $tasks.spawn(
                $cache.get_or_try_compute_async(1, async || told.await.map_err(|_| Unshared)),
            );
            let call = || {
                $cache.get_or_try_compute_async(1, async || {
                    pauses(2).await;
                    $answer
                })
            };
            let $followers = [$tasks.spawn(call()), $tasks.spawn(call()), $tasks.spawn(call())];
            $tasks.run();
            tell.send(1).unwrap();
            $check
        });
    }};
}

#[derive(Debug, PartialEq)]
struct Unshared;

#[test]
fn the_helper_of_a_stalled_leader_answers_all_followers() {
    with_a_stalled_leader!(Ok(2), |cache, tasks, leader, followers| {
        for follower in followers {
            tasks.run_without_until(leader, |tasks| tasks.result(follower).is_some());
            assert_eq!(tasks.result(follower), Some(&Ok(2)));
        }
        assert_eq!((cache.info().misses, cache.info().hits), (2, 2));
        // The leader returns its own result. It comes too late to be stored.
        tasks.poll(leader, false);
        assert_eq!(tasks.result(leader), Some(&Ok(1)));
        assert_eq!(cache.peek(&1), Some(2));
    });
}

#[test]
fn an_error_of_the_helper_lets_the_other_followers_run_in_parallel() {
    with_a_stalled_leader!(Err(Unshared), |cache, tasks, leader, followers| {
        for follower in followers {
            tasks.run_without_until(leader, |tasks| tasks.result(follower).is_some());
            assert_eq!(tasks.result(follower), Some(&Err(Unshared)));
        }
        assert_eq!((cache.info().misses, cache.info().hits), (4, 0));
        tasks.poll(leader, false);
        assert_eq!(tasks.result(leader), Some(&Ok(1)));
    });
}

#[test]
fn a_dropped_helper_is_replaced_by_the_next_follower() {
    with_a_stalled_leader!(Ok(2), |cache, tasks, leader, followers| {
        tasks.run_without_until(leader, |_| cache.info().misses == 2);
        let is_polled = |tasks: &Tasks<'_, _>, follower: &usize| tasks.polls(*follower) > 1;
        let helper = *followers.iter().find(|it| is_polled(&tasks, it)).expect("one of them helps");
        tasks.cancel(helper);
        for follower in followers.into_iter().filter(|it| *it != helper) {
            tasks.run_without_until(leader, |tasks| tasks.result(follower).is_some());
            assert_eq!(tasks.result(follower), Some(&Ok(2)));
        }
        assert_eq!((cache.info().misses, cache.info().hits), (3, 1));
    });
}

#[test]
fn a_dropped_stalled_leader_leaves_its_flight_to_the_helper() {
    with_a_stalled_leader!(Ok(2), |cache, tasks, leader, followers| {
        tasks.run_without_until(leader, |_| cache.info().misses == 2);
        tasks.cancel(leader);
        for follower in followers {
            tasks.run_without_until(leader, |tasks| tasks.result(follower).is_some());
        }
        assert_eq!((cache.info().misses, cache.info().hits), (2, 2));
        assert_eq!(cache.peek(&1), Some(2));
    });
}

/// As in moka#240.
#[test]
fn a_leader_in_an_unpolled_buffer_blocks_no_follower() {
    #[memoize(skip(told))]
    async fn slow(key: u64, told: Option<oneshot::Receiver<()>>) -> u64 {
        match told {
            Some(told) => told.await.expect("somebody tells"),
            None => pauses(1).await,
        }
        key
    }

    finishes_within(SOON, "a stream of calls whose consumer calls the same", || {
        block_on(async {
            let (tell, told) = oneshot::channel();
            let calls = [slow(1, None), slow(2, Some(told)), slow(3, None)];
            let mut results = pin!(futures::stream::iter(calls).buffered(2));
            assert_eq!(results.next().await, Some(1));
            // The second call has begun. The stream holds it and does not poll it.
            assert_eq!(slow::cache_info().misses, 2);
            let teller = thread::spawn(move || tell.send(()));
            assert_eq!(slow(2, None).await, 2);
            assert_eq!(teller.join().unwrap(), Ok(()));
            assert_eq!(results.next().await, Some(2));
            assert_eq!(results.next().await, Some(3));
        });
        let info = slow::cache_info();
        assert_eq!((info.misses, info.helped), (4, 1));
    });
}

#[test]
fn calls_of_one_task_share_a_run_in_every_kind_of_join() {
    #[memoize]
    async fn slow(key: u64) -> u64 {
        pauses(3).await;
        key
    }

    block_on(async {
        assert_eq!(join!(slow(1), slow(1), slow(1)), (1, 1, 1));
        assert_eq!(tokio::join!(slow(2), slow(2)), (2, 2));
        assert_eq!(join_all((0..50).map(|_| slow(3))).await, [3; 50]);
        let unordered: FuturesUnordered<_> = (0..50).map(|_| slow(4)).collect();
        assert_eq!(unordered.collect::<Vec<_>>().await, [4; 50]);
        assert_eq!(slow::cache_info().misses, 4);
        assert_eq!(slow::cache_info().coalesced, 2 + 1 + 49 + 49);
    });
}

#[tokio::test]
async fn a_call_that_times_out_leaves_the_run_to_the_next() {
    #[memoize(skip(gone))]
    async fn slow(key: u64, gone: bool) -> u64 {
        if gone {
            std::future::pending::<()>().await;
        }
        key
    }

    let limit = Duration::from_millis(1);
    assert!(tokio::time::timeout(limit, slow(1, true)).await.is_err());
    assert_eq!(slow(1, false).await, 1);
    let (first, second) = tokio::join!(tokio::time::timeout(limit, slow(2, true)), slow(2, false));
    assert!(first.is_err());
    assert_eq!(second, 2);
}

#[test]
fn a_body_that_calls_its_own_key_finishes() {
    #[memoize(skip(depth))]
    async fn nested(n: u32, depth: u32) -> u32 {
        pauses(1).await;
        if depth == 0 {
            return n * 10;
        }
        // In the future itself, and in a join with other futures.
        let (one, other) = join!(Box::pin(nested(n, depth - 1)), Box::pin(nested(n, depth - 1)));
        assert_eq!(one, other);
        one
    }

    finishes("three levels of the same key", || {
        assert_eq!(block_on(nested(7, 3)), 70);
        assert_eq!(nested::cache_info().currsize, 1);
    });
}

#[memoize(skip(others))]
async fn needs(key: u64, others: Vec<u64>) -> u64 {
    pauses(1).await;
    let mut sum = key;
    for (i, other) in others.iter().enumerate() {
        sum = sum.max(Box::pin(needs(*other, others[i + 1..].to_vec())).await);
    }
    sum
}

#[test]
fn tasks_that_need_each_others_keys_finish() {
    finishes("three tasks in a circle", || {
        let mut tasks = Tasks::new();
        for [key, first, second] in [[1, 2, 3], [2, 3, 1], [3, 1, 2]] {
            tasks.spawn(needs(key, vec![first, second]));
        }
        tasks.run();
        assert_eq!(tasks.unfinished(), []);
        assert_eq!(needs::cache_info().currsize, 3);
    });
}

#[memoize(skip(others))]
async fn needs_all(key: u64, others: Vec<u64>) -> u64 {
    pauses(1).await;
    let rest = |other| others.iter().copied().filter(|it| *it != other).collect();
    let all = others.iter().map(|other| Box::pin(needs_all(*other, rest(*other))));
    join_all(all).await.into_iter().fold(key, u64::max)
}

#[test]
fn tasks_that_need_each_others_keys_side_by_side_finish() {
    finishes("four tasks that join what the others do", || {
        let mut tasks = Tasks::new();
        for key in 1..=4 {
            tasks.spawn(needs_all(key, (1..=4).filter(|other| *other != key).collect()));
        }
        tasks.run();
        assert_eq!(tasks.unfinished(), []);
        assert_eq!(needs_all::cache_info().currsize, 4);
    });
}

#[test]
fn a_cycle_of_a_blocking_and_an_async_body_is_detected() {
    #[memoize(skip(rest, arrived))]
    fn blocking(key: u64, rest: u32, arrived: Option<&Barrier>) -> u64 {
        arrived.map(Barrier::wait);
        if rest == 0 { key } else { block_on(suspended(key, rest - 1, None)) }
    }
    #[memoize(skip(rest, arrived))]
    async fn suspended(key: u64, rest: u32, arrived: Option<&Barrier>) -> u64 {
        arrived.map(Barrier::wait);
        pauses(1).await;
        if rest == 0 { key } else { blocking(key, rest - 1, None) }
    }

    finishes_within(SOON, "a thread in a body, and a task in another", || {
        for key in 0..50 {
            let arrived = Barrier::new(2);
            let results = thread::scope(|scope| {
                let one = scope.spawn(|| blocking(key, 1, Some(&arrived)));
                let other = scope.spawn(|| block_on(suspended(key, 1, Some(&arrived))));
                [one, other].map(|it| it.join().unwrap())
            });
            assert_eq!(results, [key, key]);
        }
    });
}

#[test]
fn blocking_and_async_callers_of_a_cache_wait_for_each_other() {
    finishes("a thread and a task of one key", || {
        for round in 0..100 {
            let cache = Cache::<u64, u64>::new(8);
            let (runs, is_run) = mpsc::channel();
            let (tell, told) = oneshot::channel();
            let answer = async || {
                runs.send(()).unwrap();
                told.await.unwrap()
            };
            let blocking = round % 2 == 0;
            thread::scope(|scope| {
                let cache = &cache;
                scope.spawn(move || {
                    if blocking {
                        cache.get_or_compute(1, || block_on(answer()))
                    } else {
                        block_on(cache.get_or_compute_async(1, answer))
                    }
                });
                is_run.recv().unwrap();
                let (calls, is_called) = mpsc::channel();
                scope.spawn(move || {
                    calls.send(()).unwrap();
                    if blocking {
                        block_on(cache.get_or_compute_async(1, async || unreachable!()))
                    } else {
                        cache.get_or_compute(1, || unreachable!())
                    }
                });
                is_called.recv().unwrap();
                tell.send(round).unwrap();
            });
            assert_eq!(cache.peek(&1), Some(round));
            assert_eq!((cache.info().hits, cache.info().misses), (1, 1));
        }
    });
}

#[test]
fn an_error_is_given_to_all_followers() {
    #[memoize(skip(runs))]
    async fn fails(key: u64, runs: &AtomicU64) -> Result<u64, String> {
        runs.fetch_add(1, SeqCst);
        pauses(2).await;
        Err(format!("no {key}"))
    }

    let runs = AtomicU64::new(0);
    let mut tasks = Tasks::new();
    for _ in 0..64 {
        tasks.spawn(fails(1, &runs));
    }
    tasks.run();
    assert!((0..64).all(|task| tasks.result(task) == Some(&Err("no 1".to_owned()))));
    assert_eq!((runs.load(SeqCst), fails::cache_info().coalesced), (1, 63));
    assert_eq!(fails::cache_info().currsize, 0);
}

#[test]
fn followers_of_an_error_that_cannot_be_shared_run_in_parallel() {
    #[memoize(skip(now, most))]
    async fn fails(_key: u64, now: &Cell<u32>, most: &Cell<u32>) -> Result<u64, Unshared> {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        pauses(2).await;
        now.set(now.get() - 1);
        Err(Unshared)
    }

    let (now, most) = (Cell::new(0), Cell::new(0));
    let mut tasks = Tasks::new();
    for _ in 0..64 {
        tasks.spawn(fails(1, &now, &most));
    }
    tasks.run();
    assert_eq!(tasks.unfinished(), []);
    assert_eq!(most.get(), 63, "all who waited, at the same time");
    assert_eq!(fails::cache_info().misses, 64);
}

#[test]
fn a_panic_reaches_only_the_call_that_ran_the_body() {
    #[memoize(skip(runs))]
    async fn panics(key: u64, runs: &AtomicU64) -> u64 {
        pauses(2).await;
        if runs.fetch_add(1, SeqCst) == 0 {
            panic_silently("the first run");
        }
        key
    }

    let runs = AtomicU64::new(0);
    let mut tasks = Tasks::new();
    let leader = tasks.spawn(panics(1, &runs));
    let followers: Vec<_> = (0..3).map(|_| tasks.spawn(panics(1, &runs))).collect();
    while tasks.polls(leader) < 2 {
        tasks.poll(tasks.next_woken().expect("the leader goes on"), false);
    }
    assert_eq!(panic_of(|| tasks.poll(leader, false)), "the first run");
    tasks.cancel(leader);
    tasks.run();
    assert!(followers.iter().all(|task| tasks.result(*task) == Some(&1)));
    assert_eq!((panics::cache_info().misses, panics::cache_info().hits), (2, 2));
}

#[test]
fn a_result_overtaken_by_a_clear_is_returned_and_not_stored() {
    #[memoize]
    async fn slow(key: u64) -> u64 {
        pauses(2).await;
        key
    }

    let mut tasks = Tasks::new();
    let [leader, follower] = [tasks.spawn(slow(1)), tasks.spawn(slow(1))];
    for _ in 0..2 {
        tasks.poll(tasks.next_woken().expect("it is new"), false);
    }
    slow::cache_clear();
    let later = tasks.spawn(slow(1));
    tasks.run();
    assert!([leader, follower, later].iter().all(|task| tasks.result(*task) == Some(&1)));
    assert_eq!(slow::cache_info().outdated, 1);
    assert_eq!((slow::cache_info().misses, slow::cache_info().currsize), (1, 1));
}

#[test]
fn a_hit_is_ready_at_the_first_poll() {
    #[memoize]
    async fn slow(key: u64) -> u64 {
        pauses(2).await;
        key
    }

    assert_eq!(slow(1).now_or_never(), None);
    assert_eq!(slow::cache_info().misses, 1);
    assert_eq!(block_on(slow(1)), 1);
    assert_eq!(slow(1).now_or_never(), Some(1));
}
