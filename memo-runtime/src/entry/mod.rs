//! What is kept of one call: a header of one size for all types, the key and the value.
//!
//! It knows how entries are owned and freed. It must not know where they are filed.

pub(crate) mod entry;
pub(crate) mod header;
