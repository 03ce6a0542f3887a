//! Lives that differ: `ttl = |value| ..`, `jitter`, `err_ttl`.

#![allow(
    clippy::items_after_statements,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "functions of every kind are memoized, and tables of them called"
)]

mod common;

use common::{counts, finishes, panic_of, panic_silently};
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, CacheInfo, memoize, scope};
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// In nanoseconds. Time has an end, and the tests of a process share it.
const YEAR: u64 = 365 * 86_400 * 1_000_000_000;

/// A nanosecond less.
fn just_before(moment: Duration) -> Duration {
    moment.saturating_sub(Duration::from_nanos(1))
}

/// Something that is valid for so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    seconds: u64,
}

impl Token {
    fn valid(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[test]
fn each_value_says_how_long_it_answers() {
    #[memoize(ttl = |token| token.valid())]
    fn shared(seconds: u64) -> Token {
        Token { seconds }
    }
    #[memoize(ttl = |token| token.valid(), scope = "thread")]
    fn local(seconds: u64) -> Token {
        Token { seconds }
    }
    #[memoize(ttl = |token| token.valid())]
    async fn polled(seconds: u64) -> Token {
        Token { seconds }
    }

    type Calls = (fn(u64) -> Token, fn() -> CacheInfo);
    let clock = Clock::stop();
    let calls: [Calls; 3] = [
        (shared, shared::cache_info),
        (local, local::cache_info),
        (|seconds| block_on(polled(seconds)), polled::cache_info),
    ];
    for (f, info) in calls {
        for seconds in [3, 1, 2] {
            f(seconds);
        }
        clock.advance(just_before(SECOND));
        for seconds in [3, 1, 2] {
            f(seconds);
        }
        assert_eq!(counts(info()), (3, 3, Some(128), 3));
        for (currsize, expirations) in [(2, 1), (1, 2), (0, 3)] {
            clock.advance(SECOND);
            assert_eq!((info().currsize, info().expirations), (currsize, expirations));
        }
        f(1);
        assert_eq!(info().misses, 4);
    }
}

#[test]
fn every_way_to_store_a_value_asks_for_its_life_once() {
    static ASKED: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = |token| { ASKED.fetch_add(1, Relaxed); token.valid() })]
    fn token(id: u32) -> Token {
        Token { seconds: u64::from(id) }
    }

    let clock = Clock::stop();
    let asked = |by: u32| {
        assert_eq!(ASKED.swap(0, Relaxed), by);
    };
    token(9);
    asked(1);
    token(9);
    asked(0);
    token::cache_refresh(9);
    asked(1);
    token::cache_insert(1, Token { seconds: 2 });
    asked(1);
    let cache = token::cache();
    cache.insert(2, Token { seconds: 1 });
    asked(1);
    cache.get_or_compute(3, || Token { seconds: 3 });
    asked(1);
    let computed = |ids: &[u32]| ids.iter().map(|_| Token { seconds: 1 }).collect::<Vec<_>>();
    cache.get_many_or_compute([4, 5], computed);
    asked(2);
    cache.extend([(6, Token { seconds: 2 })]);
    asked(1);
    clock.advance(SECOND);
    let mut left: Vec<u32> = cache.iter().map(|entry| *entry.key()).collect();
    left.sort_unstable();
    assert_eq!(left, [1, 3, 6, 9]);
}

#[test]
fn a_value_with_no_life_is_returned_and_takes_out_what_was_stored() {
    thread_local! {
        static SECONDS: Cell<u64> = const { Cell::new(5) };
    }

    #[memoize(ttl = |token| token.valid())]
    fn token() -> Token {
        Token { seconds: SECONDS.get() }
    }

    let _clock = Clock::stop();
    token();
    SECONDS.set(0);
    assert_eq!(token::cache_refresh(), Token { seconds: 0 });
    assert_eq!(token::cache_peek(), None);
    assert_eq!((token::cache_info().rejected, token::cache_info().currsize), (1, 0));
    assert_eq!(token(), Token { seconds: 0 });
    assert_eq!(counts(token::cache_info()), (0, 3, Some(128), 0));
    assert_eq!(token::cache_info().rejected, 2);

    token::cache_insert(Token { seconds: 5 });
    assert_eq!(token::cache_peek(), Some(Token { seconds: 5 }));
    token::cache_insert(Token { seconds: 0 });
    assert_eq!(token::cache_peek(), None);
    assert_eq!((token::cache_info().rejected, token::cache_info().expirations), (3, 0));
}

