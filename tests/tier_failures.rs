//! A tier that fails is no failure of a call.
#![cfg(feature = "tier")]

mod common;

use common::map_tier::{MapTier, Mood};
use common::tiers::tiers_are_on;
use common::{finishes, panic_of};
use futures::executor::block_on;
use memofn::{Cache, memoize};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use std::time::Duration;

mod failures {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    #[memoize(tier = TIER, name = "divided")]
    fn divided(by: u64) -> Result<u64, &'static str> {
        100_u64.checked_div(by).ok_or("by zero")
    }

    #[memoize(tier = TIER, name = "panics")]
    fn panics(n: u64) -> u64 {
        if n == 0 { panic!("the body panics") } else { n }
    }

    #[test]
    fn an_error_and_a_panic_give_the_lease_back_and_keep_nothing() {
        tiers_are_on();
        assert_eq!(divided(0), Err("by zero"));
        assert_eq!(panic_of(|| panics(0)), "the body panics");
        assert_eq!((TIER.records(), TIER.leases(), TIER.released()), (0, 0, 2));
        assert_eq!(divided(5), Ok(20));
        assert_eq!(TIER.records(), 1);
    }

    fn in_mood(mood: Mood) -> (u64, u64) {
        let tier = MapTier::default();
        let cache: Cache<u64, u64> = Cache::builder().name("moody").tier(tier.clone(), 1).build();
        tier.lock().timeout = Some(Duration::from_millis(5));
        tier.mood(mood);
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        assert_eq!(block_on(cache.get_or_compute_async(2, async || 20)), 20);
        assert_eq!(cache.get_or_compute(1, || unreachable!("it is in the cache")), 10);
        cache.insert(3, 30);
        cache.remove(&3);
        let info = cache.info();
        assert_eq!((info.hits, info.misses), (1, 2));
        cache.clear();
        (info.tier_errors, info.tier_misses)
    }

    #[test]
    fn no_failure_of_a_tier_reaches_a_caller_and_each_is_counted() {
        finishes("a call of a cache with a tier", || {
            assert_eq!(in_mood(Mood::Away).1, 0);
            assert!(in_mood(Mood::Away).0 >= 2);
            assert_eq!(in_mood(Mood::Hangs), (2, 0));
            assert_eq!(in_mood(Mood::Drops), (2, 0));
            assert!(in_mood(Mood::Panics).0 >= 2);
            assert!(in_mood(Mood::Lies(Vec::new())).0 >= 2);
            assert!(in_mood(Mood::Lies(b"not a record at all".to_vec())).0 >= 2);
        });
    }

    #[test]
    fn a_record_of_another_key_or_function_does_not_answer() {
        let tier = MapTier::default();
        let cache =
            |name| -> Cache<u64, u64> { Cache::builder().name(name).tier(tier.clone(), 1).build() };
        cache("liar").get_or_compute(1, || 10);
        let bytes = tier.lock().records.values().next().expect("it was kept").as_bytes().to_vec();
        tier.mood(Mood::Lies(bytes));
        assert_eq!(cache("liar").get_or_compute(1, || 11), 10, "this is its record");
        assert_eq!(cache("liar").get_or_compute(2, || 20), 20);
        assert_eq!(cache("another").get_or_compute(1, || 30), 30);
    }

    #[test]
    fn a_value_that_cannot_be_written_is_returned_and_counted() {
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        struct Unwritable(u64);

        impl Serialize for Unwritable {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                assert_ne!(self.0, 0, "it panics");
                Err(serde::ser::Error::custom("it fails"))
            }
        }

        let tier = MapTier::default();
        let cache: Cache<u64, Unwritable> =
            Cache::builder().name("unwritable").tier(tier.clone(), 1).build();
        assert_eq!(cache.get_or_compute(0, || Unwritable(0)), Unwritable(0));
        assert_eq!(cache.get_or_compute(1, || Unwritable(1)), Unwritable(1));
        assert_eq!((cache.info().tier_errors, tier.records(), tier.leases()), (2, 0, 0));
    }

    #[test]
    fn a_key_that_cannot_be_written_is_computed_and_counted() {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        struct Unwritable;

        impl Serialize for Unwritable {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                panic!("it panics")
            }
        }

        let tier = MapTier::default();
        let cache: Cache<Unwritable, u64> =
            Cache::builder().name("keys").tier(tier.clone(), 1).build();
        assert_eq!(cache.get_or_compute(Unwritable, || 1), 1);
        assert_eq!(cache.get_or_compute(Unwritable, || 2), 1, "the cache has it");
        assert_eq!((cache.info().tier_errors, tier.asked()), (1, 0));
    }
}

mod no_name {
    use super::*;
    use memofn::on_tier_event;
    use memofn::tier::TierEvent;
    use std::sync::Mutex;

    static TOLD: Mutex<Vec<TierEvent>> = Mutex::new(Vec::new());

    #[test]
    fn a_cache_without_a_name_keeps_nothing_and_the_program_is_told_once() {
        tiers_are_on();
        on_tier_event(|event| TOLD.lock().unwrap().push(event.clone()));
        let tier = MapTier::default();
        let cache: Cache<u64, u64> = Cache::builder().tier(tier.clone(), 1).build();
        assert_eq!((cache.get_or_compute(1, || 10), cache.get_or_compute(2, || 20)), (10, 20));
        assert_eq!(tier.records(), 0);
        assert!(cache.info().tier_errors >= 2);
        let told = TOLD.lock().unwrap();
        let [TierEvent::Away { status }] = &told[..] else { panic!("{told:?}") };
        assert!(status.contains("keys `u64`") && status.contains(".name(..)"), "{status}");
    }
}
