//! Entries that calls refresh before they expire: `refresh_after`, `retry_after`.

mod common;

use common::{finishes, panic_of, panic_silently};
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, Float, RefreshAfter, memoize};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(120);

fn just_before(time: Duration) -> Duration {
    time.saturating_sub(Duration::from_nanos(1))
}

/// Due after a minute, and expired after ten.
fn minutes() -> CacheBuilder<u32, u32> {
    Cache::builder().ttl(600 * SECOND).refresh_after(60 * SECOND).retry_after(5 * SECOND)
}

/// A cache with one entry that is due: key 1, value 10.
fn due(clock: &Clock) -> Cache<u32, u32> {
    let cache = minutes().build();
    assert_eq!(cache.get_or_compute(1, || 10), 10);
    clock.advance(60 * SECOND);
    cache
}

fn unneeded() -> u32 {
    unreachable!("the value is fresh")
}

/// A body that tells when it runs, and returns what it is sent.
struct Held {
    begun: Sender<()>,
    results: Mutex<Receiver<u32>>,
}

impl Held {
    fn new() -> (Self, Receiver<()>, Sender<u32>) {
        let ((begun, begins), (send, results)) = (channel(), channel());
        (Self { begun, results: Mutex::new(results) }, begins, send)
    }

    fn run(&self) -> u32 {
        self.begun.send(()).expect("the test waits");
        let results = self.results.lock().expect("one run at a time");
        results.recv_timeout(LONG).expect("the test sends a result")
    }
}

