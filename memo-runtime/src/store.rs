//! The entries of a cache: exact least-recently-used order, and time to live.
//!
//! A store never looks at a key. It files entries under the hash their key had when the call was
//! made, and asks its caller, who has compared keys *outside* the lock, which entry is meant.
//! Hence nothing here runs user code: whatever leaves the store is returned, to be dropped by the
//! caller after the lock is released.

use crate::clock::Time;
use lru::LruCache;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::num::NonZeroUsize;
use std::time::Duration;

/// What a store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most entries held; `None` is unbounded.
    pub(crate) maxsize: Option<usize>,
    /// How long an entry answers.
    pub(crate) ttl: Option<Duration>,
}

/// Where an entry is filed: its hash, and which of the entries with that very hash it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag {
    hash: u64,
    ordinal: u32,
}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes the hash of a [`Tag`] as it is.
#[derive(Debug, Default)]
struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(false, "a tag hashes as one u64, not as {bytes:?}");
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// How many ordinals of a hash have been used, and how many entries are filed under it.
#[derive(Debug)]
struct Ordinals {
    used: u32,
    filed: u32,
}

#[derive(Debug)]
struct Record<P> {
    entry: P,
    /// Tells this record from an earlier one under the same tag.
    birth: u64,
}

/// When a record will expire. Left behind when its record goes first; see [`Store::cut_to_size`].
#[derive(Debug, Clone, Copy)]
struct Age {
    deadline: Time,
    tag: Tag,
    birth: u64,
}

/// Entries by recency and by age.
#[derive(Debug)]
pub(crate) struct Store<P> {
    records: LruCache<Tag, Record<P>, BuildHasherDefault<TagHasher>>,
    /// The rare hashes under which more than one entry has been filed.
    shared_hashes: BTreeMap<u64, Ordinals>,
    /// In the order of their deadlines, since all entries of a store live equally long.
    ages: VecDeque<Age>,
    limits: Limits,
    births: u64,
    /// The most entries there have been since the tables were last cut to size.
    peak: usize,
}

impl<P> Drop for Store<P> {
    /// Drops the entries one by one, so that one that panics does not keep the others alive.
    fn drop(&mut self) {
        let records = std::iter::from_fn(|| self.records.pop_lru());
        drop(records.collect::<Vec<_>>());
    }
}

