//! The queue of deadlines where each entry has a life of its own: a radix heap.
//!
//! [`BinaryRadix`] says which list a deadline belongs to. When the time of the nearest list comes, its entries are sorted
//! again: some have expired, and the others go to nearer lists. An entry moves 64 times at most in its life. A call
//! takes only a few of these steps: a list that is being sorted is kept apart until nothing is left in it.
//!
//! An entry that was idle for too long has expired before its deadline. Hits move the end of its idle life without the lock,
//! and so the queue knows a lower bound of it. When that comes, the entry has expired, or is filed again by its last use.
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
use crate::entry::last_use::IdleLife;
use crate::store::freshness::{Moments, Stage};
use crate::store::radix::BinaryRadix;

/// Entries and their deadlines.
#[derive(Debug, Default)]
pub(crate) struct DifferingLives {
    /// Its numbers are deadlines, in nanoseconds.
    radix: BinaryRadix,
    /// The heads of the lists, and then the entries, in no order. There are no heads before the first entry.
    nodes: Vec<Node>,
    /// How long entries live that are not used, if that life ends.
    idle: Option<IdleLife>,
}

/// An entry, or the head of a list.
#[derive(Debug)]
struct Node {
    moments: Moments,
    stored_at: Time,
    phase: Phase,
    /// `None` in a head.
    entry: Option<EntryRef>,
    /// Its value is an error.
    is_error: bool,
    /// The neighbours. A list is a ring that leads through its head.
    before: u32,
    after: u32,
}

/// The part of its life that an entry was in when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Fresh,
    /// It is due for a refresh.
    Due,
    /// It is kept for calls that fail.
    Kept,
}

impl Node {
    /// The next moment of the entry that does not depend on its uses.
    fn next(&self) -> Time {
        let Moments { run_at, deadline, ends } = self.moments;
        match self.phase {
            Phase::Fresh => deadline.min(run_at),
            Phase::Due => deadline,
            Phase::Kept => ends,
        }
    }

    /// Moments that were to come before `last` come then.
    fn clamp(&mut self, last: Time) {
        let Moments { run_at, deadline, ends } = &mut self.moments;
        if self.phase == Phase::Fresh {
            *run_at = last.max(*run_at);
        }
        if self.phase != Phase::Kept {
            *deadline = last.max(*deadline);
        }
        *ends = last.max(*ends);
    }

    /// The stage of its life, unless that is over because the entry was idle.
    fn stage_in_use(&self, now: Time) -> Stage {
        let Moments { run_at, deadline, ends } = self.moments;
        if ends.has_passed(now) {
            Stage::Over
        } else if deadline.has_passed(now) {
            Stage::Kept { may_run: self.phase != Phase::Kept || run_at.has_passed(now) }
        } else if self.phase == Phase::Due || run_at.has_passed(now) {
            Stage::Due
        } else {
            Stage::Fresh
        }
    }

    /// The stage of its life.
    fn stage(&self, now: Time, idle: Option<IdleLife>) -> Stage {
        match self.entry.zip(idle) {
            Some((entry, idle)) if idle.is_over(entry, now) => Stage::Over,
            _ => self.stage_in_use(now),
        }
    }

    /// The next phase, if its moment has come.
    fn advance(&mut self, now: Time) -> bool {
        let next = match self.stage_in_use(now) {
            Stage::Kept { .. } if self.phase != Phase::Kept => {
                // Not `now`: a thread that has read the clock before may come later.
                self.moments.run_at = self.moments.deadline;
                Phase::Kept
            }
            Stage::Due if self.phase == Phase::Fresh => Phase::Due,
            _ => return false,
        };
        self.phase = next;
        true
    }
}

/// A step of [`DifferingLives::step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The life of an entry is over, and it is taken out.
    Expired(EntryRef),
    /// From now on calls decide about an entry.
    Hide(EntryRef),
    /// An entry is in a nearer list now.
    Sorted,
}

/// The list of entries that are being sorted, after those of the radix.
#[expect(clippy::cast_possible_truncation, reason = "there are few lists")]
const UNSORTED: u32 = BinaryRadix::LISTS as u32;
const HEADS: usize = BinaryRadix::LISTS + 1;

#[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
impl DifferingLives {
    /// Room for so few entries is not given back.
    const SLACK: usize = 64;

    /// The last time that comes.
    const END: u64 = Time::FOREVER.nanos() - 1;

