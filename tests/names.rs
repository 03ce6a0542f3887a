//! The attribute trusts no name in a signature: a type named like a standard one may be another type.

mod common;

use common::counts;
use memofn::{Float, memoize};

mod own {
    use super::*;
    use std::ops::Deref;

    /// Has a field beside the value that it derefs to.
    #[derive(Clone, PartialEq, Eq, Hash)]
    pub(super) struct Arc<T> {
        pub(super) tag: u8,
        pub(super) value: T,
    }

    impl<T> Deref for Arc<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.value
        }
    }

    #[memoize]
    pub(super) fn tag(of: &Arc<u64>) -> u8 {
        of.tag
    }

    use Arc as TaggedArc;

    #[memoize]
    pub(super) fn tag_of_text(of: &TaggedArc<&'static str>) -> u8 {
        of.tag
    }

    #[memoize(key = (of.tag, Float(of.value)))]
    pub(super) fn tag_of_float(of: &Arc<f64>) -> u8 {
        of.tag
    }
}

#[test]
fn a_type_called_like_a_pointer_is_a_key_as_a_whole() {
    use own::{Arc, tag, tag_of_float, tag_of_text};

    for tagged in [1, 2, 1] {
        assert_eq!(tag(&Arc { tag: tagged, value: 7 }), tagged);
        assert_eq!(tag_of_text(&Arc { tag: tagged, value: "a" }), tagged);
        assert_eq!(tag_of_float(&Arc { tag: tagged, value: 0.5 }), tagged);
    }
    for info in [tag::cache_info(), tag_of_text::cache_info(), tag_of_float::cache_info()] {
        assert_eq!(counts(info), (1, 2, Some(128), 2));
    }
}

mod aliases {
    #![allow(clippy::needless_pass_by_value, clippy::boxed_local)]
    #![allow(non_camel_case_types)]

    use super::*;

    type Vec<T> = std::vec::Vec<T>;
    type Arc<T> = std::rc::Rc<T>;
    type Box<T> = std::boxed::Box<[T]>;
    type Option<T> = std::option::Option<T>;
    type f64 = f32;
    type String = std::sync::Arc<str>;
    type Pair = (u8, std::string::String);

    #[memoize]
    pub(super) fn listed(list: Vec<f64>) -> usize {
        list.len()
    }
    #[memoize]
    pub(super) fn pointed(at: Arc<f64>, or: Option<&str>) -> bool {
        at.is_nan() || or.is_none()
    }
    #[memoize]
    pub(super) fn boxed(list: Box<u8>, text: String) -> usize {
        list.len() + text.len()
    }
    #[memoize]
    pub(super) fn paired(pair: Pair, x: f64) -> bool {
        pair.1.is_empty() && x > 0.5
    }
}

#[test]
fn an_alias_is_treated_as_its_target() {
    for _ in 0..2 {
        assert_eq!((aliases::listed(vec![0.5]), aliases::listed(vec![0.5, 1.0])), (1, 2));
        assert!(aliases::pointed(f32::NAN.into(), Some("a")));
        assert!(aliases::pointed(0.5.into(), None));
        assert_eq!(aliases::boxed([1, 2].into(), "a".into()), 3);
        assert_eq!(aliases::boxed([1, 2].into(), "ab".into()), 4);
        assert!(!aliases::paired((1, String::new()), 0.5));
        assert!(aliases::paired((1, String::new()), 0.6));
    }
    for info in [
        aliases::listed::cache_info(),
        aliases::pointed::cache_info(),
        aliases::boxed::cache_info(),
        aliases::paired::cache_info(),
    ] {
        assert_eq!(counts(info), (2, 2, Some(128), 2));
    }
    assert_eq!(aliases::listed::cache().peek(&vec![Float(0.5_f32)]), Some(1));
}

mod results {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Result<T>(pub(super) T);

    /// Not a `std::future::Future`.
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Future(pub(super) u32);

    #[memoize]
    pub(super) fn result(n: u32) -> Result<u32> {
        Result(n)
    }
    #[memoize]
    pub(super) fn future(n: u32) -> Future {
        Future(n)
    }
}

