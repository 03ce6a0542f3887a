//! Freshness: which moments in the lives of entries have come.
//!
//! An entry has a deadline of its own. Today all entries of a cache live equally long, so the [`queue`] of their
//! deadlines is a FIFO. Lives that differ need another queue, and nothing else: callers ask for an entry's
//! own deadline by [`is_expired`](Freshness::is_expired), and for what to do next by [`pop_due`](Freshness::pop_due).
//! A queue may hold a lower bound in place of a deadline (an idle time that hits extend): `pop_due` then files the
//! entry again and does not report it.
//!
//! This file knows deadlines. It must not know the table, counters or values.

mod queue;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::entry::entry_ref::EntryRef;
use queue::ExpiryQueue;
use std::time::Duration;

/// A moment in an entry's life that has come. Another kind of moment (a refresh, the end of a grace period) is another
/// variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The entry answers no longer, and has no deadline any more.
    Expired(EntryRef),
}

/// The deadlines of all entries that are stored, if entries expire.
#[derive(Debug)]
pub(crate) struct Freshness {
    ttl: Option<Duration>,
    queue: ExpiryQueue,
}

impl Freshness {
    pub(crate) fn new(ttl: Option<Duration>) -> Self {
        Self { ttl, queue: ExpiryQueue::default() }
    }

    /// Whether entries expire. If so, [`for_each`](Self::for_each) shows all that are stored.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.ttl.is_some()
    }

    /// Whether an entry would be expired as soon as it is stored.
    pub(crate) fn refuses(&self) -> bool {
        self.ttl == Some(Duration::ZERO)
    }

    /// An entry was stored, and its life begins.
    #[inline]
    pub(crate) fn stored(&mut self, entry: EntryRef, now: Time) {
        if let Some(ttl) = self.ttl {
            self.queue.push_last(now.after(ttl), entry);
        }
    }

    /// An entry that was stored is taken out.
    #[inline]
    pub(crate) fn removed(&mut self, entry: EntryRef) {
        if self.is_on() {
            self.queue.remove(entry);
        }
    }

    /// No entry is stored any longer.
    pub(crate) fn clear(&mut self) {
        self.queue = ExpiryQueue::default();
    }

    /// Whether the deadline of an entry that is stored has passed by `now`.
    #[inline]
    pub(crate) fn is_expired(&self, entry: EntryRef, now: Time) -> bool {
        self.is_on() && self.queue.deadline(entry).has_passed(now)
    }

    /// When an entry was stored that has a deadline. A life that lasts to the end of time does not tell its beginning.
    pub(crate) fn stored_at(&self, entry: EntryRef) -> Option<Time> {
        let deadline = self.is_on().then(|| self.queue.deadline(entry))?;
        if deadline == Time::FOREVER { None } else { deadline.before(self.ttl?) }
    }

    /// How many entries have expired by `now`.
    pub(crate) fn count_expired(&self, now: Time) -> usize {
        self.queue.expired(now).count()
    }

    /// Nothing is due before this. It may be a lower bound.
    #[inline]
    pub(crate) fn next(&self) -> Time {
        self.queue.next().map_or(Time::FOREVER, |(deadline, _)| deadline)
    }

    /// The moments that have come by `now`, at most `most` of them.
    pub(crate) fn pop_due(&mut self, now: Time, most: usize) -> SmallList<Due> {
        let mut due = SmallList::new();
        for _ in 0..most {
            let Some((_, entry)) = self.queue.next().filter(|(at, _)| at.has_passed(now)) else {
                break;
            };
            self.queue.remove(entry);
            due.push(Due::Expired(entry));
        }
        due
    }

    /// Shows `see` all entries that have a deadline.
    pub(crate) fn for_each(&self, see: impl FnMut(EntryRef)) {
        self.queue.for_each(see);
    }

    /// Gives memory back if most of it is unused.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink();
    }

    /// Checks that each of `len` entries, and no other, has a deadline. Each of them `is_valid`.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, len: usize, is_valid: impl FnMut(EntryRef) -> bool) {
        if self.is_on() {
            self.queue.check(len, is_valid);
        }
    }
}
