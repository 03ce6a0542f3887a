//! The entries of a cache by hash, in a table that is read without a lock.
//!
//! Open addressing with linear probing; what is taken out leaves no tombstone, for those behind it
//! move up. One thread at a time changes the table, under the lock of the cache. Any number read it
//! meanwhile, and then may miss what is there: they ask again under the lock. They never find what was
//! taken out before they began.
//!
//! The table knows neither types nor owners of what it points at, and so is compiled once for all.

use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

/// The number of a record.
pub(crate) type Place = u32;

#[derive(Debug)]
pub(crate) struct Table {
    /// The upper bits of a hash are the number of its first slot.
    shift: u32,
    slots: Box<[Slot]>,
    /// The records of the entries. Of no interest to those who read without the lock.
    places: Box<[AtomicU32]>,
}

#[derive(Debug, Default)]
struct Slot {
    /// 0 where there is nothing.
    hash: AtomicU64,
    entry: AtomicPtr<()>,
}

impl Table {
    /// A table of at least so much room.
    pub(crate) fn with_room_for(records: usize) -> Self {
        let len = (records + records / 2 + records / 10 + 1).next_power_of_two().max(8);
        let slots = std::iter::repeat_with(Slot::default).take(len).collect();
        let places = std::iter::repeat_with(AtomicU32::default).take(len).collect();
        Self { shift: 64 - len.trailing_zeros(), slots, places }
    }

    /// How many records it holds before those who look for one that is not there search too long.
    pub(crate) fn room(&self) -> usize {
        self.slots.len() / 8 * 5
    }

    /// Shows `see` what is filed under `hash` until it has found what it looks for.
    #[inline]
    pub(crate) fn find<R>(
        &self,
        hash: u64,
        mut see: impl FnMut(*mut ()) -> Option<R>,
    ) -> Option<R> {
        let mut at = self.first(hash);
        // Who reads while others write might otherwise go round and round.
        for _ in 0..self.slots.len() {
            let slot = &self.slots[at & (self.slots.len() - 1)];
            let there = slot.hash.load(Acquire);
            if there == hash {
                let entry = slot.entry.load(Acquire);
                if !entry.is_null()
                    && let Some(found) = see(entry)
                {
                    return Some(found);
                }
            } else if there == 0 {
                break;
            }
            at += 1;
        }
        None
    }

    /// The records filed under `hash`.
    pub(crate) fn filed(&self, hash: u64) -> impl Iterator<Item = Place> {
        self.run(self.first(hash)).filter(move |(_, it)| *it == hash).map(|(at, _)| self.place(at))
    }

    /// Files a record. There must be room for it.
    pub(crate) fn insert(&self, hash: u64, place: Place, entry: *mut ()) {
        let at = self.run(self.first(hash)).last().map_or(self.first(hash), |(at, _)| at + 1);
        self.set(at & self.mask(), hash, place, entry);
    }

    /// Takes a record out.
    pub(crate) fn remove(&self, hash: u64, place: Place) {
        let found = self.run(self.first(hash)).find(|(at, _)| self.place(*at) == place);
        let Some((mut hole, _)) = found else { return };
        for (at, moved) in self.run(hole + 1) {
            // What stands behind the hole moves up, unless that is before its first slot.
            let (from_hole, from_first) = (
                at.wrapping_sub(hole) & self.mask(),
                at.wrapping_sub(self.first(moved)) & self.mask(),
            );
            if from_first >= from_hole {
                self.set(hole, moved, self.place(at), self.slots[at].entry.load(Relaxed));
                hole = at;
            }
        }
        self.set(hole, 0, 0, std::ptr::null_mut());
    }

    /// All that is filed: hashes, records and entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Place, *mut ())> {
        (0..self.slots.len()).filter_map(|at| {
            let hash = self.slots[at].hash.load(Relaxed);
            (hash != 0).then(|| (hash, self.place(at), self.slots[at].entry.load(Relaxed)))
        })
    }

    /// The slots from `at` to the next empty one, and their hashes.
    fn run(&self, at: usize) -> impl Iterator<Item = (usize, u64)> {
        (at..at + self.slots.len())
            .map(|at| at & self.mask())
            .map(|at| (at, self.slots[at].hash.load(Relaxed)))
            .take_while(|(_, hash)| *hash != 0)
    }

    fn set(&self, at: usize, hash: u64, place: Place, entry: *mut ()) {
        let slot = &self.slots[at];
        slot.entry.store(entry, Release);
        self.places[at].store(place, Relaxed);
        slot.hash.store(hash, Release);
    }

    fn place(&self, at: usize) -> Place {
        self.places[at].load(Relaxed)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "there are no more slots than addresses")]
    fn first(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize
    }

    fn mask(&self) -> usize {
        self.slots.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn entry(place: Place) -> *mut () {
        std::ptr::without_provenance_mut(place as usize + 8)
    }

    /// Any sequence of doings, beside a set. Hashes crowd at the end of the table and wrap around.
    #[test]
    fn what_is_filed_is_found_until_it_is_taken_out() {
        let table = Table::with_room_for(20);
        let mut model = BTreeSet::new();
        let mut random = 1_u64;
        for place in 0..if cfg!(miri) { 300 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hash = (0xF << 60) | ((random >> 33) % 12) << 56 | 1;
            if model.len() < table.room() && random >> 63 == 0 {
                table.insert(hash, place, entry(place));
                model.insert((hash, place));
            } else if let Some((hash, place)) = model.range((hash, 0)..).next().copied() {
                table.remove(hash, place);
                model.remove(&(hash, place));
            }
            for (hash, place) in &model {
                assert!(table.filed(*hash).any(|it| it == *place));
                assert!(table.find(*hash, |it| (it == entry(*place)).then_some(())).is_some());
            }
            assert_eq!(table.iter().count(), model.len());
        }
    }
}
