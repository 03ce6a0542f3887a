//! Ten million operations by threads that interfere with each other, for the sanitizers to watch.
//!
//! `cargo test` does a part of them; with `MEMOFN_STRESS=full` in the environment it does all. The operations of each
//! thread follow from a seed. Their order across threads does not.

#[path = "stress/samples.rs"]
mod samples;

use memo_runtime::Cache;
use samples::{LifeCounts, ME, MY_COUNTS, Sample, Watched};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;

/// All tests together, with `MEMOFN_STRESS=full`.
const OPERATIONS: usize = 10_000_000;

/// The share of the operations that each test does, in percent.
const PLAIN: usize = 30;
const COMPACT: usize = 10;
const OWNING: usize = 20;
const WATCHED: usize = 20;
const EXPIRING: usize = 10;
const YOUNG: usize = 10;
const _: () = assert!(PLAIN + COMPACT + OWNING + WATCHED + EXPIRING + YOUNG == 100);

/// The number of operations of a test with this share.
fn operations(part: usize) -> usize {
    let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
    let all = if full { OPERATIONS } else { OPERATIONS / 20 };
    all / 100 * part
}

/// The dead values that may linger after all threads have ended, until the next call: 8 for each thread.
const LINGERING: i64 = 32;

/// `maxsize`, and the number of keys to choose from.
const SIZES: [(Option<usize>, u32); 5] =
    [(Some(1), 8), (Some(7), 32), (Some(64), 256), (Some(1000), 4000), (None, 256)];

/// The versions of the values of a key.
#[derive(Debug, Default)]
struct Versions {
    /// The version of a value that is computed now.
    latest: AtomicU32,
    /// The oldest version that a call that begins now may return.
    least: AtomicU32,
}

/// The work of one thread. A key is inserted and removed by one thread only, so that its latest version is known. All threads
/// call it.
struct Worker<'a, K, V> {
    cache: &'a Cache<K, V>,
    versions: &'a [Versions],
    random: Cell<u64>,
    calls: Cell<u64>,
    clears: bool,
    mix: Mix,
}

/// The operations of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mix {
    All,
    /// Calls, and few others. Half of these clear the cache, if the worker clears.
    Calls,
}

impl<'a, K: Sample + Hash + Eq, V: Sample> Worker<'a, K, V> {
    fn new(cache: &'a Cache<K, V>, versions: &'a [Versions], seed: usize, clears: bool) -> Self {
        let random = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (random, calls) = (Cell::new(random), Cell::new(0));
        Self { cache, versions, random, calls, clears, mix: Mix::All }
    }

    fn of_mix(self, mix: Mix) -> Self {
        Self { mix, ..self }
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

    /// A random key. Small keys are far more likely.
    fn some_key(&self) -> u32 {
        let (a, b) = (self.random(self.keys()) + 1, self.random(self.keys()) + 1);
        self.random(
            u32::try_from(u64::from(a) * u64::from(b) / self.versions.len() as u64).unwrap().max(1),
        )
    }

    /// A random key that no other thread inserts or removes.
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

    /// Makes a change after which all earlier values of this key are out of date.
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
        assert_eq!(value.key(), key, "a value of another key");
        assert!(value.version() >= least, "{value:?} is out of date: there is {least}");
    }

    /// Calls `key`. A run of the body calls `inside`.
    fn call(&self, key: u32, inside: impl FnOnce()) {
        let least = self.least(key);
        self.calls.set(self.calls.get() + 1);
        let value = self.cache.get_or_compute(K::of(key, 0), || {
            inside();
            self.make(key)
        });
        Self::check(key, least, &value);
    }

    /// Calls `key` while no run is under way. A call that waits shows that a run was left behind.
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

    fn check_size(&self) {
        let info = self.cache.info();
        assert!(info.currsize <= info.maxsize.unwrap_or(usize::MAX).min(self.versions.len()));
        if let (Some(alive), Some(counts)) = (V::alive(), MY_COUNTS.get()) {
            let stored = i64::try_from(info.maxsize.unwrap_or(self.versions.len())).unwrap();
            counts.most_while_running.fetch_max(alive - stored, Relaxed);
        }
    }