impl<P> Store<P> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            records: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
            shared_hashes: BTreeMap::new(),
            ages: VecDeque::new(),
            limits,
            births: 0,
            peak: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// All entries, the most recently used first, or the most recently stored where there is no limit.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &P> {
        self.records.iter().map(|(_, record)| &record.entry)
    }

    /// The entries filed under `hash`.
    pub(crate) fn filed(&self, hash: u64) -> impl Iterator<Item = &P> {
        self.tags(hash).filter_map(|tag| self.records.peek(&tag)).map(|record| &record.entry)
    }

    /// The entry filed under `hash`, if there is one and has never been another.
    #[inline]
    pub(crate) fn only(&self, hash: u64) -> Option<&P> {
        if !self.shared_hashes.is_empty() {
            return None;
        }
        self.records.peek(&Tag { hash, ordinal: 0 }).map(|record| &record.entry)
    }

    /// Makes the entry that [`only`](Self::only) has just given the most recently used one, or the
    /// one that another thread has put in its place since.
    #[inline]
    pub(crate) fn touch_only(&mut self, hash: u64) {
        if self.limits.maxsize.is_some() {
            self.records.promote(&Tag { hash, ordinal: 0 });
        }
    }

    /// Makes the entry that `is_it` the most recently used one.
    #[inline]
    pub(crate) fn touch(&mut self, hash: u64, is_it: impl Fn(&P) -> bool) -> Option<&P> {
        let tag = self.find(hash, is_it)?;
        if self.limits.maxsize.is_some() {
            self.records.promote(&tag);
        }
        self.records.peek(&tag).map(|record| &record.entry)
    }

    pub(crate) fn remove(&mut self, hash: u64, is_it: impl Fn(&P) -> bool) -> Option<P> {
        let tag = self.find(hash, is_it)?;
        let removed = self.unfile(tag);
        self.cut_to_size();
        removed
    }

    /// Files `entry` as the most recently used one. No entry of an equal key may be present.
    pub(crate) fn insert(&mut self, hash: u64, entry: P, now: Time) -> Inserted<P> {
        if self.limits.maxsize == Some(0) || self.limits.ttl == Some(Duration::ZERO) {
            return Inserted::Refused(entry);
        }
        let evicted = match self.limits.maxsize {
            Some(maxsize) if self.records.len() >= maxsize => self.unfile_oldest(),
            _ => None,
        };
        let tag = self.vacant(hash);
        let birth = self.births;
        self.births += 1;
        let deadline = self.limits.ttl.map_or(Time::FOREVER, |ttl| now.after(ttl));
        if deadline != Time::FOREVER {
            self.ages.push_back(Age { deadline, tag, birth });
        }
        self.records.push(tag, Record { entry, birth });
        self.peak = self.peak.max(self.records.len());
        self.cut_to_size();
        evicted.map_or(Inserted::Kept, Inserted::Evicting)
    }

    /// Takes out at most `most` entries whose time has passed.
    #[inline]
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<P> {
        match self.ages.front() {
            Some(oldest) if oldest.deadline <= now => self.take_expired(now, most),
            _ => Vec::new(),
        }
    }

    fn take_expired(&mut self, now: Time, most: usize) -> Vec<P> {
        let mut expired = Vec::new();
        while let Some(&age) = self.ages.front() {
            if age.deadline > now || expired.len() == most {
                break;
            }
            self.ages.pop_front();
            if self.is_current(age) {
                expired.extend(self.unfile(age.tag));
            }
        }
        self.cut_to_size();
        expired
    }

    /// Empties the store. What it held is dropped with the store that is returned.
    pub(crate) fn take(&mut self) -> Self {
        let births = self.births;
        let taken = std::mem::replace(self, Self::new(self.limits));
        self.births = births;
        taken
    }

    fn tags(&self, hash: u64) -> impl Iterator<Item = Tag> + use<P> {
        let ordinals = if self.shared_hashes.is_empty() {
            1
        } else {
            self.shared_hashes.get(&hash).map_or(1, |ordinals| ordinals.used)
        };
        (0..ordinals).map(move |ordinal| Tag { hash, ordinal })
    }

    fn find(&self, hash: u64, is_it: impl Fn(&P) -> bool) -> Option<Tag> {
        self.tags(hash).find(|tag| self.records.peek(tag).is_some_and(|r| is_it(&r.entry)))
    }

    /// A tag for one entry more under `hash`.
    fn vacant(&mut self, hash: u64) -> Tag {
        let free = self.tags(hash).find(|tag| !self.records.contains(tag));
        if free.is_some() && self.shared_hashes.is_empty() {
            return Tag { hash, ordinal: 0 };
        }
        let first_collision = free.is_none() && !self.shared_hashes.contains_key(&hash);
        if first_collision {
            self.shared_hashes.insert(hash, Ordinals { used: 1, filed: 1 });
        }
        let Some(ordinals) = self.shared_hashes.get_mut(&hash) else {
            return Tag { hash, ordinal: 0 };
        };
        ordinals.filed += 1;
        free.unwrap_or_else(|| {
            ordinals.used += 1;
            Tag { hash, ordinal: ordinals.used - 1 }
        })
    }

    fn unfile(&mut self, tag: Tag) -> Option<P> {
        let record = self.records.pop(&tag)?;
        self.unshare(tag.hash);
        Some(record.entry)
    }

    fn unfile_oldest(&mut self) -> Option<P> {
        let (tag, record) = self.records.pop_lru()?;
        self.unshare(tag.hash);
        Some(record.entry)
    }

    /// One entry less is filed under `hash`.
    fn unshare(&mut self, hash: u64) {
        if let Some(ordinals) = self.shared_hashes.get_mut(&hash) {
            ordinals.filed -= 1;
            if ordinals.filed == 0 {
                self.shared_hashes.remove(&hash);
            }
        }
    }

    fn is_current(&self, age: Age) -> bool {
        self.records.peek(&age.tag).is_some_and(|record| record.birth == age.birth)
    }

    /// Keeps what is allocated in proportion to the entries: no more ages of departed records than
    /// twice those of the living, and no tables that a long gone crowd has left.
    fn cut_to_size(&mut self) {
        const SLACK: usize = 64;
        // Either of the two stands for no limit.
        const UNLIMITED: [NonZeroUsize; 2] =
            [NonZeroUsize::MAX, NonZeroUsize::new(usize::MAX - 1).unwrap()];
        let len = self.records.len();
        if self.ages.len() > 2 * len + SLACK {
            let mut ages = std::mem::take(&mut self.ages);
            ages.retain(|&age| self.is_current(age));
            self.ages = ages;
        }
        if self.peak > 4 * len + SLACK {
            self.ages.shrink_to(2 * len + SLACK);
            // The one way to have an `LruCache` shrink its table is to change its capacity.
            let capacity = self.records.cap();
            self.records.resize(UNLIMITED[usize::from(capacity == UNLIMITED[0])]);
            self.peak = len;
        }
    }
}

