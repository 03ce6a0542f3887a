//! Entries by their deadlines: what expires next.
//!
//! All entries of a cache have the same time to live, so that they expire in the order in which they are
//! stored: a queue is enough.

use crate::base::clock::Time;
use crate::entry::header::{EntryRef, corrupted};
use std::collections::VecDeque;

/// Entries, the one that expires first before all others.
#[derive(Debug, Default)]
pub(crate) struct ExpiryQueue {
    /// An entry that is taken out leaves a hole, which keeps the deadline. The first one is never a hole.
    queue: VecDeque<(Time, Option<EntryRef>)>,
    /// The number of the first one. The numbers of the others follow, and wrap around.
    first: u32,
    len: usize,
}

impl ExpiryQueue {
    /// So much room is never worth giving back.
    const SLACK: usize = 64;

    /// Adds an entry. It expires at `deadline`, but not before those that were added earlier: the clock is
    /// read before the lock is taken, and so another thread may have been faster.
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
    pub(crate) fn push_last(&mut self, deadline: Time, place: EntryRef) {
        if self.queue.len() == self.queue.capacity() && self.queue.len() > 2 * self.len {
            self.close_ranks();
        }
        let deadline = self.queue.back().map_or(deadline, |last| last.0.max(deadline));
        place.set_age(self.first.wrapping_add(self.queue.len() as u32));
        self.queue.push_back((deadline, Some(place)));
        self.len += 1;
    }

    /// The one that expires next, and when.
    pub(crate) fn next(&self) -> Option<(Time, EntryRef)> {
        self.queue.front().and_then(|(deadline, place)| place.map(|place| (*deadline, place)))
    }

    /// When an entry expires.
    pub(crate) fn deadline(&self, place: EntryRef) -> Time {
        self.queue[self.position(place)].0
    }

    /// The entries that have expired by `now`.
    pub(crate) fn expired(&self, now: Time) -> impl Iterator<Item = EntryRef> {
        let due = self.queue.iter().take_while(move |(deadline, _)| deadline.has_passed(now));
        due.filter_map(|(_, place)| *place)
    }

    /// Shows `see` all entries.
    pub(crate) fn for_each(&self, see: impl FnMut(EntryRef)) {
        self.queue.iter().filter_map(|(_, place)| *place).for_each(see);
    }

    /// Takes out an entry that was added. Aborts the process if it was not.
    pub(crate) fn remove(&mut self, place: EntryRef) {
        let at = self.position(place);
        self.queue[at].1 = None;
        self.len -= 1;
        while let Some((_, None)) = self.queue.front() {
            self.queue.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Gives memory back if most of it is unused.
    pub(crate) fn shrink(&mut self) {
        if self.queue.capacity() > 8 * self.len + 2 * Self::SLACK {
            self.close_ranks();
            self.queue.shrink_to(2 * self.len);
        }
    }

    /// Where an entry is in the queue.
    fn position(&self, place: EntryRef) -> usize {
        let at = place.age().wrapping_sub(self.first) as usize;
        if self.queue.get(at).is_none_or(|(_, filed)| *filed != Some(place)) {
            corrupted("an entry is not in the queue of those that expire");
        }
        at
    }

    fn close_ranks(&mut self) {
        self.queue.retain(|(_, place)| place.is_some());
        self.first = 0;
        for ((_, place), age) in self.queue.iter().zip(0..) {
            if let Some(place) = place {
                place.set_age(age);
            }
        }
    }

    /// Whether this is in order and holds so many entries, each of which `is_valid`.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, len: usize, mut is_valid: impl FnMut(EntryRef) -> bool) {
        assert_eq!(self.len, len);
        let (mut last, mut found) = (Time::ORIGIN, 0);
        for ((deadline, place), age) in self.queue.iter().zip(0..) {
            assert!(last <= *deadline, "deadlines are in order");
            last = *deadline;
            let Some(place) = place else { continue };
            let number = self.first.wrapping_add(age);
            assert!(place.age() == number && is_valid(*place));
            found += 1;
        }
        assert_eq!(found, len);
        assert!(self.queue.front().is_none_or(|(_, place)| place.is_some()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::entry::{Entry, EntryPtr};
    use crate::scope::scope::Thread;

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    /// Any sequence of steps, beside a plain list.
    #[test]
    fn entries_come_in_the_order_of_their_deadlines_whatever_was_taken_out() {
        let mut ages = ExpiryQueue { first: u32::MAX - 300, ..ExpiryQueue::default() };
        let mut owners: Vec<EntryPtr<(), u8, Thread>> = Vec::new();
        let mut model: Vec<(u64, EntryRef)> = Vec::new();
        let mut random = 1_u64;
        for now in 1..if cfg!(miri) { 400 } else { 20_000_u64 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(now);
            let grows = (now / 1500) % 2 == 0;
            if model.is_empty() || (random >> 60 < if grows { 12 } else { 4 }) {
                let entry = Entry::ready(0, (), 0);
                ages.push_last(at(now), entry.place());
                model.push((now, entry.place()));
                owners.push(entry);
            } else {
                let from = if random >> 59 & 1 == 0 { model.len() } else { 1 };
                let (_, place) = model.remove((random >> 33) as usize % from);
                ages.remove(place);
                ages.shrink();
            }
            let asked = random >> 20 & 0x3fff;
            let expired = model.iter().filter(|(deadline, _)| *deadline <= asked).count();
            assert_eq!(ages.expired(at(asked)).count(), expired);
            assert_eq!(ages.next(), model.first().map(|(deadline, place)| (at(*deadline), *place)));
            #[cfg(debug_assertions)]
            if now % 64 == 0 {
                ages.check(model.len(), |_| true);
            }
        }
    }

    #[test]
    fn an_entry_does_not_expire_before_those_that_were_stored_earlier() {
        let mut ages = ExpiryQueue::default();
        let [one, other] = [0, 1].map(|_| Entry::<(), u8>::ready::<Thread>(0, (), 0));
        ages.push_last(at(10), one.place());
        ages.push_last(at(9), other.place());
        assert_eq!(ages.deadline(other.place()), at(10));
        assert_eq!((ages.expired(at(9)).count(), ages.expired(at(10)).count()), (0, 2));
    }

    #[test]
    fn forever_never_passes() {
        let mut ages = ExpiryQueue::default();
        let entry = Entry::<(), u8>::ready::<Thread>(0, (), 0);
        ages.push_last(Time::FOREVER, entry.place());
        assert_eq!(ages.expired(Time::FOREVER).count(), 0);
    }
}
