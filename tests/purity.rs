//! `memofn::testing::check_purity(cache, every)`: hits run the body as well, and the results are compared.

mod common;

use common::{all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::CallStatus::{Bypassed, Hit, Miss};
use memofn::testing::{check_purity, isolate};
use memofn::{Cache, memoize};
use std::cell::Cell;
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Runs `test`, whose check must fail, and returns the message.
fn failure(test: impl FnOnce()) -> String {
    let failure = catch_unwind(AssertUnwindSafe(test)).expect_err("it is not pure");
    failure.downcast_ref::<String>().expect("a message").clone()
}

macro_rules! in_every_scope {
    ($($impure:ident $pure:ident $scope:literal;)*) => {$(
        #[test]
        fn $impure() {
            thread_local! {
                static NOW: Cell<u32> = const { Cell::new(1) };
            }
            #[memoize(scope = $scope, skip(factor), name = "scaled")]
            fn scale(n: u32, text: &str, factor: u32) -> Result<u32, String> {
                let _ = text;
                if factor == 0 { Err("zero".to_owned()) } else { Ok(n * factor) }
            }
            #[memoize(scope = $scope)]
            fn now() -> u32 {
                NOW.get()
            }

            let message = failure(|| {
                let check = check_purity(&scale::cache(), 1);
                assert_eq!(scale(2, "a", 10), Ok(20));
                // Such a call returns what the body returned, and stores nothing.
                assert_eq!((scale(2, "a", 10), scale(2, "a", 11)), (Ok(20), Ok(22)));
                assert_eq!(scale::cache_peek(2, "a"), Some(Ok(20)));
                assert!(scale(2, "a", 0).is_err());
                assert_eq!((check.checked(), check.differences()), (3, 2));
                let info = scale::cache_info();
                assert_eq!((info.hits, info.misses, info.rejected), (3, 1, 0));
            });
            assert_eq!(
                message,
                "`scaled` is not pure: 2 of 3 checked hits differ\n  \
                   key (2, \"a\"): stored 20, computed 22\n  \
                   key (2, \"a\"): stored 20, computed a result that is not stored"
            );
            assert_eq!(scale(2, "a", 11), Ok(20), "the check has ended");

            let message = failure(|| {
                let _check = check_purity(&now::cache(), 1);
                now();
                NOW.set(2);
                assert_eq!(now::cache_call().status, Hit);
            });
            assert!(message.contains("1 of 1 checked hits differs"), "{message}");
            assert!(message.contains("key (): stored 1, computed 2"), "{message}");
        }

        #[test]
        fn $pure() {
            thread_local! {
                static RUNS: Cell<u32> = const { Cell::new(0) };
            }
            #[memoize(scope = $scope, maxsize = unbounded)]
            fn fib(n: u64) -> u64 {
                RUNS.set(RUNS.get() + 1);
                if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
            }

            let check = check_purity(&fib::cache(), 3);
            let number = fib(30);
            // Of 28 hits 9 are checked. The two calls of each of these bodies are plain hits.
            assert_eq!((number, fib::cache_info().misses, RUNS.get()), (832_040, 31, 31 + 9));
            assert_eq!((fib::cache_info().hits, check.checked()), (28 + 2 * 9, 9));
            drop(check);
            RUNS.set(0);
            assert_eq!((fib(30), RUNS.get()), (number, 0));

            // A hit inside of a check is a plain hit.
            let check = check_purity(&fib::cache(), 1);
            assert_eq!((fib(30), RUNS.get(), check.checked()), (number, 1, 1));
            assert_eq!(fib::cache_call(30).status, Hit);
            assert_eq!((RUNS.get(), check.checked()), (2, 2));
            assert_eq!(fib::cache_call(31).status, Miss);
        }
    )*};
}
in_every_scope! {
    an_impure_function_in_a_shared_cache_is_found a_pure_function_in_a_shared_cache_passes "shared";
    an_impure_function_in_a_threads_cache_is_found a_pure_function_in_a_threads_cache_passes "thread";
}

#[test]
fn a_value_that_differs_from_itself_is_not_compared() {
    #[memoize]
    fn root(n: i32) -> f64 {
        f64::from(n).sqrt()
    }

    let check = check_purity(root::cache(), 1);
    let _ = (root(-1), root(-1), root(4), root(4));
    assert_eq!((check.checked(), check.unchecked(), check.differences()), (1, 1, 0));
}

#[test]
fn a_body_that_panics_in_the_check_alone_is_not_pure() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[memoize]
    fn once(n: u32) -> u32 {
        if RUNS.fetch_add(1, Relaxed) > 0 {
            panic_silently("again");
        }
        n
    }

    let message = failure(|| {
        let _check = check_purity(once::cache(), 1);
        once(1);
        assert_eq!(panic_of(|| once(1)), "again");
    });
    assert!(message.ends_with("key 1: stored 1, computed a panic"), "{message}");
    assert_eq!((once(1), once::cache_info().hits), (1, 2));

    // A test that fails anyway fails with its own message.
    let failed = panic_of(|| {
        let _check = check_purity(once::cache(), 1);
        once(1);
    });
    assert_eq!(failed, "again");
}

