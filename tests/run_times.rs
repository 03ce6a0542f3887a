//! How long bodies take, and what the hits saved: `mean_run`, `time_saved`, and the column of the report.

mod common;

use common::{all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, memoize};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

macro_rules! in_every_scope {
    ($($name:ident $scope:literal;)*) => {$(
        #[test]
        fn $name() {
            #[memoize(scope = $scope, skip(clock), maxsize = 64)]
            fn slow(seconds: u32, clock: &Clock) -> Result<u32, String> {
                clock.advance(seconds * SECOND);
                match seconds {
                    100 => Err("long".to_owned()),
                    200 => panic_silently("longer"),
                    _ => Ok(seconds),
                }
            }

            let clock = Clock::stop();
            let times = || (slow::cache_info().mean_run(), slow::cache_info().time_saved());
            assert_eq!(times(), (None, None));
            for seconds in [1, 1, 3, 1] {
                assert_eq!(slow(seconds, &clock), Ok(seconds));
            }
            assert_eq!(times(), (Some(2 * SECOND), Some(4 * SECOND)));
            // A run that fails is a run; one that panics has no end.
            assert!(slow(100, &clock).is_err());
            assert_eq!(panic_of(|| slow(200, &clock)), "longer");
            assert_eq!(times().0, Some(104 * SECOND / 3));
            slow::cache_clear();
            assert_eq!(times(), (None, None));
            assert!(slow(7, &clock).is_ok() && slow(7, &clock).is_ok());
            assert_eq!(times(), (Some(7 * SECOND), Some(7 * SECOND)));
        }
    )*};
}
in_every_scope! {
    runs_in_a_shared_cache_are_timed "shared";
    runs_in_a_threads_cache_are_timed "thread";
}

#[test]
fn a_refresh_is_timed_as_well() {
    #[memoize(skip(clock))]
    fn f(n: u32, clock: &Clock) -> u32 {
        clock.advance(n * SECOND);
        n
    }

    let clock = Clock::stop();
    assert_eq!(f::cache_refresh(2, &clock), 2);
    assert_eq!(f::cache_refresh(2, &clock), 2);
    assert_eq!(f::cache_info().mean_run(), Some(2 * SECOND));
}

#[test]
fn an_async_run_includes_the_time_between_its_polls() {
    let clock = Clock::stop();
    let cache = Cache::new(10);
    let value = cache.get_or_compute_async(1, async || {
        clock.advance(SECOND);
        let mut is_ready = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut is_ready, true) {
                return std::task::Poll::Ready(());
            }
            clock.advance(2 * SECOND);
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
        "one"
    });
    assert_eq!(block_on(value), "one");
    assert_eq!(cache.info().mean_run(), Some(3 * SECOND));
}

#[test]
fn after_the_first_runs_one_in_sixty_four_is_timed() {
    let clock = Clock::stop();
    let cache = Cache::unbounded();
    // The runs up to the 16th take a second each, and then each 64th takes 17.
    for n in 1_u32..=64 * 4 + 1 {
        let time = if n <= 16 {
            1
        } else if n % 64 == 1 {
            17
        } else {
            0
        };
        cache.get_or_compute(n, || clock.advance(time * SECOND));
    }
    assert_eq!(cache.info().mean_run(), Some((16 + 4 * 17) * SECOND / 20));
}

#[test]
fn a_run_whose_key_is_removed_meanwhile_is_left_out() {
    let clock = Clock::stop();
    let cache = Cache::new(10);
    cache.get_or_compute(1, || {
        cache.remove(&1);
        clock.advance(SECOND);
    });
    assert_eq!((cache.info().outdated, cache.info().mean_run()), (1, None));
}

#[test]
fn times_of_several_threads_lie_between_the_shortest_run_and_all_of_them() {
    const STEP: Duration = Duration::from_millis(5);
    const THREADS: u32 = 4;
    const RUNS: u32 = 5;

    #[memoize(maxsize = unbounded, skip(clock))]
    fn step(n: u32, clock: &Clock) -> u32 {
        clock.advance(STEP);
        n
    }

    finishes("threads whose runs pass time", || {
        // Without it, these runs would be timed by a clock that another test stops.
        let clock = Clock::stop();
        let calls = side_by_side((0..THREADS).collect(), |thread| {
            (0..RUNS).for_each(|n| assert_eq!(step(thread * 10 + n, &clock), thread * 10 + n));
        });
        all_return(calls);
        let mean = step::cache_info().mean_run().expect("some runs were timed");
        assert!(mean >= STEP && mean <= THREADS * RUNS * STEP, "{mean:?}");
        assert_eq!(step::cache_info().time_saved(), Some(Duration::ZERO));
        (0..RUNS).for_each(|n| assert_eq!(step(n, &clock), n));
        assert_eq!(step::cache_info().time_saved(), Some(RUNS * mean));
        let report = memofn::report().to_string();
        assert!(report.lines().next().is_some_and(|titles| titles.contains("saved")), "{report}");
    });
}

#[test]
fn a_computation_of_many_keys_is_one_run() {
    let clock = Clock::stop();
    let cache = Cache::new(10);
    let compute = |keys: &[u32]| {
        clock.advance(SECOND);
        keys.to_vec()
    };
    cache.get_many_or_compute([1, 2, 3], compute);
    cache.get_many_or_compute([3, 4], |keys| {
        clock.advance(2 * SECOND);
        compute(keys)
    });
    assert_eq!(cache.info().mean_run(), Some(2 * SECOND));
    let failed = cache.get_many_or_try_compute([5, 6], |_| {
        clock.advance(5 * SECOND);
        Err::<Vec<u32>, _>(())
    });
    assert_eq!((failed, cache.info().mean_run()), (Err(()), Some(3 * SECOND)));
}

#[test]
fn an_async_computation_of_many_keys_is_one_run() {
    let clock = Clock::stop();
    let cache = Cache::new(10);
    let values = cache.get_many_or_compute_async([1, 2, 3], async |keys: &[u32]| {
        clock.advance(SECOND);
        keys.to_vec()
    });
    assert_eq!(block_on(values), [1, 2, 3]);
    assert_eq!((cache.info().misses, cache.info().mean_run()), (3, Some(SECOND)));
    assert_eq!(cache.get_many_or_compute([1, 2], <[u32]>::to_vec), [1, 2]);
    assert_eq!(cache.info().time_saved(), Some(2 * SECOND));
}
