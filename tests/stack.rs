//! Rule 13: a memoized function needs little stack, in debug builds too. The default stack of a thread is 2 MiB,
//! also for threads of `cargo test`.
//!
//! A stack overflow ends the process, so that a failure here has no message.

#![allow(clippy::large_stack_arrays, reason = "that is what is tested")]

use memofn::{Cache, memoize};
use std::cell::Cell;
use std::thread;

/// The depth of a recursion in this build.
const fn levels(debug: u64, release: u64) -> u64 {
    if cfg!(debug_assertions) { debug } else { release }
}

/// Runs `run` on a stack of this size.
fn on_stack<R: Send + 'static>(size: usize, run: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = thread::Builder::new().stack_size(size).spawn(run);
    thread.expect("a thread can be started").join().expect("no panic")
}

const MIB: usize = 1 << 20;

macro_rules! sums {
    ($($(#[$attribute:meta])* fn $name:ident($n:ident);)*) => {$(
        $(#[$attribute])*
        fn $name($n: u64) -> u64 {
            if $n == 0 { 0 } else { $name($n - 1) + $n }
        }
    )*};
}

sums! {
    #[memoize(maxsize = unbounded)]
    fn sum(n);
    #[memoize(maxsize = unbounded, ttl = "1h")]
    fn expiring(n);
    #[memoize(maxsize = unbounded, scope = "thread")]
    fn of_a_thread(n);
    #[memoize(maxsize = unbounded, single_flight = false)]
    fn side_by_side(n);
    #[memoize(maxsize = unbounded, cache_if = |sum| *sum < u64::MAX)]
    fn filtered(n);
    #[memoize(maxsize = unbounded, key = n + 1)]
    fn by_key(n);
}

#[test]
fn a_recursion_reaches_the_promised_depth() {
    const DEPTH: u64 = levels(8_000, 25_000);
    for sum in [sum, expiring, of_a_thread, side_by_side] {
        assert_eq!(on_stack(2 * MIB, move || sum(DEPTH)), DEPTH * (DEPTH + 1) / 2);
    }
}

#[test]
fn keys_and_filters_recurse_less_deep() {
    const DEPTH: u64 = levels(5_500, 12_000);
    for sum in [filtered, by_key] {
        assert_eq!(on_stack(2 * MIB, move || sum(DEPTH)), DEPTH * (DEPTH + 1) / 2);
    }
}

#[test]
fn a_recursion_with_two_calls_is_as_deep() {
    #[memoize(maxsize = unbounded)]
    fn fib(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { fib(n - 1).wrapping_add(fib(n - 2)) }
    }
    on_stack(2 * MIB, || fib(if cfg!(debug_assertions) { 6_000 } else { 20_000 }));
}

#[test]
fn generic_functions_and_methods_recurse_as_deep() {
    #[memoize(maxsize = unbounded)]
    fn generic<T: Into<u64> + Copy + Eq + std::hash::Hash + Send + Sync + 'static>(
        n: u64,
        step: T,
    ) -> u64 {
        if n == 0 { 0 } else { generic(n - 1, step) + step.into() }
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Step(u64);

    impl Step {
        #[memoize(maxsize = unbounded)]
        fn sum(&self, n: u64) -> u64 {
            if n == 0 { 0 } else { self.sum(n - 1) + self.0 }
        }
    }

    struct Steps {
        step: u64,
        sums: Cache<u64, u64>,
    }

    impl Steps {
        #[memoize(cache = self.sums)]
        fn sum(&self, n: u64) -> u64 {
            if n == 0 { 0 } else { self.sum(n - 1) + self.step }
        }
    }

    const DEPTH: u64 = levels(5_500, 12_000);
    on_stack(2 * MIB, || assert_eq!(generic(DEPTH, 2_u8), 2 * DEPTH));
    on_stack(2 * MIB, || assert_eq!(Step(3).sum(DEPTH), 3 * DEPTH));
    let steps = Steps { step: 4, sums: Cache::unbounded() };
    on_stack(2 * MIB, move || assert_eq!(steps.sum(DEPTH), 4 * DEPTH));
}

#[test]
fn a_cache_by_hand_recurses_as_deep() {
    fn sum(cache: &Cache<u64, u64>, n: u64) -> u64 {
        cache.get_or_compute(n, || if n == 0 { 0 } else { sum(cache, n - 1) + n })
    }
    const DEPTH: u64 = levels(4_500, 12_000);
    let depth = on_stack(2 * MIB, || sum(&Cache::unbounded(), DEPTH));
    assert_eq!(depth, DEPTH * (DEPTH + 1) / 2);
}

#[test]
fn text_keys_and_results_recurse_deep() {
    #[memoize(maxsize = unbounded)]
    fn length(text: &str) -> Result<f64, String> {
        match text.get(1..) {
            None => Ok(0.0),
            Some(rest) => Ok(length(rest)? + 1.0),
        }
    }
    const DEPTH: u16 = if cfg!(debug_assertions) { 3_000 } else { 9_000 };
    // Each suffix is a key. The text is short, so that all suffixes together are small.
    let text = "x".repeat(DEPTH.into());
    assert_eq!(on_stack(2 * MIB, move || length(&text)), Ok(DEPTH.into()));
}

#[test]
fn the_longest_common_subsequence_of_two_texts_fits() {
    thread_local! {
        static TEXTS: Cell<[&'static [u8]; 2]> = const { Cell::new([&[], &[]]) };
    }

    #[memoize(maxsize = unbounded, scope = "thread")]
    fn common(i: usize, j: usize) -> usize {
        let [a, b] = TEXTS.get();
        if i == 0 || j == 0 {
            0
        } else if a[i - 1] == b[j - 1] {
            common(i - 1, j - 1) + 1
        } else {
            common(i - 1, j).max(common(i, j - 1))
        }
    }

    // The texts differ only in the last 200 bytes, which keeps the number of subproblems small.
    let text = |last: u8| {
        let mut text: Vec<u8> = (0..800).map(|n| b"ACGT"[n * n % 7 % 4]).collect();
        text.extend([last; 200]);
        &*text.leak()
    };
    let texts = [text(b'x'), text(b'y')];
    let length = on_stack(2 * MIB, move || {
        TEXTS.set(texts);
        common(1_000, 1_000)
    });
    assert_eq!(length, 800);
}

/// Room for the result itself, for three times its size, and a little for everything else.
const fn room_for_three_more(size: usize) -> usize {
    4 * size + MIB / 4
}

#[test]
fn a_large_result_takes_three_times_its_size() {
    const SIZE: usize = MIB;

    #[memoize]
    fn shared(n: u8) -> [u8; SIZE] {
        [n; SIZE]
    }
    #[memoize(scope = "thread")]
    fn of_a_thread(n: u8) -> [u8; SIZE] {
        [n; SIZE]
    }
    #[memoize(maxsize = 0)]
    fn not_stored(n: u8) -> [u8; SIZE] {
        [n; SIZE]
    }

    for function in [shared, of_a_thread, not_stored] {
        on_stack(room_for_three_more(SIZE), move || {
            for _ in 0..2 {
                assert_eq!(function(7)[SIZE - 1], 7);
            }
        });
    }
}

#[test]
fn a_large_result_is_stored_as_it_is() {
    const SIZE: usize = 128 << 10;

    #[memoize(maxsize = 2)]
    fn large(n: u8) -> [u8; SIZE] {
        std::array::from_fn(|i| n.wrapping_add(i.to_le_bytes()[0]))
    }

    on_stack(2 * MIB, || {
        for n in [1, 2, 1, 3, 2, 1] {
            let result = large(n);
            assert!(
                result.iter().zip(0_usize..).all(|(b, i)| *b == n.wrapping_add(i.to_le_bytes()[0]))
            );
        }
    });
    let info = large::cache_info();
    assert_eq!((info.hits, info.misses, info.currsize), (1, 5, 2));
}
