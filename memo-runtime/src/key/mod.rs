//! How arguments are looked up without being owned, and owned on a miss. Also the tags that a miss gives its entry.
//!
//! It knows `Hash`, `Eq` and the shapes of argument types. It must not know caches.

pub(crate) mod borrowed;
pub(crate) mod float;
pub(crate) mod hash;
pub(crate) mod lend;
pub(crate) mod lookup;
pub(crate) mod shape;
pub(crate) mod tags;
