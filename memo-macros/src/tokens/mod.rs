//! Tools for token streams that are not parsed, and the collection of errors.
//!
//! This room knows tokens. It must not know options, functions or caches.

pub(crate) mod errors;
pub(crate) mod hash;
pub(crate) mod rewrite;
pub(crate) mod search;
