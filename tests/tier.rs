//! A tier below a memoized function. Two functions of one name and version stand for two processes.
#![cfg(feature = "tier")]
#![expect(clippy::unused_async, reason = "the bodies of examples")]

mod common;

use common::finishes;
use common::map_tier::{MapTier, Mood};
use common::tiers::{Runs, servers, tiers_are_on};
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, CallStatus, memoize, testing};
use std::cell::Cell;
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

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
