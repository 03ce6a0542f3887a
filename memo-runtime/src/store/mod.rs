//! The stored entries of one cache: by hash, by recency and by deadline, and those taken out.
//!
//! It knows headers alone, so it is compiled once for all types. It must not know keys, values, flights or locks.

pub(crate) mod freshness;
pub(crate) mod lru;
pub(crate) mod retired;
pub(crate) mod store;
pub(crate) mod table;
