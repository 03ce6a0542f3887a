//! Refreshes in the background: `refresh_after`, `refresh_on`, `retry_after` of a function.
//!
//! Most tests hand the runs to [`Jobs`], which keep them until the test says what becomes of them.

mod common;

use common::{finishes, panic_silently};
use futures::executor::block_on;
use memofn::CallStatus::{Hit, Joined, Miss, Refreshing};
use memofn::testing::Clock;
use memofn::{CacheInfo, memoize};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(120);

type Job = Box<dyn FnOnce() + Send>;

/// Runs on their way to the background.
struct Jobs(Mutex<Vec<Job>>);

impl Jobs {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn keep(&self, job: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(job));
    }

    fn take(&self) -> Vec<Job> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one run that was handed over.
    fn take_one(&self) -> Job {
        let mut jobs = self.take();
        assert_eq!(jobs.len(), 1, "one run was handed over");
        jobs.remove(0)
    }

    /// Runs the one run that was handed over.
    fn run_one(&self) {
        self.take_one()();
    }

    fn assert_none(&self) {
        assert_eq!(self.take().len(), 0, "no run was handed over");
    }
}

/// A body that tells when it runs, and returns what it is sent.
struct Held(Mutex<Option<(Sender<()>, Receiver<u32>)>>);

impl Held {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn open(&self) -> (Receiver<()>, Sender<u32>) {
        let ((begun, begins), (send, results)) = (channel(), channel());
        *self.0.lock().unwrap() = Some((begun, results));
        (begins, send)
    }

    fn run(&self) -> u32 {
        self.run_if_open().expect("one run is expected").expect("the test sends a result")
    }

    /// `None` if no run is expected. An error if the test sends no result.
    fn run_if_open(&self) -> Option<Result<u32, RecvTimeoutError>> {
        let (begun, results) = self.0.lock().unwrap().take()?;
        begun.send(()).expect("the test waits");
        Some(results.recv_timeout(LONG))
    }
}

/// A nanosecond less than so many seconds.
fn just_before(seconds: u64) -> Duration {
    Duration::from_nanos(seconds * 1_000_000_000 - 1)
}

/// Waits until the background has done something.
fn until(is_done: impl Fn() -> bool) {
    while !is_done() {
        thread::yield_now();
    }
}

/// Hits, misses, refreshes and their failures.
fn counts(info: CacheInfo) -> [u64; 4] {
    [info.hits, info.misses, info.refreshes, info.refresh_failures]
}

mod spawners {
    use super::*;

