//! Function bodies that take next to no time, so that the cache is what is measured.

pub(crate) fn body(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Returns a value that owns 32 bytes. Copying them costs little beside allocating them.
pub(crate) fn text_body(key: u64) -> String {
    const TEXT: &str = "The quick brown fox jumps over the lazy dog.";
    let start = (key % 8) as usize;
    TEXT[start..start + 32].to_owned()
}
