//! `refresh_on = caller`: a caller runs the body itself.

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
