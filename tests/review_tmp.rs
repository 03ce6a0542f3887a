#![cfg(feature = "tier")]
mod common;
use common::map_tier::{MapTier, Mood};
use futures::executor::block_on;
use memofn::testing::{Clock, TestTiers};
use memofn::tier::*;
use memofn::{Cache, CallStatus, memoize, testing};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};
const MINUTE: Duration = Duration::from_secs(60);
fn tiers_are_on() {
    static ON: LazyLock<()> = LazyLock::new(|| {
        thread::spawn(|| std::mem::forget::<TestTiers>(testing::tiers(std::env::temp_dir())))
            .join()
            .unwrap();
    });
    LazyLock::force(&ON);
}

#[test]
fn t1_kept_record_gives_no_lease() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static NEST: AtomicU32 = AtomicU32::new(0);
    #[memoize(tier = TIER, version = 1, name = "t1", ttl = "10m", stale_if_error = "1h")]
    fn one(n: u64) -> Result<u64, &'static str> {
        RUNS.fetch_add(1, SeqCst);
        if NEST.load(SeqCst) == 1 {
            other::cache_remove(n);
        }
        Ok(n)
    }
    #[memoize(tier = TIER, version = 1, name = "t1", ttl = "10m", stale_if_error = "1h")]
    fn other(n: u64) -> Result<u64, &'static str> {
        Ok(n)
    }
    tiers_are_on();
    let clock = Clock::stop();
    one(1).unwrap();
    clock.advance(11 * MINUTE);
    NEST.store(1, SeqCst);
    one(1).unwrap();
    assert_eq!(RUNS.load(SeqCst), 2);
    assert_eq!(
        (TIER.records(), one::cache_info().tier_refused),
        (0, 1),
        "removed by another process during the run"
    );
}

#[test]
fn t2_refresh_not_refused() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    #[memoize(tier = TIER, version = 1, name = "t2")]
    fn run(n: u64) -> u64 {
        remove::cache_remove(n);
        n
    }
    #[memoize(tier = TIER, version = 1, name = "t2")]
    fn remove(n: u64) -> u64 {
        n
    }
    tiers_are_on();
    run::cache_refresh(1);
    assert_eq!(TIER.records(), 0, "removed by another process during the refresh");
}

#[test]
fn t3_removed_old_value_answers() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static FAILS: AtomicU32 = AtomicU32::new(0);
    #[memoize(tier = TIER, version = 1, name = "t3", ttl = "10m", stale_if_error = "1h")]
    fn one(n: u64) -> Result<u64, &'static str> {
        Ok(n)
    }
    #[memoize(tier = TIER, version = 1, name = "t3", ttl = "10m", stale_if_error = "1h")]
    fn other(n: u64) -> Result<u64, &'static str> {
        if FAILS.load(SeqCst) == 0 {
            return Ok(n);
        }
        other::cache_remove(n);
        Err("down")
    }
    tiers_are_on();
    let clock = Clock::stop();
    // in process alone
    other(2).unwrap();
    one(1).unwrap();
    FAILS.store(1, SeqCst);
    clock.advance(30 * MINUTE);
    eprintln!("in process: {:?}", other(2));
    assert_eq!(other(1), Err("down"), "it was removed");
}

#[test]
fn t4_err_ttl_and_stale_if_error() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static FAILS: AtomicU32 = AtomicU32::new(0);
    #[memoize(tier = TIER, version = 1, name = "t4", ttl = "10m", err_ttl = "1m", stale_if_error = "1h")]
    fn one(n: u64) -> Result<u64, String> {
        if FAILS.load(SeqCst) == 0 { Ok(n) } else { Err("down".into()) }
    }
    #[memoize(tier = TIER, version = 1, name = "t4", ttl = "10m", err_ttl = "1m", stale_if_error = "1h")]
    fn other(n: u64) -> Result<u64, String> {
        if FAILS.load(SeqCst) == 0 { Ok(n) } else { Err("down".into()) }
    }
    tiers_are_on();
    let clock = Clock::stop();
    one(1).unwrap();
    FAILS.store(1, SeqCst);
    clock.advance(30 * MINUTE);
    eprintln!("in the process that has it: {:?}", one::cache_call(1));
    assert_eq!(other(1), Ok(1), "the old value of the tier");
}