    #[test]
    fn without_a_function_a_refresh_runs_on_a_thread_of_the_crate() {
        static NAMES: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

        #[memoize(ttl = "10m", refresh_after = "1m")]
        fn rate(_currency: &str) -> u32 {
            NAMES.lock().unwrap().push(thread::current().name().map(str::to_owned));
            11
        }

        finishes("a thread of the crate", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", 10);
            clock.advance(just_before(60));
            assert_eq!((rate("EUR"), rate::cache_info().refreshes), (10, 0));
            clock.advance(Duration::from_nanos(1));
            assert_eq!(rate("EUR"), 10);
            until(|| rate::cache_peek("EUR") == Some(11));
            assert_eq!(rate("EUR"), 11);
            assert_eq!(counts(rate::cache_info()), [3, 0, 1, 0]);
            assert_eq!(*NAMES.lock().unwrap(), [Some("memofn-refresh".to_owned())]);
        });
    }

    #[test]
    fn threads_of_the_crate_outlive_a_body_that_panics() {
        static BROKEN: AtomicBool = AtomicBool::new(true);

        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s")]
        fn rate(n: u32) -> u32 {
            if BROKEN.load(SeqCst) {
                panic_silently("no rates today");
            }
            n + 1
        }

        finishes("panics on threads of the crate", || {
            let clock = Clock::stop();
            // More than there are threads.
            let numbers = 0..20;
            numbers.clone().for_each(|n| rate::cache_insert(n, n));
            clock.advance(60 * SECOND);
            assert!(numbers.clone().all(|n| rate(n) == n));
            until(|| rate::cache_info().refresh_failures == 20);
            assert!(numbers.clone().all(|n| rate(n) == n), "the old values stay");
            BROKEN.store(false, SeqCst);
            clock.advance(5 * SECOND);
            assert!(numbers.clone().all(|n| rate(n) == n));
            until(|| numbers.clone().all(|n| rate::cache_peek(n) == Some(n + 1)));
            assert_eq!(counts(rate::cache_info()), [60, 0, 40, 20]);
        });
    }

    /// As `std::thread::spawn` does, it returns something.
    fn on_a_thread<R: Send + 'static>(run: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        thread::Builder::new().name("a thread of the test".to_owned()).spawn(run).unwrap()
    }

    #[test]
    fn a_refresh_runs_where_the_named_function_has_it_run() {
        static NAMES: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = on_a_thread)]
        fn by_path(_currency: &str) -> u32 {
            NAMES.lock().unwrap().push(thread::current().name().map(str::to_owned));
            11
        }
        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| on_a_thread(run))]
        fn by_closure(_currency: &str) -> u32 {
            NAMES.lock().unwrap().push(thread::current().name().map(str::to_owned));
            11
        }

        finishes("a thread of the test", || {
            let clock = Clock::stop();
            by_path::cache_insert("EUR", 10);
            by_closure::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!((by_path("EUR"), by_closure("EUR")), (10, 10));
            until(|| by_path::cache_peek("EUR") == Some(11));
            until(|| by_closure::cache_peek("EUR") == Some(11));
            let name = Some("a thread of the test".to_owned());
            assert_eq!(*NAMES.lock().unwrap(), [name.clone(), name]);
        });
    }

    #[test]
    fn a_refresh_runs_on_a_pool_of_rayon() {
        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = rayon::spawn)]
        fn rate(currency: &str) -> u32 {
            assert!(rayon::current_thread_index().is_some());
            u32::try_from(currency.len()).unwrap()
        }

        finishes("a thread of rayon", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            until(|| rate::cache_peek("EUR") == Some(3));
        });
    }

    #[test]
    fn a_run_that_begins_at_once_renews_for_the_next_call() {
        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
        fn rate(currency: &str) -> u32 {
            assert_eq!(rate(currency), 10, "the old value answers during the run");
            11
        }

        finishes("an inline run", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!((rate("EUR"), rate("EUR")), (10, 11));
            assert_eq!(counts(rate::cache_info()), [3, 0, 1, 0]);
        });
    }

    /// After a run that was given up: the old value answers, and another run begins when it is time.
    macro_rules! assert_given_up {
        ($rate:ident, $clock:ident) => {
            assert_eq!($rate("EUR"), 10);
            assert_eq!(counts($rate::cache_info()), [2, 0, 1, 1]);
            $clock.advance(just_before(5));
            assert_eq!(($rate("EUR"), $rate::cache_info().refreshes), (10, 1));
            $clock.advance(Duration::from_nanos(1));
            assert_eq!(($rate("EUR"), $rate::cache_info().refreshes), (10, 2));
        };
    }

    #[test]
    fn a_run_that_is_dropped_at_once_is_tried_again_later() {
        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = drop)]
        fn rate(_currency: &str) -> u32 {
            unreachable!("all runs are dropped")
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        assert_given_up!(rate, clock);
    }

    #[test]
    fn a_run_that_is_kept_and_dropped_is_tried_again_later() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        let kept = JOBS.take_one();
        clock.advance(60 * SECOND);
        assert_eq!(counts(rate::cache_info()), [1, 0, 1, 0], "it is still under way");
        drop(kept);
        assert_given_up!(rate, clock);
        JOBS.run_one();
        assert_eq!(rate("EUR"), 11);
    }

    #[test]
    fn a_call_is_answered_though_the_function_panics_that_is_given_the_run() {
        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s",
            refresh_on = |_run| panic_silently("the pool is full"))]
        fn rate(_currency: &str) -> u32 {
            unreachable!("no run begins")
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        assert_eq!(rate::cache_info().failures, 0, "the body has not run");
        assert_given_up!(rate, clock);
    }

    #[test]
    fn a_panic_of_an_inline_run_does_not_reach_the_call() {
        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| run())]
        fn rate(_currency: &str) -> u32 {
            panic_silently("no rates today")
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        assert_given_up!(rate, clock);
    }

    #[test]
    fn a_job_that_runs_after_the_value_has_gone_fills_the_cache_again() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        clock.advance(540 * SECOND);
        assert_eq!(rate::cache_peek("EUR"), None);
        JOBS.run_one();
        assert_eq!(rate("EUR"), 11);
        assert_eq!(counts(rate::cache_info()), [2, 0, 1, 0]);
        assert_eq!((rate::cache_info().expirations, rate::cache_info().currsize), (1, 1));
    }
}

