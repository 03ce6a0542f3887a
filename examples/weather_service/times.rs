//! What the calls of [`temperature`](crate::client::temperature) take.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Calls that found their answer in the cache.
pub(crate) static HITS: Times = Times::new();

/// Calls that asked the upstream.
pub(crate) static RUNS: Times = Times::new();

/// The times of the latest calls.
pub(crate) struct Times(Mutex<VecDeque<Duration>>);

impl Times {
    const KEPT: usize = 101;

    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn add(&self, time: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() == Self::KEPT {
            times.pop_front();
        }
        times.push_back(time);
    }

    /// The median: a call that was interrupted does not move it.
    pub(crate) fn median(&self) -> Option<Duration> {
        let mut times: Vec<_> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }
}

/// Measures a call that asks the upstream.
pub(crate) async fn of_run<R>(call: impl Future<Output = R>) -> R {
    let begun = Instant::now();
    let answer = call.await;
    RUNS.add(begun.elapsed());
    answer
}

/// Measures the call if it is a hit: a memoized `async fn` is ready at the first poll then. Other calls
/// wait for the upstream.
pub(crate) async fn of_hit<R>(call: impl Future<Output = R>) -> R {
    let mut call = pin!(call);
    let begun = Instant::now();
    match futures::poll!(call.as_mut()) {
        Poll::Ready(answer) => {
            HITS.add(begun.elapsed());
            answer
        }
        Poll::Pending => call.await,
    }
}
