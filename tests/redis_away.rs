//! A Redis that is away, slow or wrong is no error of a call.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{
    LONG, Told, cache, is_hit, keep, painted_question, patient, question, until, with_server,
};
use common::redis_server::free_port;
use common::{finishes, panic_of, panic_silently};
use futures::executor::block_on;
use memofn::Cache;
use memofn::redis::{Coherence, RedisTier, connect};
use memofn::tier::{Answer, Forget, Tier, TierEvent};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_server_that_has_lost_the_scripts_gets_them_again() {
    with_server(&[], |server| {
        let tier = patient(server).tier();
        let kept = question("scripts", 1);
        keep(&tier, &kept);
        assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "+OK");
        assert!(is_hit(&tier, &kept.0));
        assert_eq!(server.command(&["SCRIPT", "FLUSH"]), "+OK");
        tier.forget(Forget::Function(kept.0.function()));
        assert!(!is_hit(&tier, &kept.0));
        keep(&tier, &kept);
    });
}

#[test]
fn a_server_that_hangs_costs_each_call_its_timeout_and_then_nothing() {
    with_server(&[], |server| {
        let tier = connect(server.url()).expect("an address").tier();
        let cache = cache("hangs", &tier);
        cache.get_or_compute(0, || 0);
        server.freeze(true);
        let mut longest = Duration::ZERO;
        for key in 1..=50 {
            let begun = Instant::now();
            let value = if key % 2 == 0 {
                cache.get_or_compute(key, || 2 * key)
            } else {
                block_on(cache.get_or_compute_async(key, async || 2 * key))
            };
            assert_eq!(value, 2 * key);
            longest = longest.max(begun.elapsed());
        }
        println!("the longest call took {longest:?}");
        assert!(longest < Duration::from_secs(10), "{longest:?}");
        let info = cache.info();
        assert!(info.tier_errors >= 50, "{info:?}");

        let mut calls: Vec<_> = (51..1_051)
            .map(|key| {
                let begun = Instant::now();
                cache.get_or_compute(key, || key);
                begun.elapsed()
            })
            .collect();
        calls.sort_unstable();
        println!("the median of calls with the breaker open: {:?}", calls[500]);

        server.freeze(false);
        let other = question("hangs", 1);
        until(|| {
            matches!(tier.ask(&other.0).wait_for(LONG), Some(Answer::Hit(_) | Answer::Yours(_)))
        });
    });
}

#[test]
fn what_was_removed_while_the_server_was_away_is_removed_on_return() {
    with_server(&[], |server| {
        let (one, other) =
            (patient(server).coherence(Coherence::None).tier(), patient(server).tier());
        let key = question("removed", 1);
        let tagged = painted_question(2, "red");
        let stays = question("removed", 3);
        let told = Told::follow(&one, &key.0);
        for kept in [&key, &tagged, &stays] {
            keep(&one, kept);
        }
        server.freeze(true);
        until(|| {
            drop(one.ask(&stays.0));
            one.status().contains("away")
        });
        assert!(matches!(one.ask(&stays.0).wait(), Answer::Away));
        one.forget(Forget::Key(&key.0));
        one.forget(Forget::Tag("color:red"));
        assert!(one.status().contains("removals to be told"), "{}", one.status());
        server.freeze(false);
        until(|| one.status().contains("connected") && one.flush(LONG));
        until(|| !other.status().contains("away") && other.flush(LONG));
        assert_eq!((is_hit(&other, &key.0), is_hit(&other, &tagged.0)), (false, false));
        until(|| matches!(other.ask(&stays.0).wait(), Answer::Hit(_)));
        assert_eq!(told.all(), 0, "it was to drop nothing");
    });
}

#[test]
fn a_server_that_was_killed_and_is_empty_is_used_again_and_all_is_dropped() {
    with_server(&[], |server| {
        let tier = patient(server).coherence(Duration::from_secs(2)).tier();
        let kept = question("killed", 1);
        let told = Told::follow(&tier, &kept.0);
        keep(&tier, &kept);
        assert_eq!(told.all(), 0);
        server.kill();
        let cache = cache("killed", &tier);
        for key in 0..200 {
            assert_eq!(cache.get_or_compute(key, || key), key);
        }
        until(|| told.all() > 0);
        assert!(tier.status().contains("away"), "{}", tier.status());
        let before = told.all();
        server.restart();
        until(|| tier.status().contains("connected"));
        assert!(told.all() > before, "all is dropped on return");
        keep(&tier, &kept);
        let after = told.all();
        assert!(is_hit(&tier, &kept.0));
        assert_eq!(told.all(), after);
    });
}

