//! A tier below a memoized function. Two functions of one name and version stand for two processes.
#![cfg(feature = "tier")]
#![expect(clippy::unused_async, reason = "the bodies of examples")]

mod common;

use common::map_tier::{MapTier, Mood};
use common::{finishes, panic_of};
use futures::executor::block_on;
use memofn::testing::{Clock, TestTiers};
use memofn::{Cache, CallStatus, memoize, testing};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Test binaries are unit tests, which have no tiers unless they ask. They are on to the end of the process.
fn tiers_are_on() {
    static ON: LazyLock<()> = LazyLock::new(|| {
        thread::spawn(|| std::mem::forget::<TestTiers>(testing::tiers(std::env::temp_dir())))
            .join()
            .expect("no panic");
    });
    LazyLock::force(&ON);
}

/// Counts the runs of a body.
#[derive(Debug, Default)]
struct Runs(AtomicU32);

impl Runs {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn run<T>(&self, result: T) -> T {
        self.0.fetch_add(1, SeqCst);
        result
    }

    fn get(&self) -> u32 {
        self.0.load(SeqCst)
    }
}

/// Two functions that are one to their tier.
macro_rules! servers {
    ($tier:ident, $runs:ident: $one:ident, $other:ident ($n:ident: $arg:ty) -> $ret:ty { $($body:tt)* } $($options:tt)*) => {
        static $tier: LazyLock<MapTier> = LazyLock::new(MapTier::default);
        static $runs: Runs = Runs::new();

        #[memoize(tier = $tier, version = 1, name = "server" $($options)*)]
        fn $one($n: $arg) -> $ret { $runs.run({ $($body)* }) }

        #[memoize(tier = $tier, version = 1, name = "server" $($options)*)]
        fn $other($n: $arg) -> $ret { $runs.run({ $($body)* }) }
    };
}

mod answers {
    use super::*;

    servers! { TIER, RUNS: one, other(city: &str) -> String { city.to_uppercase() } }

    #[test]
    fn a_result_of_one_process_answers_in_another() {
        tiers_are_on();
        assert_eq!(
            (one("Oslo"), other("Oslo"), other("Oslo")),
            ("OSLO".into(), "OSLO".into(), "OSLO".into())
        );
        assert_eq!(RUNS.get(), 1);
        let info = other::cache_info();
        // The call that the tier answered is a miss that ran no body.
        assert_eq!((info.hits, info.misses, info.tier_hits, info.tier_misses), (1, 1, 1, 0));
        assert_eq!((one::cache_info().tier_hits, one::cache_info().tier_misses), (0, 1));
        assert_eq!(TIER.asked(), 2, "a hit asks nobody");
    }
}

mod status {
    use super::*;

    servers! { TIER, RUNS: one, other(n: u64) -> u64 { 2 * n } }

    #[test]
    fn a_call_says_that_a_tier_answered_it() {
        tiers_are_on();
        let _clock = Clock::stop();
        assert_eq!(one::cache_call(3).status, CallStatus::Miss);
        let call = other::cache_call(3);
        assert_eq!(
            (call.value, call.status, call.age),
            (6, CallStatus::Tier, Some(Duration::ZERO))
        );
        assert_eq!(other::cache_call(3).status, CallStatus::Hit);
        assert_eq!(RUNS.get(), 1);
    }
}

mod asynchronous {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static RUNS: Runs = Runs::new();

    #[memoize(tier = TIER, version = 1, name = "async_square")]
    async fn one(n: u64) -> u64 {
        RUNS.run(n * n)
    }

    #[memoize(tier = TIER, version = 1, name = "async_square")]
    async fn other(n: u64) -> u64 {
        RUNS.run(n * n)
    }

    #[memoize(tier = TIER, version = 1, name = "async_square")]
    fn blocking(n: u64) -> u64 {
        RUNS.run(n * n)
    }

