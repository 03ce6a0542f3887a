//! User code whose panics must not stop ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs user code, like a waker, and drops its panic.
pub(crate) fn catch_panic(user_code: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(user_code)) else { return };
    // The payload may panic when it is dropped, and so may the payload of that panic: it is leaked.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::resume_unwind;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static LEFT: AtomicU32 = AtomicU32::new(2);

    /// The first one panics when it is dropped.
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            if LEFT.fetch_sub(1, Relaxed) == 2 {
                resume_unwind(Box::new(()));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_is_caught() {
        catch_panic(|| resume_unwind(Box::new(Again)));
        catch_panic(|| resume_unwind(Box::new(Again)));
        assert_eq!(LEFT.load(Relaxed), 0);
    }
}
