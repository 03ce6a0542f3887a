//! Refreshes in the background: `refresh_after`, `refresh_on`, `retry_after` of a function.
//!
//! Most tests hand the runs to [`Jobs`], which keep them until the test says what becomes of them.

/// Has a refresh of a value of 10 begin, a minute after the value was stored, and returns the clock.
macro_rules! refreshing {
    ($rate:ident) => {{
        let clock = Clock::stop();
        $rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!($rate("EUR"), 10);
        clock
    }};
}

mod bodies;
mod by_caller;
mod callers;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod spawners;

use common::{finishes, panic_silently};
use futures::executor::block_on;
use memofn::CallStatus::{Hit, Joined, Miss, Refreshing};
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(120);

type Job = Box<dyn FnOnce() + Send>;

/// Runs on their way to the background.
struct Jobs(Mutex<Vec<Job>>);

impl Jobs {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn keep(&self, job: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(job));
    }

    fn take(&self) -> Vec<Job> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one run that was handed over.
    fn take_one(&self) -> Job {
        let mut jobs = self.take();
        assert_eq!(jobs.len(), 1, "one run was handed over");
        jobs.remove(0)
    }

    /// Runs the one run that was handed over.
    fn run_one(&self) {
        self.take_one()();
    }

    fn assert_none(&self) {
        assert_eq!(self.take().len(), 0, "no run was handed over");
    }
}

/// A body that tells when it runs, and returns what it is sent.
struct Held(Mutex<Option<(Sender<()>, Receiver<u32>)>>);

impl Held {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn open(&self) -> (Receiver<()>, Sender<u32>) {
        let ((begun, begins), (send, results)) = (channel(), channel());
        *self.0.lock().unwrap() = Some((begun, results));
        (begins, send)
    }

    fn run(&self) -> u32 {
        self.run_if_open().expect("one run is expected").expect("the test sends a result")
    }

    /// `None` if no run is expected. An error if the test sends no result.
    fn run_if_open(&self) -> Option<Result<u32, RecvTimeoutError>> {
        let (begun, results) = self.0.lock().unwrap().take()?;
        begun.send(()).expect("the test waits");
        Some(results.recv_timeout(LONG))
    }
}

/// A nanosecond less than so many seconds.
fn just_before(seconds: u64) -> Duration {
    Duration::from_nanos(seconds * 1_000_000_000 - 1)
}

/// Waits until the background has done something.
fn until(is_done: impl Fn() -> bool) {
    while !is_done() {
        thread::yield_now();
    }
}

/// Hits, misses, refreshes and their failures.
fn counts(info: CacheInfo) -> [u64; 4] {
    [info.hits, info.misses, info.refreshes, info.refresh_failures]
}
