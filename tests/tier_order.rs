//! A tier keeps the right results where several things happen at once: runs, removals, answers.
//!
//! Two functions of one name and version stand for two processes.
#![cfg(feature = "tier")]
#![expect(
    clippy::unnecessary_wraps,
    reason = "options for errors are for functions that return a result"
)]

mod common;

use common::finishes;
use common::gate::{Gate, during};
use common::map_tier::{MapTier, Mood};
use common::tiers::tiers_are_on;
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::tier::{Answer, Asked, Forget, Kept, Lease, Pending, Record, Tier};
use memofn::{Cache, CallStatus, memoize};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::HashMap;
use std::env;
use std::fs;
use std::future::{pending, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::Poll;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A cache of a name, with a tier.
fn cache_on<V>(tier: &MapTier, name: &'static str) -> Cache<u64, V>
where
    V: Clone + Send + Sync + Serialize + for<'de> Deserialize<'de> + 'static,
{
    Cache::builder().name(name).unlimited_patience().tier(tier.clone(), 1).build()
}

/// Two functions that are one to their tier. The body fails, or does something else, once the switch is on.
macro_rules! servers {
    ($tier:ident, $switch:ident: $one:ident, $other:ident ($n:ident: $arg:ty) -> $ret:ty { $($body:tt)* } $($options:tt)*) => {
        static $tier: LazyLock<MapTier> = LazyLock::new(MapTier::default);
        static $switch: AtomicBool = AtomicBool::new(false);

        #[memoize(tier = $tier, version = 1, name = "ordered" $($options)*)]
        fn $one($n: $arg) -> $ret { $($body)* }

        #[memoize(tier = $tier, version = 1, name = "ordered" $($options)*)]
        fn $other($n: $arg) -> $ret { $($body)* }
    };
}

mod removed {
    use super::*;

    mod by_another_process {
        use super::*;

        servers! { TIER, REMOVES: one, other(n: u64) -> Result<u64, &'static str> {
            if REMOVES.load(SeqCst) {
                other::cache_remove(n);
            }
            Ok(n)
        }, ttl = "10m", stale_if_error = "1h" }

        #[test]
        fn what_was_removed_by_another_process_during_its_run_is_refused() {
            tiers_are_on();
            let clock = Clock::stop();
            assert_eq!(one(1), Ok(1));
            clock.advance(11 * MINUTE);
            REMOVES.store(true, SeqCst);
            // The tier has an old record, and lends the key nevertheless: a removal ends that lease.
            assert_eq!(one(1), Ok(1));
            assert_eq!((one::cache_info().misses, one::cache_info().tier_refused), (2, 1));
            assert_eq!(TIER.records(), 0);
        }
    }

    mod while_it_fails {
        use super::*;

        servers! { TIER, FAILS: one, other(n: u64) -> Result<u64, &'static str> {
            if FAILS.load(SeqCst) {
                other::cache_remove(n);
                return Err("down");
            }
            Ok(n)
        }, ttl = "10m", stale_if_error = "1h" }

        #[test]
        fn an_old_value_that_was_removed_during_a_run_that_fails_does_not_answer() {
            tiers_are_on();
            let clock = Clock::stop();
            assert_eq!(one(1), Ok(1));
            FAILS.store(true, SeqCst);
            clock.advance(30 * MINUTE);
            assert_eq!(other(1), Err("down"));
            assert_eq!(other::cache_info().stale, 0);
        }
    }

    #[test]
    fn a_borrowed_key_removes_what_the_cache_holds_for_calls_that_fail() {
        let tier = MapTier::default();
        let builder = Cache::builder().name("borrowed").tier(tier.clone(), 1);
        let cache: Cache<String, u64> = builder.ttl(MINUTE).stale_if_error(60 * MINUTE).build();
        let clock = Clock::stop();
        cache.get_or_compute("a".into(), || 1);
        assert_eq!(tier.records(), 1);
        clock.advance(2 * MINUTE);
        cache.remove("a");
        assert_eq!(tier.records(), 0);
    }

    static PASSES: Mutex<Option<Gate>> = Mutex::new(None);

    #[derive(Debug, Clone, PartialEq, Deserialize)]
    struct SlowlyWritten(u64);

    impl Serialize for SlowlyWritten {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let gate = PASSES.lock().expect("no panic").take();
            if let Some(gate) = gate {
                gate.pass();
            }
            self.0.serialize(serializer)
        }
    }

    #[test]
    fn what_is_removed_while_it_is_inserted_is_not_kept() {
        finishes("a value that is inserted and removed", || {
            let tier = MapTier::default();
            let cache = cache_on(&tier, "inserted");
            let insert = |gate| {
                *PASSES.lock().expect("no panic") = Some(gate);
                cache.insert(1, SlowlyWritten(1));
            };
            // The cache has the value before its record is written.
            during(insert, || assert_eq!(cache.remove(&1), Some(SlowlyWritten(1))));
            assert_eq!(tier.records(), 0);
        });
    }
}

