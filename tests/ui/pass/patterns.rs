//! Arguments that are destructured, ignored or changed, and functions with many arguments.

#![deny(warnings)]

use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: i32,
    y: i32,
}

#[memoize]
fn distance(Point { x, y: other }: Point, &Point { x: a, .. }: &Point) -> i32 {
    x + other + a
}

#[memoize]
fn ignored(_: u64, _named: u64, (_, b): (u64, f64), [first, .., last]: [u64; 3]) -> f64 {
    b + (first + last) as f64
}

#[memoize]
fn changed(mut n: u64, mut items: Vec<u64>) -> u64 {
    n += 1;
    items.push(n);
    items.into_iter().sum()
}

#[memoize(key = (x, name))]
fn parts(Point { x, .. }: Point, (name, _): (String, u64)) -> usize {
    x as usize + name.len()
}

#[memoize(key = x)]
fn reference(&Point { x, y }: &Point, text: &mut String) -> i32 {
    text.push('!');
    x + y
}

#[memoize]
fn bound(whole @ (a, _): (u64, u64), ref borrowed: String) -> u64 {
    whole.1 + a + borrowed.len() as u64
}

#[memoize]
#[allow(clippy::too_many_arguments)]
fn fourteen(
    a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: i32, h: i64, i: bool, j: char, k: &str,
    l: f32, m: f64, n: (u8, f64),
) -> String {
    format!("{a}{b}{c}{d}{e}{f}{g}{h}{i}{j}{k}{l}{m}{n:?}")
}

fn main() {
    let p = Point { x: 1, y: 2 };
    assert_eq!((distance(p.clone(), &p), distance(p.clone(), &p)), (4, 4));
    assert_eq!(distance::cache_info().hits, 1);
    assert_eq!((ignored(1, 2, (3, 0.5), [1, 2, 3]), ignored(1, 2, (3, 0.5), [1, 2, 3])), (4.5, 4.5));
    ignored(2, 2, (3, 0.5), [1, 2, 3]);
    assert_eq!((ignored::cache_info().hits, ignored::cache_info().misses), (1, 2));
    assert_eq!((changed(1, vec![1]), changed(1, vec![1])), (3, 3));
    assert_eq!(changed::cache_info().hits, 1);
    assert_eq!((parts(p.clone(), ("a".into(), 1)), parts(p.clone(), ("a".into(), 2))), (2, 2));
    assert_eq!(parts::cache_info().hits, 1);
    let mut text = String::new();
    assert_eq!((reference(&p, &mut text), reference(&p, &mut text), &*text), (3, 3, "!"));
    assert_eq!((bound((1, 2), "a".into()), bound((1, 2), "a".into())), (4, 4));
    for _ in 0..2 {
        let text = fourteen(1, 2, 3, 4, 5, 6, 7, 8, true, 'x', "y", 0.5, 1.5, (1, 2.5));
        assert_eq!(text, "12345678truexy0.51.5(1, 2.5)");
    }
    assert_eq!(fourteen::cache_info().hits, 1);
}
