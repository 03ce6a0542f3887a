//! Runs a model under many schedules.
//!
//! `SCHEDULES` sets their number, `SHUTTLE_RANDOM_SEED` chooses them. A model that fails prints its schedule; pass that to
//! `shuttle::replay`. All schedules are sequentially consistent. Weak memory is covered by the litmus tests and Miri.

use crate::base::sync::patience;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;

/// Runs a model under many schedules. Half of them switch threads at random, and find bugs that need many switches. The other
/// half switch seldom, and find bugs that need few switches at the right places.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    const SEED: u64 = 0x6d65_6d6f;
    let schedules = std::env::var("SCHEDULES").map_or(40_000, |it| it.parse().unwrap());
    let mut config = Config::new();
    config.silence_warnings = true;
    config.stack_size = 0x4_0000;
    let model = Arc::new(move || {
        patience::prepare();
        model();
    });
    let again = Arc::clone(&model);
    let random = RandomScheduler::new_from_seed(SEED, schedules / 2);
    Runner::new(random, config.clone()).run(move || again());
    let seldom = PctScheduler::new_from_seed(SEED, 4, schedules / 2);
    Runner::new(seldom, config).run(move || model());
}

/// An allocator that overwrites freed memory, so that a use after free fails: a primitive of the explorer then takes itself
/// for borrowed, and a pointer leads nowhere.
struct Spoiling;

#[global_allocator]
static SPOILING: Spoiling = Spoiling;

#[expect(unsafe_code, reason = "an allocator")]
// SAFETY: the system's allocator does the work. The memory that is overwritten is still allocated.
unsafe impl GlobalAlloc for Spoiling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`: the memory has this layout and is no longer used.
        unsafe {
            memory.write_bytes(0xDB, layout.size());
            // The compiler must assume that the memory is read, or it would not write.
            System.dealloc(std::hint::black_box(memory), layout);
        }
    }
}

/// Runs each closure in a thread of its own, and waits for all of them.
macro_rules! threads {
    ($($thread:expr),* $(,)?) => {
        shuttle::thread::scope(|scope| {
            $(scope.spawn($thread);)*
        })
    };
}

pub(crate) use threads;