mod ends {
    use super::*;

    #[test]
    fn an_error_keeps_the_old_value_and_is_tried_again_later() {
        static JOBS: Jobs = Jobs::new();
        static RATE: Mutex<Result<u32, &str>> = Mutex::new(Err("down"));

        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> Result<u32, &'static str> {
            *RATE.lock().unwrap()
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", Ok(10));
        clock.advance(60 * SECOND);
        for failures in 1..=3 {
            assert_eq!(rate("EUR"), Ok(10));
            JOBS.run_one();
            assert_eq!(rate("EUR"), Ok(10));
            JOBS.assert_none();
            assert_eq!(counts(rate::cache_info()), [2 * failures, 0, failures, failures]);
            clock.advance(5 * SECOND);
        }
        *RATE.lock().unwrap() = Ok(11);
        assert_eq!(rate("EUR"), Ok(10));
        JOBS.run_one();
        assert_eq!(rate("EUR"), Ok(11));
        assert_eq!(counts(rate::cache_info()), [8, 0, 4, 3]);
        assert_eq!(rate::cache_info().rejected, 3);
    }

    #[test]
    fn failures_do_not_make_a_value_live_longer() {
        #[memoize(ttl = "10m", refresh_after = "9m", retry_after = "59s", refresh_on = drop)]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(540 * SECOND);
        assert_eq!(rate("EUR"), 10);
        clock.advance(59 * SECOND);
        // The next try would be after the end.
        assert_eq!(rate("EUR"), 10);
        clock.advance(just_before(1));
        assert_eq!((rate("EUR"), rate::cache_info().refreshes), (10, 2));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(rate("EUR"), 11);
        assert_eq!(counts(rate::cache_info()), [3, 1, 2, 2]);
    }

    #[test]
    fn a_result_that_is_not_to_be_stored_takes_the_old_value_with_it() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", cache_if = |rate| *rate < 100,
            refresh_on = |run| JOBS.keep(run))]
        fn refused(_currency: &str) -> u32 {
            100
        }
        #[memoize(ttl = |rate| Duration::from_secs(100_u64.saturating_sub(*rate)), refresh_after = 0.5,
            refresh_on = |run| JOBS.keep(run))]
        fn without_life(_currency: &str) -> u64 {
            100
        }

        let clock = Clock::stop();
        refused::cache_insert("EUR", 10);
        without_life::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!((refused("EUR"), without_life("EUR")), (10, 10));
        for run in JOBS.take() {
            run();
        }
        assert_eq!((refused::cache_peek("EUR"), without_life::cache_peek("EUR")), (None, None));
        for info in [refused::cache_info(), without_life::cache_info()] {
            assert_eq!(counts(info), [1, 0, 1, 0]);
            assert_eq!((info.rejected, info.currsize), (1, 0));
        }
    }

    #[test]
    fn a_result_is_not_stored_if_its_key_was_changed_during_the_run() {
        static JOBS: Jobs = Jobs::new();
        static RATE: AtomicU32 = AtomicU32::new(0);

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            RATE.load(SeqCst)
        }

        let clock = Clock::stop();
        let changes: [(fn(), Option<u32>); 5] = [
            (rate::cache_clear, None),
            (|| assert_eq!(rate::cache_remove("EUR"), Some(10)), None),
            (|| rate::cache().remove_if(|_| true), None),
            (|| rate::cache_insert("EUR", 12), Some(12)),
            (|| assert_eq!(rate::cache_refresh("EUR"), 20), Some(20)),
        ];
        for (change, stored) in changes {
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            let run = JOBS.take_one();
            RATE.store(20, SeqCst);
            change();
            RATE.store(11, SeqCst);
            run();
            assert_eq!(rate::cache_peek("EUR"), stored);
            JOBS.assert_none();
        }
    }

    #[test]
    fn an_older_refresh_by_hand_leaves_the_refresh_in_the_background_to_it() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(currency: &str) -> u32 {
            // A call during the run: a run of the key is under way.
            assert_eq!(rate(currency), 10);
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate::cache_refresh("EUR"), 11);
        JOBS.assert_none();
        assert_eq!(counts(rate::cache_info()), [1, 1, 0, 0]);
    }

    #[test]
    fn an_entry_that_is_evicted_during_its_refresh_is_stored_once() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(maxsize = 2, ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(n: u32) -> u32 {
            n + 1
        }

        let clock = Clock::stop();
        rate::cache_insert(1, 1);
        clock.advance(60 * SECOND);
        assert_eq!(rate(1), 1);
        rate::cache_insert(2, 2);
        rate::cache_insert(3, 3);
        assert_eq!(rate::cache_peek(1), None);
        JOBS.run_one();
        assert_eq!([1, 2, 3].map(rate::cache_peek), [Some(2), None, Some(3)]);
        assert_eq!((rate::cache_info().evictions, rate::cache_info().currsize), (2, 2));
    }

    #[test]
    fn the_end_of_a_refresh_is_no_use_of_its_entry() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(maxsize = 2, ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(n: u32) -> u32 {
            n + 1
        }

        let clock = Clock::stop();
        rate::cache_insert(1, 1);
        clock.advance(60 * SECOND);
        rate::cache_insert(2, 2);
        assert_eq!((rate(1), rate(2)), (1, 2));
        JOBS.run_one();
        rate::cache_insert(3, 3);
        assert_eq!([1, 2, 3].map(rate::cache_peek), [None, Some(2), Some(3)]);
    }

    #[test]
    fn a_new_life_begins_when_the_run_has_finished() {
        static JOBS: Jobs = Jobs::new();
        static HELD: Held = Held::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            HELD.run()
        }

        finishes("a long refresh", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            let (begins, results) = HELD.open();
            let run = thread::spawn(JOBS.take_one());
            begins.recv_timeout(LONG).expect("the run begins");
            clock.advance(100 * SECOND);
            results.send(11).unwrap();
            run.join().unwrap();
            clock.advance(just_before(60));
            let call = rate::cache_call("EUR");
            assert_eq!((call.value, call.status), (11, Hit));
            assert_eq!(call.age, Some(just_before(60)));
            clock.advance(Duration::from_nanos(1));
            assert_eq!(rate::cache_call("EUR").status, Refreshing);
        });
    }
}

