//! Memoized closures: a search over data that is read at run time.
//!
//! ```text
//! cargo run --release --example closures
//! ```
//!
//! A memoized function has one cache for the whole program. The routes through a map depend on the map: each map needs a
//! cache of its own. A memoized closure borrows the map and owns the cache, and both go together.
//!
//! - `memoize_rec` is for closures that call themselves, by the argument `me`.
//! - `memoize_fn` is for all others.

use memofn::{Cache, memoize_fn};
use std::collections::BTreeMap;

/// One-way roads and their lengths.
type Map<'t> = BTreeMap<&'t str, Vec<(&'t str, u32)>>;

fn read(text: &str) -> Map<'_> {
    let mut map = Map::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(from), Some(to), Some(length)) = (words.next(), words.next(), words.next()) {
            map.entry(from).or_default().push((to, length.parse().expect("a length")));
        }
    }
    map
}

/// The shortest way and the number of all ways between two places, and how many places were searched.
fn ways(map: &Map<'_>, from: &str, to: &str) -> (Option<u32>, u64, u64) {
    let roads = |place: &str| map.get(place).map_or(&[][..], Vec::as_slice);
    let shortest = Cache::builder().unbounded().memoize_rec(|me, place: String| {
        if place == to {
            return Some(0);
        }
        roads(&place)
            .iter()
            .filter_map(|(next, length)| Some(me((*next).to_owned())? + length))
            .min()
    });
    let number = Cache::builder().unbounded().memoize_rec(|me, place: String| {
        if place == to {
            return 1;
        }
        roads(&place).iter().map(|(next, _)| me((*next).to_owned())).sum::<u64>()
    });
    (shortest.call(from.to_owned()), number.call(from.to_owned()), shortest.info().misses)
}

fn main() {
    let small = "inn mill 4\ninn ford 1\nford mill 2\nmill keep 3\nford keep 7";
    assert_eq!(ways(&read(small), "inn", "keep"), (Some(6), 3, 4));
    let (way, number, _) = ways(&read(small), "keep", "inn");
    assert_eq!((way, number), (None, 0), "the roads are one-way");

    // Sixty squares, with two roads from each to the next. A search without a cache would go 2^60 ways.
    let roads = (0..60).map(|n| format!("{n} {n}a 1\n{n} {n}b 2\n{n}a {0} 1\n{n}b {0} 1\n", n + 1));
    let (way, number, searched) = ways(&read(&roads.collect::<String>()), "0", "60");
    println!("the shortest of {number} ways has length {way:?}; {searched} places were searched");
    assert_eq!((way, number, searched), (Some(120), 1 << 60, 181));

    // The captured rate is part of the closure, not of the key. Another rate is another closure, with another cache.
    let toll = |rate: u64| memoize_fn(move |length: u64| rate * length);
    let (cheap, dear) = (toll(2), toll(5));
    assert_eq!([6, 6, 6].map(cheap.as_fn()), [12, 12, 12]);
    assert_eq!(dear.call(6), 30);
    assert_eq!((cheap.info().hits, cheap.info().misses), (2, 1));
    assert_eq!((dear.info().hits, dear.info().misses), (0, 1));
}
