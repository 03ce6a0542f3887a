//! What tells keys apart, in all processes and on all platforms.

use crate::tier::codec::KeptKey;
use std::hash::{Hash, Hasher};
use xxhash_rust::xxh3::Xxh3;

/// The bytes of a key. `None` if it cannot be written: `serde` may refuse, and a path may not be text.
pub(crate) fn encode_key<K: KeptKey + ?Sized>(key: &K) -> Option<Vec<u8>> {
    postcard::to_stdvec(key).ok()
}

/// The digest of a key: of its bytes, and of what its `Hash` sees. So a field that `serde` skips counts as well.
///
/// Integers are hashed with a fixed width and byte order. Slices of integers are not: the standard library passes on their
/// memory. If two platforms or compilers differ there, they do not find each other's records.
pub(crate) fn digest<K: Hash + ?Sized>(encoded: &[u8], key: &K) -> u128 {
    let mut hasher = PortableHasher(Xxh3::new());
    hasher.write_usize(encoded.len());
    hasher.write(encoded);
    key.hash(&mut hasher);
    hasher.0.digest128()
}

/// Integers are little-endian, and `usize` has 64 bits. The signed ones go through these by default.
struct PortableHasher(Xxh3);

impl Hasher for PortableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.0.update(&[number]);
    }

    fn write_u16(&mut self, number: u16) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        // Negative numbers are negative on all platforms.
        self.write_i64(number as i64);
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}
