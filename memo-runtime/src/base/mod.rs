//! The foundation of the runtime: threads and locks, fences, the clock, the alarm thread, the threads of refreshes.
//!
//! It knows the operating system. It must not know caches, keys or flights.

pub(crate) mod alarm;
pub(crate) mod asymmetric_fence;
pub(crate) mod background;
pub(crate) mod catch_panic;
pub(crate) mod clock;
pub(crate) mod of_value;
pub(crate) mod process;
pub(crate) mod small_list;
pub(crate) mod stopwatch;
pub(crate) mod supplied_clock;
pub(crate) mod sync;
