//! What one process removes or replaces in Redis, others do not answer. Two links to one server stand for two processes.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{
    LONG, Told, cache, is_hit, keep, lease, painted_question, patient, question, until, with_server,
};
use memofn::redis::RedisTier;
use memofn::tier::{Answer, Asked, FirstLevel, Forget, Kept, Record, Tier};
use memofn::{memoize, testing};
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
        let last: u64 = if std::env::var_os("MEMOFN_STRESS").is_some() { 100_000 } else { 2_000 };
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
