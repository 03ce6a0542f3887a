//! Room for a result.

use crate::call::renewal;
use crate::call::result_policy::Policy;
use crate::call::run_guard::RunGuard;
use crate::engine::below::AnyValue;
use crate::engine::typed::TypedEngine;
use crate::entry::entry::Entry;
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::flight::wait::SharedError;
use crate::scope::scope::Scope;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;

/// The result of a call that runs no body.
///
/// The result is found deep inside and written here once. If it were returned instead, each function on the way would
/// move it and need room for it on the stack.
///
/// This is an enum and has no `Drop`: only a result that needs dropping makes the functions larger that hold one.
#[must_use]
#[repr(C, u8)]
pub enum Answer<R> {
    /// There is no result yet.
    None,
    /// The result.
    Some(R),
}

/// An answer in memory: the layout of `repr(C, u8)`.
#[repr(C)]
struct Raw<R> {
    tag: u8,
    result: MaybeUninit<R>,
}

impl<R> Answer<R> {
    const NONE: u8 = 0;
    const SOME: u8 = 1;

    /// Writes the result, unless there is one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn put(&mut self, result: impl FnOnce() -> R) {
        if let Self::Some(_) = self {
            return;
        }
        // An assignment would move the result once more.
        let raw = ptr::from_mut(self).cast::<Raw<R>>();
        #[expect(unsafe_code, reason = "a result is written in place")]
        // SAFETY: an answer has the layout of `Raw`. It holds no result, so there is nothing to drop.
        unsafe {
            (&raw mut (*raw).result).cast::<R>().write(result());
            (&raw mut (*raw).tag).write(Self::SOME);
        }
    }

    /// The result.
    ///
    /// # Panics
    ///
    /// Panics if there is none. After a look-up that returned no run there is one.
    #[inline]
    pub fn take(&mut self) -> R {
        assert!(matches!(self, Self::Some(_)), "a call without a run has a result");
        let raw = ptr::from_mut(self).cast::<Raw<R>>();
        #[expect(unsafe_code, reason = "a result was written in place")]
        // SAFETY: an answer has the layout of `Raw`. It holds a result, which the caller takes over.
        unsafe {
            (&raw mut (*raw).tag).write(Self::NONE);
            (&raw const (*raw).result).cast::<R>().read()
        }
    }
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// The place for the result of a call, of a type that the slow path does not know.
pub(crate) trait AnyAnswer<S: Scope> {
    /// Puts a clone of the entry's value there. It is user code.
    fn put_value(&mut self, entry: EntryRef);
    /// [`put_value`](Self::put_value) of an entry that a look-up without the lock has found, and which has a value.
    fn put_found(&mut self, entry: FaceRef);
    /// Puts a clone of a value of the cache's type there. It is user code.
    fn put_given(&mut self, value: &dyn AnyValue);
    /// Hands a run over to the background, as the cache says. It is user code.
    fn hand_over(&mut self, guard: RunGuard<'_, S>);
    /// Puts a clone of the error there, if the policy shares errors.
    fn put_error(&mut self, error: &SharedError) -> bool;
}

/// The [`Answer`] of a call to a cache with keys `K`.
pub(crate) struct AnswerFrom<'a, R, P: Policy<R>, K, S: Scope> {
    engine: &'a TypedEngine<K, P::Stored, S>,
    policy: &'a P,
    answer: &'a mut Answer<R>,
}

impl<'a, R, P: Policy<R>, K, S: Scope> AnswerFrom<'a, R, P, K, S> {
    #[inline]
    pub(crate) fn new(
        engine: &'a TypedEngine<K, P::Stored, S>,
        policy: &'a P,
        answer: &'a mut Answer<R>,
    ) -> Self {
        Self { engine, policy, answer }
    }
}

impl<R, P: Policy<R>, K, S: Scope> AnyAnswer<S> for AnswerFrom<'_, R, P, K, S> {
    fn put_value(&mut self, entry: EntryRef) {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: this was made with an engine of these types. The caller keeps the entry alive.
        let entry = unsafe { Entry::<K, P::Stored>::of(entry) };
        self.answer.put(|| self.policy.hit(entry.value()));
    }

    fn put_found(&mut self, entry: FaceRef) {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: this was made with an engine of these types. The caller keeps the entry alive, and has seen that there is
        // a value.
        let value = unsafe { Entry::<K, P::Stored>::value_of(entry) };
        self.answer.put(|| self.policy.hit(value));
    }

    fn put_given(&mut self, value: &dyn AnyValue) {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: what stands below an engine gives values of its type.
        let value = unsafe { value.value().cast::<P::Stored>().as_ref() };
        self.answer.put(|| self.policy.hit(value));
    }

    fn hand_over(&mut self, guard: RunGuard<'_, S>) {
        renewal::hand_over(self.engine, guard);
    }

    fn put_error(&mut self, error: &SharedError) -> bool {
        let Some(result) = self.policy.failed(&**error) else { return false };
        self.answer.put(|| result);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn answer_of<R>(result: R) -> Answer<R> {
        let mut answer = Answer::None;
        answer.put(|| result);
        answer
    }

    #[test]
    fn a_result_that_was_put_is_taken() {
        assert_eq!(answer_of("one").take(), "one");
        assert_eq!(answer_of(()).take(), ());
        assert_eq!(answer_of(1_u128).take(), 1);
        assert_eq!(answer_of(Some([1_u8; 3])).take(), Some([1; 3]));
        let Answer::Some('a') = answer_of('a') else { panic!("it has the layout of an enum") };
    }

    #[test]
    fn a_result_that_is_not_taken_is_dropped_once() {
        let result = Rc::new(());
        let mut answer = answer_of(Rc::clone(&result));
        answer.put(|| unreachable!("there is one"));
        drop(answer);
        let taken = answer_of(Rc::clone(&result)).take();
        assert_eq!(Rc::strong_count(&result), 2);
        drop(taken);
        assert_eq!(Rc::strong_count(&result), 1);
    }
}
