//! What explores the schedules of models, for [`models`](crate::models::blocking) and
//! [`async_models`](crate::models::polled).
//!
//! `SCHEDULES` sets how many schedules a model gets, `SHUTTLE_RANDOM_SEED` which ones. A model that fails
//! prints its schedule, to be passed to `shuttle::replay`. The schedules are sequentially consistent:
//! what weaker memory allows is Miri's business.

use crate::base::sync::patience;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;

/// Runs a model under many schedules: half of them switch threads at random, which finds what needs
/// many switches; the other half do so seldom, which finds what needs few in the right places.
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

/// Spoils what is freed, so that whoever uses it still comes to grief: a primitive of the explorer that
/// is full of this takes itself for borrowed, and an address leads nowhere.
struct Spoiling;

#[global_allocator]
static SPOILING: Spoiling = Spoiling;

#[expect(unsafe_code, reason = "an allocator")]
// SAFETY: the system's allocator does it all; what is written to is still allocated.
unsafe impl GlobalAlloc for Spoiling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe {
            memory.write_bytes(0xDB, layout.size());
            // Who has seen the address may read there, or the compiler would write nothing.
            System.dealloc(std::hint::black_box(memory), layout);
        }
    }
}

/// Runs closures in threads of their own, to their end.
macro_rules! threads {
    ($($thread:expr),* $(,)?) => {
        shuttle::thread::scope(|scope| {
            $(scope.spawn($thread);)*
        })
    };
}

pub(crate) use threads;
