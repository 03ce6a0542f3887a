//! Programs as users write them: functions that call themselves and compute each subproblem once. Each runs in a
//! process of its own.

mod steps;

use super::bodies::body;
use crate::{names, titles};
use steps::{all_dice, all_entries, all_springs, all_stones, dice_step, springs_step, stones_step};

/// A program, and the ways to memoize it. Each is called with the size of the input.
pub(crate) struct Program {
    pub(crate) title: &'static str,
    /// The size of the input: blinks, rows, the goal, keys.
    pub(crate) size: u64,
    /// The size of an input that takes next to no time.
    pub(crate) small: u64,
    pub(crate) contestants: [Contestant; 7],
}

/// A way to memoize a program: its name, and the program.
type Contestant = (&'static str, fn(u64) -> u64);

/// Defines the programs for one way to memoize: its attribute, and the function with a `String` and a `Vec` as key.
macro_rules! programs {
    ($module:ident, $(#[$memoize:meta])*, $($springs:tt)*) => {
        pub(crate) mod $module {
            use super::*;

            $(#[$memoize])*
            fn stones(stone: u64, blinks: usize) -> u64 {
                stones_step(stone, blinks, stones)
            }

            $($springs)*

            $(#[$memoize])*
            fn dice(place: i64, left: i64, other_place: i64, other_left: i64, turn: i64) -> i64 {
                dice_step([place, left, other_place, other_left, turn], dice)
            }

            $(#[$memoize])*
            fn table(key: u64) -> u64 {
                body(key)
            }

            pub(super) fn run_stones(blinks: u64) -> u64 {
                all_stones(blinks, stones)
            }

            pub(super) fn run_springs(rows: u64) -> u64 {
                all_springs(rows, springs)
            }

            pub(super) fn run_dice(goal: u64) -> u64 {
                all_dice(goal, dice)
            }

            pub(super) fn run_table(keys: u64) -> u64 {
                all_entries(keys, table)
            }
        }
    };
}

programs!(ours, #[memofn::memoize(maxsize = unbounded)],
    #[memofn::memoize(maxsize = unbounded)]
    fn springs(row: &str, groups: &[usize]) -> u64 {
        springs_step(row, groups, springs)
    }
);
programs!(ours_of_thread,
    #[memofn::memoize(maxsize = unbounded, scope = "thread")],
    #[memofn::memoize(maxsize = unbounded, scope = "thread")]
    fn springs(row: &str, groups: &[usize]) -> u64 {
        springs_step(row, groups, springs)
    }
);
programs!(by_cached, #[cached::macros::cached],
    #[cached::macros::cached(
        key = "(String, Vec<usize>)",
        convert = { (row.to_owned(), groups.to_vec()) }
    )]
    fn springs(row: &str, groups: &[usize]) -> u64 {
        springs_step(row, groups, springs)
    }
);
programs!(by_concurrent_cached, #[cached::macros::concurrent_cached],
    #[cached::macros::concurrent_cached(
        key = "(String, Vec<usize>)",
        convert = { (row.to_owned(), groups.to_vec()) }
    )]
    fn springs(row: &str, groups: &[usize]) -> u64 {
        springs_step(row, groups, springs)
    }
);
programs!(by_memoize, #[memoize::memoize],
    #[memoize::memoize]
    #[allow(clippy::needless_pass_by_value, reason = "its arguments are owned")]
    fn owned_springs(row: String, groups: Vec<usize>) -> u64 {
        springs_step(&row, &groups, springs)
    }

    fn springs(row: &str, groups: &[usize]) -> u64 {
        owned_springs(row.to_owned(), groups.to_vec())
    }
);

/// By hand, like the floor of other scenarios.
pub(crate) mod floor {
    use super::{
        all_dice, all_entries, all_springs, all_stones, body, dice_step, springs_step, stones_step,
    };
    use foldhash::fast::RandomState;
    use hashbrown::{Equivalent, HashMap};
    use std::cell::RefCell;

    thread_local! {
        static STONES: RefCell<HashMap<(u64, usize), u64, RandomState>> = RefCell::default();
        static SPRINGS: RefCell<HashMap<(String, Vec<usize>), u64, RandomState>> =
            RefCell::default();
        static DICE: RefCell<HashMap<[i64; 5], i64, RandomState>> = RefCell::default();
        static TABLE: RefCell<HashMap<u64, u64, RandomState>> = RefCell::default();
    }

    /// A borrowed key, equivalent to the owned one.
    #[derive(Hash)]
    struct Row<'a>(&'a str, &'a [usize]);

    impl Equivalent<(String, Vec<usize>)> for Row<'_> {
        fn equivalent(&self, key: &(String, Vec<usize>)) -> bool {
            self.0 == key.0 && self.1 == key.1
        }
    }

    fn stones(stone: u64, blinks: usize) -> u64 {
        let key = (stone, blinks);
        if let Some(value) = STONES.with_borrow(|map| map.get(&key).copied()) {
            return value;
        }
        let value = stones_step(stone, blinks, stones);
        STONES.with_borrow_mut(|map| map.insert(key, value));
        value
    }

    fn springs(row: &str, groups: &[usize]) -> u64 {
        if let Some(value) = SPRINGS.with_borrow(|map| map.get(&Row(row, groups)).copied()) {
            return value;
        }
        let value = springs_step(row, groups, springs);
        SPRINGS.with_borrow_mut(|map| map.insert((row.to_owned(), groups.to_vec()), value));
        value
    }

    fn dice(place: i64, left: i64, other_place: i64, other_left: i64, turn: i64) -> i64 {
        let key = [place, left, other_place, other_left, turn];
        if let Some(value) = DICE.with_borrow(|map| map.get(&key).copied()) {
            return value;
        }
        let value = dice_step(key, dice);
        DICE.with_borrow_mut(|map| map.insert(key, value));
        value
    }

    fn table(key: u64) -> u64 {
        if let Some(value) = TABLE.with_borrow(|map| map.get(&key).copied()) {
            return value;
        }
        let value = body(key);
        TABLE.with_borrow_mut(|map| map.insert(key, value));
        value
    }

    pub(super) fn run_stones(blinks: u64) -> u64 {
        all_stones(blinks, stones)
    }

    pub(super) fn run_springs(rows: u64) -> u64 {
        all_springs(rows, springs)
    }

    pub(super) fn run_dice(goal: u64) -> u64 {
        all_dice(goal, dice)
    }

    pub(super) fn run_table(keys: u64) -> u64 {
        all_entries(keys, table)
    }
}

/// The ways to memoize a program.
macro_rules! contestants {
    ($run:ident) => {
        [
            (names::NOTHING, std::convert::identity),
            (names::FLOOR, floor::$run),
            (names::MEMOFN, ours::$run),
            (names::MEMOFN_THREAD_UNBOUNDED, ours_of_thread::$run),
            (names::CACHED, by_cached::$run),
            (names::CONCURRENT_CACHED, by_concurrent_cached::$run),
            (names::MEMOIZE_UNBOUNDED, by_memoize::$run),
        ]
    };
}

pub(crate) const STONES: Program =
    Program { title: titles::STONES, size: 75, small: 25, contestants: contestants!(run_stones) };
pub(crate) const SPRINGS: Program =
    Program { title: titles::SPRINGS, size: 100, small: 1, contestants: contestants!(run_springs) };
pub(crate) const DICE: Program =
    Program { title: titles::DICE, size: 40, small: 10, contestants: contestants!(run_dice) };
pub(crate) const TABLE: Program = Program {
    title: titles::TABLE,
    size: 1_000_000,
    small: 1_000,
    contestants: contestants!(run_table),
};
