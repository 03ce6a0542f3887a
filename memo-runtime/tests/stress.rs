//! Ten million operations by threads that get into each other's way, for the sanitizers to watch.
//!
//! `cargo test` does a part of them, and with `MEMOFN_STRESS=full` in the environment all. What happens
//! in which order is up to the threads; what each of them does is not, and follows from a seed.

use memo_runtime::Cache;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::hint::{black_box, spin_loop};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::*};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;

/// Of all tests together, when they are to do all.
const OPERATIONS: usize = 10_000_000;

/// Parts of the operations that the tests do, of a hundred.
const PLAIN: usize = 40;
const OWNING: usize = 20;
const WATCHED: usize = 20;
const EXPIRING: usize = 10;
const YOUNG: usize = 10;
const _: () = assert!(PLAIN + OWNING + WATCHED + EXPIRING + YOUNG == 100);

/// How many operations there are for a test.
fn operations(part: usize) -> usize {
    let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
    let all = if full { OPERATIONS } else { OPERATIONS / 20 };
    all / 100 * part
}

/// So many dead values may linger, 8 for each thread, when all threads have ended, until somebody comes by.
const LINGERING: i64 = 32;

/// `maxsize`, and from how many keys to choose.
const SIZES: [(Option<usize>, u32); 5] =
    [(Some(1), 8), (Some(7), 32), (Some(64), 256), (Some(1000), 4000), (None, 256)];

/// Keys and values that say what they are.
trait Sample: Clone + Debug + Send + Sync + 'static {
    fn of(key: u32, version: u32) -> Self;
    fn key(&self) -> u32;
    fn version(&self) -> u32;
    /// How many there are, if they are watched.
    fn alive() -> Option<i64> {
        None
    }
}

impl Sample for u64 {
    fn of(key: u32, version: u32) -> Self {
        (Self::from(key) << 32) | Self::from(version)
    }
    fn key(&self) -> u32 {
        u32::try_from(self >> 32).unwrap()
    }
    fn version(&self) -> u32 {
        u32::try_from(self & u64::from(u32::MAX)).unwrap()
    }
}

impl Sample for String {
    fn of(key: u32, version: u32) -> Self {
        format!("{key}/{version}")
    }
    fn key(&self) -> u32 {
        self.split_once('/').unwrap().0.parse().unwrap()
    }
    fn version(&self) -> u32 {
        self.split_once('/').unwrap().1.parse().unwrap()
    }
}

impl Sample for Arc<[u8]> {
    fn of(key: u32, version: u32) -> Self {
        u64::of(key, version).to_be_bytes().into()
    }
    fn key(&self) -> u32 {
        u64::from_be_bytes(self[..].try_into().unwrap()).key()
    }
    fn version(&self) -> u32 {
        u64::from_be_bytes(self[..].try_into().unwrap()).version()
    }
}

/// A value that knows whether it is alive, and counts in the books of its test.
#[derive(Debug)]
struct Watched {
    canary: AtomicU64,
    key: u32,
    version: u32,
    books: &'static Books,
}

impl Watched {
    const ALIVE: u64 = 0x51_6E_67_69_6E_67;
    const DEAD: u64 = 0xDEAD;

    fn new(key: u32, version: u32, books: &'static Books) -> Self {
        books.mine(|mine| &mine.made);
        Self { canary: AtomicU64::new(Self::ALIVE), key, version, books }
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.canary.load(Relaxed), Self::ALIVE, "a dead value was used");
    }
}

impl Sample for Watched {
    fn of(key: u32, version: u32) -> Self {
        Self::new(key, version, MY_BOOKS.get().expect("this test keeps books"))
    }
    fn key(&self) -> u32 {
        self.check();
        self.key
    }
    fn version(&self) -> u32 {
        self.check();
        self.version
    }
    fn alive() -> Option<i64> {
        MY_BOOKS.get()?.alive()
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        self.check();
        // Some take their time, so that what they read is taken out meanwhile.
        if self.version % 64 == 0 {
            thread::yield_now();
        }
        let clone = Self::new(self.key, self.version, self.books);
        self.check();
        clone
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        assert_eq!(self.canary.swap(Self::DEAD, Relaxed), Self::ALIVE, "a value was dropped twice");
        black_box(&self.canary);
        self.books.mine(|mine| &mine.dropped);
    }
}

