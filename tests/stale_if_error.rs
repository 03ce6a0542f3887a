//! Old values that answer calls that fail: `stale_if_error`, `retry_after`.

mod common;

use common::{all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, CallStatus, memoize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);
const LONG: Duration = Duration::from_secs(120);

type Rate = Result<u32, &'static str>;

/// Expired after a minute, and kept for an hour after it.
fn hours() -> CacheBuilder<u32, u32> {
    Cache::builder().ttl(60 * SECOND).stale_if_error(3600 * SECOND).retry_after(5 * SECOND)
}

/// A cache with one value, 10, whose time to live has just ended.
fn ended(clock: &Clock) -> Cache<u32, u32> {
    let cache = hours().build();
    cache.insert(1, 10);
    clock.advance(60 * SECOND);
    cache
}

fn ask(cache: &Cache<u32, u32>, rate: Rate) -> Rate {
    cache.get_or_try_compute(1, || rate)
}

fn unneeded() -> Rate {
    unreachable!("the body is not run")
}

#[test]
fn a_call_that_fails_gets_the_old_value_and_a_call_that_succeeds_the_new_one() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    assert_eq!(cache.get_or_try_compute(1, unneeded), Ok(10), "another call has just failed");
    clock.advance((5 * SECOND).saturating_sub(NANO));
    assert_eq!(cache.get_or_try_compute(1, unneeded), Ok(10));
    clock.advance(NANO);
    assert_eq!(ask(&cache, Err("still down")), Ok(10));
    clock.advance(5 * SECOND);
    assert_eq!(ask(&cache, Ok(11)), Ok(11));
    clock.advance((60 * SECOND).saturating_sub(NANO));
    assert_eq!(cache.get_or_try_compute(1, unneeded), Ok(11), "a new life has begun");
    let info = cache.info();
    assert_eq!((info.hits, info.misses, info.stale, info.failures), (3, 3, 4, 2));
    assert_eq!(
        (info.rejected, info.refreshes, info.refresh_failures, info.expirations),
        (2, 0, 0, 0)
    );
}

#[test]
fn failures_do_not_make_a_value_live_longer() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    let mut runs = 0;
    for _ in 0..3600 {
        assert_eq!(
            cache.get_or_try_compute(1, || {
                runs += 1;
                Err("down")
            }),
            Ok(10)
        );
        clock.advance(SECOND);
    }
    assert_eq!(runs, 3600 / 5);
    assert_eq!(ask(&cache, Err("down")), Err("down"));
    assert_eq!((cache.info().stale, cache.info().expirations), (3600, 1));
}

#[test]
fn a_value_is_kept_to_the_last_moment_and_no_longer() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    clock.advance((3600 * SECOND).saturating_sub(NANO));
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    clock.advance(NANO);
    // The next run may begin in five seconds, and the value is gone now.
    assert_eq!(ask(&cache, Err("down")), Err("down"));
    assert_eq!(cache.info().currsize, 0);
}

#[test]
fn a_run_that_fails_after_the_end_of_the_old_value_fails() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    let rate = cache.get_or_try_compute(1, || {
        clock.advance(3600 * SECOND);
        Err("down")
    });
    assert_eq!(rate, Err("down"));
    assert_eq!((cache.info().stale, cache.info().failures), (0, 1));
}

#[test]
fn a_kept_value_is_an_entry_that_looks_do_not_see() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    assert_eq!((cache.peek(&1), cache.get(&1), cache.contains_key(&1)), (None, None, false));
    assert_eq!((cache.len(), cache.iter().count(), cache.info().currsize), (0, 0, 1));
    assert_eq!(cache.remove(&1), None);
    assert_eq!(cache.info().currsize, 0);
    assert_eq!(ask(&cache, Err("down")), Err("down"));
}

#[test]
fn a_panic_passes_through_and_keeps_the_old_value() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    let worse = || -> Rate { panic_silently("worse") };
    assert_eq!(panic_of(|| cache.get_or_try_compute(1, worse)), "worse");
    assert_eq!(cache.get_or_try_compute(1, unneeded), Ok(10), "another call has just failed");
    clock.advance(5 * SECOND);
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    assert_eq!((cache.info().failures, cache.info().stale), (2, 2));
}

#[test]
fn all_that_wait_for_a_failed_run_get_the_old_value() {
    finishes("callers of a body that fails", || {
        let clock = Clock::stop();
        let cache = ended(&clock);
        let runs = AtomicU32::new(0);
        let (arrived, arrivals) = channel();
        let arrivals = Mutex::new(arrivals);
        let calls = side_by_side((0..8).collect(), |_: u32| {
            arrived.send(()).expect("the test waits");
            cache.get_or_try_compute(1, || {
                runs.fetch_add(1, SeqCst);
                let arrivals = arrivals.lock().expect("one run at a time");
                (0..8).for_each(|_| arrivals.recv_timeout(LONG).expect("all callers come"));
                Err("down")
            })
        });
        assert!(all_return(calls).into_iter().all(|rate: Rate| rate == Ok(10)));
        assert_eq!(runs.into_inner(), 1);
        let info = cache.info();
        assert_eq!((info.hits, info.misses, info.stale, info.failures), (7, 1, 8, 1));
    });
}

