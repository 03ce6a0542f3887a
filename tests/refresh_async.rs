//! Refreshes of async functions: `refresh_on` takes a function that spawns a future.
#![allow(clippy::unused_async, reason = "what is memoized is async")]

mod common;

use common::finishes;
use futures::executor::block_on;
use memofn::CallStatus::{Hit, Joined, Miss, Refreshing};
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const SECOND: Duration = Duration::from_secs(1);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Futures on their way to a runtime.
struct Spawned(Mutex<Vec<Task>>);

impl Spawned {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn keep(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The one future that was handed over.
    fn take_one(&self) -> Task {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(tasks.len(), 1, "one run was handed over");
        tasks.remove(0)
    }
}

fn poll(task: &mut Task) -> Poll<()> {
    task.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Is pending at the first poll.
async fn pauses_once() {
    let mut is_ready = false;
    poll_fn(
        |_| {
            if std::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending }
        },
    )
    .await;
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A nanosecond less than so many seconds.
fn just_before(seconds: u64) -> Duration {
    Duration::from_nanos(seconds * 1_000_000_000 - 1)
}

/// Hits, misses, refreshes and their failures.
fn counts(info: CacheInfo) -> [u64; 4] {
    [info.hits, info.misses, info.refreshes, info.refresh_failures]
}

#[test]
fn a_refresh_runs_on_the_runtime() {
    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = tokio::spawn)]
    async fn rate(currency: &str, factor: f64) -> Result<f64, String> {
        tokio::task::yield_now().await;
        assert!(tokio::task::try_id().is_some(), "it is a task");
        Ok(if currency.is_empty() { 0.0 } else { 3.0 * factor })
    }

    finishes("a refresh on tokio", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR", 4.0, Ok(10.0));
        clock.advance(60 * SECOND);
        runtime().block_on(async {
            assert_eq!(rate("EUR", 4.0).await, Ok(10.0));
            while rate::cache_peek("EUR", 4.0) != Some(Ok(12.0)) {
                tokio::task::yield_now().await;
            }
            assert_eq!(rate("EUR", 4.0).await, Ok(12.0));
        });
        assert_eq!(counts(rate::cache_info()), [2, 0, 1, 0]);
    });
}

#[test]
fn sixty_four_tasks_that_find_an_old_value_cause_one_run_and_none_of_them_waits() {
    static IS_OPEN: AtomicBool = AtomicBool::new(false);
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = tokio::spawn)]
    async fn rate(_currency: String) -> u32 {
        RUNS.fetch_add(1, SeqCst);
        while !IS_OPEN.load(SeqCst) {
            tokio::task::yield_now().await;
        }
        11
    }

    finishes("tasks beside a refresh", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR".to_owned(), 10);
        clock.advance(60 * SECOND);
        let runtime = Builder::new_multi_thread().worker_threads(4).build().unwrap();
        runtime.block_on(async {
            let calls: Vec<_> = (0..64).map(|_| tokio::spawn(rate("EUR".to_owned()))).collect();
            for call in calls {
                assert_eq!(call.await.unwrap(), 10);
            }
            IS_OPEN.store(true, SeqCst);
            while rate::cache_peek("EUR".to_owned()) != Some(11) {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(RUNS.load(SeqCst), 1);
        assert_eq!(counts(rate::cache_info()), [64, 0, 1, 0]);
    });
}

#[test]
fn a_task_that_is_dropped_before_it_begins_or_half_way_is_tried_again_later() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    let clock = Clock::stop();
    rate::cache_insert("EUR", 10);
    clock.advance(60 * SECOND);
    for (failures, polls) in [(1, 0), (2, 1)] {
        assert_eq!(block_on(rate("EUR")), 10);
        let mut task = SPAWNED.take_one();
        (0..polls).for_each(|_| assert!(poll(&mut task).is_pending()));
        assert_eq!(rate::cache_info().refresh_failures, failures - 1);
        drop(task);
        assert_eq!(rate::cache_info().refresh_failures, failures);
        clock.advance(just_before(5));
        assert_eq!((block_on(rate("EUR")), SPAWNED.len()), (10, 0));
        clock.advance(Duration::from_nanos(1));
    }
    assert_eq!(block_on(rate("EUR")), 10);
    let mut task = SPAWNED.take_one();
    assert!(poll(&mut task).is_pending() && poll(&mut task).is_ready());
    assert_eq!(block_on(rate("EUR")), 11);
    assert_eq!(counts(rate::cache_info()), [6, 0, 3, 2]);
}