/// A tier without leases.
#[derive(Clone, Default)]
struct Plain(Arc<Mutex<HashMap<u128, Record>>>);
impl Tier for Plain {
    fn ask(&self, of: &Asked) -> Pending<Answer> {
        Pending::ready(
            self.0
                .lock()
                .unwrap()
                .get(&of.digest())
                .map_or(Answer::Yours(Lease::NONE), |it| Answer::Hit(it.clone())),
        )
    }
    fn keep(&self, of: &Asked, r: Record, _: Option<Lease>) -> Pending<Kept> {
        self.0.lock().unwrap().insert(of.digest(), r);
        Pending::ready(Kept::Stored)
    }
    fn forget(&self, what: Forget<'_>) {
        if let Forget::Key(of) = what {
            self.0.lock().unwrap().remove(&of.digest());
        }
    }
}

#[test]
fn t5_a_late_run_overwrites_a_newer_record() {
    static TIER: LazyLock<Plain> = LazyLock::new(Plain::default);
    static N: AtomicU32 = AtomicU32::new(0);
    #[memoize(tier = TIER, version = 1, name = "t5")]
    fn one(n: u64) -> u32 {
        let run = N.fetch_add(1, SeqCst);
        if run == 0 {
            assert_eq!(one::cache_refresh(n), 1);
        }
        run
    }
    #[memoize(tier = TIER, version = 1, name = "t5")]
    fn other(n: u64) -> u32 {
        let _ = n;
        7
    }
    tiers_are_on();
    let first = one(1);
    assert_eq!((first, one::cache_peek(1)), (0, Some(1)), "the first level keeps the newer one");
    assert_eq!(other(1), 1, "and so does the tier");
}

static GATE: Mutex<Option<(std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>)>> =
    Mutex::new(None);
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Slow(u64);
impl Serialize for Slow {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if let Some((tx, rx)) = GATE.lock().unwrap().take() {
            tx.send(()).unwrap();
            rx.recv().unwrap();
        }
        self.0.serialize(s)
    }
}

#[test]
fn t6_insert_and_remove() {
    let tier = MapTier::default();
    let cache: Cache<u64, Slow> = Cache::builder().name("t6").tier(tier.clone(), 1).build();
    let (tx, began) = std::sync::mpsc::channel();
    let (go, rx) = std::sync::mpsc::channel();
    *GATE.lock().unwrap() = Some((tx, rx));
    thread::scope(|s| {
        s.spawn(|| cache.insert(1, Slow(1)));
        began.recv().unwrap();
        assert_eq!(cache.remove(&1), Some(Slow(1)));
        go.send(()).unwrap();
    });
    assert_eq!(tier.records(), 0, "it was removed after it was inserted");
}

#[test]
fn t7_caches_without_a_name() {
    let tier = MapTier::default();
    let one: Cache<u64, u64> = Cache::builder().tier(tier.clone(), 1).build();
    let other: Cache<u64, u64> = Cache::builder().tier(tier.clone(), 1).build();
    one.get_or_compute(1, || 10);
    assert_eq!(other.get_or_compute(1, || 20), 20);
}