mod late {
    use super::*;

    /// A tier without leases.
    #[derive(Clone, Default)]
    struct Unleased(Arc<Mutex<HashMap<u128, Record>>>);

    impl Tier for Unleased {
        fn ask(&self, of: &Asked) -> Pending<Answer> {
            let record = self.0.lock().expect("no panic").get(&of.digest()).cloned();
            Pending::ready(record.map_or(Answer::Yours(Lease::NONE), Answer::Hit))
        }

        fn keep(&self, of: &Asked, record: Record, _: Option<Lease>) -> Pending<Kept> {
            self.0.lock().expect("no panic").insert(of.digest(), record);
            Pending::ready(Kept::Stored)
        }

        fn forget(&self, what: Forget<'_>) {
            if let Forget::Key(of) = what {
                self.0.lock().expect("no panic").remove(&of.digest());
            }
        }
    }

    static TIER: LazyLock<Unleased> = LazyLock::new(Unleased::default);
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(tier = TIER, version = 1, name = "overtaken")]
    fn one(n: u64) -> u32 {
        let run = RUNS.fetch_add(1, SeqCst);
        if run == 0 {
            assert_eq!(one::cache_refresh(n), 1);
        }
        run
    }

    #[memoize(tier = TIER, version = 1, name = "overtaken")]
    fn other(_n: u64) -> u32 {
        unreachable!("the tier has it")
    }

    #[test]
    fn a_run_that_was_overtaken_does_not_replace_the_newer_record() {
        tiers_are_on();
        assert_eq!((one(1), one::cache_peek(1)), (0, Some(1)), "the cache keeps the newer one");
        assert_eq!(other(1), 1, "and so does the tier");
    }
}

mod lives {
    use super::*;

    mod of_errors {
        use super::*;

        servers! { TIER, FAILS: one, other(n: u64) -> Result<u64, String> {
            if FAILS.load(SeqCst) { Err("down".into()) } else { Ok(n) }
        }, ttl = "10m", err_ttl = "1m", stale_if_error = "1h" }

        #[test]
        fn an_old_value_answers_before_an_error_that_has_a_life_of_its_own() {
            tiers_are_on();
            let clock = Clock::stop();
            assert_eq!(one(1), Ok(1));
            FAILS.store(true, SeqCst);
            clock.advance(30 * MINUTE);
            // From the tier, and from the cache itself.
            for call in [other::cache_call(1), one::cache_call(1)] {
                assert_eq!((call.value, call.status), (Ok(1), CallStatus::Stale));
            }
        }

        static INSERTED: LazyLock<MapTier> = LazyLock::new(MapTier::default);

        #[memoize(tier = INSERTED, name = "inserted_error", ttl = "10m", err_ttl = "1m")]
        fn inserted(n: u64) -> Result<u64, String> {
            Ok(n)
        }

        #[test]
        fn an_error_that_is_inserted_ends_when_errors_do() {
            tiers_are_on();
            inserted::cache_insert(1, Err("down".into()));
            let tier = INSERTED.lock();
            let record = tier.records.values().next().expect("it was kept");
            let (born, ends) = record.born().zip(record.ends()).expect("it ends");
            assert_eq!(ends, born + MINUTE);
        }
    }

