//! The queue of deadlines where each entry has a life of its own: a radix heap.
//!
//! [`Radix`] says which list a deadline belongs to. When the time of the nearest list comes, its entries are sorted
//! again: some have expired, and the others go to nearer lists. An entry moves 64 times at most in its life. A call
//! takes only a few of these steps: a list that is being sorted is kept apart until nothing is left in it.
//!
//! Three rules keep the order:
//!
//! - The next deadline is the least that the nearest list may hold. To find the least that it does hold would take a
//!   walk through the list after each removal.
//! - The last number of the radix is a time that has passed. If it were the least deadline, an entry that is stored
//!   later and lives shorter could not be filed.
//! - What is filed is not less than the last number. Threads read the clock before they take the lock, and so may
//!   come late.

use crate::base::clock::Time;
use crate::entry::entry_ref::EntryRef;
use crate::entry::header::corrupted;
use crate::store::radix::Radix;

/// Entries and their deadlines.
#[derive(Debug, Default)]
pub(crate) struct DifferingLives {
    /// Its numbers are deadlines, in nanoseconds.
    radix: Radix,
    /// The heads of the lists, and then the entries, in no order. There are no heads before the first entry.
    nodes: Vec<Node>,
}

/// An entry, or the head of a list.
#[derive(Debug)]
struct Node {
    deadline: Time,
    stored_at: Time,
    /// `None` in a head.
    entry: Option<EntryRef>,
    /// Its value is an error.
    is_error: bool,
    /// The neighbours. A list is a ring that leads through its head.
    before: u32,
    after: u32,
}

/// A step of [`DifferingLives::step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// An entry has expired, and is taken out.
    Expired(EntryRef),
    /// An entry is in a nearer list now.
    Sorted,
}

/// The list of entries that are being sorted, after those of the radix.
#[expect(clippy::cast_possible_truncation, reason = "there are few lists")]
const UNSORTED: u32 = Radix::LISTS as u32;
const HEADS: usize = Radix::LISTS + 1;

#[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
impl DifferingLives {
    /// Room for so few entries is not given back.
    const SLACK: usize = 64;

    /// The last time that comes.
    const END: u64 = Time::FOREVER.nanos() - 1;

    fn len(&self) -> usize {
        self.nodes.len().saturating_sub(HEADS)
    }

    fn node(&mut self, at: u32) -> &mut Node {
        &mut self.nodes[at as usize]
    }

    fn is_empty(&self, list: u32) -> bool {
        self.nodes[list as usize].after == list
    }

    /// Adds an entry whose life began `now`.
    pub(super) fn push(&mut self, entry: EntryRef, now: Time, deadline: Time, is_error: bool) {
        if self.nodes.is_empty() {
            self.nodes.extend((0..HEADS as u32).map(|at| Node {
                deadline: Time::FOREVER,
                stored_at: Time::ORIGIN,
                entry: None,
                is_error: false,
                before: at,
                after: at,
            }));
        }
        if self.len() == 0 {
            self.radix.advance(now.nanos().clamp(self.radix.last(), Self::END));
        }
        let at = self.nodes.len() as u32;
        entry.set_slot(at);
        self.nodes.push(Node {
            deadline,
            stored_at: now,
            entry: Some(entry),
            is_error,
            before: at,
            after: at,
        });
        self.file(at);
    }

    /// Puts a node that is in no list into the list of its deadline.
    fn file(&mut self, at: u32) {
        let passed = Time::from_nanos(self.radix.last());
        let node = self.node(at);
        node.deadline = node.deadline.max(passed);
        let deadline = node.deadline.nanos();
        let list = self.radix.list_of(deadline);
        self.radix.mark_filled(list);
        let head = list as u32;
        let end = std::mem::replace(&mut self.node(head).before, at);
        self.node(end).after = at;
        let node = self.node(at);
        (node.before, node.after) = (end, head);
    }

    /// Takes a node out of its list. Aborts the process if it is in none.
    fn unlink(&mut self, at: u32) {
        let &mut Node { before, after, .. } = self.node(at);
        let known_before = std::mem::replace(&mut self.node(before).after, after);
        let known_after = std::mem::replace(&mut self.node(after).before, before);
        if known_before != at || known_after != at {
            corrupted("an entry is not in its list of deadlines");
        }
        if before == after && before < UNSORTED {
            self.radix.mark_empty(before as usize);
        }
    }

    /// Nothing expires before this.
    pub(super) fn next(&self) -> Time {
        if self.len() == 0 {
            return Time::FOREVER;
        }
        if !self.is_empty(UNSORTED) {
            // Some may have expired long ago.
            return Time::ORIGIN;
        }
        if !self.is_empty(0) {
            return Time::from_nanos(self.radix.last());
        }
        let nearest = self.radix.nearest();
        nearest.map_or(Time::FOREVER, |list| Time::from_nanos(*self.radix.range(list).start()))
    }

