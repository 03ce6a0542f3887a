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
use crate::entry::header::{Stamp, corrupted};
use crate::entry::list::List;
use crate::store::radix::WideRadix;

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
        let new = self.new.first();
        let promoted = self.promoted.as_ref().and_then(|heap| heap.likely_first());
        let first = match (new, promoted) {
            (Some(new), Some(promoted)) if new.rank() <= promoted.rank() => Some(new),
            (new, promoted) => promoted.or(new),
        };
        [first, new.and_then(List::after)]
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
        let new = self.new.first().map_or(Stamp::MAX, |new| new.rank());
        promoted.pop_before(new).or_else(|| self.new.pop_first())
    }
}

/// A heap of entries by rank: see [`WideRadix`]. Any entry can leave it in constant time.
#[derive(Debug, Default)]
struct Heap {
    /// Its last number is not greater than the rank popped last, nor than the rank of any entry.
    radix: WideRadix,
    /// The lists that were in use so far. Most stamps are near each other, and need few of them.
    lists: Vec<List>,
}

impl Heap {
    fn push(&mut self, entry: EntryRef) {
        let list = self.radix.list_of(entry.rank());
        if list >= self.lists.len() {
            self.lists.resize_with(list + 1, List::default);
        }
        self.lists[list].push_last(entry);
        self.radix.mark_filled(list);
    }

    fn remove(&mut self, entry: EntryRef) {
        match self.lists.get_mut(self.radix.list_of(entry.rank())) {
            Some(list) => list.remove(entry),
            None => corrupted("an entry is not in its list"),
        }
    }

    /// The first entry of a list.
    fn first(&self, list: usize) -> Option<EntryRef> {
        self.lists.get(list).and_then(List::first)
    }

    /// The first list that is not empty, after the very first. Lists are marked as empty here, and not where an entry
    /// leaves them.
    fn nearest(&mut self) -> Option<usize> {
        loop {
            let list = self.radix.nearest()?;
            if self.first(list).is_some() {
                return Some(list);
            }
            self.radix.mark_empty(list);
        }
    }

    /// Takes out an entry of the least rank, if that is less than `rank`. The nearest list is sorted only as far as is needed
    /// to tell: to look for its least rank would take one more walk through it.
    fn pop_before(&mut self, rank: Stamp) -> Option<EntryRef> {
        loop {
            let list = if self.first(0).is_some() { 0 } else { self.nearest()? };
            let least = *self.radix.range(list).start();
            if least >= rank {
                return None;
            }
            if list == 0 {
                return self.lists[0].pop_first();
            }
            self.radix.advance(least);
            self.sort(list);
        }
    }

    /// Files the entries of a list anew. They are far away in memory, and the processor fetches two at a time if the walk begins
    /// at both ends.
    fn sort(&mut self, at: usize) {
        let sorted = std::mem::take(&mut self.lists[at]);
        let (mut first, mut last) = (sorted.first(), sorted.last());
        while let (Some(one), Some(other)) = (first, last) {
            (first, last) = (List::after(one), List::before(other));
            self.push(one);
            if one == other {
                break;
            }
            self.push(other);
            if first == Some(other) {
                break;
            }
        }
    }

    /// An entry of a low rank, if one is known that was sorted lately and so is near in memory.
    #[inline]
    fn likely_first(&self) -> Option<EntryRef> {
        let near = || self.radix.nearest().filter(|list| WideRadix::is_of_last_digit(*list));
        self.first(0).or_else(|| self.first(near()?))
    }
}

#[cfg(test)]
mod tests;
