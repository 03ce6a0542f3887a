//! Equal keys: borrowed and owned arguments, floats, patterns, skipped arguments.

#![expect(clippy::needless_pass_by_value, reason = "owned arguments are what is tested")]

mod common;

use common::counts;
use futures::executor::block_on;
use memofn::{Float, memoize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

#[test]
fn text_is_found_by_its_content() {
    #[memoize]
    fn len(text: &str) -> usize {
        text.len()
    }

    let owned = String::from("Oslo");
    assert_eq!((len("Oslo"), len(&owned), len(&owned[..3])), (4, 4, 3));
    assert_eq!(counts(len::cache_info()), (1, 2, Some(128), 2));
    let _: &memofn::Cache<String, usize> = len::cache();
}

#[test]
fn adjacent_parts_of_a_key_are_kept_apart() {
    #[memoize]
    fn joined(a: &str, b: &str) -> String {
        format!("{a}|{b}")
    }
    #[memoize]
    fn listed(parts: &[&str]) -> String {
        parts.join("|")
    }
    #[memoize]
    fn debugged(text: &str, list: &[String]) -> String {
        format!("{text} {list:?}")
    }

    assert_eq!(joined("ab", "c"), "ab|c");
    assert_eq!(joined("a", "bc"), "a|bc");
    assert_eq!(joined("", "abc"), "|abc");
    assert_eq!(joined::cache_info().misses, 3);
    assert_eq!(listed(&["ab", "c"]), "ab|c");
    assert_eq!(listed(&["a", "bc"]), "a|bc");
    assert_eq!(listed(&["a", "b", "c"]), "a|b|c");
    assert_eq!(listed(&[]), "");
    assert_eq!(listed::cache_info().misses, 4);
    // These differ, although their parts are equal when joined.
    assert_eq!(debugged("a [\"b\"]", &[]), "a [\"b\"] []");
    assert_eq!(debugged("a", &["b".to_owned()]), "a [\"b\"]");
    assert_eq!(debugged("a", &["b\", \"c".to_owned()]), "a [\"b\\\", \\\"c\"]");
    assert_eq!(debugged("a", &["b".to_owned(), "c".to_owned()]), "a [\"b\", \"c\"]");
    assert_eq!(debugged::cache_info().misses, 4);
}

#[test]
fn borrowed_arguments_of_every_kind_are_found_again() {
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    struct Point {
        x: i32,
    }

    #[memoize]
    fn numbers(list: &[u32]) -> u32 {
        list.iter().sum()
    }
    #[memoize]
    fn point(at: &Point) -> i32 {
        at.x
    }
    #[memoize]
    fn path(path: &Path) -> bool {
        path.is_absolute()
    }
    #[memoize]
    fn os(name: &OsStr) -> usize {
        name.len()
    }
    #[memoize]
    fn maybe(text: Option<&str>) -> usize {
        text.map_or(0, str::len)
    }
    #[memoize]
    fn cow(text: Cow<'_, str>) -> usize {
        text.len()
    }
    #[memoize]
    fn twice(text: &&str) -> usize {
        text.len()
    }
    #[memoize]
    fn fixed(parts: [&str; 2]) -> usize {
        parts.concat().len()
    }
    #[memoize]
    fn map(map: &BTreeMap<String, u32>) -> usize {
        map.len()
    }
    #[memoize]
    fn nested(parts: &[(Option<&str>, &[u8])], at: &(Point, [u16; 2])) -> usize {
        parts.len() + usize::from(at.1[0])
    }

    let map_of = |n: u32| BTreeMap::from([("a".to_owned(), n)]);
    let at = |x| (Point { x }, [1, 2]);
    for _ in 0..2 {
        assert_eq!((numbers(&[1, 2]), numbers(&Vec::from([1, 2, 3])), numbers(&[])), (3, 6, 0));
        assert_eq!((point(&Point { x: 1 }), point(&Point { x: 2 })), (1, 2));
        assert!(path(Path::new("/a")) && path(&PathBuf::from("/a/b")) && !path(Path::new("a")));
        assert_eq!((os(OsStr::new("a")), os(OsStr::new("")), os(OsStr::new("bc"))), (1, 0, 2));
        assert_eq!((maybe(Some("a")), maybe(None), maybe(Some(""))), (1, 0, 0));
        assert_eq!((cow("a".into()), cow(String::from("b").into()), cow("".into())), (1, 1, 0));
        assert_eq!((twice(&"a"), twice(&""), twice(&"ab")), (1, 0, 2));
        assert_eq!((fixed(["a", "b"]), fixed(["ab", ""]), fixed(["", "ab"])), (2, 2, 2));
        assert_eq!((map(&map_of(1)), map(&map_of(2)), map(&BTreeMap::new())), (1, 1, 0));
        assert_eq!(nested(&[(Some("a"), b"b")], &at(1)), 2);
        assert_eq!(nested(&[(Some("a"), b"c")], &at(1)), 2);
        assert_eq!(nested(&[(None, b"b")], &at(2)), 2);
    }
    assert_eq!(counts(point::cache_info()), (2, 2, Some(128), 2));
    for info in [
        numbers::cache_info(),
        path::cache_info(),
        os::cache_info(),
        maybe::cache_info(),
        cow::cache_info(),
        twice::cache_info(),
        fixed::cache_info(),
        map::cache_info(),
        nested::cache_info(),
    ] {
        assert_eq!(counts(info), (3, 3, Some(128), 3));
    }
}

#[test]
fn a_cow_is_found_borrowed_or_owned() {
    #[memoize]
    fn len(text: Cow<'_, str>) -> usize {
        text.len()
    }

    len(Cow::Borrowed("Oslo"));
    len(Cow::Owned("Oslo".to_owned()));
    assert_eq!(counts(len::cache_info()), (1, 1, Some(128), 1));
}

#[test]
fn owned_arguments_are_keys_as_they_are() {
    #[memoize]
    fn len(text: String, list: Vec<u8>, boxed: Box<str>, shared: Arc<[u8]>) -> usize {
        drop((text.clone(), boxed.clone()));
        text.len() + list.len() + boxed.len() + shared.len()
    }
    #[memoize(scope = "thread")]
    fn counted(text: Rc<str>) -> usize {
        Rc::clone(&text).len()
    }

    let len = |s: &str| len(s.to_owned(), s.into(), s.into(), s.as_bytes().into());
    assert_eq!((len("a"), len("a"), len("ab")), (4, 4, 8));
    assert_eq!((counted("a".into()), counted("a".into())), (1, 1));
    assert_eq!(counts(counted::cache_info()), (1, 1, Some(128), 1));
}

#[test]
fn any_number_of_arguments_is_a_key() {
    #[memoize]
    fn none() -> u32 {
        7
    }
    #[memoize]
    #[expect(clippy::many_single_char_names, clippy::too_many_arguments, reason = "how many")]
    #[rustfmt::skip]
    fn twelve(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8) -> u8 {
        a + b + c + d + e + f + g + h + i + j + k + l
    }
    #[memoize]
    #[expect(clippy::many_single_char_names, clippy::too_many_arguments, reason = "how many")]
    #[rustfmt::skip]
    fn thirteen(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: &str, m: f32) -> u8 {
        assert!(m < 1.0);
        a + b + c + d + e + f + g + h + i + j + k + u8::from(l.is_empty())
    }
    #[memoize]
    #[expect(clippy::many_single_char_names, clippy::too_many_arguments, reason = "how many")]
    #[rustfmt::skip]
    fn fourteen(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: &str, n: &[u8]) -> u8 {
        a + b + c + d + e + f + g + h + i + j + k + l + u8::from(m.is_empty()) + n[0]
    }

    for _ in 0..2 {
        assert_eq!(none(), 7);
        assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
        assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13), 79);
        assert_eq!(thirteen(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "", 0.0), 67);
        assert_eq!(thirteen(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "", 0.5), 67);
        assert_eq!(fourteen(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "m", &[13]), 91);
        assert_eq!(fourteen(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "m", &[14]), 92);
    }
    assert_eq!(counts(none::cache_info()), (1, 1, Some(128), 1));
    for info in [twelve::cache_info(), thirteen::cache_info(), fourteen::cache_info()] {
        assert_eq!(counts(info), (2, 2, Some(128), 2));
    }
    assert_eq!(twelve::cache_remove(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), Some(78));
    assert_eq!(fourteen::cache_peek(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "m", &[14]), Some(92));
}

