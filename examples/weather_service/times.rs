//! The time of hits. The cache itself measures runs only: a clock would cost more than a hit.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

/// The times of the latest hits.
static HITS: Mutex<VecDeque<Duration>> = Mutex::new(VecDeque::new());

/// The number of times that are kept.
const KEPT: usize = 101;

/// Measures the call if it is a hit: a memoized `async fn` is ready at the first poll then. Other calls
/// wait for the upstream.
pub(crate) async fn of_hit<R>(call: impl Future<Output = R>) -> R {
    let mut call = pin!(call);
    let begun = Instant::now();
    match futures::poll!(call.as_mut()) {
        Poll::Ready(answer) => {
            add(begun.elapsed());
            answer
        }
        Poll::Pending => call.await,
    }
}

fn add(time: Duration) {
    let mut hits = HITS.lock().unwrap_or_else(PoisonError::into_inner);
    if hits.len() == KEPT {
        hits.pop_front();
    }
    hits.push_back(time);
}

/// The median: a call that was interrupted does not move it.
pub(crate) fn median_of_hits() -> Option<Duration> {
    let hits = HITS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut hits: Vec<_> = hits.iter().copied().collect();
    hits.sort_unstable();
    hits.get(hits.len() / 2).copied()
}
