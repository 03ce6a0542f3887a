//! The fingerprints of a bucket, compared all at once.

/// The fingerprints of a bucket: eight bits of the hash of each entry, 0 where there is none. The highest byte counts the
/// entries that overflowed: they were filed further on because this bucket was full. A count of 255 stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fingerprints(pub(super) u64);

impl Fingerprints {
    /// Never 0: see [`SEEN`](crate::key::hash::SEEN).
    #[inline]
    pub(super) fn of(hash: u64) -> u64 {
        hash >> 56
    }

    /// The indices where the fingerprint is, and perhaps some where it is not.
    #[inline]
    pub(super) fn equal_to(self, fingerprint: u64) -> Matches {
        matches(self.0, fingerprint)
    }

    pub(super) fn set(self, at: usize, fingerprint: u64) -> Self {
        Self(self.0 & !(0xFF << (8 * at)) | fingerprint << (8 * at))
    }

    #[inline]
    pub(super) fn overflow(self) -> u64 {
        self.0 >> 56
    }

    /// With one overflowed entry more or less.
    pub(super) fn with_overflow(self, change: i64) -> Self {
        let overflow = self.overflow();
        let changed =
            if overflow == 0xFF { overflow } else { overflow.wrapping_add_signed(change) };
        Self(self.0 & (u64::MAX >> 8) | changed << 56)
    }
}

/// Indices in a bucket. Each is a bit set, at a multiple of `width`.
#[derive(Debug)]
pub(super) struct Matches {
    bits: u64,
    width: u32,
}

impl Iterator for Matches {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.bits == 0 {
            return None;
        }
        let at = self.bits.trailing_zeros() / self.width;
        self.bits &= self.bits - 1;
        Some(at as usize)
    }
}

/// Every such processor has these instructions. They take fewer registers than the portable way below.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[inline]
#[allow(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits are bits"
)]
fn matches(all: u64, fingerprint: u64) -> Matches {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8, _mm_set1_epi8};
    #[allow(unsafe_code, unused_unsafe, reason = "these are safe in newer versions of Rust")]
    // SAFETY: the target has SSE2: it is a condition of this function.
    let equal = unsafe {
        let all = _mm_cvtsi64_si128(all as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(fingerprint as i8)))
    };
    Matches { bits: u64::from(equal as u32 & 0x7F), width: 1 }
}

/// The exclusive or makes the bytes of equal fingerprints 0. To subtract 1 from such a byte sets its highest bit. It
/// also borrows from the next byte, which may then be reported in vain.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
fn matches(all: u64, fingerprint: u64) -> Matches {
    const EACH: u64 = 0x0001_0101_0101_0101;
    let differing = all ^ (EACH * fingerprint);
    Matches { bits: differing.wrapping_sub(EACH) & !differing & (EACH << 7), width: 8 }
}
