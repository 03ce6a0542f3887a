//! A result that one process removes or replaces in Redis does not answer in others. Two links to one server stand for two processes.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{
    LONG, Told, cache, is_full, is_hit, keep, lease, painted_question, patient, question, until,
    with_server,
};
use futures::executor::block_on;
use memofn::redis::RedisTier;
use memofn::tier::{Answer, Asked, FirstLevel, Forget, Kept, Record, Tier};
use memofn::{Cache, memoize, testing};
use std::sync::{Arc, Mutex};

#[test]
fn what_another_process_forgot_during_a_run_is_refused() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let (asked, record) = painted_question(1, "red");
        let told = Told::follow(&one, &asked);
        let ways: [(&str, Forget<'_>); 3] = [
            ("a key", Forget::Key(&asked)),
            ("a function", Forget::Function(asked.function())),
            ("a tag", Forget::Tag("color:red")),
        ];
        for (what, way) in ways {
            told.keys.lock().unwrap().clear();
            let lease = lease(one.ask(&asked).wait());
            other.forget(way);
            assert!(other.flush(LONG));
            let kept = one.keep(&asked, record.clone(), Some(lease)).wait();
            assert_eq!(kept, Kept::Refused, "{what}");
            assert!(told.has(&asked), "the cache does not keep it either: {what}");
            assert_eq!((server.count("*}"), server.count("*:l")), (0, 0), "{what}");
        }
        keep(&one, &(asked, record));
    });
}

#[test]
fn a_change_reaches_the_caches_of_other_processes() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let first = painted_question(1, "red");
        let second = painted_question(2, "blue");
        let (kept_it, read_it) = (Told::follow(&one, &first.0), Told::follow(&other, &first.0));
        for change in ["forget", "insert", "tag", "function"] {
            keep(&one, &first);
            assert!(is_hit(&other, &first.0));
            kept_it.keys.lock().unwrap().clear();
            read_it.keys.lock().unwrap().clear();
            let all = (kept_it.all(), read_it.all());
            match change {
                "forget" => one.forget(Forget::Key(&first.0)),
                "insert" => {
                    let inserted = other.keep(&first.0, first.1.clone(), None).wait();
                    assert_eq!(inserted, Kept::Stored);
                    until(|| kept_it.has(&first.0));
                    one.forget(Forget::Key(&first.0));
                }
                "tag" => one.forget(Forget::Tag("color:red")),
                _ => one.forget(Forget::Function(first.0.function())),
            }
            if change == "function" {
                until(|| (kept_it.all(), read_it.all()) == (all.0 + 1, all.1 + 1));
            } else {
                until(|| kept_it.has(&first.0) && read_it.has(&first.0));
                assert_eq!((kept_it.all(), read_it.all()), all, "nothing else: {change}");
            }
            assert!(!kept_it.has(&second.0) && !read_it.has(&second.0));
            assert!(!is_hit(&other, &first.0), "{change}");
        }
        assert!(one.flush(LONG) && other.flush(LONG));
        assert_eq!(server.count("*:l"), 0);
    });
}

/// A cache of one value, which is stored unless something was forgotten since it was asked for.
#[derive(Default)]
struct OneValue(Mutex<(Option<u64>, u64)>);

impl FirstLevel for OneValue {
    fn forget(&self, _: u128) {
        self.forget_all();
    }

    fn forget_all(&self) {
        let mut inner = self.0.lock().unwrap();
        *inner = (None, inner.1 + 1);
    }
}

impl OneValue {
    fn read(&self, tier: &RedisTier, asked: &Asked) -> u64 {
        let (value, forgotten) = *self.0.lock().unwrap();
        if let Some(value) = value {
            return value;
        }
        let Answer::Hit(record) = tier.ask(asked).wait() else { panic!("it is there") };
        let value = u64::from_le_bytes(record.as_bytes().try_into().expect("8 bytes"));
        let mut inner = self.0.lock().unwrap();
        if inner.1 == forgotten {
            inner.0 = Some(value);
        }
        value
    }
}

#[test]
fn no_change_is_missed_and_no_reader_goes_back() {
    with_server(&[], |server| {
        let (asked, _) = question("versions", 1);
        let mut processes: Vec<_> = (0..3)
            .map(|_| {
                let (tier, cache) = (patient(server).tier(), Arc::new(OneValue::default()));
                let first_level: Arc<dyn FirstLevel> = cache.clone();
                tier.follow(asked.function(), Arc::downgrade(&first_level));
                (tier, cache, 0)
            })
            .collect();
        let last: u64 = if is_full() { 1_000_000 } else { 2_000 };
        for version in 1..=last {
            let writer = usize::try_from(version * 7 % 3).expect("a small number");
            let (tier, cache, _) = &processes[writer];
            let record = Record::from_bytes(version.to_le_bytes().to_vec());
            cache.forget_all();
            assert_eq!(tier.keep(&asked, record, None).wait(), Kept::Stored);
            for (tier, cache, seen) in &mut processes {
                until(|| {
                    let value = cache.read(tier, &asked);
                    assert!(*seen <= value && value <= version, "{value} after {seen}");
                    *seen = value;
                    value == version
                });
            }
        }
    });
}

