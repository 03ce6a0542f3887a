//! The bounds on keys and results that a tier keeps.
//!
//! The types of a cache pass from one question to the next: after a bound that is not met, the next ones report nothing.

use crate::expand::bounds::shared::CacheType;
use crate::expand::bounds::{Impossible, Never};
use crate::tier::codec::KeptKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;

/// Stands for the key and value types of a cache above a tier.
pub struct Kept<K, V>(PhantomData<fn() -> (K, V)>);

impl<K, V> fmt::Debug for Kept<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// A value that stands for these types.
pub trait KeptTypes {
    /// The type of the keys.
    type Key: 'static;
    /// The type of the values.
    type Value: 'static;
}

impl<K: 'static, V: 'static> KeptTypes for Kept<K, V> {
    type Key = K;
    type Value = V;
}

/// A key under which a tier keeps results. `L` is `W` if it is one, and unknown if not.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep results under keys of type `{Self}`",
    label = "it needs `serde::Serialize`",
    note = "derive `serde::Serialize`, leave the argument out with `skip(..)`, or give `key = ..`",
    note = "for a type parameter, add the bound `serde::Serialize`, and `serde::de::DeserializeOwned` if it is in the result"
)]
pub trait KeepableKey<W, L> {
    #[doc(hidden)]
    fn pass(what: W) -> L;
}

/// A value that a tier keeps by `serde`.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep values of type `{Self}`",
    label = "it needs `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or give `codec = ..`",
    note = "for a type parameter, add the bounds `serde::Serialize + serde::de::DeserializeOwned`"
)]
pub trait Keepable<W, L> {
    #[doc(hidden)]
    fn pass(what: W) -> L;
}

/// An error that a tier keeps by `serde`, because `err_ttl` stores errors.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep errors of type `{Self}`",
    label = "`err_ttl` stores errors too: they need `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, give `codec = ..`, or leave `err_ttl` out"
)]
pub trait KeepableError<W, L> {
    #[doc(hidden)]
    fn pass(what: W) -> L;
}

macro_rules! passes {
    ($($Keepable:ident: ($($bound:tt)*);)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: $($bound)*, W> $Keepable<W, W> for T {
            fn pass(what: W) -> W {
                what
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Impossible, W> $Keepable<W, (W, Never)> for T {
            fn pass(what: W) -> (W, Never) {
                (what, T::never())
            }
        }
    )*};
}
passes! {
    KeepableKey: (KeptKey);
    Keepable: (Serialize + DeserializeOwned);
    KeepableError: (Serialize + DeserializeOwned);
}

/// A result, of which both parts are kept.
pub trait Fallible {
    #[doc(hidden)]
    type Ok;
    #[doc(hidden)]
    type Err;
}

impl<T, E> Fallible for Result<T, E> {
    type Ok = T;
    type Err = E;
}

/// Asks whether the keys can be kept.
pub fn kept_keys<K, V, L>(_key: K, _value: V) -> L
where
    K: CacheType<Type: KeepableKey<Kept<K::Type, V::Type>, L>>,
    V: CacheType,
{
    K::Type::pass(Kept(PhantomData))
}

/// Asks whether the values can be kept.
pub fn kept<T: KeptTypes<Value: Keepable<T, L>>, L>(types: T) -> L {
    T::Value::pass(types)
}

/// Asks whether what is in a result that is `Ok` can be kept.
pub fn kept_oks<T: KeptTypes<Value: Fallible<Ok: Keepable<T, L>>>, L>(types: T) -> L {
    <T::Value as Fallible>::Ok::pass(types)
}

/// Asks whether the errors can be kept.
pub fn kept_errors<T: KeptTypes<Value: Fallible<Err: KeepableError<T, L>>>, L>(types: T) -> L {
    <T::Value as Fallible>::Err::pass(types)
}