    #[test]
    fn a_record_that_has_ended_does_not_answer_in_a_cache_without_a_time_to_live() {
        let tier = MapTier::default();
        let clock = Clock::stop();
        let builder = Cache::builder().name("ended").tier(tier.clone(), 1);
        let mortal: Cache<u64, u64> = builder.ttl(MINUTE).build();
        mortal.get_or_compute(1, || 1);
        clock.advance(60 * MINUTE);
        assert_eq!(tier.records(), 1);
        let immortal: Cache<u64, u64> = cache_on(&tier, "ended");
        assert_eq!(immortal.get_or_compute(1, || 2), 2);
        assert_eq!(tier.records(), 1, "they are one function to their tier");
    }

    servers! { TIER, _SWITCH: tomorrow, today(n: u64) -> u64 { n }, ttl = "10m" }

    #[test]
    #[ignore = "another test runs it in a process of its own"]
    fn writes_a_record_of_tomorrow() {
        let Some(path) = env::var_os("MEMOFN_WRITES").map(PathBuf::from) else { return };
        tiers_are_on();
        let clock = Clock::stop();
        // The first run fixes the time of the tier, which the clock then moves.
        tomorrow(2);
        TIER.lock().records.clear();
        clock.advance(24 * 60 * MINUTE);
        tomorrow(1);
        let tier = TIER.lock();
        let record = tier.records.values().next().expect("it was kept");
        fs::write(path, record.as_bytes()).expect("there is room");
    }

    /// The record of another process, whose clock is a day ahead.
    fn record_of_tomorrow() -> Vec<u8> {
        let path = env::temp_dir().join(format!("memofn-tomorrow-{}", process::id()));
        let status = process::Command::new(env::current_exe().expect("it runs"))
            .args(["--exact", "lives::writes_a_record_of_tomorrow", "--include-ignored"])
            .env("MEMOFN_WRITES", &path)
            .status();
        assert!(status.expect("it starts").success());
        let record = fs::read(&path).expect("it was written");
        let _ = fs::remove_file(path);
        record
    }

    #[test]
    fn a_record_from_the_future_never_answers() {
        tiers_are_on();
        let record = record_of_tomorrow();
        let clock = Clock::stop();
        TIER.mood(Mood::Lies(record));
        for _ in 0..5 {
            assert_eq!(today::cache_call(1).status, CallStatus::Miss);
            clock.advance(11 * MINUTE);
        }
        let info = today::cache_info();
        assert_eq!((info.tier_misses, info.tier_errors), (5, 0), "it is sound, and of this key");
    }
}

mod names {
    use super::*;

    #[test]
    fn caches_without_a_name_share_no_record() {
        let tier = MapTier::default();
        let nameless = || -> Cache<u64, u64> { Cache::builder().tier(tier.clone(), 1).build() };
        let (one, other) = (nameless(), nameless());
        assert_eq!(one.get_or_compute(1, || 10), 10);
        assert_eq!(other.get_or_compute(1, || 20), 20);
    }
}

mod waits {
    use super::*;

    const LEASED_FOR: Duration = Duration::from_millis(250);

    /// A tier whose leases are all with another process, and which says at once that something has changed.
    #[derive(Clone, Default)]
    struct Restless(Arc<AtomicU32>);

    impl Tier for Restless {
        fn ask(&self, _: &Asked) -> Pending<Answer> {
            self.0.fetch_add(1, SeqCst);
            Pending::ready(Answer::Theirs(Pending::ready(()), LEASED_FOR))
        }

        fn keep(&self, _: &Asked, _: Record, _: Option<Lease>) -> Pending<Kept> {
            Pending::ready(Kept::Stored)
        }

        fn forget(&self, _: Forget<'_>) {}
    }

    fn asked(call: impl FnOnce(&Cache<u64, u64>) -> u64) -> u128 {
        let tier = Restless::default();
        let cache = Cache::builder().name("restless").tier(tier.clone(), 1).build();
        assert_eq!(call(&cache), 1);
        assert_eq!(cache.info().tier_waits, 1);
        tier.0.load(SeqCst).into()
    }