#[test]
fn a_tag_spares_other_records() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let red = painted_question(1, "red");
        let blue = painted_question(2, "blue");
        keep(&one, &red);
        keep(&one, &blue);
        other.forget(Forget::Tag("color:red"));
        assert!(other.flush(LONG));
        assert_eq!((is_hit(&one, &red.0), is_hit(&one, &blue.0)), (false, true));
        keep(&one, &red);
        assert!(is_hit(&other, &red.0), "it was kept after that");
        other.forget(Forget::Tag("all"));
        assert!(other.flush(LONG));
        assert_eq!((is_hit(&one, &red.0), is_hit(&one, &blue.0)), (false, false));
    });
}

/// The function of the program, below which is whatever `start` has named.
#[memoize(redis, name = "shared", version = 1, tags = ["shared"])]
fn shared(n: u64) -> u64 {
    n + 1
}

#[test]
fn what_one_server_changes_the_memory_of_another_does_not_answer() {
    with_server(&[], |server| {
        let _tiers = testing::tiers(std::env::temp_dir());
        assert_eq!((shared(9), shared::cache_info().tier_misses), (10, 0), "not connected yet");
        patient(server).start();
        // The same function on another server.
        let other = cache("memory", &patient(server).tier());
        let one = cache("memory", &patient(server).tier());
        assert_eq!((one.get_or_compute(1, || 10), other.get_or_compute(1, || 11)), (10, 10));
        assert_eq!(one.remove(&1), Some(10), "the tier does not take it out before");
        until(|| other.peek(&1).is_none());
        assert_eq!(other.get_or_compute(1, || 12), 12);
        assert_eq!(one.get_or_compute(1, || 13), 12);
        other.insert(1, 14);
        // The old value is forgotten first, and then the new one is kept.
        until(|| one.get_or_compute(1, || 15) == 14);
        let misses = one.info().misses;
        other.clear();
        until(|| one.peek(&1).is_none());
        assert_eq!(one.info().misses, misses, "its counters stay");
        assert_eq!((shared(1), shared::cache_info().tier_misses), (2, 1));
        assert_eq!(memofn::invalidate_tag("shared"), 2);
        assert_eq!((shared(1), shared::cache_info().tier_misses), (2, 2));
    });
}

#[test]
fn a_server_that_is_emptied_empties_the_caches() {
    with_server(&[], |server| {
        let tier = patient(server).tier();
        let kept = question("emptied", 1);
        let told = Told::follow(&tier, &kept.0);
        keep(&tier, &kept);
        assert_eq!(server.command(&["FLUSHALL"]), "+OK");
        until(|| told.all() > 0);
        assert!(!is_hit(&tier, &kept.0));
    });
}

/// The same as [`shared`], of which a test decides what happens meanwhile.
#[memoize(redis, name = "renewed", version = 1, skip(meanwhile))]
fn renewed(n: u64, meanwhile: &dyn Fn()) -> u64 {
    meanwhile();
    n + 1
}

#[test]
fn what_another_process_removed_during_a_refresh_is_not_overwritten() {
    with_server(&[], |server| {
        let _tiers = testing::tiers(std::env::temp_dir());
        patient(server).start();
        let (theirs, third) = (patient(server).tier(), patient(server).tier());
        let (others, thirds) = (cache("renewed", &theirs), cache("renewed", &third));
        assert_eq!(renewed(1, &|| {}), 2);
        assert!(memofn::flush(LONG));
        assert_eq!(others.get_or_compute(1, || unreachable!("the server has it")), 2);
        let removed = || {
            others.remove(&1);
            assert!(theirs.flush(LONG));
        };
        assert_eq!(renewed::cache_refresh(1, &removed), 2);
        assert!(memofn::flush(LONG));
        assert_eq!((server.count("*}"), server.count("*:l")), (0, 0));
        until(|| renewed::cache_peek(1).is_none());
        assert_eq!(thirds.get_or_compute(1, || 77), 77);

        renewed::cache_insert(1, 5);
        assert!(memofn::flush(LONG));
        until(|| thirds.peek(&1).is_none());
        assert_eq!(thirds.get_or_compute(1, || unreachable!("the server has it")), 5);
        assert_eq!(renewed::cache_refresh(1, &|| {}), 2);
        assert!(memofn::flush(LONG));
        until(|| thirds.peek(&1).is_none());
        assert_eq!(thirds.get_or_compute(1, || unreachable!("the server has it")), 2);

        let fails = std::panic::catch_unwind(|| {
            renewed::cache_refresh(1, &|| std::panic::resume_unwind(Box::new("it fails")))
        });
        assert!(fails.is_err() && memofn::flush(LONG));
        assert_eq!((server.count("*}"), server.count("*:l")), (1, 0), "the old value stays");
    });
}

