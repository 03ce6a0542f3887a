//! A cache by hand, beyond one key: as a collection, for many keys at once, around a closure.
//!
//! It knows the handle of a cache and the call room. It must not know the engine's protocol.

pub(crate) mod collection;
pub(crate) mod many;
pub(crate) mod memoized;
