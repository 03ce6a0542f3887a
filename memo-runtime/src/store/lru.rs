//! What was used least recently, found when somebody asks.
//!
//! Keeping a list in order on every hit would make hits write where others read. So a hit leaves a stamp
//! in its entry and no more, and stamps only grow. Here entries are ranked by the stamps they had when
//! somebody last looked: the least of them that is still right is the least of all. Whatever is found out
//! of date on the way is put right, which each hit can cause once at most.
//!
//! What is new has the latest stamp of all, and goes to the end of a queue. What was put right has any, and
//! goes into a radix heap (R. Ahuja and others, "Faster Algorithms for the Shortest Path Problem", 1990):
//! since nothing is ever put in that is less than what was last taken out, it is enough to sort the nearest,
//! and lists of what shares its upper bits serve for the rest. The least is at the head of the one or in
//! the other. All are lists through the entries, which any entry can leave at once; a binary heap of
//! stamps and numbers took more time and room, most of it for finding out what was no longer there.

use crate::base::sync::Ordering::Relaxed;
use crate::entry::header::{EntryRef, List};

/// Entries by the stamps they were last known to have.
#[derive(Debug, Default)]
pub(crate) struct LruQueue {
    new: List,
    /// Those used since. Made when there is one.
    used: Option<Box<Heap>>,
}

impl LruQueue {
    /// Adds one whose stamp is later than all others.
    pub(crate) fn push_last(&mut self, place: EntryRef) {
        self.new.push_last(place);
    }

    /// Takes out one that is ranked.
    pub(crate) fn remove(&mut self, place: EntryRef) {
        match &mut self.used {
            Some(used) if place.is_ranked_anew() => used.remove(place),
            _ => self.new.remove(place),
        }
    }

    /// Takes out the one that was used least recently. Stamps after `now` are as good as `now`: an entry
    /// that others use all the while is met twice at most. Stamps before the known one are as good as that
    /// one: the heap relies on ranks that only grow, and not on those who write stamps without the lock.
    pub(crate) fn pop_least(&mut self, now: u64) -> Option<EntryRef> {
        loop {
            let place = self.pop_known()?;
            let stamp = place.stamp.load(Relaxed).min(now);
            if stamp <= place.rank() {
                return Some(place);
            }
            place.rank_anew(stamp);
            self.used.get_or_insert_default().push(place);
        }
    }

    /// The one that is taken out next if it was not used since it came, nor one that was is due before it.
    pub(crate) fn next(&self) -> Option<EntryRef> {
        self.new.first()
    }

    /// Whether this is in order and holds so many entries, each of which `is_valid`.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, len: usize, is_valid: impl Fn(EntryRef) -> bool) {
        let mut found = 0;
        let mut last = 0;
        for place in self.new.checked() {
            assert!(last <= place.rank() && !place.is_ranked_anew() && is_valid(place));
            last = place.rank();
            found += 1;
        }
        if let Some(used) = &self.used {
            for (list, places) in used.lists.iter().enumerate() {
                for place in places.checked() {
                    assert!(place.rank() >= used.last && place.is_ranked_anew() && is_valid(place));
                    assert_eq!(used.list_of(place.rank()), list);
                    assert!(used.least.is_none_or(|least| least <= place.rank()));
                    found += 1;
                }
            }
        }
        assert_eq!(found, len, "each entry is in one list");
    }

    /// Takes out the one of the least known stamp.
    fn pop_known(&mut self) -> Option<EntryRef> {
        let Some(used) = &mut self.used else { return self.new.pop_first() };
        match (self.new.first(), used.least()) {
            (Some(new), Some(least)) if new.rank() > least => used.pop(),
            (None, _) => used.pop(),
            _ => self.new.pop_first(),
        }
    }
}

/// A heap of stamps none of which is less than any taken out before.
#[derive(Debug)]
struct Heap {
    /// The last one taken out.
    last: u64,
    /// By how many of the lower bits differ from `last`.
    lists: [List; Self::LISTS],
    /// A bit for each list but the first that may have something in it.
    filled: u64,
    /// The least stamp, if it is known.
    least: Option<u64>,
}

impl Heap {
    const LISTS: usize = 65;

    /// The list of a stamp.
    fn list_of(&self, stamp: u64) -> usize {
        (u64::BITS - (stamp ^ self.last).leading_zeros()) as usize
    }