#[test]
fn the_longest_life_lasts_forever() {
    #[memoize(ttl = |life| *life)]
    fn life(nanos: Option<u64>) -> Duration {
        nanos.map_or(Duration::MAX, Duration::from_nanos)
    }

    let clock = Clock::stop();
    life(None);
    life(Some(YEAR));
    clock.advance(Duration::from_nanos(YEAR));
    assert_eq!((life::cache_peek(None), life::cache_info().currsize), (Some(Duration::MAX), 1));
}

#[test]
fn a_panic_about_the_life_is_a_panic_of_the_body() {
    thread_local! {
        static PANICS: Cell<bool> = const { Cell::new(true) };
    }
    fn life(_: &u32) -> Duration {
        if PANICS.get() {
            panic_silently("no life")
        }
        SECOND
    }

    #[memoize(ttl = |n| life(n))]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = |n| life(n), scope = "thread")]
    fn local(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = |n| life(n))]
    async fn polled(n: u32) -> u32 {
        n
    }

    let _clock = Clock::stop();
    let calls: [(fn(u32) -> u32, fn() -> CacheInfo); 3] = [
        (shared, shared::cache_info),
        (local, local::cache_info),
        (|n| block_on(polled(n)), polled::cache_info),
    ];
    for (f, info) in calls {
        PANICS.set(true);
        assert_eq!(panic_of(|| f(1)), "no life");
        assert_eq!(info().currsize, 0);
        PANICS.set(false);
        assert_eq!((f(1), f(1)), (1, 1));
        assert_eq!((info().hits, info().currsize), (1, 1));
    }
    PANICS.set(true);
    assert_eq!(panic_of(|| shared::cache_insert(2, 7)), "no life");
    assert_eq!(shared::cache_peek(2), None);
}

#[test]
fn the_life_of_a_result_is_that_of_its_value() {
    #[memoize(ttl = |token| token.valid())]
    fn token(seconds: u64) -> Result<Token, String> {
        if seconds == 9 { Err("nine".to_owned()) } else { Ok(Token { seconds }) }
    }
    type Alias<T> = std::io::Result<T>;
    #[memoize(ttl = |token| token.valid())]
    fn behind_an_alias(seconds: u64) -> Alias<Token> {
        Ok(Token { seconds })
    }
    #[memoize(cache_if = |_| true, ttl = |result| match result {
        Ok(token) => token.valid(),
        Err(_) => SECOND,
    })]
    fn whole(seconds: u64) -> Result<Token, String> {
        token::uncached(seconds)
    }
    #[memoize(ttl = |found| if found.is_some() { 9 * SECOND } else { SECOND })]
    fn found(n: u64) -> Option<u64> {
        (n > 5).then_some(n)
    }

    let clock = Clock::stop();
    for seconds in [2, 9] {
        let _ = (token(seconds), whole(seconds), found(seconds));
    }
    assert!(behind_an_alias(1).is_ok());
    assert_eq!((token::cache_info().currsize, whole::cache_info().currsize), (1, 2));
    clock.advance(SECOND);
    assert_eq!((token::cache_info().currsize, whole::cache_info().currsize), (1, 1));
    assert_eq!((found::cache_peek(2), found::cache_peek(9)), (None, Some(Some(9))));
    assert_eq!(behind_an_alias::cache_info().currsize, 0);
    clock.advance(SECOND);
    assert_eq!((token::cache_info().currsize, whole::cache_info().currsize), (0, 0));
}

