//! What the expansions of `#[memoize]` call. It changes with the macro, without notice.
//!
//! It knows the caches of functions, and asks for `Hash`, `Clone` and `Send`. It must not know the protocol.

pub(crate) mod bounds;
pub(crate) mod call_site;
pub(crate) mod instances;
pub(crate) mod options;
pub(crate) mod slot;
pub(crate) mod static_site;
pub(crate) mod thread_slot;
