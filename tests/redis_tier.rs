//! Results that processes share in Redis. Two links to one server stand for two processes.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{LONG, cache, is_full, is_hit, lease, patient, question, with_server};
use futures::executor::block_on;
use memofn::redis::{RedisTier, connect};
use memofn::tier::{Answer, Kept, Tier};
use memofn::{Cache, testing};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_value_that_one_process_kept_answers_in_another() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        assert_eq!(cache("squares", &one).get_or_compute(3, || 9), 9);
        assert!(one.flush(LONG));
        let others = cache("squares", &other);
        assert_eq!(others.get_or_compute(3, || unreachable!("the server has it")), 9);
        assert_eq!(block_on(others.get_or_compute_async(4, async || 16)), 16);
        assert_eq!((others.info().tier_hits, others.info().tier_misses), (1, 1));
        assert!(other.flush(LONG));
        assert_eq!((server.count("mfn:memofn:*}"), server.count("*:l")), (2, 0));
        assert!(other.status().ends_with("connected"), "{}", other.status());

        let apart = patient(server).namespace("apart").tier();
        assert_eq!(cache("squares", &apart).get_or_compute(3, || 10), 10);
    });
}

#[test]
fn a_server_is_reached_by_a_socket_and_in_another_database() {
    with_server(&["--unixsocket", "socket"], |server| {
        let path = server.directory().join("socket");
        let one = connect(format!("unix://{}?db=2", path.display())).expect("an address");
        cache("squares", &one.timeout(LONG).tier()).get_or_compute(3, || 9);
        let other = connect(format!("{}/2", server.url())).expect("an address");
        let others = cache("squares", &other.timeout(LONG).tier());
        assert_eq!(others.get_or_compute(3, || unreachable!("the server has it")), 9);
    });
}

#[test]
fn callers_of_four_processes_run_each_body_once() {
    const KEYS: u64 = 100;
    with_server(&[], |server| {
        let repeats = if is_full() { 1_000 } else { 100 };
        let tiers: Vec<_> = (0..4).map(|_| patient(server).tier()).collect();
        for repeat in 0..repeats {
            let runs = AtomicU32::new(0);
            let run = |key: u64| {
                runs.fetch_add(1, SeqCst);
                2 * key
            };
            let name = format!("fleet {repeat}");
            let caches: Vec<_> = tiers.iter().map(|tier| cache(&name, tier)).collect();
            thread::scope(|scope| {
                for (caller, cache) in caches.iter().cycle().take(32).enumerate() {
                    scope.spawn(move || {
                        for i in 0..KEYS {
                            let key = (i * 37 + caller as u64 * 11) % KEYS;
                            let value = if caller % 2 == 0 {
                                cache.get_or_compute(key, || run(key))
                            } else {
                                block_on(cache.get_or_compute_async(key, async || run(key)))
                            };
                            assert_eq!(value, 2 * key);
                        }
                    });
                }
            });
            assert_eq!(u64::from(runs.into_inner()), KEYS);
        }
        assert!(tiers.iter().all(|tier| tier.flush(LONG)));
        assert_eq!(server.count("*:l"), 0);
    });
}

#[test]
fn those_who_wait_for_another_process_are_woken_when_it_has_kept_or_given_up() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).lease(LONG).tier(), patient(server).lease(LONG).tier());
        for is_kept in [true, false] {
            let (asked, record) = question("woken", u64::from(is_kept));
            let lease = lease(one.ask(&asked).wait());
            let Answer::Theirs(pushed, rest) = other.ask(&asked).wait() else {
                panic!("another has it");
            };
            assert!(rest > LONG / 2 && rest <= 2 * LONG, "{rest:?}");
            if is_kept {
                assert_eq!(one.keep(&asked, record, Some(lease)).wait(), Kept::Stored);
            } else {
                one.release(&asked, lease);
            }
            assert_eq!(pushed.wait_for(LONG / 2), Some(()), "is it kept: {is_kept}");
            assert_eq!(is_hit(&other, &asked), is_kept);
        }
    });
}

#[test]
fn a_lease_ends_with_its_holder_and_not_before() {
    with_server(&[], |server| {
        let setup = || patient(server).lease(Duration::from_millis(400));
        let (dies, lives) = (setup().tier(), setup().tier());
        let (asked, _) = question("dies", 1);
        lease(dies.ask(&asked).wait());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1_200) {
            assert!(matches!(lives.ask(&asked).wait(), Answer::Theirs(..)), "it is renewed");
            thread::sleep(Duration::from_millis(50));
        }
        drop(dies);
        assert_eq!(cache("dies", &lives).get_or_compute(1, || 7), 7);
    });
}

#[test]
fn servers_that_find_a_value_too_old_run_its_body_once() {
    with_server(&[], |server| {
        let clock = testing::Clock::stop();
        let minute = Duration::from_secs(60);
        let runs = AtomicU32::new(0);
        let servers: Vec<(RedisTier, Cache<u64, u64>)> = (0..4)
            .map(|_| {
                let tier = patient(server).tier();
                let cache = Cache::builder().name("old").ttl(minute).stale_if_error(10 * minute);
                (tier.clone(), cache.tier(tier, 1).build())
            })
            .collect();
        let run = |cache: &Cache<u64, u64>| {
            let run = || Ok::<_, ()>(runs.fetch_add(1, SeqCst).into());
            cache.get_or_try_compute(1, run)
        };
        assert_eq!(run(&servers[0].1), Ok(0));
        assert!(servers[0].0.flush(LONG));
        clock.advance(2 * minute);
        thread::scope(|scope| {
            let calls: Vec<_> =
                servers.iter().map(|(_, cache)| scope.spawn(move || run(cache))).collect();
            for call in calls {
                assert_eq!(call.join().expect("no panic"), Ok(1));
            }
        });
        assert_eq!(runs.load(SeqCst), 2);
    });
}

#[test]
fn futures_that_are_dropped_leave_no_lease() {
    with_server(&[], |server| {
        let tier = patient(server).tier();
        let cache = cache("dropped", &tier);
        let asks = |key, polls| {
            let mut call =
                pin!(cache.get_or_compute_async(key, async || std::future::pending().await));
            for _ in 0..polls {
                let waker = Waker::noop();
                assert!(call.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
                if polls > 1 {
                    assert!(tier.flush(LONG), "its question is answered");
                }
            }
        };
        let calls = if is_full() { 100_000 } else { 1_000 };
        (0..calls).for_each(|key| asks(key, if key % 10 == 0 { 3 } else { 1 }));
        assert!(tier.flush(LONG));
        // The answers of the last questions have been given back now, and this comes after that.
        assert!(tier.flush(LONG));
        assert_eq!(server.count("*:l"), 0);
        assert!(!tier.status().contains("leases"), "{}", tier.status());
    });
}

#[test]
fn large_values_come_back_as_they_were() {
    with_server(&[], |server| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let cache = |tier: &RedisTier| -> Cache<u64, Vec<u8>> {
            Cache::builder().name("large").tier(tier.clone(), 1).build()
        };
        let large = vec![7; 40 << 20];
        cache(&one).get_or_compute(1, || large.clone());
        assert!(one.flush(LONG));
        let came = cache(&other).get_or_compute(1, || unreachable!("the server has it"));
        assert!(came == large);
    });
}
