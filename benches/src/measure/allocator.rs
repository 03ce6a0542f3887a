//! The system's allocator, with counters that can be switched on.
#![allow(unsafe_code, reason = "a global allocator needs it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ON: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicI64 = AtomicI64::new(0);
static ALLOCATIONS: AtomicI64 = AtomicI64::new(0);

/// The allocations of all threads while a piece of code ran.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    /// Bytes allocated less bytes freed.
    pub(crate) bytes: i64,
    pub(crate) allocations: i64,
}

/// Counts what `work` allocates. At other times the counters are off and cost one load.
pub(crate) fn counted(work: impl FnOnce()) -> Counted {
    BYTES.store(0, Relaxed);
    ALLOCATIONS.store(0, Relaxed);
    ON.store(true, Relaxed);
    work();
    ON.store(false, Relaxed);
    Counted { bytes: BYTES.load(Relaxed), allocations: ALLOCATIONS.load(Relaxed) }
}

fn count(asked: usize, returned: usize) {
    if ON.load(Relaxed) {
        let change = i64::try_from(asked).unwrap_or(0) - i64::try_from(returned).unwrap_or(0);
        BYTES.fetch_add(change, Relaxed);
        ALLOCATIONS.fetch_add(i64::from(asked > 0), Relaxed);
    }
}

// SAFETY: each method calls the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(old, layout) }
    }
}
