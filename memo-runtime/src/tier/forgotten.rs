//! The tags that were invalidated in this process, for caches that are made later.
//!
//! A cache that has not been used holds nothing in memory. The tier below it may have records of an earlier process.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many tags are known. If there are more, a cache forgets all records of its function.
const MOST: usize = 1024;

static TAGS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn tags() -> MutexGuard<'static, BTreeSet<String>> {
    TAGS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tag was invalidated.
pub(crate) fn note(tag: &str) {
    let mut tags = tags();
    if tags.len() <= MOST && !tags.contains(tag) {
        tags.insert(tag.to_owned());
    }
}

/// The tags that were invalidated so far. `None` if they were too many.
pub(crate) fn all() -> Option<Vec<String>> {
    let tags = tags();
    (tags.len() <= MOST).then(|| tags.iter().cloned().collect())
}
