//! The kind of a return type: a `Result` or not, and how much of it is stored.
//!
//! A `Result` stores its `Ok` and returns its `Err` to the caller alone. Any other type is stored whole. The macro
//! cannot tell them apart, since it sees `io::Result<T>` and `MyResult<T>` as names only. The compiler can:
//! [`Probe`] has an inherent constant for results, and a constant of the same name from a trait for all other types.
//! A path finds the inherent one first. Method look-up decides in the same way whether an error can be shared. So
//! `E: Clone` and `E: Send` are never required.
//!
//! Inside a generic function the answer is that for the type as it is written: a bare type parameter is no `Result`,
//! even if the caller puts one in its place.

use crate::call::result_policy::{OkOnly, OkShared, OkWhole, Policy, Whole};
use std::fmt;
use std::marker::PhantomData;

/// Asks the compiler for the kind of the return type `R`.
pub struct Probe<R>(PhantomData<fn() -> R>);

impl<R> fmt::Debug for Probe<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<R> Probe<R> {
    /// The question.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "for expansions only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Probe<Result<T, E>> {
    /// This is a `Result`.
    pub const MEMOFN_IS_RESULT: bool = true;
}

/// The answer for every type that is not a `Result`.
pub trait NotResult {
    /// This is no `Result`.
    const MEMOFN_IS_RESULT: bool = false;
}

impl<R> NotResult for Probe<R> {}

/// The type that a cache stores for the return type `Self`, by whether that is a `Result`: `T` for a `Result<T, E>`,
/// all of it for another type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named like a `Result`, and is none",
    label = "its name was taken for that of the standard `Result`",
    note = "use a name that does not end in `Result`: `use my::Result as Answer`; in an impl block, \
            `#[memoize]` on the block may help as well"
)]
pub trait ResultKind<const IS_RESULT: bool> {
    /// The stored type.
    type Stored;
}

impl<R> ResultKind<false> for R {
    type Stored = R;
}

impl<T, E> ResultKind<true> for Result<T, E> {
    type Stored = T;
}

/// A policy for the return type `R`, by whether that is a `Result`.
pub trait PolicyFor<R: ResultKind<IS_RESULT>, const IS_RESULT: bool>:
    Policy<R, Stored = R::Stored>
{
}

impl<R, P, const IS_RESULT: bool> PolicyFor<R, IS_RESULT> for P
where
    R: ResultKind<IS_RESULT>,
    P: Policy<R, Stored = R::Stored>,
{
}

/// The type that a cache stores for the return type `Self`, by its policy `P`. Unlike the policy it asks for no
/// `Clone`, so that a missing `Clone` is one error.
pub trait StoredAs<P> {
    /// The stored type.
    type Stored;
}

macro_rules! stored_as {
    ($(($($generics:ident)*) $R:ty, $kind:ty => $stored:ty;)*) => {$(
        impl<$($generics),*> StoredAs<$kind> for $R {
            type Stored = $stored;
        }
    )*};
}
stored_as! {
    (R) R, Whole => R;
    (T E) Result<T, E>, OkOnly => T;
    (T E) Result<T, E>, OkShared => T;
    (T E) Result<T, E>, OkWhole => Self;
}

/// `__kind!(R)` chooses this for a `Result` whose error can be shared.
pub trait SharesErrors {
    /// The kind.
    fn memofn_kind(&self) -> OkShared {
        OkShared
    }
}

/// It chooses this for another `Result`.
pub trait StoresOk {
    /// The kind.
    fn memofn_kind(&self) -> OkOnly {
        OkOnly
    }
}

/// It chooses this for any other type.
pub trait StoresAll {
    /// The kind.
    fn memofn_kind(&self) -> Whole {
        Whole
    }
}

impl<T, E: Clone + Send + Sync + 'static> SharesErrors for &&Probe<Result<T, E>> {}
impl<T, E> StoresOk for &Probe<Result<T, E>> {}
impl<R> StoresAll for Probe<R> {}

/// The kind of a return type, as a value: [`Whole`], [`OkOnly`] or [`OkShared`].
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    ($R:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{SharesErrors as _, StoresAll as _, StoresOk as _};
        (&&&$crate::__private::Probe::<$R>::new()).memofn_kind()
    }};
}

/// [`__kind`](crate::__kind) of a return type whose error may borrow: it is not shared.
#[doc(hidden)]
#[macro_export]
macro_rules! __unshared_kind {
    ($R:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{StoresAll as _, StoresOk as _};
        (&&$crate::__private::Probe::<$R>::new()).memofn_kind()
    }};
}

/// Stands for a type parameter while the compiler is asked whether a return type is a `Result`. Its name is in the
/// compiler's message if the parameter of a method's type needs another trait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PutMemoizeOnTheImplBlockAsWell;

impl fmt::Display for PutMemoizeOnTheImplBlockAsWell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stand-in")
    }
}

impl std::error::Error for PutMemoizeOnTheImplBlockAsWell {}

/// Stands for a constant, by its type.
#[doc(hidden)]
#[macro_export]
macro_rules! __stand_in {
    (bool) => {
        false
    };
    (char) => {
        ' '
    };
    ($T:ty) => {
        0
    };
}

/// The policy of this kind for a return type `R` in a cache that holds `V`.
pub trait Storing<R, V> {
    /// The policy.
    type Policy;
    #[doc(hidden)]
    fn policy(self) -> Self::Policy;
}

macro_rules! storing {
    ($(($($generics:ident)*) $kind:ident, $R:ty, $V:ty => $policy:ident;)*) => {$(
        impl<$($generics),*> Storing<$R, $V> for $kind {
            type Policy = $policy;
            fn policy(self) -> $policy {
                $policy
            }
        }
    )*};
}
storing! {
    (R) Whole, R, R => Whole;
    (T E) OkOnly, Result<T, E>, T => OkOnly;
    (T E) OkOnly, Result<T, E>, Result<T, E> => OkWhole;
    (T E) OkShared, Result<T, E>, T => OkShared;
    (T E) OkShared, Result<T, E>, Result<T, E> => OkWhole;
}

macro_rules! kinds {
    ($($kind:ident)*) => {$(
        impl $kind {
            /// The policy for a return type `R` in a cache that holds `V`. Behind an alias that only its function sees, a
            /// method cannot tell a `Result` from another type: then the `Result` is stored.
            #[inline]
            #[must_use]
            pub fn storing<R, V>(self) -> <Self as Storing<R, V>>::Policy
            where
                Self: Storing<R, V>,
            {
                Storing::<R, V>::policy(self)
            }
        }
    )*};
}
kinds! { Whole OkOnly OkShared }

/// Whether a return type is a `Result`, as a constant.
#[doc(hidden)]
#[macro_export]
macro_rules! __fallible {
    ($R:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::NotResult as _;
        $crate::__private::Probe::<$R>::MEMOFN_IS_RESULT
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use std::io;

    type BoxedResult<T> = Result<T, Box<dyn Error>>;

    #[test]
    fn a_result_is_recognised_behind_an_alias() {
        const { assert!(Probe::<BoxedResult<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(Probe::<io::Result<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(!Probe::<Option<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(!Probe::<Vec<io::Result<u8>>>::MEMOFN_IS_RESULT) }
    }

    #[test]
    fn an_error_that_can_be_cloned_and_sent_is_shared() {
        let _: OkShared = crate::__kind!(Result<u8, String>);
        let _: OkOnly = crate::__kind!(BoxedResult<u8>);
        let _: OkOnly = crate::__kind!(io::Result<u8>);
        let _: Whole = crate::__kind!(Option<u8>);
    }
}
