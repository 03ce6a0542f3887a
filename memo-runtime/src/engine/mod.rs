//! The protocol of a cache: a hit without the lock, a miss under it, landing, removal.
//!
//! It knows stores and flights. It must not know what a result is, or where a cache comes from.

#[cfg_attr(not(feature = "tier"), allow(dead_code, reason = "nothing stands below a cache"))]
pub(crate) mod below;
pub(crate) mod core;
pub(crate) mod detour;
pub(crate) mod engine;
pub(crate) mod hit;
pub(crate) mod landing;
pub(crate) mod listener;
pub(crate) mod lives;
pub(crate) mod purity;
pub(crate) mod query;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod switch;
pub(crate) mod typed;
mod waits;
mod whole_cache;
