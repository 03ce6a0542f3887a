//! Memory that one thread allocates and another frees. A wait is dropped by the thread of the alarm, if its alarm rings
//! just then: on a busy machine that happens often. A thread may evict an entry that another one has stored.
//!
//! The allocator counts the live bytes of the process, so one test runs at a time.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

mod common;

use memofn::{Cache, memoize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: each method calls the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The largest number of live bytes during `run`, less those before.
fn peak(run: impl FnOnce()) -> usize {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    run();
    PEAK.load(Relaxed) - before
}

const KIB: usize = 1024;

/// Keeps the other test from running.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn memory_is_flat_over_async_misses_that_others_wait_for() {
    #[memoize(maxsize = 128)]
    async fn double(n: u64) -> u64 {
        // Other calls come during the pauses.
        common::tasks::pauses(2).await;
        2 * n
    }

    let _alone = alone();
    let calls = |keys: std::ops::Range<u64>| {
        for n in keys {
            let mut tasks = common::tasks::Tasks::new();
            for _ in 0..3 {
                tasks.spawn(double(n));
            }
            tasks.run();
            assert_eq!(tasks.result(2), Some(&(2 * n)));
        }
    };
    let warm = peak(|| calls(0..20_000));
    let rest = peak(|| calls(20_000..200_000));
    assert!(warm < 256 * KIB, "{warm} bytes for a few entries");
    assert!(rest < 16 * KIB, "{rest} bytes more for nothing more");
    let info = double::cache_info();
    assert_eq!((info.misses, info.coalesced), (200_000, 400_000));
}

#[test]
fn what_several_threads_evict_is_given_back() {
    let _alone = alone();
    common::finishes("two threads that evict", || {
        let before = LIVE.load(Relaxed);
        let cache: Cache<u64, [u64; 8]> = Cache::builder().maxsize(64).build();
        let miss = |thread, keys: std::ops::Range<u64>| {
            for n in keys {
                cache.get_or_compute(2 * n + thread, || [n; 8]);
            }
        };
        let misses = |keys: std::ops::Range<u64>| {
            thread::scope(|scope| {
                let other = scope.spawn(|| miss(1, keys.clone()));
                miss(0, keys.clone());
                other.join().expect("the other thread evicts");
            });
        };
        let warm = peak(|| misses(0..10_000));
        let rest = peak(|| misses(10_000..100_000));
        // An entry has 128 bytes.
        assert!(warm.max(rest) < 512 * KIB, "{warm} and {rest} bytes for 64 entries");
        assert_eq!(cache.info().misses, 200_000);
        drop(cache);
        let left = LIVE.load(Relaxed).saturating_sub(before);
        assert!(left < 32 * KIB, "a dropped cache leaves {left} bytes");
    });
}