    #[test]
    fn async_and_blocking_calls_share_a_tier() {
        tiers_are_on();
        assert_eq!((block_on(one(7)), block_on(other(7)), blocking(7)), (49, 49, 49));
        assert_eq!(RUNS.get(), 1);
        assert_eq!(block_on(other::cache_call(8)).status, CallStatus::Miss);
        assert_eq!(block_on(one::cache_call(8)).status, CallStatus::Tier);
    }

    static SLOW: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    #[memoize(tier = SLOW, name = "slow_square")]
    async fn slow(n: u64) -> u64 {
        n * n
    }

    #[test]
    fn an_async_call_waits_for_a_slow_tier_without_blocking_its_thread() {
        finishes("a call of a cache with a tier", || {
            tiers_are_on();
            SLOW.mood(Mood::Hangs);
            let mut call = pin!(slow(3));
            let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            SLOW.wake_up();
            assert_eq!(block_on(call), 9);
        });
    }

    #[test]
    fn work_of_a_tier_is_done_on_another_thread_for_an_async_call() {
        static WORKS: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = WORKS, name = "works")]
        async fn works(n: u64) -> u64 {
            n * n
        }

        #[memoize(tier = WORKS, name = "works")]
        fn works_too(n: u64) -> u64 {
            n * n
        }

        finishes("a call of a cache with a tier", || {
            tiers_are_on();
            WORKS.mood(Mood::Works);
            assert_eq!((block_on(works(3)), works_too(4)), (9, 16));
            assert_eq!(works::cache_info().tier_misses, 1);
        });
    }

    static GIVEN_BACK: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    #[memoize(tier = GIVEN_BACK, name = "given_back")]
    async fn given_back(n: u64) -> u64 {
        std::future::pending::<()>().await;
        n
    }

    #[test]
    fn a_future_that_is_dropped_gives_its_lease_back() {
        tiers_are_on();
        for n in 0..1_000 {
            let mut call = pin!(given_back(n));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!((GIVEN_BACK.leases(), GIVEN_BACK.released()), (0, 1_000));
    }

    #[test]
    fn a_lease_that_arrives_after_its_call_was_dropped_is_given_back() {
        static LATE: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = LATE, name = "late")]
        async fn late(n: u64) -> u64 {
            n
        }

        tiers_are_on();
        LATE.mood(Mood::Hangs);
        {
            let mut call = pin!(late(1));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        LATE.wake_up();
        assert_eq!(LATE.released(), 1);
    }
}

mod leases {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static RUNS: Runs = Runs::new();

    thread_local! {
        static MEANWHILE: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
    }

    fn body(n: u64) -> u64 {
        if let Some(meanwhile) = MEANWHILE.take() {
            meanwhile();
        }
        RUNS.run(n + 1)
    }

    #[memoize(tier = TIER, version = 1, name = "leased")]
    fn one(n: u64) -> u64 {
        body(n)
    }

    #[memoize(tier = TIER, version = 1, name = "leased")]
    fn other(n: u64) -> u64 {
        body(n)
    }

    #[memoize(tier = TIER, version = 1, name = "leased")]
    async fn third(n: u64) -> u64 {
        body(n)
    }

    /// Calls `call` while another process runs the body for the same key. Lets that go on once the call waits.
    fn while_another_runs(n: u64, call: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        let (answered, answers) = channel();
        let waited = TIER.asked();
        let meanwhile = move || {
            thread::spawn(move || answered.send(call()));
            while TIER.asked() < waited + 2 {
                thread::yield_now();
            }
        };
        MEANWHILE.set(Some(Box::new(meanwhile)));
        one(n);
        answers.recv().expect("the other call returns")
    }

