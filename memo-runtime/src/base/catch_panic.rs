//! User code whose panics must not stop ours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs user code, like a waker, and drops its panic.
pub(crate) fn catch_panic(user_code: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(user_code)) else { return };
    // The payload may panic when it is dropped, and so may the payload of that panic: it is leaked.
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(another);
    }
}

/// The result of user code, unless it panics. The panic is dropped.
#[cfg(feature = "tier")]
pub(crate) fn caught<T>(user_code: impl FnOnce() -> T) -> Option<T> {
    let mut result = None;
    catch_panic(|| result = Some(user_code()));
    result
}

/// The first panic of several pieces of user code. It goes on when all of them have run.
#[must_use = "a panic goes on"]
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    #[inline]
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn is_panic(&self) -> bool {
        self.0.is_some()
    }

    /// Runs user code. A panic is kept if it is the first, and dropped if not.
    pub(crate) fn catch(&mut self, user_code: impl FnOnce()) {
        if self.0.is_some() {
            return catch_panic(user_code);
        }
        self.0 = catch_unwind(AssertUnwindSafe(user_code)).err();
    }

    /// Lets the panic go on, if there is one.
    pub(crate) fn resume(self) {
        self.resume_after(|| ());
    }

    /// Does the rest, and then lets the panic go on, if there is one.
    #[inline]
    pub(crate) fn resume_after(self, rest: impl FnOnce()) {
        match self.0 {
            None => rest(),
            Some(panic) => {
                catch_panic(rest);
                resume_unwind(panic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn all_runs_before_the_first_panic_goes_on() {
        let ran = AtomicU32::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let mut panic = FirstPanic::none();
            for number in 1..=3_u32 {
                panic.catch(|| {
                    ran.fetch_add(1, Relaxed);
                    resume_unwind(Box::new(number));
                });
            }
            panic.resume_after(|| {
                ran.fetch_add(1, Relaxed);
                resume_unwind(Box::new(4_u32));
            });
        }));
        assert_eq!(panic.expect_err("it goes on").downcast_ref(), Some(&1_u32));
        assert_eq!(ran.load(Relaxed), 4);
    }
}