#[test]
fn floats_are_keys_by_their_bits() {
    #[memoize]
    fn one(x: f64) -> u64 {
        x.to_bits()
    }
    #[memoize]
    fn slice(x: &[f64]) -> usize {
        x.len()
    }
    #[memoize]
    fn option(x: Option<f64>) -> bool {
        x.is_some()
    }
    #[memoize]
    fn tuple((x, name): (f32, &str)) -> usize {
        name.len() + usize::from(x.is_nan())
    }
    #[memoize]
    fn vec(x: Vec<f64>) -> usize {
        x.len()
    }
    #[memoize]
    fn array(x: [f64; 2]) -> bool {
        x[0].is_nan()
    }

    let nan = f64::from_bits(0x7ff8_0000_0000_0001);
    assert_eq!(one(0.0), 0);
    assert_eq!(one(-0.0), 1 << 63);
    for x in [0.0, f64::NAN, -f64::NAN, nan, 0.5, f64::NAN] {
        one(x);
        slice(&[x, 1.0]);
        option(Some(x));
        option(None);
        vec(vec![x]);
        array([x, x]);
        #[expect(clippy::cast_possible_truncation, reason = "the same few numbers, as `f32`")]
        tuple((x as f32, "a"));
    }
    assert_eq!((one::cache_info().misses, one::cache_info().hits), (4, 4));
    assert_eq!((option::cache_info().misses, option::cache_info().hits), (4, 8));
    for info in [slice::cache_info(), vec::cache_info(), array::cache_info(), tuple::cache_info()] {
        assert_eq!((info.misses, info.hits), (3, 3));
    }
    slice(&[-0.0, 1.0]);
    array([0.0, -0.0]);
    tuple((-0.0, "a"));
    tuple((0.0, "b"));
    assert_eq!(slice::cache_info().misses, 4);
    assert_eq!(array::cache_info().misses, 4);
    assert_eq!(tuple::cache_info().misses, 5);
    assert_eq!(one::cache().peek(&Float(f64::NAN)), Some(f64::NAN.to_bits()));
}