mod callers {
    use super::*;

    #[test]
    fn sixty_four_callers_of_an_old_value_cause_one_run_and_none_of_them_waits() {
        static HELD: Held = Held::new();

        #[memoize(ttl = "10m", refresh_after = "1m")]
        fn rate(_currency: &str) -> u32 {
            HELD.run()
        }

        finishes("callers beside a refresh", || {
            let clock = Clock::stop();
            let (begins, results) = HELD.open();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            let calls: Vec<_> = (0..64).map(|_| thread::spawn(|| rate("EUR"))).collect();
            // The body has no result yet.
            assert!(calls.into_iter().all(|call| call.join().unwrap() == 10));
            begins.recv_timeout(LONG).expect("the run begins");
            assert_eq!(rate("EUR"), 10);
            results.send(11).unwrap();
            until(|| rate::cache_peek("EUR") == Some(11));
            assert_eq!(rate("EUR"), 11);
            assert_eq!(counts(rate::cache_info()), [66, 0, 1, 0]);
            assert_eq!(rate::cache_info().coalesced, 0);
        });
    }

    #[test]
    fn callers_join_a_run_that_outlasts_the_value() {
        static HELD: Held = Held::new();

        #[memoize(ttl = "10m", refresh_after = "1m")]
        fn rate(_currency: &str) -> u32 {
            HELD.run()
        }

        finishes("a refresh that outlasts the value", || {
            let clock = Clock::stop();
            let (begins, results) = HELD.open();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            begins.recv_timeout(LONG).expect("the run begins");
            clock.advance(just_before(540));
            assert_eq!(rate("EUR"), 10);
            clock.advance(Duration::from_nanos(1));
            assert_eq!(rate::cache_peek("EUR"), None);
            // Each of these comes before the end of the run or after it. None runs the body.
            let calls: Vec<_> = (0..8).map(|_| thread::spawn(|| rate::cache_call("EUR"))).collect();
            results.send(11).unwrap();
            let calls: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
            assert!(calls.iter().all(|call| call.value == 11 && call.status != Miss));
            let joined = calls.iter().filter(|call| call.status == Joined).count();
            assert_eq!(rate::cache_info().coalesced, joined as u64);
            assert_eq!(counts(rate::cache_info()), [10, 0, 1, 0]);
        });
    }