#[test]
fn functions_of_every_kind_have_lives_by_value() {
    struct Desk(u64);

    #[memoize]
    impl Desk {
        #[memoize(ttl = |token| token.valid(), skip(self))]
        fn token(&self, more: u64) -> Token {
            Token { seconds: self.0 + more }
        }
        #[memoize(ttl = |token| token.valid())]
        fn made(seconds: u64) -> Token {
            Token { seconds }
        }
    }
    #[memoize(ttl = |values| Duration::from_secs(values.len() as u64))]
    fn repeated<T: Clone + Eq + Hash + Send + Sync + 'static>(value: T, n: usize) -> Vec<T> {
        vec![value; n]
    }
    #[memoize(ttl = |text| Duration::from_secs(text.len() as u64), key = text.len())]
    fn by_key(text: &str) -> String {
        text.to_owned()
    }

    let clock = Clock::stop();
    Desk(1).token(1);
    Desk::made(1);
    repeated(1_u8, 1);
    repeated("one", 2);
    by_key("a");
    clock.advance(SECOND);
    assert_eq!((Desk::token_cache().len(), Desk::made_cache().len()), (1, 0));
    assert_eq!(repeated::<u8>::cache_info().currsize, 0);
    assert_eq!(repeated::<&str>::cache_info().currsize, 1);
    assert_eq!(by_key::cache_info().currsize, 0);
}

#[test]
fn no_lock_is_held_while_a_value_is_asked_for_its_life() {
    #[memoize(ttl = |n| { if *n > 0 { down(n - 1); } down::cache_remove(9); SECOND })]
    fn down(n: u32) -> u32 {
        n
    }

    finishes("a life that calls the function", || {
        let _clock = Clock::stop();
        assert_eq!(down(3), 3);
        assert_eq!(counts(down::cache_info()), (0, 4, Some(128), 4));
        down::cache_clear();
        down::cache_insert(2, 2);
        assert_eq!(counts(down::cache_info()), (0, 2, Some(128), 3));
    });
}

#[test]
fn waiters_get_a_value_that_is_not_stored_for_lack_of_life() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = |_| Duration::ZERO, skip(started, go))]
    fn value(key: u8, started: &(dyn Fn() + Sync), go: &(dyn Fn() + Sync)) -> String {
        RUNS.fetch_add(1, Relaxed);
        started();
        go();
        key.to_string()
    }

    finishes("waiters", || {
        let _clock = Clock::stop();
        let (has_started, is_started) = channel();
        let (let_go, may_go) = channel::<()>();
        let (may_go, has_started) = (Mutex::new(may_go), Mutex::new(has_started));
        thread::scope(|threads| {
            let started = || has_started.lock().unwrap().send(()).unwrap();
            let go = || may_go.lock().unwrap().recv().unwrap();
            threads.spawn(move || value(1, &started, &go));
            is_started.recv().unwrap();
            let waiter = threads.spawn(|| value(1, &|| (), &|| ()));
            // Once it is asked for, the run has a waiter, or the waiter comes too late and runs the body itself.
            let_go.send(()).unwrap();
            assert_eq!(waiter.join().unwrap(), "1");
        });
        let info = value::cache_info();
        let runs = u64::from(RUNS.load(Relaxed));
        assert_eq!((info.misses, info.rejected, info.currsize), (runs, runs, 0));
        assert_eq!(info.hits + info.misses, 2);
    });
}

