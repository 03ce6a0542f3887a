//! Placeholder.

use std::time::SystemTime;

/// A value as a tier keeps it: bytes that check themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(Vec<u8>);

impl Record {
    /// A record of these bytes, whatever they are.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// When it is of no use any more. `None` is never.
    #[must_use]
    pub fn ends(&self) -> Option<SystemTime> {
        None
    }

    /// When its value was computed.
    #[must_use]
    pub fn born(&self) -> Option<SystemTime> {
        None
    }

    /// Its tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}
