//! How the type of an argument takes part in a key.
//!
//! Each argument gets a [`Form`], a zero-sized description of its shape, and tuples of arguments are
//! tuples of forms.
//!
//! ```text
//! (city: &str, at: (f64, f64), tags: &[&str])
//!   forms   Via<Leaf>, (Bits, Bits), Via<Seq<Via<Leaf>>>
//!   key     (String, (Float<f64>, Float<f64>), Vec<String>)
//! ```
//!
//! Every form hashes exactly as the `Hash` of the key type it makes does, so that
//! `cache().remove(&key)` finds what a call has stored.
//!
//! A macro reads the shape off the names in a signature, and any type can be called `Arc`. So each form
//! is implemented for the standard types alone, and [`Shaped`] refuses every other type of such a name.

use crate::expand::bounds::key::{Never, Nothing};
use crate::key::float::Float;
use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// How an argument of type `A` takes part in a key.
pub trait Form<A: ?Sized> {
    /// What is kept of the argument.
    type Owned: Eq;

    /// Hashes `arg` as `Owned` would.
    fn hash<H: Hasher>(arg: &A, state: &mut H);
    /// Whether `owned` was made from an argument equal to `arg`.
    fn matches(arg: &A, owned: &Self::Owned) -> bool;
    /// Makes what is kept.
    fn own(arg: &A) -> Self::Owned;
}

/// Anything that is hashed, compared and cloned as a whole: `u64`, `str`, `[u8]`, `Point`.
#[derive(Debug)]
pub struct Leaf;

impl<A: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> Form<A> for Leaf {
    type Owned = A::Owned;

    #[inline]
    fn hash<H: Hasher>(arg: &A, state: &mut H) {
        arg.hash(state);
    }
    #[inline]
    fn matches(arg: &A, owned: &A::Owned) -> bool {
        arg == owned.borrow()
    }
    fn own(arg: &A) -> A::Owned {
        arg.to_owned()
    }
}

/// What an argument points at: `&T`, `Cow<T>`, `Box<T>`, `Rc<T>`, `Arc<T>`, and the `[T]` of a `Vec`.
#[derive(Debug)]
pub struct Via<F>(PhantomData<F>);

impl<A: Pointer, F: Form<A::Target>> Form<A> for Via<F> {
    type Owned = F::Owned;

    #[inline]
    fn hash<H: Hasher>(arg: &A, state: &mut H) {
        F::hash(arg.target(), state);
    }
    #[inline]
    fn matches(arg: &A, owned: &F::Owned) -> bool {
        F::matches(arg.target(), owned)
    }
    fn own(arg: &A) -> F::Owned {
        F::own(arg.target())
    }
}

/// A pointer that is equal to another one whenever what they point at is equal.
///
/// `Deref` does not promise that: a type may hold more than its target. So this is implemented here for
/// the standard types, and cannot be implemented anywhere else.
pub trait Pointer {
    /// What it points at.
    type Target: ?Sized;

    #[doc(hidden)]
    fn target(&self) -> &Self::Target;
}

macro_rules! pointer {
    ($(($($generics:tt)*) $pointer:ty => $target:ty;)*) => {$(
        impl<$($generics)*> Pointer for $pointer {
            type Target = $target;

            #[inline]
            fn target(&self) -> &$target {
                self
            }
        }
    )*};
}
pointer! {
    (T: ?Sized) &T => T;
    (T: ?Sized) Box<T> => T;
    (T: ?Sized) Rc<T> => T;
    (T: ?Sized) Arc<T> => T;
    (T: ?Sized + ToOwned) Cow<'_, T> => T;
    (T) Vec<T> => [T];
}

/// A floating point number, by its bits.
#[derive(Debug)]
pub struct Bits;

impl<A: Copy> Form<A> for Bits
where
    Float<A>: Hash + Eq,
{
    type Owned = Float<A>;

    #[inline]
    fn hash<H: Hasher>(arg: &A, state: &mut H) {
        Float(*arg).hash(state);
    }
    #[inline]
    fn matches(arg: &A, owned: &Float<A>) -> bool {
        Float(*arg) == *owned
    }
    fn own(arg: &A) -> Float<A> {
        Float(*arg)
    }
}

