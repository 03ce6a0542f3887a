//! Times calls and processes, and counts allocations. Knows neither contestants nor scenarios.

pub(crate) mod allocator;
pub(crate) mod lap;
pub(crate) mod process;
pub(crate) mod race;
pub(crate) mod results;