    fn check_entries(&self) {
        let mut keys = BTreeSet::new();
        for entry in self.cache {
            assert_eq!(entry.key().key(), entry.value().key());
            assert!(keys.insert(entry.key().key()), "{entry:?} is there twice");
        }
        assert!(keys.len() <= self.cache.info().maxsize.unwrap_or(self.versions.len()));
    }

    /// Calls a key from inside of the run of another, in any order of keys, so that threads wait for each other in circles.
    fn call_in_call(&self) {
        let other = self.some_key();
        self.call(self.some_key(), || self.call(other, || {}));
    }

    fn random_step(&self) {
        match self.mix {
            Mix::All => self.any_step(),
            Mix::Calls => match self.random(256) {
                0 => self.any_step(),
                1 if self.clears => self.cache.clear(),
                2..100 => self.call_in_call(),
                _ => self.call(self.some_key(), || {}),
            },
        }
    }

    fn any_step(&self) {
        match self.random(1024) {
            0..40 => {
                let key = self.own_key();
                self.change(key, |version| {
                    self.cache.insert_tagged(K::of(key, 0), V::of(key, version), [tag(key % 5)]);
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
            100..106 => self.check_size(),
            106 => self.check_entries(),
            107 if self.random(4) == 0 => {
                let rest = self.random(5);
                match self.random(3) {
                    0 => self.cache.remove_if(|key| key.key() % 5 == rest),
                    1 => drop(self.cache.invalidate_tag(&tag(rest))),
                    _ => self.cache.retain(|key, value| {
                        assert_eq!(key.key(), value.key());
                        key.key() % 5 != rest
                    }),
                }
            }
            108 if self.clears => self.cache.clear(),
            109..112 => self.fail(self.some_key()),
            112 => {
                // Without the panic hook: there are thousands.
                let panic = || resume_unwind(Box::new("a panic without a message"));
                let key = self.some_key();
                let _ = catch_unwind(AssertUnwindSafe(|| self.call(key, panic)));
            }
            113..120 => self.call_in_call(),
            _ => self.call(self.some_key(), || {}),
        }
    }
}

/// The tag of the keys that leave this rest.
fn tag(rest: u32) -> String {
    format!("rest {rest}")
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

/// Runs threads on a cache, in rounds. After each round all counters must add up.
fn stress<K, V>(
    mix: Mix,
    cache: Cache<K, V>,
    keys: u32,
    operations: usize,
    counts: Option<&'static LifeCounts>,
) where
    K: Sample + Hash + Eq,
    V: Sample,
{
    const ROUNDS: usize = 10;
    MY_COUNTS.set(counts);
    let versions = versions(keys);
    for round in 0..ROUNDS {
        let clears = round % 2 == 1;
        // Some rounds go on with the entries of the last one.
        if round % 4 == 0 {
            cache.clear();
        }
        let before = cache.info();
        let work = |me| {
            MY_COUNTS.set(counts);
            ME.set(me);
            let seed = round * THREADS + me;
            let worker = Worker::new(&cache, &versions, seed, clears).of_mix(mix);
            (0..operations / ROUNDS / THREADS).for_each(|_| worker.random_step());
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
        if let (Some(alive), Some(counts)) = (V::alive(), counts) {
            let dead = alive - i64::try_from(info.currsize).unwrap();
            assert!(dead <= LINGERING, "{dead} dead values linger");
            counts.most_when_quiet.fetch_max(dead, Relaxed);
            if clears {
                cache.clear();
                assert_eq!(V::alive(), Some(0), "a clear leaves nothing");
            }
        }
    }
    let worker = Worker::new(&cache, &versions, 0, false);
    (0..keys).for_each(|key| worker.call_without_waiting(key));
    drop(cache);
    if let Some(counts) = counts {
        assert_eq!(counts.sum(|page| &page.made), counts.sum(|page| &page.dropped));
        println!(
            "of {} values, dead ones not dropped: {} at most, {} after the threads had ended",
            counts.sum(|page| &page.made),
            counts.most_while_running.load(Relaxed),
            counts.most_when_quiet.load(Relaxed),
        );
    }
}

/// Runs the stress with each size of cache.
fn stress_all_sizes<K, V>(operations: usize, counts: Option<&'static LifeCounts>)
where
    K: Sample + Hash + Eq,
    V: Sample,
{
    for (maxsize, keys) in SIZES {
        let cache = match maxsize {
            Some(maxsize) => Cache::<K, V>::new(maxsize),
            None => Cache::unbounded(),
        };
        stress(Mix::All, cache, keys, operations / SIZES.len(), counts);
    }
}

#[test]
fn calls_side_by_side_return_right_values() {
    finishes(|| stress_all_sizes::<u64, u64>(operations(PLAIN), None));
}

/// The cache of this function stores entries without headers until something needs the headers.
#[memofn::memoize(maxsize = unbounded)]
fn compact(key: u64) -> u64 {
    unreachable!("the cache is called in place of the function, for {key}")
}

#[test]
fn calls_side_by_side_return_right_values_where_entries_have_no_headers() {
    finishes(|| {
        for keys in [16, 4000] {
            compact::cache_clear();
            stress(Mix::Calls, compact::cache().clone(), keys, operations(COMPACT) / 2, None);
        }
    });
}

#[test]
fn calls_side_by_side_return_right_values_that_own_memory() {
    finishes(|| {
        stress_all_sizes::<String, String>(operations(OWNING) / 2, None);
        stress_all_sizes::<u64, Arc<[u8]>>(operations(OWNING) / 2, None);
    });
}

#[test]
fn no_value_is_used_after_its_drop_and_each_is_dropped_once() {
    static COUNTS: LifeCounts = LifeCounts::new();
    finishes(|| stress_all_sizes::<u64, Watched>(operations(WATCHED), Some(&COUNTS)));
}

#[test]
fn values_are_right_until_they_expire() {
    static COUNTS: LifeCounts = LifeCounts::new();
    finishes(|| {
        let operations = operations(EXPIRING) / 4;
        for ttl in [Duration::from_micros(20), Duration::from_millis(1)] {
            let bounded = Cache::builder().ttl(ttl).maxsize(64).build();
            stress::<u64, u64>(Mix::All, bounded, 256, operations, None);
            let unbounded = Cache::builder().ttl(ttl).unbounded().build();
            stress::<u64, Watched>(Mix::All, unbounded, 256, operations, Some(&COUNTS));
        }
    });
}

/// Each cache is used by one thread at first. The others join at any moment.
#[test]
fn a_cache_stays_right_when_a_second_thread_joins_and_is_dropped_by_the_last() {
    static COUNTS: LifeCounts = LifeCounts::new();
    const KEYS: u32 = 16;
    const EACH: usize = 64;

    /// A cache, the versions of its keys, and the number of its calls.
    type Young<V> = (Cache<u64, V>, Vec<Versions>, AtomicU64);

    fn young<V: Sample>(operations: usize, counts: Option<&'static LifeCounts>) {
        let caches = operations / THREADS / EACH;
        let caches: Vec<_> = (0..caches)
            .map(|i| (Cache::<u64, V>::new(4 + i % 8), versions(KEYS), AtomicU64::new(0)))
            .collect();
        let caches: Vec<_> = caches.into_iter().map(Arc::new).collect();
        let together = Barrier::new(THREADS);
        let work = |me, caches: Vec<Arc<Young<V>>>| {
            MY_COUNTS.set(counts);
            ME.set(me);
            for (i, young) in caches.into_iter().enumerate() {
                let (cache, versions, calls) = &*young;
                let worker = Worker::new(cache, versions, i * THREADS + me, false);
                (0..worker.random(3000)).for_each(|_| spin_loop());
                (0..EACH).for_each(|_| worker.random_step());
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
        if let Some(counts) = counts {
            assert_eq!(counts.sum(|page| &page.made), counts.sum(|page| &page.dropped));
        }
    }
    finishes(|| {
        young::<u64>(operations(YOUNG) / 2, None);
        young::<Watched>(operations(YOUNG) / 2, Some(&COUNTS));
    });
}
