//! The bounds on return types.

use crate::base::of_value::OfValue;
use crate::call::renewal::Handed;
use crate::call::result_policy::{Filtered, OkOnly, OkShared, OkWhole, Whole};
use crate::expand::bounds::result_kind::StoredAs;
use crate::expand::bounds::shared::{OfType, Shareable, ShareableWithErrors};
use crate::expand::bounds::{Impossible, Never};
use std::time::Duration;

/// A return type that can be stored, as a whole or in part: as its policy `P` says.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be cached",
    label = "the stored value needs `Clone`: a hit returns a clone of it",
    note = "derive `Clone`, or return it in an `Arc<..>`, which is cheap to clone; for a type parameter, \
            add the bound `T: Clone`",
    note = "with `cache_if` a `Result` is stored whole, and its error needs `Clone` too"
)]
pub trait Storable<P, L> {
    #[doc(hidden)]
    fn policy(policy: P) -> L;
}

macro_rules! storable {
    ($(($($generics:tt)*) $R:ty, $policy:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Storable<$policy, $policy> for $R {
            #[inline]
            fn policy(policy: $policy) -> $policy {
                policy
            }
        }
    )*};
}
storable! {
    (R: Clone) R, Whole;
    (R: Clone) R, Filtered<R>;
    (T: Clone, E) Result<T, E>, OkOnly;
    (T: Clone, E: Clone + Send + Sync + 'static) Result<T, E>, OkShared;
    (T: Clone, E: Clone) Result<T, E>, OkWhole;
}

#[diagnostic::do_not_recommend]
impl<R: Impossible, P> Storable<P, Never> for R {
    fn policy(_: P) -> Never {
        R::never()
    }
}

/// The policy for the return type `R` of kind `P`.
#[inline]
pub fn policy<R: Storable<P, L>, P, L>(kind: P) -> L {
    R::policy(kind)
}

/// The policy of `cache_if`.
#[inline]
pub fn policy_if<R: Storable<Filtered<R>, L>, L>(accept: fn(&R) -> bool) -> L {
    R::policy(Filtered(accept))
}

/// A return type that is stored whole, because its errors are stored too.
#[diagnostic::on_unimplemented(
    message = "what is returned here cannot be cached",
    label = "`err_ttl` stores errors too: the value and the error need `Clone`",
    note = "derive `Clone`, or return it in an `Arc<..>`, which is cheap to clone; for a type parameter, \
            add the bound `E: Clone`"
)]
pub trait StorableWithErrors<L> {
    #[doc(hidden)]
    fn policy() -> L;
}

#[diagnostic::do_not_recommend]
impl<R: Clone> StorableWithErrors<Whole> for R {
    #[inline]
    fn policy() -> Whole {
        Whole
    }
}

#[diagnostic::do_not_recommend]
impl<R: Impossible> StorableWithErrors<Never> for R {
    fn policy() -> Never {
        R::never()
    }
}

/// The policy of `err_ttl`.
#[inline]
#[must_use]
pub fn policy_with_errors<R: StorableWithErrors<L>, L>() -> L {
    R::policy()
}

/// A return type that can fail.
#[diagnostic::on_unimplemented(
    message = "only a `Result` can fail",
    label = "`err_ttl` and `stale_if_error` need a function that returns a `Result`",
    note = "to keep some values for another time than others, give `ttl` a closure: `ttl = |value| ..`"
)]
pub trait Fallible {
    #[doc(hidden)]
    fn failures() -> OfValue<bool>;
}

impl<T, E> Fallible for Result<T, E> {
    fn failures() -> OfValue<bool> {
        OfValue::new(Self::is_err)
    }
}

/// Tells errors among what is stored.
#[must_use]
pub fn failures<R: Fallible>() -> OfValue<bool> {
    R::failures()
}

/// A primitive type. An expansion asks for it if the return type has the name of one, and then needs no probe of
/// whether that is a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the primitive type that its name says",
    label = "another type has this name here",
    note = "use a name that no primitive type has, like `type Answer = ..`"
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

/// The policy for a return type that has the name of a primitive.
#[inline]
#[must_use]
pub fn primitive<R: Primitive<L>, L>() -> L {
    R::policy()
}

/// The primitive `str`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the primitive type `str`",
    label = "another type has this name here",
    note = "use a name that no primitive type has, like `type Text = ..`"
)]
pub trait IsStr {}

impl IsStr for str {}

/// Asks for a type called `str` to be the primitive.
pub fn is_str<T: ?Sized + IsStr>() {}

/// The type that is stored for a result, in a cache that threads share.
#[inline]
pub fn stored<R: StoredAs<P, Stored: Shareable<OfType<R::Stored>, L>>, P, L>(_kind: P) -> L {
    R::Stored::pass(OfType::default())
}

/// The type of a constant time to live.
#[diagnostic::on_unimplemented(
    message = "`ttl` is a `Duration`, or a closure over the value",
    label = "`{Self}` is no `Duration`; to ask each value, write a closure: `ttl = |value| ..`"
)]
pub trait IsDuration {
    #[doc(hidden)]
    fn duration(self) -> Duration;
}

impl IsDuration for Duration {
    #[inline]
    fn duration(self) -> Duration {
        self
    }
}

/// A time to live that is given by a path.
#[inline]
pub fn constant<D: IsDuration>(ttl: D) -> Duration {
    ttl.duration()
}

/// A function of what is stored for a return type: how long it answers.
#[inline]
#[must_use]
pub fn life_of<R: StoredAs<P>, P>(_kind: P, life: fn(&R::Stored) -> Duration) -> OfValue<Duration> {
    OfValue::new(life)
}

/// The type of a result that is stored with its errors, in a cache that threads share.
#[inline]
#[must_use]
pub fn stored_with_errors<R: ShareableWithErrors<OfType<R>, L>, L>() -> L {
    R::pass(OfType::default())
}

/// The function that has a body run in the background, for a cache with keys `K` and what is stored for a return type.
#[inline]
#[must_use]
pub fn renews<K, R: StoredAs<P>, P>(_kind: P, renew: fn(&Handed<K, R::Stored>)) -> OfValue<()> {
    OfValue::new(renew)
}

/// The type that is stored for a result, in a cache of one thread.
#[inline]
pub fn thread_stored<R: StoredAs<P>, P>(_kind: P) -> OfType<R::Stored> {
    OfType::default()
}
