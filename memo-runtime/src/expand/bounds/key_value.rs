//! The value of a `key = ..` expression: a value that borrows is looked up as it is, and owned on a miss.
//!
//! Only the compiler knows the type of the expression, and a trait cannot tell `&str` from a type that is owned as it
//! is: both are `Hash + Eq`. Method look-up can. It tries the implementations for `&&&AskKey<A>`, then those for
//! `&&AskKey<A>`, and so on; the first that applies gives the kind of the key, as a value.
//!
//! With `cache = ..` the type of the key is that of the given cache. There a value may be the key as it is, even if it
//! borrows: [`GivenKey`].

use crate::expand::bounds::key::Key;
use crate::expand::bounds::shared::{OfType, Shareable};
use crate::expand::bounds::{Impossible, Never};
use crate::key::borrowed::{Borrows, Held};
use crate::key::lookup::{Lookup, Part};
use crate::key::shape::{KeyShape, OptionOf, Plain, PointerTo, SliceOf};
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// Asks for the kind of a key of type `A`.
pub struct AskKey<A>(PhantomData<fn(A)>);

impl<A> AskKey<A> {
    /// The question about this value.
    #[inline]
    pub fn of(_value: &A) -> Self {
        Self(PhantomData)
    }
}

/// A key that is looked up by its shape `F`, and owned on a miss.
pub struct ByShape<F>(PhantomData<F>);

/// A key that is owned already.
pub struct ByValue;

/// The kinds, as method look-up tries them.
#[allow(clippy::ref_option_ref, reason = "a key may be one")]
pub mod key_kinds {
    use super::{
        AskKey, Borrows, ByShape, ByValue, Cow, Hash, OptionOf, PhantomData, Plain, PointerTo,
        SliceOf,
    };

    macro_rules! kinds {
        ($($trait:ident: $(($($generics:tt)*) $asked:ty => $shape:ty;)*)*) => {$(
            /// One level of the look-up.
            pub trait $trait {
                /// The shape.
                type Shape;
                /// The kind.
                #[inline]
                fn memofn_key_kind(&self) -> ByShape<Self::Shape> {
                    ByShape(PhantomData)
                }
            }
            $(
                impl<$($generics)*> $trait for $asked {
                    type Shape = $shape;
                }
            )*
        )*};
    }
    kinds! {
        KnownShape:
            (A: Borrows) &&&AskKey<A> => A::Shape;
        TwoPointers:
            (T: Hash + Eq + ToOwned<Owned: Eq>) &&AskKey<&&T> => PointerTo<PointerTo<Plain>>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &&AskKey<&Cow<'_, T>> => PointerTo<PointerTo<Plain>>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &&AskKey<&Option<&T>> => PointerTo<OptionOf<PointerTo<Plain>>>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &&AskKey<&[&T]> => PointerTo<SliceOf<PointerTo<Plain>>>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &&AskKey<&Vec<&T>> => PointerTo<PointerTo<SliceOf<PointerTo<Plain>>>>;
        OnePointer:
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>) &AskKey<&T> => PointerTo<Plain>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>) &AskKey<Cow<'_, T>> => PointerTo<Plain>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &AskKey<Option<&T>> => OptionOf<PointerTo<Plain>>;
            (T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>)
                &AskKey<Vec<&T>> => PointerTo<SliceOf<PointerTo<Plain>>>;
    }

    /// The last level.
    pub trait AnyType {
        /// The kind.
        #[inline]
        fn memofn_key_kind(&self) -> ByValue {
            ByValue
        }
    }

    impl<A> AnyType for AskKey<A> {}
}

/// The look-up of a value. `$value` is a name at the place of the user's expression, and `$method` one of the methods of
/// the kinds.
#[doc(hidden)]
#[macro_export]
macro_rules! __key_of {
    ($value:tt, $method:tt, $of:expr) => {
        match $of {
            $value => {
                #[allow(unused_imports)]
                use $crate::__private::key_kinds::*;
                (&&&&$crate::__private::AskKey::of(&$value)).memofn_key_kind().$method($value)
            }
        }
    };
}

