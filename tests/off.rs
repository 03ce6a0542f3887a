//! The off switches: `f::cache_enable(false)`, `memofn::set_enabled(false)`, `MEMOFN=off`.

mod common;

use common::{Caller, all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::CallStatus::{Bypassed, Hit, Miss};
use memofn::testing::Clock;
use memofn::{Cache, CacheInfo, memoize, memoize_fn, memoize_rec, set_enabled};
use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The switch is the process's. The tests run one at a time, and each leaves it on.
struct Alone(#[expect(dead_code, reason = "it is held")] MutexGuard<'static, ()>);

fn alone() -> Alone {
    static ALONE: Mutex<()> = Mutex::new(());
    Alone(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Drop for Alone {
    fn drop(&mut self) {
        set_enabled(true);
    }
}

/// Hits, misses, bypassed calls, entries.
fn calls(info: CacheInfo) -> (u64, u64, u64, usize) {
    (info.hits, info.misses, info.bypassed, info.currsize)
}

macro_rules! in_every_scope {
    ($($own:ident $all:ident $controls:ident $scope:literal;)*) => {$(
        #[test]
        fn $own() {
            thread_local! {
                static RUNS: Cell<u32> = const { Cell::new(0) };
            }
            #[memoize(scope = $scope, maxsize = 2, ttl = "10s")]
            fn f(n: u32) -> Result<u32, String> {
                RUNS.set(RUNS.get() + 1);
                match n {
                    0 => Err("zero".to_owned()),
                    100 => panic_silently("hundred"),
                    n => Ok(n),
                }
            }

            let _alone = alone();
            let clock = Clock::stop();
            let _ = (f(1), f(1), f(1));
            assert!(f::cache().is_enabled());
            f::cache_enable(false);
            f::cache_enable(false);
            assert!(!f::cache().is_enabled());
            assert_eq!((f(1), f(1), f(2)), (Ok(1), Ok(1), Ok(2)));
            assert!(f(0).is_err() && f(0).is_err());
            assert_eq!(panic_of(|| f(100)), "hundred");
            assert_eq!(RUNS.get(), 7);
            assert_eq!(calls(f::cache_info()), (2, 1, 6, 1));
            assert_eq!(f::cache_info().rejected, 0);
            f::cache_enable(true);
            assert_eq!((f(1), f(2)), (Ok(1), Ok(2)));
            assert_eq!(calls(f::cache_info()), (3, 2, 6, 2));
            // Entries age while the cache is off, and clearing does not turn it on.
            f::cache_enable(false);
            clock.advance(Duration::from_secs(10));
            assert_eq!((f(2), f::cache_info().currsize), (Ok(2), 0));
            f::cache_enable(true);
            let _ = f(1);
            assert_eq!(calls(f::cache_info()), (3, 3, 7, 1));
            f::cache_enable(false);
            f::cache_clear();
            let _ = (f(1), f(1));
            assert_eq!(calls(f::cache_info()), (0, 0, 2, 0));
            f::cache_enable(true);
            let _ = (f(1), f(1));
            assert_eq!(calls(f::cache_info()), (1, 1, 2, 1));
        }

        #[test]
        fn $all() {
            #[memoize(scope = $scope)]
            fn f(n: u32) -> u32 {
                n
            }
            #[memoize(scope = $scope)]
            fn first_used_while_off(n: u32) -> u32 {
                if n == 0 { 0 } else { 1 + first_used_while_off(n - 1) }
            }

            let _alone = alone();
            let _ = (f(1), f(1));
            set_enabled(false);
            set_enabled(false);
            assert!(!memofn::enabled() && !f::cache().is_enabled());
            let _ = (f(1), f(2), first_used_while_off(5));
            assert_eq!(calls(f::cache_info()), (1, 1, 2, 1));
            assert_eq!(calls(first_used_while_off::cache_info()), (0, 0, 6, 0));
            // Both switches must be on.
            f::cache_enable(false);
            set_enabled(true);
            f(1);
            assert_eq!(calls(f::cache_info()), (1, 1, 3, 1));
            f::cache_enable(true);
            let _ = (f(1), f(2), first_used_while_off(5), first_used_while_off(5));
            assert_eq!(calls(f::cache_info()), (2, 2, 3, 2));
            assert_eq!(calls(first_used_while_off::cache_info()), (1, 6, 6, 6));
        }

        /// What is asked of the cache itself works as ever, so that a correction made meanwhile holds.
        #[test]
        fn $controls() {
            #[memoize(scope = $scope, maxsize = unbounded)]
            fn f(n: u32) -> u32 {
                n
            }

            let _alone = alone();
            let _ = (f(1), f(2), f(3), f(4));
            for off in [|| f::cache_enable(false), || set_enabled(false)] {
                off();
                f::cache_insert(1, 10);
                assert_eq!((f::cache_peek(1), f(1)), (Some(10), 1));
                assert_eq!(f::cache_remove(2), Some(2));
                assert_eq!(f::cache_refresh(3), 3);
                f::cache().remove_if(|n| *n == 4);
                assert_eq!(f::cache_call(1).status, Bypassed);
                assert_eq!(f::cache_call(1).age, Some(Duration::ZERO));
                let keys: Vec<u32> = f::cache().iter().map(|entry| *entry.key()).collect();
                assert_eq!(keys.len(), 2);
                assert_eq!(f::cache_info().bypassed, 3);
                // The table grows and shrinks unseen.
                (10..1000).for_each(|n| f::cache_insert(n, n + 1));
                f::cache().retain(|n, _| *n % 100 == 0 || *n < 10);
                f::cache_enable(true);
                set_enabled(true);
                assert_eq!((f(1), f(3), f(100), f(900)), (10, 3, 101, 901));
                assert_eq!((f(2), f(4), f(101)), (2, 4, 101));
                assert_eq!(f::cache_call(1).status, Hit);
                f::cache_clear();
                let _ = (f(1), f(2), f(3), f(4));
                assert_eq!(f::cache_info().misses, 4);
            }
        }
    )*};
}
in_every_scope! {
    a_shared_cache_that_is_off_is_left_alone all_shared_caches_are_turned_off
    the_controls_of_a_shared_cache_work_while_it_is_off "shared";
    a_threads_cache_that_is_off_is_left_alone all_caches_of_a_thread_are_turned_off
    the_controls_of_a_threads_cache_work_while_it_is_off "thread";
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square(u32);

#[memoize]
impl Square {
    #[memoize]
    fn area(&self) -> u32 {
        self.0 * self.0
    }

    #[memoize]
    fn unit() -> Self {
        Self(1)
    }
}

#[test]
fn methods_and_instances_have_the_switch_of_their_cache() {
    #[memoize]
    fn size<T: Copy + Eq + std::hash::Hash + Send + Sync + 'static>(value: T) -> usize {
        size_of_val(&value)
    }

    let _alone = alone();
    let _ = (Square(2).area(), Square(2).area(), Square::unit(), size(1_u8), size(1_u16));
    Square::area_cache().enable(false);
    Square::unit_cache().enable(false);
    size::<u8>::cache_enable(false);
    let _ = (Square(2).area(), Square::unit(), size(1_u8), size(1_u16));
    assert_eq!(Square(2).area_call().status, Bypassed);
    assert_eq!(calls(Square::area_cache().info()), (1, 1, 2, 1));
    assert_eq!(calls(Square::unit_cache().info()), (0, 1, 1, 1));
    assert_eq!(calls(size::<u8>::cache_info()), (0, 1, 1, 1));
    assert_eq!(calls(size::<u16>::cache_info()), (1, 1, 0, 1));
    Square::area_cache().enable(true);
    Square::unit_cache().enable(true);
    size::<u8>::cache_enable(true);
    let _ = (Square(2).area(), Square::unit(), size(1_u8));
    assert_eq!(Square(2).area_call().status, Hit);
    assert_eq!(Square::area_cache().info().hits, 3);
}

#[test]
fn caches_by_hand_are_turned_off_too() {
    struct Squares(Cache<u32, u32>);
    impl Squares {
        #[memoize(cache = self.0)]
        fn of(&self, n: u32) -> u32 {
            n * n
        }
    }

    let _alone = alone();
    let squares = Squares(Cache::new(10));
    let fails = |cache: &Cache<_, _>, n| cache.get_or_try_compute(n, || Err::<u32, _>("no"));
    let many = |cache: &Cache<u32, u32>, keys: [u32; 4]| {
        let mut asked = Vec::new();
        let found: Vec<u32> = cache.get_many_or_compute(keys, |missing| {
            asked.extend_from_slice(missing);
            missing.iter().map(|n| n * n).collect()
        });
        (asked, found)
    };
    let _ = (squares.of(2), squares.of(2));
    for off in [true, false] {
        let before = squares.0.info();
        if off {
            squares.0.enable(false);
        } else {
            set_enabled(false);
        }
        assert_eq!((squares.of(2), squares.of(3)), (4, 9));
        assert_eq!(squares.of_call(2).status, Bypassed);
        assert_eq!((squares.0.get(&2), squares.0.peek(&2)), (None, Some(4)));
        assert!(squares.0.contains_key(&2));
        assert_eq!(squares.0.get_or_compute(2, || 5), 5);
        assert_eq!(squares.0.get_or_compute_by_ref(&2, || 5), 5);
        assert_eq!(fails(&squares.0, 2), Err("no"));
        // Each key is asked for once, in the order of the keys, and counts as often as it was given.
        assert_eq!(many(&squares.0, [3, 2, 3, 1]), (vec![3, 2, 1], vec![9, 4, 9, 1]));
        let failed: Result<Vec<u32>, _> =
            squares.0.get_many_or_try_compute([1, 1], |_| Err::<Vec<u32>, _>("none"));
        assert_eq!(failed, Err("none"));
        let computed = block_on(squares.0.get_or_compute_async(2, async || 6));
        assert_eq!(computed, 6);
        let all: HashMap<u32, u32> =
            block_on(squares.0.get_many_or_compute_async([2, 5], async |missing: &[u32]| {
                missing.iter().map(|n| (*n, n + 1)).collect()
            }));
        assert_eq!((all[&2], all[&5]), (3, 6));
        let info = squares.0.info();
        assert_eq!((info.hits, info.misses, info.currsize), (before.hits, before.misses, 1));
        assert_eq!(info.bypassed - before.bypassed, 16);
        squares.0.enable(true);
        set_enabled(true);
        assert_eq!((squares.of(2), squares.0.get(&2)), (4, Some(4)));
        assert_eq!(squares.0.info().hits, before.hits + 2);
    }
}

#[test]
fn closures_are_turned_off_too() {
    let _alone = alone();
    let square = memoize_fn(|n: u32| n * n);
    let fib = memoize_rec(|me, n: u32| if n < 2 { n } else { me(n - 1) + me(n - 2) });
    let here = memoize_fn(|n: u32| Rc::new(n)).here();
    let _ = (square.call(2), fib.call(10), here.call(1));
    set_enabled(false);
    assert_eq!((square.call(2), fib.call(10), *here.call(1)), (4, 55, 1));
    assert_eq!(calls(square.info()), (0, 1, 1, 1));
    assert_eq!(calls(fib.info()), (8, 11, 177, 11));
    assert_eq!(calls(here.info()), (0, 1, 1, 1));
    set_enabled(true);
    let _ = (square.call(2), fib.call(10), here.call(1));
    assert_eq!([square.info().hits, fib.info().hits, here.info().hits], [1, 9, 1]);
}

#[test]
fn a_call_that_bypasses_the_cache_asks_no_predicate() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::ref_option, reason = "the result is lent as it is")]
    fn is_some(result: &Option<String>) -> bool {
        ASKED.fetch_add(1, Relaxed);
        result.is_some()
    }
    #[memoize(cache_if = is_some)]
    fn f(n: u32) -> Option<String> {
        n.checked_sub(1).map(|n| n.to_string())
    }

    let _alone = alone();
    f::cache_enable(false);
    let _ = (f(0), f(1));
    assert_eq!(ASKED.load(Relaxed), 0);
    f::cache_enable(true);
    f(0);
    assert_eq!((ASKED.load(Relaxed), f::cache_info().rejected), (1, 1));
}

/// A thread that hits all the time runs the body from the next call on, in the caches that are its own too.
#[test]
fn the_calls_of_other_threads_bypass_their_caches_at_once() {
    thread_local! {
        static RUNS: Cell<u32> = const { Cell::new(0) };
    }
    fn run() -> u32 {
        RUNS.set(RUNS.get() + 1);
        RUNS.get()
    }
    #[memoize]
    fn shared(_thread: usize) -> u32 {
        run()
    }
    #[memoize(scope = "thread")]
    fn own() -> u32 {
        run()
    }

    let _alone = alone();
    finishes("four threads that call when told", || {
        let (orders, threads): (Vec<_>, Vec<_>) = (0..4)
            .map(|number| {
                let ((order, ordered), (answer, answered)) = (channel::<u32>(), channel());
                let caller = thread::spawn(move || {
                    let by_hand = memoize_fn(|(): ()| run()).here();
                    for times in ordered {
                        let before = RUNS.get();
                        for _ in 0..times {
                            let _ = (shared(number), own(), by_hand.call(()));
                        }
                        answer.send(RUNS.get() - before).unwrap();
                    }
                });
                ((order, answered), caller)
            })
            .unzip();
        let all_call = |times: u32| -> Vec<u32> {
            for (order, _) in &orders {
                order.send(times).unwrap();
            }
            orders.iter().map(|(_, answered)| answered.recv().unwrap()).collect()
        };
        assert_eq!(all_call(100), [3; 4]);
        for _ in 0..20 {
            assert_eq!(all_call(10), [0; 4]);
            set_enabled(false);
            assert_eq!(all_call(2), [6; 4]);
            set_enabled(true);
            assert_eq!(all_call(2), [0; 4]);
            own::cache_enable(false);
            shared::cache_enable(false);
            assert_eq!(
                all_call(2),
                [2; 4],
                "the other threads' own caches have switches of their own"
            );
            shared::cache_enable(true);
        }
        drop(orders);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(own::cache_info().bypassed, 0);
    });
}

#[test]
fn a_run_under_way_is_stored_and_answers_those_who_wait() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[memoize]
    fn f(caller: &Caller) -> u32 {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            caller.leads();
            caller.await_followers(7);
            f::cache_enable(false);
            // A call that starts now runs the body, though the key is under way.
            assert_eq!(f::cache_call(caller).status, Bypassed);
        }
        caller.key
    }

    let _alone = alone();
    finishes("a leader, seven who wait, and one who comes later", || {
        let all_waited = (0..100).any(|round| {
            RUNS.store(0, Relaxed);
            f::cache_clear();
            let callers = Caller::several(round, 8);
            let again = callers[0].clone();
            all_return(side_by_side(callers, |caller| f(&caller)));
            let info = f::cache_info();
            // Some may have come too late to wait: they ran the body.
            let late = info.bypassed - 1;
            assert_eq!((info.misses, info.hits + late, info.currsize), (1, 7, 1));
            assert_eq!(u64::from(RUNS.load(Relaxed)), 2 + late);
            f::cache_enable(true);
            assert_eq!((f(&again), f::cache_call(&again).status), (round, Hit));
            assert_eq!(f::cache_info().misses, 1, "it was stored, once");
            late == 0
        });
        assert!(all_waited, "no round in which seven callers waited");
    });
}

