//! `memofn::testing::isolate()`: caches of functions for one test.

mod common;

use common::{all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::CallStatus::{Hit, Miss};
use memofn::testing::{Clock, isolate};
use memofn::{Cache, CacheInfo, memoize};
use std::fmt::Display;
use std::hash::Hash;
use std::pin::pin;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, LazyLock};
use std::thread;
use std::time::Duration;

/// Hits, misses, entries.
fn calls(info: CacheInfo) -> (u64, u64, usize) {
    (info.hits, info.misses, info.currsize)
}

fn names() -> Vec<String> {
    memofn::caches().map(|status| status.name().to_owned()).collect()
}

macro_rules! in_every_scope {
    ($($own:ident $first:ident $nested:ident $ends:ident $scope:literal $name:literal;)*) => {$(
        #[test]
        fn $own() {
            #[memoize(scope = $scope, maxsize = 4)]
            fn f(n: u64) -> u64 {
                n
            }

            let _ = (f(1), f(1), f(1));
            finishes("sixteen tests of one function", || {
                let all = Barrier::new(16);
                all_return(side_by_side((0..16_u64).collect(), |test| {
                    for _ in 0..20 {
                        let _caches = isolate();
                        all.wait();
                        assert_eq!(calls(f::cache_info()), (0, 0, 0));
                        for _ in 0..=test {
                            assert_eq!((f(test), f(1)), (test, 1));
                        }
                        let (keys, entries) = if test == 1 { (1, 1) } else { (2, 2) };
                        let expected = (2 * (test + 1) - keys, keys, entries);
                        assert_eq!(calls(f::cache_info()), expected);
                        all.wait();
                        f::cache_clear();
                        f::cache().set_maxsize(1);
                        f::cache_enable(test % 2 == 0);
                    }
                }));
            });
            assert_eq!(calls(f::cache_info()), (2, 1, 1));
            assert_eq!((f(1), f::cache_call(1).status), (1, Hit));
        }

        #[test]
        fn $first() {
            #[memoize(scope = $scope, name = $name)]
            fn f(n: u32) -> u32 {
                n
            }

            {
                let _caches = isolate();
                assert_eq!(names(), Vec::<String>::new());
                let _ = (f(1), f(1));
                assert_eq!(names(), [$name]);
                assert!(memofn::report().to_string().contains($name));
                assert_eq!(memofn::report().caches()[0].info, f::cache_info());
            }
            assert!(!names().contains(&$name.to_owned()), "outside it was not used yet");
            assert_eq!(f::cache_call(1).status, Miss);
            assert!(names().contains(&$name.to_owned()));
            let _caches = isolate();
            assert_eq!((names().len(), f::cache_call(1).status), (0, Miss));
        }

        #[test]
        fn $nested() {
            #[memoize(scope = $scope)]
            fn f(n: u32) -> u32 {
                n
            }

            let outer = isolate();
            f(1);
            let inner = isolate();
            let _ = (f(1), f(2), f(2));
            assert_eq!(calls(f::cache_info()), (1, 2, 2));
            let again = outer.handle().enter();
            f(1);
            assert_eq!(calls(f::cache_info()), (1, 1, 1));
            drop(again);
            assert_eq!(calls(f::cache_info()), (1, 2, 2));
            // In any order.
            drop(outer);
            assert_eq!(calls(f::cache_info()), (1, 2, 2));
            drop(inner);
            assert_eq!(calls(f::cache_info()), (0, 0, 0));
        }

        #[test]
        fn $ends() {
            static DROPPED: AtomicUsize = AtomicUsize::new(0);
            #[derive(Clone)]
            #[expect(dead_code, reason = "the value is dropped")]
            struct Value(u32);
            impl Drop for Value {
                fn drop(&mut self) {
                    DROPPED.fetch_add(1, Relaxed);
                }
            }
            #[memoize(scope = $scope)]
            fn f(n: u32) -> Value {
                Value(n)
            }

            f(1);
            let caches = isolate();
            drop((f(1), f(1), f(2)));
            let before = DROPPED.load(Relaxed);
            drop(caches);
            assert_eq!(DROPPED.load(Relaxed) - before, 2);
            assert_eq!(calls(f::cache_info()), (0, 1, 1));

            // Also by a panic.
            let before = DROPPED.load(Relaxed);
            let failed = panic_of(|| {
                let _caches = isolate();
                std::mem::forget(f(1));
                panic_silently("the test fails")
            });
            assert_eq!((failed, DROPPED.load(Relaxed) - before), ("the test fails", 1));
            assert_eq!(calls(f::cache_info()), (0, 1, 1));
        }
    )*};
}
in_every_scope! {
    each_test_has_shared_caches_of_its_own a_shared_cache_is_first_used_in_an_isolation
    the_inner_isolation_has_the_shared_caches the_end_drops_what_shared_caches_hold "shared" "first shared";
    each_test_has_thread_caches_of_its_own a_threads_cache_is_first_used_in_an_isolation
    the_inner_isolation_has_the_threads_caches the_end_drops_what_a_threads_caches_hold "thread" "first of a thread";
}

