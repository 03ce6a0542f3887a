//! What was taken out of a cache, and may be read still.
//!
//! Most dead entries never come here: while one thread alone uses a cache, or nobody reads it, they are
//! dropped at once. Otherwise the announcements of all readers are looked at.
//!
//! - Readers of entries that own something take a real fence, so that looking needs no system call. Such an
//!   entry is dropped at once, unless a reader has announced it.
//! - Readers of plain entries, which are but memory, take none. So looking needs a heavy fence, and plain entries
//!   wait for it in batches of 64 KiB at most.
//!
//! A reader that is found reading a dead entry is told so, and looks again when it is done. So what lingers are
//! the entries that calls read at that moment, and a few more while a thread is in the middle of a walk.

use crate::base::sync::yield_now;
use crate::entry::entry::Entry;
use crate::entry::header::EntryRef;
use crate::scope::hazard::Hazards::{Entries, Table, Unknown};
use crate::scope::readers::Readers;
use crate::scope::scope::{Lock, Scope};
use crate::store::table::OwnedTable;

pub(crate) struct RetireList<S: Scope> {
    waiting: S::Lock<Waiting>,
    /// Dropping an entry runs no code of users.
    plain: bool,
    /// How many entries wait for each other.
    batch: usize,
    release: Release,
}

/// Drops an owner of an entry, whose types it knows.
pub(crate) type Release = unsafe fn(EntryRef);

struct Waiting {
    entries: Vec<Retired>,
    tables: Vec<OwnedTable>,
}

/// An owner of an entry that was taken out, or that others may have taken out.
#[derive(Debug)]
pub(crate) struct Retired {
    place: EntryRef,
    release: Release,
}

impl Retired {
    pub(crate) fn place(&self) -> EntryRef {
        self.place
    }

    /// The owner that is kept as a place alone.
    pub(crate) fn into_place(self) -> EntryRef {
        std::mem::ManuallyDrop::new(self).place
    }
}

impl Drop for Retired {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "a place has no type")]
        // SAFETY: this is an owner, as `RetireList::dead` demands, of an entry of the retired's types.
        unsafe {
            (self.release)(self.place);
        }
    }
}

impl<S: Scope> RetireList<S> {
    /// How many more dead entries may linger while others walk through the tables.
    const LINGERING: usize = 16;

    /// How often others are let pass for that. In a forked process, a walk may never end.
    const PATIENCE: usize = 10_000;

    /// For entries of keys `K` and values `V`, which are released like this.
    pub(crate) fn of<K, V>(release: Release) -> Self {
        const MOST: usize = 512;
        let plain = Entry::<K, V>::IS_PLAIN;
        let size = size_of::<Entry<K, V>>();
        let batch = if plain { ((64 << 10) / size).clamp(1, MOST) } else { 1 };
        let waiting = S::Lock::new(Waiting { entries: Vec::new(), tables: Vec::new() });
        Self { waiting, plain, batch, release }
    }

    /// An owner, which the store no longer is, or which was counted for this.
    pub(crate) fn dead(&self, place: EntryRef) -> Retired {
        Retired { place, release: self.release }
    }

    /// Drops entries that were taken out of this cache, now or when nobody reads them any longer. Nothing
    /// is locked.
    #[inline]
    pub(crate) fn discard(
        &self,
        dead: impl Iterator<Item = Retired>,
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
        let first = dead.next();
        if dead.peek().is_some() {
            self.discard_all(first.into_iter().chain(dead).collect(), cache, readers);
        } else if let Some(only) = first {
            self.discard_one(only, cache, readers);
        }
    }

    /// An entry that owns something is dropped at once if nobody reads it, which is nearly always so.
    #[cold]
    fn discard_one(&self, dead: Retired, cache: usize, readers: &S::Readers) {
        if !readers.is_unprotected(cache, &[dead.place.addr()]) {
            self.discard_later(vec![dead], cache, readers);
        }
    }

    #[cold]
    fn discard_all(&self, dead: Vec<Retired>, cache: usize, readers: &S::Readers) {
        let addresses: Vec<_> = dead.iter().map(|dead| dead.place.addr()).collect();
        if !readers.is_unprotected(cache, &addresses) {
            self.discard_later(dead, cache, readers);
        }
    }

    #[cold]
    fn discard_later(&self, dead: Vec<Retired>, cache: usize, readers: &S::Readers) {
        let waiting = self.waiting.with(|waiting| {
            waiting.entries.extend(dead);
            waiting.entries.len()
        });
        if waiting >= self.batch {
            // Whoever walks runs no code of users, and is soon done, or else the system has put it aside
            // for a while: no longer than it would keep others waiting for a lock it holds.
            for _ in 0..Self::PATIENCE {
                if self.reclaim(cache, readers) <= self.batch + Self::LINGERING {
                    break;
                }
                yield_now();
            }
        }
    }

    /// The same of tables.
    pub(crate) fn discard_tables(&self, dead: Vec<OwnedTable>, cache: usize, readers: &S::Readers) {
        // Entries that wait here are left alone: dropping them might panic.
        drop(self.waiting.with(|waiting| {
            waiting.tables.extend(dead);
            let unread = || matches!(readers.scan(cache, self.plain, &[]), Entries(_));
            let dropped =
                if readers.has_no_readers() || unread() { waiting.tables.len() } else { 0 };
            waiting.tables.drain(..dropped).collect::<Vec<_>>()
        }));
    }

    /// Drops what nobody reads any longer. Returns how many entries wait for a walk to end.
    #[cold]
    pub(crate) fn reclaim(&self, cache: usize, readers: &S::Readers) -> usize {
        // All under the lock: who ends meanwhile, and comes because it was wanted, has to find what is
        // kept. What is not is dropped after it.
        let (walked, _dropped) = self.waiting.with(|Waiting { entries, tables }| {
            if entries.is_empty() && tables.is_empty() || readers.has_no_readers() {
                return (0, (std::mem::take(entries), std::mem::take(tables)));
            }
            let addresses: Vec<_> = entries.iter().map(|entry| entry.place.addr()).collect();
            let read = readers.scan(cache, self.plain, &addresses);
            let (kept, dropped) = std::mem::take(entries)
                .into_iter()
                .partition(|entry| read.protect(entry.place.addr()));
            *entries = kept;
            match read {
                Entries(_) => (0, (dropped, std::mem::take(tables))),
                Table => (entries.len(), (dropped, Vec::new())),
                Unknown => (0, (dropped, Vec::new())),
            }
        });
        walked
    }
}