#[test]
fn a_cache_by_hand_has_lives_by_value_too() {
    let clock = Clock::stop();
    let shared: Cache<u64, Token> = Cache::builder().ttl_with(Token::valid).build();
    let local: Cache<u64, Token, scope::Thread> =
        Cache::builder().ttl_with(|token: &Token| token.valid()).build_for_thread();
    shared.get_or_compute(1, || Token { seconds: 1 });
    shared.insert(2, Token { seconds: 2 });
    local.get_or_compute(1, || Token { seconds: 1 });
    assert_eq!(shared.get_or_try_compute(3, || Err::<Token, u8>(7)), Err(7));

    #[memoize(cache = *cache)]
    fn given(seconds: u64, cache: &Cache<u64, Token>) -> Token {
        Token { seconds }
    }
    given(3, &shared);
    let closure = Cache::builder()
        .ttl_with(|token: &Token| token.valid())
        .memoize_fn(|seconds| Token { seconds });
    let here = closure.clone().here();
    let _ = (closure.call(1), here.call(1));

    clock.advance(SECOND);
    assert_eq!((shared.len(), local.len()), (2, 0));
    assert_eq!((closure.cache().len(), here.cache().len()), (0, 0));
    clock.advance(SECOND);
    assert_eq!((shared.len(), shared.contains_key(&3)), (1, true));
    let named: Cache<u64, Token> =
        Cache::builder().ttl_with(Token::valid).name("tokens by hand").build();
    let report = memofn::report().to_string();
    let row = report.lines().find(|line| line.starts_with("tokens by hand"));
    assert!(row.is_some_and(|row| row.ends_with("by value")), "{report}");
    drop(named);
    let parameters = shared.parameters();
    assert!(parameters.ttl_by_value && parameters.ttl.is_none());
    assert_eq!(parameters.to_string(), r#"maxsize = 128, ttl = |value| .., scope = "shared""#);
}

#[test]
fn of_two_times_to_live_the_last_one_counts() {
    let clock = Clock::stop();
    let constant: Cache<u8, Token> = Cache::builder().ttl_with(Token::valid).ttl(SECOND).build();
    let by_value: Cache<u8, Token> = Cache::builder().ttl(SECOND).ttl_with(Token::valid).build();
    for cache in [&constant, &by_value] {
        cache.insert(1, Token { seconds: 2 });
    }
    clock.advance(SECOND);
    assert_eq!((constant.len(), by_value.len()), (0, 1));
}

#[test]
fn the_age_of_a_value_is_known_whatever_its_life() {
    #[memoize(ttl = |life| *life)]
    fn life(of: Duration) -> Duration {
        of
    }

    let clock = Clock::stop();
    for of in [Duration::MAX, 9 * SECOND] {
        life(of);
        clock.advance(3 * SECOND);
        assert_eq!(life::cache_call(of).age, Some(3 * SECOND));
    }
}

#[test]
fn a_test_says_how_much_jitter_there_is() {
    #[memoize(ttl = "10m", jitter = "1m")]
    fn shared(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = "10m", jitter = "1m", scope = "thread")]
    fn local(n: u32) -> u32 {
        n
    }

    let clock = Clock::stop();
    for (part, life) in [(0.0, 600), (0.5, 570), (-1.0, 600), (f64::NAN, 600)] {
        clock.jitter(part);
        let _ = (shared(1), local(1));
        clock.advance(just_before(life * SECOND));
        assert_eq!((shared::cache_info().currsize, local::cache_info().currsize), (1, 1));
        clock.advance(Duration::from_nanos(1));
        assert_eq!((shared::cache_info().currsize, local::cache_info().currsize), (0, 0));
    }
    for all in [1.0, 2.0] {
        clock.jitter(all);
        shared(1);
        clock.advance(540 * SECOND);
        assert_eq!(shared::cache_peek(1), Some(1), "jitter is less than its option");
        clock.advance(Duration::from_nanos(1));
        assert_eq!(shared::cache_peek(1), None);
    }
    drop(clock);
    let clock = Clock::stop();
    shared(1);
    clock.advance(just_before(600 * SECOND));
    assert_eq!(shared::cache_peek(1), Some(1), "each test begins without jitter");
}

