//! Futures without an executor, so that none is measured.

use std::hint;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls until it is ready. Nobody is woken: what is not ready is polled again.
#[inline(always)]
#[allow(clippy::inline_always, reason = "no call is to be measured but the future's")]
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