/// How many values a test has made and dropped. Each thread has its own page: that they count must not
/// put their memory accesses in any order.
#[derive(Debug)]
struct Books {
    pages: [Page; THREADS + 1],
    /// The most dead values that were not yet dropped: while threads ran, and when they had ended.
    most_at_any_time: AtomicI64,
    most_when_quiet: AtomicI64,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Page {
    made: AtomicI64,
    dropped: AtomicI64,
}

thread_local! {
    static MY_BOOKS: Cell<Option<&'static Books>> = const { Cell::new(None) };
    static ME: Cell<usize> = const { Cell::new(THREADS) };
}

impl Books {
    const fn new() -> Self {
        Self {
            pages: [const { Page { made: AtomicI64::new(0), dropped: AtomicI64::new(0) } };
                THREADS + 1],
            most_at_any_time: AtomicI64::new(0),
            most_when_quiet: AtomicI64::new(0),
        }
    }

    fn mine(&self, which: impl Fn(&Page) -> &AtomicI64) {
        let count = which(&self.pages[ME.get()]);
        count.store(count.load(Relaxed) + 1, Relaxed);
    }

    fn sum(&self, which: impl Fn(&Page) -> &AtomicI64) -> i64 {
        self.pages.iter().map(|page| which(page).load(Relaxed)).sum()
    }

    /// `None` if too much happened while they were counted.
    fn alive(&self) -> Option<i64> {
        let dropped = self.sum(|page| &page.dropped);
        let alive = self.sum(|page| &page.made) - dropped;
        (self.sum(|page| &page.dropped) - dropped <= 4).then_some(alive)
    }
}

/// The versions of the values of a key.
#[derive(Debug, Default)]
struct Versions {
    /// What is computed now gets this one.
    latest: AtomicU32,
    /// What is asked for now must not be older.
    least: AtomicU32,
}

/// One thread at work. Only one thread inserts and removes a key, so that it is known which version
/// came last; all call it.
struct Worker<'a, K, V> {
    cache: &'a Cache<K, V>,
    versions: &'a [Versions],
    random: Cell<u64>,
    calls: Cell<u64>,
    clears: bool,
}

impl<'a, K: Sample + Hash + Eq, V: Sample> Worker<'a, K, V> {
    fn new(cache: &'a Cache<K, V>, versions: &'a [Versions], seed: usize, clears: bool) -> Self {
        let random = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { cache, versions, random: Cell::new(random), calls: Cell::new(0), clears }
    }

    /// An evenly distributed number below `limit`.
    fn random(&self, limit: u32) -> u32 {
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random.set(random);
        let upper = random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        u32::try_from((upper * u64::from(limit)) >> 32).unwrap()
    }

    fn keys(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap()
    }

    /// A key; small ones are more popular by far.
    fn some_key(&self) -> u32 {
        let (a, b) = (self.random(self.keys()) + 1, self.random(self.keys()) + 1);
        self.random(
            u32::try_from(u64::from(a) * u64::from(b) / self.versions.len() as u64).unwrap().max(1),
        )
    }

    /// A key that no other thread changes.
    fn own_key(&self) -> u32 {
        let threads = u32::try_from(THREADS).unwrap();
        let me = u32::try_from(ME.get()).unwrap();
        self.some_key() / threads * threads + me
    }

    fn least(&self, key: u32) -> u32 {
        self.versions[key as usize].least.load(Acquire)
    }

    fn make(&self, key: u32) -> V {
        V::of(key, self.versions[key as usize].latest.load(Acquire))
    }

    /// Does something that makes all values there have been of this key out of date.
    fn change<R>(&self, key: u32, change: impl FnOnce(u32) -> R) -> R {
        let Versions { latest, least } = &self.versions[key as usize];
        let version = latest.load(Relaxed) + 1;
        latest.store(version, Release);
        let done = change(version);
        least.store(version, Release);
        done
    }

    #[track_caller]
    fn check(key: u32, least: u32, value: &V) {
        assert_eq!(value.key(), key, "that is another key's");
        assert!(value.version() >= least, "{value:?} is out of date: there is {least}");
    }

    /// Calls `key`, and does something inside when it is computed.
    fn call(&self, key: u32, inside: impl FnOnce()) {
        let least = self.least(key);
        self.calls.set(self.calls.get() + 1);
        let value = self.cache.get_or_compute(K::of(key, 0), || {
            inside();
            self.make(key)
        });
        Self::check(key, least, &value);
    }