#[test]
fn a_refresh_that_the_server_does_not_take_is_not_undone_by_the_old_value() {
    with_server(&[], |server| {
        let _tiers = testing::tiers(std::env::temp_dir());
        patient(server).coherence(LONG).start();
        renewed(9, &|| {});
        assert!(memofn::flush(LONG));
        assert_eq!(server.count("*}"), 1);
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        renewed::cache_refresh(9, &|| {});
        assert!(memofn::flush(LONG));
        assert_eq!(server.count("*}"), 0);
        assert_eq!(renewed::cache_peek(9), Some(10));
    });
}

#[memoize(redis, name = "renewed in a task", version = 1, skip(removed))]
async fn renewed_in_a_task(n: u64, removed: Option<(Cache<u64, u64>, RedisTier)>) -> u64 {
    if let Some((cache, tier)) = removed {
        cache.remove(&n);
        assert!(tier.flush(LONG));
    }
    std::future::ready(n + 1).await
}

#[test]
fn what_another_process_removed_during_an_async_refresh_is_not_overwritten() {
    with_server(&[], |server| {
        let _tiers = testing::tiers(std::env::temp_dir());
        patient(server).start();
        let tier = patient(server).tier();
        let others = (cache("renewed in a task", &tier), tier);
        block_on(async {
            assert_eq!(renewed_in_a_task(1, None).await, 2);
            assert_eq!(renewed_in_a_task::cache_refresh(1, None).await, 2);
            assert!(memofn::flush(LONG));
            assert_eq!((server.count("*}"), server.count("*:l")), (1, 0));
            assert_eq!(renewed_in_a_task::cache_refresh(1, Some(others)).await, 2);
        });
        assert!(memofn::flush(LONG));
        assert_eq!((server.count("*}"), server.count("*:l")), (0, 0));
    });
}

#[test]
fn a_refresh_takes_the_lease_of_a_run_that_began_before() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let (asked, record) = question("taken", 1);
        let newer = Record::from_bytes(b"newer".to_vec());
        let old = lease(one.ask(&asked).wait());
        let new = lease(other.begin(&asked).wait());
        assert_eq!(one.keep(&asked, record, Some(old)).wait(), Kept::Refused);
        assert!(matches!(one.ask(&asked).wait(), Answer::Theirs(..)), "the refresh goes on");
        assert_eq!(other.keep(&asked, newer.clone(), Some(new)).wait(), Kept::Stored);
        assert!(matches!(one.ask(&asked).wait(), Answer::Hit(it) if it == newer));
    });
}

#[memoize(redis, name = "first of a flock", version = 1, tags = ["flock"])]
fn first(n: u64) -> u64 {
    n
}

#[memoize(redis, name = "second of a flock", version = 1, tags = ["flock"])]
fn second(n: u64) -> u64 {
    n
}

#[memoize(redis, name = "third of a flock", version = 1)]
fn third(n: u64) -> u64 {
    n
}

#[test]
fn a_tag_reaches_the_server_once_however_many_caches_there_are() {
    with_server(&[], |server| {
        let _tiers = testing::tiers(std::env::temp_dir());
        patient(server).start();
        let call = || (first(1), second(1), third(1));
        call();
        assert!(memofn::flush(LONG));
        // Marks are the only scripts that are always sent in full. The count has the question itself.
        let scripts = || {
            let calls = "tonumber(string.match(redis.call('INFO', 'commandstats'), 'cmdstat_eval:calls=(%d+)'))";
            let line = server.command(&["EVAL", &format!("return {calls} or 0"), "0"]);
            line.strip_prefix(':').and_then(|count| count.parse::<u32>().ok()).expect("a number")
        };
        let before = scripts();
        assert_eq!(memofn::invalidate_tag("flock"), 2);
        assert!(memofn::flush(LONG));
        assert_eq!(scripts() - before, 2);
        call();
        assert_eq!((first::cache_info().tier_misses, third::cache_info().tier_misses), (2, 1));
        assert!(memofn::flush(LONG));
        let before = scripts();
        assert_eq!(memofn::expire_tag("flock"), 2);
        assert!(memofn::flush(LONG));
        assert_eq!(scripts() - before, 2);
        memofn::clear_all();
        assert!(memofn::flush(LONG));
        call();
        assert_eq!((first::cache_info().tier_misses, third::cache_info().tier_misses), (1, 1));
    });
}
