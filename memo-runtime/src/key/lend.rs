//! The inverse of a shape: an argument made from the key that a call with such an argument has stored.
//!
//! A run in the background has the key alone. Its arguments borrow from the key where the function takes references,
//! and are clones of its parts elsewhere.

use crate::key::float::Float;
use crate::key::shape::{ArrayOf, FloatBits, KeyShape, OptionOf, Plain, PointerTo, SliceOf};
use std::borrow::{Borrow, Cow};
use std::rc::Rc;
use std::sync::Arc;

/// A shape whose arguments of type `A` can be made from the owned part of a key.
///
/// A slice of references cannot: the key owns no such slice.
#[diagnostic::on_unimplemented(
    message = "`{A}` cannot be made from the key of a stored value, and so the value cannot be refreshed in the background",
    label = "the key owns nothing that this argument can borrow",
    note = "say `refresh_on = caller`, and the call that finds an old value runs the body; or take an argument whose parts \
            are owned, as `&[String]` in place of `&[&str]`"
)]
pub trait Lend<'k, A>: KeyShape<A> {
    #[doc(hidden)]
    fn lend(owned: &'k Self::Owned) -> A;
}

/// An argument of shape `F`, made from the part of a key that it has become.
#[inline]
pub fn lend<'k, F: Lend<'k, A>, A>(owned: &'k F::Owned) -> A {
    F::lend(owned)
}

/// A shape whose arguments of type `A` the owned part of a key can lend.
pub trait LendRef<A: ?Sized>: KeyShape<A> {
    #[doc(hidden)]
    fn lend_ref(owned: &Self::Owned) -> &A;
}

impl<A: ?Sized + ToOwned> LendRef<A> for Plain
where
    Self: KeyShape<A, Owned = A::Owned>,
{
    fn lend_ref(owned: &A::Owned) -> &A {
        owned.borrow()
    }
}

impl<A> LendRef<A> for FloatBits
where
    Self: KeyShape<A, Owned = Float<A>>,
{
    fn lend_ref(owned: &Float<A>) -> &A {
        &owned.0
    }
}

impl<A> LendRef<[A]> for SliceOf<FloatBits>
where
    Self: KeyShape<[A], Owned = Vec<Float<A>>>,
{
    fn lend_ref(owned: &Vec<Float<A>>) -> &[A] {
        Float::numbers(owned)
    }
}

impl<A, const N: usize> LendRef<[A; N]> for ArrayOf<FloatBits>
where
    Self: KeyShape<[A; N], Owned = [Float<A>; N]>,
{
    fn lend_ref(owned: &[Float<A>; N]) -> &[A; N] {
        Float::numbers(owned).try_into().expect("the numbers are as many")
    }
}

/// A shape whose arguments of type `A` can be made from the owned part of a key behind a pointer that owns them.
pub trait LendBox<A: ?Sized>: KeyShape<A> {
    #[doc(hidden)]
    fn lend_box(owned: &Self::Owned) -> Box<A>;
}

impl<A: ?Sized> LendBox<A> for Plain
where
    Self: KeyShape<A, Owned: Clone + Into<Box<A>>>,
{
    fn lend_box(owned: &Self::Owned) -> Box<A> {
        owned.clone().into()
    }
}

impl<A: Copy> LendBox<A> for FloatBits
where
    Self: KeyShape<A, Owned = Float<A>>,
{
    fn lend_box(owned: &Float<A>) -> Box<A> {
        Box::new(owned.0)
    }
}

