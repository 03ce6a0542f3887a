//! Single flight: one run of a body, and the callers that wait for it.
//!
//! It knows how long to wait, and when a wait is in vain. It must not know what is computed.
//!
//! From the top down: `flight`, `wait_graph`, `lead`, `first_poll`, `poll`, `wait`, `followers`, `stall`, `patience`.

mod first_poll;
pub(crate) mod flight;
mod followers;
pub(crate) mod lead;
pub(crate) mod patience;
pub(crate) mod poll;
mod stall;
pub(crate) mod wait;
pub(crate) mod wait_graph;