#[test]
fn patterns_mut_and_raw_identifiers_are_arguments_like_others() {
    #[memoize]
    fn swapped((a, b): (u32, u32), [c, ..]: [u32; 3]) -> (u32, u32, u32) {
        (b, a, c)
    }
    #[memoize]
    fn counted_down(mut n: u32, _: u8, _unused: bool) -> u32 {
        while n > 3 {
            n -= 3;
        }
        n
    }
    #[memoize]
    fn r#match(r#type: &str, r#fn: u32) -> String {
        format!("{type}{fn}")
    }
    #[memoize]
    fn named(key: u32, cache: u32, value: u32, run: u32, result: u32, arg0: u32) -> u32 {
        key + cache + value + run + result + arg0
    }

    for _ in 0..2 {
        assert_eq!(swapped((1, 2), [3, 4, 5]), (2, 1, 3));
        assert_eq!(swapped((1, 2), [3, 4, 6]), (2, 1, 3));
        assert_eq!(counted_down(11, 0, true), 2);
        assert_eq!(counted_down(11, 1, true), 2);
        assert_eq!(r#match("a", 1), "a1");
        assert_eq!(r#match("a", 2), "a2");
        assert_eq!(named(1, 2, 3, 4, 5, 6), 21);
        assert_eq!(named(6, 5, 4, 3, 2, 1), 21);
    }
    for info in [
        swapped::cache_info(),
        counted_down::cache_info(),
        r#match::cache_info(),
        named::cache_info(),
    ] {
        assert_eq!(counts(info), (2, 2, Some(128), 2));
    }
    assert_eq!(r#match::cache_remove("a", 1).as_deref(), Some("a1"));
}

#[test]
fn skipped_arguments_make_no_difference() {
    struct Connection {
        queries: u32,
    }

    #[memoize(skip(db, log))]
    fn user(db: &mut Connection, id: u32, log: impl Fn(&str), r#ref: &str) -> String {
        db.queries += 1;
        log("asked");
        format!("user {id} {ref}")
    }
    #[memoize(skip(everything))]
    fn constant(everything: &mut dyn FnMut() -> u32) -> u32 {
        everything()
    }

    let (mut db, mut other) = (Connection { queries: 0 }, Connection { queries: 0 });
    assert_eq!(user(&mut db, 1, |_| {}, "a"), "user 1 a");
    assert_eq!(user(&mut other, 1, |_| panic!("a hit"), "a"), "user 1 a");
    assert_eq!(user(&mut other, 2, |text| assert_eq!(text, "asked"), "a"), "user 2 a");
    assert_eq!((db.queries, other.queries), (1, 1));
    assert_eq!(user::cache_remove(1, "a").as_deref(), Some("user 1 a"));
    assert_eq!((constant(&mut || 7), constant(&mut || 8)), (7, 7));
}

#[test]
fn what_a_skipped_closure_returns_makes_no_difference() {
    #[memoize(skip(ask))]
    fn number<F, R>(id: u32, ask: F) -> u32
    where
        F: Fn(u32) -> R,
        R: Into<u32>,
    {
        ask(id).into()
    }
    #[memoize(skip(ask))]
    async fn awaited<F: Fn(u32) -> Fut, Fut: Future<Output = R>, R: Into<u32>>(
        id: u32,
        ask: F,
    ) -> u32 {
        ask(id).await.into()
    }
    #[memoize(skip(items))]
    fn sum<I: IntoIterator<Item = N>, N: Into<u64>>(name: &str, items: I) -> u64 {
        items.into_iter().map(Into::into).sum::<u64>() + name.len() as u64
    }
    struct Client;
    impl Client {
        #[memoize(skip(self, ask))]
        fn number<F: FnOnce() -> R, R: Into<u32>>(&self, id: u32, ask: F) -> u32 {
            id + ask().into()
        }
    }

    assert_eq!((number(1, |_| 3_u8), number(1, |_| 4_u16)), (3, 3));
    assert_eq!(counts(number::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(block_on(awaited(1, |_| async { 3_u8 })), 3);
    assert_eq!(block_on(awaited(1, |_| std::future::ready(4_u16))), 3);
    assert_eq!(awaited::cache_peek(1), Some(3));
    assert_eq!((sum("a", [1_u8, 2]), sum("a", [5_u32])), (4, 4));
    assert_eq!(counts(sum::cache_info()), (1, 1, Some(128), 1));
    assert_eq!((Client.number(1, || 1_u8), Client.number(1, || 7_u16)), (2, 2));
    assert_eq!(counts(Client::number_cache().info()), (1, 1, Some(128), 1));
}

#[test]
fn a_type_that_the_caller_chooses_tells_calls_apart_whatever_is_skipped() {
    trait Make<T> {
        fn make(&self) -> T;
    }
    struct Maker;
    impl Make<u8> for Maker {
        fn make(&self) -> u8 {
            1
        }
    }
    impl Make<String> for Maker {
        fn make(&self) -> String {
            "two".to_owned()
        }
    }
    #[memoize(skip(maker))]
    fn shown<M: Make<T>, T: ToString + 'static>(id: u32, maker: &M) -> String {
        format!("{id}: {}", maker.make().to_string())
    }

    assert_eq!(shown::<_, u8>(1, &Maker), "1: 1");
    assert_eq!(shown::<_, String>(1, &Maker), "1: two");
}

/// References that live forever. Their targets may belong to another crate, which did not derive `Clone`.
#[allow(clippy::ptr_arg, clippy::unused_async, reason = "arguments and functions of every kind")]
mod forever {
    use super::*;
    use memofn::Cache;

    #[derive(Debug, PartialEq, Eq, Hash)]
    pub(super) enum Foreign {
        One,
        Other,
    }

    static ONE: Foreign = Foreign::One;
    static OTHER: Foreign = Foreign::Other;
    static BOTH: [Foreign; 2] = [Foreign::One, Foreign::Other];

    #[memoize]
    fn name(of: &'static Foreign) -> String {
        format!("{of:?}")
    }

    #[test]
    fn a_reference_whose_target_has_no_clone_is_the_key() {
        #[memoize]
        fn several(n: u32, of: Option<&'static Foreign>, all: &'static [Foreign]) -> usize {
            n as usize + usize::from(of.is_some()) + all.len()
        }
        #[memoize(key = (of, n % 10), scope = "thread")]
        fn keyed(of: &'static Foreign, n: u32) -> String {
            format!("{of:?} {}", n % 10)
        }
        #[memoize]
        async fn later(of: &'static Foreign) -> String {
            format!("{of:?}")
        }
        #[memoize]
        fn generic<T: ToString + Clone + Eq + std::hash::Hash + Send + Sync + 'static>(
            of: &'static Foreign,
            n: &'static T,
        ) -> String {
            format!("{of:?} {}", n.to_string())
        }
        #[memoize]
        fn cloned(of: &'static String, text: &'static str, all: &'static [u8]) -> usize {
            of.len() + text.len() + all.len()
        }
        #[derive(Clone, PartialEq, Eq, Hash)]
        struct Bot;
        impl Bot {
            #[memoize]
            fn method(&self, of: &'static Foreign) -> String {
                format!("{of:?}")
            }
        }
        struct Given(Cache<&'static Foreign, String>);
        impl Given {
            #[memoize(cache = self.0)]
            fn name(&self, of: &'static Foreign) -> String {
                format!("{of:?}")
            }
        }

        let given = Given(Cache::default());
        let text: &'static String = Box::leak(Box::new("abc".to_owned()));
        for _ in 0..2 {
            assert_eq!((name(&ONE), name(&OTHER)), ("One".to_owned(), "Other".to_owned()));
            assert_eq!(several(1, Some(&ONE), &BOTH), 4);
            assert_eq!(keyed(&ONE, 13), "One 3");
            assert_eq!(block_on(later(&ONE)), "One");
            assert_eq!(generic(&ONE, &7), "One 7");
            assert_eq!(cloned(text, "ab", b"c"), 6);
            assert_eq!(Bot.method(&ONE), "One");
            assert_eq!(given.name(&ONE), "One");
        }
        // Equal targets are equal keys.
        assert_eq!(name(&BOTH[0]), "One");
        assert_eq!(counts(name::cache_info()), (3, 2, Some(128), 2));
        let _: &Cache<&'static Foreign, String> = name::cache();
        assert_eq!(name::cache().peek(&&ONE).as_deref(), Some("One"));
        let _: &Cache<(u32, Option<&'static Foreign>, &'static [Foreign]), usize> =
            several::cache();
        let _: &Cache<(String, String, Vec<u8>), usize> = cloned::cache();
        let _: &Cache<(&'static Foreign, i32), String> = generic::<i32>::cache();
        assert_eq!(Bot::method_cache().remove(&(Bot, &ONE)).as_deref(), Some("One"));
    }
}
