//! Single flight: one run of a body, and the callers that wait for it.
//!
//! It knows how long to wait, and when waiting is in vain. It must not know what is computed.

pub(crate) mod flight;
pub(crate) mod stall;
pub(crate) mod wait;
pub(crate) mod wait_graph;