#[test]
fn threads_enter_by_a_handle() {
    #[memoize]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(scope = "thread")]
    fn own(n: u32) -> u32 {
        n
    }

    let caches = isolate();
    let _ = (shared(1), own(1));
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!((shared::cache_call(1).status, own::cache_call(1).status), (Miss, Miss));
        });
        let isolation = caches.handle();
        scope.spawn(move || {
            let _caches = isolation.clone().enter();
            assert_eq!((shared::cache_call(1).status, own::cache_call(1).status), (Hit, Miss));
            assert_eq!(names().len(), 2);
            shared(2);
        });
    });
    assert_eq!(calls(shared::cache_info()), (1, 2, 2));
    assert_eq!(calls(own::cache_info()), (0, 1, 1));
}

#[test]
fn the_caches_last_until_the_last_thread_has_left() {
    #[memoize]
    fn f(n: u32) -> u32 {
        n
    }

    finishes("a thread that stays longer", || {
        let caches = isolate();
        let isolation = caches.handle();
        f(1);
        let both = Arc::new(Barrier::new(2));
        let other = thread::spawn({
            let (isolation, both) = (isolation.clone(), Arc::clone(&both));
            move || {
                let _caches = isolation.enter();
                both.wait();
                both.wait();
                f::cache_call(1).status
            }
        });
        both.wait();
        drop(caches);
        both.wait();
        assert_eq!(other.join().unwrap(), Hit);
        let _caches = isolation.enter();
        assert_eq!(calls(f::cache_info()), (0, 0, 0), "the next begins with fresh ones");
    });
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square(u32);

trait Named {
    fn name(&self) -> String;
}

#[memoize]
impl Square {
    #[memoize]
    fn area(&self) -> u32 {
        self.0 * self.0
    }

    #[memoize(scope = "thread")]
    fn of(side: u32) -> Rc<Self> {
        Rc::new(Self(side))
    }

    #[memoize]
    async fn later(&self) -> u32 {
        std::future::ready(self.0).await
    }
}

#[memoize]
impl Named for Square {
    #[memoize]
    fn name(&self) -> String {
        self.0.to_string()
    }
}

#[test]
fn functions_of_every_kind_are_isolated() {
    #[memoize]
    fn text<T: Display + Copy + Eq + Hash + Send + Sync + 'static>(value: T) -> String {
        value.to_string()
    }
    #[memoize(ttl = "1h")]
    async fn fetch(n: u32) -> Result<u32, String> {
        Ok(std::future::ready(n).await)
    }
    #[memoize(key = n % 10)]
    fn digit(n: u32) -> u32 {
        n % 10
    }

    fn call_all() {
        let _ = (Square(2).area(), Square::of(2), Square(2).name(), text(1_u8), text(1_u16));
        let _ = (block_on(fetch(1)), digit(12), block_on(Square(2).later()));
    }
    let all = || {
        let mut all = vec![Square::area_cache().info(), Square::of_cache().info()];
        all.extend([text::<u8>::cache_info(), text::<u16>::cache_info(), fetch::cache_info()]);
        all.extend([digit::cache_info(), Square::later_cache().info()]);
        all.into_iter().map(calls).collect::<Vec<_>>()
    };

    let _clock = Clock::stop();
    let _outer = isolate();
    call_all();
    {
        let _caches = isolate();
        assert_eq!(all(), [(0, 0, 0); 7]);
        (0..3).for_each(|_| call_all());
        assert_eq!(all(), [(2, 1, 1); 7]);
        assert_eq!(names().len(), 8);
        assert_eq!(Square(2).area_remove(), Some(4));
        assert_eq!((fetch::cache_peek(1), digit::cache_remove(2)), (Some(Ok(1)), Some(2)));
    }
    assert_eq!(all(), [(0, 1, 1); 7]);
}