#[test]
fn a_run_that_began_while_off_is_not_stored_after_it_is_on_again() {
    #[memoize]
    fn f(n: u32) -> u32 {
        if n == 0 {
            set_enabled(true);
            f::cache_enable(true);
            // This one is stored, and the outer one is not.
            assert_eq!(f::cache_call(1).status, Miss);
        }
        n
    }

    let _alone = alone();
    for all in [false, true] {
        f::cache_clear();
        if all {
            set_enabled(false);
        } else {
            f::cache_enable(false);
        }
        assert_eq!(f::cache_call(0).status, Bypassed);
        assert_eq!((f::cache_peek(0), f::cache_peek(1)), (None, Some(1)));
        assert_eq!(calls(f::cache_info()), (0, 1, 1, 1));
    }
}

#[test]
fn async_calls_bypass_a_cache_that_is_off() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[memoize(ttl = "1h")]
    async fn f(n: u32) -> Result<u32, Infallible> {
        RUNS.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
        Ok(n)
    }

    let _alone = alone();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let _ = (f(1).await, f(1).await);
        f::cache_enable(false);
        let (a, b) = tokio::join!(f(1), f(1));
        assert_eq!((a, b, RUNS.load(Relaxed)), (Ok(1), Ok(1), 3));
        let call = f::cache_call(1).await;
        assert_eq!((call.value, call.status, call.age), (Ok(1), Bypassed, Some(Duration::ZERO)));
        // A body that is dropped half way leaves nothing behind.
        let _ = futures::poll!(std::pin::pin!(f(1)));
        assert_eq!(calls(f::cache_info()), (1, 1, 4, 1));
        f::cache_enable(true);
        assert_eq!(f::cache_call(1).await.status, Hit);

        // One waits for a run, the switch is turned, another comes.
        let mut first = Box::pin(f(2));
        let mut waiter = Box::pin(f(2));
        assert!(
            futures::poll!(&mut first).is_pending() && futures::poll!(&mut waiter).is_pending()
        );
        set_enabled(false);
        let runs = RUNS.load(Relaxed);
        assert_eq!(f::cache_call(2).await.status, Bypassed);
        assert_eq!((first.await, waiter.await), (Ok(2), Ok(2)));
        assert_eq!(RUNS.load(Relaxed), runs + 1);
        set_enabled(true);
        assert_eq!(f::cache_call(2).await.status, Hit);
        assert_eq!(f::cache_info().coalesced, 1);
    });
}