#[test]
fn a_failed_refresh_answers_its_caller_with_the_old_value() {
    let clock = Clock::stop();
    let cache = hours().refresh_after(30 * SECOND).build();
    cache.insert(1, 10);
    clock.advance(30 * SECOND);
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    let info = cache.info();
    assert_eq!((info.refreshes, info.refresh_failures, info.failures, info.stale), (1, 1, 1, 0));
    clock.advance(30 * SECOND);
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    assert_eq!((cache.info().refreshes, cache.info().stale), (1, 1));
}

#[test]
fn one_jump_over_all_moments_ends_the_value() {
    let clock = Clock::stop();
    let cache = hours().refresh_after(30 * SECOND).build();
    cache.insert(1, 10);
    clock.advance(3660 * SECOND);
    assert_eq!(ask(&cache, Err("down")), Err("down"));
    assert_eq!((cache.info().expirations, cache.info().refreshes), (1, 0));
}

#[test]
fn what_changes_the_key_during_a_failing_run_wins() {
    type Change = fn(&Cache<u32, u32>);
    let clock = Clock::stop();
    let changes: [(Change, Rate); 4] = [
        (|cache| assert_eq!(cache.remove(&1), None), Err("down")),
        (Cache::clear, Err("down")),
        (|cache| cache.remove_if(|_| true), Err("down")),
        (|cache| cache.insert(1, 12), Err("down")),
    ];
    for (change, expected) in changes {
        let cache = ended(&clock);
        let rate = cache.get_or_try_compute(1, || {
            change(&cache);
            Err("down")
        });
        assert_eq!(rate, expected, "the old value is gone");
    }
}

#[test]
fn async_calls_get_the_old_value_too() {
    let clock = Clock::stop();
    let cache = ended(&clock);
    let rate = block_on(cache.get_or_try_compute_async(1, async || Err("down")));
    assert_eq!(rate, Ok(10));
    assert_eq!(block_on(cache.get_or_try_compute_async(1, async || unneeded())), Ok(10));
}

#[test]
fn a_threads_own_cache_keeps_values_as_well() {
    let clock = Clock::stop();
    let cache = hours().build_for_thread();
    cache.insert(1, 10);
    clock.advance(60 * SECOND);
    assert_eq!(cache.get_or_try_compute(1, || Err("down")), Ok(10));
    assert_eq!(cache.get_or_try_compute(1, unneeded), Ok(10));
}

#[test]
fn a_kept_value_is_evicted_in_its_turn() {
    let clock = Clock::stop();
    let cache = hours().maxsize(2).build();
    cache.insert(1, 10);
    clock.advance(60 * SECOND);
    cache.insert(2, 20);
    cache.insert(3, 30);
    assert_eq!((cache.info().evictions, cache.info().expirations), (1, 0));
    assert_eq!(ask(&cache, Err("down")), Err("down"));
}

static RATE: AtomicU32 = AtomicU32::new(0);

#[memoize(ttl = "1m", stale_if_error = "1h", retry_after = "5s")]
fn rate(currency: &str) -> Rate {
    match RATE.load(SeqCst) {
        0 => Err("down"),
        rate => Ok(rate + u32::try_from(currency.len()).unwrap()),
    }
}

#[test]
fn a_call_says_that_it_was_answered_by_an_old_value() {
    let clock = Clock::stop();
    RATE.store(10, SeqCst);
    assert_eq!(rate("EUR"), Ok(13));
    clock.advance(61 * SECOND);
    RATE.store(0, SeqCst);
    assert_eq!(rate("EUR"), Ok(13));
    let call = rate::cache_call("EUR");
    assert_eq!((call.value, call.status, call.age), (Ok(13), CallStatus::Stale, Some(61 * SECOND)));
    clock.advance(5 * SECOND);
    let call = rate::cache_call("EUR");
    assert_eq!((call.value, call.status, call.age), (Ok(13), CallStatus::Stale, Some(66 * SECOND)));
    assert_eq!(rate::cache_refresh("EUR"), Err("down"), "it was to run the body");
    assert_eq!(rate::cache_parameters().stale_if_error, Some(3600 * SECOND));
    assert!(
        rate::cache_parameters()
            .to_string()
            .contains("stale_if_error = \"1h\", retry_after = \"5s\"")
    );
}

#[test]
fn a_value_that_is_made_to_expire_is_kept_for_calls_that_fail_until_its_end() {
    let clock = Clock::stop();
    let cache = hours().build();
    cache.insert(1, 10);
    assert!(cache.expire(&1));
    assert!(!cache.expire(&1), "it answers no longer");
    assert_eq!((cache.peek(&1), cache.info().currsize), (None, 1));
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    clock.advance((3660 * SECOND).saturating_sub(NANO));
    assert_eq!(ask(&cache, Err("down")), Ok(10));
    clock.advance(NANO);
    assert_eq!(ask(&cache, Err("down")), Err("down"));
}

