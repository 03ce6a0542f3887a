//! The public handle: caches by hand, their builder, the registry and the report.
//!
//! It knows the whole runtime below. It must not know the macro.

pub(crate) mod builder;
pub(crate) mod cache;
pub(crate) mod compute;
pub(crate) mod registry;
pub(crate) mod report;
