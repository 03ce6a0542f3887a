//! All tiers of the process, one for each file, and what a program can do with them.

use crate::tier::disk::config;
use crate::tier::disk::disk_tier::DiskTier;
use crate::tier::disk::place::{self, DiskPlace};
use crate::tier::disk::shared::Settings;
use crate::tier::tier::Tier;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

static TIERS: Mutex<BTreeMap<PathBuf, Arc<DiskTier>>> = Mutex::new(BTreeMap::new());

/// [`clear()`] waits so long for each file.
const CLEARS_WITHIN: Duration = Duration::from_secs(10);

/// The tier on this file.
pub(super) fn on(path: PathBuf) -> Arc<DiskTier> {
    let mut tiers = TIERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tier) = tiers.get(&path).filter(|tier| !tier.can_be_replaced()) {
        return Arc::clone(tier);
    }
    let settings = Settings { max_bytes: config::max_bytes(), ..Settings::default() };
    let tier = Arc::new(DiskTier::on(path.clone(), &settings));
    tiers.insert(path, Arc::clone(&tier));
    tier
}

pub(super) fn all() -> Vec<Arc<DiskTier>> {
    TIERS.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}

/// The tier on this file, or in this directory, for a cache that is made by hand.
///
/// A path that is a directory, or has no extension, is that of a directory: then the file is `caches.sqlite3` in it. All tiers
/// on one file are one.
///
/// ```
/// use memofn::{Cache, disk};
///
/// # let directory = std::env::temp_dir().join(format!("memofn-at-{}", std::process::id()));
/// let squares: Cache<u64, u64> =
///     Cache::builder().name("squares").tier(disk::at(directory.join("squares.db")), 1).build();
/// assert_eq!(squares.get_or_compute(3, || 9), 9);
/// # let _ = std::fs::remove_dir_all(directory);
/// ```
pub fn at(path: impl Into<PathBuf>) -> impl Tier {
    DiskPlace { package: "caches", path: Some(path.into()) }.tier()
}

/// The result of [`check()`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// How many records were read.
    pub records: u64,
    /// How many of them are bad. A bad record never answers: a call that finds one runs the body.
    pub bad: u64,
}

/// Reads all records in the files that this process has used, and counts the bad ones. It takes as long as reading the
/// files.
///
/// ```
/// let found = memofn::disk::check()?;
/// assert_eq!(found.bad, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// A file cannot be read. A damaged one was put aside: it has another name now, and a new one takes its place.
pub fn check() -> io::Result<Check> {
    let mut sum = Check::default();
    for tier in all() {
        let found = tier.check()?;
        sum.records += found.records;
        sum.bad += found.bad;
    }
    Ok(sum)
}

/// Removes all records from the files that this process has used, and waits until that is done. What calls are computing
/// meanwhile is not kept. The caches in memory stay: [`clear_all`](crate::clear_all) is for them.
///
/// ```
/// memofn::disk::clear()?;
/// assert_eq!(memofn::disk::bytes(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// A file could not be written within 10 s. Its records do not answer in this process all the same, and they are removed as
/// soon as that works.
pub fn clear() -> io::Result<()> {
    let tiers = all();
    for tier in &tiers {
        tier.forget_all();
    }
    tiers.iter().try_for_each(|tier| tier.flush_or_error(CLEARS_WITHIN))
}

/// How many bytes the records take in the files that this process has used, with about 256 bytes for each record. A file
/// that cannot be read counts as it was last known.
///
/// ```
/// println!("{} bytes on disk", memofn::disk::bytes());
/// ```
#[must_use]
pub fn bytes() -> u64 {
    all().iter().map(|tier| tier.bytes()).sum()
}

/// The directory of the files that have no path of their own: `memofn` in the cache directory of the system, unless
/// `MEMOFN_CACHE_DIR` or [`configure()`](crate::disk::configure) names another one. There is a file
/// `<package>.sqlite3` for each package. It is empty if the system names no cache directory: then nothing is kept.
///
/// ```
/// println!("{}", memofn::disk::path().display());
/// ```
#[must_use]
pub fn path() -> PathBuf {
    place::directory().unwrap_or_default()
}
