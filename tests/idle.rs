//! Time to idle: entries that no call uses go. `tti`, alone and with the other options about time.

#![allow(clippy::unused_async, reason = "functions of every kind are memoized")]

mod common;

use common::counts;
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, CacheInfo, CallStatus, EvictionCause, memoize};
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

/// A nanosecond less.
fn just_before(moment: Duration) -> Duration {
    moment.saturating_sub(NANO)
}

/// The entries go when they were idle for ten seconds.
fn ten() -> CacheBuilder<u32, u32> {
    Cache::builder().tti(10 * SECOND)
}

/// Whether a call of the key is answered without a run. `cache` has a `get_or_compute`.
macro_rules! is_hit {
    ($cache:expr, $key:expr) => {{
        let (key, mut has_run) = ($key, false);
        $cache.get_or_compute(key, || {
            has_run = true;
            key
        });
        !has_run
    }};
}

#[test]
fn an_entry_answers_until_the_last_nanosecond_of_its_idle_life_and_not_after() {
    #[memoize(tti = "10m")]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(tti = "10m", scope = "thread")]
    fn local(n: u32) -> u32 {
        n
    }
    #[memoize(tti = "10m", maxsize = unbounded)]
    fn unbounded(n: u32) -> u32 {
        n
    }
    #[memoize(tti = "10m")]
    async fn polled(n: u32) -> u32 {
        n
    }
    #[memoize(tti = "10m")]
    fn generic<T: Clone + Hash + Eq + Send + Sync + 'static>(value: T) -> T {
        value
    }
    // Less than a second: the exact clock.
    #[memoize(tti = "10ms")]
    fn brief(n: u32) -> u32 {
        n
    }

    type Functions = (Duration, fn(u32) -> u32, fn() -> CacheInfo);
    let ten = 600 * SECOND;
    let functions: [Functions; 6] = [
        (ten, shared, shared::cache_info),
        (ten, local, local::cache_info),
        (ten, unbounded, unbounded::cache_info),
        (ten, |n| block_on(polled(n)), polled::cache_info),
        (ten, generic::<u32>, generic::<u32>::cache_info),
        (Duration::from_millis(10), brief, brief::cache_info),
    ];
    let clock = Clock::stop();
    for (tti, f, info) in functions {
        f(1);
        for _ in 0..5 {
            clock.advance(just_before(tti));
            assert_eq!(f(1), 1);
            assert_eq!(info().misses, 1, "it was used in time");
        }
        f(2);
        clock.advance(just_before(tti));
        assert_eq!((info().currsize, info().expirations), (2, 0));
        clock.advance(NANO);
        assert_eq!((info().currsize, info().expirations), (0, 2));
        f(1);
        assert_eq!((info().hits, info().misses, info().currsize), (5, 3, 1));
    }
}

#[test]
fn a_hit_counts_from_its_own_time_and_not_from_the_last_sweep() {
    // Moka lost such a hit: its issue 359.
    #[memoize(tti = "5s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    clock.advance(4 * SECOND);
    f(1);
    clock.advance(2 * SECOND);
    f(1);
    assert_eq!(f::cache_info().misses, 1, "2 s after the last use");
    clock.advance(just_before(5 * SECOND));
    assert_eq!(f::cache_peek(1), Some(1));
    clock.advance(NANO);
    assert_eq!(f::cache_peek(1), None);
}

#[test]
fn looking_without_using_does_not_extend_the_idle_life() {
    let clock = Clock::stop();
    let cache = ten().name("looked at").build();
    cache.insert(1, 1);
    for _ in 0..9 {
        clock.advance(SECOND);
        assert_eq!(cache.peek(&1), Some(1));
        assert!(cache.contains_key(&1));
        assert_eq!((cache.iter().count(), cache.len()), (1, 1));
        cache.retain(|_, _| true);
        assert_eq!((cache.info().currsize, cache.parameters().tti), (1, Some(10 * SECOND)));
        let report = memofn::report().to_string();
        assert!(report.contains("looked at"));
        assert!(report.lines().next().is_some_and(|titles| titles.ends_with("tti")), "{report}");
    }
    clock.advance(SECOND);
    assert_eq!(cache.peek(&1), None);
    assert_eq!(counts(cache.info()), (0, 0, Some(128), 0));
}

