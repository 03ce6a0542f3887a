//! The parameters of a cache and its counters.
//!
//! Plain data with a `Display`. It must not know how a cache works.

pub(crate) mod parameters;
pub(crate) mod stats;
