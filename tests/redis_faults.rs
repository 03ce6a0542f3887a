//! A Redis that answers with errors: it has too many clients, is full, or has become a replica.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{
    Events, LONG, cache, call, is_hit, keep, patient, question, until, with_server,
};
use common::redis_server::free_port;
use memofn::tier::{Answer, Forget, Tier};
use std::time::Duration;

#[test]
fn a_server_that_has_all_the_clients_it_takes_is_away_until_one_leaves() {
    with_server(&["--maxclients", "1"], |server| {
        let events = Events::of(server);
        let first = patient(server).tier();
        keep(&first, &question("many", 1));
        let second = patient(server).tier();
        let cache = cache("many", &second);
        (2..102).for_each(|key| call(&cache, key));
        let info = cache.info();
        assert_eq!((info.tier_errors, info.tier_hits, info.misses), (100, 0, 100));
        until(|| second.status().contains("max number of clients"));
        until(|| events.told() == ["away"]);
        drop(first);
        until(|| second.status().contains("connected"));
        assert_eq!(cache.get_or_compute(1, || unreachable!("the server has it")), 2);
        until(|| events.told() == ["away", "back"]);
        assert_eq!(cache.info().tier_errors, 100);
    });
}

/// Settings with which a server does not write, and those with which it does.
const LIMITS: [(&str, &str, &str, &str); 2] =
    [("maxmemory", "1", "0", "OOM"), ("min-replicas-to-write", "1", "0", "NOREPLICAS")];

#[test]
fn a_server_that_does_not_write_answers_with_what_it_has_and_keeps_again_later() {
    for (name, none, any, error) in LIMITS {
        with_server(&[], move |server| {
            let events = Events::of(server);
            let (one, other) = (patient(server).tier(), patient(server).tier());
            let (first, second) = (cache("full", &one), cache("full", &other));
            (0..10).for_each(|key| call(&first, key));
            assert!(one.flush(LONG));
            assert_eq!(server.command(&["CONFIG", "SET", name, none]), "+OK");
            (0..110).for_each(|key| call(&second, key));
            let info = second.info();
            assert_eq!((info.tier_errors, info.tier_hits, info.misses), (100, 10, 110));
            until(|| events.told() == ["away"]);
            let status = other.status();
            assert!(status.contains("takes no results") && status.contains(error), "{status}");
            assert!(!status.contains("too slow"), "its breaker is closed: {status}");

            assert_eq!(server.command(&["CONFIG", "SET", name, any]), "+OK");
            let mut key = 1_000;
            until(|| {
                key += 1;
                call(&second, key);
                events.told() == ["away", "back"]
            });
            assert_eq!(second.info().tier_errors, 100);
            assert!(other.flush(LONG));
            assert_eq!(first.get_or_compute(key, || unreachable!("the server has it")), 10 * key);
            assert!(!other.status().contains("takes no results"), "{}", other.status());
        });
    }
}

#[test]
fn a_full_server_still_tells_what_changes_and_marks_are_told_to_it_again() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let kept = question("full", 1);
        keep(&one, &kept);
        let above = cache("changes", &other);
        cache("changes", &one).get_or_compute(7, || 70);
        assert!(one.flush(LONG));
        assert_eq!(above.get_or_compute(7, || unreachable!("the server has it")), 70);
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        assert!(matches!(one.ask(&kept.0).wait(), Answer::Hit(_)), "reading needs no memory");
        cache("changes", &one).remove(&7);
        until(|| above.peek(&7).is_none());
        one.forget(Forget::Function(kept.0.function()));
        until(|| one.status().contains("OOM"));
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
        until(|| !is_hit(&one, &kept.0));
    });
}

#[test]
fn a_result_that_the_server_did_not_take_leaves_memory_in_a_while() {
    with_server(&[], |server| {
        let coherence = Duration::from_millis(300);
        let tier = patient(server).coherence(coherence).tier();
        let (kept, refused) = (cache("kept", &tier), cache("refused", &tier));
        kept.get_or_compute(1, || 10);
        assert!(tier.flush(LONG));
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        assert_eq!(refused.get_or_compute(1, || 10), 10);
        until(|| refused.peek(&1).is_none());
        assert_eq!(kept.peek(&1), Some(10));
        assert!(!tier.status().contains("away"), "{}", tier.status());
    });
}

#[test]
fn a_replica_is_away_until_it_can_be_written_to() {
    with_server(&[], |server| {
        let events = Events::of(server);
        let tier = patient(server).tier();
        let cache = cache("replica", &tier);
        call(&cache, 1);
        assert!(tier.flush(LONG));
        let port = free_port().to_string();
        assert_eq!(server.command(&["REPLICAOF", "127.0.0.1", &port]), "+OK");
        let mut calls = 0;
        until(|| {
            calls += 1;
            call(&cache, 1 + calls);
            calls > 99 && tier.status().contains("replica")
        });
        let info = cache.info();
        assert_eq!((info.tier_errors, info.tier_misses, info.misses), (calls, 1, 1 + calls));
        until(|| events.told() == ["away"]);
        assert_eq!(server.command(&["REPLICAOF", "NO", "ONE"]), "+OK");
        until(|| tier.status().contains("connected"));
        keep(&tier, &question("replica", 1_000_000));
        until(|| events.told() == ["away", "back"]);
    });
}
