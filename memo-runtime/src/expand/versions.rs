//! The versions of functions that depend on others.

/// The version of a function that depends on others: of its own, and of these.
#[must_use]
pub const fn mixed(version: u64, others: &[u64]) -> u64 {
    let (mut mixed, mut i) = (with(0xcbf2_9ce4_8422_2325, version), 0);
    while i < others.len() {
        mixed = with(mixed, others[i]);
        i += 1;
    }
    mixed
}

/// FNV-1a with 64 bits: versions of small numbers that differ a little must not give one hash.
const fn with(mut hash: u64, word: u64) -> u64 {
    let (bytes, mut i) = (word.to_le_bytes(), 0);
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

/// The stand-in for the version of an item in `depends(..)` that has none. An expansion imports all of this, and then the
/// item under the name of the type here. A function without a version leaves this type visible.
pub mod no_version {
    /// Stands for a type beside a function, a constant or a static.
    #[allow(non_camel_case_types, reason = "a name that no item of a program has")]
    #[derive(Debug)]
    pub enum __memofn_item {}

    /// Stands for a version. The compiler names it in the error.
    #[derive(Debug)]
    pub struct NoVersionMarkItWithMemofnVersioned;

    /// Gives each type a constant of this name. One of the type's own goes first.
    pub trait Unversioned {
        /// No version.
        const CACHE_VERSION: NoVersionMarkItWithMemofnVersioned =
            NoVersionMarkItWithMemofnVersioned;
    }

    impl<T: ?Sized> Unversioned for T {}
}
