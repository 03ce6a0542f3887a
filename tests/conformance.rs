//! The tests of `CPython` for `lru_cache`, applied to `#[memoize]`.
//!
//! Tuples are (hits, misses, maxsize, currsize). The test of deep recursion is in `recursion.rs`.

mod common;

use common::{Caller, all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::memoize;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn counters_follow_a_random_run_and_start_again_after_a_clear() {
    #[memoize(maxsize = 20)]
    fn f(x: u32, y: u32) -> u32 {
        3 * x + y
    }

    assert_eq!(counts(f::cache_info()), (0, 0, Some(20), 0));
    let mut state = 42_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % 5
    };
    for _ in 0..1000 {
        let (x, y) = (random(), random());
        assert_eq!(f(x, y), 3 * x + y);
    }
    let info = f::cache_info();
    assert!(info.hits > info.misses, "{info}");
    assert_eq!(info.hits + info.misses, 1000);
    assert_eq!(info.currsize, 20);

    f::cache_clear();
    assert_eq!(counts(f::cache_info()), (0, 0, Some(20), 0));
    f(1, 2);
    assert_eq!(counts(f::cache_info()), (0, 1, Some(20), 1));
}

#[test]
fn uncached_runs_the_body_and_leaves_the_counters_alone() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(maxsize = 20)]
    fn f(x: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        x + 1
    }

    f(1);
    let before = f::cache_info();
    assert_eq!(f::uncached(1), 2);
    assert_eq!(f::uncached(7), 8);
    assert_eq!(RUNS.load(Relaxed), 3);
    assert_eq!(f::cache_info(), before);
}

#[test]
fn size_zero_stores_nothing_and_counts_misses() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(maxsize = 0)]
    fn f() -> u32 {
        RUNS.fetch_add(1, Relaxed);
        20
    }

    for _ in 0..5 {
        assert_eq!(f(), 20);
    }
    assert_eq!(RUNS.load(Relaxed), 5);
    assert_eq!(counts(f::cache_info()), (0, 5, Some(0), 0));
}

#[test]
fn size_one_without_arguments_runs_the_body_once() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(maxsize = 1)]
    fn f() -> u32 {
        RUNS.fetch_add(1, Relaxed);
        20
    }

    for _ in 0..5 {
        assert_eq!(f(), 20);
    }
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!(counts(f::cache_info()), (4, 1, Some(1), 1));
}

#[test]
fn eviction_is_exactly_least_recently_used() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(maxsize = 2)]
    fn f(x: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        x * 10
    }

    for x in [7, 9, 7, 9, 7, 9, 8, 8, 8, 9, 9, 9, 8, 8, 8, 7] {
        assert_eq!(f(x), x * 10);
    }
    assert_eq!(RUNS.load(Relaxed), 4);
    assert_eq!(counts(f::cache_info()), (12, 4, Some(2), 2));
}

#[test]
fn the_bare_attribute_holds_128_entries() {
    #[memoize]
    fn f(x: u32) -> u32 {
        x
    }

    f(10);
    f(20);
    f(10);
    assert_eq!(counts(f::cache_info()), (1, 2, Some(128), 2));
    (0..500).for_each(|x| assert_eq!(f(x), x));
    assert_eq!(f::cache_info().currsize, 128);
}

#[test]
fn a_body_that_calls_its_own_key_does_not_overfill_the_cache() {
    static CALLS_ITSELF: AtomicBool = AtomicBool::new(true);

    #[memoize(maxsize = 10)]
    fn f(x: u32) -> String {
        if x == 20 && CALLS_ITSELF.swap(false, Relaxed) { f(20) } else { format!(".{x}.") }
    }

    (0..15).for_each(|x| assert_eq!(f(x), format!(".{x}.")));
    assert_eq!(f::cache_info().currsize, 10);
    assert_eq!(finishes("f(20) calls f(20)", || f(20)), ".20.");
    assert_eq!(counts(f::cache_info()), (0, 17, Some(10), 10));
    f(20);
    assert_eq!(f::cache_info().hits, 1);
}