#[expect(clippy::unused_self, reason = "the type of `self` is the kind")]
impl<F> ByShape<F> {
    /// The look-up of a value, for a cache of one thread.
    #[inline]
    #[must_use]
    pub fn value<A>(self, value: A) -> Held<F, A>
    where
        F: KeyShape<A>,
    {
        Held(value, PhantomData)
    }

    /// The look-up of a value, for a cache that threads share.
    #[inline]
    #[must_use]
    pub fn shared_value<A, L>(self, value: A) -> L
    where
        F: KeyShape<A, Owned: Shareable<Held<F, A>, L>>,
    {
        F::Owned::pass(Held(value, PhantomData))
    }

    /// The look-up of a variable or a field, for a cache of one thread.
    #[inline]
    #[must_use]
    pub fn place<A>(self, place: A) -> Held<F, A>
    where
        F: KeyShape<A>,
    {
        Held(place, PhantomData)
    }

    /// The look-up of a variable or a field, for a cache that threads share.
    #[inline]
    #[must_use]
    pub fn shared_place<A, L>(self, place: A) -> L
    where
        F: KeyShape<A, Owned: Shareable<Held<F, A>, L>>,
    {
        F::Owned::pass(Held(place, PhantomData))
    }
}

#[expect(clippy::unused_self, reason = "the type of `self` is the kind")]
impl ByValue {
    /// The look-up of a value, for a cache of one thread.
    #[inline]
    pub fn value<K: Key<L>, L>(self, value: K) -> L {
        value.lookup()
    }

    /// The look-up of a value, for a cache that threads share.
    #[inline]
    pub fn shared_value<K: Key<A> + Shareable<A, L>, A, L>(self, value: K) -> L {
        K::pass(value.lookup())
    }

    /// The look-up of a variable or a field, for a cache of one thread.
    #[inline]
    pub fn place<'a, P: ?Sized, L>(self, place: &'a P) -> L
    where
        Self: OwnedPlace<'a, P, L>,
    {
        Self::lookup(place)
    }

    /// The look-up of a variable or a field, for a cache that threads share.
    #[inline]
    pub fn shared_place<'a, P: Shareable<A, L>, A, L>(self, place: &'a P) -> L
    where
        Self: OwnedPlace<'a, P, A>,
    {
        P::pass(Self::lookup(place))
    }
}

/// A variable or a field of type `P` that a key owns a clone of.
#[diagnostic::on_unimplemented(
    message = "`{P}` cannot be part of a key",
    label = "needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`; for a type parameter, add the bound \
            `T: Hash + Eq + Clone`",
    note = "or choose another expression, like `user.id`"
)]
pub trait OwnedPlace<'a, P: ?Sized, L> {
    #[doc(hidden)]
    fn lookup(place: &'a P) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, P: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> OwnedPlace<'a, P, Part<'a, Plain, P>>
    for ByValue
{
    #[inline]
    fn lookup(place: &'a P) -> Part<'a, Plain, P> {
        Part::new(place)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, P: ?Sized + Impossible> OwnedPlace<'a, P, Never> for ByValue {
    fn lookup(_place: &'a P) -> Never {
        P::never()
    }
}

/// The type of the key that a call is looked up by. It has none of the lifetimes that the look-up borrows for.
#[inline]
pub fn key_type<L: Lookup>(_lookup: &L) -> OfType<L::Key> {
    OfType::default()
}

/// A part of a call that a given cache with keys `K` is asked for, in the way `M`.
///
/// The compiler infers `M`: `K` is known, and only one of the ways leads there.
#[diagnostic::on_unimplemented(
    message = "a key of type `{K}` cannot be made of this",
    label = "the given cache has keys of type `{K}`",
    note = "the key is the type of the expression, or the owned type if it borrows: `String` for `&str`"
)]
pub trait KeyOf<K, M> {
    #[doc(hidden)]
    fn hash<H: Hasher>(&self, state: &mut H);
    #[doc(hidden)]
    fn matches(&self, key: &K) -> bool;
    #[doc(hidden)]
    fn into_key(self) -> K;
}

/// The key is the value as it is.
pub enum AsItIs {}

/// The key is the owned type of a value that borrows.
pub enum Owned {}

/// A variable or a field.
pub struct Place<'a, A: ?Sized>(&'a A);

