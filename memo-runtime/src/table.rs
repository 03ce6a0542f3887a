//! The entries of a cache by hash, in a table that is read without a lock.
//!
//! A bucket is a cache line: seven entries, and a word that has a tag for each of them and tells whether
//! more are in the next bucket. Comparing all tags at once finds the right entry without trying others,
//! so that processors are not surprised (the idea of Google's "Swiss tables" and of Facebook's F14). One
//! thread at a time changes the table, under the lock of the cache. Any number read it meanwhile; what
//! is put in or taken out while they look they may find or not.
//!
//! The table knows neither types nor owners of what it points at, and so is compiled once for all.

use crate::head::{Head, Place};
use crate::sync::{
    AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

const WIDTH: usize = 7;

#[derive(Debug)]
pub(crate) struct Table {
    buckets: Box<[Bucket]>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket {
    tags: AtomicU64,
    entries: [AtomicPtr<Head>; WIDTH],
}

impl Bucket {
    #[inline]
    fn find<R>(
        &self,
        tags: Tags,
        hash: u64,
        see: &mut impl FnMut(Place) -> Option<R>,
    ) -> Option<R> {
        for i in tags.equal_to(Tags::tag(hash)) {
            // Its tag may have looked equal though nothing is there.
            let found = Place::from_ptr(self.entries[i].load(Acquire)).and_then(&mut *see);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The tags of a bucket: a byte for each entry, 0 where there is none; the highest byte counts the
/// entries that were filed further on because there was no room here, and stays at its maximum.
#[derive(Debug, Clone, Copy)]
struct Tags(u64);

impl Tags {
    const EACH: u64 = 0x0001_0101_0101_0101;

    #[inline]
    fn tag(hash: u64) -> u64 {
        (hash >> 56) | 1
    }

    /// A bit for each byte that may be equal; those of equal ones are certain.
    #[inline]
    fn equal_to(self, tag: u64) -> Matches {
        let differing = self.0 ^ (Self::EACH * tag);
        Matches(differing.wrapping_sub(Self::EACH) & !differing & (Self::EACH << 7))
    }

    fn set(self, at: usize, tag: u64) -> Self {
        Self(self.0 & !(0xFF << (8 * at)) | tag << (8 * at))
    }

    #[inline]
    fn overflow(self) -> u64 {
        self.0 >> 56
    }

    /// One more or less overflows.
    fn with_overflow(self, change: i64) -> Self {
        let overflow = self.overflow();
        let changed =
            if overflow == 0xFF { overflow } else { overflow.wrapping_add_signed(change) };
        Self(self.0 & (u64::MAX >> 8) | changed << 56)
    }
}

/// Positions in a bucket.
#[derive(Debug)]
struct Matches(u64);

impl Iterator for Matches {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let at = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(at)
    }
}

impl Table {
    /// A table of at least so much room.
    pub(crate) fn with_room_for(entries: usize) -> Self {
        const LEAST: usize = if cfg!(all(test, memofn_models)) { 2 } else { 8 };
        let len = (entries * 2).div_ceil(7).next_power_of_two().max(LEAST);
        let buckets = std::iter::repeat_with(Bucket::default).take(len).collect();
        Self { buckets }
    }

    /// How many entries it holds before too many overflow.
    pub(crate) fn room(&self) -> usize {
        self.buckets.len() * 7 / 2
    }

    /// Shows `see` what may be filed under `hash` until it has found what it looks for.
    #[inline]
    pub(crate) fn find<R>(&self, hash: u64, mut see: impl FnMut(Place) -> Option<R>) -> Option<R> {
        let at = self.first(hash);
        let bucket = &self.buckets[at];
        let tags = Tags(bucket.tags.load(Acquire));
        if let Some(found) = bucket.find(tags, hash, &mut see) {
            return Some(found);
        }
        if tags.overflow() == 0 { None } else { self.find_further(at, hash, &mut see) }
    }

    #[cold]
    fn find_further<R>(
        &self,
        first: usize,
        hash: u64,
        see: &mut impl FnMut(Place) -> Option<R>,
    ) -> Option<R> {
        for at in first + 1..first + self.buckets.len() {
            let bucket = &self.buckets[at & (self.buckets.len() - 1)];
            let tags = Tags(bucket.tags.load(Acquire));
            let found = bucket.find(tags, hash, see);
            if found.is_some() || tags.overflow() == 0 {
                return found;
            }
        }
        None
    }

    /// Shows `see` the entries filed under `hash`. Under the lock.
    #[inline]
    pub(crate) fn for_each(&self, hash: u64, mut see: impl FnMut(Place)) {
        self.find(hash, |place| {
            if place.hash == hash {
                see(place);
            }
            None::<()>
        });
    }

    /// Files an entry. There must be room for it.
    pub(crate) fn insert(&self, place: Place) {
        let hash = place.hash;
        for at in self.from(hash) {
            let bucket = &self.buckets[at];
            let tags = Tags(bucket.tags.load(Relaxed));
            if let Some(i) = tags.equal_to(0).next() {
                bucket.entries[i].store(place.as_ptr(), Release);
                bucket.tags.store(tags.set(i, Tags::tag(hash)).0, Release);
                return;
            }
            bucket.tags.store(tags.with_overflow(1).0, Release);
        }
    }

    /// Takes an entry out that was filed.
    pub(crate) fn remove(&self, place: Place) {
        let hash = place.hash;
        for at in self.from(hash) {
            let bucket = &self.buckets[at];
            let tags = Tags(bucket.tags.load(Relaxed));
            let is_it = |i: &usize| bucket.entries[*i].load(Relaxed) == place.as_ptr();
            if let Some(i) = tags.equal_to(Tags::tag(hash)).find(is_it) {
                bucket.tags.store(tags.set(i, 0).0, Release);
                bucket.entries[i].store(std::ptr::null_mut(), Release);
                return;
            }
            // Whatever overflowed here is no longer there.
            bucket.tags.store(tags.with_overflow(-1).0, Release);
        }
    }

    /// All that is filed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> {
        let entries = self.buckets.iter().flat_map(|bucket| &bucket.entries);
        entries.filter_map(|entry| Place::from_ptr(entry.load(Relaxed)))
    }

    /// The buckets that entries of this hash may be in, in the order they are filled.
    fn from(&self, hash: u64) -> impl Iterator<Item = usize> {
        let (len, first) = (self.buckets.len(), self.first(hash));
        (first..first + len).map(move |at| at & (len - 1))
    }

    /// The lower bits of a hash are the number of its first bucket, and the upper ones its tag. The other way
    /// round, which bits are equal for keys that follow each other depends on the seed of the process, and
    /// with some seeds they crowd: a miss took twice the instructions.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "there are no more buckets than addresses")]
    fn first(&self, hash: u64) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use crate::scope::Thread;

    /// Any sequence of doings, beside a list. Hashes crowd in the last bucket and overflow to the first.
    #[test]
    fn what_is_filed_is_found_until_it_is_taken_out() {
        let table = Table::with_room_for(40);
        let (mut owners, mut model) = (Vec::new(), Vec::<Place>::new());
        let mut random = 1_u64;
        for _ in 0..if cfg!(miri) { 80 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hash = ((random >> 33) % 12) << 56 | 0xFFFF;
            if model.len() < table.room() && random >> 63 == 0 {
                let entry = Entry::<_, u8>::ready::<Thread>(hash, (), 0);
                table.insert(entry.place());
                model.push(entry.place());
                owners.push(entry);
            } else if !model.is_empty() {
                table.remove(model.swap_remove((random >> 40) as usize % model.len()));
            }
            for place in &model {
                let mut filed = Vec::new();
                table.for_each(place.hash, |it| filed.push(it));
                assert!(filed.contains(place));
                assert!(filed.iter().all(|it| model.contains(it) && it.hash == place.hash));
                assert!(table.find(place.hash, |it| (it == *place).then_some(())).is_some());
            }
            assert_eq!(table.iter().count(), model.len());
            assert!(!model.is_empty() || table.buckets.iter().all(|it| it.tags.load(Relaxed) == 0));
        }
    }
}
