//! The options of all files on disk.

use crate::tier::disk::tiers;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The default of [`Configuration::max_bytes`].
const MAX_BYTES: u64 = 256 << 20;

struct Configured {
    directory: Option<PathBuf>,
    max_bytes: u64,
}

static CONFIGURED: Mutex<Configured> =
    Mutex::new(Configured { directory: None, max_bytes: MAX_BYTES });

/// Options of the files on disk. [`configure()`] begins them, and [`start`](Self::start) puts them in force.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing changes before `start`"]
pub struct Configuration {
    directory: Option<PathBuf>,
    max_bytes: Option<u64>,
}

/// Configures the files of all functions with the option `disk`. Without it they are in the cache directory of the system,
/// each of at most 256 MiB.
///
/// Call it at the start of `main`: a function that has asked its file keeps it.
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("memofn-configure-{}", std::process::id()));
/// memofn::disk::configure().directory(&directory).max_bytes(1 << 30).start();
///
/// # if std::env::var_os("MEMOFN_CACHE_DIR").is_none() {
/// assert_eq!(memofn::disk::path(), directory);
/// # }
/// ```
pub fn configure() -> Configuration {
    Configuration::default()
}

impl Configuration {
    /// The directory of the files that have no path of their own. There is a file for each package, named after it.
    /// The environment variable `MEMOFN_CACHE_DIR` goes first, if it is set.
    ///
    /// It is created when the first record is kept or forgotten, for its owner alone.
    pub fn directory(self, directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()), ..self }
    }

    /// The most bytes of the records in each file, with about 256 bytes for each record. The least recently used records
    /// go first. The file takes up to a third more, for its indexes and for pages that are free, and its journal beside it about
    /// 8 MiB. A program that reads the file in one long transaction lets the journal grow until it ends.
    ///
    /// If several processes use a file, the bound of the one that has written last holds.
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes: Some(max_bytes), ..self }
    }

    /// Puts the options in force: the directory for files that are opened from now on, the bound for open ones as well. An option
    /// that was not set stays as it is. No file is opened here, so nothing can fail.
    pub fn start(self) {
        let mut configured = CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = self.directory {
            configured.directory = Some(directory);
        }
        if let Some(max_bytes) = self.max_bytes {
            configured.max_bytes = max_bytes;
        }
        drop(configured);
        if let Some(max_bytes) = self.max_bytes {
            for tier in tiers::all() {
                tier.set_max_bytes(max_bytes);
            }
        }
    }
}

pub(super) fn directory() -> Option<PathBuf> {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner).directory.clone()
}

pub(super) fn max_bytes() -> u64 {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner).max_bytes
}
