//! The options of a cache and its counters.
//!
//! Plain data. It must not know how a cache works.

pub(crate) mod parameters;
pub(crate) mod stats;
