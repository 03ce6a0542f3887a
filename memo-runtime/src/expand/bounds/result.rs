//! What a call returns, and how much of it is stored.
//!
//! A `Result` stores its `Ok` and passes its `Err` through; anything else is stored whole. A macro
//! cannot tell the two apart, since it sees `io::Result<T>` and `MyResult<T>` only as names. The
//! compiler can: [`Probe`] has an inherent constant for results and a trait's constant of the same
//! name for everything else, and a path finds the inherent one first. Method look-up decides in the
//! same way whether an error can be shared, so that neither `E: Clone` nor `E: Send` is ever demanded.
//!
//! Inside a generic function the answer is that for the type as it is written there: a bare type
//! parameter is no `Result`, even where the caller puts one in its place.

use crate::call::result_policy::{Filtered, OkOnly, OkShared, OkWhole, Whole};
use crate::expand::bounds::key::{Never, Nothing};
use crate::expand::bounds::shared::Keeps;
use std::fmt;
use std::marker::PhantomData;

/// Asks the compiler what kind of return type `R` is.
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
    /// A `Result` can fail.
    pub const MEMOFN_IS_RESULT: bool = true;
}

/// The answer for everything that is not a `Result`.
pub trait Infallible {
    /// It cannot fail.
    const MEMOFN_IS_RESULT: bool = false;
}

impl<R> Infallible for Probe<R> {}

/// The type that is stored of an `R`, as a constant tells: all of it, or the `T` of a `Result<T, E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is called like a `Result`, and is none",
    label = "its name was taken for that of the standard `Result`",
    note = "write it by a name that does not end in `Result`: `use my::Result as Answer`; in an impl block, \
            `#[memoize]` on the block as well may do"
)]
pub trait Outcome<const FALLIBLE: bool> {
    /// What a cache holds.
    type Stored;
}

impl<R> Outcome<false> for R {
    type Stored = R;
}

impl<T, E> Outcome<true> for Result<T, E> {
    type Stored = T;
}

/// The type that is stored of an `R` of kind `P`.
pub trait StoredAs<P> {
    /// What a cache holds.
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

/// Chosen by `__kind!(R)` for a result whose error can be shared.
pub trait SharesErrors {
    /// The kind.
    fn memofn_kind(&self) -> OkShared {
        OkShared
    }
}

/// Chosen for any other result.
pub trait StoresOk {
    /// The kind.
    fn memofn_kind(&self) -> OkOnly {
        OkOnly
    }
}

/// Chosen for everything else.
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

/// Whether a return type is a `Result`, as a constant.
#[doc(hidden)]
#[macro_export]
macro_rules! __fallible {
    ($R:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::Infallible as _;
        $crate::__private::Probe::<$R>::MEMOFN_IS_RESULT
    }};
}

/// A return type of which there is something to store.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be cached",
    label = "the stored value needs `Clone`: a hit returns a clone of it",
    note = "derive `Clone`, or return it in an `Arc<..>`, which is cheap to clone; of a type parameter, \
            ask for it: `T: Clone`"
)]
pub trait Storable<P, L> {
    #[doc(hidden)]
    fn policy(kind: P) -> L;
}

macro_rules! storable {
    ($(($($generics:tt)*) $R:ty, $kind:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Storable<$kind, $kind> for $R {
            #[inline]
            fn policy(kind: $kind) -> $kind {
                kind
            }
        }
    )*};
}
storable! {
    (R: Clone) R, Whole;
    (T: Clone, E) Result<T, E>, OkOnly;
    (T: Clone, E: Clone + Send + Sync + 'static) Result<T, E>, OkShared;
    (T: Clone, E: Clone) Result<T, E>, OkWhole;
}

#[diagnostic::do_not_recommend]
impl<R: Never, P> Storable<P, Nothing> for R {
    fn policy(_: P) -> Nothing {
        R::never()
    }
}

/// The policy of a kind, for a return type.
#[inline]
pub fn policy<R: Storable<P, L>, P, L>(kind: P) -> L {
    R::policy(kind)
}

/// A return type that is the primitive of its name, of which nobody needs to ask whether it is a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the primitive type that its name says",
    label = "another type is called so here",
    note = "write it by a name that no primitive type has, like `type Answer = ..`"
)]
pub trait Primitive<L> {
    #[doc(hidden)]
    fn policy() -> L;
}