#[test]
fn half_of_a_short_life_is_left_and_the_longest_one_stays_forever() {
    #[memoize(ttl = |life| *life, jitter = "1m")]
    fn life(of: Duration) -> Duration {
        of
    }

    let clock = Clock::stop();
    clock.jitter(1.0);
    for of in [Duration::MAX, 60 * SECOND, 61 * SECOND, 2 * SECOND, Duration::from_nanos(1)] {
        life(of);
    }
    let currsize = || life::cache_info().currsize;
    assert_eq!(currsize(), 5);
    for (life, left) in [(Duration::from_nanos(1), 4), (SECOND, 2), (29 * SECOND, 1)] {
        clock.advance(life);
        assert_eq!(currsize(), left);
    }
    clock.advance(Duration::from_nanos(YEAR));
    assert_eq!(life::cache_peek(Duration::MAX), Some(Duration::MAX));
    let parameters = life::cache_parameters().to_string();
    assert!(parameters.contains(r#", ttl = |value| .., jitter = "1m", "#), "{parameters}");
}

#[test]
fn a_jitter_that_is_too_long_leaves_half_of_each_life_and_one_without_ttl_does_nothing() {
    let clock = Clock::stop();
    clock.jitter(1.0);
    let long: Cache<u32, u32> = Cache::builder().ttl(2 * SECOND).jitter(9 * SECOND).build();
    let alone: Cache<u32, u32> = Cache::builder().jitter(9 * SECOND).build();
    for cache in [&long, &alone] {
        cache.insert(1, 1);
    }
    clock.advance(SECOND);
    assert!(long.contains_key(&1));
    clock.advance(Duration::from_nanos(1));
    assert!(!long.contains_key(&1));
    clock.advance(100 * SECOND);
    assert!(alone.contains_key(&1));
}

thread_local! {
    /// What the functions below return next.
    static NEXT: Cell<Result<u32, Failure>> = const { Cell::new(Ok(0)) };
}

/// An error. It needs no more than `Clone`, and `Send` and `Sync` where threads share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure(u32);

#[test]
fn an_error_answers_for_as_long_as_err_ttl_says() {
    type Alias<T> = Result<T, Failure>;
    #[memoize(ttl = "1h", err_ttl = "5s")]
    fn shared(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }
    #[memoize(ttl = "1h", err_ttl = "5s", scope = "thread")]
    fn local(_: u8) -> Alias<u32> {
        NEXT.get()
    }
    #[memoize(ttl = "1h", err_ttl = "5s")]
    async fn polled(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }

    type Calls = (fn(u8) -> Result<u32, Failure>, fn() -> CacheInfo);
    let clock = Clock::stop();
    let calls: [Calls; 3] = [
        (shared, shared::cache_info),
        (local, local::cache_info),
        (|n| block_on(polled(n)), polled::cache_info),
    ];
    for (f, info) in calls {
        NEXT.set(Err(Failure(1)));
        assert_eq!((f(1), f(1)), (Err(Failure(1)), Err(Failure(1))));
        assert_eq!(counts(info()), (1, 1, Some(128), 1));
        clock.advance(just_before(5 * SECOND));
        NEXT.set(Ok(2));
        assert_eq!(f(1), Err(Failure(1)));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(f(1), Ok(2));
        clock.advance(3599 * SECOND);
        assert_eq!(f(1), Ok(2));
        clock.advance(SECOND);
        assert_eq!(info().currsize, 0);
        assert_eq!((info().rejected, info().expirations), (0, 2));
    }
    NEXT.set(Err(Failure(1)));
    let _ = shared(1);
    assert_eq!(shared::cache_peek(1), Some(Err(Failure(1))));
    assert_eq!(shared::cache_remove(1), Some(Err(Failure(1))));
    let _: &Cache<u8, Result<u32, Failure>> = shared::cache();
    let parameters = shared::cache_parameters();
    assert_eq!(parameters.err_ttl, Some(5 * SECOND));
    assert!(parameters.to_string().contains(r#", ttl = "1h", err_ttl = "5s", "#), "{parameters}");
}

#[test]
fn an_error_of_a_refresh_leaves_the_value_that_still_answers() {
    #[memoize(ttl = "1m", err_ttl = "1h")]
    fn shared(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }
    #[memoize(ttl = "1m", err_ttl = "1h", scope = "thread")]
    fn local(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }

    type Calls = [fn(u8) -> Result<u32, Failure>; 2];
    let clock = Clock::stop();
    let shared: (Calls, fn() -> CacheInfo) = ([shared, shared::cache_refresh], shared::cache_info);
    let local: (Calls, fn() -> CacheInfo) = ([local, local::cache_refresh], local::cache_info);
    for ([f, refresh], info) in [shared, local] {
        NEXT.set(Ok(1));
        assert_eq!(f(1), Ok(1));
        NEXT.set(Err(Failure(2)));
        assert_eq!(refresh(1), Err(Failure(2)));
        assert_eq!((f(1), info().rejected), (Ok(1), 1));
        // Its life goes on from where it began, and then the error is stored.
        clock.advance(60 * SECOND);
        assert_eq!((refresh(1), f(1)), (Err(Failure(2)), Err(Failure(2))));
        NEXT.set(Err(Failure(3)));
        assert_eq!((refresh(1), f(1)), (Err(Failure(3)), Err(Failure(3))));
        NEXT.set(Ok(4));
        assert_eq!((refresh(1), f(1)), (Ok(4), Ok(4)));
        assert_eq!((info().rejected, info().currsize), (1, 1));
    }
}

#[test]
fn what_is_inserted_by_hand_is_stored_even_if_it_is_an_error() {
    #[memoize(err_ttl = "5s")]
    fn f(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }

    let clock = Clock::stop();
    f::cache_insert(1, Ok(1));
    f::cache_insert(1, Err(Failure(2)));
    assert_eq!(f::cache_peek(1), Some(Err(Failure(2))));
    f::cache().insert(2, Err(Failure(2)));
    f::cache().insert(3, Ok(3));
    clock.advance(5 * SECOND);
    assert_eq!((f::cache_peek(1), f::cache_peek(2)), (None, None));
    clock.advance(Duration::from_nanos(YEAR));
    assert_eq!(f::cache_peek(3), Some(Ok(3)), "without `ttl` a value stays");
}

#[test]
fn a_closure_for_ttl_gives_the_lives_of_the_results_that_are_no_errors() {
    #[memoize(ttl = |result| Duration::from_secs(result.map_or(0, u64::from)), err_ttl = "5s")]
    fn f(n: u32) -> Result<u32, Failure> {
        if n == 9 { Err(Failure(n)) } else { Ok(n) }
    }

    let clock = Clock::stop();
    for n in [0, 1, 9] {
        let _ = f(n);
    }
    assert_eq!((f::cache_info().currsize, f::cache_info().rejected), (2, 1));
    clock.advance(SECOND);
    assert_eq!((f::cache_peek(1), f::cache_peek(9)), (None, Some(Err(Failure(9)))));
    clock.advance(4 * SECOND);
    assert_eq!(f::cache_info().currsize, 0);
}

#[test]
fn jitter_leaves_the_lives_of_errors_alone() {
    #[memoize(ttl = "10s", jitter = "9s", err_ttl = "9s")]
    fn f(n: u32) -> Result<u32, Failure> {
        if n == 9 { Err(Failure(n)) } else { Ok(n) }
    }

    let clock = Clock::stop();
    clock.jitter(1.0);
    let _ = (f(1), f(9));
    clock.advance(just_before(9 * SECOND));
    assert_eq!((f::cache_peek(1), f::cache_peek(9)), (None, Some(Err(Failure(9)))));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(f::cache_info().currsize, 0);
}

#[test]
fn an_error_without_a_life_is_not_stored() {
    #[memoize(err_ttl = "0s")]
    fn f(_: u8) -> Result<u32, Failure> {
        NEXT.get()
    }

    let _clock = Clock::stop();
    NEXT.set(Err(Failure(1)));
    assert_eq!((f(1), f(1)), (Err(Failure(1)), Err(Failure(1))));
    assert_eq!((f::cache_info().misses, f::cache_info().rejected), (2, 2));
    NEXT.set(Ok(1));
    let _ = f(1);
    NEXT.set(Err(Failure(1)));
    let _ = f::cache_refresh(1);
    assert_eq!(f(1), Ok(1));
}

#[test]
fn waiters_of_an_error_get_it_and_it_is_stored_once() {
    const WAITERS: usize = 4;
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(err_ttl = "1h", skip(started, go))]
    fn f(_: Seen, started: &(dyn Fn() + Sync), go: &(dyn Fn() + Sync)) -> Result<u32, Failure> {
        started();
        go();
        Err(Failure(RUNS.fetch_add(1, Relaxed)))
    }

    finishes("waiters", || {
        let _clock = Clock::stop();
        let (has_started, is_started) = channel();
        let (has_compared, is_compared) = channel();
        let (let_go, may_go) = channel::<()>();
        let (may_go, has_started) = (Mutex::new(may_go), Mutex::new(has_started));
        let has_compared = Arc::new(Mutex::new(has_compared));
        thread::scope(|threads| {
            let started = || has_started.lock().unwrap().send(()).unwrap();
            let go = || may_go.lock().unwrap().recv().unwrap();
            let leader = threads.spawn(move || f(Seen(None), &started, &go));
            is_started.recv().unwrap();
            let waiters: Vec<_> = (0..WAITERS)
                .map(|_| {
                    let seen = Seen(Some(Arc::clone(&has_compared)));
                    threads.spawn(move || f(seen, &|| (), &|| ()))
                })
                .collect();
            // Each has found the run, and joins it, or finds the error stored.
            (0..WAITERS).for_each(|_| is_compared.recv().unwrap());
            let_go.send(()).unwrap();
            assert_eq!(leader.join().unwrap(), Err(Failure(0)));
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Err(Failure(0)));
            }
        });
        let info = f::cache_info();
        assert_eq!(counts(info), (4, 1, Some(128), 1));
        assert_eq!(info.rejected, 0);
    });
}

/// A key that tells when it is compared.
#[derive(Clone)]
struct Seen(Option<Arc<Mutex<Sender<()>>>>);

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        for seen in [self, other].into_iter().filter_map(|it| it.0.as_ref()) {
            seen.lock().unwrap().send(()).unwrap();
        }
        true
    }
}

