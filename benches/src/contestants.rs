//! The same functions, memoized by each crate that is compared and by hand. Knows no measuring.

pub(crate) mod asynchronous;
pub(crate) mod bodies;
pub(crate) mod bounded;
pub(crate) mod contestant;
pub(crate) mod floor;
pub(crate) mod gated;
pub(crate) mod mutex_lru;
pub(crate) mod programs;
pub(crate) mod recursive;
pub(crate) mod slow;
pub(crate) mod slow_async;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod ttl;
pub(crate) mod unbounded;
