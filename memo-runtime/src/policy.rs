//! What is stored of a result that a call returned, and what its callers are given.

use crate::wait::SharedError;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What is stored of a result, and what those who waited for it are given.
pub trait Policy<R> {
    /// What the cache holds.
    type Stored;

    /// The part of `result` to store, if it is to be stored.
    fn store(&self, result: &R) -> Option<Self::Stored>;
    /// What to give to those waiting for a result that is not stored.
    fn share(&self, result: &R) -> Offer<Self::Stored>;
    /// The result of a call that found `stored`.
    fn hit(&self, stored: &Self::Stored) -> R;
    /// The result of a call that waited for another, which failed.
    fn failed(&self, _error: &(dyn Any + Send + Sync)) -> Option<R> {
        None
    }
}

/// What a run whose result is not stored leaves to those who waited for it.
pub enum Offer<V> {
    /// The value.
    Value(V),
    /// The error.
    Error(SharedError),
    /// Nothing: they have to compute for themselves.
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

/// Everything is stored.
#[derive(Debug, Clone, Copy)]
pub struct Whole;

impl<R: Clone> Policy<R> for Whole {
    type Stored = R;

    fn store(&self, result: &R) -> Option<R> {
        Some(result.clone())
    }
    fn share(&self, result: &R) -> Offer<R> {
        Offer::Value(result.clone())
    }
    #[inline]
    fn hit(&self, stored: &R) -> R {
        stored.clone()
    }
}

/// What a predicate accepts is stored, be it a `Result` or not.
#[derive(Debug)]
pub struct Filtered<R>(pub(crate) fn(&R) -> bool);

impl<R: Clone> Policy<R> for Filtered<R> {
    type Stored = R;

    fn store(&self, result: &R) -> Option<R> {
        (self.0)(result).then(|| result.clone())
    }
    fn share(&self, result: &R) -> Offer<R> {
        Offer::Value(result.clone())
    }
    #[inline]
    fn hit(&self, stored: &R) -> R {
        stored.clone()
    }
}

/// `Ok` is stored; those who waited for an `Err` compute for themselves.
#[derive(Debug, Clone, Copy)]
pub struct OkOnly;

impl<T: Clone, E> Policy<Result<T, E>> for OkOnly {
    type Stored = T;

    fn store(&self, result: &Result<T, E>) -> Option<T> {
        result.as_ref().ok().cloned()
    }
    fn share(&self, _result: &Result<T, E>) -> Offer<T> {
        Offer::Nothing
    }
    #[inline]
    fn hit(&self, stored: &T) -> Result<T, E> {
        Ok(stored.clone())
    }
}

/// `Ok` is stored; those who waited for an `Err` are given a clone of it.
#[derive(Debug, Clone, Copy)]
pub struct OkShared;

impl<T: Clone, E: Clone + Send + Sync + 'static> Policy<Result<T, E>> for OkShared {
    type Stored = T;

    fn store(&self, result: &Result<T, E>) -> Option<T> {
        result.as_ref().ok().cloned()
    }
    fn share(&self, result: &Result<T, E>) -> Offer<T> {
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

/// `Ok` is stored, as a `Result`; those who waited for an `Err` are given a clone of it.
#[derive(Debug, Clone, Copy)]
pub struct OkWhole;

impl<T: Clone, E: Clone> Policy<Result<T, E>> for OkWhole {
    type Stored = Result<T, E>;

    fn store(&self, result: &Result<T, E>) -> Option<Result<T, E>> {
        result.is_ok().then(|| result.clone())
    }
    fn share(&self, result: &Result<T, E>) -> Offer<Result<T, E>> {
        Offer::Value(result.clone())
    }
    #[inline]
    fn hit(&self, stored: &Result<T, E>) -> Result<T, E> {
        stored.clone()
    }
}

macro_rules! whole {
    ($($kind:ident => $whole:ident;)*) => {$(
        impl $kind {
            /// The kind of a return type that the macro took for no `Result`, and says to be stored
            /// whole. If it is one after all, by an alias, its `Ok` alone is stored still, but in a
            /// `Result`.
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
