//! The bounds on return types.

use crate::base::of_value::OfValue;
use crate::call::renewal::Handed;
use crate::call::result_policy::{Filtered, OkOnly, OkShared, OkWhole, Whole};
use crate::expand::bounds::result_kind::StoredAs;
use crate::expand::bounds::shared::{OfType, Shareable};
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

/// A function of what is stored for a return type: how long it answers.
#[inline]
#[must_use]
pub fn life_of<R: StoredAs<P>, P>(_kind: P, life: fn(&R::Stored) -> Duration) -> OfValue<Duration> {
    OfValue::new(life)
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
