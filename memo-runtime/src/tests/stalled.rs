//! Async runs that are no longer polled, that lie in a circle of waits, or whose wakers panic. Small enough for Miri.

use crate::Cache;
use crate::scope::scope::Thread;
use crate::tests::counted::{Counted, Flag, wait_for};
use crate::tests::executor::{Executor, pauses, poll_once, poll_with, spin_on};
use crate::tests::watchdog::finishes;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

#[test]
fn a_run_that_its_own_task_no_longer_polls_is_taken_over() {
    finishes("a run that its own task does not poll", || {
        let (counted, executor) = (Counted::new(), Executor::default());
        for is_holding in [true, false, false] {
            let counted = counted.clone();
            executor.spawn(async move {
                let mut leader = pin!(counted.call(1));
                if is_holding {
                    let poll = |cx: &mut Context<'_>| Poll::Ready(leader.as_mut().poll(cx));
                    assert!(poll_fn(poll).await.is_pending());
                    counted.call(1).await;
                }
                leader.await;
            });
        }
        executor.run();
        let info = counted.cache().info();
        assert_eq!((counted.runs(), info.hits, info.helped), (2, 2, 1));
        assert_eq!(info.coalesced, 2, "the calls of the other tasks waited");
    });
}

#[test]
fn a_run_that_another_task_no_longer_polls_is_helped() {
    finishes("a run that nobody polls", || {
        let (counted, executor) = (Counted::impatient(), Executor::default());
        let mut leader = Box::pin({
            let counted = counted.clone();
            async move { counted.call(1).await }
        });
        assert!(poll_once(leader.as_mut()).is_none());
        for _ in 0..2 {
            let counted = counted.clone();
            executor.spawn(async move { counted.call(1).await });
        }
        executor.run();
        let info = counted.cache().info();
        assert_eq!((counted.runs(), info.hits, info.helped), (2, 1, 1));
        spin_on(leader);
    });
}

#[test]
fn a_run_that_lands_after_it_was_taken_over_answers_all() {
    finishes("a run that lands late", || {
        let counted = Counted::impatient();
        let is_ready = AtomicBool::new(false);
        let leads = async || {
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if is_ready.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        };
        let mut leader = pin!(counted.call_with(1, leads));
        assert!(poll_once(leader.as_mut()).is_none());
        let mut next = Box::pin(counted.call_with(1, async || pending().await));
        wait_for("somebody to take over", || {
            let _ = poll_once(next.as_mut());
            counted.runs() == 2
        });
        let mut last = pin!(counted.call(1));
        assert!(poll_once(last.as_mut()).is_none());
        is_ready.store(true, SeqCst);
        assert!(poll_once(leader).is_some() && poll_once(last).is_some());
        assert_eq!((counted.runs(), counted.cache().info().hits), (2, 1));
        drop(next);
    });
}

#[test]
fn a_call_that_breaks_a_circle_and_is_dropped_makes_no_other_run_the_body() {
    finishes("a circle of runs", || {
        let counted = Counted::new();
        let runs = AtomicUsize::new(0);
        let counting = async || {
            runs.fetch_add(1, SeqCst);
            pauses(1).await;
            pending::<()>().await;
        };
        let mut first = pin!(counted.call_with(1, async || {
            runs.fetch_add(1, SeqCst);
            pauses(1).await;
            counted.call(2).await;
        }));
        assert!(poll_once(first.as_mut()).is_none());
        let mut second = Box::pin(counted.call_with(2, async || {
            pauses(1).await;
            counted.call_with(1, counting).await;
        }));
        assert!(poll_once(second.as_mut()).is_none());
        assert!(poll_once(first.as_mut()).is_none(), "it waits for the second");
        let mut third = pin!(counted.call_with(1, counting));
        assert!(poll_once(third.as_mut()).is_none());
        assert!(
            poll_once(second.as_mut()).is_none(),
            "it waits for no call, in its own run of the first key"
        );
        assert_eq!(runs.load(SeqCst), 2);
        drop(second);
        assert!(poll_once(third.as_mut()).is_none());
        assert_eq!(runs.load(SeqCst), 2);
        spin_on(first);
        spin_on(third);
    });
}

/// Panics when it is woken.
#[derive(Default)]
struct Panics(Flag);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.0.0.store(true, SeqCst);
        // Without the panic hook, which would print it.
        resume_unwind(Box::new("expected"));
    }
}

#[test]
fn a_panicking_waker_does_not_end_the_alarm_thread() {
    finishes("a waker that panics", || {
        let counted = Counted::impatient();
        let (panics, task) = (Arc::new(Panics::default()), Arc::new(Flag::default()));
        let first = (Waker::from(Arc::clone(&panics)), &panics.0);
        for (waker, woken) in [first, (Waker::from(Arc::clone(&task)), &task)] {
            let mut leader = pin!(counted.call_with(1, async || pending().await));
            assert!(poll_once(leader.as_mut()).is_none());
            let mut follower = pin!(counted.call(1));
            assert!(poll_with(follower.as_mut(), &waker).is_none());
            wait_for("the follower to be woken", || woken.0.load(SeqCst));
        }
    });
}

/// A follower's waker panics while another thread may read the entry of the flight.
#[test]
fn threads_that_read_the_entry_of_an_ended_run_see_it_whole_after_a_panicking_waker() {
    finishes("readers of what a run leaves", || {
        let cache = Cache::<u8, u8>::unbounded();
        // Two threads have used it, so that a retired entry is not dropped at once.
        cache.insert(9, 9);
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..4 {
                    cache.get_or_compute(9, || 9);
                    barrier.wait();
                    let mut call =
                        Box::pin(cache.get_or_compute_async(1, async || pending().await));
                    let _ = poll_once(call.as_mut());
                    // It may lead a flight, and the next leader joins none.
                    drop(call);
                    barrier.wait();
                }
            });
            for _ in 0..4 {
                let mut leader = Box::pin(cache.get_or_compute_async(1, async || pending().await));
                assert!(poll_once(leader.as_mut()).is_none());
                let mut follower = pin!(cache.get_or_compute_async(1, async || 1));
                assert!(
                    poll_with(follower.as_mut(), &Waker::from(Arc::new(Panics::default())))
                        .is_none()
                );
                barrier.wait();
                drop(leader);
                barrier.wait();
            }
        });
    });
}

#[test]
fn in_a_thread_cache_a_blocking_call_does_not_wait_for_an_async_run() {
    finishes("a blocking call beside an async run", || {
        let cache: Cache<u8, u8, Thread> =
            Cache::builder().patience(Duration::MAX).build_for_thread();
        let mut leader = pin!(cache.get_or_compute_async(1, async || pending().await));
        assert!(poll_once(leader.as_mut()).is_none());
        assert_eq!(cache.get_or_compute(1, || 1), 1);
        assert_eq!(cache.get_or_compute(1, || unreachable!()), 1);
    });
}