    #[test]
    fn a_call_waits_for_the_run_of_another_process() {
        finishes("a call of a cache with a tier", || {
            tiers_are_on();
            assert_eq!(while_another_runs(1, || other(1)), 2);
            assert_eq!(while_another_runs(2, || block_on(third(2))), 3);
            assert_eq!(RUNS.get(), 2);
            assert_eq!((other::cache_info().tier_waits, other::cache_info().tier_hits), (1, 1));
            assert_eq!(third::cache_info().tier_waits, 1);
        });
    }
}

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
        memofn::invalidate_tag("number:3");
        other(3);
        assert_eq!(other::cache_info().tier_misses, 3);
        one::cache_clear();
        assert_eq!(TIER.records(), 0);
        assert_eq!(one::cache_info().tier_misses, 0, "the counters are zeroed");
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

mod types {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle { radius: f64 },
        Named(Named),
    }

    type Named = Option<Option<Arc<str>>>;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
    struct User {
        id: u32,
        #[serde(skip)]
        tenant: u32,
    }

    servers! { TIER, RUNS: one, other(n: u32) -> (Shape, HashMap<String, Vec<u8>>) {
        let shape = match n {
            0 => Shape::Point,
            1 => Shape::Circle { radius: f64::NAN },
            2 => Shape::Named(Some(None)),
            _ => Shape::Named(Some(Some("a".into()))),
        };
        (shape, HashMap::from([("b".into(), vec![1]), ("a".into(), vec![])]))
    } }

    #[test]
    fn values_of_many_types_come_back_as_they_were() {
        tiers_are_on();
        for n in [0, 2, 3] {
            assert_eq!(one(n), other(n));
        }
        let (Shape::Circle { radius }, _) = (one(1), other(1)).1 else { panic!("a circle") };
        assert!(radius.is_nan());
        assert_eq!(RUNS.get(), 4);
    }

    #[test]
    fn keys_that_differ_in_a_field_that_is_not_written_are_different() {
        let tier = MapTier::default();
        let cache: Cache<User, u32> =
            Cache::builder().name("tenants").tier(tier.clone(), 1).build();
        for tenant in [1, 2] {
            assert_eq!(cache.get_or_compute(User { id: 7, tenant }, || tenant), tenant);
        }
        assert_eq!(tier.records(), 2);
    }

    #[test]
    fn a_record_of_another_type_or_version_does_not_answer() {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        struct Old {
            width: u32,
            height: u32,
        }

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        struct New {
            height: u32,
            width: u32,
        }

        let tier = MapTier::default();
        let old: Cache<u8, Old> = Cache::builder().name("drift").tier(tier.clone(), 1).build();
        let new: Cache<u8, New> = Cache::builder().name("drift").tier(tier.clone(), 1).build();
        old.get_or_compute(1, || Old { width: 1, height: 2 });
        assert_eq!(new.get_or_compute(1, || New { width: 3, height: 4 }).width, 3);
        let next: Cache<u8, Old> = Cache::builder().name("drift").tier(tier, 2).build();
        assert_eq!(next.get_or_compute(1, || Old { width: 5, height: 6 }).width, 5);
    }
}

mod paths {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    struct Square(u32);

    /// A module with a trait `Area`, whose method has the same tokens in each.
    macro_rules! area {
        ($module:ident: $constant:literal) => {
            mod $module {
                use super::*;

                pub(super) trait Area {
                    fn area(&self) -> u32;
                }

                #[memoize(tier = TIER)]
                impl Area for Square {
                    #[memoize(key = self.0)]
                    fn area(&self) -> u32 {
                        self.0 + CONSTANT
                    }
                }

                const CONSTANT: u32 = $constant;
            }
        };
    }
    area! { one: 1 }
    area! { other: 100 }

    #[test]
    fn functions_and_traits_of_one_name_have_records_of_their_own() {
        tiers_are_on();
        let one = {
            const C: u32 = 1;
            #[memoize(tier = TIER)]
            fn plus(n: u32) -> u32 {
                n + C
            }
            plus(1)
        };
        let other = {
            const C: u32 = 100;
            #[memoize(tier = TIER)]
            fn plus(n: u32) -> u32 {
                n + C
            }
            plus(1)
        };
        assert_eq!((one, other), (2, 101));
        let square = Square(1);
        assert_eq!((one::Area::area(&square), other::Area::area(&square)), (2, 101));
    }

