//! Where a file is.

use std::path::PathBuf;

/// The file of a function: that of its package in the cache directory, or the one at a path of its own.
#[derive(Debug, Clone)]
pub(crate) struct DiskPlace {
    pub(crate) package: &'static str,
    pub(crate) path: Option<PathBuf>,
}
