//! The bounds on arguments and on the value of `key = ..`.

use crate::expand::bounds::{Impossible, Never};
use crate::key::lookup::{ByKey, Part};
use crate::key::shape::{KeyShape, Plain, PointerTo};
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

/// An argument that is hashed and cloned as a whole: the key, or a part of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`, with `memofn::Float<f64>` for floats and \
            `BTreeMap` for `HashMap`; for a type parameter, add the bound `T: Hash + Eq + Clone`",
    note = "or say with `key = ..` what identifies a call; or, if the result does not depend on the argument, `skip(..)`"
)]
pub trait KeyPart<'a, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, A: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyPart<'a, Part<'a, Plain, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, Plain, A> {
        Part::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: ?Sized + Impossible> KeyPart<'a, Never> for A {
    fn lookup(&'a self) -> Never {
        Self::never()
    }
}

/// An argument of shape `F`, like `Option<&str>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "all that it holds needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`; for a type parameter, add the bound \
            `T: Hash + Eq + Clone`",
    note = "if a type of yours has the name of a standard one, like `Arc`, give it another name: \
            `use triomphe::Arc as SharedArc`",
    note = "or say with `key = ..` what identifies a call; or, if the result does not depend on the argument, `skip(..)`"
)]
pub trait ShapedKeyPart<'a, F, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, A, F: KeyShape<A>> ShapedKeyPart<'a, F, Part<'a, F, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, F, A> {
        Part::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Impossible, F> ShapedKeyPart<'a, F, Never> for A {
    fn lookup(&'a self) -> Never {
        Self::never()
    }
}

/// A reference that lives forever, as a part of a key, by whether its target can be cloned. If not, the key owns the
/// reference.
pub trait StaticKey<const IS_CLONED: bool> {
    /// The shape.
    type Shape;
    /// The type that the key owns.
    type Owned;
}

impl<T: ?Sized + ToOwned> StaticKey<true> for &'static T {
    type Shape = PointerTo<Plain>;
    type Owned = T::Owned;
}

impl<T: ?Sized> StaticKey<false> for &'static T {
    type Shape = Plain;
    type Owned = Self;
}

/// Asks whether the target of the reference `R` can be cloned.
pub struct AskClone<R>(PhantomData<fn() -> R>);

impl<T: ?Sized + ToOwned> AskClone<&'static T> {
    /// It can.
    pub const MEMOFN_IS_CLONED: bool = true;
}

/// The answer for all other types.
pub trait NotCloned {
    /// It cannot.
    const MEMOFN_IS_CLONED: bool = false;
}

impl<R> NotCloned for AskClone<R> {}

impl<R> fmt::Debug for AskClone<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskClone")
    }
}

/// Whether the target of a reference can be cloned, as a constant.
#[doc(hidden)]
#[macro_export]
macro_rules! __is_cloned {
    ($R:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::NotCloned as _;
        $crate::__private::AskClone::<$R>::MEMOFN_IS_CLONED
    }};
}

/// The value of a `key = ..` expression.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    label = "this key needs `Hash` and `Eq`",
    note = "choose an expression of a type that has them, like `user.id`"
)]
pub trait Key<L> {
    #[doc(hidden)]
    fn lookup(self) -> L;
}

#[diagnostic::do_not_recommend]
impl<K: Hash + Eq> Key<ByKey<K>> for K {
    #[inline]
    fn lookup(self) -> ByKey<K> {
        ByKey(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Impossible> Key<Never> for K {
    fn lookup(self) -> Never {
        Self::never()
    }
}

/// Looks an argument up as a whole.
#[inline]
pub fn plain<'a, A: ?Sized + KeyPart<'a, L>, L>(arg: &'a A) -> L {
    arg.lookup()
}

/// Looks an argument up by its shape `F`.
#[inline]
pub fn shaped<'a, A: ShapedKeyPart<'a, F, L>, F, L>(arg: &'a A) -> L {
    arg.lookup()
}

/// Looks the value of a `key = ..` expression up.
#[inline]
pub fn key<K: Key<L>, L>(key: K) -> L {
    key.lookup()
}