    /// Calls `key` when no run is under way: a call that waits shows that one was left behind.
    fn call_without_waiting(&self, key: u32) {
        let least = self.least(key);
        let call = self.cache.get_or_compute_async(K::of(key, 0), async || self.make(key));
        match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Self::check(key, least, &value),
            Poll::Pending => panic!("a run of {key} was left behind"),
        }
    }

    fn fail(&self, key: u32) {
        let least = self.least(key);
        self.calls.set(self.calls.get() + 1);
        if let Ok(value) = self.cache.get_or_try_compute(K::of(key, 0), || Err(())) {
            Self::check(key, least, &value);
        }
    }

    fn look_around(&self) {
        let info = self.cache.info();
        assert!(info.currsize <= info.maxsize.unwrap_or(usize::MAX).min(self.versions.len()));
        if let (Some(alive), Some(books)) = (V::alive(), MY_BOOKS.get()) {
            let stored = i64::try_from(info.maxsize.unwrap_or(self.versions.len())).unwrap();
            books.most_at_any_time.fetch_max(alive - stored, Relaxed);
        }
    }

    fn look_through(&self) {
        let mut keys = BTreeSet::new();
        for entry in self.cache.iter() {
            assert_eq!(entry.key().key(), entry.value().key());
            assert!(keys.insert(entry.key().key()), "{entry:?} is there twice");
        }
        assert!(keys.len() <= self.cache.info().maxsize.unwrap_or(self.versions.len()));
    }

    fn do_something(&self) {
        match self.random(1024) {
            0..40 => {
                let key = self.own_key();
                self.change(key, |version| {
                    self.cache.insert(K::of(key, 0), V::of(key, version));
                });
            }
            40..70 => {
                let key = self.own_key();
                let least = self.least(key);
                let removed = self.change(key, |_| self.cache.remove(&K::of(key, 0)));
                if let Some(value) = &removed {
                    Self::check(key, least, value);
                }
            }
            70..100 => {
                let key = self.some_key();
                let least = self.least(key);
                let peeked = self.cache.peek(&K::of(key, 0));
                if let Some(value) = &peeked {
                    Self::check(key, least, value);
                }
            }
            100..106 => self.look_around(),
            106 => self.look_through(),
            107 if self.random(4) == 0 => {
                let rest = self.random(5);
                self.cache.retain(|key, value| {
                    assert_eq!(key.key(), value.key());
                    key.key() % 5 != rest
                });
            }
            108 if self.clears => self.cache.clear(),
            109..112 => self.fail(self.some_key()),
            112 => {
                // Not for everybody to see: there are thousands.
                let panic = || resume_unwind(Box::new("a panic without a message"));
                let key = self.some_key();
                let _ = catch_unwind(AssertUnwindSafe(|| self.call(key, panic)));
            }
            113..120 => {
                // In any order, and so in circles too.
                let other = self.some_key();
                self.call(self.some_key(), || self.call(other, || {}));
            }
            _ => self.call(self.some_key(), || {}),
        }
    }
}

/// Fails instead of hanging.
fn finishes(scenario: impl FnOnce() + Send + 'static) {
    let (done, is_done) = channel();
    let runner = thread::spawn(move || {
        scenario();
        let _ = done.send(());
    });
    let waited = is_done.recv_timeout(Duration::from_secs(600));
    assert_ne!(waited, Err(RecvTimeoutError::Timeout), "still not finished");
    if let Err(failure) = runner.join() {
        resume_unwind(failure);
    }
}

fn versions(keys: u32) -> Vec<Versions> {
    (0..keys).map(|_| Versions::default()).collect()
}

/// Lets threads loose on a cache, in rounds. Between them it is quiet, and all must add up.
fn stress<K, V>(cache: Cache<K, V>, keys: u32, operations: usize, books: Option<&'static Books>)
where
    K: Sample + Hash + Eq,
    V: Sample,
{
    const ROUNDS: usize = 10;
    MY_BOOKS.set(books);
    let versions = versions(keys);
    for round in 0..ROUNDS {
        let clears = round % 2 == 1;
        // Every second round goes on with what there is.
        if round % 4 == 0 {
            cache.clear();
        }
        let before = cache.info();
        let work = |me| {
            MY_BOOKS.set(books);
            ME.set(me);
            let worker = Worker::new(&cache, &versions, round * THREADS + me, clears);
            (0..operations / ROUNDS / THREADS).for_each(|_| worker.do_something());
            worker.calls.get()
        };
        let calls: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|me| scope.spawn(move || work(me))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|failure| resume_unwind(failure)))
                .sum()
        });
        let info = cache.info();
        if !clears {
            assert_eq!(info.hits + info.misses, before.hits + before.misses + calls);
        }
        if let (Some(alive), Some(books)) = (V::alive(), books) {
            let dead = alive - i64::try_from(info.currsize).unwrap();
            assert!(dead <= LINGERING, "{dead} dead values linger");
            books.most_when_quiet.fetch_max(dead, Relaxed);
            if clears {
                cache.clear();
                assert_eq!(V::alive(), Some(0), "a clear leaves nothing");
            }
        }
    }
    let worker = Worker::new(&cache, &versions, 0, false);
    (0..keys).for_each(|key| worker.call_without_waiting(key));
    drop(cache);
    if let Some(books) = books {
        assert_eq!(books.sum(|page| &page.made), books.sum(|page| &page.dropped));
        println!(
            "of {} values, dead ones not dropped: {} at most, {} when threads had ended",
            books.sum(|page| &page.made),
            books.most_at_any_time.load(Relaxed),
            books.most_when_quiet.load(Relaxed),
        );
    }
}