impl Eq for Seen {}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn a_cache_of_one_thread_keeps_errors_that_cannot_be_sent() {
    #[memoize(err_ttl = "5s", scope = "thread")]
    fn f(n: u32) -> Result<u32, Rc<str>> {
        Err(n.to_string().into())
    }

    let _clock = Clock::stop();
    assert!(Rc::ptr_eq(&f(1).unwrap_err(), &f(1).unwrap_err()));
}

/// Time stands while the threads call, and moves between two rounds.
#[test]
fn no_thread_gets_a_value_that_has_expired_nor_loses_one_that_has_not() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = if cfg!(debug_assertions) { 200 } else { 2_000 };
    const KEYS: u64 = 64;
    const CALLS: u64 = 100;

    /// When a value was computed, and how long it lives, in nanoseconds.
    #[derive(Debug, Clone, Copy)]
    struct Dated(u64, u64);

    fn life(random: u64) -> u64 {
        match random % 8 {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            _ => (random % 4096) >> ((random >> 16) % 12),
        }
    }

    finishes("threads", || {
        let clock = Clock::stop();
        let cache: Cache<u64, Dated> = Cache::builder()
            .unbounded()
            .ttl_with(
                |it: &Dated| {
                    if it.1 == u64::MAX { Duration::MAX } else { Duration::from_nanos(it.1) }
                },
            )
            .build();
        let (now, barrier) = (AtomicU64::new(0), Barrier::new(THREADS + 1));
        let stored: Mutex<HashMap<u64, Dated>> = Mutex::default();
        thread::scope(|threads| {
            for (_, seed) in (0..THREADS).zip(0..) {
                let (cache, now, barrier, stored) = (&cache, &now, &barrier, &stored);
                threads.spawn(move || {
                    let mut random: u64 = seed;
                    for _ in 0..ROUNDS {
                        barrier.wait();
                        let now = now.load(Relaxed);
                        for _ in 0..CALLS {
                            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                            let found = cache.get_or_compute(random >> 33 & (KEYS - 1), || {
                                let dated = Dated(now, life(random >> 20));
                                if dated.1 > 0 {
                                    let key = random >> 33 & (KEYS - 1);
                                    let old = stored.lock().unwrap().insert(key, dated);
                                    let is_alive = |it: Dated| now < it.0.saturating_add(it.1);
                                    assert!(!old.is_some_and(is_alive), "{old:?} is gone at {now}");
                                }
                                dated
                            });
                            let is_alive = now < found.0.saturating_add(found.1);
                            assert!(
                                is_alive || found.0 == now && found.1 == 0,
                                "{found:?} at {now}"
                            );
                        }
                        barrier.wait();
                    }
                });
            }
            let mut random = 1_u64;
            for _ in 0..ROUNDS {
                barrier.wait();
                barrier.wait();
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let by = ((random >> 33) % 2048) >> ((random >> 50) % 12);
                now.fetch_add(by, Relaxed);
                clock.advance(Duration::from_nanos(by));
            }
        });
        assert!(cache.info().expirations > 0 && cache.info().hits > 0);
    });
}