#[test]
fn all_tasks_of_a_thread_are_isolated() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[memoize]
    async fn fetch(n: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
        n
    }

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..3 {
        runtime.block_on(async {
            RUNS.store(0, Relaxed);
            let _caches = isolate();
            let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(fetch(1))).collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 1);
            }
            assert_eq!((RUNS.load(Relaxed), calls(fetch::cache_info())), (1, (7, 1, 1)));
        });
    }
}

#[test]
fn a_call_that_outlives_its_isolation_leaves_no_trace_in_the_next() {
    #[memoize]
    async fn fetch(n: u32) -> u32 {
        tokio::task::yield_now().await;
        n
    }
    #[memoize]
    fn f(n: u32) -> u32 {
        if n > 0 {
            ENDED.with(|ended| drop(ended.take()));
        }
        n
    }
    thread_local! {
        static ENDED: std::cell::RefCell<Option<memofn::testing::Isolation>> =
            const { std::cell::RefCell::new(None) };
    }

    block_on(async {
        let caches = isolate();
        let (mut run, mut waiter) = (pin!(fetch(1)), pin!(fetch(1)));
        assert!(futures::poll!(&mut run).is_pending() && futures::poll!(&mut waiter).is_pending());
        drop(caches);
        let _caches = isolate();
        assert_eq!(fetch(1).await, 1);
        assert_eq!((run.await, waiter.await), (1, 1));
        assert_eq!(calls(fetch::cache_info()), (0, 1, 1));
    });

    ENDED.with(|ended| *ended.borrow_mut() = Some(isolate()));
    assert_eq!(f(1), 1);
    assert_eq!(calls(f::cache_info()), (0, 0, 0));
    let _caches = isolate();
    assert_eq!(calls(f::cache_info()), (0, 0, 0));
}

#[test]
fn caches_of_isolations_are_used_again_and_their_options_evaluated_anew() {
    static SIZE: AtomicUsize = AtomicUsize::new(3);
    #[memoize(maxsize = SIZE.load(Relaxed))]
    fn f(n: u32) -> u32 {
        n
    }

    let mut addresses = Vec::new();
    for round in 0..20 {
        SIZE.store(3 + round % 2, Relaxed);
        let _caches = isolate();
        (0..5).for_each(|n| assert_eq!(f::cache_call(n).status, Miss));
        assert_eq!(f::cache_info().maxsize, Some(3 + round % 2));
        assert_eq!(f::cache_info().currsize, 3 + round % 2);
        f::cache().set_maxsize(100);
        f::cache_enable(false);
        f(1);
        let address = ptr::from_ref(f::cache());
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    assert_eq!(addresses.len(), 2, "one for each size");
}

#[test]
fn given_caches_and_closures_are_left_alone() {
    static USERS: LazyLock<Cache<u32, u32>> =
        LazyLock::new(|| Cache::builder().name("users of all").build());
    #[memoize(cache = USERS)]
    fn user(id: u32) -> u32 {
        id
    }

    let square = memofn::memoize_fn(|n: u32| n * n);
    let _ = (user(1), square.call(2));
    let _caches = isolate();
    assert_eq!((user::cache_call(1).status, square.call(2)), (Hit, 4));
    assert_eq!((square.info().hits, names()), (1, Vec::new()));
    let _made_inside: Cache<u32, u32> = Cache::builder().name("made inside").build();
    let _of_thread: Cache<u32, u32, _> = Cache::builder().name("of the thread").build_for_thread();
    assert_eq!(names(), ["made inside", "of the thread"]);
    memofn::clear_all();
    assert_eq!(USERS.info().currsize, 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            let names = names();
            assert!(names.contains(&"made inside".to_owned()));
            assert!(names.contains(&"users of all".to_owned()));
        });
    });
}

