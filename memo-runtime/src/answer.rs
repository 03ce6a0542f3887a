//! Room for a result.

use std::fmt;
use std::mem::MaybeUninit;

/// The result of a call that runs no body.
///
/// It is found deep inside, and written here once. Returned step by step it would be moved by each function on
/// the way, and each would need room for it on the stack.
#[must_use]
pub struct Answer<R> {
    result: MaybeUninit<R>,
    is_there: bool,
}

impl<R> Answer<R> {
    /// Without a result yet.
    #[inline]
    #[allow(clippy::new_without_default, reason = "for expansions only")]
    pub const fn new() -> Self {
        Self { result: MaybeUninit::uninit(), is_there: false }
    }

    /// Writes the result, unless there is one.
    #[inline]
    pub(crate) fn put(&mut self, result: impl FnOnce() -> R) {
        if self.is_there {
            return;
        }
        // `MaybeUninit::write` would move it once more.
        #[expect(unsafe_code, reason = "a result is written in place")]
        // SAFETY: it is room for an `R`.
        unsafe {
            self.result.as_mut_ptr().write(result());
        }
        self.is_there = true;
    }

    /// The result.
    ///
    /// # Panics
    ///
    /// Panics if there is none: after a look-up that has returned no run there is one.
    #[inline]
    pub fn take(mut self) -> R {
        assert!(self.is_there, "a call without a run has a result");
        self.is_there = false;
        #[expect(unsafe_code, reason = "a result was written in place")]
        // SAFETY: there is one, and it is not taken again: `is_there` says so.
        unsafe {
            self.result.as_ptr().read()
        }
    }
}

impl<R> Drop for Answer<R> {
    #[inline]
    fn drop(&mut self) {
        if self.is_there {
            #[expect(unsafe_code, reason = "a result was written in place")]
            // SAFETY: there is one, and nobody has taken it.
            unsafe {
                self.result.assume_init_drop();
            }
        }
    }
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("is_there", &self.is_there).finish_non_exhaustive()
    }
}
