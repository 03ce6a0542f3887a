//! Unit tests that need the inside of the runtime.

mod blocking;
#[cfg(not(memofn_models))]
pub(crate) mod executor;
#[cfg(not(memofn_models))]
mod polled;
pub(crate) mod watchdog;
