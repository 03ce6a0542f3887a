//! The entries of one cache by hash, by recency, by deadline and by tag: stored ones and those under way.
//!
//! The store knows neither keys nor values, so it is compiled once for all caches. It never compares keys: its
//! caller does that outside the lock, and says which entry is meant.
//!
//! The store owns the entries that are stored. An entry under way is filed too, so that other callers find it, but its
//! run owns it.

#[cfg(debug_assertions)]
mod check;
mod limit;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use tables::Replaced;

use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::header::{Flying, Stamp, corrupted};
use crate::key::tags::Tags;
use crate::store::cause::EvictionCause;
use crate::store::compact::Compact;
use crate::store::eviction::{Eviction, EvictionPolicy};
use crate::store::freshness::{Due, Freshness, Life, Lives, Stage};
use crate::store::table::{Buckets, OwnedTable, Table};
use crate::store::tag_index::TagIndex;
use std::sync::Arc;

/// The limits on what a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most entries held; `None` is unbounded.
    pub(crate) maxsize: Option<usize>,
    pub(crate) lives: Lives,
}

/// An entry that has left the store, and why. The receiver owns the entry.
pub(crate) type TakenOut = (EntryRef, EvictionCause);

/// Entries by hash, by recency, by deadline and by tag.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) table: Option<OwnedTable>,
    /// Readers may still use these.
    replaced: Replaced,
    /// How many entries the table holds, and how many it has room for. It shrinks below `least`.
    pub(super) filed: usize,
    pub(super) room: usize,
    least: usize,
    pub(super) stored: usize,
    /// The entries under way. The slot of each is its index here.
    pub(super) flying: Vec<EntryRef>,
    /// All that is stored, if the store is [compact](crate::store::compact).
    pub(super) compact: Option<Compact>,
    maxsize: Option<usize>,
    /// Holds what is stored if `is_ranked`.
    policy: EvictionPolicy,
    /// There is a `maxsize`, or there was one.
    is_ranked: bool,
    freshness: Freshness,
    /// The tags of what is filed.
    tags: TagIndex,
    refuses: bool,
    /// More entries have expired than were taken out. Nothing shrinks meanwhile: most of what a smaller table would
    /// hold is about to go.
    is_draining: bool,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::with_policy(limits, EvictionPolicy::default())
    }

    fn with_policy(limits: Limits, policy: EvictionPolicy) -> Self {
        let freshness = Freshness::new(limits.lives);
        Self {
            table: None,
            replaced: Replaced::default(),
            filed: 0,
            room: 0,
            least: 0,
            stored: 0,
            flying: Vec::new(),
            compact: None,
            maxsize: limits.maxsize,
            policy,
            is_ranked: limits.maxsize.is_some(),
            refuses: limits.maxsize == Some(0) || freshness.refuses(),
            freshness,
            tags: TagIndex::default(),
            is_draining: false,
        }
    }

    /// How many entries are stored.
    pub(crate) fn len(&self) -> usize {
        self.stored
    }

    /// How many entries are stored or under way.
    #[cfg(debug_assertions)]
    pub(crate) fn filed_len(&self) -> usize {
        self.stored + self.flying.len()
    }

    /// How many of the stored entries have expired by `now`.
    pub(crate) fn count_expired(&self, now: Time) -> usize {
        self.freshness.count_expired(now)
    }

    /// How many of the stored entries are kept for calls that fail.
    pub(crate) fn count_kept(&self, now: Time) -> usize {
        self.freshness.count_kept(now)
    }

    /// The stage of the life of an entry that is stored.
    pub(crate) fn stage(&self, entry: EntryRef, now: Time) -> Stage {
        self.freshness.stage(entry, now)
    }

    /// Sets when a call may have the value of a stored entry computed anew. Look-ups without the lock find the entry if it
    /// answers until then.
    pub(crate) fn set_run(&mut self, entry: EntryRef, at: Time, now: Time) {
        if self.freshness.set_run(entry, at, now) {
            entry.show();
        } else {
            entry.hide();
        }
    }

    /// An entry that is stored and answers is due for a refresh now.
    pub(crate) fn make_due(&mut self, entry: EntryRef) {
        self.freshness.make_due(entry);
        entry.hide();
    }

    /// An entry that is stored and answers is kept from now on for calls that fail.
    pub(crate) fn end_answering(&mut self, entry: EntryRef, now: Time) {
        self.freshness.end_answering(entry, now);
        entry.hide();
    }

    /// Whether the value of an entry that is stored is known to be an error.
    pub(crate) fn is_error(&self, entry: EntryRef) -> bool {
        self.freshness.is_error(entry)
    }

    /// When an entry that is stored was stored, if entries expire.
    pub(crate) fn stored_at(&self, entry: EntryRef) -> Option<Time> {
        self.freshness.stored_at(entry)
    }

    /// How many entries are under way.
    pub(crate) fn flying(&self) -> usize {
        self.flying.len()
    }

    /// The table in use; null if there is none.
    pub(crate) fn table(&self) -> *mut Table {
        self.table.as_ref().map_or(std::ptr::null_mut(), OwnedTable::as_ptr)
    }

    pub(super) fn buckets(&self) -> Option<Buckets<'_>> {
        self.table.as_ref().map(OwnedTable::buckets)
    }

    /// Shows `see` all stored entries, in no order.
    pub(crate) fn for_each(&self, mut see: impl FnMut(EntryRef)) {
        self.for_each_filed(|entry| {
            if entry.is_stored() {
                see(entry);
            }
        });
    }

    /// Shows `see` all entries that are stored or under way, in no order.
    pub(crate) fn for_each_filed(&self, mut see: impl FnMut(EntryRef)) {
        if let Some(buckets) = self.buckets() {
            buckets.for_all(|face| see(self.whole(face)));
        }
    }

    /// The entry of a face in the table of this store, which is not compact.
    #[inline]
    fn whole(&self, face: FaceRef) -> EntryRef {
        assert!(
            self.compact.is_none(),
            "a compact store is expanded before its entries are asked for"
        );
        #[expect(unsafe_code, reason = "a compact entry has no header")]
        // SAFETY: the entries in the table of a store that is not compact are whole.
        unsafe {
            face.entry()
        }
    }

    /// The entry of a face among the flights of this store, which is compact.
    #[inline]
    fn of_flight(face: FaceRef) -> EntryRef {
        #[expect(unsafe_code, reason = "a compact entry has no header")]
        // SAFETY: the entry of a flight is whole.
        unsafe {
            face.entry()
        }
    }

    /// Shows `see` the entries filed under `hash`; in a compact store, the flights.
    #[inline]
    pub(crate) fn filed(&self, hash: u64, mut see: impl FnMut(EntryRef)) {
        if self.is_compact() {
            self.flight_buckets()
                .inspect(|it| it.for_each(hash, |face| see(Self::of_flight(face))));
        } else if let Some(buckets) = self.buckets() {
            buckets.for_each(hash, |face| see(self.whole(face)));
        }
    }

    /// Whether no entry is filed under `hash`.
    #[inline]
    pub(crate) fn is_free(&self, hash: u64) -> bool {
        !self.is_in_table(hash) && !self.flight_buckets().is_some_and(|it| it.has(hash))
    }

    /// Whether an entry of this hash is in the table. The flights of a compact store are not.
    #[inline]
    pub(super) fn is_in_table(&self, hash: u64) -> bool {
        self.buckets().is_some_and(|buckets| buckets.has(hash))
    }

    /// The entries filed with this tag, in no order.
    pub(crate) fn tagged(&self, tag: &str) -> Vec<EntryRef> {
        self.tags.entries(tag)
    }

    /// Files an entry whose computation begins.
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
    pub(crate) fn start(&mut self, entry: EntryRef, generation: u64, flying: Flying) {
        entry.start(generation, flying);
        entry.set_slot(self.flying.len() as u32);
        self.flying.push(entry);
        if self.is_compact() {
            self.file_flight(entry);
        } else {
            self.make_room();
            self.insert(entry.face());
        }
    }

    /// Adds an entry to the table, where there is room for it.
    #[inline]
    pub(super) fn insert(&mut self, face: FaceRef) {
        if let Some(buckets) = self.buckets() {
            buckets.insert(face);
        }
    }

    /// The tags of an entry.
    pub(crate) fn tags_of(&self, entry: EntryRef) -> &[Arc<str>] {
        self.tags.of(entry)
    }

    /// Files a started entry under its tags as well.
    #[cold]
    pub(crate) fn tag(&mut self, entry: EntryRef, tags: Tags) {
        self.tags.file(entry, tags);
    }

    /// Whether nothing can be stored at all.
    #[inline]
    pub(crate) fn refuses(&self) -> bool {
        self.refuses
    }

    /// Stores an entry that was under way, and owns it, unless the store is compact. Where lives differ it has a `life` of its
    /// own. `stamp` is later than all others. `out` receives the entries that had to go.
    pub(crate) fn store(
        &mut self,
        entry: EntryRef,
        now: Time,
        life: Option<&Life>,
        stamp: Stamp,
        out: &mut SmallList<TakenOut>,
    ) {
        if self.is_compact() {
            return self.pack(entry);
        }
        self.end_flight(entry);
        entry.store(stamp);
        // Before the eviction, which may rebuild the table from the flights and the freshness.
        self.freshness.stored(entry, now, life);
        if self.is_ranked {
            if let Some(maxsize) = self.maxsize {
                while self.stored >= maxsize && self.evict(now, stamp, out) {}
            }
            self.policy.insert(entry);
        }
        self.stored += 1;
    }

    /// Stores an entry that was under way in place of another one of its key, which it renews. That is no use of the key,
    /// and so the rank stays.
    pub(crate) fn replace(
        &mut self,
        old: EntryRef,
        entry: EntryRef,
        now: Time,
        life: Option<&Life>,
    ) {
        self.end_flight(entry);
        entry.store(old.rank());
        self.freshness.stored(entry, now, life);
        if self.is_ranked {
            self.policy.replace(old, entry);
        }
        self.freshness.removed(old);
        self.unfile(old);
    }

    /// Takes out an entry that is stored. The caller owns it. Returns the cause: it may have expired before it was
    /// taken out.
    pub(crate) fn remove(
        &mut self,
        entry: EntryRef,
        now: Time,
        why: EvictionCause,
    ) -> EvictionCause {
        let cause = self.cause(entry, now, why);
        if self.is_ranked {
            self.policy.remove(entry);
        }
        self.freshness.removed(entry);
        self.unfile_stored(entry);
        cause
    }

    /// Takes out an entry whose computation is over, and which is not stored.
    pub(crate) fn abandon(&mut self, entry: EntryRef) {
        self.end_flight(entry);
        if self.compact.is_some() {
            self.tags.unfile(entry);
            entry.unfile();
        } else {
            self.unfile(entry);
        }
    }

    #[inline]
    fn cause(&self, entry: EntryRef, now: Time, why: EvictionCause) -> EvictionCause {
        let is_over = self.freshness.is_on() && self.stage(entry, now) == Stage::Over;
        if is_over { EvictionCause::Expired } else { why }
    }

    /// An entry is no longer under way.
    #[inline]
    pub(super) fn end_flight(&mut self, entry: EntryRef) {
        let at = entry.slot() as usize;
        if self.flying.get(at) != Some(&entry) {
            corrupted("an entry is not among those under way");
        }
        self.flying.swap_remove(at);
        if let Some(moved) = self.flying.get(at) {
            moved.set_slot(entry.slot());
        }
        self.unfile_flight(entry);
    }

    /// Takes out of the table an entry that neither the policy nor the freshness knows any longer.
    fn unfile_stored(&mut self, entry: EntryRef) {
        self.stored -= 1;
        self.unfile(entry);
    }

    fn unfile(&mut self, entry: EntryRef) {
        if let Some(buckets) = self.buckets() {
            buckets.remove(entry.face());
        }
        self.tags.unfile(entry);
        entry.unfile();
        self.filed -= 1;
        self.shrink();
    }

    /// Nothing expires before this.
    pub(crate) fn next_deadline(&self) -> Time {
        self.freshness.next()
    }

    /// Takes out entries that have expired, at most `most` of them.
    pub(crate) fn expire(&mut self, now: Time, most: usize, out: &mut SmallList<TakenOut>) {
        // A table that is rebuilt is filled from the freshness: not now, while entries are in the table and no longer
        // in the freshness.
        self.is_draining = true;
        for due in self.freshness.pop_due(now, most) {
            let expired = match due {
                Due::Expired(expired) => expired,
                Due::Hide(entry) => {
                    entry.hide();
                    continue;
                }
            };
            if self.is_ranked {
                self.policy.remove(expired);
            }
            self.unfile_stored(expired);
            out.push((expired, EvictionCause::Expired));
        }
        self.is_draining = self.next_deadline().has_passed(now);
        self.shrink();
    }

    /// Takes out all that is stored, and invalidates what is under way.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = TakenOut> + use<> {
        let mut stored = Vec::new();
        self.clear_compact();
        if self.compact.is_none() {
            stored.reserve(self.stored);
            self.for_each(|entry| stored.push(entry));
        }
        self.policy.clear();
        self.freshness.clear();
        (self.stored, self.filed, self.is_draining) = (0, self.flying_in_table().len(), false);
        // A small table is kept: a cache that is cleared is usually filled again.
        if let Some(table) = self.table.as_ref().filter(|_| self.room <= Self::SMALL) {
            table.buckets().empty();
            for entry in self.flying_in_table() {
                table.buckets().insert(entry.face());
            }
        } else {
            self.rebuild_table();
        }
        let tags = self.tags.keep(&self.flying);
        // They are still filed until nothing leads to them any longer.
        for entry in &stored {
            entry.unfile();
        }
        for entry in &self.flying {
            entry.invalidate();
        }
        stored.into_iter().map(move |entry| {
            // The tags may be many: they are dropped with this closure, after the lock is released.
            let _tags = &tags;
            (entry, EvictionCause::Cleared)
        })
    }
}
