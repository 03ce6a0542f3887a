//! Places of a function, names that it shares with other items, and its use as a value.

use crate::check::{memoized, ran, runs};
use memofn::memoize;
use std::sync::LazyLock;

#[test]
fn functions_may_stand_in_any_block() {
    #[memoize]
    fn outer(n: u32) -> u32 {
        #[memoize]
        fn outer(n: u32) -> u32 {
            #[memoize]
            fn outer(n: u32) -> u32 {
                n + 1
            }
            outer(n) + outer(n) + outer::cache_peek(n).map_or(0, |_| 1)
        }
        ran(outer(n) + outer::uncached(n))
    }
    memoized!(outer(1) => 10);

    let closure = |n| {
        #[memoize]
        fn inner(n: u32) -> u32 {
            ran(n)
        }
        memoized!(inner(n) => n);
    };
    closure(1);
    for n in 0..2 {
        #[memoize]
        fn inner(n: u32) -> u32 {
            ran(n)
        }
        memoized!(inner(n) => n);
        assert_eq!(inner::cache().len(), n as usize + 1, "a loop has one function");
    }
    let inner = |n: u32| n + 100;
    {
        #[memoize]
        fn inner(n: u32) -> u32 {
            ran(n)
        }
        memoized!(inner(1) => 1);
    }
    assert_eq!(inner(1), 101);
}

#[test]
fn functions_may_stand_in_a_static() {
    static TABLE: LazyLock<Vec<u32>> = LazyLock::new(|| {
        #[memoize]
        fn square(n: u32) -> u32 {
            n * n
        }
        (0..4).map(square).collect()
    });

    assert_eq!(*TABLE, [0, 1, 4, 9]);
}

trait Area {
    fn side(&self) -> u32;

    fn area(&self) -> u32 {
        #[memoize]
        fn square(side: u32) -> u32 {
            ran(side * side)
        }
        square(self.side())
    }
}

struct Tile(u32);

impl Tile {
    fn half(&self) -> u32 {
        #[memoize]
        fn half(n: u32) -> u32 {
            ran(n / 2)
        }
        half(self.0)
    }
}

impl Area for Tile {
    fn side(&self) -> u32 {
        #[memoize]
        fn same(n: u32) -> u32 {
            n
        }
        same(self.0)
    }
}

#[test]
fn functions_may_stand_in_methods() {
    for (runs, tile) in [(1, Tile(4)), (0, Tile(4))] {
        let before = crate::check::so_far();
        assert_eq!((tile.area(), tile.half()), (16, 2));
        assert_eq!(crate::check::so_far() - before, 2 * runs);
    }
}

mod temperature {
    pub(super) struct Celsius(pub(super) u32);
}

struct Deck {
    width: u32,
}

/// Named like a module.
#[memoize(controls = temperature_cache)]
fn temperature(n: u32) -> u32 {
    ran(n)
}

/// Named like a type.
#[expect(non_snake_case, reason = "the shape")]
#[memoize(controls = DeckControls, name = "decks")]
fn Deck(n: u32) -> u32 {
    ran(n)
}

#[test]
fn controls_may_have_a_name_of_their_own() {
    runs!(1, temperature(temperature::Celsius(7).0) => 7);
    runs!(0, temperature(7) => 7);
    assert_eq!(temperature_cache::cache_peek(7), Some(7));
    runs!(1, Deck(Deck { width: 3 }.width) => 3);
    assert_eq!(DeckControls::cache_parameters().name, "decks");
}

#[test]
fn functions_are_values() {
    #[memoize]
    fn double(n: u32) -> u32 {
        ran(n * 2)
    }
    fn twice(f: impl Fn(u32) -> u32, n: u32) -> u32 {
        f(f(n))
    }

    let pointer: fn(u32) -> u32 = double;
    runs!(2, [1, 1, 2, 2].map(double) => [2, 2, 4, 4]);
    runs!(0, pointer(2) => 4);
    runs!(1, twice(double, 2) => 8);
    runs!(0, Some(4).filter(|n| *n > 0).map(double) => Some(8));
}
