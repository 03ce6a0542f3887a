//! Memory that one thread allocates and another frees: a wait is dropped by the thread of the alarm, if its alarm rings
//! just then. On a busy machine that happens often.
//!
//! The allocator counts the live bytes of the process, so this file has one test.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

mod common;

use memofn::memoize;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

#[test]
fn memory_is_flat_over_async_misses_that_others_wait_for() {
    #[memoize(maxsize = 128)]
    async fn double(n: u64) -> u64 {
        // Other calls come during the pauses.
        common::tasks::pauses(2).await;
        2 * n
    }

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
