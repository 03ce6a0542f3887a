//! What is stored of a result that a call returned, and what its callers are given.

use crate::flight::wait::SharedError;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What is stored of a result, and what those who waited for it are given.
///
/// A policy points at the part of a result to store. The part is cloned only once it is known where to: a
/// large one goes there directly.
pub trait Policy<R> {
    /// What the cache holds.
    type Stored;

    /// The part of `result` to store, if it is to be stored.
    fn store<'r>(&self, result: &'r R) -> Option<&'r Self::Stored>;
    /// A clone of what [`store`](Self::store) pointed at.
    fn cloned(stored: &Self::Stored) -> Self::Stored;
    /// What to give to those waiting for a result that is not stored.
    fn share<'r>(&self, result: &'r R) -> Offer<'r, Self::Stored>;
    /// The result of a call that found `stored`.
    fn hit(&self, stored: &Self::Stored) -> R;
    /// The result of a call that waited for another, which failed.
    fn failed(&self, _error: &(dyn Any + Send + Sync)) -> Option<R> {
        None
    }
}

/// What a run whose result is not stored leaves to those who waited for it.
pub enum Offer<'r, V> {
    /// The value.
    Value(&'r V),
    /// The error.
    Error(SharedError),
    /// Nothing: they have to compute for themselves.
    Nothing,
}

impl<V> fmt::Debug for Offer<'_, V> {
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

    fn store<'r>(&self, result: &'r R) -> Option<&'r R> {
        Some(result)
    }
    fn cloned(stored: &R) -> R {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r R) -> Offer<'r, R> {
        Offer::Value(result)
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

    fn store<'r>(&self, result: &'r R) -> Option<&'r R> {
        (self.0)(result).then_some(result)
    }
    fn cloned(stored: &R) -> R {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r R) -> Offer<'r, R> {
        Offer::Value(result)
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

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r T> {
        result.as_ref().ok()
    }
    fn cloned(stored: &T) -> T {
        stored.clone()
    }
    fn share<'r>(&self, _result: &'r Result<T, E>) -> Offer<'r, T> {
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

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r T> {
        result.as_ref().ok()
    }
    fn cloned(stored: &T) -> T {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r Result<T, E>) -> Offer<'r, T> {
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

    fn store<'r>(&self, result: &'r Result<T, E>) -> Option<&'r Result<T, E>> {
        result.is_ok().then_some(result)
    }
    fn cloned(stored: &Result<T, E>) -> Result<T, E> {
        stored.clone()
    }
    fn share<'r>(&self, result: &'r Result<T, E>) -> Offer<'r, Result<T, E>> {
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