#[test]
fn every_kind_of_hit_extends_the_idle_life() {
    #[memoize(tti = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    let cache = ten().build();
    cache.insert(1, 1);
    f(1);
    let uses: [&dyn Fn(); 3] = [
        &|| assert_eq!(cache.get(&1), Some(1)),
        &|| assert_eq!(cache.get_or_compute(1, || unreachable!("it is stored")), 1),
        &|| assert_eq!(cache.get_or_try_compute(1, || Err(())), Ok(1)),
    ];
    for each in uses {
        clock.advance(just_before(10 * SECOND));
        each();
        assert_eq!(f::cache_call(1).status, CallStatus::Hit);
    }
    clock.advance(just_before(10 * SECOND));
    assert_eq!((cache.peek(&1), f::cache_peek(1)), (Some(1), Some(1)));
    assert_eq!(f::cache_call(1).age, Some(4 * just_before(10 * SECOND)), "a use is no new value");
    clock.advance(NANO);
    assert_eq!((cache.peek(&1), f::cache_peek(1)), (None, Some(1)));
}

#[test]
fn a_value_that_is_stored_anew_begins_a_new_idle_life() {
    #[memoize(tti = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    clock.advance(6 * SECOND);
    f::cache_insert(1, 10);
    clock.advance(6 * SECOND);
    assert_eq!(f::cache_peek(1), Some(10));
    f::cache_refresh(1);
    clock.advance(6 * SECOND);
    assert_eq!(f(1), 1);
    clock.advance(10 * SECOND);
    assert_eq!(f::cache_peek(1), None);
}

#[test]
fn of_a_time_to_live_and_a_time_to_idle_the_first_to_end_counts() {
    #[memoize(ttl = "25s", tti = "10s")]
    fn f(n: u32) -> u32 {
        n
    }
    // Harmless: no entry is idle for so long.
    #[memoize(ttl = "10s", tti = "1h")]
    fn short(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = |n| *n * SECOND, tti = "10s")]
    fn by_value(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    for n in [1, 2] {
        f(n);
        short(n);
    }
    by_value(5);
    by_value(100);
    clock.advance(just_before(10 * SECOND));
    f(1);
    assert_eq!(short::cache_info().currsize, 2);
    assert_eq!((by_value::cache_peek(5), by_value::cache_peek(100)), (None, Some(100)));
    clock.advance(NANO);
    assert_eq!(short::cache_info().currsize, 0);
    assert_eq!((f::cache_peek(1), f::cache_peek(2)), (Some(1), None));
    assert_eq!(by_value::cache_peek(100), None);
    clock.advance(9 * SECOND);
    f(1);
    clock.advance(just_before(6 * SECOND));
    f(1);
    assert_eq!(f::cache_info().misses, 2);
    clock.advance(NANO);
    f(1);
    assert_eq!((f::cache_info().misses, f::cache_info().expirations), (3, 2));
}

