//! Bodies that use their own cache.

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
        let clock = refreshing!(rate);
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

    let _clock = refreshing!(rate);
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