#[test]
fn clearing_all_clears_the_isolation_alone() {
    #[memoize]
    fn f(n: u32) -> u32 {
        n
    }

    let _outer = isolate();
    f(1);
    {
        let _caches = isolate();
        f(1);
        memofn::clear_all();
        assert_eq!(calls(f::cache_info()), (0, 0, 0));
    }
    assert_eq!(calls(f::cache_info()), (0, 1, 1));
}

#[test]
fn a_drop_at_the_end_may_call_and_may_panic() {
    #[derive(Clone)]
    struct Calls;
    impl Drop for Calls {
        fn drop(&mut self) {
            counted();
        }
    }
    #[memoize]
    fn calls_when_dropped(_n: u32) -> Arc<Calls> {
        Arc::new(Calls)
    }
    #[memoize]
    fn counted() -> u32 {
        1
    }
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic_silently("a value panics");
        }
    }
    #[memoize]
    fn panics_when_dropped(_n: u32) -> Arc<Panics> {
        Arc::new(Panics)
    }

    let _outer = isolate();
    {
        let _caches = isolate();
        drop(calls_when_dropped(1));
    }
    assert_eq!(calls(counted::cache_info()), (0, 0, 0), "the end is still inside");

    let at_the_end = || {
        let _caches = isolate();
        drop(panics_when_dropped(1));
    };
    assert_eq!(panic_of(at_the_end), "a value panics");
    let in_a_panic = || {
        let _caches = isolate();
        drop(panics_when_dropped(1));
        panic_silently("the test fails")
    };
    assert_eq!(panic_of(in_a_panic), "the test fails");
    let _caches = isolate();
    assert_eq!(calls(panics_when_dropped::cache_info()), (0, 0, 0));
}

#[test]
fn time_is_that_of_the_process() {
    #[memoize(ttl = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    let _caches = isolate();
    let _ = (f(1), f(1));
    clock.advance(Duration::from_secs(10));
    f(1);
    assert_eq!((f::cache_info().hits, f::cache_info().expirations), (1, 1));
}

#[test]
fn the_calls_of_other_threads_are_counted_while_isolations_come_and_go() {
    #[memoize(maxsize = 8)]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(scope = "thread", maxsize = 8)]
    fn own(n: u32) -> u32 {
        n
    }

    finishes("two threads that call, and two that isolate", || {
        all_return(side_by_side(vec![0, 1, 2, 3], |role| {
            if role < 2 {
                for n in 0..5_000 {
                    assert_eq!((shared(n % 10), own(n % 8)), (n % 10, n % 8));
                }
                assert_eq!(calls(own::cache_info()), (4_992, 8, 8));
            } else {
                for n in 0..500 {
                    let _caches = isolate();
                    let _ = (shared(n), own(n), shared(n), own(n));
                    assert_eq!(calls(shared::cache_info()), (1, 1, 1));
                    assert_eq!(calls(own::cache_info()), (1, 1, 1));
                }
            }
        }));
        let info = shared::cache_info();
        assert_eq!(info.hits + info.misses, 10_000);
    });
}
