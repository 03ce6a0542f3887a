//! Time to live. It counts from the end of the computation, on a clock that tests can move.

mod common;

use common::{counts, finishes, panic_silently};
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_entry_answers_until_its_time_has_passed() {
    #[memoize(ttl = "30m")]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = "30m", scope = "thread")]
    fn local(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    let shared = (shared as fn(u32) -> u32, shared::cache_info as fn() -> CacheInfo);
    let local = (local as fn(u32) -> u32, local::cache_info as fn() -> CacheInfo);
    for (f, info) in [shared, local] {
        f(1);
        clock.advance(29 * 60 * SECOND);
        f(2);
        f(1);
        clock.advance(60 * SECOND);
        f(1);
        f(2);
        assert_eq!(counts(info()), (2, 3, Some(128), 2));
        assert_eq!(info().expirations, 1);
    }
}

#[test]
fn a_short_time_is_kept_to_the_nanosecond() {
    #[memoize(ttl = "250ms")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    clock.advance(Duration::from_millis(250) - Duration::from_nanos(1));
    assert_eq!(f::cache_peek(1), Some(1));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(f::cache_peek(1), None);
    assert_eq!(f::cache_info().expirations, 1);
}

#[test]
fn time_is_counted_from_the_end_of_a_slow_body() {
    #[memoize(ttl = "10s", skip(clock))]
    fn slow(n: u32, clock: &Clock) -> u32 {
        clock.advance(60 * SECOND);
        n
    }

    let clock = Clock::stop();
    slow(1, &clock);
    clock.advance(9 * SECOND);
    slow(1, &clock);
    assert_eq!(counts(slow::cache_info()), (1, 1, Some(128), 1));
    clock.advance(SECOND);
    assert_eq!(slow::cache_info().currsize, 0);
    slow::cache_refresh(1, &clock);
    clock.advance(9 * SECOND);
    assert_eq!(slow::cache_peek(1), Some(1));
}

#[test]
fn a_refresh_and_an_insert_start_the_time_anew_and_a_hit_does_not() {
    #[memoize(ttl = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    (1..=3).for_each(|n| assert_eq!(f(n), n));
    clock.advance(6 * SECOND);
    f(1);
    f::cache_refresh(2);
    f::cache_insert(3, 30);
    clock.advance(6 * SECOND);
    assert_eq!((1..=3).map(f::cache_peek).collect::<Vec<_>>(), [None, Some(2), Some(30)]);
    clock.advance(4 * SECOND);
    assert_eq!(f::cache_info().currsize, 0);
}

#[test]
fn the_longest_time_is_forever_and_zero_is_never() {
    #[memoize(ttl = Duration::MAX)]
    fn forever(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = Duration::ZERO)]
    fn never(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = "0s", scope = "thread")]
    fn written(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    for _ in 0..3 {
        assert_eq!((forever(1), never(1), written(1)), (1, 1, 1));
        clock.advance(10 * 365 * 24 * 3600 * SECOND);
    }
    assert_eq!(counts(forever::cache_info()), (2, 1, Some(128), 1));
    assert_eq!(counts(never::cache_info()), (0, 3, Some(128), 0));
    assert_eq!(counts(written::cache_info()), (0, 3, Some(128), 0));
}

#[test]
fn a_time_may_be_computed_once_at_first_use() {
    static ASKED: AtomicU32 = AtomicU32::new(0);

    fn configured() -> Duration {
        ASKED.fetch_add(1, Relaxed);
        5 * SECOND
    }

    #[memoize(ttl = configured())]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    assert_eq!(ASKED.load(Relaxed), 0);
    let _ = (f(1), f(1));
    assert_eq!(f::cache_parameters().ttl, Some(5 * SECOND));
    clock.advance(5 * SECOND);
    f(1);
    assert_eq!(f::cache_info().misses, 2);
    assert_eq!(ASKED.load(Relaxed), 1);
}

