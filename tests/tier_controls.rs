//! Controls, tags and ages reach a tier. Two functions of one name and version stand for two processes.
#![cfg(feature = "tier")]

mod common;

use common::map_tier::MapTier;
use common::tiers::{Runs, servers, tiers_are_on};
use memofn::testing::Clock;
use memofn::{CallStatus, memoize};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

mod control {
    use super::*;

    servers! { TIER, RUNS: one, other(n: u64) -> u64 { n } , tags = ["all", format!("number:{n}")] }

    #[test]
    fn controls_reach_the_tier() {
        tiers_are_on();
        (1..=4).for_each(|n| _ = one(n));
        assert_eq!(TIER.records(), 4);
        one::cache_remove(1);
        assert_eq!((TIER.records(), RUNS.get()), (3, 4));
        assert_eq!(other(1), 1);
        assert_eq!(RUNS.get(), 5, "it was forgotten everywhere");
        one::cache_insert(2, 20);
        assert_eq!(other(2), 20, "the inserted value was kept");
        assert_eq!(one::cache_refresh(2), 2);
        other::cache().retain(|n, _| *n != 2);
        assert_eq!(other(2), 2, "retain forgets in the tier, too");
        assert_eq!(one::cache().invalidate_tag("number:3"), 1);
        other(3);
        assert_eq!(other::cache_info().tier_misses, 3);
        one::cache_clear();
        assert_eq!(TIER.records(), 0);
        assert_eq!(one::cache_info().tier_misses, 0, "the counters are zeroed");
    }

    /// A second removal would end the run of another process that has begun after the first.
    #[test]
    fn a_removal_is_told_to_the_tier_once() {
        static TOLD: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = TOLD, name = "told_once")]
        fn length(name: &str) -> usize {
            name.len()
        }

        tiers_are_on();
        let removals: [fn(); 7] = [
            || _ = length::cache_remove("Oslo"),
            || _ = length::cache_expire("Oslo"),
            || _ = length::cache().remove("Oslo"),
            || _ = length::cache().remove(&"Oslo".to_owned()),
            || _ = length::cache().expire(&"Oslo".to_owned()),
            || length::cache().retain(|_, _| false),
            || length::cache().remove_if(|_| true),
        ];
        for (remove, times) in removals.iter().zip(1..) {
            length("Oslo");
            remove();
            let told = TOLD.lock().removals;
            assert_eq!((told, TOLD.records(), length::cache().len()), (times, 0, 0));
        }
    }

    #[test]
    fn a_key_that_the_cache_does_not_hold_is_removed_in_the_tier() {
        static HELD: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = HELD, name = "held", maxsize = 1)]
        fn held(name: &str) -> usize {
            name.len()
        }

        tiers_are_on();
        held("Oslo");
        held("Rome");
        assert_eq!(held::cache_remove("Oslo"), None, "it was evicted");
        assert_eq!(HELD.records(), 1);
        held::cache().remove(&"Rome".to_owned());
        assert_eq!(HELD.records(), 0);
    }

    #[test]
    fn what_was_removed_during_its_run_is_not_kept() {
        static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = TIER, name = "removed")]
        fn removed(n: u64) -> u64 {
            removed::cache_remove(n);
            n
        }

        tiers_are_on();
        assert_eq!(removed(1), 1);
        assert_eq!((TIER.records(), TIER.leases()), (0, 0));
    }

    #[test]
    fn what_another_process_removed_during_a_run_is_refused() {
        static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = TIER, version = 1, name = "refused")]
        fn run(n: u64) -> u64 {
            remove::cache_remove(n);
            n
        }

        #[memoize(tier = TIER, version = 1, name = "refused")]
        fn remove(n: u64) -> u64 {
            n
        }

        tiers_are_on();
        assert_eq!(run(1), 1);
        assert_eq!((TIER.records(), run::cache_info().tier_refused), (0, 1));
    }
}