/// An argument of shape `F`.
pub struct Shaped<'a, F, A>(&'a A, PhantomData<F>);

impl<K: Hash + Eq> KeyOf<K, AsItIs> for K {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(self, state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self == key
    }
    fn into_key(self) -> K {
        self
    }
}

impl<K: Hash + Eq + Clone> KeyOf<K, AsItIs> for Place<'_, K> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self.0 == key
    }
    fn into_key(self) -> K {
        self.0.clone()
    }
}

impl<F, K: Hash + Eq + Clone> KeyOf<K, AsItIs> for Shaped<'_, F, K> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self.0 == key
    }
    fn into_key(self) -> K {
        self.0.clone()
    }
}

impl<F: KeyShape<A>, A> KeyOf<F::Owned, Owned> for Shaped<'_, F, A> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        F::hash(self.0, state);
    }
    #[inline]
    fn matches(&self, key: &F::Owned) -> bool {
        F::matches(self.0, key)
    }
    fn into_key(self) -> F::Owned {
        F::own(self.0)
    }
}

macro_rules! owned {
    ($($value:ty, $shape:ty => $key:ty;)*) => {$(
        impl<T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyOf<$key, Owned> for $value {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                <$shape as KeyShape<$value>>::hash(self, state);
            }
            #[inline]
            fn matches(&self, key: &$key) -> bool {
                <$shape as KeyShape<$value>>::matches(self, key)
            }
            fn into_key(self) -> $key {
                <$shape as KeyShape<$value>>::own(&self)
            }
        }

        impl<T: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyOf<$key, Owned> for Place<'_, $value> {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                <$shape as KeyShape<$value>>::hash(self.0, state);
            }
            #[inline]
            fn matches(&self, key: &$key) -> bool {
                <$shape as KeyShape<$value>>::matches(self.0, key)
            }
            fn into_key(self) -> $key {
                <$shape as KeyShape<$value>>::own(self.0)
            }
        }
    )*};
}
owned! {
    &T, PointerTo<Plain> => T::Owned;
    Cow<'_, T>, PointerTo<Plain> => T::Owned;
    Option<&T>, OptionOf<PointerTo<Plain>> => Option<T::Owned>;
    Vec<&T>, PointerTo<SliceOf<PointerTo<Plain>>> => Vec<T::Owned>;
}

/// The look-up in a given cache with keys `K`.
pub struct GivenKey<A, K, M>(A, PhantomData<fn() -> (K, M)>);

impl<A: KeyOf<K, M>, K: Eq, M> Lookup for GivenKey<A, K, M> {
    type Key = K;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self.0.matches(key)
    }
    fn into_key(self) -> K {
        self.0.into_key()
    }
    fn equal(a: &K, b: &K) -> bool {
        a == b
    }
}

/// Looks a value up in a given cache.
#[inline]
pub fn given_value<A: KeyOf<K, M>, K, M>(value: A) -> GivenKey<A, K, M> {
    GivenKey(value, PhantomData)
}

/// Looks a variable or a field up in a given cache.
#[inline]
pub fn given_place<'a, A: ?Sized, K, M>(place: &'a A) -> GivenKey<Place<'a, A>, K, M>
where
    Place<'a, A>: KeyOf<K, M>,
{
    GivenKey(Place(place), PhantomData)
}

/// Looks an argument of shape `F` up in a given cache.
#[inline]
pub fn given_part<'a, A, F, K, M>(arg: &'a A) -> GivenKey<Shaped<'a, F, A>, K, M>
where
    Shaped<'a, F, A>: KeyOf<K, M>,
{
    GivenKey(Shaped(arg, PhantomData), PhantomData)
}

macro_rules! opaque {
    ($(($($generics:tt)*) $name:ident $type:ty;)*) => {$(
        impl<$($generics)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
opaque! {
    (A) AskKey AskKey<A>;
    (F) ByShape ByShape<F>;
    () ByValue ByValue;
    () AsItIs AsItIs;
    () Owned Owned;
    (A: ?Sized) Place Place<'_, A>;
    (F, A) Shaped Shaped<'_, F, A>;
    (A, K, M) GivenKey GivenKey<A, K, M>;
}
