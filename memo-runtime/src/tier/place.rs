//! Where the tier of a cache is, and whether it is used now.

#[cfg(feature = "disk")]
use crate::tier::disk::place::DiskPlace;
use crate::tier::switch::{self, Use};
use crate::tier::tier::Tier;
use std::fmt;
#[cfg(feature = "disk")]
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "disk")]
use std::sync::OnceLock;

/// Where the tier of a cache is. It is looked up whenever the cache has something to ask or to say, so that a program can
/// configure it in `main`.
#[derive(Clone)]
pub struct TierPlace(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    /// A tier of the program.
    Own(Arc<dyn Tier>),
    /// The Redis that the program has connected to, if it has.
    #[cfg(feature = "redis")]
    Redis,
    /// The file of a package on disk, or the one at a path of its own. It is looked up once.
    #[cfg(feature = "disk")]
    Disk(DiskPlace, Arc<OnceLock<Arc<dyn Tier>>>),
}

impl TierPlace {
    /// A tier of the program.
    pub fn own(tier: impl Tier) -> Self {
        Self(Place::Own(Arc::new(tier)))
    }

    /// The file of a package in the cache directory, or the one at this path.
    #[cfg(feature = "disk")]
    pub(crate) fn on_disk(package: &'static str, path: Option<PathBuf>) -> Self {
        Self(Place::Disk(DiskPlace { package, path }, Arc::default()))
    }

    /// The Redis that the program has connected to, if tiers are on. A process may invalidate tags there, and use no function
    /// that has it.
    pub(crate) fn started() -> Option<Arc<dyn Tier>> {
        #[cfg(feature = "redis")]
        return Self(Place::Redis).tier(false);
        #[cfg(not(feature = "redis"))]
        None
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
            #[cfg(feature = "redis")]
            Place::Redis => crate::tier::redis::started(),
            #[cfg(feature = "disk")]
            Place::Disk(place, found) => Some(match directory {
                Some(directory) => {
                    DiskPlace { path: Some(directory.to_path_buf()), ..place.clone() }.tier()
                }
                None => Arc::clone(found.get_or_init(|| place.tier())),
            }),
        }
    }
}

impl fmt::Debug for TierPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TierPlace")
    }
}
