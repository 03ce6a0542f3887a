//! The threads that share a cache, and how they read it without a lock.
//!
//! It knows threads, hazard pointers and the runners of bodies. It must not know what an entry holds.

pub(crate) mod hazard;
mod local_readers;
pub(crate) mod readers;
pub(crate) mod runners;
pub(crate) mod scope;
mod shared_readers;

pub use self::scope::{Cell, Lock, Scope, Shared, Thread};
