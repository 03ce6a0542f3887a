//! One entry of a cache: a header of one size for all types, the key and the value.
//!
//! It knows how entries are owned, linked and freed. It must not know where they are filed.

pub(crate) mod compact;
pub(crate) mod entry;
pub(crate) mod entry_ref;
pub(crate) mod entry_type;
pub(crate) mod header;
pub(crate) mod last_use;
pub(crate) mod list;
pub(crate) mod spare;