#[test]
fn a_key_is_hashed_once_a_call_and_never_at_eviction() {
    #[derive(Clone)]
    struct Counted(u32, Arc<AtomicU32>);
    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Counted {}
    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.1.fetch_add(1, Relaxed);
            self.0.hash(state);
        }
    }

    #[memoize(maxsize = 1)]
    fn shared(key: &Counted, y: u32) -> u32 {
        key.0 + y
    }
    #[memoize(maxsize = 1, scope = "thread")]
    fn thread(key: &Counted, y: u32) -> u32 {
        key.0 + y
    }

    for f in [shared as fn(&Counted, u32) -> u32, thread] {
        let hashes = Arc::new(AtomicU32::new(0));
        let x = Counted(1, Arc::clone(&hashes));
        let other = Counted(10, Arc::new(AtomicU32::new(0)));
        f(&x, 1);
        assert_eq!(hashes.load(Relaxed), 1, "a miss");
        f(&x, 1);
        assert_eq!(hashes.load(Relaxed), 2, "a hit");
        f(&other, 20);
        assert_eq!(hashes.load(Relaxed), 2, "its eviction");
        f(&x, 1);
        assert_eq!(hashes.load(Relaxed), 3, "a miss that evicts");
    }
    assert_eq!(counts(shared::cache_info()), (1, 3, Some(1), 1));
    assert_eq!(counts(thread::cache_info()), (1, 3, Some(1), 1));
}

#[test]
fn two_functions_never_share_entries() {
    #[memoize]
    fn two(a: u32, b: u32) -> String {
        format!("two {a} {b}")
    }
    #[memoize]
    fn pair(p: (u32, u32)) -> String {
        format!("pair {p:?}")
    }
    #[memoize]
    fn sum(a: u32, b: u32) -> String {
        format!("sum {}", a + b)
    }

    for _ in 0..2 {
        assert_eq!(two(1, 2), "two 1 2");
        assert_eq!(pair((1, 2)), "pair (1, 2)");
        assert_eq!(sum(1, 2), "sum 3");
    }
    for info in [two::cache_info(), pair::cache_info(), sum::cache_info()] {
        assert_eq!(counts(info), (1, 1, Some(128), 1));
    }
}

#[test]
fn an_unbounded_fibonacci_counts_like_python() {
    #[memoize(maxsize = unbounded)]
    fn fib(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { fib(n - 1) + fib(n - 2) }
    }

    let first: Vec<u64> = (0..16).map(fib).collect();
    assert_eq!(first, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610]);
    assert_eq!(counts(fib::cache_info()), (28, 16, None, 16));
    fib::cache_clear();
    assert_eq!(counts(fib::cache_info()), (0, 0, None, 0));
}

#[test]
fn a_panic_and_an_error_pass_through_and_are_not_stored() {
    #[memoize]
    fn panics(n: u32) -> u32 {
        if n == 1 { panic_silently("one") } else { n }
    }
    #[memoize]
    fn fails(n: u32) -> Result<u32, String> {
        if n == 1 { Err(format!("no {n}")) } else { Ok(n) }
    }

    for round in 1..=3 {
        assert_eq!(panic_of(|| panics(1)), "one");
        assert_eq!(counts(panics::cache_info()), (0, round, Some(128), 0));
        assert_eq!(fails(1), Err("no 1".to_owned()));
        assert_eq!(counts(fails::cache_info()), (0, round, Some(128), 0));
    }
    assert_eq!(panics(2), 2);
    assert_eq!(fails(2), Ok(2));
}

// Here each type has a function of its own. Generic functions are tested in `corpus/generics.rs`.
#[test]
fn each_instantiation_has_a_cache_of_its_own() {
    macro_rules! largest_of {
        ($name:ident, $ty:ty) => {
            #[memoize]
            fn $name(items: &[$ty]) -> Option<$ty> {
                items.iter().copied().max()
            }
        };
    }
    largest_of!(largest_u8, u8);
    largest_of!(largest_char, char);

    assert_eq!(largest_u8(&[1, 3, 2]), Some(3));
    assert_eq!(largest_u8(&[1, 3, 2]), Some(3));
    assert_eq!(largest_char(&['a', 'c']), Some('c'));
    assert_eq!(counts(largest_u8::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(counts(largest_char::cache_info()), (0, 1, Some(128), 1));
}

#[test]
fn threads_with_keys_of_their_own_are_counted_exactly() {
    #[memoize(maxsize = 55)]
    fn f(x: u64) -> u64 {
        3 * x
    }

    finishes("five threads with keys of their own", || {
        let start = Barrier::new(5);
        thread::scope(|scope| {
            for x in 0..5 {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    (0..11).for_each(|_| assert_eq!(f(x), 3 * x));
                });
            }
        });
        assert_eq!(counts(f::cache_info()), (50, 5, Some(55), 5));
    });
}

#[test]
fn values_stay_right_while_another_thread_clears() {
    #[memoize(maxsize = 55)]
    fn f(x: u64) -> u64 {
        3 * x
    }

    finishes("five threads, and one that clears", || {
        let start = Barrier::new(6);
        thread::scope(|scope| {
            for x in 0..5 {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    (0..11).for_each(|_| assert_eq!(f(x), 3 * x));
                });
            }
            scope.spawn(|| {
                start.wait();
                (0..22).for_each(|_| f::cache_clear());
            });
        });
        assert!(f::cache_info().currsize <= 5);
    });
}

