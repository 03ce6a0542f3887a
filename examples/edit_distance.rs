//! The edit distance of two texts, by a recursion that is hopeless without a cache.
//!
//! ```text
//! cargo run --release --example edit_distance
//! ```
//!
//! The distance of two texts follows from the distances of their prefixes. There are only
//! length × length pairs of prefixes. The three functions differ in the key of such a pair:
//!
//! - [`by_text()`]: the key is the two prefixes, as `&[char]`. Every entry is true for every caller,
//!   and a pair of texts reuses the prefixes that it shares with earlier pairs. Each look-up hashes
//!   both slices, and each entry owns a copy of them.
//! - [`by_position()`]: the key is two lengths, and `skip` leaves the texts out of it. This is small
//!   and fast. But an entry is true for one pair of texts only, so the cache must be cleared before
//!   the next pair.
//! - [`by_position_here()`]: the key is the same, and each thread has its own cache. There is no
//!   synchronisation to pay for, and threads with different texts do not share entries.
//!
//! All are `unbounded`. A cache that evicts entries the recursion still needs would compute them
//! again and again.

use memofn::{CacheInfo, memoize};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

#[memoize(maxsize = unbounded)]
fn by_text(a: &[char], b: &[char]) -> usize {
    distance(a, b, by_text)
}

#[memoize(maxsize = unbounded, skip(a, b))]
fn by_position(i: usize, j: usize, a: &[char], b: &[char]) -> usize {
    distance(&a[..i], &b[..j], |a, b| by_position(a.len(), b.len(), a, b))
}

#[memoize(maxsize = unbounded, scope = "thread", skip(a, b))]
fn by_position_here(i: usize, j: usize, a: &[char], b: &[char]) -> usize {
    distance(&a[..i], &b[..j], |a, b| by_position_here(a.len(), b.len(), a, b))
}

/// One step of the recursion. `shorter` gives the distance of shorter prefixes.
fn distance(a: &[char], b: &[char], shorter: impl Fn(&[char], &[char]) -> usize) -> usize {
    let (Some((last_a, rest_a)), Some((last_b, rest_b))) = (a.split_last(), b.split_last()) else {
        return a.len() + b.len();
    };
    if last_a == last_b {
        return shorter(rest_a, rest_b);
    }
    let replace = shorter(rest_a, rest_b);
    let delete = shorter(rest_a, b);
    let insert = shorter(a, rest_b);
    1 + replace.min(delete).min(insert)
}

/// The function for callers. It clears the cache first, so two pairs of texts never share entries.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b) = (chars(a), chars(b));
    by_position_here::cache_clear();
    by_position_here(a.len(), b.len(), &a, &b)
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

const WORDS: [(&str, &str, usize); 6] = [
    ("kitten", "sitting", 3),
    ("castle", "cottage", 4),
    ("flaw", "lawn", 2),
    ("intention", "execution", 5),
    ("naïve", "naive", 1),
    ("", "memo", 4),
];

const BEFORE: &str = "It is a truth universally acknowledged, that a single man in possession of a \
                      good fortune, must be in want of a wife. However little known the feelings";
const AFTER: &str = "It's a truth widely acknowledged that any single man who possesses a good \
                     fortune must want a wife, however little is known of the man's feelings";

fn main() {
    heading("Pairs of words; the cache is cleared before each");
    for (a, b, expected) in WORDS {
        let distance = edit_distance(a, b);
        println!("{:<24}{distance}", format!("{a:?} {b:?}"));
        assert_eq!(distance, expected);
    }

    heading("Two sentences");
    compare(&chars(BEFORE), &chars(AFTER));

    heading("The mistake: the cache is not cleared");
    forget_to_clear();

    heading("Four threads with different words, and one cache per thread");
    side_by_side();
}

fn compare(a: &[char], b: &[char]) {
    println!("{} and {} characters; from an empty cache, best of 5 runs\n", a.len(), b.len());
    println!("key         scope        time    a hit  counters");
    let (i, j) = (a.len(), b.len());
    let distances = [
        measure("slices      shared", by_text::cache_clear, by_text::cache_info, || by_text(a, b)),
        measure("positions   shared", by_position::cache_clear, by_position::cache_info, || {
            by_position(i, j, a, b)
        }),
        measure(
            "positions   thread",
            by_position_here::cache_clear,
            by_position_here::cache_info,
            || by_position_here(i, j, a, b),
        ),
    ];
    let distance = distances[0];
    println!("\nThe distance is {distance}.");
    assert_eq!(distances, [distance; 3]);

    // The advantage of slices: most prefixes of the next pair are in the cache already.
    let known = by_text::cache_info().misses;
    let longer: Vec<char> = b.iter().copied().chain(" or views".chars()).collect();
    let start = Instant::now();
    let distance = by_text(a, &longer);
    let (new, time) = (by_text::cache_info().misses - known, start.elapsed());
    println!(
        "With two more words it is {distance}. Slices take {time:.1?} and {new} new entries for it."
    );
    assert!(new < known / 5);
}

/// Shows the mistake that `skip` makes possible.
fn forget_to_clear() {
    let (kitten, sitting) = (chars("kitten"), chars("sitting"));
    let (castle, cottage) = (chars("castle"), chars("cottage"));

    by_position::cache_clear();
    let first = by_position(6, 7, &kitten, &sitting);
    let wrong = by_position(6, 7, &castle, &cottage); // the same positions: a hit
    by_position::cache_clear();
    let right = by_position(6, 7, &castle, &cottage);

    println!("\"kitten\" \"sitting\"      {first}");
    println!(
        "\"castle\" \"cottage\"      {wrong}    wrong: this is the entry of kitten and sitting"
    );
    println!("\"castle\" \"cottage\"      {right}    after cache_clear()");
    assert_eq!((first, wrong, right), (3, 3, 4));
}

fn side_by_side() {
    let rounds = 500;
    let start = Instant::now();
    thread::scope(|scope| {
        for (a, b, expected) in &WORDS[..4] {
            scope.spawn(move || {
                for _ in 0..rounds {
                    assert_eq!(edit_distance(a, b), *expected, "{a} {b}");
                }
            });
        }
    });
    println!("{} distances in {:.1?}, all correct.", 4 * rounds, start.elapsed());
}

/// Prints the time of `run` from an empty cache, and its time as a hit.
fn measure(name: &str, clear: fn(), info: fn() -> CacheInfo, run: impl Fn() -> usize) -> usize {
    let hits = 10_000;
    let first = (0..5).map(|_| {
        clear();
        time(1, &run)
    });
    let first = first.min().expect("five runs");
    let counters = info();
    let hit = time(hits, &run) / hits;
    println!("{name} {first:>10.1?} {hit:>8.0?}  {counters}");
    run()
}

fn time(times: u32, run: impl Fn() -> usize) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(run());
    }
    start.elapsed()
}

fn heading(title: &str) {
    println!("\n{title}");
    println!("{}", "-".repeat(title.chars().count()));
}