    fn push(&mut self, place: EntryRef) {
        let stamp = place.rank();
        self.file(place);
        if self.least.is_some_and(|least| stamp < least) {
            self.least = Some(stamp);
        }
    }

    fn file(&mut self, place: EntryRef) {
        let list = self.list_of(place.rank());
        self.lists[list].push_last(place);
        if list > 0 {
            self.filled |= 1 << (list - 1);
        }
    }

    fn remove(&mut self, place: EntryRef) {
        let list = self.list_of(place.rank());
        self.lists[list].remove(place);
        if self.least == Some(place.rank()) {
            self.least = None;
        }
    }

    /// The least stamp.
    fn least(&mut self) -> Option<u64> {
        if self.least.is_none() {
            self.least = match self.lists[0].first() {
                Some(_) => Some(self.last),
                None => self.lists[self.nearest()?].iter().map(|place| place.rank()).min(),
            };
        }
        self.least
    }

    /// The first list with something in it, of those after the first of all.
    fn nearest(&mut self) -> Option<usize> {
        while self.filled != 0 {
            let list = self.filled.trailing_zeros() as usize + 1;
            if self.lists[list].first().is_some() {
                return Some(list);
            }
            self.filled &= self.filled - 1;
        }
        None
    }

    /// Takes out the least one.
    fn pop(&mut self) -> Option<EntryRef> {
        let least = self.least()?;
        if least != self.last {
            let list = self.list_of(least);
            let near = std::mem::take(&mut self.lists[list]);
            self.last = least;
            let mut next = near.first();
            while let Some(place) = next {
                next = place.after.get();
                self.file(place);
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
        Self { last: 0, lists, filled: 0, least: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::entry::Entry;
    use crate::scope::scope::Thread;
    use std::cmp::Reverse;

    #[test]
    fn the_least_comes_first_however_it_was_used_meanwhile() {
        let mut ranks = LruQueue::default();
        let mut random = 1_u64;
        let (mut owners, mut entries) = (Vec::new(), Vec::new());
        for now in 1..if cfg!(miri) { 300 } else { 10_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let any = |entries: &[_]| (random >> 33) as usize % entries.len();
            let stamp = |entry: &EntryRef| entry.stamp.load(Relaxed);
            match (random >> 10) % 8 {
                0 | 1 => {
                    entries.sort_by_key(|entry: &EntryRef| Reverse(stamp(entry)));
                    assert_eq!(ranks.pop_least(100 * now), entries.pop());
                }
                2 if !entries.is_empty() => {
                    ranks.remove(entries.swap_remove(any(&entries)));
                }
                3..5 if !entries.is_empty() => {
                    // Several may be used at a time.
                    entries[any(&entries)].stamp.store(100 * now + random % 2, Relaxed);
                }
                _ => {
                    let entry = Entry::<_, u8>::ready::<Thread>(0, (), 0);
                    let place = entry.place();
                    owners.push(entry);
                    place.stamp.store(100 * now + 2, Relaxed);
                    place.store(100 * now + 2);
                    ranks.push_last(place);
                    entries.push(place);
                }
            }
        }
        for owner in &owners {
            owner.leave();
        }
    }

    /// A thread that is put aside in the middle of a hit stores a stamp that others have left behind.
    #[test]
    fn a_stamp_that_goes_backwards_leaves_the_order_of_the_others_alone() {
        let mut ranks = LruQueue::default();
        let owners: Vec<_> = (0..8).map(|_| Entry::<_, u8>::ready::<Thread>(0, (), 0)).collect();
        for (owner, stamp) in owners.iter().zip(10_u64..) {
            owner.stamp.store(stamp, Relaxed);
            owner.store(stamp);
            ranks.push_last(owner.place());
        }
        let use_at = |at: usize, stamp| owners[at].stamp.store(stamp, Relaxed);
        for (at, stamp) in [(0, 100), (1, 200), (2, 300)] {
            use_at(at, stamp);
        }
        assert_eq!(ranks.pop_least(400), Some(owners[3].place()));
        for (at, stamp) in [(0, 1), (1, 2), (2, 3), (4, 0)] {
            use_at(at, stamp);
        }
        ranks.remove(owners[1].place());
        let popped = std::iter::from_fn(|| ranks.pop_least(400));
        assert!(popped.eq([4, 5, 6, 7, 0, 2].map(|at| owners[at].place())));
        for owner in &owners {
            owner.leave();
        }
    }
}
