//! Keys: how the arguments of a call are hashed, compared and, on a miss, owned.
//!
//! A [`Lookup`] stands for a call that may already be in the cache. The macros build one from the
//! arguments as they are written, without copying them: each argument gets a [`Form`], a zero-sized
//! description of its shape, and tuples of arguments are tuples of forms.
//!
//! ```text
//! (city: &str, at: (f64, f64), tags: &[&str])
//!   forms   Via<Leaf>, (Bits, Bits), Via<Seq<Via<Leaf>>>
//!   key     (String, (Float<f64>, Float<f64>), Vec<String>)
//! ```
//!
//! Every form hashes exactly as the `Hash` of the key type it makes does, so that
//! `cache().remove(&key)` finds what a call has stored.

use crate::demand::{Never, Nothing};
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

/// A call to be looked up: hashes and compares like the key it can be turned into.
pub trait Lookup {
    /// The owned key.
    type Key;

    /// Feeds the call to a hasher, as `Key`'s own `Hash` would.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether this call is the one `key` was made from.
    fn matches(&self, key: &Self::Key) -> bool;
    /// Makes the owned key.
    fn into_key(self) -> Self::Key;
    /// Whether two owned keys are equal.
    fn equal(a: &Self::Key, b: &Self::Key) -> bool;
}

/// A key that is owned already.
#[derive(Debug)]
pub struct ByKey<K>(pub(crate) K);

impl<K: Hash + Eq> Lookup for ByKey<K> {
    type Key = K;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self.0 == *key
    }
    fn into_key(self) -> K {
        self.0
    }
    fn equal(a: &K, b: &K) -> bool {
        a == b
    }
}

/// A borrowed form of a key, as in `HashMap::get`.
#[derive(Debug)]
pub(crate) struct ByRef<'a, K, Q: ?Sized>(pub(crate) &'a Q, pub(crate) PhantomData<fn() -> K>);

impl<K: Borrow<Q> + Eq, Q: ?Sized + Hash + Eq + ToOwned<Owned = K>> Lookup for ByRef<'_, K, Q> {
    type Key = K;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
    #[inline]
    fn matches(&self, key: &K) -> bool {
        self.0 == key.borrow()
    }
    fn into_key(self) -> K {
        self.0.to_owned()
    }
    fn equal(a: &K, b: &K) -> bool {
        a == b
    }
}

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

/// An argument that is a key, or a part of one, as a whole.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "needs `Hash`, `Eq` and `Clone`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`",
    note = "or leave the argument out with `skip(..)`, or say what identifies a call with `key = ..`"
)]
pub trait KeyPart<'a, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

impl<'a, A: ?Sized + Hash + Eq + ToOwned<Owned: Eq>> KeyPart<'a, Part<'a, Leaf, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, Leaf, A> {
        Part(self, PhantomData)
    }
}

impl<'a, A: ?Sized + Never> KeyPart<'a, Nothing> for A {
    fn lookup(&'a self) -> Nothing {
        Self::never()
    }
}

/// An argument that is taken apart to be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key",
    label = "all that it holds needs `Hash`, `Eq` and `Clone`",
    note = "leave the argument out with `skip(..)`, or say what identifies a call with `key = ..`"
)]
pub trait KeyParts<'a, F, L> {
    #[doc(hidden)]
    fn lookup(&'a self) -> L;
}

impl<'a, A, F: Form<A>> KeyParts<'a, F, Part<'a, F, A>> for A {
    #[inline]
    fn lookup(&'a self) -> Part<'a, F, A> {
        Part(self, PhantomData)
    }
}

impl<'a, A: Never, F> KeyParts<'a, F, Nothing> for A {
    fn lookup(&'a self) -> Nothing {
        Self::never()
    }
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

impl<K: Hash + Eq> Key<ByKey<K>> for K {
    #[inline]
    fn lookup(self) -> ByKey<K> {
        ByKey(self)
    }
}

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
pub fn parts<'a, A: KeyParts<'a, F, L>, F, L>(arg: &'a A) -> L {
    arg.lookup()
}

/// A key that is owned already.
#[inline]
pub fn key<K: Key<L>, L>(key: K) -> L {
    key.lookup()
}

/// An argument as it stands in a call.
#[derive(Debug)]
pub struct Part<'a, F, A: ?Sized>(&'a A, PhantomData<F>);

impl<F: Form<A>, A: ?Sized> Lookup for Part<'_, F, A> {
    type Key = F::Owned;

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
    fn equal(a: &F::Owned, b: &F::Owned) -> bool {
        a == b
    }
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

impl<A: Deref, F: Form<A::Target>> Form<A> for Via<F> {
    type Owned = F::Owned;