#[test]
fn async_calls_are_checked() {
    static NOW: AtomicU32 = AtomicU32::new(1);
    #[memoize(ttl = "1h")]
    async fn fetch(n: u32) -> Result<u32, String> {
        tokio::task::yield_now().await;
        if n > 1 { fetch_boxed(n - 1).await } else { Ok(NOW.load(Relaxed)) }
    }
    fn fetch_boxed(n: u32) -> std::pin::Pin<Box<dyn Future<Output = Result<u32, String>>>> {
        Box::pin(fetch(n))
    }

    let message = failure(|| {
        block_on(async {
            let check = check_purity(fetch::cache(), 1);
            let _ = (fetch(2).await, fetch(2).await);
            assert_eq!((check.checked(), check.differences()), (1, 0));
            // One that is dropped half way is no difference.
            let _ = futures::poll!(std::pin::pin!(fetch(2)));
            assert_eq!((check.checked(), check.differences()), (1, 0));
            NOW.store(2, Relaxed);
            let call = fetch::cache_call(1).await;
            assert_eq!((call.value, call.status), (Ok(2), Hit));
        });
    });
    assert!(message.contains("1 of 2 checked hits differs"), "{message}");
    assert!(message.ends_with("key 1: stored 1, computed 2"), "{message}");
}

#[test]
fn caches_of_every_kind_are_checked() {
    static USERS: LazyLock<Cache<u32, u32>> = LazyLock::new(Cache::default);
    thread_local! {
        static OFFSET: Cell<u32> = const { Cell::new(0) };
    }
    #[memoize(cache = USERS)]
    fn user(id: u32) -> u32 {
        id + OFFSET.get()
    }
    #[memoize]
    fn plus<T: Clone + Debug + Eq + Hash + Send + Sync + 'static>(value: T) -> (T, u32) {
        (value, OFFSET.get())
    }
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    struct Square(u32);
    impl Square {
        #[memoize]
        fn area(&self) -> u32 {
            self.0 * self.0 + OFFSET.get()
        }
    }

    let call_all = |offset| {
        OFFSET.set(offset);
        let _ = (user(1), plus('a'), plus(1_u8), Square(2).area());
        USERS.get_or_compute(2, || offset)
    };
    call_all(0);
    {
        let users = check_purity(&USERS, 1);
        let (chars, area) =
            (check_purity(plus::<char>::cache(), 1), check_purity(Square::area_cache(), 1));
        call_all(0);
        assert_eq!([users.checked(), chars.checked(), area.checked()], [2, 1, 1]);
    }
    let message = failure(|| {
        let _check = check_purity(&USERS, 1);
        call_all(3);
    });
    assert_eq!(
        message,
        "the cache is not pure: 2 of 2 checked hits differ\n  key 1: stored 1, computed 4\n  \
           key 2: stored 0, computed 3"
    );
    let message = failure(|| {
        let _check = check_purity(plus::<char>::cache(), 1);
        call_all(4);
    });
    assert!(message.ends_with("key 'a': stored ('a', 0), computed ('a', 4)"), "{message}");
    let message = failure(|| {
        let _check = check_purity(Square::area_cache(), 1);
        call_all(5);
    });
    assert!(message.ends_with("key Square(2): stored 4, computed 9"), "{message}");
}

#[test]
fn checks_isolations_and_the_switch_are_used_together() {
    #[memoize]
    fn f(n: u32) -> u32 {
        n
    }

    f(1);
    let outer = check_purity(f::cache(), 1);
    for _ in 0..3 {
        let _caches = isolate();
        let check = check_purity(f::cache(), 2);
        (0..5).for_each(|_| assert_eq!(f(1), 1));
        assert_eq!((check.checked(), f::cache_info().hits), (2, 4));
        f::cache_enable(false);
        assert_eq!(f::cache_call(1).status, Bypassed);
        assert_eq!(check.checked(), 2);
    }
    assert_eq!(outer.checked(), 0);
    f::cache_enable(false);
    f(1);
    f::cache_enable(true);
    f(1);
    // Another check is in force until it ends, in any order.
    let other = check_purity(f::cache(), 1);
    f(1);
    drop(outer);
    f(1);
    assert_eq!(other.checked(), 2);
}

#[test]
fn many_threads_are_checked_and_many_differences_told_in_short() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    #[memoize(maxsize = unbounded)]
    fn count(n: u32) -> u32 {
        let _ = n;
        CALLS.fetch_add(1, Relaxed)
    }

    let message = finishes("four threads", || {
        failure(|| {
            let check = check_purity(count::cache(), 1);
            all_return(side_by_side(vec![1, 2, 3, 4], |n| {
                for _ in 0..100 {
                    count(n);
                }
            }));
            assert_eq!((check.checked(), check.differences()), (396, 396));
        })
    });
    assert!(message.starts_with("`purity::"), "{message}");
    assert_eq!((message.lines().count(), message.ends_with("and 386 more")), (12, true));
}
