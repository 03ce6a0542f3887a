//! Async calls on a small executor, and futures polled by hand. Small enough for Miri.

use crate::tests::counted::{Counted, Flag, poll_at_most};
use crate::tests::executor::{Executor, pauses, poll_once, poll_with, spin_on};
use crate::tests::watchdog::finishes;
use std::cell::RefCell;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

/// Stores the waker of its task.
async fn keep_waker(kept: &Mutex<Option<Waker>>) {
    poll_fn(|cx| {
        *kept.lock().unwrap() = Some(cx.waker().clone());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn tasks_of_one_thread_share_one_run() {
    let (counted, executor) = (Counted::new(), Executor::default());
    for _ in 0..4 {
        let counted = counted.clone();
        executor.spawn(async move { counted.call(1).await });
    }
    executor.run();
    let info = counted.cache().info();
    assert_eq!((counted.runs(), info.misses, info.hits, info.coalesced), (1, 1, 3, 3));
}

#[test]
fn threads_that_poll_callers_of_one_key_share_one_run() {
    finishes("callers of one key", || {
        let (counted, executor) = (Counted::new(), Executor::default());
        for _ in 0..4 {
            let counted = counted.clone();
            executor.spawn(async move { counted.call(1).await });
        }
        executor.run_on(2);
        let info = counted.cache().info();
        assert_eq!((counted.runs(), info.misses, info.hits), (1, 1, 3));
    });
}

#[test]
fn threads_that_poll_share_runs_with_threads_that_block() {
    finishes("tasks and threads", || {
        let (counted, executor) = (Counted::new(), Executor::default());
        for key in [1, 2, 1] {
            let counted = counted.clone();
            executor.spawn(async move { counted.call(key).await });
        }
        thread::scope(|scope| {
            scope.spawn(|| executor.run());
            for key in [2, 1] {
                assert_eq!(counted.cache().get_or_compute(key, || 10 * key), 10 * key);
            }
        });
        let info = counted.cache().info();
        assert_eq!((info.misses, info.hits), (2, 3));
    });
}

#[test]
fn threads_that_poll_dropped_callers_leave_no_call_waiting() {
    finishes("callers who are dropped", || {
        for polls in 1..5 {
            let (counted, executor) = (Counted::new(), Executor::default());
            for cuts in [polls, 2, 100, 3] {
                let counted = counted.clone();
                executor.spawn(async move { poll_at_most(cuts, counted.call(1)).await });
            }
            executor.run_on(2);
            assert_eq!(counted.cache().peek(&1), Some(10));
            assert_eq!(counted.cache().info().misses, counted.runs() as u64);
        }
    });
}

#[test]
fn threads_that_poll_runs_that_need_each_others_keys_finish() {
    finishes("runs that need each other's keys", || {
        let (counted, executor) = (Counted::new(), Executor::default());
        for (first, second) in [(1, 2), (2, 1)] {
            let counted = counted.clone();
            executor.spawn(async move {
                let inner = async || {
                    pauses(1).await;
                    counted.call(second).await;
                };
                counted.call_with(first, inner).await;
            });
        }
        executor.run_on(2);
        assert_eq!(counted.cache().len(), 2);
    });
}

#[test]
fn a_run_may_call_itself() {
    let counted = Counted::new();
    spin_on(counted.call_with(1, async || {
        counted.call(1).await;
        assert_eq!(counted.cache().get_or_compute(1, || 10), 10);
    }));
    assert_eq!(counted.runs(), 2);
}

#[test]
fn a_body_may_call_its_own_key_before_it_is_polled() {
    let counted = Counted::new();
    let body = || {
        assert_eq!(counted.cache().get_or_compute(1, || 10), 10);
        ready(10)
    };
    assert_eq!(spin_on(counted.cache().get_or_compute_async(1, body)), 10);
    assert_eq!(counted.cache().info().helped, 0, "no call waited for its patience to end");
}

/// Calls the cache when it is dropped.
struct Calls<'a>(&'a Counted);

impl Drop for Calls<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0.cache().get_or_compute(1, || 10), 10);
    }
}

#[test]
fn a_value_dropped_with_a_body_may_call_the_key() {
    let counted = Counted::new();
    let work = async || {
        let _calls = Calls(&counted);
        pauses(2).await;
    };
    let mut call = Box::pin(counted.call_with(1, work));
    assert!(poll_once(call.as_mut()).is_none());
    drop(call);
    assert_eq!(counted.cache().info().helped, 0, "no call waited for its patience to end");
    assert_eq!(counted.cache().peek(&1), Some(10));
}

#[test]
fn a_call_that_joins_during_the_first_poll_of_a_run_is_answered_by_it() {
    for is_cloned in [true, false] {
        let (counted, kept) = (Counted::new(), Mutex::new(None));
        let tasks: [Arc<Flag>; 2] = Default::default();
        let [leading, following] = tasks.each_ref().map(|task| Waker::from(Arc::clone(task)));
        let follower = Mutex::new(Box::pin(counted.call(1)));
        let joins = || poll_with(follower.lock().unwrap().as_mut(), &following);
        let work = async || {
            // Another thread: a call of this one would be a part of the run.
            thread::scope(|scope| {
                scope.spawn(|| assert!(joins().is_none()));
            });
            if is_cloned {
                keep_waker(&kept).await;
            }
            pauses(1).await;
        };
        let mut leader = Box::pin(counted.call_with(1, work));
        assert!(poll_with(leader.as_mut(), &leading).is_none());
        assert!(tasks[0].0.swap(false, SeqCst), "the leader is woken");
        kept.lock().unwrap().take().inspect(Waker::wake_by_ref);
        assert_eq!(tasks[0].0.load(SeqCst), is_cloned);
        assert!(poll_with(leader.as_mut(), &leading).is_some());
        drop(leader);
        assert!(tasks[1].0.load(SeqCst), "the follower is woken");
        assert!(joins().is_some());
        let info = counted.cache().info();
        assert_eq!((counted.runs(), info.misses, info.coalesced, info.helped), (1, 1, 1, 0));
    }
}

#[test]
fn an_ended_run_keeps_no_task_alive() {
    let counted = Counted::new();
    let kept = Mutex::new(None);
    let task = Arc::new(Flag::default());
    let mut call = pin!(counted.call_with(1, async || keep_waker(&kept).await));
    assert!(poll_with(call.as_mut(), &Waker::from(Arc::clone(&task))).is_some());
    assert_eq!(Arc::strong_count(&task), 1);
}

#[test]
fn a_thread_that_ends_still_knows_its_runs() {
    struct Last(RefCell<Option<Counted>>);
    impl Drop for Last {
        fn drop(&mut self) {
            let counted = self.0.take().unwrap();
            spin_on(counted.call_with(1, async || counted.call(1).await));
        }
    }
    thread_local!(static LAST: Last = const { Last(RefCell::new(None)) });

    let counted = Counted::new();
    let known = counted.clone();
    let thread = thread::spawn(move || {
        LAST.with(|last| last.0.replace(Some(known.clone())));
        // This call may create thread-locals that are destroyed before `LAST`.
        spin_on(known.call(2));
    });
    thread.join().unwrap();
    assert_eq!(counted.cache().info().helped, 0, "no call waited for its patience to end");
    assert_eq!(counted.runs(), 3);
}
