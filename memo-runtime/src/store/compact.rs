//! A store whose entries have no headers.
//!
//! A cache that evicts nothing and whose entries do not expire needs nothing that stands in a header. A dynamic programme fills
//! such a cache with a million small entries. So what is stored there is moved out of its entry into
//! [compact entries](CompactEntries), and the table points at those. A run has a whole entry until it lands.
//!
//! Look-ups without the lock read faces, keys and values, and see no difference. Little else can use a compact store: runs
//! start, are waited for and land. Before anything else is done, the store is [expanded](Store::expand): every entry gets a
//! header, and the store is as any other from then on, until it is cleared.
//!
//! Several threads find each other's flights in a [table of their own](FlightTable). There each flight has its hash to
//! itself: before a second one of its hash starts, the store is expanded. One thread alone does not look for its flights.

use crate::entry::compact::{CompactCount, CompactEntries};
use crate::entry::entry::{EntryPtr, Stored};
use crate::entry::entry_ref::{EntryRef, FaceRef};
use crate::entry::entry_type::EntryType;
use crate::entry::header::{Flying, Stamp};
use crate::scope::runners::Runner;
use crate::scope::scope::Thread;
use crate::store::store::Store;
use crate::store::table::{Buckets, OwnedTable};

/// The entries of a compact store.
#[derive(Debug)]
pub(super) struct Compact {
    stored: CompactEntries,
    /// The entries under way, if several threads use the store.
    flights: Option<FlightTable>,
}

/// Entries under way, by hash. It is used under the lock.
#[derive(Debug, Default)]
struct FlightTable {
    table: Option<OwnedTable>,
    len: usize,
    room: usize,
}

impl FlightTable {
    fn buckets(&self) -> Option<Buckets<'_>> {
        self.table.as_ref().map(OwnedTable::buckets)
    }

    /// Not inlined: most stores have no such table.
    #[inline(never)]
    fn insert(&mut self, entry: FaceRef) {
        if self.len == self.room {
            self.grow();
        }
        self.len += 1;
        self.buckets().inspect(|buckets| buckets.insert(entry));
    }

    /// Not inlined, as above.
    #[inline(never)]
    fn remove(&mut self, entry: FaceRef) {
        self.len -= 1;
        self.buckets().inspect(|buckets| buckets.remove(entry));
    }

    #[cold]
    fn grow(&mut self) {
        let table = OwnedTable::with_room_for(self.len + 1);
        self.buckets().inspect(|old| old.move_to(table.buckets()));
        self.room = table.buckets().room();
        self.table = Some(table);
    }
}

impl Store {
    /// Makes a store compact, if entries of this type can be, it has no limit and had none, and nothing is filed. If it
    /// `is_shared`, several threads use it.
    pub(crate) fn make_compact(
        &mut self,
        types: &'static EntryType,
        count: &CompactCount,
        is_shared: bool,
    ) {
        if self.compact.is_none() && self.is_unlimited() && self.filed == 0 {
            let flights = is_shared.then(FlightTable::default);
            let stored = CompactEntries::new(types, count);
            self.compact = stored.map(|stored| Compact { stored, flights });
        }
    }

    #[inline]
    pub(crate) fn is_compact(&self) -> bool {
        self.compact.is_some()
    }

    /// How this store stores a value.
    #[inline]
    pub(crate) fn stores(&self) -> Stored {
        if self.is_compact() { Stored::Copied } else { Stored::Whole }
    }

    /// Whether a compact entry is stored under this hash.
    #[inline]
    pub(crate) fn has_compact(&self, hash: u64) -> bool {
        self.is_compact() && self.is_in_table(hash)
    }

    /// Whether the entry of a flight can be [packed](Self::pack): nothing is stored under its hash, and it has no tags.
    #[inline]
    pub(crate) fn can_pack(&self, entry: EntryRef) -> bool {
        let is_alone = self.compact_flights().is_some() || !self.is_in_table(entry.hash());
        is_alone && self.tags_of(entry).is_empty()
    }

    /// The flights of a compact store, if they are filed.
    #[inline]
    fn compact_flights(&self) -> Option<&FlightTable> {
        self.compact.as_ref()?.flights.as_ref()
    }

