//! How expansions ask for what a function's types can do, with errors at the right token.
//!
//! It knows the traits of keys and results. It must not know caches.

pub(crate) mod key;
pub(crate) mod result;
pub(crate) mod shared;
