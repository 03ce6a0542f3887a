//! The types of keys and results, as values, and the bounds on those that threads share.
//!
//! The methods of a site take a value of [`CacheType`] for the key and one for the result. They read off them the
//! type of the cache.

use crate::expand::bounds::key::{Key, key};
use crate::expand::bounds::{Impossible, Never};
use crate::key::borrowed::Held;
use crate::key::lookup::{ByKey, Part};
use crate::key::shape::KeyShape;
use std::marker::PhantomData;

/// A value that stands for a type that a cache holds.
pub trait CacheType {
    /// That type.
    type Type: 'static;
}

/// The same, for a cache that threads share. It is a trait of its own, not `CacheType` with bounds, so that the
/// compiler has no bounds of ours to name if one is not met.
pub trait SharedCacheType: CacheType<Type: Send + Sync> {}

macro_rules! tuples {
    ($(($($part:ident)*))*) => {$(
        impl<$($part: CacheType),*> CacheType for ($($part,)*) {
            type Type = ($($part::Type,)*);
        }
        impl<$($part: SharedCacheType),*> SharedCacheType for ($($part,)*) {}
    )*};
}
tuples! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

/// Stands for the type `T`.
#[derive(Debug)]
pub struct OfType<T>(PhantomData<fn() -> T>);

impl<T> Default for OfType<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: 'static> CacheType for OfType<T> {
    type Type = T;
}

impl<T: Send + Sync + 'static> SharedCacheType for OfType<T> {}

impl<K: 'static> CacheType for ByKey<K> {
    type Type = K;
}

impl<K: Send + Sync + 'static> SharedCacheType for ByKey<K> {}

impl<F: KeyShape<A, Owned: 'static>, A> CacheType for Held<F, A> {
    type Type = F::Owned;
}

impl<F: KeyShape<A, Owned: Send + Sync + 'static>, A> SharedCacheType for Held<F, A> {}

impl<F: KeyShape<A, Owned: 'static>, A: ?Sized> CacheType for Part<'_, F, A> {
    type Type = F::Owned;
}

impl<F: KeyShape<A, Owned: Send + Sync + 'static>, A: ?Sized> SharedCacheType for Part<'_, F, A> {}

/// A type that threads can share. `L` is `W` if it can be shared, and unknown if not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache that threads share",
    label = "needs `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`",
    note = "for a type parameter, add the bound `T: Send + Sync + 'static`"
)]
pub trait Shareable<W, L> {
    #[doc(hidden)]
    fn pass(what: W) -> L;
}

/// A return type whose errors are stored, in a cache that threads share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache that threads share",
    label = "`err_ttl` stores errors too: the value and the error need `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`"
)]
pub trait ShareableWithErrors<W, L> {
    #[doc(hidden)]
    fn pass(what: W) -> L;
}

macro_rules! shareable {
    ($($Shareable:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Send + Sync, W> $Shareable<W, W> for T {
            #[inline]
            fn pass(what: W) -> W {
                what
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: Impossible, W> $Shareable<W, (W, Never)> for T {
            fn pass(what: W) -> (W, Never) {
                (what, T::never())
            }
        }
    )*};
}
shareable!(Shareable ShareableWithErrors);

/// The type of a key, or of a part of one, in a cache that threads share.
#[inline]
#[must_use]
pub fn shared<T: Shareable<OfType<T>, L> + 'static, L>() -> L {
    T::pass(OfType::default())
}

/// The type of a key, or of a part of one, in a cache of one thread.
#[inline]
#[must_use]
pub fn thread<T>() -> OfType<T> {
    OfType::default()
}

/// The value of a `key = ..` expression, for a cache that threads share.
#[inline]
pub fn shared_key<K: Key<A> + Shareable<A, L>, A, L>(value: K) -> L {
    K::pass(key(value))
}
