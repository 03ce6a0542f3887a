//! Where the runs go.

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
        let _clock = refreshing!(rate);
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

    let clock = refreshing!(rate);
    assert_given_up!(rate, clock);
}

#[test]
fn a_run_that_is_kept_and_dropped_is_tried_again_later() {
    static JOBS: Jobs = Jobs::new();

    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| JOBS.keep(run))]
    fn rate(_currency: &str) -> u32 {
        11
    }

    let clock = refreshing!(rate);
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

    let clock = refreshing!(rate);
    assert_eq!(rate::cache_info().failures, 0, "the body has not run");
    assert_given_up!(rate, clock);
}

#[test]
fn a_panic_of_an_inline_run_does_not_reach_the_call() {
    #[memoize(ttl = "10m", refresh_after = "1m", retry_after = "5s", refresh_on = |run| run())]
    fn rate(_currency: &str) -> u32 {
        panic_silently("no rates today")
    }

    let clock = refreshing!(rate);
    assert_given_up!(rate, clock);
}

#[test]
fn a_job_that_runs_after_the_value_has_gone_fills_the_cache_again() {
    static JOBS: Jobs = Jobs::new();

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| JOBS.keep(run))]
    fn rate(_currency: &str) -> u32 {
        11
    }

    let clock = refreshing!(rate);
    clock.advance(540 * SECOND);
    assert_eq!(rate::cache_peek("EUR"), None);
    JOBS.run_one();
    assert_eq!(rate("EUR"), 11);
    assert_eq!(counts(rate::cache_info()), [2, 0, 1, 0]);
    assert_eq!((rate::cache_info().expirations, rate::cache_info().currsize), (1, 1));
}
