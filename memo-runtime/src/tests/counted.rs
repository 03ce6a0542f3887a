//! A cache that counts its runs, and small tools for tests of async calls.

use crate::Cache;
use crate::base::alarm;
use crate::flight::wait_graph;
use crate::tests::executor::pauses;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Wake};
use std::thread;
use std::time::{Duration, Instant};

/// A cache in which key `k` has the value `10 * k`, and the number of its runs.
#[derive(Clone)]
pub(crate) struct Counted(Arc<(Cache<u8, u8>, AtomicUsize)>);

impl Counted {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Cache::new(8), AtomicUsize::new(0))))
    }

    /// With a patience that ends soon.
    pub(crate) fn impatient() -> Self {
        let cache = Cache::builder().maxsize(8).patience(Duration::from_millis(50));
        Self(Arc::new((cache.build(), AtomicUsize::new(0))))
    }

    pub(crate) fn cache(&self) -> &Cache<u8, u8> {
        &self.0.0
    }

    pub(crate) async fn call_with(&self, key: u8, work: impl AsyncFnOnce()) {
        let body = async || {
            self.0.1.fetch_add(1, SeqCst);
            work().await;
            10 * key
        };
        assert_eq!(self.cache().get_or_compute_async(key, body).await, 10 * key);
    }

    pub(crate) async fn call(&self, key: u8) {
        self.call_with(key, async || pauses(2).await).await;
    }

    pub(crate) fn runs(&self) -> usize {
        self.0.1.load(SeqCst)
    }
}

impl Drop for Counted {
    /// The last handle checks that nothing is left behind. The checks of the whole process are for Miri, which runs one test at a
    /// time.
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) == 1 && !thread::panicking() {
            assert_eq!(self.cache().engine().engine().flights_under_way(), 0);
            if cfg!(miri) {
                assert!(wait_graph::is_quiet());
                wait_for("the alarm thread to end", alarm::is_quiet);
                // Miri reports threads that are left at the end: the alarm's thread has to exit.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

pub(crate) fn wait_for(what: &str, mut happens: impl FnMut() -> bool) {
    // A watchdog: longer than anything takes on a busy machine.
    const LIMIT: Duration = Duration::from_secs(60);
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < LIMIT, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Polls a future at most `polls` times, then drops it.
pub(crate) async fn poll_at_most(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        let polled = future.as_mut().poll(cx).map(drop);
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { polled }
    })
    .await;
}

/// A waker that notes whether it was woken.
#[derive(Default)]
pub(crate) struct Flag(pub(crate) AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}
