//! Hashes of keys.

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// What all caches hash with, seeded by the operating system once a process, so that nobody outside
/// can choose keys that collide. A seed for each hasher would not do: `foldhash` also multiplies by a
/// seed that all hashers share, and by default everybody knows that one.
static SEEDS: OnceLock<(u64, SharedSeed)> = OnceLock::new();

/// A bit that all hashes have, and which an entry lends its own until others may see it. It is the
/// second of a [tag](crate::store::table), which is never 0.
pub(crate) const SEEN: u64 = 1 << 57;

#[cold]
fn seeds() -> (u64, SharedSeed) {
    // Or a schedule that fails would not fail again.
    if cfg!(all(test, memofn_models)) {
        return (0x6d65_6d6f, SharedSeed::from_u64(1));
    }
    let random = || RandomState::new().build_hasher().finish();
    (random(), SharedSeed::from_u64(random()))
}

/// The hashes of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashing(&'static (u64, SharedSeed));

impl Hashing {
    /// To be kept: whoever hashes need not look then whether there are seeds.
    pub(crate) fn get() -> Self {
        Self(SEEDS.get_or_init(seeds))
    }

    /// The hash of what is fed to the hasher.
    #[inline]
    pub(crate) fn hash(self, feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
        let (own, shared) = self.0;
        let mut hasher = FoldHasher::with_seed(*own, shared);
        feed(&mut hasher);
        spread(hasher.finish())
    }
}

/// The upper bits of this differ as much as they should. Of what `foldhash` makes of numbers that follow each
/// other they do with most seeds: with 3 or 4 in a hundred, any bits chosen of it put so many into the same
/// buckets that half of all hits took twice the instructions. An odd factor (the golden ratio's, as in
/// Knuth's multiplicative hashing) keeps apart what differs.
#[inline]
fn spread(hash: u64) -> u64 {
    hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) | SEEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    #[test]
    fn numbers_that_follow_each_other_do_not_crowd_whatever_the_seed() {
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
