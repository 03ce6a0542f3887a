//! Redis below caches. Two links to one server stand for two processes.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::finishes;
use common::redis_server::{Server, free_port};
use futures::executor::block_on;
use memofn::redis::{Coherence, RedisTier, Setup, connect};
use memofn::tier::{
    Answer, Asked, FirstLevel, Forget, Kept, Lease, Pending, Record, Tier, TierEvent,
};
use memofn::{Cache, memoize, testing};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

/// A tier that is patient on a busy machine.
fn patient(server: &Server) -> Setup {
    connect(server.url()).expect("an address").timeout(LONG)
}

fn cache(name: &str, tier: &RedisTier) -> Cache<u64, u64> {
    Cache::builder().name(name.to_owned()).tier(tier.clone(), 1).build()
}

/// Waits for something that others do. A watchdog ends a wait in vain.
fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_micros(100));
    }
}

/// Takes down what it is asked, and what it is to keep.
#[derive(Clone, Default)]
struct Spy(Arc<Mutex<Vec<(Asked, Record)>>>);

impl Spy {
    fn last(&self) -> (Asked, Record) {
        self.0.lock().unwrap().pop().expect("it was kept")
    }
}

impl Tier for Spy {
    fn ask(&self, _: &Asked) -> Pending<Answer> {
        Pending::ready(Answer::Yours(Lease::NONE))
    }

    fn keep(&self, of: &Asked, record: Record, _: Option<Lease>) -> Pending<Kept> {
        self.0.lock().unwrap().push((of.clone(), record));
        Pending::ready(Kept::Stored)
    }

    fn forget(&self, _: Forget<'_>) {}
}

/// A question and a record for it, as the cache of a function asks and keeps.
fn question(function: &str, key: u64) -> (Asked, Record) {
    let spy = Spy::default();
    let cache = Cache::builder().name(function.to_owned()).tier(spy.clone(), 1).build();
    cache.get_or_compute(key, || 2 * key);
    spy.last()
}

static SPY: LazyLock<Spy> = LazyLock::new(Spy::default);

#[memoize(tier = SPY, name = "painted", version = 1, tags = ["all", format!("color:{color}")])]
fn painted(key: u64, color: &str) -> String {
    format!("{key} {color}")
}

/// A question and a record with the tags `all` and `color:..`.
fn painted_question(key: u64, color: &str) -> (Asked, Record) {
    let _tiers = testing::tiers(std::env::temp_dir());
    painted::cache_remove(key, color);
    painted(key, color);
    SPY.last()
}

fn lease(answer: Answer) -> Lease {
    match answer {
        Answer::Yours(lease) => lease,
        other => panic!("a lease, and not {other:?}"),
    }
}

fn is_hit(tier: &RedisTier, asked: &Asked) -> bool {
    match tier.ask(asked).wait() {
        Answer::Hit(_) => true,
        Answer::Yours(lease) => {
            tier.release(asked, lease);
            assert!(tier.flush(LONG));
            false
        }
        other => panic!("a record or a lease, and not {other:?}"),
    }
}

fn keep(tier: &RedisTier, (asked, record): &(Asked, Record)) {
    let lease = lease(tier.ask(asked).wait());
    assert_eq!(tier.keep(asked, record.clone(), Some(lease)).wait(), Kept::Stored);
}

/// Counts what it is told to forget.
#[derive(Default)]
struct Told {
    keys: Mutex<Vec<u128>>,
    all: AtomicUsize,
}

impl FirstLevel for Told {
    fn forget(&self, digest: u128) {
        self.keys.lock().unwrap().push(digest);
    }

    fn forget_all(&self) {
        self.all.fetch_add(1, SeqCst);
    }
}

impl Told {
    fn follow(tier: &RedisTier, asked: &Asked) -> Arc<Self> {
        let told = Arc::new(Self::default());
        let first_level: Arc<dyn FirstLevel> = told.clone();
        tier.follow(asked.function(), Arc::downgrade(&first_level));
        told
    }

    fn has(&self, asked: &Asked) -> bool {
        self.keys.lock().unwrap().contains(&asked.digest())
    }

    fn all(&self) -> usize {
        self.all.load(SeqCst)
    }
}

/// Runs a test with a server, if one is installed.
fn with_server(arguments: &[&str], test: impl FnOnce(&mut Server) + Send + 'static) {
    if let Some(mut server) = Server::start(arguments) {
        finishes("calls of a cache above Redis", move || test(&mut server));
    }
}

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
        let repeats = if std::env::var_os("MEMOFN_STRESS").is_some() { 100 } else { 3 };
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
        let (one, other) = (patient(server).lease(LONG).tier(), patient(server).tier());
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
        until(|| told.all() >= 2);
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
        (0..1_000).for_each(|key| asks(key, if key % 10 == 0 { 3 } else { 1 }));
        assert!(tier.flush(LONG));
        // The answers of the last questions have been given back now, and this comes after that.
        assert!(tier.flush(LONG));
        assert_eq!(server.count("*:l"), 0);
        assert!(!tier.status().contains("leases"), "{}", tier.status());
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
fn the_time_of_a_hit_is_near_that_of_the_server() {
    with_server(&[], |server| {
        let tier = patient(server).tier();
        let kept = question("fast", 1);
        keep(&tier, &kept);
        let median = |ask: &dyn Fn()| {
            let mut times: Vec<_> = (0..2_000)
                .map(|_| {
                    let begun = Instant::now();
                    ask();
                    begun.elapsed()
                })
                .collect();
            times.sort_unstable();
            times[1_000]
        };
        let hit = median(&|| assert!(is_hit(&tier, &kept.0)));
        let ping = median(&|| assert!(tier.flush(LONG)));
        println!("a hit takes {hit:?}, and a PING on the same link {ping:?}");
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

#[test]
fn a_server_that_cannot_be_written_to_still_answers() {
    with_server(&[], |server| {
        let tier = patient(server).tier();
        let kept = question("full", 1);
        keep(&tier, &kept);
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        assert!(matches!(tier.ask(&kept.0).wait(), Answer::Hit(_)), "reading needs no memory");
        assert_eq!(cache("full", &tier).get_or_compute(2, || 20), 20);
        tier.forget(Forget::Function(kept.0.function()));
        until(|| tier.status().contains("OOM"));
        assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");
        // The removal is told again.
        until(|| !is_hit(&tier, &kept.0));
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
