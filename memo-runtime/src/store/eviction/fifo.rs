//! First in, first out: the second policy that proves the seam. Hits leave nothing.

use super::Eviction;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::Stamp;
use crate::entry::list::List;

/// Entries in the order in which they were stored.
#[derive(Debug, Default)]
pub(crate) struct Fifo(List);

impl Eviction for Fifo {
    fn insert(&mut self, entry: EntryRef) {
        self.0.push_last(entry);
    }

    fn remove(&mut self, entry: EntryRef) {
        self.0.remove(entry);
    }

    fn replace(&mut self, old: EntryRef, new: EntryRef) {
        self.0.remove(old);
        self.0.push_last(new);
    }

    fn victim(&mut self, _now: Stamp) -> Option<EntryRef> {
        self.0.pop_first()
    }

    fn clear(&mut self) {
        self.0 = List::default();
    }

    fn likely_victims(&self) -> [Option<EntryRef>; 2] {
        let first = self.0.first();
        [first, first.and_then(List::after)]
    }

    #[cfg(debug_assertions)]
    fn check(&self, len: usize, is_valid: &dyn Fn(EntryRef) -> bool) {
        assert_eq!(self.0.checked().filter(|entry| is_valid(*entry)).count(), len);
    }
}