#[test]
fn a_runtime_that_shuts_down_gives_its_refreshes_up() {
    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = tokio::spawn)]
    async fn rate(currency: &str) -> u32 {
        if currency == "EUR" {
            pending::<()>().await;
        }
        11
    }

    finishes("a runtime that shuts down", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        rate::cache_insert("NOK", 10);
        clock.advance(60 * SECOND);
        // Neither task is polled to its end, and that of NOK perhaps not at all.
        runtime().block_on(async {
            assert_eq!((rate("EUR").await, rate::cache_info().refreshes), (10, 1));
            tokio::task::yield_now().await;
            assert_eq!((rate("NOK").await, rate::cache_info().refreshes), (10, 2));
        });
        assert_eq!(rate::cache_info().refresh_failures, 2);
        clock.advance(5 * SECOND);
        runtime().block_on(async {
            assert_eq!(rate("NOK").await, 10);
            while rate::cache_peek("NOK") != Some(11) {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(counts(rate::cache_info()), [3, 0, 3, 2]);
    });
}

#[test]
fn a_call_outside_of_a_runtime_is_answered_all_the_same() {
    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s",
        refresh_on = |run| { let _ = tokio::runtime::Handle::try_current().expect_quietly().spawn(run); })]
    async fn rate(_currency: &str) -> u32 {
        unreachable!("there is no runtime")
    }

    trait ExpectQuietly<T> {
        fn expect_quietly(self) -> T;
    }
    impl<T, E> ExpectQuietly<T> for Result<T, E> {
        fn expect_quietly(self) -> T {
            self.unwrap_or_else(|_| common::panic_silently("no runtime"))
        }
    }

    let clock = Clock::stop();
    rate::cache_insert("EUR", 10);
    clock.advance(60 * SECOND);
    assert_eq!((block_on(rate("EUR")), block_on(rate("EUR"))), (10, 10));
    assert_eq!(counts(rate::cache_info()), [2, 0, 1, 1]);
}

#[test]
fn errors_and_panics_keep_the_old_value() {
    static SPAWNED: Spawned = Spawned::new();
    static PANICS: AtomicBool = AtomicBool::new(false);

    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> Result<u32, String> {
        pauses_once().await;
        if PANICS.load(SeqCst) {
            common::panic_silently("no rates today");
        }
        Err("down".to_owned())
    }

    let clock = Clock::stop();
    rate::cache_insert("EUR", Ok(10));
    clock.advance(60 * SECOND);
    for panics in [false, true] {
        PANICS.store(panics, SeqCst);
        assert_eq!(block_on(rate("EUR")), Ok(10));
        let mut task = SPAWNED.take_one();
        assert!(poll(&mut task).is_pending());
        if panics {
            assert_eq!(common::panic_of(|| poll(&mut task)), "no rates today");
        } else {
            assert!(poll(&mut task).is_ready());
        }
        drop(task);
        assert_eq!((block_on(rate("EUR")), SPAWNED.len()), (Ok(10), 0));
        clock.advance(5 * SECOND);
    }
    assert_eq!(counts(rate::cache_info()), [4, 0, 2, 2]);
}

#[test]
fn a_result_is_not_stored_if_its_key_was_changed_during_the_run() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    let clock = Clock::stop();
    let changes: [(fn(), Option<u32>); 4] = [
        (rate::cache_clear, None),
        (|| assert_eq!(rate::cache_remove("EUR"), Some(10)), None),
        (|| rate::cache().remove_if(|_| true), None),
        (|| rate::cache_insert("EUR", 12), Some(12)),
    ];
    // The change comes before the first poll, or between two.
    for (change, stored) in changes {
        for polls in 0..2 {
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(block_on(rate("EUR")), 10);
            let mut task = SPAWNED.take_one();
            (0..polls).for_each(|_| assert!(poll(&mut task).is_pending()));
            change();
            while poll(&mut task).is_pending() {}
            assert_eq!(rate::cache_peek("EUR"), stored);
        }
    }
}

