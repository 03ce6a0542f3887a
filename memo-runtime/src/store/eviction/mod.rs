//! Eviction: which entry goes when another needs its room.
//!
//! A policy knows the headers of the entries that are stored, and the [`Touch`] that hits leave in them. It must not
//! know the table, deadlines or counters. It owns no entries, and is used under the lock.
//!
//! A new policy is a file beside [`lru`], and a variant of [`EvictionPolicy`].

#[cfg(test)]
mod fifo;
mod lru;

use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Stamp;
use lru::Lru;

/// A policy of eviction.
pub(crate) trait Eviction {
    /// Adds an entry that was just stored. Its [rank](crate::entry::header::Header::rank) is a later stamp than all
    /// others.
    fn insert(&mut self, entry: EntryRef);

    /// Takes out an entry that was added. Aborts the process if it was not.
    fn remove(&mut self, entry: EntryRef);

    /// Takes out an entry that was added, and adds one that was just stored in its place, with its rank.
    fn replace(&mut self, old: EntryRef, new: EntryRef);

    /// Takes out the entry to evict next. `now` is a later stamp than all others: a stamp beyond it counts as `now`.
    /// There is a victim unless the policy is empty.
    fn victim(&mut self, now: Stamp) -> Option<EntryRef>;

    /// Forgets all entries. They may be gone already.
    fn clear(&mut self);

    /// An entry that is likely to be evicted soon, and the one after it.
    fn likely_victims(&self) -> [Option<EntryRef>; 2];

    /// Checks that this is in order and holds `len` entries, each of which `is_valid`.
    #[cfg(debug_assertions)]
    fn check(&self, len: usize, is_valid: &dyn Fn(EntryRef) -> bool);
}

/// The trace that a hit leaves in its entry. The lock-free path reads it. A policy that counts hits adds a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Nothing: no policy asks.
    None,
    /// The stamp of the hit.
    Stamp,
}

/// The policies there are. The store is compiled once for all caches, so this is an enum and no type parameter.
#[derive(Debug)]
pub(crate) enum EvictionPolicy {
    Lru(Lru),
    #[cfg(test)]
    Fifo(fifo::Fifo),
}

impl EvictionPolicy {
    /// The trace of hits that this policy needs.
    pub(crate) fn touch(&self) -> Touch {
        match self {
            Self::Lru(_) => Touch::Stamp,
            #[cfg(test)]
            Self::Fifo(_) => Touch::None,
        }
    }
}

#[cfg(test)]
impl EvictionPolicy {
    pub(crate) fn fifo() -> Self {
        Self::Fifo(fifo::Fifo::default())
    }
}

impl Default for EvictionPolicy {
    fn default() -> Self {
        Self::Lru(Lru::default())
    }
}

/// Calls a method of the policy in use.
macro_rules! with {
    ($policy:expr, $it:ident => $call:expr) => {
        match $policy {
            EvictionPolicy::Lru($it) => $call,
            #[cfg(test)]
            EvictionPolicy::Fifo($it) => $call,
        }
    };
}

impl Eviction for EvictionPolicy {
    #[inline]
    fn insert(&mut self, entry: EntryRef) {
        with!(self, it => it.insert(entry));
    }

    #[inline]
    fn remove(&mut self, entry: EntryRef) {
        with!(self, it => it.remove(entry));
    }

    fn replace(&mut self, old: EntryRef, new: EntryRef) {
        with!(self, it => it.replace(old, new));
    }

    #[inline]
    fn victim(&mut self, now: Stamp) -> Option<EntryRef> {
        with!(self, it => it.victim(now))
    }

    fn clear(&mut self) {
        with!(self, it => it.clear());
    }

    #[inline]
    fn likely_victims(&self) -> [Option<EntryRef>; 2] {
        with!(self, it => it.likely_victims())
    }

    #[cfg(debug_assertions)]
    fn check(&self, len: usize, is_valid: &dyn Fn(EntryRef) -> bool) {
        with!(self, it => it.check(len, is_valid));
    }
}
