//! How the type of an argument takes part in a key.
//!
//! The macro reads the shape of each argument off its type in the signature. A shape is a zero-sized type that
//! implements [`KeyShape`]. A tuple of arguments has a tuple of shapes.
//!
//! ```text
//! (city: &str, at: (f64, f64), tags: &[&str])
//!   shapes   PointerTo<Plain>, (FloatBits, FloatBits), PointerTo<SliceOf<PointerTo<Plain>>>
//!   key      (String, (Float<f64>, Float<f64>), Vec<String>)
//! ```
//!
//! A shape hashes an argument exactly as the owned key hashes itself. So `cache().remove(&key)` finds what a call
//! has stored.
//!
//! The macro knows names only, and any type can be called `Arc`. So each shape is implemented for the standard types
//! alone. Another type of such a name does not compile.

use crate::key::float::Float;
use std::borrow::{Borrow, Cow};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// How an argument of type `A` takes part in a key.
pub trait KeyShape<A: ?Sized> {
    /// The part of the owned key that is made of the argument.
    type Owned: Eq;

    /// Hashes `arg` as `Owned` hashes itself.
    fn hash<H: Hasher>(arg: &A, state: &mut H);
    /// Whether `owned` was made from an argument equal to `arg`.
    fn matches(arg: &A, owned: &Self::Owned) -> bool;
    /// Makes the owned part.
    fn own(arg: &A) -> Self::Owned;
}

/// A type that is hashed, compared and cloned as a whole: `u64`, `str`, `[u8]`, `Point`.
#[derive(Debug)]
pub struct Plain;

impl<A: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyShape<A> for Plain {
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

/// A pointer, which counts as its target: `&T`, `Cow<T>`, `Box<T>`, `Rc<T>`, `Arc<T>`. A `Vec` counts as a slice.
#[derive(Debug)]
pub struct PointerTo<F>(PhantomData<F>);

impl<A: Pointer, F: KeyShape<A::Target>> KeyShape<A> for PointerTo<F> {
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

/// A pointer that equals another one exactly when their targets are equal.
///
/// `Deref` does not promise that: a type may hold more than its target. So this trait is implemented here, for
/// standard types, and its module is private.
pub trait Pointer {
    /// The type it points at.
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

/// A floating point number, compared by its bits.
#[derive(Debug)]
pub struct FloatBits;

impl<A: Copy> KeyShape<A> for FloatBits
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

/// An `Option` of another shape.
#[derive(Debug)]
pub struct OptionOf<F>(PhantomData<F>);

impl<A, F: KeyShape<A>> KeyShape<Option<A>> for OptionOf<F> {
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

/// A slice of another shape.
#[derive(Debug)]
pub struct SliceOf<F>(PhantomData<F>);

impl<A, F: KeyShape<A>> KeyShape<[A]> for SliceOf<F> {
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

/// An array of another shape.
#[derive(Debug)]
pub struct ArrayOf<F>(PhantomData<F>);

impl<A, F: KeyShape<A>, const N: usize> KeyShape<[A; N]> for ArrayOf<F> {
    type Owned = [F::Owned; N];

    #[inline]
    fn hash<H: Hasher>(arg: &[A; N], state: &mut H) {
        SliceOf::<F>::hash(arg, state);
    }
    #[inline]
    fn matches(arg: &[A; N], owned: &Self::Owned) -> bool {
        all_match::<A, F>(arg, owned)
    }
    fn own(arg: &[A; N]) -> Self::Owned {
        std::array::from_fn(|i| F::own(&arg[i]))
    }
}

fn all_match<A, F: KeyShape<A>>(args: &[A], owned: &[F::Owned]) -> bool {
    args.len() == owned.len() && args.iter().zip(owned).all(|(a, o)| F::matches(a, o))
}