impl<A: Copy> LendBox<[A]> for SliceOf<FloatBits>
where
    Self: KeyShape<[A], Owned = Vec<Float<A>>>,
{
    fn lend_box(owned: &Vec<Float<A>>) -> Box<[A]> {
        Float::numbers(owned).into()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Clone> Lend<'_, A> for Plain
where
    Self: KeyShape<A, Owned = A>,
{
    fn lend(owned: &A) -> A {
        owned.clone()
    }
}

#[diagnostic::do_not_recommend]
impl<A: Copy> Lend<'_, A> for FloatBits
where
    Self: KeyShape<A, Owned = Float<A>>,
{
    fn lend(owned: &Float<A>) -> A {
        owned.0
    }
}

#[diagnostic::do_not_recommend]
impl<'k, A: 'k + ?Sized, F: LendRef<A, Owned: 'k>> Lend<'k, &'k A> for PointerTo<F> {
    fn lend(owned: &'k F::Owned) -> &'k A {
        F::lend_ref(owned)
    }
}

#[diagnostic::do_not_recommend]
impl<'k, A: 'k + ?Sized + ToOwned, F: LendRef<A, Owned: 'k>> Lend<'k, Cow<'k, A>> for PointerTo<F> {
    fn lend(owned: &'k F::Owned) -> Cow<'k, A> {
        Cow::Borrowed(F::lend_ref(owned))
    }
}

macro_rules! owning_pointers {
    ($($pointer:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'k, A: ?Sized, F: LendBox<A>> Lend<'k, $pointer<A>> for PointerTo<F> {
            fn lend(owned: &'k F::Owned) -> $pointer<A> {
                F::lend_box(owned).into()
            }
        }
    )*};
}
owning_pointers!(Box Rc Arc);

#[diagnostic::do_not_recommend]
impl<'k, A, F: Lend<'k, A, Owned: 'k>> Lend<'k, Vec<A>> for PointerTo<SliceOf<F>> {
    fn lend(owned: &'k Vec<F::Owned>) -> Vec<A> {
        owned.iter().map(F::lend).collect()
    }
}

#[diagnostic::do_not_recommend]
impl<'k, A, F: Lend<'k, A, Owned: 'k>> Lend<'k, Option<A>> for OptionOf<F> {
    fn lend(owned: &'k Option<F::Owned>) -> Option<A> {
        owned.as_ref().map(F::lend)
    }
}

#[diagnostic::do_not_recommend]
impl<'k, A, F: Lend<'k, A, Owned: 'k>, const N: usize> Lend<'k, [A; N]> for ArrayOf<F> {
    fn lend(owned: &'k [F::Owned; N]) -> [A; N] {
        std::array::from_fn(|i| F::lend(&owned[i]))
    }
}

macro_rules! tuples {
    ($(($($part:ident $arg:ident $i:tt)*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'k, $($arg, $part: Lend<'k, $arg, Owned: 'k>),*> Lend<'k, ($($arg,)*)> for ($($part,)*) {
            fn lend(owned: &'k Self::Owned) -> ($($arg,)*) {
                ($($part::lend(&owned.$i),)*)
            }
        }
    )*};
}
tuples! {
    (A Aa 0)
    (A Aa 0 B Bb 1)
    (A Aa 0 B Bb 1 C Cc 2)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4)
    (A Aa 0 B Bb 1 C Cc 2 D Dd 3 E Ee 4 F Ff 5)
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    reason = "a key keeps every bit, and owns its arguments"
)]
mod tests {
    use super::*;

    type Text = PointerTo<Plain>;

    /// The key of an argument lends a value that is equal to the argument.
    fn lends<F, A>(arg: A)
    where
        F: KeyShape<A> + for<'k> Lend<'k, A>,
        A: PartialEq + std::fmt::Debug,
    {
        assert_eq!(F::lend(&F::own(&arg)), arg);
    }

    /// As [`lends`], for a type that borrows.
    macro_rules! lends_ref {
        ($shape:ty, $type:ty, $arg:expr) => {
            let arg: $type = $arg;
            let owned = <$shape as KeyShape<$type>>::own(&arg);
            let lent: $type = <$shape as Lend<'_, $type>>::lend(&owned);
            assert_eq!(lent, arg);
        };
    }

    #[test]
    fn a_key_lends_the_arguments_it_was_made_of() {
        lends::<Plain, u64>(7);
        lends::<Plain, String>("Oslo".to_owned());
        lends::<Plain, Vec<u8>>(vec![1, 2]);
        lends::<FloatBits, f64>(0.5);
        lends::<OptionOf<FloatBits>, Option<f32>>(Some(0.5));
        lends::<ArrayOf<FloatBits>, [f64; 2]>([0.5, -0.0]);
        lends::<PointerTo<SliceOf<FloatBits>>, Vec<f64>>(vec![0.5, 1.5]);
        lends::<PointerTo<Plain>, Arc<str>>(Arc::from("Oslo"));
        lends::<PointerTo<Plain>, Arc<[u8]>>(Arc::from([1, 2]));
        lends::<PointerTo<Plain>, Rc<u8>>(Rc::new(3));
        lends::<PointerTo<Plain>, Box<str>>(Box::from("Oslo"));
        lends::<PointerTo<FloatBits>, Box<f64>>(Box::new(0.5));
        lends::<PointerTo<SliceOf<FloatBits>>, Arc<[f64]>>(Arc::from([0.5, 1.5]));
        lends::<(Plain, FloatBits), (u8, f64)>((1, 0.5));
    }

    #[test]
    fn a_key_lends_what_it_owns_to_arguments_that_borrow() {
        lends_ref!(Text, &str, "Oslo");
        lends_ref!(Text, &u64, &7);
        lends_ref!(Text, &[u8], &[1, 2]);
        lends_ref!(PointerTo<FloatBits>, &f64, &0.5);
        lends_ref!(PointerTo<SliceOf<FloatBits>>, &[f64], &[0.5, f64::INFINITY]);
        lends_ref!(PointerTo<ArrayOf<FloatBits>>, &[f32; 2], &[0.5, 1.5]);
        lends_ref!(OptionOf<Text>, Option<&str>, Some("Oslo"));
        lends_ref!(OptionOf<Text>, Option<&str>, None);
        lends_ref!(Text, Cow<'_, str>, Cow::Borrowed("Oslo"));
        lends_ref!((Text, Plain), (&str, u8), ("Oslo", 3));
        lends_ref!(ArrayOf<Text>, [&str; 2], ["a", "b"]);
        lends_ref!(PointerTo<SliceOf<Text>>, Vec<&str>, vec!["a", "b"]);
    }
}
