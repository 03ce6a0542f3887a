//! What a cache was asked to do, and what it has counted.
//!
//! Plain data with a `Display`. It must not know how a cache works.

pub(crate) mod parameters;
pub(crate) mod stats;
