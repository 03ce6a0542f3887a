//! Where the tier of a cache is.

use crate::tier::tier::Tier;
use std::fmt;
use std::sync::Arc;

/// Where the tier of a cache is. It is looked up when a call asks, so that a program can configure it in `main`.
#[derive(Clone)]
pub struct TierPlace(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    /// A tier of the program.
    Own(Arc<dyn Tier>),
    /// The file of this package on disk, or the one at this path.
    #[cfg(feature = "disk")]
    Disk(crate::tier::disk::place::DiskPlace),
}

impl TierPlace {
    /// A tier of the program.
    pub fn own(tier: impl Tier) -> Self {
        Self(Place::Own(Arc::new(tier)))
    }
}

impl fmt::Debug for TierPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TierPlace")
    }
}
