//! Hashes of keys.

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// The seeds of all caches. They are random for each process, so that an attacker cannot choose keys that collide. Both are
/// needed: `foldhash` also multiplies by a seed that all hashers share, and the default of that one is public.
static SEEDS: OnceLock<(u64, SharedSeed)> = OnceLock::new();

/// A bit that is set in each hash. The hash in an entry's header lacks it until the entry is stored, so that no hit
/// takes the entry for a match. It is also a bit of the [fingerprint](crate::store::table), which is so never 0.
pub(crate) const SEEN: u64 = 1 << 57;

#[cold]
fn seeds() -> (u64, SharedSeed) {
    // Fixed, so that a schedule that fails can be replayed.
    if cfg!(all(test, memofn_models)) {
        return (0x6d65_6d6f, SharedSeed::from_u64(1));
    }
    let random = || RandomState::new().build_hasher().finish();
    (random(), SharedSeed::from_u64(random()))
}

/// The hash function of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashing(&'static (u64, SharedSeed));

impl Hashing {
    /// Keep the result: hashing then needs no check whether the seeds exist.
    pub(crate) fn get() -> Self {
        Self(SEEDS.get_or_init(seeds))
    }

    /// The hash of the data that `feed` writes.
    #[inline]
    pub(crate) fn hash(self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        let (own, shared) = self.0;
        let mut hasher = FoldHasher::with_seed(*own, shared);
        feed(&mut hasher);
        spread(hasher.finish())
    }
}

/// For maps of the standard library.
impl BuildHasher for Hashing {
    type Hasher = FoldHasher<'static>;

    fn build_hasher(&self) -> FoldHasher<'static> {
        let (own, shared) = self.0;
        FoldHasher::with_seed(*own, shared)
    }
}

/// Spreads the upper bits of a hash, which choose the bucket. With some seeds `foldhash` gives consecutive numbers upper
/// bits that are too much alike. An odd factor keeps different hashes apart; this one is the golden ratio's, as in Knuth's
/// multiplicative hashing. See docs/design.md.
#[inline]
fn spread(hash: u64) -> u64 {
    hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) | SEEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    #[test]
    fn consecutive_numbers_spread_over_the_buckets_with_every_seed() {
        const KEYS: u64 = 256;
        const BUCKETS: usize = 128;
        for seed in 0..if cfg!(miri) { 4 } else { 1000 } {
            for step in [1, 8, 1 << 20] {
                let seeds = (seed, SharedSeed::from_u64(seed));
                let mut filled = [0; BUCKETS];
                let full = (0..KEYS).filter(|key| {
                    let mut hasher = FoldHasher::with_seed(seeds.0, &seeds.1);
                    (key * step).hash(&mut hasher);
                    let number = usize::try_from(spread(hasher.finish()) >> 32).unwrap();
                    filled[number % BUCKETS] += 1;
                    filled[number % BUCKETS] > 7
                });
                assert!(full.count() <= 10, "with seed {seed}, in steps of {step}");
            }
        }
    }
}