    /// Takes one step towards taking out all entries that have expired by `now`. There are none left if there is no step
    /// to take.
    pub(super) fn step(&mut self, now: Time) -> Option<Step> {
        if self.len() == 0 {
            return None;
        }
        // A time that has passed for one thread has passed for all.
        let now = now.max(Time::from_nanos(self.radix.last()));
        if self.is_empty(UNSORTED) {
            self.begin_sorting(now)?;
        }
        let at = self.node(UNSORTED).after;
        if self.node(at).deadline.has_passed(now) {
            return Some(Step::Expired(self.take(at)));
        }
        self.unlink(at);
        self.file(at);
        Some(Step::Sorted)
    }

    /// Sets the nearest list apart, if its time has come. Returns whether it has.
    fn begin_sorting(&mut self, now: Time) -> Option<()> {
        let list = if self.is_empty(0) { self.radix.nearest()? } else { 0 };
        let range = self.radix.range(list);
        if !Time::from_nanos(*range.start()).has_passed(now) {
            return None;
        }
        self.radix.mark_empty(list);
        self.radix.advance(now.nanos().min(*range.end()).min(Self::END));
        let list = list as u32;
        let &mut Node { before: end, after: first, .. } = self.node(list);
        (self.node(first).before, self.node(end).after) = (UNSORTED, UNSORTED);
        (self.node(UNSORTED).after, self.node(UNSORTED).before) = (first, end);
        (self.node(list).after, self.node(list).before) = (list, list);
        Some(())
    }

    /// Takes out an entry that was added. Aborts the process if it was not.
    pub(super) fn remove(&mut self, entry: EntryRef) {
        let at = self.position(entry);
        self.take(at);
    }

    /// Takes a node out. The last node gets its place.
    fn take(&mut self, at: u32) -> EntryRef {
        self.unlink(at);
        let taken = self.nodes.swap_remove(at as usize);
        if let Some(&Node { entry: Some(moved), before, after, .. }) = self.nodes.get(at as usize) {
            (self.node(before).after, self.node(after).before) = (at, at);
            moved.set_slot(at);
        }
        taken.entry.unwrap_or_else(|| corrupted("the head of a list of deadlines was taken out"))
    }

    /// The index of an entry's node.
    fn position(&self, entry: EntryRef) -> u32 {
        let at = entry.slot();
        if self.nodes.get(at as usize).is_none_or(|node| node.entry != Some(entry)) {
            corrupted("an entry is not in the expiry queue");
        }
        at
    }

    /// The deadline of an entry that was added.
    pub(super) fn deadline(&self, entry: EntryRef) -> Time {
        self.nodes[self.position(entry) as usize].deadline
    }

    /// When an entry was stored.
    pub(super) fn stored_at(&self, entry: EntryRef) -> Time {
        self.nodes[self.position(entry) as usize].stored_at
    }

    /// Whether the value of an entry is an error.
    pub(super) fn is_error(&self, entry: EntryRef) -> bool {
        self.nodes[self.position(entry) as usize].is_error
    }

    /// How many entries have expired by `now`.
    pub(super) fn count_expired(&self, now: Time) -> usize {
        if !self.next().has_passed(now) {
            return 0;
        }
        self.nodes.iter().skip(HEADS).filter(|node| node.deadline.has_passed(now)).count()
    }

    /// Shows `see` all entries.
    pub(super) fn for_each(&self, see: impl FnMut(EntryRef)) {
        self.nodes.iter().filter_map(|node| node.entry).for_each(see);
    }

    /// Gives memory back if most of it is unused.
    pub(super) fn shrink(&mut self) {
        let len = self.len();
        if self.nodes.capacity() > 8 * len + 2 * Self::SLACK + HEADS {
            self.nodes.shrink_to(2 * len + HEADS);
        }
    }

    /// Checks that this is in order and holds `len` entries, each of which `is_valid`.
    #[cfg(debug_assertions)]
    pub(super) fn check(&self, len: usize, mut is_valid: impl FnMut(EntryRef) -> bool) {
        assert_eq!(self.len(), len);
        let mut found = 0;
        for head in 0..self.nodes.len().min(HEADS) as u32 {
            let (mut before, mut at) = (head, self.nodes[head as usize].after);
            while at != head {
                let node = &self.nodes[at as usize];
                let entry = node.entry.expect("a list has one head");
                assert!(node.before == before && entry.slot() == at && is_valid(entry));
                assert!(node.deadline.nanos() >= self.radix.last() || head == UNSORTED);
                if head < UNSORTED {
                    assert_eq!(self.radix.list_of(node.deadline.nanos()), head as usize);
                }
                found += 1;
                (before, at) = (at, node.after);
            }
            assert_eq!(self.nodes[head as usize].before, before);
        }
        assert_eq!(found, len, "each entry is in one list");
    }
}

#[cfg(test)]
mod tests;
