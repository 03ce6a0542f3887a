//! Least recently used, in exact order, though hits keep no list.
//!
//! A list that hits keep in order would have each hit write where other hits read. So a hit leaves a stamp in its
//! entry, and stamps only grow. The policy ranks entries by the stamps they had when it last looked. The entry of
//! the least rank is the least recently used if its stamp still equals its rank. Otherwise it was used since, and gets
//! a new rank. Each hit causes that once at most.
//!
//! A new entry has the latest stamp, and goes to the end of a list. A promoted entry may have any rank, and goes into a
//! [heap](Heap). The least of all is at the head of one of them.

use super::Eviction;
use crate::base::sync::Ordering::Relaxed;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Stamp;
use crate::entry::list::List;
use crate::store::radix::Radix;

/// Entries by rank.
#[derive(Debug, Default)]
pub(crate) struct Lru {
    /// Entries that no look of the policy has found used since they were stored.
    new: List,
    /// The others. Made when there is one.
    promoted: Option<Box<Heap>>,
}

impl Eviction for Lru {
    #[inline]
    fn insert(&mut self, entry: EntryRef) {
        self.new.push_last(entry);
    }

    #[inline]
    fn remove(&mut self, entry: EntryRef) {
        match &mut self.promoted {
            Some(promoted) if entry.is_promoted() => promoted.remove(entry),
            _ => self.new.remove(entry),
        }
    }

    fn replace(&mut self, old: EntryRef, new: EntryRef) {
        self.remove(old);
        // It goes where any rank may go.
        new.promote(old.rank());
        self.promoted.get_or_insert_default().push(new);
    }

    /// A stamp later than `now` counts as `now`: so an entry that other threads use all the while is promoted once
    /// at most. A stamp less than the rank counts as the rank: the heap relies on ranks that only grow, and
    /// must not rely on threads that write stamps without the lock.
    #[inline]
    fn victim(&mut self, now: Stamp) -> Option<EntryRef> {
        loop {
            let entry = self.pop_least()?;
            let stamp = entry.stamp.load(Relaxed).min(now);
            if stamp <= entry.rank() {
                return Some(entry);
            }
            entry.promote(stamp);
            self.promoted.get_or_insert_default().push(entry);
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn likely_victims(&self) -> [Option<EntryRef>; 2] {
        let first = self.new.first();
        [first, first.and_then(List::after)]
    }

    #[cfg(debug_assertions)]
    fn check(&self, len: usize, is_valid: &dyn Fn(EntryRef) -> bool) {
        let mut found = 0;
        let mut last = 0;
        for entry in self.new.checked() {
            assert!(last <= entry.rank() && !entry.is_promoted() && is_valid(entry));
            last = entry.rank();
            found += 1;
        }
        if let Some(heap) = &self.promoted {
            for (list, entries) in heap.lists.iter().enumerate() {
                for entry in entries.checked() {
                    assert!(
                        entry.rank() >= heap.radix.last() && entry.is_promoted() && is_valid(entry)
                    );
                    assert_eq!(heap.radix.list_of(entry.rank()), list);
                    assert!(heap.least.is_none_or(|least| least <= entry.rank()));
                    found += 1;
                }
            }
        }
        assert_eq!(found, len, "each entry is in one list");
    }
}

impl Lru {
    /// Takes out the entry of the least rank.
    fn pop_least(&mut self) -> Option<EntryRef> {
        let Some(promoted) = &mut self.promoted else { return self.new.pop_first() };
        match (self.new.first(), promoted.least()) {
            (Some(new), Some(least)) if new.rank() > least => promoted.pop(),
            (None, _) => promoted.pop(),
            _ => self.new.pop_first(),
        }
    }
}

/// A heap of entries by rank: see [`Radix`]. Any entry can leave it in constant time.
#[derive(Debug)]
struct Heap {
    /// Its last number is the rank popped last.
    radix: Radix,
    lists: [List; Radix::LISTS],
    /// The least rank, if it is known.
    least: Option<Stamp>,
}

impl Heap {
    fn push(&mut self, entry: EntryRef) {
        let rank = entry.rank();
        self.file(entry);
        if self.least.is_some_and(|least| rank < least) {
            self.least = Some(rank);
        }
    }

    fn file(&mut self, entry: EntryRef) {
        let list = self.radix.list_of(entry.rank());
        self.lists[list].push_last(entry);
        self.radix.mark_filled(list);
    }

    fn remove(&mut self, entry: EntryRef) {
        let list = self.radix.list_of(entry.rank());
        self.lists[list].remove(entry);
        if self.least == Some(entry.rank()) {
            self.least = None;
        }
    }

    /// The least rank.
    fn least(&mut self) -> Option<Stamp> {
        if self.least.is_none() {
            self.least = match self.lists[0].first() {
                Some(_) => Some(self.radix.last()),
                None => self.lists[self.nearest()?].iter().map(|entry| entry.rank()).min(),
            };
        }
        self.least
    }

    /// The first list that is not empty, after the very first. Lists are marked as empty here, and not where an entry
    /// leaves them.
    fn nearest(&mut self) -> Option<usize> {
        loop {
            let list = self.radix.nearest()?;
            if self.lists[list].first().is_some() {
                return Some(list);
            }
            self.radix.mark_empty(list);
        }
    }

    /// Takes out an entry of the least rank.
    fn pop(&mut self) -> Option<EntryRef> {
        let least = self.least()?;
        if least != self.radix.last() {
            let list = self.radix.list_of(least);
            let near = std::mem::take(&mut self.lists[list]);
            self.radix.advance(least);
            let mut next = near.first();
            while let Some(entry) = next {
                next = List::after(entry);
                self.file(entry);
            }
        }
        let popped = self.lists[0].pop_first();
        if self.lists[0].first().is_none() {
            self.least = None;
        }
        popped
    }
}

impl Default for Heap {
    fn default() -> Self {
        let lists = std::array::from_fn(|_| List::default());
        Self { radix: Radix::default(), lists, least: None }
    }
}

#[cfg(test)]
mod tests;
