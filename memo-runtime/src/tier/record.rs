//! Placeholder.

/// A value as a tier keeps it: bytes that check themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Vec<u8>);