#[test]
fn t9_theirs_that_is_ready_spins() {
    struct Busy(Arc<AtomicU32>);
    impl Tier for Busy {
        fn ask(&self, _: &Asked) -> Pending<Answer> {
            self.0.fetch_add(1, SeqCst);
            Pending::ready(Answer::Theirs(Pending::promised(()).1, Duration::from_millis(500)))
        }
        fn keep(&self, _: &Asked, _: Record, _: Option<Lease>) -> Pending<Kept> {
            Pending::ready(Kept::Stored)
        }
        fn forget(&self, _: Forget<'_>) {}
    }
    let asked = Arc::new(AtomicU32::new(0));
    let cache: Cache<u64, u64> = Cache::builder().name("t9").tier(Busy(asked.clone()), 1).build();
    let mut polls = 0;
    let mut call = std::pin::pin!(cache.get_or_compute_async(1, async || 1));
    let start = Instant::now();
    block_on(std::future::poll_fn(|cx| {
        polls += 1;
        call.as_mut().poll(cx)
    }));
    let i = cache.info();
    assert!(
        asked.load(SeqCst) < 20,
        "asked {} times in {polls} polls, {:?}; misses {} tier_hits {} tier_misses {} errors {} waits {}",
        asked.load(SeqCst),
        start.elapsed(),
        i.misses,
        i.tier_hits,
        i.tier_misses,
        i.tier_errors,
        i.tier_waits
    );
}

#[test]
fn t11_a_record_from_the_future() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    #[memoize(tier = TIER, version = 1, name = "t11", ttl = "10m")]
    fn one(n: u64) -> u64 {
        n
    }
    #[memoize(tier = TIER, version = 1, name = "t11", ttl = "10m")]
    fn other(n: u64) -> u64 {
        n
    }
    tiers_are_on();
    let file = std::env::temp_dir().join("review_t11");
    if std::env::var_os("T11").is_some() {
        let clock = Clock::stop();
        let _ = memofn::tier::Record::from_bytes(vec![]); // nothing
        one(2); // fixes the wall clock
        clock.advance(24 * 60 * MINUTE);
        one(1);
        let r = TIER.lock().records.values().max_by_key(|r| r.born()).unwrap().as_bytes().to_vec();
        std::fs::write(file, r).unwrap();
        return;
    }
    let me = std::env::current_exe().unwrap();
    assert!(
        std::process::Command::new(me)
            .args(["--exact", "t11_a_record_from_the_future"])
            .env("T11", "1")
            .status()
            .unwrap()
            .success()
    );
    let clock = Clock::stop();
    TIER.mood(Mood::Lies(std::fs::read(file).unwrap()));
    let mut answered = Vec::new();
    for _ in 0..5 {
        let c = other::cache_call(1);
        answered.push((c.status, c.age));
        clock.advance(11 * MINUTE);
    }
    assert!(answered[1].0 == CallStatus::Miss, "{answered:?}");
}

#[test]
fn t12_an_ended_record_in_a_cache_without_ttl() {
    let tier = MapTier::default();
    let clock = Clock::stop();
    let one: Cache<u64, u64> =
        Cache::builder().name("t12").ttl(MINUTE).tier(tier.clone(), 1).build();
    one.get_or_compute(1, || 1);
    clock.advance(60 * MINUTE);
    let other: Cache<u64, u64> = Cache::builder().name("t12").tier(tier.clone(), 1).build();
    assert_eq!(other.get_or_compute(1, || 2), 2);
}

#[test]
fn t13_idle() {
    let tier = MapTier::default();
    let clock = Clock::stop();
    let one: Cache<u64, u64> =
        Cache::builder().name("t13").tti(MINUTE).tier(tier.clone(), 1).build();
    one.get_or_compute(1, || 1);
    clock.advance(60 * MINUTE);
    assert_eq!(one.get_or_compute(1, || 2), 2, "not used for an hour");
}

#[test]
fn t14_slow_refreshes_starve_async_reads() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static HOLD: AtomicU32 = AtomicU32::new(0);
    #[memoize(ttl = "10m", refresh_after = "1m")]
    fn slow(n: u64) -> u64 {
        while HOLD.load(SeqCst) == 1 {
            thread::sleep(Duration::from_millis(5));
        }
        n
    }
    let clock = Clock::stop();
    (0..4).for_each(|n| _ = slow(n));
    clock.advance(2 * MINUTE);
    HOLD.store(1, SeqCst);
    (0..4).for_each(|n| _ = slow(n));
    TIER.lock().timeout = Some(Duration::from_millis(300));
    TIER.mood(Mood::Works);
    let cache =
        || -> Cache<u64, u64> { Cache::builder().name("t14").tier(TIER.clone(), 1).build() };
    cache().get_or_compute(1, || 1);
    let other = cache();
    let value = block_on(other.get_or_compute_async(1, async || 2));
    HOLD.store(0, SeqCst);
    assert_eq!((value, other.info().tier_errors), (1, 0));
}

