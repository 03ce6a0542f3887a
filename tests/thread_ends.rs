//! Calls at the end of a thread, from the destructors of its thread-locals.

mod common;

use common::finishes;
use memofn::memoize;
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Calls a function when it is dropped.
struct Finally(fn());

impl Drop for Finally {
    fn drop(&mut self) {
        self.0();
    }
}

thread_local! {
    static FINALLY: RefCell<Vec<Finally>> = const { RefCell::new(Vec::new()) };
}

/// Runs `before` in a thread, and `late` when the thread ends.
fn at_the_end_of_a_thread(before: fn(), late: fn()) {
    // The order in which thread-locals are destroyed is not defined. In one of these rounds the thread's caches are
    // gone when `late` runs, in the other they are not. Both must work.
    finishes("a thread that ends", move || {
        for is_first in [true, false] {
            let thread = thread::spawn(move || {
                if is_first {
                    FINALLY.with_borrow_mut(|finally| finally.push(Finally(late)));
                    before();
                } else {
                    before();
                    FINALLY.with_borrow_mut(|finally| finally.push(Finally(late)));
                }
            });
            thread.join().expect("no panic");
        }
    });
}

#[test]
fn a_recursion_at_the_end_of_a_thread_computes_each_value_once() {
    static MOST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static BODIES: Cell<u64> = const { Cell::new(0) };
    }

    #[memoize(scope = "thread")]
    fn fib(n: u64) -> u64 {
        BODIES.set(BODIES.get() + 1);
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }

    at_the_end_of_a_thread(
        || assert_eq!(fib(1), 1),
        || {
            BODIES.set(0);
            assert_eq!(fib(25), 75_025);
            MOST.fetch_max(BODIES.get(), Relaxed);
            // If the cache is gone, nothing is kept for the next call. Otherwise all entries are still there.
            BODIES.set(0);
            assert_eq!(fib(25), 75_025);
            MOST.fetch_max(BODIES.get(), Relaxed);
        },
    );
    assert!((1..=26).contains(&MOST.load(Relaxed)), "{MOST:?} bodies");
}

#[test]
fn an_async_recursion_at_the_end_of_a_thread_computes_each_value_once() {
    static MOST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static BODIES: Cell<u64> = const { Cell::new(0) };
    }

    #[memoize(scope = "thread")]
    async fn fib(n: u64) -> u64 {
        BODIES.set(BODIES.get() + 1);
        if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
    }

    /// Polls a future that is ready at once. An executor has thread-locals of its own, which may be gone.
    fn now<R>(future: impl Future<Output = R>) -> R {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("nothing is waited for"),
        }
    }

    at_the_end_of_a_thread(
        || assert_eq!(now(fib(1)), 1),
        || {
            BODIES.set(0);
            assert_eq!(now(fib(20)), 6_765);
            MOST.fetch_max(BODIES.get(), Relaxed);
        },
    );
    assert!((1..=21).contains(&MOST.load(Relaxed)), "{MOST:?} bodies");
}

#[test]
fn functions_that_call_each_other_at_the_end_of_a_thread_compute_each_value_once() {
    static MOST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static BODIES: Cell<u64> = const { Cell::new(0) };
    }

    #[memoize(scope = "thread")]
    fn even<T: Clone + Eq + std::hash::Hash + 'static>(n: u64, tag: T) -> u64 {
        BODIES.set(BODIES.get() + 1);
        if n < 2 { n } else { odd(n - 1, tag.clone()) + even(n - 2, tag) }
    }
    #[memoize(scope = "thread")]
    fn odd<T: Clone + Eq + std::hash::Hash + 'static>(n: u64, tag: T) -> u64 {
        BODIES.set(BODIES.get() + 1);
        if n < 2 { n } else { even(n - 1, tag.clone()) + odd(n - 2, tag) }
    }

    at_the_end_of_a_thread(
        || assert_eq!(even(1, 'a') + odd(1, 1), 2),
        || {
            BODIES.set(0);
            assert_eq!(even(20, 'a'), 6_765);
            MOST.fetch_max(BODIES.get(), Relaxed);
        },
    );
    // The entries of `odd` are dropped with its outermost call, so that some values are computed again.
    assert!(MOST.load(Relaxed) <= 21 * 21, "{MOST:?} bodies");
}

#[test]
fn a_panic_at_the_end_of_a_thread_leaves_nothing_behind() {
    thread_local! {
        static BODIES: Cell<u64> = const { Cell::new(0) };
    }

    #[memoize(scope = "thread")]
    fn fails(n: u64) -> u64 {
        BODIES.set(BODIES.get() + 1);
        if n == 0 { common::panic_silently("expected") } else { fails(n - 1) }
    }

    #[memoize(scope = "thread")]
    fn sum(n: u64) -> u64 {
        if n == 0 { 0 } else { sum(n - 1) + n }
    }

    at_the_end_of_a_thread(
        || assert_eq!(sum(1), 1),
        || {
            for _ in 0..2 {
                assert_eq!(common::panic_of(|| fails(3)), "expected");
            }
            assert_eq!(BODIES.get(), 8);
            assert_eq!((sum(10), sum::cache_info().hits <= 1), (55, true));
        },
    );
}

#[test]
fn values_computed_at_the_end_of_a_thread_are_dropped() {
    static ALIVE: AtomicU64 = AtomicU64::new(0);

    #[derive(Debug)]
    struct Counted;

    impl Counted {
        fn new() -> Self {
            ALIVE.fetch_add(1, Relaxed);
            Self
        }
    }

    impl Clone for Counted {
        fn clone(&self) -> Self {
            Self::new()
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Relaxed);
        }
    }

    #[memoize(scope = "thread")]
    fn counted(n: u64) -> Counted {
        if n > 0 {
            drop(counted(n - 1));
        }
        Counted::new()
    }

    at_the_end_of_a_thread(|| drop(counted(1)), || drop(counted(10)));
    assert_eq!(ALIVE.load(Relaxed), 0);
}