    #[inline]
    fn hash<H: Hasher>(arg: &A, state: &mut H) {
        F::hash(arg, state);
    }
    #[inline]
    fn matches(arg: &A, owned: &F::Owned) -> bool {
        F::matches(arg, owned)
    }
    fn own(arg: &A) -> F::Owned {
        F::own(arg)
    }
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

/// Tuples as arguments (of forms), and the arguments of a call (of lookups).
macro_rules! tuples {
    ($(($($part:ident $arg:ident $i:tt)*))*) => {$(
        impl<$($arg, $part: Form<$arg>),*> Form<($($arg,)*)> for ($($part,)*) {
            type Owned = ($($part::Owned,)*);

            #[inline]
            fn hash<S: Hasher>(_arg: &($($arg,)*), _state: &mut S) {
                $($part::hash(&_arg.$i, _state);)*
            }
            #[inline]
            fn matches(_arg: &($($arg,)*), _owned: &Self::Owned) -> bool {
                true $(&& $part::matches(&_arg.$i, &_owned.$i))*
            }
            #[allow(clippy::unused_unit, reason = "the tuple of nothing")]
            fn own(_arg: &($($arg,)*)) -> Self::Owned {
                ($($part::own(&_arg.$i),)*)
            }
        }

        impl<$($part: Lookup),*> Lookup for ($($part,)*) {
            type Key = ($($part::Key,)*);

            #[inline]
            fn hash<S: Hasher>(&self, _state: &mut S) {
                $(self.$i.hash(_state);)*
            }
            #[inline]
            fn matches(&self, _key: &Self::Key) -> bool {
                true $(&& self.$i.matches(&_key.$i))*
            }
            #[allow(clippy::unused_unit, reason = "the tuple of nothing")]
            fn into_key(self) -> Self::Key {
                ($(self.$i.into_key(),)*)
            }
            fn equal(_a: &Self::Key, _b: &Self::Key) -> bool {
                true $(&& $part::equal(&_a.$i, &_b.$i))*
            }
        }
    )*};
}
tuples! {
    ()
    (A Aa 0)
    (A Aa 0 B Bb 1)
    (A Aa 0 B Bb 1 C Cc 2)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6 H Hh 7)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6 H Hh 7 I Ii 8)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6 H Hh 7 I Ii 8 J Jj 9)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6 H Hh 7 I Ii 8 J Jj 9 K Kk 10)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5 G Gg 6 H Hh 7 I Ii 8 J Jj 9 K Kk 10 L Ll 11)
}

/// A floating point number as a key: equal when its bits are.
///
/// All NaN are equal to each other, `-0.0` and `0.0` are different keys. It stands in the key type
/// of a memoized function wherever an argument type says `f32` or `f64`.
///
/// ```
/// use memofn::Float;
///
/// assert_eq!(Float(f64::NAN), Float(-f64::NAN));
/// assert_ne!(Float(0.0), Float(-0.0));
/// assert_eq!(Float(0.5).0, 0.5);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Float<T>(pub T);

impl<T: fmt::Display> fmt::Display for Float<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> From<T> for Float<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

macro_rules! float {
    ($($float:ident)*) => {$(
        impl Float<$float> {
            #[inline]
            fn key(self) -> impl Hash + Eq {
                if self.0.is_nan() { $float::NAN.to_bits() } else { self.0.to_bits() }
            }
        }

        impl PartialEq for Float<$float> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for Float<$float> {}

        impl Hash for Float<$float> {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }
    )*};
}
float!(f32 f64);

#[cfg(test)]
mod tests {
    use super::*;
    use foldhash::fast::FixedState;
    use std::borrow::Cow;
    use std::hash::BuildHasher;
    use std::sync::Arc;

    /// A call must be found by its owned key: equal, and of the same hash.
    fn finds<L: Lookup<Key: Hash + Eq>>(lookup: L) {
        let hashes = FixedState::with_seed(1);
        let mut state = hashes.build_hasher();
        lookup.hash(&mut state);
        let hash = state.finish();
        let key = lookup.into_key();
        assert_eq!(hash, hashes.hash_one(&key));
    }

    #[test]
    fn every_form_hashes_like_the_key_it_makes() {
        finds(leaf(&7_u64));
        finds(parts::<_, Via<Leaf>, _>(&"Oslo"));
        finds(parts::<_, Via<Leaf>, _>(&Cow::Borrowed("Oslo")));
        finds(parts::<_, Bits, _>(&0.5_f64));
        finds(parts::<_, Opt<Via<Leaf>>, _>(&Some("Oslo")));
        finds(parts::<Option<&str>, Opt<Via<Leaf>>, _>(&None));
        finds(parts::<_, Via<Seq<Bits>>, _>(&vec![1.0_f32, f32::NAN]));
        finds(parts::<_, Via<Seq<Bits>>, _>(&Arc::<[f64]>::from([0.5])));
        finds(parts::<_, Arr<Via<Leaf>>, _>(&["a", "b"]));
        finds(parts::<_, Via<Seq<(Bits, Via<Leaf>)>>, _>(&&[(0.5, "a"), (-0.0, "b")][..]));
        finds((parts::<_, Via<Leaf>, _>(&"Oslo"), leaf(&3_u8), ByKey(1_u16)));
        finds(());
    }

    #[test]
    fn every_form_matches_the_key_it_makes() {
        let tags = [(0.5, "a"), (f64::NAN, "b")];
        let key = parts::<_, Arr<(Bits, Via<Leaf>)>, _>(&tags).into_key();
        assert!(parts::<_, Arr<(Bits, Via<Leaf>)>, _>(&tags).matches(&key));
        assert!(parts::<_, Opt<Via<Leaf>>, _>(&Some("a")).matches(&Some("a".to_owned())));
    }

    #[test]
    fn unequal_arguments_do_not_match() {
        assert!(!parts::<_, Via<Leaf>, _>(&"a").matches(&"b".to_owned()));
        assert!(!parts::<_, Opt<Bits>, _>(&Some(0.0)).matches(&None));
        assert!(!parts::<_, Via<Seq<Bits>>, _>(&vec![0.0]).matches(&vec![]));
        assert!(!parts::<_, Bits, _>(&0.0).matches(&Float(-0.0)));
        assert!(!(ByKey(1), ByKey(2)).matches(&(1, 3)));
    }
}