#[test]
fn t15_insert_of_an_error() {
    let _ = Clock::stop();
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    #[memoize(tier = TIER, version = 1, name = "t15", ttl = "10m", err_ttl = "1m")]
    fn one(n: u64) -> Result<u64, String> {
        Ok(n)
    }
    tiers_are_on();
    one::cache_insert(1, Err("x".into()));
    let ends = TIER.lock().records.values().map(Record::ends).collect::<Vec<_>>();
    assert!(ends.iter().all(Option::is_some), "{ends:?}");
}

#[test]
fn t16_born() {
    let tier = MapTier::default();
    let clock = Clock::stop();
    let one: Cache<u64, u64> = Cache::builder().name("t16").tier(tier.clone(), 1).build();
    one.insert(2, 2);
    one.get_or_compute(1, || {
        clock.advance(MINUTE);
        1
    });
    let mut born: Vec<_> = tier.lock().records.values().map(|r| r.born().unwrap()).collect();
    born.sort();
    assert_eq!(
        born[1].duration_since(born[0]).unwrap(),
        Duration::ZERO,
        "read from its sources when the run began"
    );
}

fn stalled(with: bool) -> Duration {
    let builder = Cache::builder().name("t17");
    let cache: Cache<u64, u64> =
        if with { builder.tier(MapTier::default(), 1).build() } else { builder.build() };
    let cache: &'static Cache<u64, u64> = Box::leak(Box::new(cache));
    let (tx, rx) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let start = Instant::now();
        block_on(async {
            let mut a = Box::pin(cache.get_or_compute_async(1, async || {
                std::future::pending::<()>().await;
                1
            }));
            std::future::poll_fn(|cx| {
                assert!(a.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            assert_eq!(cache.get_or_compute_async(1, async || 2).await, 2);
        });
        let _ = tx.send(start.elapsed());
    });
    rx.recv_timeout(Duration::from_secs(20)).unwrap_or(Duration::MAX)
}

#[test]
fn t17_stalled() {
    let (without, with) = (stalled(false), stalled(true));
    assert!(with < 3 * without, "without {without:?}, with {with:?}");
}

static ONCE: AtomicU32 = AtomicU32::new(0);
static CLONES: LazyLock<Mutex<Option<&'static Cache<u64, C>>>> = LazyLock::new(|| Mutex::new(None));
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct C(u64);
impl Clone for C {
    fn clone(&self) -> Self {
        if ONCE.compare_exchange(1, 0, SeqCst, SeqCst).is_ok() {
            let cache = CLONES.lock().unwrap().unwrap();
            cache.get_or_compute(1, || C(9));
        }
        Self(self.0)
    }
}

#[test]
fn t18_clone_calls() {
    let tier = MapTier::default();
    let make = || -> &'static Cache<u64, C> {
        Box::leak(Box::new(Cache::builder().name("t18").tier(tier.clone(), 1).build()))
    };
    let run = |cache: &'static Cache<u64, C>| {
        *CLONES.lock().unwrap() = Some(cache);
        ONCE.store(1, SeqCst);
        let (tx, rx) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let s = Instant::now();
            block_on(cache.get_or_compute_async(1, async || C(1)));
            let _ = tx.send(s.elapsed());
        });
        rx.recv_timeout(Duration::from_secs(5))
    };
    let own = run(make());
    let given = run(make());
    assert!(own.is_ok());
    assert!(given.is_ok(), "own {own:?}, given {given:?}");
}

#[test]
fn t19_tag_of_a_cache_that_was_not_used_yet() {
    static ONE: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    static TWO: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    #[memoize(tier = ONE, version = 1, name = "t19", tags = ["t19"])]
    fn one(n: u64) -> u64 {
        n
    }
    #[memoize(tier = TWO, version = 1, name = "t19", tags = ["t19"])]
    fn after_restart(n: u64) -> u64 {
        n + 100
    }
    tiers_are_on();
    one(1);
    let records = ONE.lock().records.clone();
    TWO.lock().records = records;
    memofn::invalidate_tag("t19");
    assert_eq!(after_restart(1), 101);
}