#[test]
fn sixty_four_callers_of_an_old_value_cause_one_run_and_the_others_do_not_wait() {
    finishes("callers beside a refresh", || {
        let clock = Clock::stop();
        let cache = due(&clock);
        let (body, begins, results) = Held::new();
        let (answered, answers) = channel();
        let rates = thread::scope(|scope| {
            let calls: Vec<_> = (0..64)
                .map(|_| {
                    let (cache, body, answered) = (&cache, &body, answered.clone());
                    scope.spawn(move || {
                        let rate = cache.get_or_compute(1, || body.run());
                        answered.send(()).expect("the test waits");
                        rate
                    })
                })
                .collect();
            // All but one are answered while the body runs.
            (0..63).for_each(|_| answers.recv_timeout(LONG).expect("the others do not wait"));
            results.send(11).expect("the body waits");
            calls.into_iter().map(|call| call.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert_eq!(begins.try_iter().count(), 1, "one run");
        assert_eq!(rates.iter().filter(|rate| **rate == 10).count(), 63);
        assert_eq!(cache.get_or_compute(1, unneeded), 11);
        let info = cache.info();
        assert_eq!((info.hits, info.misses, info.refreshes, info.coalesced), (64, 2, 1, 0));
    });
}

#[test]
fn an_entry_is_not_refreshed_before_its_time_or_unless_somebody_asks() {
    let clock = Clock::stop();
    let cache = minutes().build();
    cache.get_or_compute(1, || 10);
    clock.advance(just_before(60 * SECOND));
    assert_eq!(cache.get_or_compute(1, unneeded), 10);
    clock.advance(500 * SECOND);
    assert_eq!(cache.info().refreshes, 0);
    assert_eq!(cache.get_or_compute(1, || 11), 11);
    // A new life has begun.
    clock.advance(59 * SECOND);
    assert_eq!(cache.get_or_compute(1, unneeded), 11);
    clock.advance(SECOND);
    assert_eq!(cache.get_or_compute(1, || 12), 12);
    assert_eq!((cache.info().refreshes, cache.info().expirations), (2, 0));
}

#[test]
fn nothing_older_than_the_ttl_is_answered_and_callers_join_a_late_refresh() {
    finishes("a refresh that outlasts the value", || {
        let clock = Clock::stop();
        let cache = due(&clock);
        let (body, begins, results) = Held::new();
        thread::scope(|scope| {
            let refresh = scope.spawn(|| cache.get_or_compute(1, || body.run()));
            begins.recv_timeout(LONG).expect("the refresh begins");
            clock.advance(just_before(540 * SECOND));
            assert_eq!(cache.get_or_compute(1, unneeded), 10);
            clock.advance(Duration::from_nanos(1));
            assert_eq!((cache.get(&1), cache.peek(&1)), (None, None));
            // Whether this comes before the end of the run or after it: it does not run the body, and gets no old value.
            let late = scope.spawn(|| cache.get_or_compute(1, unneeded));
            results.send(11).expect("the body waits");
            assert_eq!(refresh.join().expect("no panic"), 11);
            assert_eq!(late.join().expect("no panic"), 11);
        });
        assert_eq!(cache.info().refreshes, 1);
    });
}

#[test]
fn a_failed_refresh_keeps_the_old_value_and_is_tried_again_later() {
    let clock = Clock::stop();
    let cache = due(&clock);
    assert_eq!(cache.get_or_try_compute(1, || Err("down")), Err("down"));
    assert_eq!(cache.get_or_compute(1, unneeded), 10);
    clock.advance(5 * SECOND);
    assert_eq!(panic_of(|| cache.get_or_compute(1, || panic_silently("worse"))), "worse");
    clock.advance(just_before(5 * SECOND));
    assert_eq!(cache.get_or_compute(1, unneeded), 10);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.get_or_compute(1, || 11), 11);
    let info = cache.info();
    assert_eq!((info.refreshes, info.refresh_failures, info.rejected), (3, 2, 1));
    assert_eq!((info.hits, info.misses), (2, 4));
}

#[test]
fn failures_do_not_make_a_value_live_longer() {
    let clock = Clock::stop();
    let cache = due(&clock);
    let mut failures = 0;
    for _ in 60..600 {
        let rate = cache.get_or_try_compute(1, || Err(()));
        failures += u32::from(rate.is_err());
        assert!(rate.is_err() || rate == Ok(10));
        clock.advance(SECOND);
    }
    assert_eq!(failures, 540 / 5);
    assert_eq!(cache.get_or_try_compute(1, || Ok::<_, ()>(11)), Ok(11));
    assert_eq!((cache.info().expirations, cache.info().refreshes), (1, 108));
}

#[test]
fn a_result_of_a_refresh_that_is_not_to_be_stored_takes_the_old_value_with_it() {
    static RATE: AtomicU32 = AtomicU32::new(0);

    #[memoize(cache = RATES, cache_if = |rate| *rate < 100)]
    fn rate(_currency: u32) -> u32 {
        RATE.load(SeqCst)
    }
    static RATES: std::sync::LazyLock<Cache<u32, u32>> =
        std::sync::LazyLock::new(|| minutes().build());

    let clock = Clock::stop();
    RATE.store(10, SeqCst);
    assert_eq!(rate(1), 10);
    clock.advance(60 * SECOND);
    RATE.store(100, SeqCst);
    assert_eq!(rate(1), 100);
    assert_eq!(RATES.peek(&1), None, "the body says something else now");
    let info = RATES.info();
    assert_eq!((info.rejected, info.refreshes, info.refresh_failures), (1, 1, 0));
}

#[test]
fn a_result_is_not_stored_if_its_key_was_changed_during_the_refresh() {
    let clock = Clock::stop();
    let changes: [fn(&Cache<u32, u32>); 4] = [
        |cache| assert_eq!(cache.remove(&1), Some(10)),
        Cache::clear,
        |cache| cache.remove_if(|_| true),
        |cache| cache.insert(1, 12),
    ];
    for change in changes {
        let cache = due(&clock);
        cache.get_or_compute(1, || {
            change(&cache);
            11
        });
        assert_ne!(cache.peek(&1), Some(11));
        assert_ne!(cache.peek(&1), Some(10));
    }
}

#[test]
fn an_entry_that_is_evicted_during_its_refresh_is_stored_once() {
    let clock = Clock::stop();
    let cache = minutes().maxsize(2).build();
    cache.insert(1, 10);
    clock.advance(60 * SECOND);
    cache.get_or_compute(1, || {
        cache.insert(2, 20);
        cache.insert(3, 30);
        assert_eq!(cache.peek(&1), None);
        11
    });
    assert_eq!((cache.peek(&1), cache.peek(&2), cache.peek(&3)), (Some(11), None, Some(30)));
    assert_eq!(cache.info().evictions, 2);
}

#[test]
fn the_end_of_a_refresh_is_no_use_of_its_entry() {
    let clock = Clock::stop();
    for promoted in [false, true] {
        let cache = minutes().maxsize(2).build();
        if promoted {
            // The policy has seen a use of the entry.
            cache.insert(1, 10);
            cache.insert(2, 20);
            assert_eq!(cache.get(&1), Some(10));
            cache.insert(2, 20);
            cache.insert(3, 30);
            assert!(cache.remove(&2).or(cache.remove(&3)).is_some());
        }
        cache.insert(1, 10);
        clock.advance(60 * SECOND);
        cache.insert(2, 20);
        cache.get_or_compute(1, || {
            assert_eq!(cache.get(&2), Some(20));
            11
        });
        assert_eq!(cache.info().evictions, u64::from(promoted));
        cache.insert(3, 30);
        assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(20)));
    }
}

#[test]
fn a_body_that_calls_its_own_key_gets_the_old_value() {
    let clock = Clock::stop();
    let cache = due(&clock);
    assert_eq!(cache.get_or_compute(1, || cache.get_or_compute(1, unneeded) + 1), 11);
    assert_eq!(cache.get_or_compute(1, unneeded), 11);
}

#[test]
fn a_body_may_drop_the_last_handle_of_its_cache() {
    let clock = Clock::stop();
    let shared = Arc::new(Mutex::new(Some(due(&clock))));
    let cache = shared.lock().expect("no panic").clone().expect("it is there");
    let rate = cache.clone().get_or_compute(1, move || {
        drop(cache);
        drop(shared.lock().expect("no panic").take());
        11
    });
    assert_eq!(rate, 11);
}