#[memoize(ttl = "1m", stale_if_error = "1h", retry_after = "5s", err_ttl = "2s")]
fn stored(currency: &str) -> Rate {
    match RATE.load(SeqCst) {
        0 => Err("down"),
        rate => Ok(rate + u32::try_from(currency.len()).unwrap()),
    }
}

#[test]
fn an_old_value_wins_over_errors_that_are_stored_and_an_error_is_never_an_old_value() {
    let clock = Clock::stop();
    RATE.store(0, SeqCst);
    assert_eq!(stored("EUR"), Err("down"));
    assert_eq!(stored("EUR"), Err("down"));
    assert_eq!(stored::cache_info().misses, 1, "the error is stored");
    assert_eq!(stored::cache_info().failures, 1);
    clock.advance(2 * SECOND);
    assert_eq!(stored("EUR"), Err("down"));
    assert_eq!((stored::cache_info().misses, stored::cache_info().stale), (2, 0));
    clock.advance(2 * SECOND);
    RATE.store(10, SeqCst);
    assert_eq!(stored("EUR"), Ok(13));
    clock.advance(60 * SECOND);
    RATE.store(0, SeqCst);
    assert_eq!((stored("EUR"), stored("EUR")), (Ok(13), Ok(13)));
    assert_eq!((stored::cache_info().misses, stored::cache_info().stale), (4, 2));
    clock.advance(3600 * SECOND);
    assert_eq!((stored("EUR"), stored("EUR")), (Err("down"), Err("down")));
    assert_eq!((stored::cache_info().misses, stored::cache_info().stale), (5, 2));
}

#[test]
fn a_refresh_in_the_background_that_fails_late_answers_no_call() {
    type Job = Box<dyn FnOnce() + Send>;
    static JOBS: Mutex<Vec<Job>> = Mutex::new(Vec::new());

    #[memoize(ttl = "1m", refresh_after = "30s", stale_if_error = "1h", retry_after = "5s",
        refresh_on = |run| JOBS.lock().unwrap().push(Box::new(run)))]
    fn rate(_currency: &str) -> Rate {
        Err("down")
    }

    let clock = Clock::stop();
    rate::cache_insert("EUR", Ok(10));
    clock.advance(30 * SECOND);
    assert_eq!(rate("EUR"), Ok(10));
    clock.advance(30 * SECOND);
    let job = JOBS.lock().unwrap().pop().expect("a run was handed over");
    job();
    let info = rate::cache_info();
    assert_eq!((info.refreshes, info.refresh_failures, info.failures, info.stale), (1, 1, 1, 0));
    assert_eq!(rate::cache_call("EUR").status, CallStatus::Stale);
    assert_eq!((rate::cache_info().hits, rate::cache_info().stale), (2, 1));
}

#[test]
fn a_refresh_in_the_background_that_fails_late_does_not_make_the_old_value_answer_for_good() {
    type Job = Box<dyn FnOnce() + Send>;
    static JOBS: Mutex<Vec<Job>> = Mutex::new(Vec::new());

    #[memoize(ttl = "1m", refresh_after = "30s", stale_if_error = "1h", retry_after = "5s",
        refresh_on = |run| JOBS.lock().unwrap().push(Box::new(run)))]
    fn rate(_currency: &str) -> Rate {
        match RUNS.fetch_add(1, SeqCst) {
            0 => Err("down"),
            runs => Ok(runs),
        }
    }

    static RUNS: AtomicU32 = AtomicU32::new(0);
    let clock = Clock::stop();
    rate::cache_insert("EUR", Ok(10));
    clock.advance(30 * SECOND);
    assert_eq!(rate("EUR"), Ok(10));
    clock.advance(30 * SECOND);
    let job = JOBS.lock().unwrap().pop().expect("a run was handed over");
    job();
    // Plain calls: they are answered without the lock if they can be.
    assert_eq!(rate("EUR"), Ok(10), "a run has just failed");
    clock.advance(5 * SECOND);
    assert_eq!(rate("EUR"), Ok(1));
    assert_eq!((rate::cache_info().hits, rate::cache_info().stale), (2, 1));
}

#[memoize(ttl = "10m", refresh_after = "1m", refresh_on = caller, retry_after = "5s", err_ttl = "2s")]
fn refreshed(currency: &str) -> Rate {
    match RATE.load(SeqCst) {
        0 => Err("down"),
        rate => Ok(rate + u32::try_from(currency.len()).unwrap()),
    }
}

#[test]
fn an_error_of_a_refresh_is_not_stored_over_a_value_that_answers() {
    let clock = Clock::stop();
    RATE.store(10, SeqCst);
    assert_eq!(refreshed("EUR"), Ok(13));
    clock.advance(60 * SECOND);
    RATE.store(0, SeqCst);
    assert_eq!(refreshed("EUR"), Err("down"), "it ran the body");
    assert_eq!(refreshed("EUR"), Ok(13));
    let info = refreshed::cache_info();
    assert_eq!((info.refreshes, info.refresh_failures, info.failures), (1, 1, 1));
    clock.advance(5 * SECOND);
    RATE.store(20, SeqCst);
    assert_eq!(refreshed("EUR"), Ok(23));
    assert_eq!(refreshed::cache_info().refreshes, 2);
}