#[test]
fn a_type_called_like_a_result_or_a_future_is_stored_as_a_whole() {
    for _ in 0..2 {
        assert_eq!(results::result(1), results::Result(1));
        assert_eq!(results::future(1), results::Future(1));
    }
    assert_eq!(results::result::cache().peek(&1), Some(results::Result(1)));
    assert_eq!(counts(results::result::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(counts(results::future::cache_info()), (1, 1, Some(128), 1));
}

mod hidden {
    use super::*;

    /// Has the same name as the parameters of the functions below.
    pub(super) struct T;

    macro_rules! hidden {
        () => {
            T
        };
    }

    #[memoize(skip(_like))]
    pub(super) fn listed<T>(n: u8, _like: &T) -> Vec<hidden!()>
    where
        T: Default + Clone + Send + Sync + 'static,
    {
        vec![T::default(); n.into()]
    }

    #[memoize]
    pub(super) fn tried<T>(n: u8) -> Result<hidden!(), String>
    where
        T: Default + Clone + Send + Sync + 'static,
    {
        if n == 0 { Err(String::new()) } else { Ok(T::default()) }
    }

    #[memoize(key = format!("{n}"))]
    pub(super) fn shown<F: Fn() -> u8>(n: u8, run: F) -> u8 {
        n + run()
    }
}

#[test]
fn controls_find_the_cache_of_a_type_that_a_macro_hides() {
    let _ = hidden::T;
    for _ in 0..2 {
        assert_eq!(hidden::listed(2, &7_u8), [0, 0]);
        assert_eq!(hidden::listed(1, &'a'), ['\0']);
        assert_eq!(hidden::tried::<u16>(1), Ok(0));
        assert!(hidden::tried::<u16>(0).is_err());
    }
    assert_eq!(counts(hidden::listed::<u8>::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(counts(hidden::listed::<char>::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(hidden::listed::<u8>::cache_remove(2), Some(vec![0, 0]));
    assert_eq!(counts(hidden::tried::<u16>::cache_info()), (1, 3, Some(128), 1));
}

#[test]
fn a_macro_in_a_key_that_hides_nothing_leaves_the_cache_shared() {
    assert_eq!((hidden::shown(1, || 1), hidden::shown(1, || 2)), (2, 2));
    assert_eq!(counts(hidden::shown::cache_info()), (1, 1, Some(128), 1));
}

mod traits {
    use super::*;

    /// Gives every type methods with the names that expansions use.
    trait Extension: Sized {
        const FALLIBLE: u8 = 1;
        const KNOWN: u8 = 2;
        fn kind(&self) -> u8 {
            1
        }
        fn lookup(self) {}
        fn enter(self) {}
        fn own(self) {}
        fn step(self) {}
        fn whole(self) {}
    }

    impl<T> Extension for T {}

    #[memoize]
    pub(super) fn length(text: &str, x: f64) -> Result<usize, String> {
        let sum = text.kind() + u8::FALLIBLE + u8::KNOWN;
        text.lookup();
        text.enter();
        text.own();
        text.step();
        text.whole();
        if x < 0.0 { Err(text.to_owned()) } else { Ok(text.len() + usize::from(sum)) }
    }
}

#[test]
fn blanket_trait_methods_are_not_taken_for_those_of_the_runtime() {
    for _ in 0..2 {
        assert_eq!(traits::length("a", 0.5), Ok(5));
        assert!(traits::length("a", -0.5).is_err());
    }
    assert_eq!(counts(traits::length::cache_info()), (1, 3, Some(128), 1));
}

mod supertraits {
    use super::*;
    use std::hash::Hash;

    #[memoize]
    pub(super) trait Parent: Clone + Eq + Hash + Send + Sync + 'static {
        #[memoize]
        fn both(&self) -> u32 {
            1
        }
    }

    #[memoize]
    pub(super) trait Child<T: 'static, const N: usize>: Parent {
        #[memoize]
        fn both(&self) -> u32 {
            2
        }
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    pub(super) struct Leaf;

    impl Parent for Leaf {}
    impl Child<u8, 2> for Leaf {}
}

#[test]
fn a_trait_and_the_trait_above_it_may_have_functions_of_one_name() {
    use supertraits::{Child, Leaf, Parent};

    for _ in 0..2 {
        assert_eq!((Parent::both(&Leaf), Child::<u8, 2>::both(&Leaf)), (1, 2));
    }
    assert_eq!(counts(<Leaf as Parent>::both_cache().info()), (1, 1, Some(128), 1));
    assert_eq!(counts(<Leaf as Child<u8, 2>>::both_cache().info()), (1, 1, Some(128), 1));
}