/// Every size of cache in turn.
fn stress_all_sizes<K, V>(operations: usize, books: Option<&'static Books>)
where
    K: Sample + Hash + Eq,
    V: Sample,
{
    for (maxsize, keys) in SIZES {
        let cache = match maxsize {
            Some(maxsize) => Cache::<K, V>::new(maxsize),
            None => Cache::unbounded(),
        };
        stress(cache, keys, operations / SIZES.len(), books);
    }
}

#[test]
fn values_are_right_whatever_threads_do_at_once() {
    finishes(|| stress_all_sizes::<u64, u64>(operations(PLAIN), None));
}

#[test]
fn values_that_own_memory_are_right_whatever_threads_do_at_once() {
    finishes(|| {
        stress_all_sizes::<String, String>(operations(OWNING) / 2, None);
        stress_all_sizes::<u64, Arc<[u8]>>(operations(OWNING) / 2, None);
    });
}

#[test]
fn no_value_is_used_once_dropped_and_each_is_dropped_once() {
    static BOOKS: Books = Books::new();
    finishes(|| stress_all_sizes::<u64, Watched>(operations(WATCHED), Some(&BOOKS)));
}

#[test]
fn values_that_expire_at_any_moment_are_right_until_they_do() {
    static BOOKS: Books = Books::new();
    finishes(|| {
        let operations = operations(EXPIRING) / 4;
        for ttl in [Duration::from_micros(20), Duration::from_millis(1)] {
            let bounded = Cache::builder().ttl(ttl).maxsize(64).build();
            stress::<u64, u64>(bounded, 256, operations, None);
            let unbounded = Cache::builder().ttl(ttl).unbounded().build();
            stress::<u64, Watched>(unbounded, 256, operations, Some(&BOOKS));
        }
    });
}

/// One thread begins, and does not yet know that others come: all caches start as one thread's.
#[test]
fn a_cache_is_right_when_the_second_thread_comes_and_goes_with_the_last() {
    static BOOKS: Books = Books::new();
    const KEYS: u32 = 16;
    const EACH: usize = 64;

    /// A cache, the versions of its keys, and how many calls of it there were.
    type Young<V> = (Cache<u64, V>, Vec<Versions>, AtomicU64);

    fn young<V: Sample>(operations: usize, books: Option<&'static Books>) {
        let caches = operations / THREADS / EACH;
        let caches: Vec<_> = (0..caches)
            .map(|i| (Cache::<u64, V>::new(4 + i % 8), versions(KEYS), AtomicU64::new(0)))
            .collect();
        let caches: Vec<_> = caches.into_iter().map(Arc::new).collect();
        let together = Barrier::new(THREADS);
        let work = |me, caches: Vec<Arc<Young<V>>>| {
            MY_BOOKS.set(books);
            ME.set(me);
            for (i, young) in caches.into_iter().enumerate() {
                let (cache, versions, calls) = &*young;
                let worker = Worker::new(cache, versions, i * THREADS + me, false);
                (0..worker.random(3000)).for_each(|_| spin_loop());
                (0..EACH).for_each(|_| worker.do_something());
                calls.fetch_add(worker.calls.get(), Relaxed);
                if together.wait().is_leader() {
                    let info = cache.info();
                    assert_eq!(info.hits + info.misses, calls.load(Relaxed));
                }
            }
        };
        thread::scope(|scope| {
            for me in 0..THREADS {
                let (work, caches) = (&work, caches.clone());
                scope.spawn(move || work(me, caches));
            }
            drop(caches);
        });
        if let Some(books) = books {
            assert_eq!(books.sum(|page| &page.made), books.sum(|page| &page.dropped));
        }
    }
    finishes(|| {
        young::<u64>(operations(YOUNG) / 2, None);
        young::<Watched>(operations(YOUNG) / 2, Some(&BOOKS));
    });
}
