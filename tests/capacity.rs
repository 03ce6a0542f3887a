//! `maxsize`: zero, one, the largest, an expression. It is never exceeded, and the order of eviction is exact.

#![expect(clippy::unnecessary_wraps, reason = "results of every kind are stored")]

mod common;

use common::{all_return, counts, finishes, panic_silently, side_by_side};
use memofn::memoize;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

#[test]
fn nothing_fits_into_size_zero() {
    #[memoize(maxsize = 0)]
    fn shared(n: u32) -> Result<u32, String> {
        Ok(n)
    }
    #[memoize(maxsize = 0, scope = "thread")]
    fn local(n: u32) -> Result<u32, String> {
        Ok(n)
    }

    for f in [shared as fn(u32) -> Result<u32, String>, local] {
        assert_eq!((f(1), f(1), f(2)), (Ok(1), Ok(1), Ok(2)));
    }
    shared::cache_insert(1, Ok(1));
    assert_eq!(shared::cache_refresh(1), Ok(1));
    assert_eq!((shared::cache_peek(1), shared::cache_remove(1)), (None, None));
    assert_eq!(counts(shared::cache_info()), (0, 4, Some(0), 0));
    assert_eq!(counts(local::cache_info()), (0, 3, Some(0), 0));
    assert_eq!(shared::cache_info().evictions, 0);
}

#[test]
fn size_one_holds_the_last_call() {
    #[memoize(maxsize = 1)]
    fn f(n: u32) -> u32 {
        n
    }

    for n in [1, 1, 2, 2, 1, 1] {
        assert_eq!(f(n), n);
        assert_eq!(f::cache_info().currsize, 1);
    }
    assert_eq!(counts(f::cache_info()), (3, 3, Some(1), 1));
    assert_eq!(f::cache_info().evictions, 2);
}

#[test]
fn the_largest_size_costs_nothing_in_advance() {
    #[memoize(maxsize = usize::MAX)]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(maxsize = usize::MAX, ttl = "1h", scope = "thread")]
    fn local(n: u32) -> u32 {
        n
    }

    for n in [1, 2, 1] {
        assert_eq!((f(n), local(n)), (n, n));
    }
    assert_eq!(counts(f::cache_info()), (1, 2, Some(usize::MAX), 2));
    assert_eq!(counts(local::cache_info()), (1, 2, Some(usize::MAX), 2));
}

#[test]
fn a_size_may_be_computed_once_at_first_use() {
    static ASKED: AtomicU32 = AtomicU32::new(0);

    fn configured() -> usize {
        ASKED.fetch_add(1, Relaxed);
        3
    }
    const HALF: usize = 4;

    #[memoize(maxsize = configured())]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(maxsize = 2 * HALF + 1)]
    fn g(n: u32) -> u32 {
        n
    }

    assert_eq!(ASKED.load(Relaxed), 0);
    (0..10).for_each(|n| assert_eq!(f(n) + g(n), 2 * n));
    assert_eq!(f::cache_info().maxsize, Some(3));
    assert_eq!(f::cache_info().currsize, 3);
    assert_eq!(g::cache_parameters().maxsize, Some(9));
    assert_eq!(ASKED.load(Relaxed), 1);
}

#[test]
fn hits_inserts_and_refreshes_are_uses_and_peeks_are_not() {
    #[memoize(maxsize = 4)]
    fn f(n: u32) -> u32 {
        n
    }

    (1..=4).for_each(|n| assert_eq!(f(n), n));
    f(1);
    f::cache_insert(2, 2);
    f::cache_refresh(3);
    assert_eq!(f::cache_peek(4), Some(4));
    let by_use = || f::cache().iter().map(|entry| *entry.key()).collect::<Vec<_>>();
    assert_eq!(by_use(), [3, 2, 1, 4]);
    f(5);
    assert_eq!(by_use(), [5, 3, 2, 1]);
    assert_eq!(f::cache_remove(3), Some(3));
    f(6);
    assert_eq!(by_use(), [6, 5, 2, 1], "what was removed made room");
    assert_eq!(f::cache_info().evictions, 1);
}

#[test]
fn the_size_is_never_exceeded_by_any_number_of_threads() {
    #[memoize(maxsize = 8)]
    fn f(n: u32) -> u32 {
        n
    }

    finishes("eight threads with 100 keys in a cache of 8", || {
        let calls = side_by_side((0..8_u32).collect(), |seed| {
            for i in 0..2000 {
                let n = (i * 7 + seed * 13) % 100;
                match i % 50 {
                    0 => f::cache_insert(n, n),
                    1 => assert_eq!(f::cache_refresh(n), n),
                    _ => assert_eq!(f(n), n),
                }
                assert!(f::cache_info().currsize <= 8);
            }
        });
        all_return(calls);
        let info = f::cache_info();
        assert_eq!(info.hits + info.misses, 8 * 2000 * 49 / 50);
        assert_eq!(info.currsize, 8);
        assert_eq!(f::cache().iter().count(), 8);
    });
}

#[test]
fn a_body_that_fills_the_cache_does_not_overfill_it() {
    #[memoize(maxsize = 3)]
    fn sum(n: u32) -> u32 {
        if n == 0 { 0 } else { n + sum(n - 1) }
    }

    assert_eq!(sum(100), 5050);
    assert_eq!(counts(sum::cache_info()), (0, 101, Some(3), 3));
    assert_eq!(sum::cache_info().evictions, 98);
    let kept: Vec<_> = sum::cache().iter().map(|entry| *entry.key()).collect();
    assert_eq!(kept, [100, 99, 98]);
}

/// A value whose `Drop` panics once the flag is set.
#[derive(Debug, Clone)]
struct Fragile {
    number: u32,
    panics: Arc<AtomicBool>,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        if self.number == 1 && self.panics.swap(false, Relaxed) {
            panic_silently("drop");
        }
    }
}

#[test]
fn a_drop_that_panics_during_an_eviction_leaves_no_orphan() {
    #[memoize(maxsize = 2, skip(panics))]
    fn shared(number: u32, panics: &Arc<AtomicBool>) -> Fragile {
        Fragile { number, panics: Arc::clone(panics) }
    }
    #[memoize(maxsize = 2, skip(panics), scope = "thread")]
    fn local(number: u32, panics: &Arc<AtomicBool>) -> Fragile {
        Fragile { number, panics: Arc::clone(panics) }
    }

    finishes("values that panic when they are dropped", || {
        for f in [shared as fn(u32, &Arc<AtomicBool>) -> Fragile, local] {
            let panics = Arc::new(AtomicBool::new(false));
            drop((f(1, &panics), f(2, &panics)));
            panics.store(true, Relaxed);
            let evicting = panic::catch_unwind(panic::AssertUnwindSafe(|| f(3, &panics).number));
            assert!(evicting.is_err(), "the panic passes through");
            assert_eq!(f(3, &panics).number, 3);
            assert_eq!(f(2, &panics).number, 2);
            assert_eq!(f(1, &panics).number, 1);
        }
        for info in [shared::cache_info(), local::cache_info()] {
            assert_eq!(counts(info), (2, 4, Some(2), 2));
            assert_eq!(info.evictions, 2);
        }
    });
}
