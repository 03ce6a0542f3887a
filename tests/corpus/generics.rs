//! Generic functions: one cache for each instantiation.

#![expect(clippy::needless_pass_by_value, reason = "owned arguments are one of the shapes")]

use crate::check::{memoized, ran, remembered, runs};
use memofn::scope::Thread;
use memofn::{Cache, memoize};
use std::any::type_name;
use std::borrow::Borrow;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::Add;
use std::rc::Rc;

/// The bounds of a key under one name.
trait Key: Clone + Eq + Hash + Send + Sync + 'static {}
impl<T: Clone + Eq + Hash + Send + Sync + 'static> Key for T {}

#[test]
fn a_type_is_a_parameter() {
    #[memoize]
    fn doubled<T: Clone + Eq + Hash + Send + Sync + 'static + Add<Output = T>>(n: T) -> T {
        ran(n.clone() + n)
    }
    #[memoize]
    fn shown<T>(item: &T) -> String
    where
        T: Key + Debug,
    {
        ran(format!("{item:?}"))
    }
    #[memoize]
    fn largest<T: Key + Ord>(items: &[T]) -> Option<T> {
        ran(items.iter().max().cloned())
    }
    #[memoize]
    fn first<T: Key>(items: Vec<T>, or: Option<&T>) -> Result<T, String> {
        ran(items.first().or(or).cloned().ok_or_else(|| "nothing".to_owned()))
    }
    #[memoize]
    fn pair<A: Key, B: Key>(a: A, b: &B) -> (B, A) {
        ran((b.clone(), a))
    }

    memoized!(doubled::<u32>(2) => 4);
    memoized!(doubled::<u64>(2) => 4);
    memoized!(shown::<u32>(&1) => "1".to_owned());
    memoized!(shown::<String>(&"a".to_owned()) => "\"a\"".to_owned());
    memoized!(largest::<u32>(&[1, 2]) => Some(2));
    memoized!(largest::<char>(&[]) => None::<char>);
    memoized!(first::<u32>(vec![1], None) => Ok::<_, String>(1));
    memoized!(first::<u32>(vec![], Some(&2)) => Ok::<_, String>(2));
    for _ in 0..2 {
        runs!(1, first::<u32>(vec![], None) => Err::<(), _>("nothing"));
    }
    memoized!(pair::<u32, char>(1, &'a') => ('a', 1));
    memoized!(pair::<char, u32>('a', &1) => (1, 'a'));
    runs!(0, pair(1_u32, &'a') => ('a', 1));
    let _: &Cache<(u32, char), (char, u32)> = pair::<u32, char>::cache();
}

#[test]
fn a_constant_is_a_parameter() {
    #[memoize]
    fn length<const N: usize>(items: [u32; N]) -> usize {
        ran(items.len())
    }
    #[memoize]
    fn flag<const UP: bool>(text: &str) -> String {
        ran(if UP { text.to_uppercase() } else { text.to_lowercase() })
    }
    #[memoize]
    fn filled<const C: char>(n: usize) -> String {
        ran(std::iter::repeat_n(C, n).collect())
    }
    #[memoize]
    fn grid<T: Key, const W: usize, const H: usize>(item: T) -> [[T; W]; H] {
        ran(std::array::from_fn(|_| std::array::from_fn(|_| item.clone())))
    }
    #[memoize]
    fn negative<const N: i8>() -> i8 {
        ran(-N)
    }

    memoized!(length::<2>([1, 2]) => 2);
    memoized!(length::<0>([]) => 0);
    memoized!(flag::<true>("Aa") => "AA".to_owned());
    memoized!(flag::<false>("Aa") => "aa".to_owned());
    memoized!(filled::<'x'>(2) => "xx".to_owned());
    memoized!(filled::<'y'>(2) => "yy".to_owned());
    memoized!(grid::<u8, 2, 1>(7) => [[7, 7]]);
    memoized!(grid::<u8, 1, 2>(7) => [[7], [7]]);
    memoized!(negative::<{ -3 }>() => 3);
}

