//! The results of comparing keys without the lock.

use crate::base::small_list::SmallList;

/// The entries of one hash that have the key, as far as they were compared. Generations tell entries apart.
#[derive(Debug)]
pub(crate) struct KeyMatches {
    /// An entry that has the key, or 0.
    own: u64,
    /// All entries up to this generation were compared, or are gone.
    until: u64,
    equal: SmallList<u64>,
}

impl KeyMatches {
    /// Nothing was compared yet. The `own` entry, if there is one, has the key.
    pub(crate) fn with(own: Option<u64>) -> Self {
        Self { own: own.unwrap_or(0), until: 0, equal: SmallList::new() }
    }

    /// Notes whether an entry has the key.
    pub(crate) fn push(&mut self, generation: u64, equal: bool) {
        if equal {
            self.equal.push(generation);
        }
    }

    /// Notes that all entries up to this generation were compared.
    pub(crate) fn until(&mut self, generation: u64) {
        self.until = generation;
    }

    /// Whether the entry has yet to be compared.
    pub(super) fn is_new(&self, generation: u64) -> bool {
        generation > self.until && generation != self.own
    }

    pub(crate) fn is_equal(&self, generation: u64) -> bool {
        generation == self.own || self.equal.iter().any(|equal| *equal == generation)
    }
}
