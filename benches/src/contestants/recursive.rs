//! Functions that call themselves, with unbounded caches, shared or one for each thread.

use super::contestant::{contestant, lineup};
use crate::names;
use std::cell::RefCell;
use std::sync::LazyLock;

/// The length of each of the two texts.
pub(crate) const LENGTH: u32 = 1000;

static LEFT: LazyLock<Vec<u8>> = LazyLock::new(|| letters(1));
static RIGHT: LazyLock<Vec<u8>> = LazyLock::new(|| letters(2));

fn letters(mut state: u32) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 30) as u8
    };
    (0..LENGTH).map(|_| next()).collect()
}

/// One step of `fib`. Its calls go through the cache.
fn fib_step(n: u64, fib: impl Fn(u64) -> u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

/// One step of the edit distance between the rest of both texts, from these positions.
fn edit_step(i: u32, j: u32, edit: impl Fn(u32, u32) -> u32) -> u32 {
    if i == LENGTH || j == LENGTH {
        return 2 * LENGTH - i - j;
    }
    let change = u32::from(LEFT[i as usize] != RIGHT[j as usize]);
    let both = edit(i + 1, j + 1) + change;
    let one = edit(i + 1, j).min(edit(i, j + 1)) + 1;
    both.min(one)
}

/// Defines both functions for one way to memoize: its attribute, and how the caches are cleared.
macro_rules! recursive {
    ($module:ident, $name:expr, $(#[$memoize:meta])*, fib $clear_fib:expr, edit $clear_edit:expr) => {
        pub(crate) mod $module {
            #[allow(unused_imports)]
            use super::*;

            $(#[$memoize])*
            fn fib(n: u64) -> u64 {
                fib_step(n, fib)
            }

            $(#[$memoize])*
            fn edit(i: u32, j: u32) -> u32 {
                edit_step(i, j, edit)
            }

            contestant!(Fib, $name, |n: u64| -> u64 { fib(*n) }, clear $clear_fib);
            contestant!(Edit, $name, |from: u64| -> u64 {
                u64::from(edit(u32::try_from(*from).unwrap_or(0), 0))
            }, clear $clear_edit);
        }
    };
}

recursive!(ours, names::MEMOFN, #[memofn::memoize(maxsize = unbounded)],
    fib fib::cache_clear(), edit edit::cache_clear());
recursive!(ours_of_thread, names::MEMOFN_THREAD_UNBOUNDED,
    #[memofn::memoize(maxsize = unbounded, scope = "thread")],
    fib fib::cache_clear(), edit edit::cache_clear());
recursive!(by_cached, names::CACHED, #[cached::macros::cached],
    fib cached::Cached::cache_clear(&mut *FIB.write()),
    edit cached::Cached::cache_clear(&mut *EDIT.write()));
recursive!(by_concurrent_cached, names::CONCURRENT_CACHED, #[cached::macros::concurrent_cached],
    fib FIB.clear(), edit EDIT.clear());
recursive!(by_memoize, names::MEMOIZE_UNBOUNDED, #[memoize::memoize],
    fib memoized_flush_fib(), edit memoized_flush_edit());
recursive!(by_memoize_shared, names::MEMOIZE_SHARED, #[memoize::memoize(SharedCache)],
    fib memoized_flush_fib(), edit memoized_flush_edit());

/// By hand, like the floor.
pub(crate) mod floor {
    use super::{RefCell, contestant, edit_step, fib_step, names};
    use foldhash::fast::RandomState;
    use hashbrown::HashMap;

    thread_local! {
        static FIB: RefCell<HashMap<u64, u64, RandomState>> = RefCell::default();
        static EDIT: RefCell<HashMap<(u32, u32), u32, RandomState>> = RefCell::default();
    }

    fn fib(n: u64) -> u64 {
        if let Some(value) = FIB.with_borrow(|map| map.get(&n).copied()) {
            return value;
        }
        let value = fib_step(n, fib);
        FIB.with_borrow_mut(|map| map.insert(n, value));
        value
    }

    fn edit(i: u32, j: u32) -> u32 {
        if let Some(value) = EDIT.with_borrow(|map| map.get(&(i, j)).copied()) {
            return value;
        }
        let value = edit_step(i, j, edit);
        EDIT.with_borrow_mut(|map| map.insert((i, j), value));
        value
    }

    contestant!(Fib, names::FLOOR, |n: u64| -> u64 { fib(*n) },
        clear FIB.with_borrow_mut(HashMap::clear));
    contestant!(Edit, names::FLOOR, |from: u64| -> u64 {
        u64::from(edit(u32::try_from(*from).unwrap_or(0), 0))
    }, clear EDIT.with_borrow_mut(HashMap::clear));
}

/// The contestants of `fib`.
pub(crate) mod fib {
    use super::lineup;

    lineup!(
        u64: super::floor::Fib, super::ours::Fib, super::ours_of_thread::Fib, super::by_cached::Fib,
        super::by_concurrent_cached::Fib, super::by_memoize::Fib, super::by_memoize_shared::Fib
    );
}

/// The contestants of the edit distance.
pub(crate) mod edit {
    use super::lineup;

    lineup!(
        u64: super::floor::Edit, super::ours::Edit, super::ours_of_thread::Edit,
        super::by_cached::Edit, super::by_concurrent_cached::Edit, super::by_memoize::Edit,
        super::by_memoize_shared::Edit
    );
}
