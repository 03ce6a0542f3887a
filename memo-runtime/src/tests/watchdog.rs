//! A watchdog for tests that wait.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Runs a test on a thread of its own. The test fails with a message if it hangs.
pub(crate) fn finishes(what: &str, test: impl FnOnce() + Send + 'static) {
    // Under Miri time passes with each step, and jumps ahead when all threads wait.
    let is_long = cfg!(miri) || std::env::var_os("MEMOFN_STRESS").is_some();
    let limit = Duration::from_secs(if is_long { 24 * 60 * 60 } else { 120 });
    let (done, is_done) = mpsc::channel();
    let runner = thread::spawn(move || {
        test();
        // The receiver is gone if the limit was exceeded.
        let _ = done.send(());
    });
    let waited = is_done.recv_timeout(limit);
    assert_ne!(waited, Err(RecvTimeoutError::Timeout), "{what}: not finished after {limit:?}");
    runner.join().unwrap_or_else(|failure| resume_unwind(failure));
}
