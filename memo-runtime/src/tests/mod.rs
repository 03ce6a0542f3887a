//! Tests that need the inside of the runtime, or that run under Miri.

#[cfg(not(memofn_models))]
mod attempts;
mod blocking;
#[cfg(not(memofn_models))]
mod compact;
#[cfg(not(memofn_models))]
mod counted;
#[cfg(not(memofn_models))]
pub(crate) mod executor;
#[cfg(not(memofn_models))]
mod listener;
#[cfg(not(memofn_models))]
mod polled;
#[cfg(not(memofn_models))]
mod stalled;
mod user_code;
pub(crate) mod watchdog;