/// What a model knows of an entry: a number that tells values apart, and when it expires.
type Known = HashMap<u16, (u64, Option<Duration>)>;

#[test]
fn entries_live_as_long_as_a_model_says() {
    const STEPS: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let clock = Clock::stop();
    let cache: Cache<u16, (u64, Duration)> =
        Cache::builder().unbounded().ttl_with(|it: &(u64, Duration)| it.1).build();
    let (mut known, mut now, mut random) = (Known::new(), Duration::ZERO, 1_u64);
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 20
    };
    let is_alive = |deadline: Option<Duration>, now| deadline.is_none_or(|deadline| now < deadline);
    for step in 0..STEPS {
        let key = u16::try_from(next() % 512).expect("it is small");
        match next() % 16 {
            0..6 => {
                let life = match next() % 8 {
                    0 => Duration::ZERO,
                    1 => Duration::from_nanos(1),
                    2 => Duration::MAX,
                    _ => Duration::from_nanos(next() >> (next() % 40)),
                };
                cache.insert(key, (step, life));
                known.remove(&key);
                if !life.is_zero() {
                    let ends = now.checked_add(life).filter(|_| life != Duration::MAX);
                    known.insert(key, (step, ends));
                }
            }
            6..11 => {
                let stored = known.get(&key).filter(|(_, deadline)| is_alive(*deadline, now));
                assert_eq!(cache.get(&key).map(|(number, _)| number), stored.map(|it| it.0));
            }
            11 => {
                let stored = known.remove(&key).filter(|(_, deadline)| is_alive(*deadline, now));
                assert_eq!(cache.remove(&key).map(|(number, _)| number), stored.map(|it| it.0));
            }
            // Most steps are short. Some pass over the moments of all entries at once.
            12 if next() % 64 == 0 => {
                let by = Duration::from_nanos(next() >> (next() % 40));
                now += by;
                clock.advance(by);
            }
            _ => {
                let by = Duration::from_nanos(next() % 1000);
                now += by;
                clock.advance(by);
            }
        }
        if step % 1000 == 0 {
            known.retain(|_, (_, deadline)| is_alive(*deadline, now));
            assert_eq!(cache.len(), known.len());
        }
    }
}
