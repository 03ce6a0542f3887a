//! A call for many keys of a cache with a tier. Two caches of one name and version stand for two processes.
#![cfg(feature = "tier")]

mod common;

use common::map_tier::{MapTier, Mood};
use common::{finishes, panic_of, panic_silently};
use futures::executor::block_on;
use memofn::Cache;
use std::collections::HashMap;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

const LONG: &str = "2m";

fn cache_on(tier: &MapTier) -> Cache<u64, u64> {
    Cache::builder().name("many").tier(tier.clone(), 1).build()
}

fn doubled(keys: &[u64]) -> Vec<u64> {
    keys.iter().map(|key| 2 * key).collect()
}

#[test]
fn a_call_for_many_keys_asks_for_each_that_is_missing_and_keeps_each_result() {
    let tier = MapTier::default();
    let (one, other) = (cache_on(&tier), cache_on(&tier));
    assert_eq!(one.get_many_or_compute([1, 2, 3], doubled), [2, 4, 6]);
    assert_eq!((tier.records(), tier.leases()), (3, 0));
    other.insert(3, 6);
    let asked = tier.asked();
    let values = other.get_many_or_compute([4, 1, 3, 2, 1], |missing| {
        assert_eq!(missing, [4]);
        doubled(missing)
    });
    assert_eq!(values, [8, 2, 6, 4, 2]);
    assert_eq!(tier.asked() - asked, 3, "one was there, and one was asked for twice");
    let info = other.info();
    // A key that the tier answers is a miss that computes nothing.
    assert_eq!((info.hits, info.misses, info.tier_hits, info.tier_misses), (2, 3, 2, 1));
    assert_eq!(tier.records(), 4);
    let all =
        other.get_many_or_compute([4, 1, 3, 2], |_| -> Vec<u64> { unreachable!("all are there") });
    assert_eq!(all, [8, 2, 6, 4]);
}

#[test]
fn a_call_for_keys_that_a_tier_has_computes_nothing() {
    for mood in [Mood::Well, Mood::Works] {
        let tier = MapTier::default();
        tier.mood(mood);
        // More than are asked for at once.
        let keys = || 0..200;
        let twice: Vec<_> = keys().map(|key| 2 * key).collect();
        let first = cache_on(&tier);
        assert_eq!(first.get_many_or_compute(keys(), doubled), twice);
        assert!(memofn::flush(LONG));
        let nothing = |_: &[u64]| -> Vec<u64> { unreachable!("the tier has all") };
        assert_eq!(cache_on(&tier).get_many_or_compute(keys(), nothing), twice);
        let call = cache_on(&tier);
        let call = call.get_many_or_compute_async(keys(), async |keys| nothing(keys));
        assert_eq!(block_on(call), twice);
    }
}

#[test]
fn an_async_call_for_many_keys_keeps_each_result() {
    let tier = MapTier::default();
    tier.mood(Mood::Works);
    let cache = cache_on(&tier);
    let call = cache.get_many_or_compute_async([1, 2, 3], async |keys| doubled(keys));
    assert_eq!(block_on(call), [2, 4, 6]);
    assert!(memofn::flush(LONG));
    assert_eq!((tier.records(), tier.leases()), (3, 0));
}

#[test]
fn a_call_for_many_keys_does_not_wait_for_the_run_of_another_process() {
    let value = finishes("a call for a key that another process computes", || {
        let tier = MapTier::default();
        let (one, other, third) = (cache_on(&tier), cache_on(&tier), cache_on(&tier));
        one.get_or_compute(2, || {
            // It holds the flight of 1, which the other process may need.
            assert_eq!(other.get_many_or_compute([1, 2], doubled), [2, 4]);
            let call = third.get_many_or_compute_async([1, 2], async |keys| doubled(keys));
            assert_eq!(block_on(call), [2, 4]);
            5
        });
        assert_eq!((other.info().tier_misses, other.info().tier_waits), (2, 0));
        assert_eq!((third.info().tier_hits, third.info().tier_misses), (1, 1));
        assert_eq!((tier.records(), tier.leases()), (2, 0));
        cache_on(&tier).get_or_compute(2, || unreachable!("the tier has it"))
    });
    assert_eq!(value, 5, "the process with the lease keeps its result");
}

#[test]
fn all_keys_are_asked_for_before_one_is_answered() {
    finishes("a call of a tier that hangs", || {
        let tier = MapTier::default();
        tier.mood(Mood::Hangs);
        let blocking = cache_on(&tier);
        let caller = thread::spawn(move || blocking.get_many_or_compute([1, 2, 3], doubled));
        while tier.asked() < 3 {
            thread::yield_now();
        }
        tier.wake_up();
        assert_eq!(caller.join().expect("no panic"), [2, 4, 6]);
        let polled = cache_on(&tier);
        let mut call = pin!(polled.get_many_or_compute_async([4, 5], async |keys| doubled(keys)));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(tier.asked(), 5);
        tier.wake_up();
        assert_eq!(block_on(call), [8, 10]);
    });
}

#[test]
fn a_call_for_many_keys_that_fails_gives_its_leases_back() {
    let tier = MapTier::default();
    let cache = cache_on(&tier);
    let fails = |_: &[u64]| Err::<Vec<u64>, _>("down");
    assert_eq!(cache.get_many_or_try_compute([1, 2], fails), Err("down"));
    assert_eq!((tier.records(), tier.leases(), tier.released()), (0, 0, 2));
    let panics = |_: &[u64]| -> Vec<u64> { panic_silently("the body panics") };
    assert_eq!(panic_of(|| cache.get_many_or_compute([1, 2], panics)), "the body panics");
    assert_eq!((tier.records(), tier.leases(), tier.released()), (0, 0, 4));
    let found: HashMap<u64, u64> = cache.get_many_or_compute([1, 2], |_| HashMap::from([(1, 2)]));
    assert_eq!(found.len(), 1);
    assert_eq!((tier.records(), tier.leases(), tier.released()), (1, 0, 5), "2 was left out");
    {
        let mut call = pin!(cache.get_many_or_compute_async([3, 4], async |keys: &[u64]| {
            std::future::pending::<()>().await;
            doubled(keys)
        }));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(tier.leases(), 2);
    }
    assert_eq!((tier.records(), tier.leases()), (1, 0), "the future was dropped");
}

#[test]
fn a_tier_that_is_away_leaves_a_call_for_many_keys_alone() {
    for mood in [Mood::Away, Mood::Panics, Mood::Drops, Mood::Lies(Vec::new())] {
        let tier = MapTier::default();
        tier.mood(mood);
        let cache = cache_on(&tier);
        assert_eq!(cache.get_many_or_compute([1, 2], doubled), [2, 4]);
        assert!(cache.info().tier_errors >= 2);
        assert_eq!(cache.get_many_or_compute([1, 2], doubled), [2, 4]);
        assert_eq!((cache.info().hits, cache.info().misses), (2, 2));
    }
}
