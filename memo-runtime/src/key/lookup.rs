//! Keys: how a call that may already be in the cache is hashed, compared and, on a miss, owned.
//!
//! The macros build a [`Lookup`] from the arguments as they are written, without copying them.

use crate::key::shape::{Form, Shaped, Standard};
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

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

/// An argument as it stands in a call.
#[derive(Debug)]
pub struct Part<'a, F, A: ?Sized>(&'a A, PhantomData<F>);

impl<'a, F, A: ?Sized> Part<'a, F, A> {
    #[inline]
    pub(crate) fn new(arg: &'a A) -> Self {
        Self(arg, PhantomData)
    }
}

impl<F: Form<A>, A: ?Sized> Lookup for Part<'_, F, A> {
    type Key = F::Owned;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "only then it is known how much was hashed before")]
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

        #[diagnostic::do_not_recommend]
        impl<$($arg: Shaped<$part, Standard>, $part),*> Shaped<($($part,)*), Standard> for ($($arg,)*) {}

        impl<$($part: Lookup),*> Lookup for ($($part,)*) {
            type Key = ($($part::Key,)*);

            #[inline(always)]
            #[allow(clippy::inline_always, reason = "only then it is known how much was hashed before")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::bounds::key::{leaf, parts};
    use crate::key::float::Float;
    use crate::key::shape::{Arr, Bits, Leaf, Opt, Seq, Via};
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
        finds(parts::<_, Via<Leaf>, _, _>(&"Oslo"));
        finds(parts::<_, Via<Leaf>, _, _>(&Cow::Borrowed("Oslo")));
        finds(parts::<_, Bits, _, _>(&0.5_f64));
        finds(parts::<_, Opt<Via<Leaf>>, _, _>(&Some("Oslo")));
        finds(parts::<Option<&str>, Opt<Via<Leaf>>, _, _>(&None));
        finds(parts::<_, Via<Seq<Bits>>, _, _>(&vec![1.0_f32, f32::NAN]));
        finds(parts::<_, Via<Seq<Bits>>, _, _>(&Arc::<[f64]>::from([0.5])));
        finds(parts::<_, Arr<Via<Leaf>>, _, _>(&["a", "b"]));
        finds(parts::<_, Via<Seq<(Bits, Via<Leaf>)>>, _, _>(&&[(0.5, "a"), (-0.0, "b")][..]));
        finds((parts::<_, Via<Leaf>, _, _>(&"Oslo"), leaf(&3_u8), ByKey(1_u16)));
        finds(());
    }

    #[test]
    fn every_form_matches_the_key_it_makes() {
        let tags = [(0.5, "a"), (f64::NAN, "b")];
        let key = parts::<_, Arr<(Bits, Via<Leaf>)>, _, _>(&tags).into_key();
        assert!(parts::<_, Arr<(Bits, Via<Leaf>)>, _, _>(&tags).matches(&key));
        assert!(parts::<_, Opt<Via<Leaf>>, _, _>(&Some("a")).matches(&Some("a".to_owned())));
    }

    #[test]
    fn unequal_arguments_do_not_match() {
        assert!(!parts::<_, Via<Leaf>, _, _>(&"a").matches(&"b".to_owned()));
        assert!(!parts::<_, Opt<Bits>, _, _>(&Some(0.0)).matches(&None));
        assert!(!parts::<_, Via<Seq<Bits>>, _, _>(&vec![0.0]).matches(&vec![]));
        assert!(!parts::<f64, Bits, _, _>(&0.0).matches(&Float(-0.0)));
        assert!(!(ByKey(1), ByKey(2)).matches(&(1, 3)));
    }
}