#[test]
fn a_parameter_may_occur_nowhere_else() {
    #[memoize]
    fn name_of<T>() -> &'static str {
        ran(type_name::<T>())
    }
    #[memoize]
    fn name_of_unsized<T: ?Sized>(n: u32) -> (u32, &'static str) {
        ran((n, type_name::<T>()))
    }
    #[memoize]
    fn made<T: Default + Key>() -> T {
        ran(T::default())
    }
    #[memoize]
    fn marked<T: 'static>(_marker: PhantomData<fn() -> T>) -> usize {
        ran(size_of::<T>())
    }

    memoized!(name_of::<u8>() => "u8");
    memoized!(name_of::<char>() => "char");
    memoized!(name_of_unsized::<str>(1) => (1, "str"));
    memoized!(name_of_unsized::<[u8]>(1) => (1, "[u8]"));
    memoized!(made::<u32>() => 0);
    memoized!(made::<String>() => String::new());
    memoized!(marked::<u32>(PhantomData) => 4);
    runs!(0, made::<u32>() => 0);
}

#[test]
fn a_parameter_may_have_no_size() {
    #[memoize(key = text.borrow().to_owned())]
    fn length<T: ?Sized + Borrow<str>>(text: &T) -> usize {
        ran(text.borrow().len())
    }
    #[memoize(key = item.to_string())]
    fn shown<T>(item: &T) -> String
    where
        T: Display + ?Sized,
    {
        ran(item.to_string())
    }
    #[memoize(skip(of))]
    fn sized<T: ?Sized + Debug>(of: &T, n: usize) -> usize {
        ran(size_of_val(of) + n)
    }

    memoized!(length::<str>("ab") => 2);
    memoized!(length::<String>(&"ab".to_owned()) => 2);
    memoized!(shown::<str>("a") => "a".to_owned());
    memoized!(shown::<u32>(&1) => "1".to_owned());
    runs!(1, sized("ab", 1) => 3);
    runs!(0, sized("ab", 1) => 3);
    assert_eq!(sized::cache_peek(1), Some(3));
}

#[test]
fn a_parameter_that_does_not_count_may_be_anything() {
    #[memoize(skip(f))]
    fn applied<F: Fn(u32) -> u32>(n: u32, f: F) -> u32 {
        ran(f(n))
    }
    #[memoize(skip(f))]
    fn applied_mut<F>(n: u32, mut f: F) -> u32
    where
        F: FnMut(u32) -> u32,
    {
        ran(f(n))
    }
    #[memoize(skip(f))]
    fn applied_once(n: u32, f: impl FnOnce(u32) -> u32) -> u32 {
        ran(f(n))
    }
    #[memoize(skip(log))]
    fn logged<T: Key + Debug, L: Extend<String>>(item: &T, log: &mut L) -> T {
        log.extend([format!("{item:?}")]);
        ran(item.clone())
    }
    #[memoize(skip(trim))]
    fn trimmed<F>(text: &str, trim: F) -> usize
    where
        F: for<'a> Fn(&'a str) -> &'a str,
    {
        ran(trim(text).len())
    }
    #[memoize(key = items.len())]
    fn counted<I>(items: I) -> usize
    where
        I: ExactSizeIterator,
    {
        ran(items.count())
    }
    #[memoize(skip(from))]
    fn converted<T, U: Key>(n: u32, from: T) -> (u32, U)
    where
        T: Into<U>,
    {
        ran((n, from.into()))
    }

    let (mut seen, by) = (Vec::new(), 10);
    memoized!(applied(1, |n| n + by), found by (1) => 11);
    memoized!(applied_once(1, |n| n + by), found by (1) => 11);
    let mut calls = 0;
    for runs in [1, 0] {
        let before = crate::check::so_far();
        let count = |n| {
            calls += 1;
            n + by
        };
        assert_eq!((applied_mut(1, count), crate::check::so_far() - before), (11, runs));
    }
    assert_eq!((calls, applied_mut::cache_remove(1)), (1, Some(11)));
    runs!(1, logged(&1_u32, &mut seen) => 1);
    runs!(0, logged(&1_u32, &mut seen) => 1);
    runs!(1, logged(&'a', &mut seen) => 'a');
    runs!(1, logged::<char>::uncached(&'a', &mut seen) => 'a');
    assert_eq!((logged::<u32>::cache_peek(&1), logged::<char>::cache_peek(&'b')), (Some(1), None));
    memoized!(trimmed(" a ", str::trim), found by (" a ") => 1);
    runs!(1, counted(["a"].into_iter()) => 1);
    runs!(0, counted(["b"].into_iter()) => 1);
    runs!(1, counted(["b", "c"].iter().copied()) => 2);
    runs!(1, converted::<u8, u64>(1, 2) => (1, 2));
    runs!(0, converted::<u16, u64>(1, 3) => (1, 2));
    runs!(1, converted::<u16, u32>(1, 3) => (1, 3));
    assert_eq!(converted::<u64>::cache_peek(1), Some((1, 2)));
    assert_eq!(seen, ["1", "'a'", "'a'"]);
}

