//! The shapes of types that the macro does not see: those of `key = ..` expressions.
//!
//! Of an argument the macro reads the shape off the signature. Of an expression only the compiler knows the type. So
//! standard types have their shape by a trait here. A user's type has none: it is a leaf, and only the pointers around
//! it are known (see `expand/bounds/key_value`).

use crate::key::lookup::Lookup;
use crate::key::shape::{ArrayOf, FloatBits, KeyShape, OptionOf, Plain, PointerTo, SliceOf};
use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::hash::Hasher;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A standard type whose shape is known. A container of a leaf is itself a leaf: it hashes as a whole.
pub trait ShapeOf {
    /// The shape of a value.
    type Shape;
    /// The shape of a slice of values.
    type InSlice;
    /// The shape of an array of values.
    type InArray;
    /// The shape of a `Box`, `Rc` or `Arc` of a value.
    type InPointer;
}

/// A type that may borrow, so that a key cannot own it as it is. Floats count as well: they are no keys as they are.
pub trait Borrows: ShapeOf {}

macro_rules! leaves {
    ($($leaf:ty)*) => {$(
        impl ShapeOf for $leaf {
            type Shape = Plain;
            type InSlice = Plain;
            type InArray = Plain;
            type InPointer = Plain;
        }
    )*};
}
leaves! {
    () bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize
    str String Path PathBuf OsStr OsString CStr CString Duration
}

macro_rules! shapes {
    ($(($($generics:tt)*) $type:ty => $shape:ty;)*) => {$(
        impl<$($generics)*> ShapeOf for $type {
            type Shape = $shape;
            type InSlice = SliceOf<$shape>;
            type InArray = ArrayOf<$shape>;
            type InPointer = PointerTo<$shape>;
        }
    )*};
}
shapes! {
    () f32 => FloatBits;
    () f64 => FloatBits;
    (T: ?Sized + ShapeOf) &T => PointerTo<T::Shape>;
    (T: ?Sized + ToOwned + ShapeOf) Cow<'_, T> => PointerTo<T::Shape>;
    (T: ?Sized + ShapeOf) Box<T> => T::InPointer;
    (T: ?Sized + ShapeOf) Rc<T> => T::InPointer;
    (T: ?Sized + ShapeOf) Arc<T> => T::InPointer;
    (T: ShapeOf) Option<T> => OptionOf<T::Shape>;
    (T: ShapeOf) Vec<T> => PointerTo<T::InSlice>;
    (T: ShapeOf) [T] => T::InSlice;
    (T: ShapeOf, const N: usize) [T; N] => T::InArray;
    (A: ShapeOf) (A,) => (A::Shape,);
    (A: ShapeOf, B: ShapeOf) (A, B) => (A::Shape, B::Shape);
    (A: ShapeOf, B: ShapeOf, C: ShapeOf) (A, B, C) => (A::Shape, B::Shape, C::Shape);
    (A: ShapeOf, B: ShapeOf, C: ShapeOf, D: ShapeOf)
        (A, B, C, D) => (A::Shape, B::Shape, C::Shape, D::Shape);
}

macro_rules! borrows {
    ($(($($generics:tt)*) $type:ty;)*) => {$(
        impl<$($generics)*> Borrows for $type {}
    )*};
}
borrows! {
    () f32;
    () f64;
    (T: ?Sized + ShapeOf) &T;
    (T: ?Sized + ToOwned + ShapeOf) Cow<'_, T>;
    (T: ?Sized + Borrows) Box<T>;
    (T: ?Sized + Borrows) Rc<T>;
    (T: ?Sized + Borrows) Arc<T>;
    (T: Borrows) Option<T>;
    (T: Borrows) Vec<T>;
    (T: Borrows) [T];
    (T: Borrows, const N: usize) [T; N];
    (A: ShapeOf) (A,);
    (A: ShapeOf, B: ShapeOf) (A, B);
    (A: ShapeOf, B: ShapeOf, C: ShapeOf) (A, B, C);
    (A: ShapeOf, B: ShapeOf, C: ShapeOf, D: ShapeOf) (A, B, C, D);
}

/// A value of shape `F` that is looked up. In contrast to a [`Part`](crate::key::lookup::Part) it holds the value: a
/// reference, or something that has one inside.
pub struct Held<F, A>(pub(crate) A, pub(crate) PhantomData<F>);

impl<F: KeyShape<A>, A> Lookup for Held<F, A> {
    type Key = F::Owned;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined does the compiler know what the hasher has buffered"
    )]
    fn hash<H: Hasher>(&self, state: &mut H) {
        F::hash(&self.0, state);
    }
    #[inline]
    fn matches(&self, key: &F::Owned) -> bool {
        F::matches(&self.0, key)
    }
    fn into_key(self) -> F::Owned {
        F::own(&self.0)
    }
    fn equal(a: &F::Owned, b: &F::Owned) -> bool {
        a == b
    }
}

impl<F, A> fmt::Debug for Held<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foldhash::fast::FixedState;
    use std::hash::{BuildHasher, Hash};

    fn hashes_like_its_key<A: Borrows<Shape: KeyShape<A, Owned: Hash>>>(value: A) {
        let hashes = FixedState::with_seed(1);
        let mut state = hashes.build_hasher();
        let lookup = Held::<A::Shape, A>(value, PhantomData);
        lookup.hash(&mut state);
        let hash = state.finish();
        let key = lookup.into_key();
        assert_eq!(hash, hashes.hash_one(&key));
    }

    #[test]
    fn every_value_that_borrows_hashes_like_its_key() {
        hashes_like_its_key("a");
        hashes_like_its_key(&"a");
        hashes_like_its_key(&7_u8);
        hashes_like_its_key(0.5);
        hashes_like_its_key((7_u8, "a", Some("b")));
        hashes_like_its_key(&[1_u8, 2][..]);
        hashes_like_its_key(&[1_u8, 2]);
        hashes_like_its_key(["a", "b"]);
        hashes_like_its_key(&[0.5, 1.5][..]);
        hashes_like_its_key(&vec![Some(1_u16), None]);
        hashes_like_its_key(vec!["a"]);
        hashes_like_its_key(&[[1_u8, 2], [3, 4]]);
        hashes_like_its_key((1_u8, [1_u32]));
        hashes_like_its_key(Cow::Borrowed("a"));
        hashes_like_its_key(Some(Cow::Borrowed(&[1_u8][..])));
        hashes_like_its_key(&Arc::<str>::from("a"));
        hashes_like_its_key(&Arc::<[u8]>::from([1]));
        hashes_like_its_key(&Box::new(1_u8));
        hashes_like_its_key(Path::new("a//b"));
        hashes_like_its_key((Path::new("a/./b"), Duration::ZERO));
    }
}