macro_rules! primitive {
    ($($primitive:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Primitive<Whole> for $primitive {
            #[inline]
            fn policy() -> Whole {
                Whole
            }
        }
    )*};
}
primitive! {
    bool char f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize
}

#[diagnostic::do_not_recommend]
impl<R: Never> Primitive<Nothing> for R {
    fn policy() -> Nothing {
        R::never()
    }
}

/// See [`Shaped`](crate::key::shape::Shaped).
#[diagnostic::do_not_recommend]
impl<R: Never> Primitive<(Nothing,)> for R {
    fn policy() -> (Nothing,) {
        (R::never(),)
    }
}

/// The policy of a return type that has the name of a primitive.
#[inline]
#[must_use]
pub fn primitive<R: Primitive<L>, L>() -> L {
    R::policy()
}

/// The one type of its name that has no size.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the primitive type `str`",
    label = "another type is called so here",
    note = "write it by a name that no primitive type has, like `type Text = ..`"
)]
pub trait NoSize {}

impl NoSize for str {}

/// Asks for a type called `str` to be the primitive.
pub fn no_size<T: ?Sized + NoSize>() {}

/// A return type of which threads can share what is stored.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be kept in a cache that threads share",
    label = "the stored value needs `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`",
    note = "of a type parameter, ask for them: `T: Send + Sync + 'static`"
)]
pub trait ShareableResult<P, L> {}

macro_rules! shareable_result {
    ($($kind:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R> ShareableResult<$kind, Keeps<R::Stored>> for R where
            R: StoredAs<$kind, Stored: Send + Sync + 'static>
        {
        }
    )*};
}
shareable_result!(Whole OkOnly OkShared OkWhole);

#[diagnostic::do_not_recommend]
impl<R: Never, P> ShareableResult<P, Nothing> for R {}

/// What is stored of a result, kept for all threads.
#[inline]
pub fn kept_result<R: ShareableResult<P, L>, P, L: Default>(_kind: P) -> L {
    L::default()
}

/// What is stored of a result, kept for one thread.
#[inline]
pub fn kept_result_here<R: StoredAs<P>, P>(_kind: P) -> Keeps<R::Stored> {
    Keeps::default()
}

/// A return type that can be stored whole, as `cache_if` has it.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be cached",
    label = "with `cache_if` all of it is stored, and needs `Clone`",
    note = "derive `Clone`, or return it in an `Arc<..>`, which is cheap to clone; of a `Result` the \
            error needs `Clone` too, unless `cache_if` is left out and no error is stored"
)]
pub trait StorableWhole<L>: Sized {
    #[doc(hidden)]
    fn policy(accept: fn(&Self) -> bool) -> L;
}

#[diagnostic::do_not_recommend]
impl<R: Clone> StorableWhole<Filtered<R>> for R {
    #[inline]
    fn policy(accept: fn(&R) -> bool) -> Filtered<R> {
        Filtered(accept)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Never> StorableWhole<Nothing> for R {
    fn policy(_: fn(&R) -> bool) -> Nothing {
        R::never()
    }
}

/// The policy of `cache_if`.
#[inline]
pub fn policy_if<R: StorableWhole<L>, L>(accept: fn(&R) -> bool) -> L {
    R::policy(accept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use std::io;

    type Mine<T> = Result<T, Box<dyn Error>>;

    #[test]
    fn a_result_is_known_by_any_name() {
        const { assert!(Probe::<Mine<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(Probe::<io::Result<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(!Probe::<Option<u8>>::MEMOFN_IS_RESULT) }
        const { assert!(!Probe::<Vec<io::Result<u8>>>::MEMOFN_IS_RESULT) }
    }

    #[test]
    fn errors_are_shared_where_they_can_be() {
        let _: OkShared = crate::__kind!(Result<u8, String>);
        let _: OkOnly = crate::__kind!(Mine<u8>);
        let _: OkOnly = crate::__kind!(io::Result<u8>);
        let _: Whole = crate::__kind!(Option<u8>);
    }
}
