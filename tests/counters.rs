//! Rule 10: the counters are exact, in both scopes.

mod common;

use common::{Caller, all_return, finishes, panic_of, panic_silently, side_by_side};
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

macro_rules! in_every_scope {
    ($($test:ident $scope:literal;)*) => {$(
        #[test]
        fn $test() {
            #[memoize(maxsize = 3, ttl = "10s", scope = $scope)]
            fn f(n: u32) -> Result<u32, String> {
                match n {
                    0 => Err("zero".to_owned()),
                    100 => panic_silently("hundred"),
                    n => Ok(n),
                }
            }
            let expect = |hits, misses, evictions, expirations, rejected, currsize| {
                let info = f::cache_info();
                assert_eq!((info.hits, info.misses), (hits, misses));
                assert_eq!((info.evictions, info.expirations), (evictions, expirations));
                assert_eq!((info.rejected, info.currsize), (rejected, currsize));
                assert_eq!((info.coalesced, info.outdated, info.maxsize), (0, 0, Some(3)));
            };

            let clock = Clock::stop();
            expect(0, 0, 0, 0, 0, 0);
            (1..=4).for_each(|n| assert_eq!(f(n), Ok(n)));
            expect(0, 4, 1, 0, 0, 3);
            assert!(f(4).is_ok() && f(0).is_err() && f(0).is_err());
            expect(1, 6, 1, 0, 2, 3);
            assert_eq!(panic_of(|| f(100)), "hundred");
            expect(1, 7, 1, 0, 2, 3);
            clock.advance(Duration::from_secs(10));
            expect(1, 7, 1, 3, 2, 0);
            assert_eq!(f(4), Ok(4));
            // Replacements, removals and insertions are not counted.
            f::cache_insert(4, Ok(5));
            f::cache_insert(5, Ok(5));
            f::cache_remove(5);
            f::cache_peek(4);
            expect(1, 8, 1, 3, 2, 1);
            assert_eq!(f::cache_refresh(4), Ok(4));
            assert!(f::cache_refresh(0).is_err());
            expect(1, 10, 1, 3, 3, 1);
            f::cache_clear();
            assert_eq!(f::cache_info(), fresh(f::cache_info()));
        }
    )*};
}
in_every_scope! {
    a_shared_cache_counts_everything "shared";
    a_threads_cache_counts_everything "thread";
}

/// The info of a cache that was never used.
fn fresh(info: CacheInfo) -> CacheInfo {
    let mut fresh = CacheInfo::default();
    fresh.maxsize = info.maxsize;
    fresh
}

#[test]
fn calls_that_waited_are_hits_and_coalesced() {
    #[memoize]
    fn f(caller: &Caller) -> u32 {
        caller.await_followers(7);
        caller.key
    }

    finishes("one leader and seven followers", || {
        let all_waited = (0..100).any(|round| {
            f::cache_clear();
            all_return(side_by_side(Caller::several(round, 8), |caller| f(&caller)));
            let info = f::cache_info();
            assert_eq!((info.hits, info.misses), (7, 1));
            assert!(info.coalesced <= 7);
            info.coalesced == 7
        });
        assert!(all_waited, "no round in which seven callers waited");
    });
}

#[test]
fn hits_plus_misses_are_the_calls_and_misses_are_the_runs() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    static PANICS: AtomicU64 = AtomicU64::new(0);

    #[memoize(maxsize = 16)]
    fn f(n: u64) -> Result<u64, String> {
        RUNS.fetch_add(1, Relaxed);
        match n % 10 {
            1 => Err("one".to_owned()),
            2 => panic_silently("two"),
            3 => f(n + 1),
            _ => Ok(n),
        }
    }

    finishes("eight threads, results of every kind", || {
        let calls = side_by_side((0..8_u64).collect(), |seed| {
            let mut nested = 0;
            for i in 0..2000 {
                let n = (i * 7 + seed) % 40;
                let call = || f(n);
                match std::panic::catch_unwind(call) {
                    Ok(result) => {
                        let expected = match n % 10 {
                            1 => Err("one".to_owned()),
                            3 => Ok(n + 1),
                            _ => Ok(n),
                        };
                        assert_eq!(result, expected);
                    }
                    Err(_) => {
                        PANICS.fetch_add(1, Relaxed);
                    }
                }
                nested += u64::from(n % 10 == 3);
            }
            nested
        });
        let asked_for_more: u64 = all_return(calls).into_iter().sum();
        let info = f::cache_info();
        assert_eq!(info.misses, RUNS.load(Relaxed));
        assert!(PANICS.load(Relaxed) > 0);
        // Each run for a key that ends in 3 makes one more call.
        let calls = info.hits + info.misses;
        assert!((16_000..=16_000 + asked_for_more).contains(&calls), "{info:?}");
        assert_eq!(info.outdated, 0);
        assert!(info.currsize <= 16);
    });
}
