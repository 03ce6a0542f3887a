//! Whether keys and values are `Copy`.
//!
//! A type that is `Copy` has no interior mutability, because no cell is `Copy`. So nobody writes to a value that is shared, and
//! its bytes may be copied while others read it: see [`compact`](crate::store::compact).
//!
//! The compiler can tell where the types are known. `Copied::<K, V>::MEMOFN_KNOWN` is the constant of the type if both are `Copy`,
//! and the constant of the trait [`MaybeCopied`] otherwise. The name is one that no other trait in scope has.

use std::fmt;
use std::marker::PhantomData;

/// Whether keys `K` and values `V` are known to be `Copy`.
pub struct Copied<K, V> {
    pub(super) are_copy: bool,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Copy, V: Copy> Copied<K, V> {
    /// Both are.
    pub const MEMOFN_KNOWN: Self = Self { are_copy: true, types: PhantomData };
}

/// The constant of types that are not `Copy`, or not known to be.
pub trait MaybeCopied: Sized {
    /// Nothing is known.
    const MEMOFN_KNOWN: Self;
}

impl<K, V> MaybeCopied for Copied<K, V> {
    const MEMOFN_KNOWN: Self = Self { are_copy: false, types: PhantomData };
}

impl<K, V> fmt::Debug for Copied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copied")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn types_that_are_copy_are_told_from_others() {
        let known = [
            Copied::<(u64, [f64; 3]), &str>::MEMOFN_KNOWN.are_copy,
            Copied::<&AtomicU64, Option<fn(&str) -> String>>::MEMOFN_KNOWN.are_copy,
        ];
        let unknown = [
            Copied::<u64, String>::MEMOFN_KNOWN.are_copy,
            Copied::<(u64, Box<u8>), ()>::MEMOFN_KNOWN.are_copy,
            Copied::<u8, AtomicU64>::MEMOFN_KNOWN.are_copy,
        ];
        assert_eq!((known, unknown), ([true; 2], [false; 3]));
    }
}
