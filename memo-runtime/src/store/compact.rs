//! A store whose entries have no headers.
//!
//! A cache of one thread that evicts nothing and whose entries do not expire needs nothing that stands in a header. A
//! dynamic programme fills such a cache with a million small entries. So what is stored there is moved out of its entry into
//! [compact entries](CompactEntries), and the table points at those. A run has a whole entry until it lands.
//!
//! Look-ups without the lock read faces, keys and values, and see no difference. Nothing else can use a compact store. Before
//! anything else is done, the store is [expanded](Store::expand): every entry gets a header, and the store is as any other
//! from then on, until it is cleared.

use crate::entry::compact::CompactEntries;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::entry::header::{Flying, Stamp};
use crate::scope::runners::Runner;
use crate::scope::scope::Thread;
use crate::store::store::Store;

impl Store {
    /// Makes a store compact, if entries of this type can be, it has no limit and had none, and nothing is filed.
    pub(crate) fn make_compact(&mut self, types: &'static EntryType) {
        if self.compact.is_none() && self.is_unlimited() && self.filed == 0 {
            self.compact = CompactEntries::new(types);
        }
    }

    #[inline]
    pub(crate) fn is_compact(&self) -> bool {
        self.compact.is_some()
    }

    /// Whether the entry of a flight can be [packed](Self::pack): nothing is stored under its hash, and it has no tags.
    #[inline]
    pub(crate) fn can_pack(&self, entry: EntryRef) -> bool {
        self.is_free(entry.hash()) && self.tags_of(entry).is_empty()
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
        // plain, and so uses neither key nor value.
        let face = unsafe { compact.push(entry) };
        face.show();
        self.insert(face);
        self.stored += 1;
    }

    /// Gives every entry a header. `next` gives generations and stamps, each later than all before.
    #[cold]
    pub(crate) fn expand(&mut self, mut next: impl FnMut() -> (u64, Stamp)) {
        let Some(compact) = self.compact.take() else { return };
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
        if let Some(compact) = self.compact.as_mut().filter(|it| it.len() <= Self::SMALL) {
            compact.reuse();
        }
    }

    /// Lets all compact entries go.
    pub(super) fn clear_compact(&mut self) {
        if let Some(compact) = self.compact.take_if(|it| it.len() > 0) {
            self.compact = CompactEntries::new(compact.types());
            self.retire(None, Some(compact));
        }
    }

    /// The flights that are in the table.
    pub(super) fn flying_in_table(&self) -> &[EntryRef] {
        if self.is_compact() { &[] } else { &self.flying }
    }

    #[cfg(debug_assertions)]
    pub(super) fn check_compact(&self) {
        let Some(compact) = &self.compact else { return };
        assert_eq!((self.stored, self.filed), (compact.len(), compact.len()));
        compact.for_each(|face| {
            let is_it = |it| (it == face).then_some(());
            let found = self.buckets().and_then(|buckets| buckets.find(face.hash(), is_it));
            assert!(found.is_some(), "a compact entry is in the table");
        });
        for (entry, slot) in self.flying.iter().zip(0..) {
            assert!(entry.is_flying() && entry.slot() == slot);
        }
    }
}
