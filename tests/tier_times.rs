//! The time that a tier takes is not the time of a run.
#![cfg(feature = "tier")]

mod common;

use common::finishes;
use common::gate::{Gate, gate};
use common::map_tier::{MapTier, Mood};
use futures::executor::block_on;
use memofn::testing::{self, Clock};
use memofn::{Cache, memoize};
use std::env;
use std::pin::pin;
use std::sync::{LazyLock, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn cache_on(tier: &MapTier) -> Cache<u64, u64> {
    Cache::builder().name("times").tier(tier.clone(), 1).build()
}

/// Has the tier take an hour for its answer to a call on another thread.
fn blocking_call(
    tier: &MapTier,
    cache: &Cache<u64, u64>,
    clock: &Clock,
    body: impl FnOnce() -> u64 + Send,
) {
    tier.mood(Mood::Hangs);
    let asked = tier.asked();
    thread::scope(|scope| {
        let call = scope.spawn(|| cache.get_or_compute(1, body));
        while tier.asked() == asked {
            thread::yield_now();
        }
        clock.advance(HOUR);
        tier.wake_up();
        assert_eq!(call.join().expect("no panic"), 1);
    });
    tier.mood(Mood::Well);
}

/// The same for a call that is polled.
fn async_call(tier: &MapTier, cache: &Cache<u64, u64>, clock: &Clock, body: impl FnOnce() -> u64) {
    tier.mood(Mood::Hangs);
    let mut call = pin!(cache.get_or_compute_async(1, async || body()));
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    clock.advance(HOUR);
    tier.wake_up();
    assert_eq!(block_on(call), 1);
    tier.mood(Mood::Well);
}

#[test]
fn a_call_that_a_slow_tier_answers_is_no_run() {
    finishes("calls of a slow tier", || {
        let clock = Clock::stop();
        let tier = MapTier::default();
        cache_on(&tier).get_or_compute(1, || 1);
        let [blocking, polled] = [(); 2].map(|()| cache_on(&tier));
        blocking_call(&tier, &blocking, &clock, || unreachable!("the tier has it"));
        async_call(&tier, &polled, &clock, || unreachable!("the tier has it"));
        for (key, cache) in [(2, blocking), (3, polled)] {
            assert_eq!(cache.get_or_compute(1, || unreachable!("it is in the cache")), 1);
            let info = cache.info();
            assert_eq!((info.hits, info.misses, info.tier_hits), (1, 1, 1));
            assert_eq!((info.mean_run(), info.time_saved()), (None, None));
            // The first run is the first that counts.
            cache.get_or_compute(key, || {
                clock.advance(2 * SECOND);
                key
            });
            assert_eq!(cache.info().mean_run(), Some(2 * SECOND));
        }
    });
}

#[test]
fn a_run_begins_when_its_slow_tier_has_answered() {
    finishes("runs after a slow tier", || {
        let clock = Clock::stop();
        let body = || {
            clock.advance(2 * SECOND);
            1
        };
        let tier = MapTier::default();
        let cache = cache_on(&tier);
        blocking_call(&tier, &cache, &clock, body);
        assert_eq!((cache.info().tier_misses, cache.info().mean_run()), (1, Some(2 * SECOND)));
        let tier = MapTier::default();
        let cache = cache_on(&tier);
        async_call(&tier, &cache, &clock, body);
        assert_eq!((cache.info().tier_misses, cache.info().mean_run()), (1, Some(2 * SECOND)));
    });
}

static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

static GATE: Mutex<Option<Gate>> = Mutex::new(None);

#[memoize(tier = TIER, refresh_after = "1m")]
fn refreshed(n: u64) -> u64 {
    let gate = GATE.lock().expect("no panic").take().expect("a test waits");
    gate.pass();
    n
}

#[test]
fn a_refresh_begins_when_its_slow_tier_has_answered() {
    finishes("a refresh after a slow tier", || {
        let _tiers = testing::tiers(env::temp_dir());
        let clock = Clock::stop();
        let (gate, held) = gate();
        *GATE.lock().expect("no panic") = Some(gate);
        refreshed::cache_insert(1, 1);
        clock.advance(120 * SECOND);
        TIER.mood(Mood::Hangs);
        assert_eq!(refreshed(1), 1);
        while TIER.asked() == 0 {
            thread::yield_now();
        }
        clock.advance(HOUR);
        TIER.wake_up();
        held.runs.recv().expect("the body runs");
        clock.advance(2 * SECOND);
        held.go_on.send(()).expect("the body runs");
        while refreshed::cache_info().mean_run().is_none() {
            thread::yield_now();
        }
        assert_eq!(refreshed::cache_info().mean_run(), Some(2 * SECOND));
    });
}
