//! Code of others whose panics are theirs.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what must not end what goes on here, as the wakers of an executor.
pub(crate) fn catch_panic(theirs: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(theirs)) else { return };
    // What was thrown may throw when it is dropped, and so on: no further than this.
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

    /// Panics when it is dropped, with another one, once.
    struct Again;

    impl Drop for Again {
        fn drop(&mut self) {
            if LEFT.fetch_sub(1, Relaxed) == 2 {
                resume_unwind(Box::new(()));
            }
        }
    }

    #[test]
    fn what_is_thrown_is_dropped_even_if_that_throws() {
        catch_panic(|| resume_unwind(Box::new(Again)));
        catch_panic(|| resume_unwind(Box::new(Again)));
        assert_eq!(LEFT.load(Relaxed), 0);
    }
}