#[test]
fn an_expired_entry_makes_room_before_a_live_one_is_evicted() {
    #[memoize(maxsize = 2, ttl = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    f(1);
    clock.advance(5 * SECOND);
    f(2);
    f(1);
    clock.advance(5 * SECOND);
    // 1 was used last but has expired. 2 stays.
    f(3);
    assert_eq!((f::cache_peek(1), f::cache_peek(2), f::cache_peek(3)), (None, Some(2), Some(3)));
    assert_eq!((f::cache_info().evictions, f::cache_info().expirations), (0, 1));
    f(4);
    assert_eq!((f::cache_peek(2), f::cache_peek(3), f::cache_peek(4)), (None, Some(3), Some(4)));
    assert_eq!((f::cache_info().evictions, f::cache_info().expirations), (1, 1));
}

#[test]
fn expired_entries_are_freed_even_if_their_keys_are_never_used_again() {
    #[memoize(maxsize = unbounded, ttl = "1s")]
    fn shared(_n: u32, value: &Arc<()>) -> Arc<()> {
        Arc::clone(value)
    }
    #[memoize(maxsize = unbounded, ttl = "1s", scope = "thread", skip(value))]
    fn local(_n: u32, value: &Arc<()>) -> Arc<()> {
        Arc::clone(value)
    }

    let clock = Clock::stop();
    let value = Arc::new(());
    for round in 0..10 {
        for n in 0..1000 {
            drop(local(round * 1000 + n, &value));
        }
        assert_eq!(local::cache_info().currsize, 1000);
        assert_eq!(Arc::strong_count(&value), 1001);
        clock.advance(SECOND);
    }
    drop(local(0, &value));
    assert_eq!(local::cache_info().expirations, 10_000);
    assert_eq!(Arc::strong_count(&value), 2);

    let other = Arc::new(());
    drop(shared(0, &other));
    assert!(Arc::strong_count(&other) > 1);
    clock.advance(SECOND);
    assert_eq!(shared::cache_info().currsize, 0);
    assert_eq!(Arc::strong_count(&other), 1);
}

