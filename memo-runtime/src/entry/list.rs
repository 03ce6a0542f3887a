//! A doubly linked list through the headers of entries. Any entry can leave it in constant time.
//!
//! It owns no entries, and is used under the lock.

use crate::entry::entry_ref::EntryRef;
use crate::entry::header::{Header, corrupted};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// A list of entries. An entry is in one list at most.
#[derive(Debug, Default)]
pub(crate) struct List {
    first: Option<EntryRef>,
    last: Option<EntryRef>,
}

/// The entry that a link leads to.
fn get(link: &AtomicPtr<Header>) -> Option<EntryRef> {
    #[expect(unsafe_code, reason = "it may be dereferenced")]
    // SAFETY: a neighbour is in the same list, and so it is filed: see `EntryRef`.
    unsafe {
        EntryRef::from_ptr(link.load(Relaxed))
    }
}

fn set(link: &AtomicPtr<Header>, entry: Option<EntryRef>) {
    link.store(entry.map_or(std::ptr::null_mut(), EntryRef::as_ptr), Relaxed);
}

impl List {
    pub(crate) fn first(&self) -> Option<EntryRef> {
        self.first
    }

    pub(crate) fn last(&self) -> Option<EntryRef> {
        self.last
    }

    /// The entry before one that is in a list.
    pub(crate) fn before(entry: EntryRef) -> Option<EntryRef> {
        get(&entry.before)
    }

    /// The entry after one that is in a list.
    pub(crate) fn after(entry: EntryRef) -> Option<EntryRef> {
        get(&entry.after)
    }

    pub(crate) fn push_last(&mut self, entry: EntryRef) {
        set(&entry.before, self.last);
        set(&entry.after, None);
        match self.last {
            Some(last) => set(&last.after, Some(entry)),
            None => self.first = Some(entry),
        }
        self.last = Some(entry);
    }

    /// Takes out an entry of this list. Aborts the process if it is not in the list.
    pub(crate) fn remove(&mut self, entry: EntryRef) {
        let (before, after) = (get(&entry.before), get(&entry.after));
        let known_before = before.map_or(self.first, |before| get(&before.after));
        let known_after = after.map_or(self.last, |after| get(&after.before));
        if known_before != Some(entry) || known_after != Some(entry) {
            corrupted("an entry is not in its list");
        }
        match before {
            Some(before) => set(&before.after, after),
            None => self.first = after,
        }
        match after {
            Some(after) => set(&after.before, before),
            None => self.last = before,
        }
    }

    pub(crate) fn pop_first(&mut self) -> Option<EntryRef> {
        let first = self.first?;
        self.remove(first);
        Some(first)
    }

    #[cfg(debug_assertions)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = EntryRef> + use<> {
        std::iter::successors(self.first, |entry| Self::after(*entry))
    }

    /// The entries of this list, checking each link on the way.
    #[cfg(debug_assertions)]
    pub(crate) fn checked(&self) -> impl Iterator<Item = EntryRef> {
        let mut before = None;
        let links = self.iter().inspect(move |entry| {
            assert_eq!(get(&entry.before), before, "both neighbours point at each other");
            before = Some(*entry);
        });
        assert_eq!(self.iter().last(), self.last);
        links
    }
}
