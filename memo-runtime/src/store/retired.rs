//! Entries and tables that were taken out of a cache, and that readers may still use.
//!
//! Most entries never wait here. They are dropped at once while one thread alone uses the cache, or nobody reads it.
//! Otherwise the hazards of all readers are scanned:
//!
//! - A reader of entries that own something takes a real fence, so a scan needs no system call. Such an entry is
//!   dropped at once, unless a reader protects it.
//! - A reader of plain entries, which own nothing, takes no fence. So a scan needs a heavy one, and plain entries
//!   wait for it in batches of 64 KiB at most. Those that make room for others are [gathered](RetireList::gathers) first.
//!
//! A scan that finds an entry protected asks its reader to reclaim, and the reader does so when it is done. So the
//! entries that linger are those that calls read at that moment, and a few more while a thread searches the tables.
//!
//! This file knows owners of entries and who reads. It must not know keys, values or where entries were filed.

use crate::base::sync::yield_now;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::entry::spare;
use crate::scope::hazard::Hazards::Table;
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::store::Replaced;

/// The retired entries and tables of one cache.
pub(crate) struct RetireList<S: Scope> {
    waiting: S::Lock<Waiting<S>>,
    /// The drop of an entry runs no user code.
    plain: bool,
    /// How many entries gather before a scan.
    batch: usize,
    types: &'static EntryType,
}

struct Waiting<S: Scope> {
    entries: Vec<EntryPtr<S>>,
    replaced: Replaced,
}

impl<S: Scope> RetireList<S> {
    /// How many more entries than a batch may linger while threads search the tables.
    const LINGERING: usize = 16;

    /// How often a thread yields until the searches have ended. In a forked process a search may never end.
    const PATIENCE: usize = 10_000;

    /// For entries of this type.
    pub(crate) fn new(types: &'static EntryType) -> Self {
        // The thread that fills a batch keeps its memory, if the entries are small.
        let batch =
            if types.is_plain { ((64 << 10) / types.size()).clamp(1, spare::MOST) } else { 1 };
        let waiting = S::Lock::new(Waiting { entries: Vec::new(), replaced: Replaced::default() });
        Self { waiting, plain: types.is_plain, batch, types }
    }

    /// The type of the entries.
    pub(crate) fn types(&self) -> &'static EntryType {
        self.types
    }

    /// Whether entries that are evicted while several threads use the cache are gathered into a batch, before they come here.
    pub(crate) fn gathers(&self) -> bool {
        self.plain
    }

    /// How many of them make a batch.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// Takes over an ownership: the store no longer owns the entry, or one more owner was counted.
    pub(crate) fn adopt(&self, entry: EntryRef) -> EntryPtr<S> {
        #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
        // SAFETY: the entries of a cache are of its type, and the caller gives an ownership away.
        unsafe {
            EntryPtr::from_ref(entry, self.types)
        }
    }

    /// Drops entries that were taken out of this cache, now or when nobody reads them any longer. The caller holds
    /// no lock.
    #[inline]
    pub(crate) fn discard(
        &self,
        dead: impl Iterator<Item = EntryPtr<S>>,
        cache: usize,
        readers: &S::Readers,
    ) {
        let mut dead = dead.peekable();
        if dead.peek().is_none() || readers.has_no_readers() {
            return dead.for_each(drop);
        }
        if self.plain {
            return self.discard_later(dead.collect(), cache, readers);
        }
        self.discard_all(dead.collect(), cache, readers);
    }

    /// Whether nobody reads an entry that was taken out of this cache, as far as that is known at once: about a plain entry it
    /// may not be.
    #[inline]
    pub(crate) fn is_unread(&self, dead: EntryRef, cache: usize, readers: &S::Readers) -> bool {
        let address = dead.addr();
        readers.has_no_readers() || !self.plain && readers.is_unprotected(cache, |it| it == address)
    }

    #[cold]
    fn discard_all(&self, dead: Vec<EntryPtr<S>>, cache: usize, readers: &S::Readers) {
        let addresses: Vec<_> = dead.iter().map(|dead| dead.addr()).collect();
        if !readers.is_unprotected(cache, |it| addresses.contains(&it)) {
            self.discard_later(dead, cache, readers);
        }
    }

    #[cold]
    fn discard_later(&self, dead: Vec<EntryPtr<S>>, cache: usize, readers: &S::Readers) {
        drop(self.retire(dead, cache, readers));
    }

    /// Keeps entries that were taken out of this cache until nobody reads them. Returns those that nobody reads, if there are
    /// enough to look for them.
    #[cold]
    pub(crate) fn retire(
        &self,
        dead: Vec<EntryPtr<S>>,
        cache: usize,
        readers: &S::Readers,
    ) -> Vec<EntryPtr<S>> {
        let waiting = self.waiting.with(|waiting| {
            waiting.entries.extend(dead);
            waiting.entries.len()
        });
        let mut unread = Vec::new();
        if waiting >= self.batch {
            // A search runs no user code, and soon ends. If the system suspends the thread meanwhile, that takes no
            // longer than if the thread held a lock.
            for _ in 0..Self::PATIENCE {
                let (searched, found) = self.take_unread(cache, readers);
                unread.extend(found);
                if searched <= self.batch + Self::LINGERING {
                    break;
                }
                yield_now();
            }
        }
        unread
    }

    /// Drops what was replaced, now or when nobody reads it any longer.
    pub(crate) fn discard_replaced(&self, dead: Replaced, cache: usize, readers: &S::Readers) {
        // It leaves the entries that wait alone: their drop might panic.
        drop(self.waiting.with(|Waiting { replaced, .. }| {
            replaced.tables.extend(dead.tables);
            replaced.compact.extend(dead.compact);
            if readers.has_no_readers() {
                return std::mem::take(replaced);
            }
            let read = readers.scan(cache, self.plain, |it| replaced.holds(it));
            replaced.take_unread(&read)
        }));
    }

    /// Drops what nobody reads any longer.
    #[cold]
    pub(crate) fn reclaim(&self, cache: usize, readers: &S::Readers) {
        drop(self.take_unread(cache, readers));
    }

    /// Takes out what nobody reads any longer. Drops tables, and returns entries. Also returns how many entries wait for a
    /// search to end.
    fn take_unread(&self, cache: usize, readers: &S::Readers) -> (usize, Vec<EntryPtr<S>>) {
        // The scan is under the lock. A reader that it asks to reclaim may end at once and come here: it must find the
        // entries that are kept. The others are dropped after the lock is released.
        let (searched, unread, _replaced) = self.waiting.with(|Waiting { entries, replaced }| {
            if readers.has_no_readers() {
                return (0, std::mem::take(entries), std::mem::take(replaced));
            }
            if entries.is_empty() && replaced.is_empty() {
                return (0, Vec::new(), Replaced::default());
            }
            let addresses: Vec<_> = entries.iter().map(|retired| retired.addr()).collect();
            let is_retired = |it| addresses.contains(&it) || replaced.holds(it);
            let read = readers.scan(cache, self.plain, is_retired);
            let (kept, unread) = std::mem::take(entries)
                .into_iter()
                .partition(|retired| read.protect(retired.addr()));
            *entries = kept;
            let searched = if matches!(read, Table) { entries.len() } else { 0 };
            (searched, unread, replaced.take_unread(&read))
        });
        (searched, unread)
    }
}
