//! Patterns of arguments: destructured, ignored, `mut`, raw, or left out of the key.

#![expect(clippy::needless_pass_by_value, reason = "owned arguments are one of the shapes")]

use crate::check::{memoized, ran, runs};
use memofn::{Cache, memoize};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Point {
    x: u32,
    y: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Metres(u32);

#[test]
fn arguments_may_be_taken_apart() {
    #[memoize]
    fn pair((a, b): (u32, u32)) -> u32 {
        ran(a * b)
    }
    #[memoize]
    fn nested(((a, _), [b, .., c]): ((u32, u32), [u32; 3])) -> u32 {
        ran(a + b + c)
    }
    #[memoize]
    fn newtype(Metres(n): Metres) -> u32 {
        ran(n)
    }
    #[memoize]
    fn fields(Point { x, y: height }: Point) -> u32 {
        ran(x + height)
    }
    #[memoize]
    fn through_a_reference(&Point { x, .. }: &Point) -> u32 {
        ran(x)
    }
    #[memoize]
    fn through_references(&(a, &b): &(u32, &u32)) -> u32 {
        ran(a + b)
    }
    #[memoize]
    fn whole(point @ Point { .. }: Point) -> u32 {
        ran(point.x)
    }
    #[memoize]
    #[expect(clippy::toplevel_ref_arg, reason = "the shape")]
    fn by_reference(ref point: Point) -> u32 {
        ran(point.y)
    }
    #[memoize]
    fn constant((): (), [a]: [u32; 1]) -> u32 {
        ran(a)
    }
    #[memoize]
    fn either((Ok(n) | Err(n)): Result<u32, u32>) -> u32 {
        ran(n)
    }

    let point = || Point { x: 1, y: 2 };
    memoized!(pair((2, 3)) => 6);
    memoized!(nested(((1, 2), [3, 4, 5])) => 9);
    memoized!(newtype(Metres(3)) => 3);
    memoized!(fields(point()) => 3);
    memoized!(through_a_reference(&point()) => 1);
    memoized!(through_references(&(1, &2)) => 3);
    memoized!(whole(point()) => 1);
    memoized!(by_reference(point()) => 2);
    memoized!(constant((), [3]) => 3);
    memoized!(either(Ok(3)) => 3);
    memoized!(either(Err(3)) => 3);
    let _: &Cache<Point, u32> = fields::cache();
}

#[test]
fn arguments_may_be_ignored_and_count_all_the_same() {
    #[memoize]
    fn nameless(_: u32, (): ()) -> u32 {
        ran(1)
    }
    #[memoize]
    fn underscored(_n: u32, __m: u32) -> u32 {
        ran(2)
    }
    #[memoize]
    fn in_part((n, _): (u32, u32), _: &str) -> u32 {
        ran(n)
    }

    memoized!(nameless(1, ()) => 1);
    memoized!(nameless(2, ()) => 1);
    memoized!(underscored(1, 2) => 2);
    memoized!(underscored(1, 3) => 2);
    memoized!(in_part((1, 2), "") => 1);
    memoized!(in_part((1, 3), "") => 1);
}

#[test]
fn arguments_may_be_changed_by_the_body() {
    #[memoize]
    fn number(mut n: u32) -> u32 {
        n += 1;
        ran(n)
    }
    #[memoize]
    fn parts((mut a, mut b): (u32, u32)) -> u32 {
        std::mem::swap(&mut a, &mut b);
        ran(a)
    }
    #[memoize]
    fn text(mut text: String) -> String {
        text.push('!');
        ran(text)
    }
    #[memoize]
    fn reference(mut text: &str) -> u32 {
        text = text.trim();
        ran(u32::from(text.is_empty()))
    }

    memoized!(number(1) => 2);
    memoized!(parts((1, 2)) => 2);
    memoized!(text("a".to_owned()) => "a!".to_owned());
    memoized!(reference(" ") => 1);
}

#[test]
fn names_may_be_raw_or_not_english() {
    #[memoize]
    fn r#match(r#type: u32, r#fn: &str) -> u32 {
        ran(r#type + u32::from(r#fn.is_empty()))
    }
    #[memoize(key = r#type)]
    fn keyed(r#type: u32, _ignored: u32) -> u32 {
        ran(r#type)
    }
    #[memoize(skip(r#move))]
    fn skipped(n: u32, r#move: &mut u32) -> u32 {
        *r#move += 1;
        ran(n)
    }
    #[memoize]
    fn fläche(höhe: u32) -> u32 {
        ran(höhe)
    }
    #[memoize(controls = r#try)]
    fn raw_controls(n: u32) -> u32 {
        ran(n)
    }

    memoized!(r#match(1, "") => 2);
    memoized!(keyed(1, 2), found by (1) => 1);
    memoized!(skipped(1, &mut 0), found by (1) => 1);
    memoized!(fläche(3) => 3);
    runs!(1, raw_controls(1) => 1);
    assert_eq!(r#try::cache_peek(1), Some(1));
    assert!(memofn::caches().any(|cache| cache.name().ends_with("::match")));
}

#[test]
fn arguments_that_do_not_count_may_be_anything() {
    #[memoize(skip(log))]
    fn exclusive(n: u32, log: &mut Vec<u32>) -> u32 {
        log.push(n);
        ran(n)
    }
    #[memoize(skip(write))]
    fn dynamic(n: u32, write: &dyn Fn(u32) -> u32) -> u32 {
        ran(write(n))
    }
    #[memoize(skip(write))]
    fn boxed(write: Box<dyn FnOnce(u32) -> u32>, n: u32) -> u32 {
        ran(write(n))
    }
    #[memoize(skip(write))]
    fn unnamed(write: impl Fn(u32) -> u32, n: u32, (): ()) -> u32 {
        ran(write(n))
    }
    #[memoize(skip(pointer))]
    fn raw(n: u32, pointer: *mut u8) -> u32 {
        ran(n + u32::from(pointer.is_null()))
    }
    #[memoize(skip(words))]
    fn iterated<'a>(n: u32, words: impl Iterator<Item = &'a str>) -> u32 {
        ran(words.map(|word| u32::from(word.is_empty())).sum::<u32>() + n)
    }
    #[memoize(skip(all))]
    fn all_skipped(all: &mut u32) -> u32 {
        ran(*all)
    }
    #[memoize(key = (a.len(), b))]
    fn keyed(a: &mut str, (b, _): (u32, u32), c: &mut [u8]) -> u32 {
        a.make_ascii_uppercase();
        c.fill(1);
        ran(b)
    }

    let mut log = Vec::new();
    memoized!(exclusive(1, &mut log), found by (1) => 1);
    memoized!(dynamic(2, &|n| n + 1), found by (2) => 3);
    memoized!(boxed(Box::new(|n| n + 1), 2), found by (2) => 3);
    memoized!(unnamed(|n| n + 1, 2, ()), found by (2, ()) => 3);
    memoized!(raw(1, std::ptr::null_mut()), found by (1) => 2);
    memoized!(iterated(1, ["", "a"].into_iter()), found by (1) => 2);
    memoized!(all_skipped(&mut 5), found by () => 5);
    runs!(1, keyed(&mut "ab".to_owned(), (1, 2), &mut [0]) => 1);
    runs!(0, keyed(&mut "cd".to_owned(), (1, 3), &mut [0]) => 1);
    runs!(1, keyed(&mut "abc".to_owned(), (1, 2), &mut [0]) => 1);
    assert_eq!(log.len(), 3, "the first call, the original function, and the refresh");
}

#[test]
fn lifetimes_may_be_named_and_bounded() {
    #[memoize]
    fn two<'a, 'b: 'a>(a: &'a str, b: &'b str) -> u32 {
        let longer: &'a str = if b.len() > a.len() { b } else { a };
        ran(u32::from(longer.is_empty()))
    }
    #[memoize(skip(log))]
    fn invariant<'a>(text: &'a str, log: &mut Vec<&'a str>) -> u32
    where
        'a: 'a,
    {
        log.push(text);
        ran(1)
    }
    #[memoize]
    fn elided(words: &[std::borrow::Cow<'_, str>]) -> u32 {
        ran(words.iter().map(|word| u32::from(word.is_empty())).sum())
    }

    memoized!(two("a", "bc") => 0);
    let text = "kept".to_owned();
    let mut log = Vec::new();
    memoized!(invariant(&text, &mut log), found by (&text) => 1);
    memoized!(elided(&["".into(), "a".into()]) => 1);
    assert_eq!(log, ["kept"; 3]);
}