    pub(super) fn new(idle: Option<IdleLife>) -> Self {
        Self { idle, ..Self::default() }
    }

    /// No entry is stored any longer.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.idle);
    }

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
    pub(super) fn push(&mut self, entry: EntryRef, now: Time, moments: Moments, is_error: bool) {
        if self.nodes.is_empty() {
            self.nodes.extend((0..HEADS as u32).map(|at| Node {
                moments: Moments::NEVER,
                stored_at: Time::ORIGIN,
                phase: Phase::Fresh,
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
        if let Some(idle) = self.idle {
            idle.begin(entry, now);
        }
        self.nodes.push(Node {
            moments,
            stored_at: now,
            phase: Phase::Fresh,
            entry: Some(entry),
            is_error,
            before: at,
            after: at,
        });
        self.file(at);
    }

    /// Puts a node that is in no list into the list of its next moment.
    fn file(&mut self, at: u32) {
        let passed = Time::from_nanos(self.radix.last());
        let idle = self.idle;
        let node = self.node(at);
        node.clamp(passed);
        let next = match node.entry.zip(idle) {
            None => node.next(),
            Some((entry, idle)) => node.next().min(idle.file(entry, passed)),
        };
        let list = self.radix.list_of(next.nanos());
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
        let idle = self.idle;
        let node = self.node(at);
        if node.stage(now, idle) == Stage::Over {
            return Some(Step::Expired(self.take(at)));
        }
        let hidden = if node.advance(now) { node.entry } else { None };
        self.unlink(at);
        self.file(at);
        Some(hidden.map_or(Step::Sorted, Step::Hide))
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

    /// The stage of an entry's life.
    pub(super) fn stage(&self, entry: EntryRef, now: Time) -> Stage {
        self.nodes[self.position(entry) as usize].stage(now, self.idle)
    }

    /// Sets when a call may have the value of an entry computed anew. An entry that was due is fresh until then.
    /// Returns whether it is: one that is kept is not.
    pub(super) fn set_run(&mut self, entry: EntryRef, run_at: Time, now: Time) -> bool {
        self.change(entry, |node| {
            node.advance(now);
            node.moments.run_at = run_at;
            if node.phase == Phase::Due {
                node.phase = Phase::Fresh;
            }
            node.phase == Phase::Fresh
        })
    }

    /// An entry that answers is due for a refresh now.
    pub(super) fn make_due(&mut self, entry: EntryRef) {
        self.change(entry, |node| node.phase = Phase::Due);
    }

    /// An entry that answers is kept from now on for calls that fail.
    pub(super) fn end_answering(&mut self, entry: EntryRef, now: Time) {
        self.change(entry, |node| {
            node.phase = Phase::Kept;
            (node.moments.run_at, node.moments.deadline) = (now, now);
        });
    }

    /// Changes an entry and files it again.
    fn change<R>(&mut self, entry: EntryRef, change: impl FnOnce(&mut Node) -> R) -> R {
        let at = self.position(entry);
        self.unlink(at);
        let result = change(self.node(at));
        self.file(at);
        result
    }

    /// When an entry was stored.
    pub(super) fn stored_at(&self, entry: EntryRef) -> Time {
        self.nodes[self.position(entry) as usize].stored_at
    }

    /// Whether the value of an entry is an error.
    pub(super) fn is_error(&self, entry: EntryRef) -> bool {
        self.nodes[self.position(entry) as usize].is_error
    }

    /// The lives of how many entries are over.
    pub(super) fn count_over(&self, now: Time) -> usize {
        let nodes = self.nodes.iter().skip(HEADS);
        nodes.filter(|node| node.stage(now, self.idle) == Stage::Over).count()
    }

    /// How many entries are kept for calls that fail.
    pub(super) fn count_kept(&self, now: Time) -> usize {
        let is_kept = |stage| matches!(stage, Stage::Kept { .. });
        // Few entries are: the last use of the others is not looked at.
        let nodes = self.nodes.iter().skip(HEADS).filter(|node| is_kept(node.stage_in_use(now)));
        nodes.filter(|node| is_kept(node.stage(now, self.idle))).count()
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
                let idle_end = self.idle.map_or(Time::FOREVER, |idle| idle.filed_end(entry));
                let next = node.next().min(idle_end).nanos();
                assert!(next >= self.radix.last() || head == UNSORTED);
                if head < UNSORTED {
                    assert_eq!(self.radix.list_of(next), head as usize);
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
