//! What a cache keeps, as types: what a site is told, and what threads can share.

use crate::expand::bounds::key::{Key, Never, Nothing, key};
use crate::key::lookup::ByKey;
use std::marker::PhantomData;

/// Says that something of type `Type` is kept.
pub trait Kept {
    /// What is kept.
    type Type: 'static;
}

/// Says that what is kept is kept for all threads. One trait, so that the compiler has no bounds of
/// ours to name where a demand is not met.
pub trait SharedKept: Kept<Type: Send + Sync> {}

macro_rules! kept {
    ($(($($part:ident)*))*) => {$(
        impl<$($part: Kept),*> Kept for ($($part,)*) {
            type Type = ($($part::Type,)*);
        }
        impl<$($part: SharedKept),*> SharedKept for ($($part,)*) {}
    )*};
}
kept! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

/// Something of type `T`.
#[derive(Debug)]
pub struct Keeps<T>(PhantomData<fn() -> T>);

impl<T> Default for Keeps<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: 'static> Kept for Keeps<T> {
    type Type = T;
}

impl<T: Send + Sync + 'static> SharedKept for Keeps<T> {}

impl<K: 'static> Kept for ByKey<K> {
    type Type = K;
}

impl<K: Send + Sync + 'static> SharedKept for ByKey<K> {}

/// What threads can share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache that threads share",
    label = "needs `Send` and `Sync`",
    note = "use `Arc` for `Rc`, `Mutex` for `RefCell`; or give each thread its own cache with \
            `scope = \"thread\"`",
    note = "of a type parameter, ask for them: `T: Send + Sync + 'static`"
)]
pub trait Shareable<L> {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable<Keeps<T>> for T {}

#[diagnostic::do_not_recommend]
impl<T: Never> Shareable<Nothing> for T {}

/// A key, or a part of one, that is kept for all threads.
#[inline]
#[must_use]
pub fn kept<T: Shareable<L>, L: Default>() -> L {
    L::default()
}

/// A key, or a part of one, that is kept for one thread.
#[inline]
#[must_use]
pub fn kept_here<T>() -> Keeps<T> {
    Keeps::default()
}

/// The value of a `key = ..` expression, kept for all threads.
#[inline]
pub fn shared_key<K, A, B, L>(value: K) -> L
where
    K: Key<A> + Shareable<B>,
    (A, PhantomData<B>): SharedKey<L>,
{
    SharedKey::both((key(value), PhantomData))
}

/// That a value is both a key and shareable. It is known only when both are.
pub trait SharedKey<L> {
    #[doc(hidden)]
    fn both(self) -> L;
}

impl<K> SharedKey<ByKey<K>> for (ByKey<K>, PhantomData<Keeps<K>>) {
    #[inline]
    fn both(self) -> ByKey<K> {
        self.0
    }
}

impl<K> SharedKey<Nothing> for (ByKey<K>, PhantomData<Nothing>) {
    fn both(self) -> Nothing {
        unreachable!("nothing is shareable as `Nothing`")
    }
}

impl<B> SharedKey<Nothing> for (Nothing, PhantomData<B>) {
    fn both(self) -> Nothing {
        self.0
    }
}