#[test]
fn without_single_flight_all_callers_run_the_body_and_one_entry_is_stored() {
    static INSIDE: Barrier = Barrier::new(5);

    #[memoize(maxsize = 35, single_flight = false)]
    fn f(x: u64) -> u64 {
        INSIDE.wait();
        3 * x
    }

    finishes("five callers meet inside the body, seven times", || {
        for round in 0..7 {
            let calls = side_by_side(vec![round; 5], f);
            assert_eq!(all_return(calls), [3 * round; 5]);
            let size = usize::try_from(round + 1).unwrap_or_default();
            assert_eq!(counts(f::cache_info()), (0, (round + 1) * 5, Some(35), size));
        }
    });
}

#[test]
fn with_single_flight_one_caller_runs_the_body_and_four_wait() {
    #[memoize(maxsize = unbounded)]
    fn f(caller: &Caller) -> u32 {
        caller.await_followers(4);
        3 * caller.key
    }

    finishes("one leader and four followers", || {
        // A follower may be delayed between finding the run and waiting for it. Then it is an ordinary hit,
        // and the round is repeated.
        let coalesced = (0..100).map(|round| {
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 5), |caller| f(&caller));
            assert_eq!(all_return(calls), [3 * round; 5]);
            assert_eq!(counts(f::cache_info()), (4, 1, None, 1));
            f::cache_info().coalesced
        });
        assert!(coalesced.into_iter().any(|coalesced| coalesced == 4));
    });
}

#[test]
fn threads_that_evict_each_others_entries_get_the_right_values() {
    #[memoize(maxsize = 2)]
    fn f(x: u32) -> u32 {
        (0..10).for_each(|_| thread::yield_now());
        x * 10
    }

    finishes("threads that evict each other's entries", || {
        for _ in 0..20 {
            let calls = side_by_side(vec![1, 2, 2, 3, 2], f);
            assert_eq!(all_return(calls), [10, 20, 20, 30, 20]);
            assert!(f::cache_info().currsize <= 2);
        }
    });
}

#[test]
fn a_comparison_that_calls_the_cache_again_does_not_deadlock() {
    #[derive(Debug, Clone)]
    struct DoubleEq(u32);
    impl Hash for DoubleEq {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    impl PartialEq for DoubleEq {
        fn eq(&self, other: &Self) -> bool {
            if self.0 == 2 {
                f(&DoubleEq(1));
            }
            self.0 == other.0
        }
    }
    impl Eq for DoubleEq {}

    #[memoize(maxsize = 2)]
    fn f(x: &DoubleEq) -> u32 {
        x.0
    }

    finishes("Eq calls the cache", || {
        assert_eq!(f(&DoubleEq(1)), 1);
        assert_eq!(f(&DoubleEq(2)), 2);
        assert_eq!(f(&DoubleEq(2)), 2);
    });
}

// `&Shape` is a part of the key here, as `&self` is for methods.
#[test]
fn equal_instances_share_and_unequal_ones_do_not() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shape {
        sides: u32,
    }

    #[memoize]
    fn area(shape: &Shape, scale: u32) -> u32 {
        shape.sides * scale
    }

    let (square, another, triangle) = (Shape { sides: 4 }, Shape { sides: 4 }, Shape { sides: 3 });
    assert_eq!((area(&square, 2), area(&another, 2), area(&triangle, 2)), (8, 8, 6));
    assert_eq!(counts(area::cache_info()), (1, 2, Some(128), 2));
}

#[test]
fn mixed_calls_from_ten_threads_stay_consistent() {
    #[memoize(maxsize = 64)]
    fn bounded(x: u64) -> u64 {
        x * 2
    }
    #[memoize(maxsize = unbounded)]
    fn unbounded(x: u64) -> u64 {
        x * 2
    }
    #[memoize]
    fn clears_itself(x: u64) -> u64 {
        clears_itself::cache_clear();
        x * 2
    }

    finishes("ten threads x 1000 mixed calls", || {
        thread::scope(|scope| {
            for seed in 0..10_u64 {
                scope.spawn(move || {
                    for i in 0..1000_u64 {
                        let x = (i * 31 + seed) % 100;
                        match (i + seed) % 50 {
                            0 => (bounded::cache_clear(), unbounded::cache_clear()).0,
                            1 => assert!(bounded::cache_info().currsize <= 64),
                            2 => assert!(unbounded::cache_info().currsize <= 100),
                            _ => assert_eq!(
                                (bounded(x), unbounded(x), clears_itself(x)),
                                (x * 2, x * 2, x * 2)
                            ),
                        }
                    }
                });
            }
        });
    });
    assert!(bounded::cache_info().currsize <= 64);
    assert_eq!(clears_itself::cache_info().currsize, 0);
}