    #[test]
    fn a_tier_that_always_says_that_something_changed_is_not_asked_in_a_loop() {
        finishes("calls that wait for another process", || {
            // At least a millisecond passes between two questions, however fast or slow the machine is.
            let most = 3 * LEASED_FOR.as_millis() + 2;
            let asked_blocking = asked(|cache| cache.get_or_compute(1, || 1));
            assert!(asked_blocking <= most, "{asked_blocking}");
            let asked_async = asked(|cache| block_on(cache.get_or_compute_async(1, async || 1)));
            assert!(asked_async <= most, "{asked_async}");
        });
    }

    static HELD: Mutex<()> = Mutex::new(());

    #[memoize(ttl = "10m", refresh_after = "1m")]
    fn slowly_refreshed(n: u64) -> u64 {
        drop(HELD.lock());
        n
    }

    #[test]
    fn refreshes_that_take_long_do_not_hold_up_the_work_of_a_tier() {
        finishes("a call of a cache with a tier", || {
            /// More than there are threads for refreshes.
            const REFRESHES: u64 = 64;

            let clock = Clock::stop();
            (0..REFRESHES).for_each(|n| _ = slowly_refreshed(n));
            clock.advance(2 * MINUTE);
            let holds = HELD.lock().expect("no panic");
            (0..REFRESHES).for_each(|n| _ = slowly_refreshed(n));

            let tier = MapTier::default();
            tier.mood(Mood::Works);
            tier.lock().timeout = Some(Duration::MAX);
            let [one, other] = [(); 2].map(|()| cache_on::<u64>(&tier, "held_up"));
            assert_eq!(one.get_or_compute(1, || 1), 1);
            assert_eq!(block_on(other.get_or_compute_async(1, async || 2)), 1);
            assert_eq!((other.info().tier_hits, other.info().tier_errors), (1, 0));
            drop(holds);
        });
    }

    /// A future of the cache that is not polled again, and a second call of the key in the same task.
    fn call_beside_a_stalled_one(cache: &Cache<u64, u64>) {
        block_on(async {
            let mut stalled = pin!(cache.get_or_compute_async(1, async || {
                pending::<()>().await;
                1
            }));
            let is_pending = poll_fn(|cx| Poll::Ready(stalled.as_mut().poll(cx).is_pending()));
            assert!(is_pending.await);
            assert_eq!(cache.get_or_compute_async(1, async || 2).await, 2);
        });
        assert_eq!(cache.info().helped, 1);
    }

    #[test]
    fn a_stalled_run_is_seen_with_a_tier_as_without() {
        finishes("a call beside a stalled one", || {
            // If the second call does not see that the first one is stalled, it waits for an hour.
            let builder = || Cache::builder().name("stalled").patience(60 * MINUTE);
            call_beside_a_stalled_one(&builder().build());
            call_beside_a_stalled_one(&builder().tier(MapTier::default(), 1).build());
        });
    }

    thread_local! {
        static CALLED_BY_CLONE: Cell<Option<Arc<Cache<u64, Calls>>>> = const { Cell::new(None) };
    }

    /// Its first clone calls the cache that it is cloned for.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Calls(u64);

    impl Clone for Calls {
        fn clone(&self) -> Self {
            if let Some(cache) = CALLED_BY_CLONE.take() {
                cache.get_or_compute(1, || Self(9));
            }
            Self(self.0)
        }
    }

    fn call_with_calling_clone(tier: &MapTier) -> u64 {
        let cache = Arc::new(cache_on(tier, "cloned"));
        CALLED_BY_CLONE.set(Some(Arc::clone(&cache)));
        let value = block_on(cache.get_or_compute_async(1, async || Calls(1)));
        assert!(CALLED_BY_CLONE.take().is_none(), "it was cloned");
        value.0
    }

    #[test]
    fn a_clone_of_a_value_from_a_tier_may_call_the_function() {
        finishes("a call whose value calls the function", || {
            let tier = MapTier::default();
            let own = call_with_calling_clone(&tier);
            let kept = cache_on::<Calls>(&tier, "cloned").get_or_compute(1, || unreachable!());
            assert_eq!(own, 1);
            assert_eq!(call_with_calling_clone(&tier), kept.0);
        });
    }
}
