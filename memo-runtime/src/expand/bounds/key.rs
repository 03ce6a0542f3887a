//! How an expansion demands something of the user's types, so that what is missing is *one* error,
//! in our words, at the type that misses it.
//!
//! Every demand is a trait with `#[diagnostic::on_unimplemented]`, and one function that has it for
//! a bound: `leaf` and `parts` for arguments, `key` and `shared_key` for `key = ..`, `policy` and
//! `policy_if` for what is returned, `kept` and `kept_result` for `Send` and `Sync`. Nothing else an expansion calls
//! demands anything. Two things keep the compiler from saying more than that:
//!
//! - The function returns a *parameter* of the trait, and not an associated type. When the demand is
//!   not met the parameter stays unknown, and all that is done with the value is passed over in
//!   silence.
//! - The trait has a second implementation that never applies. With one alone the compiler takes it
//!   for granted and complains about its bounds, one by one; with two it weighs them, finds that
//!   neither holds, and complains about the trait.

use crate::key::lookup::{ByKey, Part};
use crate::key::shape::{Form, Leaf, Shaped, Standard};
use std::convert::Infallible;
use std::hash::Hash;

/// A bound that nothing meets.
pub trait Never {
    #[doc(hidden)]
    fn never() -> Nothing;
}

/// What the implementations that never apply would return.
#[allow(unreachable_pub, reason = "a parameter of public traits")]
pub type Nothing = Infallible;

/// An argument that is a key, or a part of one, as a whole.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`, with `memofn::Float<f64>` for floats and \
            `BTreeMap` for `HashMap`; of a type parameter, ask for them: `T: Hash + Eq + Clone`",
    note = "or leave the argument out with `skip(..)`, or say what identifies a call with `key = ..`"
)]
pub trait KeyPart<'a, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, A: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyPart<'a, Part<'a, Leaf, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, Leaf, A> {
        Part::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: ?Sized + Never> KeyPart<'a, Nothing> for A {
    fn lookup(&'a self) -> Nothing {
        Self::never()
    }
}

/// An argument that is taken apart to be part of a key. `S` is [`Standard`] if it is [`Shaped`] as its name
/// says.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "all that it holds needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`; of a type parameter, ask for them: \
            `T: Hash + Eq + Clone`",
    note = "or leave the argument out with `skip(..)`, or say what identifies a call with `key = ..`"
)]
pub trait KeyParts<'a, F, S, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, A, F: Form<A>> KeyParts<'a, F, Standard, Part<'a, F, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, F, A> {
        Part::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, A: Never, F> KeyParts<'a, F, Standard, Nothing> for A {
    fn lookup(&'a self) -> Nothing {
        Self::never()
    }
}

/// Two implementations that hold for any type. They keep `S` and `L` unknown where the shape is: then there
/// is nothing more to say of the argument.
macro_rules! unknown {
    ($($shape:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a, A, F> KeyParts<'a, F, $shape, Nothing> for A {
            fn lookup(&'a self) -> Nothing {
                unreachable!("no type has this shape")
            }
        }
    )*};
}
unknown!((Nothing,), (Nothing, Nothing));

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
impl<K: Never> Key<Nothing> for K {
    fn lookup(self) -> Nothing {
        Self::never()
    }
}

/// An argument that is looked up as a whole.
#[inline]
pub fn leaf<'a, A: ?Sized + KeyPart<'a, L>, L>(arg: &'a A) -> L {
    arg.lookup()
}

/// An argument that is taken apart.
#[inline]
pub fn parts<'a, A: Shaped<F, S> + KeyParts<'a, F, S, L>, F, S, L>(arg: &'a A) -> L {
    arg.lookup()
}

/// A key that is owned already.
#[inline]
pub fn key<K: Key<L>, L>(key: K) -> L {
    key.lookup()
}
