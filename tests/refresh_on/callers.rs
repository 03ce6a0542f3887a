//! The callers get old values until a run has ended.

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
    // A run that began before is not stored, and the value is old again.
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
