//! The two attempts at a hit: which of them answers, and which leaves the call to the other.

use crate::base::clock::TestClock;
use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::engine::hit::Reason;
use crate::key::lookup::{ByKey, Lookup};
use std::time::Duration;

const TTL: Duration = Duration::from_secs(60);

/// A cache with an entry, which the calling thread has hit once.
fn cache(maxsize: Option<usize>, ttl: Option<Duration>) -> Cache<u8, u8> {
    let mut settings = CacheBuilder::<u8, u8>::new().into_settings();
    (settings.parameters.maxsize, settings.parameters.ttl) = (maxsize, ttl);
    let cache = Cache::with(settings);
    cache.insert(1, 7);
    assert_eq!(cache.get_or_compute(1, || unreachable!("it is stored")), 7);
    cache
}

fn hit<const TIMED: bool>(cache: &Cache<u8, u8>, key: u8) -> Result<u8, Reason> {
    let hit = cache.engine().quick_hit::<TIMED, _, _>(&ByKey(key), |value| *value);
    hit.map_err(|miss| miss.reason)
}

#[test]
fn an_untimed_attempt_gives_up_where_entries_expire() {
    // The clock is one for all tests: the others wait.
    let _clock = TestClock::stop();
    for maxsize in [Some(9), None] {
        let cache = cache(maxsize, Some(TTL));
        assert_eq!(hit::<false>(&cache, 1), Err(Reason::GaveUp));
        assert_eq!(hit::<false>(&cache, 2), Err(Reason::Absent));
        assert_eq!(cache.info().hits, 1);
    }
}

#[test]
fn a_timed_attempt_answers_until_something_is_due() {
    let clock = TestClock::stop();
    for maxsize in [Some(9), None] {
        let cache = cache(maxsize, Some(TTL));
        clock.advance(Duration::from_secs(59));
        assert_eq!(hit::<true>(&cache, 1), Ok(7));
        clock.advance(Duration::from_secs(1));
        assert_eq!(hit::<true>(&cache, 1), Err(Reason::Unclear));
        assert_eq!(cache.info().hits, 2);
    }
}

#[test]
fn both_attempts_answer_where_nothing_expires() {
    for maxsize in [Some(9), None] {
        let cache = cache(maxsize, None);
        assert_eq!((hit::<false>(&cache, 1), hit::<true>(&cache, 1)), (Ok(7), Ok(7)));
        assert_eq!(hit::<false>(&cache, 2), Err(Reason::Absent));
        assert_eq!(cache.info().hits, 3);
    }
}

#[test]
fn the_first_attempt_leaves_a_hit_that_notes_its_time_to_the_second() {
    let clock = TestClock::stop();
    for maxsize in [Some(9), None] {
        let mut settings = CacheBuilder::<u8, u8>::new().tti(TTL).into_settings();
        settings.parameters.maxsize = maxsize;
        let cache = Cache::with(settings);
        cache.insert(1, 7);
        for _ in 0..3 {
            clock.advance(Duration::from_secs(59));
            assert_eq!(hit::<false>(&cache, 1), Err(Reason::GaveUp));
            assert_eq!(hit::<true>(&cache, 1), Err(Reason::GaveUp));
            assert_eq!(cache.get_or_compute(1, || unreachable!("it is used in time")), 7);
            assert_eq!(second_hit(&cache, 1), Ok(7));
        }
        clock.advance(TTL);
        assert_eq!(second_hit(&cache, 1), Err(Reason::Unclear));
        assert_eq!((cache.info().hits, cache.info().expirations), (6, 1));
    }
}

fn second_hit(cache: &Cache<u8, u8>, key: u8) -> Result<u8, Reason> {
    let engine = cache.engine();
    let hash = engine.hash(|state| ByKey(key).hash(state));
    engine.hit(hash, &ByKey(key), |value| *value).map_err(|miss| miss.reason)
}
