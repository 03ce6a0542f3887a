//! How the runs end.

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
        let clock = refreshing!(rate);
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
