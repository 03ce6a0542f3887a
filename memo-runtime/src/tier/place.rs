//! Where the tier of a cache is, and whether it is used now.

use crate::tier::switch::{self, Use};
use crate::tier::tier::Tier;
use std::fmt;
use std::sync::Arc;

/// Where the tier of a cache is. It is looked up whenever the cache has something to ask or to say, so that a program can
/// configure it in `main`.
#[derive(Clone)]
pub struct TierPlace(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    /// A tier of the program.
    Own(Arc<dyn Tier>),
    /// The file of a package on disk, or the one at a path of its own.
    #[cfg(feature = "disk")]
    Disk(crate::tier::disk::place::DiskPlace),
}

impl TierPlace {
    /// A tier of the program.
    pub fn own(tier: impl Tier) -> Self {
        Self(Place::Own(Arc::new(tier)))
    }

    /// The tier, if there is one now. Code in unit tests has none, unless a test asks for it.
    pub(crate) fn tier(&self, is_test: bool) -> Option<Arc<dyn Tier>> {
        #[cfg_attr(
            not(feature = "disk"),
            expect(unused_variables, reason = "no tier is in a directory")
        )]
        let directory = match switch::in_force() {
            Use::Off => return None,
            Use::AsConfigured if is_test => return None,
            Use::AsConfigured => None,
            Use::In(directory) => Some(directory),
        };
        match &self.0 {
            Place::Own(tier) => Some(Arc::clone(tier)),
            #[cfg(feature = "disk")]
            Place::Disk(place) => place.tier(directory.as_deref()),
        }
    }
}

impl fmt::Debug for TierPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TierPlace")
    }
}
