//! Futures that are polled, dropped and left alone as a model likes, and time that passes when it says so.

use crate::base::alarm;
use crate::base::sync::{self, patience};
use crate::flight::patience::LONGEST_PAUSE;
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use std::future::poll_fn;
use std::pin::{Pin, pin};
// From the standard library: the explorer need not switch threads at the accesses of a test itself.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Polls a future at most `polls` times, then drops it.
pub(crate) async fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
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

/// Blocks on a future, and drops it after a few polls if it is not ready.
pub(crate) fn drop_after_some_polls<F: Future>(future: F) {
    let _ = block_on(poll_at_most(some_polls(), future));
}

/// Polls a future once and leaves it where it is.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_at_most(1, poll_fn(|cx| future.as_mut().poll(cx))).await
}

/// Polls a future with a new waker each time, and one time more than it asks for. Only the last waker wakes.
pub(crate) async fn with_changing_wakers<F: Future>(future: F) -> F::Output {
    struct NumberedWaker {
        number: u64,
        latest: Arc<AtomicU64>,
        inner: Waker,
    }

    impl Wake for NumberedWaker {
        fn wake(self: Arc<Self>) {
            if self.number == self.latest.load(SeqCst) {
                self.inner.wake_by_ref();
            }
        }
    }

    let mut future = pin!(future);
    let latest = Arc::new(AtomicU64::new(0));
    poll_fn(|cx| {
        let number = latest.fetch_add(1, SeqCst) + 1;
        let waker =
            NumberedWaker { number, latest: Arc::clone(&latest), inner: cx.waker().clone() };
        let polled = future.as_mut().poll(&mut Context::from_waker(&Arc::new(waker).into()));
        if number == 1 {
            cx.waker().wake_by_ref();
        }
        polled
    })
    .await
}

/// An event in another thread, which a future waits for.
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

/// Lets the longest pause pass, and rings all alarms.
pub(crate) fn time_passes() {
    patience::pass(LONGEST_PAUSE);
    alarm::ring(sync::now());
}

/// Polls a future to its end. Time passes whenever it is pending.
pub(crate) async fn while_time_passes<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            time_passes();
            // The alarms of other calls may have rung too early to see what has happened since.
            shuttle::thread::yield_now();
            cx.waker().wake_by_ref();
        }
        polled
    })
    .await
}
