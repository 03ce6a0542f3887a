//! Async calls on a small executor, and polled by hand: small enough to run under Miri.

use crate::Cache;
use crate::base::alarm;
use crate::flight::wait_graph;
use crate::scope::scope::Thread;
use crate::tests::executor::{Executor, pauses, poll_once, poll_with, spin_on};
use crate::tests::watchdog::finishes;
use std::cell::RefCell;
use std::future::{pending, poll_fn, ready};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Much shorter than those wait who see no reason not to, and longer than anything here takes.
const SOON: Duration = Duration::from_secs(5);

/// A cache, and how often its bodies were begun.
#[derive(Clone)]
struct Counted(Arc<(Cache<u8, u8>, AtomicUsize)>);

impl Counted {
    fn new() -> Self {
        Self(Arc::new((Cache::new(8), AtomicUsize::new(0))))
    }

    /// One whose calls soon run the body as well.
    fn impatient() -> Self {
        let cache = Cache::builder().maxsize(8).patience(Duration::from_millis(50));
        Self(Arc::new((cache.build(), AtomicUsize::new(0))))
    }

    fn cache(&self) -> &Cache<u8, u8> {
        &self.0.0
    }

    async fn call_with(&self, key: u8, work: impl AsyncFnOnce()) {
        let body = async || {
            self.0.1.fetch_add(1, SeqCst);
            work().await;
            10 * key
        };
        assert_eq!(self.cache().get_or_compute_async(key, body).await, 10 * key);
    }

    async fn call(&self, key: u8) {
        self.call_with(key, async || pauses(2).await).await;
    }

    fn runs(&self) -> usize {
        self.0.1.load(SeqCst)
    }
}

impl Drop for Counted {
    /// The last one looks whether anything is left behind. Only Miri runs one test after the other.
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) == 1 && !thread::panicking() {
            assert_eq!(self.cache().engine().flights_under_way(), 0);
            if cfg!(miri) {
                assert!(wait_graph::is_quiet());
                wait_for("the watch to end", alarm::is_quiet);
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

fn wait_for(what: &str, mut happens: impl FnMut() -> bool) {
    // Longer than anything takes on a busy machine: it is there for what never happens.
    const LIMIT: Duration = Duration::from_secs(60);
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < LIMIT, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Polls a future so often at most, and drops it then.
async fn cut(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx).map(drop);
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { polled }
    })
    .await;
}

/// A waker that tells whether it was woken.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// Leaves its waker.
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
fn threads_that_poll_share_runs_with_those_that_block() {
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
fn threads_that_poll_callers_who_are_dropped_leave_nobody_waiting() {
    finishes("callers who are dropped", || {
        for polls in 1..5 {
            let (counted, executor) = (Counted::new(), Executor::default());
            for cuts in [polls, 2, 100, 3] {
                let counted = counted.clone();
                executor.spawn(async move { cut(cuts, counted.call(1)).await });
            }
            executor.run_on(2);
            assert_eq!(counted.cache().peek(&1), Some(10));
            assert_eq!(counted.cache().info().misses, counted.runs() as u64);
        }
    });
}

#[test]
fn threads_that_poll_runs_which_need_each_others_keys_finish() {
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
fn a_run_that_its_own_task_does_not_poll_any_longer_is_taken_over() {
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
        assert_eq!(info.coalesced, 2, "those of the other tasks waited");
    });
}

#[test]
fn a_run_of_another_task_that_is_not_polled_any_longer_is_helped() {
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
fn what_a_body_does_before_it_is_polled_may_call_it() {
    let (counted, start) = (Counted::new(), Instant::now());
    let body = || {
        assert_eq!(counted.cache().get_or_compute(1, || 10), 10);
        ready(10)
    };
    assert_eq!(spin_on(counted.cache().get_or_compute_async(1, body)), 10);
    assert!(start.elapsed() < SOON);
}

/// Calls when it is dropped.
struct Calls<'a>(&'a Counted);

impl Drop for Calls<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0.cache().get_or_compute(1, || 10), 10);
    }
}

#[test]
fn what_is_dropped_with_a_body_may_call_it() {
    let (counted, start) = (Counted::new(), Instant::now());
    let work = async || {
        let _calls = Calls(&counted);
        pauses(2).await;
    };
    let mut call = Box::pin(counted.call_with(1, work));
    assert!(poll_once(call.as_mut()).is_none());
    drop(call);
    assert!(start.elapsed() < SOON);
    assert_eq!(counted.cache().peek(&1), Some(10));
}

#[test]
fn who_breaks_a_circle_and_is_dropped_makes_nobody_run_the_body() {
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
            "it waits for nobody, in its own run of the first"
        );
        assert_eq!(runs.load(SeqCst), 2);
        drop(second);
        assert!(poll_once(third.as_mut()).is_none());
        assert_eq!(runs.load(SeqCst), 2);
        spin_on(first);
        spin_on(third);
    });
}

#[test]
fn a_run_that_is_over_keeps_no_task_alive() {
    let counted = Counted::new();
    let kept = Mutex::new(None);
    let task = Arc::new(Flag::default());
    let mut call = pin!(counted.call_with(1, async || keep_waker(&kept).await));
    assert!(poll_with(call.as_mut(), &Waker::from(Arc::clone(&task))).is_some());
    assert_eq!(Arc::strong_count(&task), 1);
}

/// Panics when it is woken.
#[derive(Default)]
struct Panics(Flag);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.0.0.store(true, SeqCst);
        // Past the hook, which would print it.
        resume_unwind(Box::new("expected"));
    }
}

#[test]
fn a_waker_that_panics_does_not_end_the_watch() {
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

#[test]
fn runs_are_known_to_threads_that_end() {
    struct Last(RefCell<Option<Counted>>);
    impl Drop for Last {
        fn drop(&mut self) {
            let counted = self.0.take().unwrap();
            spin_on(counted.call_with(1, async || counted.call(1).await));
        }
    }
    thread_local!(static LAST: Last = const { Last(RefCell::new(None)) });

    let (counted, start) = (Counted::new(), Instant::now());
    let known = counted.clone();
    let thread = thread::spawn(move || {
        LAST.with(|last| last.0.replace(Some(known.clone())));
        // From now on the thread may have locals that end before that one.
        spin_on(known.call(2));
    });
    thread.join().unwrap();
    assert!(start.elapsed() < SOON);
    assert_eq!(counted.runs(), 3);
}

/// Those who wait are told by wakers that panic, while another thread may read the entry of the flight.
#[test]
fn threads_that_read_what_a_run_leaves_behind_see_it_whole_though_a_waker_panics() {
    finishes("readers of what a run leaves", || {
        let cache = Cache::<u8, u8>::unbounded();
        // Two threads have used it, so that what is dead is not dropped at once.
        cache.insert(9, 9);
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..4 {
                    cache.get_or_compute(9, || 9);
                    barrier.wait();
                    let mut call = pin!(cache.get_or_compute_async(1, async || pending().await));
                    let _ = poll_once(call.as_mut());
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
fn a_call_that_blocks_a_thread_runs_the_body_of_an_async_run_of_its_cache() {
    let cache: Cache<u8, u8, Thread> = Cache::builder().build_for_thread();
    let start = Instant::now();
    let mut leader = pin!(cache.get_or_compute_async(1, async || pending().await));
    assert!(poll_once(leader.as_mut()).is_none());
    assert_eq!(cache.get_or_compute(1, || 1), 1);
    assert!(start.elapsed() < SOON);
    assert_eq!(cache.get_or_compute(1, || unreachable!()), 1);
}
