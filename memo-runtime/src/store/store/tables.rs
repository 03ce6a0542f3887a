//! The tables of a store: how they grow, shrink and are replaced.

use super::Store;
use crate::entry::compact::CompactEntries;
use crate::scope::hazard::Hazards;
use crate::store::table::{Buckets, OwnedTable};

/// Tables and compact entries that were replaced.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    pub(in crate::store) tables: Vec<OwnedTable>,
    pub(in crate::store) compact: Vec<CompactEntries>,
}

impl Replaced {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.compact.is_empty()
    }

    /// Whether one of the compact entries has this address.
    pub(in crate::store) fn holds(&self, address: usize) -> bool {
        self.compact.iter().any(|compact| compact.holds(address))
    }

    /// Takes out what nobody reads. A reader that has found its entry reads no table any longer.
    pub(in crate::store) fn take_unread(&mut self, read: &Hazards) -> Self {
        let Hazards::Entries(read) = read else { return Self::default() };
        let (kept, compact) = std::mem::take(&mut self.compact)
            .into_iter()
            .partition(|compact| read.iter().any(|address| compact.holds(*address)));
        self.compact = kept;
        Self { tables: std::mem::take(&mut self.tables), compact }
    }
}

impl Store {
    /// Room for so few entries is not given back.
    const SLACK: usize = 64;

    /// The room of a table of 4 KiB.
    pub(in crate::store) const SMALL: usize = 224;

    /// All that was replaced. The caller drops it when nobody reads it.
    pub(crate) fn take_replaced(&mut self) -> Replaced {
        std::mem::take(&mut self.replaced)
    }

    /// Makes room for one more entry in the table.
    #[inline]
    pub(in crate::store) fn make_room(&mut self) {
        self.filed += 1;
        if self.filed > self.room {
            self.resize_table(self.filed);
        }
    }

    /// Makes the table and the queue smaller if they are much larger than needed.
    #[inline]
    pub(super) fn shrink(&mut self) {
        if self.filed >= self.least || self.is_draining {
            return;
        }
        self.freshness.shrink();
        if self.freshness.is_on() {
            self.rebuild_table();
        } else {
            self.resize_table(self.filed);
        }
    }

    /// Moves all that is filed to a table that fits. Either entries expire, or none is stored. It does not look through
    /// the old table, which may be large and nearly empty.
    #[cold]
    pub(super) fn rebuild_table(&mut self) {
        let old = self.table.take();
        self.replace_table(self.filed, |store, buckets| {
            store.freshness.for_each(|entry| buckets.insert(entry.face()));
            for entry in store.flying_in_table() {
                buckets.insert(entry.face());
            }
        });
        self.retire(old, None);
    }

    /// Moves all that is filed to a table that has room for so many entries.
    #[cold]
    fn resize_table(&mut self, room: usize) {
        let old = self.table.take();
        self.replace_table(room, |_, buckets| {
            if let Some(old) = &old {
                old.buckets().move_to(buckets);
            }
        });
        self.retire(old, None);
    }

    /// Keeps what was replaced until somebody [takes](Self::take_replaced) it.
    pub(in crate::store) fn retire(
        &mut self,
        table: Option<OwnedTable>,
        compact: Option<CompactEntries>,
    ) {
        self.replaced.tables.extend(table);
        self.replaced.compact.extend(compact);
    }

    /// Makes a table with at least so much room, and has `fill` fill it.
    pub(in crate::store) fn replace_table(
        &mut self,
        room: usize,
        fill: impl FnOnce(&Self, Buckets<'_>),
    ) {
        if room == 0 {
            (self.room, self.least) = (0, 0);
            return;
        }
        let table = OwnedTable::with_room_for(room);
        fill(self, table.buckets());
        self.room = table.buckets().room();
        self.least = (self.room / 8).saturating_sub(Self::SLACK / 8);
        self.table = Some(table);
    }
}