#[test]
fn lifetimes_and_types_go_together() {
    #[memoize]
    fn joined<'a, T: Key + Display>(items: &'a [T], between: &'a str) -> String {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        ran(items.join(between))
    }
    #[memoize(skip(best))]
    fn chosen<'a, 'b: 'a, T: Key + Ord>(item: &'b T, best: &mut Option<&'a T>) -> T {
        *best = Some(item);
        ran(item.clone())
    }

    memoized!(joined::<u32>(&[1, 2], "-") => "1-2".to_owned());
    let one = 1;
    let mut best = None;
    memoized!(chosen::<u32>(&one, &mut best), found by (&one) => 1);
    assert_eq!(best, Some(&1));
}

#[test]
fn options_are_as_those_of_other_functions() {
    #[memoize(scope = "thread", maxsize = 2)]
    fn here<T: Clone + Eq + Hash + 'static>(item: T) -> Rc<T> {
        ran(Rc::new(item))
    }
    #[memoize(key = item.len(), name = "keyed")]
    fn keyed<T: ExactSizeIterator + Clone>(item: T) -> usize {
        ran(item.count())
    }
    #[memoize(maxsize = size_of::<u64>(), ttl = "1h", cache_if = |it: &Option<T>| it.is_some())]
    fn found<T: Key>(item: Option<T>) -> Option<T> {
        ran(item)
    }
    #[memoize(controls = sum_cache)]
    fn sum<T: Key + Into<u64>>(items: &[T]) -> u64 {
        ran(items.iter().cloned().map(Into::into).sum())
    }

    memoized!(here::<u32>(1) => Rc::new(1));
    memoized!(here::<String>("a".to_owned()) => Rc::new("a".to_owned()));
    let _: Cache<u32, Rc<u32>, Thread> = here::<u32>::cache();
    runs!(1, keyed(0_u8..3) => 3);
    runs!(0, keyed(1_u8..4) => 3);
    runs!(1, keyed([1].iter()) => 1);
    memoized!(found::<u32>(Some(1)) => Some(1));
    for _ in 0..2 {
        runs!(1, found::<u32>(None) => None::<()>);
    }
    assert_eq!(found::<u32>::cache_parameters().maxsize, Some(8));
    runs!(1, sum(&[1_u32, 2]) => 3);
    assert_eq!(sum_cache::<u32>::cache_peek(&[1, 2]), Some(3));
    assert_eq!(sum_cache::<u8>::cache_peek(&[1, 2]), None);
}

#[test]
fn instantiations_are_listed_each_by_its_types() {
    #[memoize(name = "instance")]
    fn instance<T: Key, const N: usize>(_item: T) -> usize {
        ran(N)
    }

    remembered(
        instance::<u32, 1>::cache(),
        &mut || instance::<u32, 1>(1),
        &mut || instance::<u32, 1>::uncached(1),
        &1,
    );
    runs!(1, instance::<u32, 2>(1) => 2);
    runs!(1, instance::<char, 1>('a') => 1);
    runs!(0, instance::<char, 1>('a') => 1);
    let listed: Vec<_> = memofn::caches()
        .filter(|cache| cache.name().starts_with("instance"))
        .map(|cache| (cache.name().to_owned(), cache.info.hits, cache.info.misses))
        .collect();
    let named = |name: &str, hits, misses| (name.to_owned(), hits, misses);
    let expected = [
        named("instance<char, 1>", 1, 1),
        named("instance<u32, 1>", 2, 2),
        named("instance<u32, 2>", 0, 1),
    ];
    assert_eq!(listed, expected);
    instance::<u32, 1>::cache_clear();
    assert_eq!(instance::<u32, 1>::cache_info().currsize, 0);
    assert_eq!(instance::<u32, 2>::cache_info().currsize, 1);
}