mod told {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::telling);
    static RUNS: Runs = Runs::new();

    #[memoize(tier = TIER, version = 1, name = "told", tags = ["all"])]
    fn one(n: u64) -> u64 {
        RUNS.run(n)
    }

    #[memoize(tier = TIER, version = 1, name = "told")]
    fn other(n: u64) -> u64 {
        if n == 3 {
            one::cache_remove(n);
        }
        RUNS.run(n)
    }

    #[test]
    fn a_tier_tells_the_caches_above_what_another_process_has_forgotten() {
        tiers_are_on();
        assert_eq!((one(1), one(2), other(1), other(2), RUNS.get()), (1, 2, 1, 2, 2));
        one::cache_remove(1);
        assert_eq!(other::cache_info().currsize, 1, "the other cache was told");
        TIER.tell(|cache| cache.forget_all());
        let info = other::cache_info();
        assert_eq!((info.currsize, info.misses), (0, 2), "counters stay");
        assert_eq!(
            (other(3), other::cache_info().currsize),
            (3, 0),
            "a run under way is told, too"
        );
        let tags: Vec<_> = TIER
            .lock()
            .records
            .values()
            .flat_map(|it| it.tags().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert!(tags.iter().all(|tag| tag == "all"), "{tags:?}");
    }
}

mod ages {
    use super::*;

    servers! { TIER, RUNS: one, other(n: u64) -> u64 { n } , ttl = "10m" }

    #[test]
    fn the_age_of_a_value_counts_in_the_next_process() {
        tiers_are_on();
        let clock = Clock::stop();
        one(1);
        clock.advance(6 * MINUTE);
        let call = other::cache_call(1);
        assert_eq!((call.status, call.age), (CallStatus::Tier, Some(6 * MINUTE)));
        clock.advance(3 * MINUTE);
        assert_eq!(other::cache_call(1).status, CallStatus::Hit);
        clock.advance(MINUTE);
        assert_eq!(other::cache_call(1).status, CallStatus::Miss, "ten minutes after its run");
        assert_eq!(RUNS.get(), 2);
    }

    mod refreshed {
        use super::*;

        servers! { TIER, RUNS: one, other(n: u64) -> u64 { n }, ttl = "10m", refresh_after = "8m", refresh_on = caller }

        #[test]
        fn a_value_from_a_tier_is_due_at_its_age_and_renewed_by_the_tier_if_that_is_fresh() {
            tiers_are_on();
            let clock = Clock::stop();
            one(1);
            clock.advance(7 * MINUTE);
            assert_eq!(other::cache_call(1).status, CallStatus::Tier);
            clock.advance(MINUTE);
            other(1);
            assert_eq!(RUNS.get(), 2, "it is due, also in the tier");
            clock.advance(MINUTE);
            one(1);
            assert_eq!(RUNS.get(), 2, "it is due here, and the tier has a fresh one");
        }
    }

    mod kept_for_errors {
        use super::*;

        static FAILS: AtomicU32 = AtomicU32::new(0);
        servers! { TIER, RUNS: one, other(n: u64) -> Result<u64, &'static str> {
            if FAILS.load(SeqCst) == 0 { Ok(n) } else { Err("down") }
        }, ttl = "10m", stale_if_error = "1h" }

        #[test]
        fn an_old_value_of_a_tier_answers_a_run_that_fails() {
            tiers_are_on();
            let clock = Clock::stop();
            assert_eq!(one(1), Ok(1));
            FAILS.store(1, SeqCst);
            clock.advance(30 * MINUTE);
            let call = other::cache_call(1);
            assert_eq!(
                (call.value, call.status, call.age),
                (Ok(1), CallStatus::Stale, Some(30 * MINUTE))
            );
            let info = other::cache_info();
            assert_eq!((info.misses, info.failures, info.stale, info.tier_misses), (1, 1, 1, 1));
            clock.advance(40 * MINUTE);
            assert_eq!(other(1), Err("down"), "an hour after its end");
        }
    }

    mod errors {
        use super::*;

        servers! { TIER, RUNS: one, other(n: u64) -> Result<u64, String> { Err(n.to_string()) }, ttl = "10m", err_ttl = "1m" }

        #[test]
        fn an_error_with_a_life_of_its_own_is_kept() {
            tiers_are_on();
            let clock = Clock::stop();
            assert_eq!((one(1), other(1)), (Err("1".into()), Err("1".into())));
            assert_eq!(RUNS.get(), 1);
            clock.advance(MINUTE);
            assert_eq!(other(1), Err("1".into()));
            assert_eq!(RUNS.get(), 2);
        }
    }
}