    #[test]
    fn callers_go_on_when_the_run_they_joined_panics() {
        static HELD: Held = Held::new();

        #[memoize(ttl = "10m", refresh_after = "1m")]
        fn rate(_currency: &str) -> u32 {
            match HELD.run_if_open() {
                Some(Err(_)) => panic_silently("as planned"),
                Some(Ok(result)) => result,
                None => 11,
            }
        }

        finishes("a run that panics late", || {
            let clock = Clock::stop();
            let (begins, results) = HELD.open();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            begins.recv_timeout(LONG).expect("the run begins");
            clock.advance(540 * SECOND);
            let calls: Vec<_> = (0..8).map(|_| thread::spawn(|| rate("EUR"))).collect();
            drop(results);
            assert!(calls.into_iter().all(|call| call.join().unwrap() == 11));
            assert_eq!(counts(rate::cache_info()), [8, 1, 1, 1]);
        });
    }

    #[test]
    fn a_call_takes_the_place_of_a_run_that_has_not_begun_before_the_value_expired() {
        static JOBS: Jobs = Jobs::new();
        static RUNS: AtomicU32 = AtomicU32::new(10);

        #[memoize(ttl = "10m", refresh_after = "1m", patience = unlimited, refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            RUNS.fetch_add(1, SeqCst)
        }

