//! What async models are made of: calls that are accounted for, futures that are polled, dropped and left
//! alone as one likes, and time that passes when it is told to.

use crate::Cache;
use crate::base::alarm;
use crate::base::sync::{self, patience};
use crate::flight::{self, wait_graph};
use shuttle::future::{block_on, yield_now};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use std::future::poll_fn;
use std::pin::{Pin, pin};
// Of the standard library, so that counting is no step to explore.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// A cache that gives ten for one, and what has been done to that end.
pub(crate) struct Ledger {
    pub(crate) cache: Cache<u64, u64>,
    /// Bodies that were begun, and those that came to their end.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Calls that were answered.
    answers: AtomicU64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let [begun, ended, answers] = Default::default();
        Self { cache: Cache::new(8), begun, ended, answers }
    }

    /// One whose calls run the body as well when the second alarm has rung for them.
    pub(crate) fn impatient() -> Self {
        let cache = Cache::builder().maxsize(8).patience(Duration::from_millis(40));
        Self { cache: cache.build(), ..Self::new() }
    }

    pub(crate) async fn call_with(&self, key: u64, work: impl AsyncFnOnce()) {
        let body = async || {
            self.begun.fetch_add(1, SeqCst);
            work().await;
            self.ended.fetch_add(1, SeqCst);
            10 * key
        };
        self.answered(key, self.cache.get_or_compute_async(key, body).await);
    }

    pub(crate) async fn call(&self, key: u64) {
        self.call_with(key, async || yield_now().await).await;
    }

    pub(crate) fn call_blocking(&self, key: u64, work: impl FnOnce()) {
        let body = || {
            self.begun.fetch_add(1, SeqCst);
            work();
            self.ended.fetch_add(1, SeqCst);
            10 * key
        };
        self.answered(key, self.cache.get_or_compute(key, body));
    }

    fn answered(&self, key: u64, value: u64) {
        assert_eq!(value, 10 * key);
        self.answers.fetch_add(1, SeqCst);
    }

    pub(crate) fn runs(&self) -> u64 {
        self.begun.load(SeqCst)
    }

    /// Each run is a miss, though it may have been dropped; each answer without a run is a hit.
    pub(crate) fn is_settled(&self) {
        let info = self.cache.info();
        assert_eq!(info.misses, self.runs(), "{info:?}");
        assert_eq!(info.hits, self.answers.load(SeqCst) - self.ended.load(SeqCst), "{info:?}");
        nothing_is_left_of(&self.cache);
    }
}

pub(crate) fn nothing_is_left_of<K, V>(cache: &Cache<K, V>) {
    assert_eq!(cache.engine().flights_under_way(), 0);
    assert!(wait_graph::is_quiet(), "somebody is known to wait");
    assert!(alarm::is_quiet(), "an alarm is set");
}

/// Polls a future so often at most, and drops it then.
pub(crate) async fn cut<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left > 0 {
            left -= 1;
            match future.as_mut().poll(cx) {
                Poll::Ready(output) => return Poll::Ready(Some(output)),
                Poll::Pending if left > 0 => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        Poll::Ready(None)
    })
    .await
}

pub(crate) fn some_polls() -> usize {
    thread_rng().gen_range(0..=3)
}

/// Blocks on a future, and drops it sooner or later.
pub(crate) fn abandon<F: Future>(future: F) {
    let _ = block_on(cut(some_polls(), future));
}

/// Polls a future that it leaves to whoever has it.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    cut(1, poll_fn(|cx| future.as_mut().poll(cx))).await
}

/// Polls a future with another waker each time, of which the last alone wakes; and more often than it
/// asks for.
pub(crate) async fn with_changing_wakers<F: Future>(future: F) -> F::Output {
    struct Dated {
        date: u64,
        today: Arc<AtomicU64>,
        waker: Waker,
    }

    impl Wake for Dated {
        fn wake(self: Arc<Self>) {
            if self.date == self.today.load(SeqCst) {
                self.waker.wake_by_ref();
            }
        }
    }

    let mut future = pin!(future);
    let today = Arc::new(AtomicU64::new(0));
    poll_fn(|cx| {
        let date = today.fetch_add(1, SeqCst) + 1;
        let dated = Dated { date, today: Arc::clone(&today), waker: cx.waker().clone() };
        let polled = future.as_mut().poll(&mut Context::from_waker(&Arc::new(dated).into()));
        if date == 1 {
            cx.waker().wake_by_ref();
        }
        polled
    })
    .await
}

/// Something that happens somewhere else.
#[derive(Default)]
pub(crate) struct Event(Mutex<(bool, Option<Waker>)>);

impl Event {
    pub(crate) fn happens(&self) {
        let waker = {
            let mut event = self.0.lock().unwrap();
            event.0 = true;
            event.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|cx| {
            let mut event = self.0.lock().unwrap();
            if event.0 {
                return Poll::Ready(());
            }
            event.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Until all alarms ring.
pub(crate) fn time_passes() {
    patience::pass(flight::patience::LONGEST_PAUSE);
    alarm::ring(sync::now());
}

/// Lets time pass whenever a future has nothing to do.
pub(crate) async fn impatiently<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            time_passes();
            // Somebody else's alarms may have gone off too early to see what has happened since.
            shuttle::thread::yield_now();
            cx.waker().wake_by_ref();
        }
        polled
    })
    .await
}
