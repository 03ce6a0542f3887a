//! Hashes of keys.

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// What all caches hash with, seeded by the operating system once a process, so that nobody outside
/// can choose keys that collide. A seed for each hasher would not do: `foldhash` also multiplies by a
/// seed that all hashers share, and by default everybody knows that one.
static SEEDS: OnceLock<(u64, SharedSeed)> = OnceLock::new();

#[cold]
fn seeds() -> (u64, SharedSeed) {
    // Or a schedule that fails would not fail again.
    if cfg!(all(test, memofn_models)) {
        return (0x6d65_6d6f, SharedSeed::from_u64(1));
    }
    let random = || RandomState::new().build_hasher().finish();
    (random(), SharedSeed::from_u64(random()))
}

/// The hash of what is fed to the hasher.
#[inline]
pub(crate) fn hash(feed: impl FnOnce(&mut FoldHasher<'static>)) -> u64 {
    let (own, shared) = SEEDS.get_or_init(seeds);
    let mut hasher = FoldHasher::with_seed(*own, shared);
    feed(&mut hasher);
    hasher.finish()
}