        finishes("a run that does not begin", || {
            let clock = Clock::stop();
            assert_eq!(rate("EUR"), 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            clock.advance(540 * SECOND);
            let calls: Vec<_> = (0..8).map(|_| thread::spawn(|| rate("EUR"))).collect();
            assert!(calls.into_iter().all(|call| call.join().unwrap() == 11));
            let run = JOBS.take_one();
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 11);
            run();
            assert_eq!(RUNS.load(SeqCst), 12, "the first run has nothing to do");
            JOBS.run_one();
            assert_eq!((rate("EUR"), RUNS.load(SeqCst)), (12, 13));
            assert_eq!(counts(rate::cache_info()), [10, 2, 2, 1]);
        });
    }

    #[test]
    fn a_run_whose_place_was_taken_does_not_put_off_the_next_attempt_when_it_is_dropped() {
        static JOBS: Jobs = Jobs::new();
        static RUNS: AtomicU32 = AtomicU32::new(0);

        #[memoize(ttl = "10m", refresh_after = "1m", stale_if_error = "1h", retry_after = "5s", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> Result<u32, &'static str> {
            RUNS.fetch_add(1, SeqCst);
            Err("down")
        }

        finishes("a run that is dropped late", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", Ok(10));
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), Ok(10));
            clock.advance(540 * SECOND);
            assert_eq!((rate("EUR"), RUNS.load(SeqCst)), (Ok(10), 1));
            clock.advance(4 * SECOND);
            drop(JOBS.take_one());
            clock.advance(SECOND);
            assert_eq!((rate("EUR"), RUNS.load(SeqCst)), (Ok(10), 2));
            assert_eq!(counts(rate::cache_info()), [1, 2, 1, 1]);
        });
    }

    #[test]
    fn without_single_flight_there_is_one_refresh_all_the_same() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", single_flight = false, refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        (0..9).for_each(|_| assert_eq!(rate("EUR"), 10));
        assert_eq!(rate::cache_call("EUR").status, Refreshing);
        let run = JOBS.take_one();
        // Beyond the end of the value each call is on its own.
        clock.advance(540 * SECOND);
        assert_eq!(rate::cache_call("EUR").status, Miss);
        run();
        assert_eq!(counts(rate::cache_info()), [10, 1, 1, 0]);
    }

    #[test]
    fn a_cache_without_room_runs_nothing_in_the_background() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(maxsize = 0, ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        for _ in 0..3 {
            assert_eq!(rate("EUR"), 11);
            clock.advance(60 * SECOND);
        }
        JOBS.assert_none();
        assert_eq!(counts(rate::cache_info()), [0, 3, 0, 0]);
    }

    #[test]
    fn a_call_tells_that_its_value_is_old_and_how_old() {
        static JOBS: Jobs = Jobs::new();
        static RATE: Mutex<Result<u32, &str>> = Mutex::new(Err("down"));

        #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> Result<u32, &'static str> {
            *RATE.lock().unwrap()
        }

        let clock = Clock::stop();
        let call = || {
            let call = rate::cache_call("EUR");
            (call.value.unwrap(), call.status, call.age.unwrap().as_secs())
        };
        rate::cache_insert("EUR", Ok(10));
        clock.advance(59 * SECOND);
        assert_eq!(call(), (10, Hit, 59));
        clock.advance(SECOND);
        assert_eq!(call(), (10, Refreshing, 60));
        clock.advance(SECOND);
        assert_eq!(call(), (10, Refreshing, 61));
        JOBS.run_one();
        assert_eq!(call(), (10, Hit, 61));
        clock.advance(5 * SECOND);
        assert_eq!(call(), (10, Refreshing, 66));
        *RATE.lock().unwrap() = Ok(11);
        JOBS.run_one();
        assert_eq!(call(), (11, Hit, 0));
        assert_eq!(counts(rate::cache_info()), [6, 0, 2, 1]);
    }

    #[test]
    fn every_kind_of_call_has_an_old_value_renewed_by_the_body_of_the_function() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(maxsize = 2, ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(currency: u32) -> u32 {
            currency + 10
        }

        fn unneeded() -> u32 {
            unreachable!("the old value answers")
        }
        type Call = fn() -> u32;
        let calls: [Call; 7] = [
            || rate(1),
            || rate::cache_call(1).value,
            || rate::cache().get_or_compute(1, unneeded),
            || rate::cache().get_or_try_compute(1, || Ok::<_, ()>(unneeded())).unwrap(),
            || rate::cache().get_or_compute_by_ref(&1, unneeded),
            || rate::cache().get_many_or_compute([1], |_| vec![unneeded()])[0],
            || block_on(rate::cache().get_or_compute_async(1, async || unneeded())),
        ];
        let clock = Clock::stop();
        for call in calls {
            rate::cache_clear();
            rate::cache_insert(1, 1);
            clock.advance(60 * SECOND);
            assert_eq!((call(), call()), (1, 1));
            JOBS.run_one();
            assert_eq!((call(), counts(rate::cache_info())), (11, [3, 0, 1, 0]));
        }
    }

    #[test]
    fn a_call_for_many_values_has_the_old_ones_renewed() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(currency: u32) -> u32 {
            currency + 10
        }

        let clock = Clock::stop();
        (0..3).for_each(|n| rate::cache_insert(n, n));
        clock.advance(60 * SECOND);
        rate::cache_insert(1, 1);
        let many = || rate::cache().get_many_or_compute(0..5, <[u32]>::to_vec);
        assert_eq!(many(), [0, 1, 2, 3, 4]);
        let jobs = JOBS.take();
        assert_eq!(jobs.len(), 2);
        for run in jobs {
            run();
        }
        assert_eq!(many(), [10, 1, 12, 3, 4]);
        assert_eq!(counts(rate::cache_info()), [8, 2, 2, 0]);
    }

    #[test]
    fn a_value_that_was_made_old_answers_once_more_and_is_renewed() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let _clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        assert!(rate::cache_expire("EUR"));
        assert_eq!((rate("EUR"), rate("EUR")), (10, 10));
        // What began before is not stored, and the value is old again.
        assert!(rate::cache_expire("EUR"));
        let outdated = JOBS.take_one();
        assert_eq!(rate("EUR"), 10);
        outdated();
        assert_eq!((rate("EUR"), rate::cache_info().outdated), (10, 1));
        JOBS.run_one();
        assert_eq!(rate("EUR"), 11);
    }

    #[test]
    fn a_look_starts_no_refresh() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate::cache_peek("EUR"), Some(10));
        assert_eq!(rate::cache().iter().count(), 1);
        JOBS.assert_none();
    }
}

mod bodies {
    use super::*;