#[test]
fn the_program_is_told_once_that_a_server_is_away_and_once_that_it_is_back() {
    static TOLD: Mutex<Vec<TierEvent>> = Mutex::new(Vec::new());
    with_server(&["--databases", "777"], |server| {
        memofn::on_tier_event(|event| TOLD.lock().unwrap().push(event.clone()));
        // Other tests have servers as well.
        let mine = || -> Vec<_> {
            let told = TOLD.lock().unwrap();
            let mine = |event: &&TierEvent| format!("{event:?}").contains("/776");
            told.iter().filter(mine).cloned().collect()
        };
        let tier = connect(format!("{}/776", server.url())).expect("an address");
        let tier = tier.timeout(LONG).tier();
        let cache = cache("told", &tier);
        cache.get_or_compute(0, || 0);
        server.kill();
        for key in 0..100 {
            cache.get_or_compute(key, || key);
        }
        until(|| !mine().is_empty());
        server.restart();
        until(|| mine().len() > 1);
        let told = mine();
        assert!(matches!(&told[..], [TierEvent::Away { .. }, TierEvent::Back { .. }]), "{told:?}");
    });
}

#[test]
fn strict_coherence_drops_all_at_once() {
    with_server(&[], |server| {
        let tier = patient(server).coherence(Coherence::Strict).tier();
        let kept = question("strict", 1);
        let told = Told::follow(&tier, &kept.0);
        keep(&tier, &kept);
        server.kill();
        until(|| told.all() >= 2);
    });
}

#[test]
fn a_password_is_used_and_never_shown() {
    with_server(&["--requirepass", "s3cret"], |server| {
        let port = server.url().rsplit(':').next().expect("a port").to_owned();
        let tier = |account: &str| {
            let url = format!("redis://{account}127.0.0.1:{port}");
            connect(url).expect("an address").timeout(LONG).tier()
        };
        for (account, error) in
            [("", "NOAUTH"), (":wr0ng@", "WRONGPASS"), ("me:wr0ng@", "WRONGPASS")]
        {
            let tier = tier(account);
            assert_eq!(cache("account", &tier).get_or_compute(1, || 10), 10);
            until(|| tier.status().contains(error));
            assert!(tier.status().contains("away"), "{}", tier.status());
            assert!(!format!("{tier:?}").contains("wr0ng"), "{tier:?}");
        }
        let tier = tier(":s3cret@");
        keep(&tier, &question("account", 1));
        assert!(!format!("{tier:?} {}", tier.status()).contains("s3cret"));
    });
}

#[test]
fn a_cluster_is_refused() {
    with_server(&["--cluster-enabled", "yes"], |server| {
        let tier = patient(server).tier();
        assert_eq!(cache("cluster", &tier).get_or_compute(1, || 10), 10);
        until(|| tier.status().contains("cluster"));
    });
}

#[test]
fn a_result_of_a_call_that_was_not_answered_leaves_memory_in_a_while() {
    with_server(&[], |server| {
        let setup = connect(server.url()).expect("an address").timeout(Duration::ZERO);
        let tier = setup.coherence(Duration::from_millis(300)).tier();
        let cache = cache("not answered", &tier);
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        until(|| cache.peek(&1).is_none());
        assert_eq!(cache.info().tier_hits + cache.info().tier_misses, 0);
    });
}

#[test]
fn a_result_is_held_while_the_server_is_away_also_if_its_body_takes_longer_than_that() {
    finishes("a slow body without a server", || {
        let url = format!("redis://127.0.0.1:{}", free_port());
        let setup = connect(url).expect("an address").coherence(Duration::from_millis(500));
        let tier = setup.tier();
        let (slow, fast) = (cache("slow", &tier), cache("fast", &tier));
        fast.get_or_compute(0, || 0);
        until(|| tier.status().contains("away"));
        // One run is under way when all is dropped, and a busy machine may drop a result before it is seen.
        let held = (1..100).find(|&key| {
            slow.get_or_compute(key, || {
                fast.get_or_compute(key, || 0);
                until(|| fast.peek(&key).is_none());
                key
            });
            slow.peek(&key).is_some()
        });
        let (held, begun) = (held.expect("the result of a slow body is held"), Instant::now());
        until(|| slow.peek(&held).is_none());
        println!("it was held for {:?}, beside a coherence of 500 ms", begun.elapsed());
    });
}

/// A cache above no server, whose results were all dropped once.
fn away(name: &str) -> (Cache<u64, u64>, RedisTier) {
    let url = format!("redis://127.0.0.1:{}", free_port());
    let setup = connect(url).expect("an address").coherence(Duration::from_millis(300));
    let tier = setup.tier();
    let told = Told::follow(&tier, &question("other", 1).0);
    let cache = Cache::builder().name(name.to_owned()).tier(tier.clone(), 1);
    let cache = cache.patience(Duration::from_millis(20)).build();
    cache.get_or_compute(0, || 0);
    until(|| told.all() > 0);
    (cache, tier)
}

