//! Memory: a cache holds no more than its live entries need, after any number of calls, and drops dead values
//! promptly.
//!
//! The allocator counts the live bytes of the calling thread, so that tests do not disturb each other. The file
//! `memory_across_threads.rs` tests memory that one thread allocates and another frees.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

mod common;

use memofn::scope::Scope;
use memofn::testing::Clock;
use memofn::{Cache, memoize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::thread;
use std::time::Duration;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn count(allocated: usize, freed: usize) {
    // No layout is larger than `isize::MAX`.
    LIVE.set(
        LIVE.get().wrapping_add_unsigned(allocated as u64).wrapping_sub_unsigned(freed as u64),
    );
    PEAK.set(PEAK.get().max(LIVE.get()));
}

// SAFETY: each method calls the system's allocator with the same arguments. The counters are thread-locals that
// neither allocate nor have a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The largest number of live bytes during `run`, less those before.
fn peak(run: impl FnOnce()) -> i64 {
    let before = LIVE.get();
    PEAK.set(before);
    run();
    PEAK.get() - before
}

const MILLION: u64 = 1_000_000;
const KIB: i64 = 1024;
const MIB: usize = 1024 * 1024;

/// Makes a million calls, or ten million with `MEMOFN_STRESS=full` in the environment. Returns their number.
fn flat_over_many(call: impl Fn(u64)) -> u64 {
    let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
    let calls = if full { 10 * MILLION } else { MILLION };
    let warm = peak(|| (0..calls / 10).for_each(&call));
    // The first tenth has reached the full size. The others need no more.
    let rest = peak(|| (calls / 10..calls).for_each(&call));
    assert!(warm < 256 * KIB, "{warm} bytes for a few entries");
    assert!(rest < 16 * KIB, "{rest} bytes more for nothing more");
    calls
}

/// A thread that goes through all caches may be the last to own one that is dropped meanwhile. So tests that go through
/// all caches, and tests that drop a listed one, take turns.
fn lists_caches() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn memory_is_flat_over_a_million_misses() {
    #[memoize(maxsize = 128)]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let calls = flat_over_many(|n| assert_eq!(double(n), 2 * n));
    let info = double::cache_info();
    assert_eq!((info.misses, info.evictions), (calls, calls - 128));
}

#[test]
fn memory_is_flat_over_a_million_misses_with_a_time_to_live() {
    #[memoize(maxsize = 128, ttl = "30m")]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let _clock = Clock::stop();
    let calls = flat_over_many(|n| assert_eq!(double(n), 2 * n));
    let info = double::cache_info();
    assert_eq!((info.misses, info.evictions), (calls, calls - 128));
}

#[test]
fn memory_is_flat_over_a_million_expired_entries_without_a_maxsize() {
    #[memoize(maxsize = unbounded, ttl = "30m")]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let clock = Clock::stop();
    let calls = flat_over_many(|n| {
        if n % 500 == 0 {
            clock.advance(Duration::from_secs(30 * 60));
        }
        assert_eq!(double(n), 2 * n);
    });
    let info = double::cache_info();
    assert_eq!((info.misses, info.expirations), (calls, calls - 500));
}

#[test]
fn memory_is_flat_over_a_million_misses_with_tags() {
    #[memoize(maxsize = 128, tags = [format!("half:{}", n / 2), format!("tenth:{}", n % 10), "flat".into()])]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let calls = flat_over_many(|n| assert_eq!(double(n), 2 * n));
    let info = double::cache_info();
    assert_eq!((info.misses, info.evictions), (calls, calls - 128));
    let _alone = lists_caches();
    assert_eq!(memofn::invalidate_tag("flat"), 128);
}

#[test]
fn the_tags_of_entries_that_are_gone_are_given_back() {
    const ENTRIES: u64 = MILLION / 50;
    type Many = Cache<u64, u64>;
    type Way<'a> = &'a dyn Fn(&Many);

    let clock = Clock::stop();
    let cache: Many = Cache::builder().unbounded().ttl(TTL).build();
    let expire = |cache: &Many| {
        clock.advance(TTL);
        assert_eq!(cache.len(), 0);
    };
    let ways: [(&str, Way<'_>); 6] = [
        ("cleared", &|cache| cache.clear()),
        ("expired", &expire),
        ("evicted", &|cache| {
            cache.set_maxsize(0);
            cache.set_maxsize(None);
        }),
        ("removed", &|cache| (0..ENTRIES).for_each(|n| assert!(cache.remove(&n).is_some()))),
        ("replaced", &|cache| {
            (0..ENTRIES).for_each(|n| cache.insert(n, n));
            cache.clear();
        }),
        ("forgotten", &|cache| assert_eq!(cache.invalidate_tag("common") as u64, ENTRIES)),
    ];
    let before = LIVE.get();
    (0..ENTRIES).for_each(|n| cache.insert(n, n));
    let untagged = LIVE.get() - before;
    cache.clear();
    for (what, way) in ways {
        let before = LIVE.get();
        (0..ENTRIES).for_each(|n| cache.insert_tagged(n, n, [format!("own {n}"), "common".into()]));
        let each = (LIVE.get() - before - untagged) / i64::try_from(ENTRIES).expect("they are few");
        assert!((40..200).contains(&each), "{each} bytes for the two tags of an entry");
        way(&cache);
        let left = LIVE.get() - before;
        assert!(left < 16 * KIB, "{left} bytes are held for entries that were {what}");
    }
}

#[test]
fn memory_is_given_back_when_a_burst_of_entries_has_expired() {
    #[memoize(maxsize = unbounded, ttl = "30m")]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let clock = Clock::stop();
    double(0);
    let before = LIVE.get();
    (1..MILLION).for_each(|n| assert_eq!(double(n), 2 * n));
    clock.advance(Duration::from_secs(30 * 60));
    double(0);
    assert_eq!(double::cache_info().currsize, 1);
    let left = LIVE.get() - before;
    assert!(left < 64 * KIB, "{left} bytes are held for a single entry");
}

#[test]
fn memory_is_given_back_by_calls_after_a_burst_of_entries_has_expired() {
    #[memoize(maxsize = unbounded, ttl = "30m")]
    fn double(n: u64) -> u64 {
        2 * n
    }

    let clock = Clock::stop();
    double(0);
    let before = LIVE.get();
    (1..MILLION).for_each(|n| assert_eq!(double(n), 2 * n));
    clock.advance(Duration::from_secs(30 * 60));
    // Each call frees more entries than it stores.
    for n in 0..MILLION / 8 {
        double(n % 2);
    }
    let left = LIVE.get() - before;
    assert!(left < 64 * KIB, "{left} bytes are held for two entries");
}

#[test]
fn a_listed_cache_that_is_dropped_leaves_no_memory_behind() {
    fn make_one(n: u64) {
        let shared: Cache<u64, String> = Cache::builder().name(format!("shared {n}")).build();
        let local: Cache<u64, String, memofn::scope::Thread> =
            Cache::builder().name(format!("local {n}")).build_for_thread();
        assert_eq!(shared.get_or_compute(n, || n.to_string()), n.to_string());
        assert_eq!(local.get_or_compute(n, || n.to_string()), n.to_string());
        let tagged = Cache::new(8);
        tagged.insert_tagged(n, n.to_string(), ["listed"]);
        assert_eq!(memofn::invalidate_tag("listed"), 1);
    }

    let _alone = lists_caches();
    (0..100).for_each(make_one);
    let before = LIVE.get();
    (0..100).for_each(make_one);
    let left = LIVE.get() - before;
    // Other tests may register caches at the same time.
    assert!(left < 4 * KIB, "{left} bytes are held for no cache");
    assert!(
        !memofn::caches().any(|cache| cache.name() == "shared 99" || cache.name() == "local 99")
    );
}

#[test]
fn memory_is_given_back_when_most_entries_are_removed() {
    let cache = Cache::<u64, u64>::unbounded();
    let before = LIVE.get();
    (0..MILLION / 10).for_each(|n| cache.insert(n, n));
    (0..MILLION / 10).for_each(|n| assert_eq!(cache.remove(&n), Some(n)));
    let left = LIVE.get() - before;
    assert!(left < 64 * KIB, "{left} bytes are held for no entry");
}

#[test]
fn keys_that_collide_leave_nothing_behind() {
    /// Pairs of keys have the same hash.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Twin(u64);

    impl Hash for Twin {
        fn hash<H: Hasher>(&self, state: &mut H) {
            (self.0 / 2).hash(state);
        }
    }

    #[memoize(maxsize = 128)]
    fn double(n: Twin) -> u64 {
        2 * n.0
    }

    flat_over_many(|n| assert_eq!(double(Twin(n)), 2 * n));
}

#[test]
fn failures_leave_nothing_behind() {
    #[memoize(maxsize = unbounded, ttl = "30m")]
    fn fails(n: u64) -> Result<u64, String> {
        if n % 100 == 0 {
            panic::resume_unwind(Box::new("a panic without a message"));
        }
        Err("an error".to_owned())
    }

    let call = |n| assert!(panic::catch_unwind(|| fails(n)).is_ok() == (n % 100 != 0));
    let warm = peak(|| (0..1000).for_each(call));
    let rest = peak(|| (1000..MILLION / 10).for_each(call));
    assert!(warm < 256 * KIB, "{warm} bytes for no entry");
    assert!(rest < 16 * KIB, "{rest} bytes more for nothing more");
}

/// Makes values of one MiB, and counts those that are alive.
#[derive(Default)]
struct Bigs(Mutex<Vec<Weak<Vec<u8>>>>);

impl Bigs {
    fn make(&self) -> Arc<Vec<u8>> {
        let big = Arc::new(vec![1; MIB]);
        self.0.lock().unwrap().push(Arc::downgrade(&big));
        big
    }

    fn alive(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|big| big.strong_count() > 0).count()
    }
}

/// Rule 11: the number of dead values that may linger, for a cache of any size.
const LINGERING: usize = 4;

fn values_are_dropped_promptly<S: Scope>(cache: &Cache<u64, Arc<Vec<u8>>, S>, clock: &Clock) {
    let bigs = Bigs::default();
    for n in 0..100 {
        cache.get_or_compute(n, || bigs.make());
        cache.get_or_compute(n, || unreachable!("it was stored just now"));
        let stored = cache.len();
        assert!(bigs.alive() <= stored + LINGERING, "{} for {stored} entries", bigs.alive());
    }
    assert_eq!(cache.info().evictions, 92);

    cache.clear();
    assert!(bigs.alive() <= LINGERING, "{} after a clear", bigs.alive());

    (0..8).for_each(|n| drop(cache.get_or_compute(n, || bigs.make())));
    (0..8).for_each(|n| drop(cache.remove(&n)));
    assert!(bigs.alive() <= LINGERING, "{} after they were removed", bigs.alive());

    (0..8).for_each(|n| cache.insert(n, bigs.make()));
    (0..8).for_each(|n| cache.insert(n, Arc::default()));
    assert!(bigs.alive() <= LINGERING, "{} after they were replaced", bigs.alive());

    cache.clear();
    (0..8).for_each(|n| drop(cache.get_or_compute(n, || bigs.make())));
    cache.retain(|_, _| false);
    assert!(bigs.alive() <= LINGERING, "{} after none was retained", bigs.alive());

    (0..8).for_each(|n| drop(cache.get_or_compute(n, || bigs.make())));
    clock.advance(TTL);
    assert_eq!(cache.len(), 0);
    assert!(bigs.alive() <= LINGERING, "{} after they expired", bigs.alive());
}

const TTL: Duration = Duration::from_secs(60);

#[test]
fn a_shared_cache_drops_values_promptly() {
    let clock = Clock::stop();
    values_are_dropped_promptly(&Cache::builder().maxsize(8).ttl(TTL).build(), &clock);
}

#[test]
fn a_thread_cache_drops_values_promptly() {
    let clock = Clock::stop();
    let cache = Cache::builder().maxsize(8).ttl(TTL).build_for_thread();
    values_are_dropped_promptly(&cache, &clock);
}

/// A value whose first `Clone` looks through its cache.
#[derive(PartialEq, Debug)]
struct Looks(u64);

impl Clone for Looks {
    fn clone(&self) -> Self {
        thread_local!(static HAS_LOOKED: Cell<bool> = const { Cell::new(false) });
        if self.0 == 7 && plain::cache_info().hits > 0 && !HAS_LOOKED.replace(true) {
            assert_eq!(plain::cache().iter().count(), 10_000);
        }
        Self(self.0)
    }
}

#[memoize(scope = "thread", maxsize = unbounded)]
fn plain(n: u64) -> Looks {
    Looks(n)
}

#[test]
fn what_a_hit_has_read_is_given_back_when_it_ends() {
    common::finishes("a hit that looks through its cache", || {
        (0..10_000).for_each(|n| assert_eq!(plain(n), Looks(n)));
        plain(1);
        let before = LIVE.get();
        assert_eq!(plain(7), Looks(7));
        let grown = LIVE.get() - before;
        plain::cache_clear();
        (0..10_000).for_each(|n| assert_eq!(plain(n), Looks(n)));
        let before = LIVE.get();
        assert_eq!(plain::cache().iter().count(), 10_000);
        // The second time nothing was read meanwhile.
        assert_eq!(grown, LIVE.get() - before);
    });
}

#[test]
fn idle_threads_keep_no_dead_values() {
    common::finishes("threads that live on", || {
        let bigs = Arc::new(Bigs::default());
        let cache = Cache::<u64, Arc<Vec<u8>>>::new(8);
        let mut threads = Vec::new();
        for _ in 0..4 {
            let (cache, bigs) = (cache.clone(), Arc::clone(&bigs));
            let ((called, done), (end, ended)) = (mpsc::channel(), mpsc::channel::<()>());
            let thread = thread::spawn(move || {
                for _ in 0..2 {
                    (0..8).for_each(|n| drop(cache.get_or_compute(n, || bigs.make())));
                }
                called.send(()).unwrap();
                // The thread ends when the other end of the channel is dropped.
                ended.recv().unwrap_err();
            });
            done.recv().unwrap();
            threads.push((thread, end));
        }
        assert_eq!(bigs.alive(), 8);
        cache.clear();
        assert!(bigs.alive() <= LINGERING, "{} after a clear", bigs.alive());
        for (thread, end) in threads {
            drop(end);
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_dropped_cache_drops_its_values() {
    let _alone = lists_caches();
    let bigs = Bigs::default();
    let before = LIVE.get();
    let cache: Cache<u64, Arc<Vec<u8>>> =
        Cache::builder().unbounded().ttl(TTL).name("dropped").build();
    (0..8).for_each(|n| drop(cache.get_or_compute(n, || bigs.make())));
    assert_eq!(bigs.alive(), 8);
    let handle = cache.clone();
    drop(cache);
    assert_eq!(handle.len(), 8);
    drop(handle);
    assert_eq!(bigs.alive(), 0);
    let left = LIVE.get() - before;
    assert!(left < 4 * KIB, "{left} bytes are left of a cache that is no more");
}