/// An `Option` of another form.
#[derive(Debug)]
pub struct Opt<F>(PhantomData<F>);

impl<A, F: Form<A>> Form<Option<A>> for Opt<F> {
    type Owned = Option<F::Owned>;

    #[inline]
    fn hash<H: Hasher>(arg: &Option<A>, state: &mut H) {
        std::mem::discriminant(arg).hash(state);
        if let Some(arg) = arg {
            F::hash(arg, state);
        }
    }
    #[inline]
    fn matches(arg: &Option<A>, owned: &Self::Owned) -> bool {
        match (arg, owned) {
            (Some(arg), Some(owned)) => F::matches(arg, owned),
            (None, None) => true,
            _ => false,
        }
    }
    fn own(arg: &Option<A>) -> Self::Owned {
        arg.as_ref().map(F::own)
    }
}

/// A slice of another form.
#[derive(Debug)]
pub struct Seq<F>(PhantomData<F>);

impl<A, F: Form<A>> Form<[A]> for Seq<F> {
    type Owned = Vec<F::Owned>;

    #[inline]
    fn hash<H: Hasher>(arg: &[A], state: &mut H) {
        state.write_usize(arg.len());
        for arg in arg {
            F::hash(arg, state);
        }
    }
    #[inline]
    fn matches(arg: &[A], owned: &Self::Owned) -> bool {
        all_match::<A, F>(arg, owned)
    }
    fn own(arg: &[A]) -> Self::Owned {
        arg.iter().map(F::own).collect()
    }
}

/// An array of another form.
#[derive(Debug)]
pub struct Arr<F>(PhantomData<F>);

impl<A, F: Form<A>, const N: usize> Form<[A; N]> for Arr<F> {
    type Owned = [F::Owned; N];

    #[inline]
    fn hash<H: Hasher>(arg: &[A; N], state: &mut H) {
        Seq::<F>::hash(arg, state);
    }
    #[inline]
    fn matches(arg: &[A; N], owned: &Self::Owned) -> bool {
        all_match::<A, F>(arg, owned)
    }
    fn own(arg: &[A; N]) -> Self::Owned {
        std::array::from_fn(|i| F::own(&arg[i]))
    }
}

fn all_match<A, F: Form<A>>(args: &[A], owned: &[F::Owned]) -> bool {
    args.len() == owned.len() && args.iter().zip(owned).all(|(a, o)| F::matches(a, o))
}

/// A type of the form that its name in a signature promised. Nothing is asked of what it is made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key as it is written",
    label = "a type in it has the name of a standard type, and is another one",
    note = "give that type a name of its own, like `use triomphe::Arc as SharedArc`: if it has `Hash`, `Eq` \
            and `Clone`, it can be a key",
    note = "or leave the argument out with `skip(..)`, or say what identifies a call with `key = ..`"
)]
pub trait Shaped<F, S> {}

/// The type is a standard one.
#[derive(Debug)]
pub struct Standard;

macro_rules! shaped {
    ($(($($generics:tt)*) $A:ty, $form:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> Shaped<$form, Standard> for $A {}
    )*};
}
shaped! {
    (A: ?Sized) A, Leaf;
    () f32, Bits;
    () f64, Bits;
    (A: ?Sized + Pointer<Target: Shaped<F, Standard>>, F) A, Via<F>;
    (A: Shaped<F, Standard>, F) Option<A>, Opt<F>;
    (A: Shaped<F, Standard>, F) [A], Seq<F>;
    (A: Shaped<F, Standard>, F, const N: usize) [A; N], Arr<F>;
}

#[diagnostic::do_not_recommend]
impl<A: ?Sized + Never, F> Shaped<F, Nothing> for A {}

/// Without a second one the compiler would take the first for granted, where the form of no standard type
/// comes near.
#[diagnostic::do_not_recommend]
impl<A: ?Sized + Never, F> Shaped<F, (Nothing,)> for A {}