#[test]
fn a_call_tells_that_its_value_is_old_and_joins_a_run_that_outlasts_it() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    finishes("async calls of an old value", || {
        let clock = Clock::stop();
        let call = || {
            let call = block_on(rate::cache_call("EUR"));
            (call.value, call.status, call.age.unwrap().as_secs())
        };
        assert_eq!(call_of_two_polls(rate::cache_call("EUR")), (11, Miss));
        clock.advance(59 * SECOND);
        assert_eq!(call(), (11, Hit, 59));
        clock.advance(SECOND);
        assert_eq!(call(), (11, Refreshing, 60));
        assert_eq!(call(), (11, Refreshing, 60));
        let mut task = SPAWNED.take_one();
        assert!(poll(&mut task).is_pending());
        clock.advance(540 * SECOND);
        let mut late = Box::pin(rate::cache_call("EUR"));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(late.as_mut().poll(&mut cx).is_pending());
        assert!(poll(&mut task).is_ready());
        let late = block_on(late);
        assert_eq!((late.value, late.status, late.age), (11, Joined, Some(Duration::ZERO)));
        assert_eq!(counts(rate::cache_info()), [4, 1, 1, 0]);
        assert_eq!(SPAWNED.len(), 0);
    });
}

/// The result of a call whose body pauses once.
fn call_of_two_polls(
    call: impl Future<Output = memofn::CacheCall<u32>>,
) -> (u32, memofn::CallStatus) {
    let mut call = std::pin::pin!(call);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    match call.poll(&mut cx) {
        Poll::Ready(call) => (call.value, call.status),
        Poll::Pending => panic!("the body pauses once"),
    }
}

#[test]
fn a_waiter_goes_on_when_the_task_it_joined_is_dropped() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    finishes("a waiter of a task that is dropped", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(block_on(rate("EUR")), 10);
        let mut refresh = SPAWNED.take_one();
        assert!(poll(&mut refresh).is_pending());
        clock.advance(540 * SECOND);
        let mut late = Box::pin(rate("EUR"));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(late.as_mut().poll(&mut cx).is_pending());
        drop(refresh);
        assert!(late.as_mut().poll(&mut cx).is_pending(), "it runs the body itself");
        assert_eq!(late.as_mut().poll(&mut cx), Poll::Ready(11));
        assert_eq!(counts(rate::cache_info()), [1, 1, 1, 1]);
    });
}

#[test]
fn a_call_takes_the_place_of_a_task_that_was_not_polled_before_the_value_expired() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", patience = unlimited, refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    finishes("a task that is not polled", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(block_on(rate("EUR")), 10);
        clock.advance(540 * SECOND);
        assert_eq!(call_of_two_polls(rate::cache_call("EUR")), (11, Miss));
        assert_eq!(poll(&mut SPAWNED.take_one()), Poll::Ready(()), "there is nothing to do");
        assert_eq!(counts(rate::cache_info()), [1, 1, 1, 1]);
    });
}

#[test]
fn a_body_that_calls_its_own_key_gets_the_old_value() {
    static SPAWNED: Spawned = Spawned::new();

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| SPAWNED.keep(run))]
    async fn rate(currency: &str) -> u32 {
        Box::pin(rate(currency)).await + 1
    }

    finishes("an async refresh that calls its own key", || {
        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(block_on(rate("EUR")), 10);
        block_on(SPAWNED.take_one());
        assert_eq!((block_on(rate("EUR")), SPAWNED.len()), (11, 0));
    });
}

#[test]
fn with_caller_the_task_that_finds_an_old_value_runs_the_body() {
    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = caller)]
    async fn rate(_currency: &str) -> u32 {
        pauses_once().await;
        11
    }

    let clock = Clock::stop();
    rate::cache_insert("EUR", 10);
    clock.advance(60 * SECOND);
    let mut first = Box::pin(rate("EUR"));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut cx).is_pending());
    assert_eq!(block_on(rate("EUR")), 10);
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(11));
    assert_eq!(block_on(rate("EUR")), 11);
    assert_eq!(counts(rate::cache_info()), [2, 1, 1, 0]);
}

#[test]
fn a_method_is_refreshed_on_another_thread() {
    static SPAWNED: Spawned = Spawned::new();

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shop {
        name: String,
    }

    impl Shop {
        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| SPAWNED.keep(run))]
        async fn price(&self, article: Option<&str>, factors: &[f64]) -> usize {
            self.name.len()
                + article.map_or(0, str::len)
                + factors.len()
                + RUNS.fetch_add(100, SeqCst)
        }
    }
    static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    let clock = Clock::stop();
    let shop = Shop { name: "Corner".to_owned() };
    let price = || block_on(shop.price(Some("milk"), &[0.5, 1.5]));
    assert_eq!(price(), 12);
    clock.advance(60 * SECOND);
    assert_eq!(price(), 12);
    let task = SPAWNED.take_one();
    thread::spawn(|| block_on(task)).join().unwrap();
    assert_eq!(price(), 112);
}