#[test]
fn t20_tag_of_another_process_during_a_run() {
    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);
    let cache = |name: &'static str| -> Cache<u64, u64> {
        Cache::builder().name(name).tier(TIER.clone(), 1).build()
    };
    let one = cache("t20");
    let other = cache("t20");
    // remove by a borrowed form while a run is under way whose value the tier has: not held -> stays
    let s: Cache<String, u64> = Cache::builder()
        .name("t20s")
        .tier(TIER.clone(), 1)
        .ttl(MINUTE)
        .stale_if_error(60 * MINUTE)
        .build();
    let clock = Clock::stop();
    s.get_or_compute("a".into(), || 1);
    clock.advance(2 * MINUTE);
    s.remove("a");
    let left = TIER.records();
    drop((one, other));
    assert_eq!(left, 0, "the cache held it for calls that fail");
}

struct Flag(std::sync::atomic::AtomicBool);
impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn t21_lost_wake() {
    use std::task::{Context, Poll, Waker};
    let tier = MapTier::default();
    tier.mood(Mood::Hangs);
    tier.lock().timeout = Some(Duration::from_millis(2));
    let cache: Cache<u64, u64> = Cache::builder().name("t21").tier(tier.clone(), 1).build();
    let mut lost = 0;
    for n in 0..3000_u64 {
        let a = Arc::new(Flag(false.into()));
        let b = Arc::new(Flag(false.into()));
        let (wa, wb) = (Waker::from(a.clone()), Waker::from(b.clone()));
        let mut call = Box::pin(cache.get_or_compute_async(n, async || n));
        let start = Instant::now();
        assert!(call.as_mut().poll(&mut Context::from_waker(&wa)).is_pending());
        while start.elapsed() < Duration::from_micros(1990 + (n % 200)) {
            std::hint::spin_loop();
        }
        // The task that holds the future has another waker now.
        if call.as_mut().poll(&mut Context::from_waker(&wb)).is_pending() {
            let start = Instant::now();
            while !b.0.load(SeqCst) && start.elapsed() < Duration::from_millis(100) {
                thread::yield_now();
            }
            if !b.0.load(SeqCst) {
                lost += 1;
            }
        }
    }
    assert_eq!(lost, 0, "woken neither");
}

#[test]
fn t22_patience() {
    // A run that a tier answered makes the length of runs unknown: a waiter inside a run then has 10 s and not 2 s.
    let tier = MapTier::default();
    let make = |with: bool| -> &'static Cache<u64, u64> {
        let b = Cache::builder().name("t22").unbounded();
        Box::leak(Box::new(if with { b.tier(tier.clone(), 1).build() } else { b.build() }))
    };
    let seed = make(true);
    (100..103).for_each(|n| _ = seed.get_or_compute(n, || n));
    let helped_after = |with: bool| {
        let cache = make(with);
        thread::spawn(move || cache.get_or_compute(5000, || 1)).join().unwrap();
        (0..40).for_each(|n| {
            _ = cache.get_or_compute(n, || {
                thread::sleep(Duration::from_millis(1));
                n
            })
        });
        if with {
            (100..103).for_each(|n| _ = cache.get_or_compute(n, || unreachable!()));
        }
        let (tx, rx) = std::sync::mpsc::channel::<()>();
        let (began, wait) = std::sync::mpsc::channel();
        thread::spawn(move || {
            cache.get_or_compute(1000, || {
                began.send(()).unwrap();
                let _ = rx.recv();
                1
            })
        });
        wait.recv().unwrap();
        let start = Instant::now();
        // inside a run
        cache.get_or_compute(1001, || cache.get_or_compute(1000, || 1));
        drop(tx);
        start.elapsed()
    };
    let (without, with) = (helped_after(false), helped_after(true));
    assert!(with < 2 * without, "without {without:?}, with {with:?}");
}
