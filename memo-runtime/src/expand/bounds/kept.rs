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

/// Stands for the key and value types of a cache above a tier. `L` is [`Met`] if the bounds so far are met, and unknown
/// if not.
pub struct Kept<K, V, L>(PhantomData<(K, V, L)>);

impl<K, V, L> fmt::Debug for Kept<K, V, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// A bound that is met.
#[derive(Debug)]
pub struct Met;

/// A value that stands for these types.
pub trait KeptTypes {
    /// The type of the keys.
    type Key: 'static;
    /// The type of the values.
    type Value: 'static;
}

impl<K: 'static, V: 'static> KeptTypes for Kept<K, V, Met> {
    type Key = K;
    type Value = V;
}

/// The twin, so that the compiler does not take an unknown `L` for `Met`.
impl<K: 'static, V: 'static> KeptTypes for Kept<K, V, Never> {
    type Key = K;
    type Value = V;
}

// The compiler quotes the names of these traits.

/// A key under which a tier keeps results.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep results under keys of type `{Self}`",
    label = "it needs `serde::Serialize`",
    note = "derive `serde::Serialize`, leave the argument out with `skip(..)`, or give `key = ..`",
    note = "for a type parameter, add the bound `serde::Serialize`, and `serde::de::DeserializeOwned` if it is in the result"
)]
pub trait KeyWithSerialize<L> {}

/// A value that a tier keeps by `serde`.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep values of type `{Self}`",
    label = "it needs `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or give `codec = ..`",
    note = "for a type parameter, add the bounds `serde::Serialize + serde::de::DeserializeOwned`"
)]
pub trait ValueWithSerde<L> {}

/// An error that a tier keeps by `serde`, because `err_ttl` stores errors.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep errors of type `{Self}`",
    label = "`err_ttl` stores errors too: they need `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, give `codec = ..`, or leave `err_ttl` out"
)]
pub trait ErrorWithSerde<L> {}

macro_rules! bounds {
    ($($trait:ident: ($($bound:tt)*);)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: $($bound)*> $trait<Met> for T {}

        #[diagnostic::do_not_recommend]
        impl<T: Impossible> $trait<Never> for T {}
    )*};
}
bounds! {
    KeyWithSerialize: (KeptKey);
    ValueWithSerde: (Serialize + DeserializeOwned);
    ErrorWithSerde: (Serialize + DeserializeOwned);
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
pub fn kept_keys<K, V, L>(_key: K, _value: V) -> Kept<K::Type, V::Type, L>
where
    K: CacheType<Type: KeyWithSerialize<L>>,
    V: CacheType,
{
    Kept(PhantomData)
}

/// Asks whether the values can be kept.
pub fn kept<T: KeptTypes<Value: ValueWithSerde<L>>, L>(_types: T) -> Kept<T::Key, T::Value, L> {
    Kept(PhantomData)
}

/// Asks whether what is in a result that is `Ok` can be kept.
pub fn kept_oks<T: KeptTypes<Value: Fallible<Ok: ValueWithSerde<L>>>, L>(
    _types: T,
) -> Kept<T::Key, T::Value, L> {
    Kept(PhantomData)
}

/// Asks whether the errors can be kept.
pub fn kept_errors<T: KeptTypes<Value: Fallible<Err: ErrorWithSerde<L>>>, L>(
    _types: T,
) -> Kept<T::Key, T::Value, L> {
    Kept(PhantomData)
}