/// What became of an entry, and who had to go for it.
#[derive(Debug)]
pub(crate) enum Inserted<P> {
    Kept,
    Evicting(P),
    /// The limits allow no entries at all.
    Refused(P),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(maxsize: Option<usize>, ttl: Option<u64>) -> Store<u32> {
        Store::new(Limits { maxsize, ttl: ttl.map(Duration::from_nanos) })
    }

    fn at(nanos: u64) -> Time {
        Time::ORIGIN.after(Duration::from_nanos(nanos))
    }

    #[test]
    fn entries_of_one_hash_live_side_by_side() {
        let mut store = store(Some(3), None);
        for entry in [10, 11, 12] {
            assert!(matches!(store.insert(7, entry, at(0)), Inserted::Kept));
        }
        assert_eq!(store.filed(7).copied().collect::<Vec<_>>(), [10, 11, 12]);
        assert_eq!(store.remove(7, |e| *e == 10), Some(10));
        assert_eq!(store.filed(7).copied().collect::<Vec<_>>(), [11, 12]);
        store.insert(7, 13, at(0));
        assert_eq!(store.touch(7, |e| *e == 11), Some(&11));
        assert!(matches!(store.insert(7, 14, at(0)), Inserted::Evicting(12)));
        assert_eq!(store.iter().copied().collect::<Vec<_>>(), [14, 11, 13]);
    }

    #[test]
    fn an_entry_expires_at_its_deadline_and_not_before() {
        let mut store = store(None, Some(10));
        store.insert(1, 1, at(0));
        store.insert(2, 2, at(5));
        assert_eq!(store.expire(at(9), 9), []);
        assert_eq!(store.expire(at(10), 9), [1]);
        assert_eq!(store.expire(at(20), 9), [2]);
    }

    #[test]
    fn a_record_is_not_expired_by_the_age_of_its_predecessor() {
        let mut store = store(None, Some(10));
        store.insert(1, 1, at(0));
        store.remove(1, |_| true);
        store.insert(1, 2, at(5));
        assert_eq!(store.expire(at(12), 9), []);
        assert_eq!(store.expire(at(15), 9), [2]);
    }

    #[test]
    fn ages_stay_in_proportion_to_the_entries_under_churn() {
        let mut store = store(Some(4), Some(1_000_000));
        let churn = if cfg!(miri) { 300 } else { 10_000 };
        for hash in 0..churn {
            store.insert(hash, 0, at(hash));
            assert!(store.ages.len() <= 2 * store.len() + 64);
        }
    }
}
