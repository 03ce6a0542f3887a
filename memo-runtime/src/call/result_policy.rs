//! The policy for a result: the part to store, and what other callers get.

use crate::call::span::Outcome;
use crate::flight::wait::SharedError;
use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// Decides which part of a result is stored, and what waiters get.
///
/// A policy points at the part to store. That is cloned later, when it is known where it goes: a large value is
/// cloned into its entry.
pub trait Policy<R> {
    /// The type that the cache holds.
    type Stored;

    /// Why a result is not stored.
    const REFUSAL: Outcome = Outcome::Error;

    /// The part of `result` to store, if there is one.
    fn store<'r>(&self, result: &'r R) -> Option<&'r Self::Stored>;
    /// A clone of what [`store`](Self::store) pointed at.
    fn cloned(stored: &Self::Stored) -> Self::Stored;
    /// The offer to the waiters of a result that is not stored.
    fn share<'r>(&self, result: &'r R) -> Offer<&'r Self::Stored>;
    /// The result of a call that found `stored`.
    fn hit(&self, stored: &Self::Stored) -> R;
    /// The result of a call that waited for a run which failed.
    fn failed(&self, _error: &(dyn Any + Send + Sync)) -> Option<R> {
        None
    }
}

/// A run leaves this to its waiters if its result is not stored.
pub enum Offer<V> {
    /// The value.
    Value(V),
    /// The error.
    Error(SharedError),
    /// Nothing: each waiter computes for itself.
    Nothing,
}

impl<V> fmt::Debug for Offer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value",
            Self::Error(_) => "Error",
            Self::Nothing => "Nothing",
        })
    }
}

/// The result of a run, of a type that the run does not know.
///
/// The maker of one promises that it is used with entries whose values are what the policy stores.
pub(crate) trait AnyResult {
    /// Whether it is stored.
    fn is_stored(&self) -> bool;
    /// Why it is not stored.
    fn refusal(&self) -> Outcome;
    /// The offer to the waiters of a result that is not stored.
    fn share(&mut self) -> Offer<()>;
    /// The value that is stored, if it is.
    fn value(&self) -> Option<NonNull<()>>;
    /// Writes a clone of the value that is stored or shared. It is user code.
    fn write(&mut self, to: NonNull<()>);
}

/// A result and its policy.
pub(crate) struct RunResult<'r, R, P: Policy<R>> {
    policy: &'r P,
    result: &'r R,
    value: Option<&'r P::Stored>,
}

impl<'r, R, P: Policy<R>> RunResult<'r, R, P> {
    /// Asks the policy whether the result is stored, which may be user code.
    ///
    /// # Safety
    ///
    /// This is used with entries whose values are of type `P::Stored`.
    #[expect(unsafe_code, reason = "a run has no types")]
    pub(crate) unsafe fn new(policy: &'r P, result: &'r R) -> Self {
        Self { policy, result, value: policy.store(result) }
    }
}

impl<R, P: Policy<R>> AnyResult for RunResult<'_, R, P> {
    fn is_stored(&self) -> bool {
        self.value.is_some()
    }

    fn refusal(&self) -> Outcome {
        P::REFUSAL
    }

    fn share(&mut self) -> Offer<()> {
        match self.policy.share(self.result) {
            Offer::Value(value) => {
                self.value = Some(value);
                Offer::Value(())
            }
            Offer::Error(error) => Offer::Error(error),
            Offer::Nothing => Offer::Nothing,
        }
    }

    fn value(&self) -> Option<NonNull<()>> {
        self.value.map(|value| NonNull::from(value).cast())
    }

    fn write(&mut self, to: NonNull<()>) {
        let value = self.value.expect("it is stored or shared");
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the maker of this has promised that `to` is room for such a value.
        unsafe {
            to.cast().write(P::cloned(value));
        }
    }
}

/// Everything is stored.
#[derive(Debug, Clone, Copy)]
pub struct Whole;

impl<R: Clone> Policy<R> for Whole {
    type Stored = R;

    fn store<'r>(&self, result: &'r R) -> Option<&'r R> {
        Some(result)
    }
    fn cloned(stored: &R) -> R {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r R) -> Offer<&'r R> {
        Offer::Value(result)
    }
    #[inline]
    fn hit(&self, stored: &R) -> R {
        stored.clone()
    }
}

/// A result is stored if a predicate accepts it, even a `Result`.
#[derive(Debug)]
pub struct Filtered<R>(pub(crate) fn(&R) -> bool);

impl<R: Clone> Policy<R> for Filtered<R> {
    type Stored = R;
    const REFUSAL: Outcome = Outcome::Rejected;

    fn store<'r>(&self, result: &'r R) -> Option<&'r R> {
        (self.0)(result).then_some(result)
    }
    fn cloned(stored: &R) -> R {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r R) -> Offer<&'r R> {
        Offer::Value(result)
    }
    #[inline]
    fn hit(&self, stored: &R) -> R {
        stored.clone()
    }
}

/// `Ok` is stored. The waiters of an `Err` compute for themselves.
#[derive(Debug, Clone, Copy)]
pub struct OkOnly;

impl<T: Clone, E> Policy<Result<T, E>> for OkOnly {
    type Stored = T;

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r T> {
        result.as_ref().ok()
    }
    fn cloned(stored: &T) -> T {
        stored.clone()
    }
    fn share<'r>(&self, _result: &'r Result<T, E>) -> Offer<&'r T> {
        Offer::Nothing
    }
    #[inline]
    fn hit(&self, stored: &T) -> Result<T, E> {
        Ok(stored.clone())
    }
}

/// `Ok` is stored. The waiters of an `Err` get a clone of it.
#[derive(Debug, Clone, Copy)]
pub struct OkShared;

impl<T: Clone, E: Clone + Send + Sync + 'static> Policy<Result<T, E>> for OkShared {
    type Stored = T;

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r T> {
        result.as_ref().ok()
    }
    fn cloned(stored: &T) -> T {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r Result<T, E>) -> Offer<&'r T> {
        match result {
            Ok(_) => Offer::Nothing,
            Err(error) => Offer::Error(Arc::new(error.clone())),
        }
    }
    #[inline]
    fn hit(&self, stored: &T) -> Result<T, E> {
        Ok(stored.clone())
    }
    fn failed(&self, error: &(dyn Any + Send + Sync)) -> Option<Result<T, E>> {
        error.downcast_ref::<E>().cloned().map(Err)
    }
}

/// `Ok` is stored, as a `Result`. The waiters of an `Err` get a clone of it.
#[derive(Debug, Clone, Copy)]
pub struct OkWhole;

impl<T: Clone, E: Clone> Policy<Result<T, E>> for OkWhole {
    type Stored = Result<T, E>;

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r Result<T, E>> {
        result.is_ok().then_some(result)
    }
    fn cloned(stored: &Result<T, E>) -> Result<T, E> {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r Result<T, E>) -> Offer<&'r Result<T, E>> {
        Offer::Value(result)
    }
    #[inline]
    fn hit(&self, stored: &Result<T, E>) -> Result<T, E> {
        stored.clone()
    }
}

macro_rules! whole {
    ($($kind:ident => $whole:ident;)*) => {$(
        impl $kind {
            /// The policy for a return type that does not look like a `Result` to the macro, and is stored whole.
            /// Behind an alias it may still be one: then only an `Ok` is stored, within its `Result`.
            #[inline]
            #[must_use]
            pub fn whole(self) -> $whole {
                $whole
            }
        }
    )*};
}
whole! {
    Whole => Whole;
    OkOnly => OkWhole;
    OkShared => OkWhole;
}
