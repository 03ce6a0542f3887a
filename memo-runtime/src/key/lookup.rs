//! How a call is hashed and compared with stored keys, and how a miss makes its owned key.
//!
//! The macro builds a [`Lookup`] from borrowed arguments. A hit copies none of them.

use crate::key::shape::KeyShape;
use crate::key::tags::Tags;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A call that is looked up. It hashes and compares like the owned key it can be turned into.
pub trait Lookup {
    /// The owned key.
    type Key;

    /// Feeds the call to a hasher, exactly as `Key`'s own `Hash` does.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether this call is the one `key` was made from.
    fn matches(&self, key: &Self::Key) -> bool;
    /// Makes the owned key.
    fn into_key(self) -> Self::Key;
    /// Whether two owned keys are equal.
    fn equal(a: &Self::Key, b: &Self::Key) -> bool;
    /// Makes the tags of the call. They are taken once, before the key is made.
    #[inline]
    fn take_tags(&mut self) -> Tags {
        Tags::default()
    }
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

/// A borrowed key, as `HashMap::get` takes it.
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

/// A borrowed key that is looked up, and of which no owned key can be made.
#[derive(Debug)]
pub(crate) struct Sought<'a, K, Q: ?Sized>(pub(crate) &'a Q, pub(crate) PhantomData<fn() -> K>);

impl<K: Borrow<Q> + Eq, Q: ?Sized + Hash + Eq> Lookup for Sought<'_, K, Q> {
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
        unreachable!("it is never stored")
    }
    fn equal(a: &K, b: &K) -> bool {
        a == b
    }
}

/// A borrowed argument of shape `F`.
#[derive(Debug)]
pub struct Part<'a, F, A: ?Sized>(&'a A, PhantomData<F>);

impl<'a, F, A: ?Sized> Part<'a, F, A> {
    #[inline]
    pub(crate) fn new(arg: &'a A) -> Self {
        Self(arg, PhantomData)
    }
}

impl<F: KeyShape<A>, A: ?Sized> Lookup for Part<'_, F, A> {
    type Key = F::Owned;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined does the compiler know what the hasher has buffered"
    )]
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

/// A tuple of shapes is the shape of a tuple. A tuple of lookups is the lookup of a call with several arguments.
macro_rules! tuples {
    ($(($($part:ident $arg:ident $i:tt)*))*) => {$(
        impl<$($arg, $part: KeyShape<$arg>),*> KeyShape<($($arg,)*)> for ($($part,)*) {
            type Owned = ($($part::Owned,)*);

            #[inline]
            fn hash<S: Hasher>(_arg: &($($arg,)*), _state: &mut S) {
                $($part::hash(&_arg.$i, _state);)*
            }
            #[inline]
            fn matches(_arg: &($($arg,)*), _owned: &Self::Owned) -> bool {
                true $(&& $part::matches(&_arg.$i, &_owned.$i))*
            }
            #[allow(clippy::unused_unit, reason = "the empty tuple")]
            fn own(_arg: &($($arg,)*)) -> Self::Owned {
                ($($part::own(&_arg.$i),)*)
            }
        }

        impl<$($part: Lookup),*> Lookup for ($($part,)*) {
            type Key = ($($part::Key,)*);

            #[inline(always)]
            #[allow(clippy::inline_always, reason = "only inlined does the compiler know what the hasher has buffered")]
            fn hash<S: Hasher>(&self, _state: &mut S) {
                $(self.$i.hash(_state);)*
            }
            #[inline]
            fn matches(&self, _key: &Self::Key) -> bool {
                true $(&& self.$i.matches(&_key.$i))*
            }
            #[allow(clippy::unused_unit, reason = "the empty tuple")]
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
    use crate::key::float::Float;
    use crate::key::shape::{ArrayOf, FloatBits, OptionOf, Plain, PointerTo, SliceOf};
    use foldhash::fast::FixedState;
    use std::borrow::Cow;
    use std::hash::BuildHasher;
    use std::sync::Arc;

    type Text = PointerTo<Plain>;

    /// An argument of shape `F`.
    fn part<F: KeyShape<A>, A: ?Sized>(arg: &A) -> Part<'_, F, A> {
        Part::new(arg)
    }

    fn hashes_like_its_key<L: Lookup<Key: Hash + Eq>>(lookup: L) {
        let hashes = FixedState::with_seed(1);
        let mut state = hashes.build_hasher();
        lookup.hash(&mut state);
        let hash = state.finish();
        let key = lookup.into_key();
        assert_eq!(hash, hashes.hash_one(&key));
    }

    #[test]
    fn every_shape_hashes_like_the_key_it_makes() {
        hashes_like_its_key(part::<Plain, _>(&7_u64));
        hashes_like_its_key(part::<Text, _>(&"Oslo"));
        hashes_like_its_key(part::<Text, _>(&Cow::Borrowed("Oslo")));
        hashes_like_its_key(part::<FloatBits, _>(&0.5_f64));
        hashes_like_its_key(part::<OptionOf<Text>, _>(&Some("Oslo")));
        hashes_like_its_key(part::<OptionOf<Text>, Option<&str>>(&None));
        hashes_like_its_key(part::<PointerTo<SliceOf<FloatBits>>, _>(&vec![1.0_f32, f32::NAN]));
        hashes_like_its_key(part::<PointerTo<SliceOf<FloatBits>>, _>(&Arc::<[f64]>::from([0.5])));
        hashes_like_its_key(part::<ArrayOf<Text>, _>(&["a", "b"]));
        let tags = &[(0.5, "a"), (-0.0, "b")][..];
        hashes_like_its_key(part::<PointerTo<SliceOf<(FloatBits, Text)>>, _>(&tags));
        hashes_like_its_key((part::<Text, _>(&"Oslo"), part::<Plain, _>(&3_u8), ByKey(1_u16)));
        hashes_like_its_key(());
    }

    #[test]
    fn every_shape_matches_the_key_it_makes() {
        let tags = [(0.5, "a"), (f64::NAN, "b")];
        let key = part::<ArrayOf<(FloatBits, Text)>, _>(&tags).into_key();
        assert!(part::<ArrayOf<(FloatBits, Text)>, _>(&tags).matches(&key));
        assert!(part::<OptionOf<Text>, _>(&Some("a")).matches(&Some("a".to_owned())));
    }

    #[test]
    fn unequal_arguments_do_not_match() {
        assert!(!part::<Text, _>(&"a").matches(&"b".to_owned()));
        assert!(!part::<OptionOf<FloatBits>, _>(&Some(0.0)).matches(&None));
        assert!(!part::<PointerTo<SliceOf<FloatBits>>, _>(&vec![0.0]).matches(&vec![]));
        assert!(!part::<FloatBits, _>(&0.0).matches(&Float(-0.0)));
        assert!(!(ByKey(1), ByKey(2)).matches(&(1, 3)));
    }
}
