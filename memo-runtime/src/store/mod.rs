//! The stored entries of one cache: by hash, by recency, by deadline and by tag, and the ones that were taken out.
//!
//! It knows only headers, so it is compiled once for all types. It must not know keys, values, flights or locks.

pub(crate) mod cause;
pub(crate) mod compact;
pub(crate) mod eviction;
mod fingerprints;
pub(crate) mod freshness;
mod radix;
pub(crate) mod retired;
pub(crate) mod store;
pub(crate) mod table;
mod tag_index;
