//! Runs a future without an executor, so that none is measured.

use std::hint;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls until the future is ready. The waker does nothing; a future that is not ready is polled again.
#[inline(always)]
#[allow(clippy::inline_always, reason = "only the future's own call is measured")]
pub(crate) fn polled<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        hint::spin_loop();
    }
}
