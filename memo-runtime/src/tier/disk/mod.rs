//! The tier on SQLite. Placeholder.
pub(crate) mod place;