#[test]
fn a_sweep_that_drops_a_value_that_panics_leaves_no_orphan() {
    static PANICS: AtomicBool = AtomicBool::new(false);

    #[derive(Clone)]
    struct Value(u32, #[expect(dead_code, reason = "it is counted")] Arc<()>);
    impl Drop for Value {
        fn drop(&mut self) {
            if self.0 == 3 && PANICS.swap(false, Relaxed) {
                panic_silently("drop");
            }
        }
    }

    #[memoize(maxsize = unbounded, ttl = "1s", skip(alive))]
    fn f(n: u32, alive: &Arc<()>) -> Value {
        Value(n, Arc::clone(alive))
    }

    let clock = Clock::stop();
    let alive = Arc::new(());
    (0..100).for_each(|n| drop(f(n, &alive)));
    clock.advance(SECOND);
    PANICS.store(true, Relaxed);
    let swept = std::panic::catch_unwind(|| drop(f(200, &Arc::new(()))));
    assert!(swept.is_err() && !PANICS.load(Relaxed));
    let (misses, hits) = (f::cache_info().misses, f::cache_info().hits);
    assert_eq!(f(7, &alive).0, 7);
    assert_eq!(f(7, &alive).0, 7);
    let info = f::cache_info();
    assert_eq!((info.misses, info.hits), (misses + 1, hits + 1));
    assert_eq!(info.expirations, 100);
    assert_eq!(info.currsize, f::cache().iter().count());
    assert_eq!(Arc::strong_count(&alive), 2);
}

#[test]
fn time_that_passes_in_one_thread_passes_in_all() {
    #[memoize(ttl = "10s")]
    fn f(n: u32) -> u32 {
        n
    }

    finishes("two threads and one clock", || {
        let clock = Clock::stop();
        let (to_other, from_here) = channel::<()>();
        let (to_here, from_other) = channel();
        let other = thread::spawn(move || {
            while from_here.recv().is_ok() {
                to_here.send(f(1)).expect("received");
            }
        });
        for _ in 0..3 {
            to_other.send(()).expect("received");
            assert_eq!(from_other.recv(), Ok(1));
            assert_eq!(f(1), 1);
            clock.advance(10 * SECOND);
        }
        drop(to_other);
        other.join().expect("no panic");
        assert_eq!(counts(f::cache_info()), (3, 3, Some(128), 0));
    });
}

/// Counts the live values of its kind.
#[derive(Debug)]
struct Counted(&'static AtomicU32);

impl Counted {
    fn new(alive: &'static AtomicU32) -> Self {
        alive.fetch_add(1, Relaxed);
        Self(alive)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[test]
fn a_call_frees_a_bounded_number_of_expired_entries() {
    static ALIVE: AtomicU32 = AtomicU32::new(0);
    const EXPIRED: u32 = 10_000;

    #[memoize(maxsize = unbounded, ttl = "30m")]
    fn shared(_n: u32) -> Counted {
        Counted::new(&ALIVE)
    }
    #[memoize(maxsize = unbounded, ttl = "30m", scope = "thread")]
    fn local(_n: u32) -> Counted {
        Counted::new(&ALIVE)
    }

    let clock = Clock::stop();
    for f in [shared as fn(u32) -> Counted, local] {
        (0..EXPIRED).for_each(|n| drop(f(n)));
        clock.advance(30 * 60 * SECOND);
        let mut calls = 0;
        while ALIVE.load(Relaxed) > 1 {
            let before = ALIVE.load(Relaxed);
            // The first call is a miss, the others are hits.
            drop(f(EXPIRED));
            let given_back = before + u32::from(calls == 0) - ALIVE.load(Relaxed);
            assert!((1..=64).contains(&given_back), "{given_back} by one call");
            calls += 1;
        }
        assert!((EXPIRED / 64..=EXPIRED).contains(&calls));
        shared::cache_clear();
        local::cache_clear();
        assert_eq!(ALIVE.load(Relaxed), 0);
    }
}

#[test]
fn expired_entries_are_invisible_before_they_are_freed() {
    const STORED: u64 = 1000;

    #[memoize(maxsize = 2000, ttl = "30m")]
    fn f(n: u64) -> u64 {
        n
    }

    let clock = Clock::stop();
    (0..STORED).for_each(|n| assert_eq!(f(n), n));
    clock.advance(60 * SECOND);
    f(STORED);
    clock.advance(29 * 60 * SECOND);
    // All have expired except the last one.
    let info = f::cache_info();
    assert_eq!((info.currsize, info.expirations, info.evictions), (1, STORED, 0));
    assert_eq!(f::cache().len(), 1);
    assert!(f::cache().iter().map(|entry| *entry.key()).eq([STORED]));
    assert_eq!((f::cache_peek(STORED - 1), f::cache_peek(STORED)), (None, Some(STORED)));
    assert_eq!((f::cache_remove(STORED - 2), f::cache_remove(STORED)), (None, Some(STORED)));
    f::cache_insert(STORED - 3, 7);
    assert_eq!(f::cache_peek(STORED - 3), Some(7));
    assert_eq!(f(STORED - 4), STORED - 4, "it is computed anew");
    let info = f::cache_info();
    assert_eq!(counts(info), (0, STORED + 2, Some(2000), 2));
    assert_eq!((info.expirations, info.evictions), (STORED, 0));
}

#[test]
fn an_entry_that_expired_is_not_evicted_in_place_of_a_live_one() {
    #[memoize(maxsize = 100, ttl = "30m")]
    fn f(n: u64) -> u64 {
        n
    }

    let clock = Clock::stop();
    (0..99).for_each(|n| assert_eq!(f(n), n));
    clock.advance(60 * SECOND);
    f(99);
    clock.advance(29 * 60 * SECOND);
    (200..250).for_each(|n| assert_eq!(f(n), n));
    assert_eq!(f::cache_peek(99), Some(99));
    let info = f::cache_info();
    assert_eq!((info.currsize, info.expirations, info.evictions), (51, 99, 0));
}
