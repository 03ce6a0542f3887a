//! Where a file is.

use crate::tier::disk::config;
use crate::tier::disk::disk_tier::DiskTier;
use crate::tier::disk::tiers;
use std::env;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

/// Names the directory of the files, before anything else does.
const VARIABLE: &str = "MEMOFN_CACHE_DIR";

/// The file of a function: that of its package in the cache directory, or the one at a path of its own.
#[derive(Debug, Clone)]
pub(crate) struct DiskPlace {
    pub(crate) package: &'static str,
    pub(crate) path: Option<PathBuf>,
}

impl DiskPlace {
    /// The tier on this file. It is looked up anew each time, which takes system calls: keep it.
    pub(crate) fn tier(&self) -> Arc<DiskTier> {
        tiers::on(canonical(&self.file()))
    }

    /// The file. The path is empty if the system names no cache directory.
    fn file(&self) -> PathBuf {
        match &self.path {
            Some(path) if !is_directory(path) => path.clone(),
            Some(directory) => self.file_in(directory),
            None => match directory() {
                Some(directory) => self.file_in(&directory),
                None => PathBuf::new(),
            },
        }
    }

    fn file_in(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.sqlite3", self.package))
    }
}

/// The directory of the files that have no path of their own.
pub(super) fn directory() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|directory| !directory.is_empty());
    named.map(PathBuf::from).or_else(config::directory).or_else(|| {
        use etcetera::BaseStrategy;
        let system = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(system.cache_dir().join("memofn"))
    })
}

/// Whether a path is that of a directory, or looks like it.
fn is_directory(path: &Path) -> bool {
    let ends_so = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    ends_so || path.is_dir() || (path.extension().is_none() && !path.is_file())
}

/// The same for each path to a file, whether the file is there or not.
fn canonical(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.to_owned());
    for existing in path.ancestors() {
        if let (Ok(canonical), Ok(rest)) = (existing.canonicalize(), path.strip_prefix(existing)) {
            // A path that ends with a separator would be that of a directory.
            return if rest.as_os_str().is_empty() { canonical } else { canonical.join(rest) };
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::disk::tests::Directory;

    #[test]
    fn a_path_names_a_directory_if_it_is_or_looks_like_one() {
        let directory = Directory::new();
        let at = |path: &Path| DiskPlace { package: "shop", path: Some(path.to_owned()) }.file();
        let new = directory.path().join("new");
        assert_eq!(at(&new), new.join("shop.sqlite3"));
        let database = directory.path().join("pages.db");
        assert_eq!(at(&database), database);
        std::fs::create_dir(&database).expect("it can be created");
        assert_eq!(at(&database), database.join("shop.sqlite3"));
        std::fs::write(&new, "").expect("it can be written");
        assert_eq!(at(&new), new, "a file without an extension");
    }

    #[test]
    fn two_paths_to_one_file_share_a_tier() {
        let directory = Directory::new();
        let tier = |path: PathBuf| DiskPlace { package: "shop", path: Some(path) }.tier();
        let one = tier(directory.path().join("a/b.sqlite3"));
        let other = tier(directory.path().join("./a/../a/b.sqlite3"));
        assert!(Arc::ptr_eq(&one, &tier(directory.path().join("./a/b.sqlite3"))));
        assert!(!Arc::ptr_eq(&one, &tier(directory.path().join("c.sqlite3"))));
        drop(other);
    }

    #[test]
    fn a_file_without_a_path_is_in_the_cache_directory() {
        let file = DiskPlace { package: "shop", path: None }.file();
        assert_eq!(file.file_name(), Some("shop.sqlite3".as_ref()));
        assert_eq!(file.parent(), directory().as_deref());
    }
}