#[test]
fn a_part_of_each_life_is_the_mark_where_lives_differ() {
    let clock = Clock::stop();
    let cache: Cache<u32, u64> = Cache::builder()
        .ttl_with(|seconds| Duration::from_secs(*seconds))
        .refresh_part(0.5)
        .build();
    cache.insert(1, 10);
    cache.insert(2, 100);
    cache.insert(3, u64::MAX);
    clock.advance(5 * SECOND);
    assert_eq!(cache.get_or_compute(1, || 20), 20);
    assert_eq!(cache.get_or_compute(2, || unreachable!("it is half as old as that")), 100);
    clock.advance(45 * SECOND);
    assert_eq!(cache.get_or_compute(2, || 200), 200);
    clock.advance(100 * 365 * 86_400 * SECOND);
    assert_eq!(cache.get_or_compute(3, || unreachable!("a life without an end")), u64::MAX);
}

#[test]
fn a_mark_that_is_not_before_the_end_refreshes_nothing() {
    let clock = Clock::stop();
    for builder in [
        minutes().refresh_after(600 * SECOND),
        minutes().refresh_after(Duration::MAX),
        minutes().refresh_part(1.0),
        minutes().refresh_part(f64::NAN),
    ] {
        let cache = builder.build();
        cache.insert(1, 10);
        clock.advance(just_before(600 * SECOND));
        assert_eq!(cache.get_or_compute(1, unneeded), 10);
        clock.advance(Duration::from_nanos(1));
        assert_eq!(cache.get_or_compute(1, || 11), 11);
        assert_eq!((cache.info().refreshes, cache.info().expirations), (0, 1));
    }
}

#[test]
fn entries_without_an_end_are_refreshed_as_well() {
    let clock = Clock::stop();
    let cache = Cache::builder().refresh_after(60 * SECOND).build();
    cache.insert(1, 10);
    clock.advance(1000 * SECOND);
    assert_eq!(cache.get_or_try_compute(1, || Err("down")), Err("down"));
    clock.advance(just_before(30 * SECOND));
    assert_eq!(cache.get_or_compute(1, unneeded), 10);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.get_or_compute(1, || 11), 11);
}

#[test]
fn looks_do_not_refresh() {
    let clock = Clock::stop();
    let cache = due(&clock);
    assert_eq!((cache.peek(&1), cache.get(&1)), (Some(10), Some(10)));
    assert_eq!(cache.iter().count(), 1);
    assert_eq!((cache.info().currsize, cache.info().refreshes), (1, 0));
    assert_eq!(cache.remove(&1), Some(10));
}

#[test]
fn jitter_moves_the_mark_in_proportion() {
    let clock = Clock::stop();
    clock.jitter(0.5);
    // Each life is nine minutes, and so the mark is at 54 seconds.
    let cache = minutes().jitter(120 * SECOND).build();
    cache.insert(1, 10);
    clock.advance(Duration::from_millis(53_999));
    assert_eq!(cache.get_or_compute(1, unneeded), 10);
    clock.advance(Duration::from_millis(2));
    assert_eq!(cache.get_or_compute(1, || 11), 11);
    assert_eq!(cache.info().refreshes, 1);
}

#[test]
fn an_entry_that_is_made_to_expire_answers_once_more_and_is_renewed() {
    let clock = Clock::stop();
    let cache = minutes().build();
    cache.insert(1, 10);
    assert!(cache.expire(&1));
    assert_eq!(cache.get(&1), Some(10));
    let rate = cache.get_or_compute(1, || {
        assert_eq!(cache.get_or_compute(1, unneeded), 10, "others get the old value");
        11
    });
    assert_eq!((rate, cache.info().refreshes), (11, 1));
    // A run that began before is too old to be stored.
    clock.advance(60 * SECOND);
    cache.get_or_compute(1, || {
        assert!(cache.expire(&1));
        12
    });
    assert_eq!(cache.peek(&1), Some(11));
    assert_eq!(cache.get_or_compute(1, || 13), 13);
    assert_eq!(cache.info().outdated, 1);
    assert!(!cache.expire(&2));
}

#[test]
fn an_entry_without_a_mark_is_removed_when_it_is_made_to_expire() {
    #[memoize]
    fn double(n: u32) -> u32 {
        2 * n
    }

    assert!(!double::cache_expire(7));
    assert_eq!(double(7), 14);
    assert!(double::cache_expire(7));
    assert_eq!((double::cache_peek(7), double::cache_info().currsize), (None, 0));
}

#[test]
fn the_parameters_say_from_which_age_a_value_is_refreshed() {
    #[memoize(ttl = "10m", refresh_after = "8m", refresh_on = |run| run())]
    fn by_age(n: u32) -> u32 {
        n
    }

    #[memoize(ttl = "10m", refresh_after = 0.8, refresh_on = |run| run())]
    fn by_part(n: u32) -> u32 {
        n
    }

    assert_eq!(by_age(1), by_part(1));
    let age = RefreshAfter::Age(8 * 60 * SECOND);
    assert_eq!(by_age::cache_parameters().refresh_after, Some(age));
    let part = RefreshAfter::Part(Float(0.8));
    assert_eq!(by_part::cache_parameters().refresh_after, Some(part));
}
