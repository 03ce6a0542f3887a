//! The log of what was forgotten in this process, by the numbers of operations.

use crate::tier::disk::queue::{RowKey, What};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// It is cut when it has so many entries.
pub(super) const LOG: usize = 1 << 14;

/// When each was last forgotten, as far back as `floor`.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    keys: HashMap<RowKey, u64>,
    functions: HashMap<String, u64>,
    tags: HashMap<String, u64>,
    all: u64,
    pub(super) last_tag: u64,
    pub(super) floor: u64,
    /// The next cut is at this length.
    limit: usize,
}

impl Forgotten {
    pub(super) fn new() -> Self {
        Self { limit: LOG, ..Self::default() }
    }

    pub(super) fn row(&self, row: &RowKey) -> u64 {
        let key = at(&self.keys, row);
        key.max(at(&self.functions, row.function.name())).max(self.all)
    }

    pub(super) fn tags(&self, tags: &[String]) -> u64 {
        tags.iter().map(|tag| at(&self.tags, tag)).max().unwrap_or(0)
    }

    pub(super) fn note(&mut self, what: &What, number: u64, written: u64) {
        match what {
            What::Key(row) => drop(self.keys.insert(row.clone(), number)),
            What::Function(name) => drop(self.functions.insert(name.clone(), number)),
            What::Tag(tag) => {
                self.tags.insert(tag.clone(), number);
                self.last_tag = number;
            }
            What::All => self.all = number,
        }
        if self.len() > self.limit {
            // Leases from before are refused. The removals that are not written yet are needed to answer.
            self.floor = written;
            self.keys.retain(|_, number| *number > written);
            self.functions.retain(|_, number| *number > written);
            self.tags.retain(|_, number| *number > written);
            self.limit = LOG.max(2 * self.len());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.functions.len() + self.tags.len()
    }
}

fn at<K, Q>(numbers: &HashMap<K, u64>, key: &Q) -> u64
where
    K: Hash + Eq + Borrow<Q>,
    Q: Hash + Eq + ?Sized,
{
    numbers.get(key).copied().unwrap_or(0)
}