    /// The buckets in which the flights of a compact store are found.
    #[inline]
    pub(super) fn flight_buckets(&self) -> Option<Buckets<'_>> {
        self.compact_flights()?.buckets()
    }

    /// Files a flight of a compact store.
    #[inline]
    pub(super) fn file_flight(&mut self, entry: EntryRef) {
        if let Some(Compact { flights: Some(flights), .. }) = &mut self.compact {
            flights.insert(entry.face());
        }
    }

    /// A flight ends, in a store that may be compact.
    #[inline]
    pub(super) fn unfile_flight(&mut self, entry: EntryRef) {
        if let Some(Compact { flights: Some(flights), .. }) = &mut self.compact {
            flights.remove(entry.face());
        }
    }

    /// Stores the key and the value of an entry that was under way, and publishes them. The caller still owns the entry,
    /// which is an empty shell now.
    pub(crate) fn pack(&mut self, entry: EntryRef) {
        self.end_flight(entry);
        entry.unfile();
        self.make_room();
        let Some(compact) = &mut self.compact else { return };
        #[expect(unsafe_code, reason = "entries are copied without their types")]
        // SAFETY: the entries of a store are of the type that it was made compact for. The caller drops this one, which is
        // plain, and so uses neither key nor value. If others have waited for it, several threads use the store: its
        // keys and values are `Copy` then, and may be used in both places.
        let face = unsafe { compact.stored.push(entry) };
        face.show();
        self.insert(face);
        self.stored += 1;
    }

    /// Gives every entry a header. `next` gives generations and stamps, each later than all before.
    #[cold]
    pub(crate) fn expand(&mut self, mut next: impl FnMut() -> (u64, Stamp)) {
        let Some(Compact { stored: compact, .. }) = self.compact.take() else { return };
        let old = self.table.take();
        self.retire(old, None);
        self.replace_table(self.stored + self.flying.len(), |_, _| ());
        self.filed = 0;
        compact.for_each(|face| {
            #[expect(unsafe_code, reason = "a face has no types")]
            // SAFETY: the entry is of this type. Both copies stay as they are: a reader may still use the old one.
            let entry = unsafe { EntryPtr::<Thread>::of_face(face, compact.types()) }.into_ref();
            let (generation, stamp) = next();
            let owner = Runner::current_thread();
            entry.start(generation, Flying { owner, joinable: false, invalidated: false });
            entry.store(stamp);
            entry.publish(stamp);
            self.make_room();
            self.insert(entry.face());
        });
        for i in 0..self.flying.len() {
            let entry = self.flying[i];
            let mut is_crowded = false;
            self.filed(entry.hash(), |other| {
                other.mark_shared_hash();
                is_crowded = true;
            });
            if is_crowded {
                entry.mark_shared_hash();
            }
            self.make_room();
            self.insert(entry.face());
        }
        self.retire(None, Some(compact));
    }

    /// Keeps the memory of a few compact entries for those that follow a [clear](Self::clear). Nobody reads one.
    pub(crate) fn reuse_compact(&mut self) {
        if let Some(compact) = self.compact.as_mut().filter(|it| it.stored.len() <= Self::SMALL) {
            compact.stored.reuse();
        }
    }

    /// Lets all compact entries go.
    pub(super) fn clear_compact(&mut self) {
        let Some(compact) = &mut self.compact else { return };
        // A table for a deep recursion is given back.
        if let Some(flights) = &mut compact.flights {
            if flights.len == 0 && flights.room > Self::SMALL {
                *flights = FlightTable::default();
            }
        }
        if compact.stored.len() > 0 {
            let old = compact.stored.take();
            self.retire(None, Some(old));
        }
    }

    /// The flights that are in the table.
    pub(super) fn flying_in_table(&self) -> &[EntryRef] {
        if self.is_compact() { &[] } else { &self.flying }
    }

    #[cfg(debug_assertions)]
    pub(super) fn check_compact(&self) {
        let Some(Compact { stored: compact, flights }) = &self.compact else { return };
        assert_eq!((self.stored, self.filed), (compact.len(), compact.len()));
        compact.for_each(|face| {
            let is_it = |it| (it == face).then_some(());
            let found = self.buckets().and_then(|buckets| buckets.find(face.hash(), is_it));
            assert!(found.is_some(), "a compact entry is in the table");
        });
        for (entry, slot) in self.flying.iter().zip(0..) {
            assert!(entry.is_flying() && entry.slot() == slot);
            if flights.is_some() {
                let (mut is_found, mut found) = (false, 0);
                self.filed(entry.hash(), |it| {
                    (is_found, found) = (is_found || it == *entry, found + 1);
                });
                assert_eq!((is_found, found), (true, 1), "a flight has its hash to itself");
                assert!(!self.has_compact(entry.hash()), "a flight has its hash to itself");
            }
        }
        assert!(flights.as_ref().is_none_or(|it| it.len == self.flying.len()));
    }
}