#[test]
fn the_result_of_a_helper_leaves_memory_in_a_while_if_its_leader_never_ends() {
    finishes("a helper without a server", || {
        let (cache, _tier) = away("helped");
        let begun = AtomicUsize::new(0);
        let mut leader = pin!(cache.get_or_compute_async(1, async || {
            begun.fetch_add(1, SeqCst);
            std::future::pending().await
        }));
        until(|| {
            assert!(leader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            begun.load(SeqCst) > 0
        });
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        assert_eq!(cache.info().helped, 1);
        until(|| cache.peek(&1).is_none());
    });
}

#[test]
fn the_result_of_an_inner_call_leaves_memory_in_a_while_if_the_outer_one_panics() {
    finishes("a call in a call without a server", || {
        let (cache, _tier) = away("inner");
        let outer = || {
            assert_eq!(cache.get_or_compute(1, || 10), 10);
            panic_silently("it fails")
        };
        assert_eq!(panic_of(|| cache.get_or_compute(1, outer)), "it fails");
        until(|| cache.peek(&1).is_none());
    });
}

#[test]
fn a_result_that_cannot_be_written_leaves_memory_in_a_while() {
    #[derive(Clone, serde::Deserialize)]
    struct Secret;

    impl serde::Serialize for Secret {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it is secret"))
        }
    }

    with_server(&[], |server| {
        let tier = patient(server).coherence(Duration::from_millis(300)).tier();
        let cache: Cache<u64, Secret> = Cache::builder().name("secret").tier(tier, 1).build();
        cache.get_or_compute(1, || Secret);
        until(|| cache.peek(&1).is_none());
        assert_eq!(cache.info().tier_errors, 1);
    });
}

/// A server that answers each connection with these bytes, whatever it is asked.
fn fake(replies: Vec<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let reply = &replies[count.load(SeqCst) % replies.len()];
            let mut question = vec![0; 64 << 10];
            let _ = stream.read(&mut question);
            let _ = stream.write_all(reply);
            count.fetch_add(1, SeqCst);
        }
    });
    (format!("redis://127.0.0.1:{port}"), served)
}

#[test]
fn garbage_and_replies_that_are_cut_are_no_answer() {
    finishes("calls of a cache above a server that lies", || {
        let hello = b"%2\r\n+proto\r\n:3\r\n+mode\r\n+standalone\r\n+OK\r\n".to_vec();
        let scripts = b"+hash\r\n".repeat(4);
        let greeted = [hello.clone(), scripts].concat();
        let after = |bytes: &[u8]| [&greeted[..], bytes].concat();
        let deep = b"*1\r\n".repeat(100_000);
        let (url, served) = fake(vec![
            b"".to_vec(),
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            b"-ERR unknown command 'HELLO', with args beginning with: '3'\r\n".to_vec(),
            b"$536870913\r\n".to_vec(),
            deep.clone(),
            hello[..20].to_vec(),
            hello,
            after(b""),
            after(b"$5\r\nab"),
            after(b"$999999999\r\n"),
            after(b":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"),
            after(b"$3\r\nabc\r\n"),
            after(b"*1\r\n:-5\r\n"),
            after(b">2\r\n+invalidate\r\n*1\r\n$3\r\n{:}\r\n>0\r\n>1\r\n:1\r\n"),
            after(&deep),
            after(b"\xff\x00\r\n\r\n"),
        ]);
        let tier = connect(url).expect("an address").tier();
        let cache = cache("lies", &tier);
        let mut key = 0;
        until(|| {
            key += 1;
            assert_eq!(cache.get_or_compute(key, || 2 * key), 2 * key);
            served.load(SeqCst) > 40
        });
        assert_eq!(cache.info().tier_hits, 0);
        println!("{}", tier.status());
    });
}

#[test]
fn a_server_that_takes_connections_and_says_nothing_costs_three_calls_their_timeout() {
    finishes("calls of a cache above a server that says nothing", || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let tier = connect(format!("redis://127.0.0.1:{port}")).expect("an address").tier();
        let cache = cache("silent", &tier);
        let begun = Instant::now();
        for key in 0..1_000 {
            assert_eq!(cache.get_or_compute(key, || 2 * key), 2 * key);
        }
        println!("a thousand calls above a server that says nothing: {:?}", begun.elapsed());
        until(|| tier.status().contains("away"));
        drop(listener);
    });
}

#[test]
fn a_server_that_is_not_there_is_no_error() {
    finishes("calls of a cache above no server", || {
        let tier =
            connect(format!("redis://127.0.0.1:{}", free_port())).expect("an address").tier();
        let cache = cache("nobody", &tier);
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        assert_eq!(block_on(cache.get_or_compute_async(2, async || 20)), 20);
        cache.insert(3, 30);
        cache.remove(&3);
        cache.clear();
        assert!(!tier.flush(LONG));
        until(|| tier.status().contains("away"));
    });
}