    #[test]
    fn a_body_that_calls_its_own_key_gets_the_old_value_and_later_runs_beside_itself() {
        static JOBS: Jobs = Jobs::new();
        static HELD: Held = Held::new();
        static RUNS: AtomicU32 = AtomicU32::new(0);

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(currency: &str) -> u32 {
            if RUNS.fetch_add(1, SeqCst) > 0 {
                return 20;
            }
            let (old, one) = (rate(currency), HELD.run());
            // The old value has gone, and this very run is the one to wait for.
            old + one + rate(currency)
        }

        finishes("a refresh that calls its own key", || {
            let clock = Clock::stop();
            rate::cache_insert("EUR", 10);
            clock.advance(60 * SECOND);
            assert_eq!(rate("EUR"), 10);
            let (begins, results) = HELD.open();
            let run = thread::spawn(JOBS.take_one());
            begins.recv_timeout(LONG).expect("the run begins");
            clock.advance(540 * SECOND);
            results.send(1).unwrap();
            run.join().unwrap();
            assert_eq!(RUNS.load(SeqCst), 2);
            assert!([20, 31].contains(&rate("EUR")));
            JOBS.assert_none();
        });
    }

    #[test]
    fn a_body_may_clear_its_own_cache() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn rate(_currency: &str) -> u32 {
            rate::cache_clear();
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        assert_eq!(rate("EUR"), 10);
        JOBS.run_one();
        assert_eq!(rate::cache_peek("EUR"), None);
        assert_eq!((counts(rate::cache_info()), rate::cache_info().outdated), ([0; 4], 1));
    }

    #[test]
    fn a_body_may_have_other_values_refreshed() {
        static JOBS: Jobs = Jobs::new();

        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
        fn sum(n: u32) -> u32 {
            if n == 0 { 0 } else { n + sum(n - 1) }
        }

        let clock = Clock::stop();
        assert_eq!(sum(3), 6);
        clock.advance(60 * SECOND);
        assert_eq!(sum(3), 6);
        for _ in 0..4 {
            JOBS.run_one();
        }
        JOBS.assert_none();
        assert_eq!((0..4).map(sum).sum::<u32>(), 10);
        assert_eq!(counts(sum::cache_info()), [8, 4, 4, 0]);
    }
}

mod by_caller {
    use super::*;

    static RUNS: AtomicU32 = AtomicU32::new(10);

    /// `refresh_on = caller`: what cannot be made from a key is no obstacle.
    macro_rules! refreshed_by_caller {
        ($($test:ident [$($option:tt)*] ($($arg:ident: $type:ty = $value:expr),*);)*) => {$(
            #[test]
            fn $test() {
                #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = caller, $($option)*)]
                fn rate($($arg: $type),*) -> Result<u32, u32> {
                    $(let _ = $arg;)*
                    match RUNS.fetch_add(1, SeqCst) {
                        run if run % 2 == 0 => Ok(run),
                        run => Err(run),
                    }
                }

                let clock = Clock::stop();
                RUNS.store(10, SeqCst);
                assert_eq!(rate($($value),*), Ok(10));
                clock.advance(60 * SECOND);
                assert_eq!(rate($($value),*), Err(11), "the caller gets what its run returns");
                assert_eq!(rate($($value),*), Ok(10), "the others get the old value");
                clock.advance(5 * SECOND);
                assert_eq!(rate($($value),*), Ok(12));
                assert_eq!(rate($($value),*), Ok(12));
                assert_eq!(counts(rate::cache_info()), [2, 3, 2, 1]);
            }
        )*};
    }

    refreshed_by_caller! {
        a_plain_function []();
        a_function_of_one_thread [scope = "thread"](currency: &str = "EUR");
        an_argument_that_is_skipped [skip(log)](currency: &str = "EUR", log: &mut Vec<u8> = &mut Vec::new());
        a_key_of_a_part [key = currency.len()](currency: &str = "EUR");
        an_argument_that_is_changed [key = currency.clone()](currency: &mut String = &mut "EUR".to_owned());
        an_argument_that_lives_forever [](currency: &'static str = "EUR");
        an_argument_of_references [](currencies: &[&str] = &["EUR", "NOK"]);
        without_single_flight [single_flight = false](currency: &str = "EUR");
    }

    #[test]
    fn the_status_of_the_caller_that_runs_the_body_is_a_miss() {
        #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = caller)]
        fn rate(currency: &str) -> u32 {
            assert_eq!(rate::cache_call(currency).status, Refreshing);
            11
        }

        let clock = Clock::stop();
        rate::cache_insert("EUR", 10);
        clock.advance(60 * SECOND);
        let call = rate::cache_call("EUR");
        assert_eq!((call.value, call.status, call.age), (11, Miss, Some(Duration::ZERO)));
        assert_eq!(rate::cache_call("EUR").status, Hit);
        assert_eq!(counts(rate::cache_info()), [2, 1, 1, 0]);
    }
}