#[test]
fn counters_stay_exact_while_threads_turn_the_switch() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    #[memoize(maxsize = 8)]
    fn f(n: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        n
    }

    let _alone = alone();
    finishes("six threads that call, and two that turn", || {
        all_return(side_by_side((0..8_u32).collect(), |role| {
            for n in 0..2_000 {
                match role {
                    0 => set_enabled(n % 2 == 1),
                    1 => f::cache_enable(n % 3 != 0),
                    _ => assert_eq!(f(n % 12), n % 12),
                }
            }
        }));
        let info = f::cache_info();
        assert_eq!(info.hits + info.misses + info.bypassed, 12_000);
        assert_eq!(info.misses + info.bypassed, u64::from(RUNS.load(Relaxed)));
        set_enabled(true);
        f::cache_enable(true);
        let _ = (f(1), f(1));
        assert_eq!(f::cache_call(1).status, Hit);
    });
}

#[test]
fn reports_show_the_calls_that_bypassed() {
    #[memoize(name = "bypassed")]
    fn f(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    f::cache_enable(false);
    let _ = (f(1), f(2));
    let status = memofn::caches().find(|status| status.name() == "bypassed").unwrap();
    assert_eq!(status.info.bypassed, 2);
    assert!(memofn::report().to_string().lines().next().unwrap().contains("bypassed"));
    assert_eq!(f::cache_call(1).status.to_string(), "bypassed");
    assert_ne!(f::cache_info(), CacheInfo::default());
}

/// Runs this test in a process of its own, with `MEMOFN` set.
fn child(variable: Option<&str>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_environment_turns_caches_off", "--include-ignored"]);
    command.env("MEMOFN_TEST_CHILD", "1").env_remove("MEMOFN");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(value) = variable {
        command.env("MEMOFN", value);
    }
    command.status().unwrap().success()
}

#[test]
fn the_environment_turns_caches_off() {
    #[memoize]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(scope = "thread")]
    fn own(n: u32) -> u32 {
        n
    }

    if std::env::var_os("MEMOFN_TEST_CHILD").is_none() {
        assert!(child(Some("off")) && child(Some("OFF")), "off");
        assert!(!child(None) && !child(Some("on")) && !child(Some("")), "on");
        return;
    }
    // The look-up of a cache that was filled by hand is the first call of the process.
    let cache = Cache::new(10);
    cache.insert(1, 1);
    assert_eq!((cache.get(&1), cache.peek(&1)), (None, Some(1)));
    let _ = (shared(1), shared(1), own(1), own(1));
    assert_eq!(calls(shared::cache_info()), (0, 0, 2, 0));
    assert_eq!(calls(own::cache_info()), (0, 0, 2, 0));
    assert!(!memofn::enabled());
    // The program has the last word.
    set_enabled(true);
    let _ = (shared(1), shared(1), own(1), own(1), cache.get(&1));
    assert_eq!(calls(shared::cache_info()), (1, 1, 2, 1));
    assert_eq!(calls(own::cache_info()), (1, 1, 2, 1));
    assert_eq!(cache.info().hits, 1);
}
