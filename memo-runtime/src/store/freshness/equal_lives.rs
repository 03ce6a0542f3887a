//! The queue of deadlines where all entries live equally long: they expire in the order in which they were stored.

use crate::base::clock::Time;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::corrupted;
use std::collections::VecDeque;
use std::time::Duration;

/// Entries and their deadlines, the earliest first.
#[derive(Debug)]
pub(crate) struct EqualLives {
    ttl: Duration,
    /// An entry that is taken out leaves a hole, which keeps its deadline. The first item is never a hole.
    queue: VecDeque<(Time, Option<EntryRef>)>,
    /// The slot of the first item. The slots of the others follow, and wrap around.
    first: u32,
    len: usize,
}

impl EqualLives {
    /// Room for so few items is not given back.
    const SLACK: usize = 64;

    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, queue: VecDeque::new(), first: 0, len: 0 }
    }

    /// How long each entry lives.
    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Adds an entry whose life begins. It expires with the entry before it, if that one expires later: threads read the
    /// clock before they take the lock, and so may come in another order than they have read it.
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
    pub(super) fn push(&mut self, entry: EntryRef, now: Time) {
        let deadline = now.after(self.ttl);
        if self.queue.len() == self.queue.capacity() && self.queue.len() > 2 * self.len {
            self.close_holes();
        }
        let deadline = self.queue.back().map_or(deadline, |last| last.0.max(deadline));
        entry.set_slot(self.first.wrapping_add(self.queue.len() as u32));
        self.queue.push_back((deadline, Some(entry)));
        self.len += 1;
    }

    /// The next deadline.
    #[inline]
    pub(super) fn next(&self) -> Time {
        self.queue.front().map_or(Time::FOREVER, |(deadline, _)| *deadline)
    }

    /// Takes out the entry that expires next, if it has expired by `now`.
    pub(super) fn pop(&mut self, now: Time) -> Option<EntryRef> {
        let (_, entry) = self.queue.front().filter(|(deadline, _)| deadline.has_passed(now))?;
        entry.inspect(|entry| self.remove(*entry))
    }

    /// The deadline of an entry that was added.
    pub(super) fn deadline(&self, entry: EntryRef) -> Time {
        self.queue[self.position(entry)].0
    }

    /// When an entry was stored. A life that lasts to the end of time does not tell its beginning.
    pub(super) fn stored_at(&self, entry: EntryRef) -> Option<Time> {
        let deadline = self.deadline(entry);
        if deadline == Time::FOREVER { None } else { deadline.before(self.ttl) }
    }

    /// The entries that have expired by `now`.
    pub(super) fn expired(&self, now: Time) -> impl Iterator<Item = EntryRef> {
        let due = self.queue.iter().take_while(move |(deadline, _)| deadline.has_passed(now));
        due.filter_map(|(_, entry)| *entry)
    }

    /// Shows `see` all entries.
    pub(super) fn for_each(&self, see: impl FnMut(EntryRef)) {
        self.queue.iter().filter_map(|(_, entry)| *entry).for_each(see);
    }

    /// Takes out an entry that was added. Aborts the process if it was not.
    pub(super) fn remove(&mut self, entry: EntryRef) {
        let at = self.position(entry);
        self.queue[at].1 = None;
        self.len -= 1;
        while let Some((_, None)) = self.queue.front() {
            self.queue.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Gives memory back if most of it is unused.
    pub(super) fn shrink(&mut self) {
        if self.queue.capacity() > 8 * self.len + 2 * Self::SLACK {
            self.close_holes();
            self.queue.shrink_to(2 * self.len);
        }
    }

    /// The index of an entry in the queue.
    fn position(&self, entry: EntryRef) -> usize {
        let at = entry.slot().wrapping_sub(self.first) as usize;
        if self.queue.get(at).is_none_or(|(_, filed)| *filed != Some(entry)) {
            corrupted("an entry is not in the expiry queue");
        }
        at
    }

    fn close_holes(&mut self) {
        self.queue.retain(|(_, entry)| entry.is_some());
        self.first = 0;
        for ((_, entry), slot) in self.queue.iter().zip(0..) {
            if let Some(entry) = entry {
                entry.set_slot(slot);
            }
        }
    }

    /// Checks that this is in order and holds `len` entries, each of which `is_valid`.
    #[cfg(debug_assertions)]
    pub(super) fn check(&self, len: usize, mut is_valid: impl FnMut(EntryRef) -> bool) {
        assert_eq!(self.len, len);
        let (mut last, mut found) = (Time::ORIGIN, 0);
        for ((deadline, entry), i) in self.queue.iter().zip(0..) {
            assert!(last <= *deadline, "deadlines are in order");
            last = *deadline;
            let Some(entry) = entry else { continue };
            let slot = self.first.wrapping_add(i);
            assert!(entry.slot() == slot && is_valid(*entry));
            found += 1;
        }
        assert_eq!(found, len);
        assert!(self.queue.front().is_none_or(|(_, entry)| entry.is_some()));
    }
}

#[cfg(test)]
mod tests;
