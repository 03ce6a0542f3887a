//! The public handle of a cache, its builder, the list of all caches, and the report.
//!
//! It knows the rooms below. It must not know the macro.

pub(crate) mod builder;
pub(crate) mod by_hand;
pub(crate) mod cache;
pub(crate) mod compute;
pub(crate) mod given;
pub(crate) mod isolation;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
pub(crate) mod purity;
pub(crate) mod registry;
pub(crate) mod report;
#[cfg(feature = "serde")]
mod serialize;