#[test]
fn without_any_idle_life_nothing_is_stored_and_the_longest_is_forever() {
    #[memoize(tti = "0s")]
    fn never(n: u32) -> u32 {
        n
    }
    #[memoize(tti = "0s", ttl = "1h", err_ttl = "1h")]
    fn never_fails(n: u32) -> Result<u32, String> {
        n.checked_sub(1).ok_or_else(|| "0".to_owned())
    }
    #[memoize(tti = Duration::MAX)]
    fn always(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    for _ in 0..2 {
        never(1);
        let _ = (never_fails(0), never_fails(1));
        always(1);
        clock.advance(1_000_000 * SECOND);
    }
    assert_eq!(counts(never::cache_info()), (0, 2, Some(128), 0));
    assert_eq!(counts(never_fails::cache_info()), (0, 4, Some(128), 0));
    assert_eq!(counts(always::cache_info()), (1, 1, Some(128), 1));
    assert!(always::cache_parameters().to_string().contains("tti = \"forever\""));
}

#[test]
fn a_call_that_was_answered_by_the_run_of_another_is_a_use() {
    static IS_OPEN: AtomicBool = AtomicBool::new(false);

    #[memoize(tti = "10s")]
    async fn f(n: u32) -> u32 {
        poll_fn(|_| if IS_OPEN.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
        n
    }

    let clock = Clock::stop();
    let (mut leader, mut follower) = (pin!(f(1)), pin!(f(1)));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(leader.as_mut().poll(cx).is_pending());
    assert!(follower.as_mut().poll(cx).is_pending());
    IS_OPEN.store(true, SeqCst);
    assert_eq!(leader.as_mut().poll(cx), Poll::Ready(1));
    clock.advance(6 * SECOND);
    assert_eq!(follower.as_mut().poll(cx), Poll::Ready(1));
    clock.advance(just_before(10 * SECOND));
    assert_eq!(f::cache_peek(1), Some(1), "16 s after it was stored");
    clock.advance(NANO);
    assert_eq!(f::cache_peek(1), None);
    assert_eq!((f::cache_info().misses, f::cache_info().coalesced), (1, 1));
}

#[test]
fn a_call_that_waited_for_longer_than_the_idle_life_brings_nothing_back() {
    static IS_OPEN: AtomicBool = AtomicBool::new(false);

    #[memoize(tti = "10s")]
    async fn f(n: u32) -> u32 {
        poll_fn(|_| if IS_OPEN.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
        n
    }

    let clock = Clock::stop();
    let (mut leader, mut follower) = (pin!(f(1)), pin!(f(1)));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(leader.as_mut().poll(cx).is_pending());
    assert!(follower.as_mut().poll(cx).is_pending());
    IS_OPEN.store(true, SeqCst);
    assert_eq!(leader.as_mut().poll(cx), Poll::Ready(1));
    clock.advance(10 * SECOND);
    assert_eq!(follower.as_mut().poll(cx), Poll::Ready(1));
    assert_eq!(f::cache_peek(1), None);
    assert_eq!(f::cache_info().expirations, 1);
}

#[test]
fn with_a_refresh_what_is_used_is_kept_warm_and_what_is_not_goes() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(tti = "10s", refresh_after = "4s", refresh_on = caller)]
    fn f(n: u32) -> u32 {
        RUNS.fetch_add(1, SeqCst);
        n
    }

    let clock = Clock::stop();
    f(1);
    f(2);
    for _ in 0..30 {
        clock.advance(SECOND);
        f(1);
    }
    // At 4, 8, 12, .. 28 s.
    assert_eq!((f::cache_info().refreshes, RUNS.load(SeqCst)), (7, 9));
    assert_eq!((f::cache_info().expirations, f::cache_info().currsize), (1, 1));
    clock.advance(10 * SECOND);
    assert_eq!((f::cache_info().refreshes, f::cache_info().currsize), (7, 0), "by nobody");
}

#[test]
fn an_old_value_that_answers_is_used() {
    let clock = Clock::stop();
    // The run fails, and so the idle life is that of the old value.
    let cache: Cache<u32, u32> =
        ten().refresh_after(4 * SECOND).retry_after(3600 * SECOND).stale_if_error(SECOND).build();
    cache.insert(1, 1);
    clock.advance(9 * SECOND);
    assert_eq!(cache.get_or_try_compute(1, || Err(())), Ok(1));
    clock.advance(9 * SECOND);
    assert_eq!(
        cache.get_or_try_compute(1, || unreachable!("it is tried again later")),
        Ok::<_, ()>(1)
    );
    clock.advance(10 * SECOND);
    assert_eq!(cache.peek(&1), None);
}

#[test]
fn a_run_in_the_background_begins_a_new_idle_life() {
    static RENEWED: Mutex<Vec<Box<dyn FnOnce() + Send>>> = Mutex::new(Vec::new());
    #[memoize(tti = "10s", refresh_after = "4s", refresh_on = |run| RENEWED.lock().unwrap().push(Box::new(run)))]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    clock.advance(5 * SECOND);
    f(1);
    clock.advance(7 * SECOND);
    let run = RENEWED.lock().unwrap().pop().expect("the call has handed it over");
    run();
    clock.advance(just_before(10 * SECOND));
    assert_eq!(f::cache_peek(1), Some(1));
    clock.advance(NANO);
    assert_eq!(f::cache_peek(1), None);
}

#[test]
fn an_idle_value_is_not_kept_for_calls_that_fail() {
    let clock = Clock::stop();
    let cache: Cache<u32, u32> =
        ten().ttl(25 * SECOND).stale_if_error(3600 * SECOND).retry_after(SECOND).build();
    let fails = |key| cache.get_or_try_compute(key, || Err::<u32, _>("down"));
    cache.insert(1, 1);
    cache.insert(2, 2);
    for _ in 0..3 {
        clock.advance(8 * SECOND);
        assert_eq!(cache.get(&1), Some(1));
    }
    assert_eq!(fails(2), Err("down"), "idle before its time to live has ended");
    clock.advance(2 * SECOND);
    assert_eq!((cache.get(&1), cache.info().currsize), (None, 1), "its time to live has ended");
    // Its answers are uses: a minute of them.
    for _ in 0..8 {
        assert_eq!(fails(1), Ok(1));
        clock.advance(8 * SECOND);
    }
    assert_eq!(cache.info().currsize, 1);
    clock.advance(2 * SECOND);
    assert_eq!(cache.info().currsize, 0);
    assert_eq!(fails(1), Err("down"));
}

#[test]
fn errors_live_no_longer_than_their_own_time() {
    #[memoize(tti = "10s", err_ttl = "15s")]
    fn f(n: u32) -> Result<u32, String> {
        n.checked_sub(1).ok_or_else(|| "0".to_owned())
    }

    let clock = Clock::stop();
    for _ in 0..4 {
        let _ = (f(0), f(1));
        clock.advance(5 * SECOND);
    }
    assert_eq!((f::cache_info().misses, f::cache_info().hits), (3, 5));
    clock.advance(5 * SECOND);
    assert_eq!(f::cache_info().currsize, 0);
}

#[test]
fn an_idle_entry_leaves_as_an_expired_one() {
    static LOG: Mutex<Vec<(u32, EvictionCause)>> = Mutex::new(Vec::new());

    #[memoize(tti = "10s", maxsize = 2, on_evict = |key, _value, why| LOG.lock().unwrap().push((*key, why)))]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    f(2);
    clock.advance(5 * SECOND);
    f(1);
    f(3);
    assert_eq!(LOG.lock().unwrap().drain(..).collect::<Vec<_>>(), [(2, EvictionCause::Size)]);
    clock.advance(5 * SECOND);
    f(3);
    clock.advance(5 * SECOND);
    f(3);
    assert_eq!(LOG.lock().unwrap().drain(..).collect::<Vec<_>>(), [(1, EvictionCause::Expired)]);
    f::cache_remove(3);
    assert_eq!(LOG.lock().unwrap().drain(..).collect::<Vec<_>>(), [(3, EvictionCause::Removed)]);
    let info = f::cache_info();
    assert_eq!((info.evictions, info.expirations, info.currsize), (1, 1, 0));
}

#[test]
fn the_least_recently_used_entry_is_still_the_first_to_be_evicted() {
    let clock = Clock::stop();
    let check = |cache: &Cache<u32, u32>| {
        for round in 0..100 {
            let key = round * 7 % 10;
            cache.set_maxsize(3);
            for key in [key, key + 1, key + 2] {
                cache.get_or_compute(key, || key);
            }
            assert!(is_hit!(cache, key));
            cache.insert(key + 20, 0);
            let keys: Vec<_> = cache.iter().map(|entry| *entry.key()).collect();
            assert_eq!(keys, [key + 20, key, key + 2]);
            clock.advance(SECOND);
        }
    };
    check(&ten().build());
    // The limit comes later.
    check(&ten().unbounded().build());
}

#[test]
fn jitter_needs_a_time_to_live_by_hand_as_well() {
    let clock = Clock::stop();
    clock.jitter(1.0);
    let cache = ten().jitter(5 * SECOND).build();
    cache.insert(1, 1);
    clock.advance(just_before(10 * SECOND));
    assert!(is_hit!(cache, 1));
}

#[test]
fn a_cache_of_one_thread_has_idle_entries_too() {
    let clock = Clock::stop();
    let cache = ten().build_for_thread();
    cache.insert(1, 1);
    for _ in 0..5 {
        clock.advance(6 * SECOND);
        assert!(is_hit!(cache, 1));
    }
    clock.advance(10 * SECOND);
    assert!(!is_hit!(cache, 1));
    assert_eq!(cache.info().expirations, 1);
}

#[test]
fn many_entries_go_as_their_own_uses_say() {
    const N: u32 = 1000;
    let clock = Clock::stop();
    let cache = ten().unbounded().build();
    cache.extend((0..N).map(|key| (key, key)));
    let mut last_use = [0; N as usize];
    let mut random = 7_u64;
    for second in 1..60_u64 {
        clock.advance(SECOND);
        for key in 0..N {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if random >> 60 != 0 {
                continue;
            }
            let last = &mut last_use[key as usize];
            assert_eq!(is_hit!(cache, key), second - *last < 10, "{key} at {second}");
            *last = second;
        }
        let live = last_use.iter().filter(|last| second - **last < 10).count();
        assert_eq!(cache.len(), live);
    }
}

#[test]
fn no_use_is_lost_when_threads_hit_one_key_while_the_clock_moves() {
    const ROUNDS: u32 = 2000;
    let clock = Clock::stop();
    let cache = ten().build();
    let runs = AtomicU32::new(0);
    let call = || {
        cache.get_or_compute(1, || {
            runs.fetch_add(1, SeqCst);
            1
        })
    };
    call();
    let (barrier, moved) = (Barrier::new(5), AtomicU64::new(0));
    thread::scope(|threads| {
        for number in 0..4 {
            let (barrier, moved, call) = (&barrier, &moved, &call);
            threads.spawn(move || {
                for round in 1..=u64::from(ROUNDS) {
                    barrier.wait();
                    // The others may have read the clock before it moves, and come later.
                    for _ in 0..5 {
                        call();
                    }
                    let mut is_seen = number > 0;
                    while !is_seen {
                        is_seen = moved.load(SeqCst) == round;
                        call();
                    }
                    barrier.wait();
                }
            });
        }
        for round in 1..=u64::from(ROUNDS) {
            barrier.wait();
            clock.advance(5 * SECOND);
            moved.store(round, SeqCst);
            barrier.wait();
            // One thread has used it after the clock moved.
            clock.advance(just_before(10 * SECOND));
            assert_eq!(cache.peek(&1), Some(1));
            call();
        }
    });
    assert_eq!(runs.load(SeqCst), 1);
    assert_eq!((cache.info().misses, cache.info().expirations), (1, 0));
}

#[test]
fn no_thread_is_answered_by_an_idle_entry() {
    const ROUNDS: u64 = 3000;
    let clock = Clock::stop();
    let cache: Cache<u32, u64> = Cache::builder().tti(10 * SECOND).build();
    let (barrier, round) = (Barrier::new(5), AtomicU64::new(0));
    thread::scope(|threads| {
        for number in 0..4 {
            let (cache, barrier, round) = (&cache, &barrier, &round);
            threads.spawn(move || {
                for now in 0..ROUNDS {
                    barrier.wait();
                    let value = cache.get_or_compute(number % 2, || round.load(SeqCst));
                    assert_eq!(value, now);
                    barrier.wait();
                }
            });
        }
        for _ in 0..ROUNDS {
            barrier.wait();
            barrier.wait();
            clock.advance(10 * SECOND);
            round.fetch_add(1, SeqCst);
        }
    });
    assert_eq!(cache.info().misses, 2 * ROUNDS);
}