    #[test]
    fn a_key_whose_fields_have_changed_places_is_another_key() {
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename = "Size")]
        struct Old {
            width: u32,
            height: u32,
        }

        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename = "Size")]
        struct New {
            height: u32,
            width: u32,
        }

        let tier = MapTier::default();
        let (width, height) = (1, 2);
        let old: Cache<Old, u32> = Cache::builder().name("sizes").tier(tier.clone(), 1).build();
        let new: Cache<New, u32> = Cache::builder().name("sizes").tier(tier.clone(), 1).build();
        old.get_or_compute(Old { width, height }, || width);
        assert_eq!(new.get_or_compute(New { height: width, width: height }, || height), height);
    }
}

mod switches {
    use super::*;

    servers! { TIER, RUNS: one, other(n: u64) -> u64 { n } }

    #[test]
    fn a_cache_that_is_off_asks_no_tier() {
        tiers_are_on();
        one::cache_enable(false);
        one(1);
        assert_eq!(TIER.asked(), 0);
        one::cache_enable(true);
        one(1);
        assert_eq!((TIER.asked(), TIER.records()), (1, 1));
        assert_eq!(other(1), 1);
        assert_eq!(RUNS.get(), 2);
    }

    #[test]
    fn an_isolation_has_no_tier() {
        static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = TIER, name = "isolated")]
        fn isolated(n: u64) -> u64 {
            n
        }

        tiers_are_on();
        let isolation = testing::isolate();
        isolated(1);
        drop(isolation);
        assert_eq!(TIER.asked(), 0);
    }

    #[test]
    fn the_report_has_a_line_for_each_tier() {
        tiers_are_on();
        let tier = MapTier::default();
        let cache: Cache<u64, u64> = Cache::builder().name("reported").tier(tier, 1).build();
        cache.get_or_compute(1, || 1);
        let report = memofn::report().to_string();
        assert!(report.contains("\ntier: in memory: 1 records"), "{report}");
        assert!(report.contains("tier misses"), "{report}");
    }
}

mod servers {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    /// 100 keys, 4 processes of 8 callers, half of them async: 100 bodies.
    #[test]
    fn callers_of_several_processes_run_each_body_once() {
        const KEYS: u64 = 100;
        let repeats = if std::env::var_os("MEMOFN_STRESS").is_some() { 1_000 } else { 20 };
        finishes("the calls of four processes", move || {
            for repeat in 0..repeats {
                let runs = Runs::new();
                let server = || -> Cache<(u32, u64), u64> {
                    Cache::builder().name("fleet").unbounded().tier(TIER.clone(), 1).build()
                };
                let servers: Vec<_> = (0..4).map(|_| server()).collect();
                thread::scope(|scope| {
                    for (caller, cache) in servers.iter().cycle().take(32).enumerate() {
                        let runs = &runs;
                        scope.spawn(move || {
                            for i in 0..KEYS {
                                let key = (i * 37 + caller as u64 * 11) % KEYS;
                                let value = if caller % 2 == 0 {
                                    cache.get_or_compute((repeat, key), || runs.run(key * 2))
                                } else {
                                    let run = async || runs.run(key * 2);
                                    block_on(cache.get_or_compute_async((repeat, key), run))
                                };
                                assert_eq!(value, key * 2);
                            }
                        });
                    }
                });
                assert_eq!(u64::from(runs.get()), KEYS);
                assert!(TIER.leases() == 0);
            }
        });
    }
}

#[test]
fn a_pending_value_that_was_polled_can_be_sent_from_another_thread() {
    let (promise, mut pending) = memofn::tier::Pending::promised(0);
    let polled = std::pin::Pin::new(&mut pending).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Pending);
    let sends = thread::spawn(move || promise.keep(7));
    assert_eq!(block_on(pending), 7);
    sends.join().expect("no panic");
}
