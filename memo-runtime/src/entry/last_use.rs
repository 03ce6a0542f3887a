//! When an entry was last used, in a cache with a time to idle.
//!
//! Only the entries of such caches have a last use: it follows the entry in its memory, and others are not made larger by
//! it. Hits write it without the lock.

use crate::base::clock::Time;
use crate::base::sync::{AtomicU64, Ordering::Relaxed};
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::EntryType;
use crate::scope::scope::Scope;
use std::num::NonZero;
// Used under the lock: the models need not explore it.
use std::sync::atomic::AtomicU64 as Guarded;
use std::time::Duration;

/// An entry that has a last use.
#[repr(C)]
pub(super) struct WithLastUse<E> {
    entry: E,
    pub(super) last_use: LastUse,
}

/// The last use of an entry. Times are in nanoseconds.
#[derive(Debug)]
pub(crate) struct LastUse {
    /// The time of the last use. It only grows.
    used: AtomicU64,
    /// The end of the idle life as the queue of deadlines knows it. It may be too early. Used under the lock.
    filed_end: Guarded,
}

/// How long entries live that no call uses, and where their last use is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdleLife {
    /// In nanoseconds.
    tti: u64,
    /// The offset in an entry.
    at: NonZero<usize>,
}

impl IdleLife {
    /// `None` if entries of this type have no last use.
    ///
    /// # Safety
    ///
    /// The result is used with entries of this type only, and with each of them after its idle life has
    /// [begun](Self::begin).
    #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
    pub(crate) unsafe fn new(types: &EntryType, tti: Duration) -> Option<Self> {
        let tti = u64::try_from(tti.as_nanos()).unwrap_or(u64::MAX);
        types.last_use_at.map(|at| Self { tti, at })
    }

    /// For the entries that [`EntryPtr::with_last_use`](crate::entry::entry::EntryPtr::with_last_use) makes.
    #[cfg(test)]
    pub(crate) fn of_tests(tti: Duration) -> Self {
        use crate::entry::entry::Entry;
        #[expect(unsafe_code, reason = "an `EntryRef` has no types")]
        // SAFETY: tests use it with these entries, once they are in a queue.
        unsafe { Self::new(Entry::<(), u8>::TYPE_WITH_LAST_USE, tti) }
            .expect("these entries have a last use")
    }

    fn pointer(self, entry: EntryRef) -> *mut LastUse {
        entry.as_ptr().wrapping_byte_add(self.at.get()).cast()
    }

    /// `'e` is the life of the entry.
    fn last_use<'e>(self, entry: EntryRef) -> &'e LastUse {
        #[expect(unsafe_code, reason = "an entry is known by the offsets in it")]
        // SAFETY: the maker of `self` has promised that the entry has a last use there, and that it was written. The maker
        // of the `EntryRef` has promised that the entry is alive. All callers are in this file, and drop the result at once.
        unsafe {
            &*self.pointer(entry)
        }
    }

    fn end_of(self, used: u64) -> Time {
        Time::from_nanos(used.saturating_add(self.tti))
    }

    /// The idle life of an entry begins, which no look-up without the lock has found yet.
    pub(crate) fn begin(self, entry: EntryRef, now: Time) {
        let used = now.nanos();
        let begun = LastUse { used: AtomicU64::new(used), filed_end: Guarded::new(used) };
        #[expect(unsafe_code, reason = "an entry is known by the offsets in it")]
        // SAFETY: the maker of `self` has promised that there is room for it. Nobody reads it meanwhile: the caller has the
        // lock, and others find the entry after it is published.
        unsafe {
            self.pointer(entry).write(begun);
        }
    }

    /// The end of the entry's idle life, unless a call uses it before.
    pub(crate) fn end(self, entry: EntryRef) -> Time {
        self.end_of(self.last_use(entry).used.load(Relaxed))
    }

    /// Whether no call has used the entry for too long.
    pub(crate) fn is_over(self, entry: EntryRef, now: Time) -> bool {
        self.end(entry).has_passed(now)
    }

    /// Notes a use, unless the idle life is over. Returns whether it is not.
    pub(crate) fn extend<S: Scope>(self, entry: EntryRef, now: Time) -> bool {
        let LastUse { used, .. } = self.last_use(entry);
        let last = used.load(Relaxed);
        if self.end_of(last).has_passed(now) {
            return false;
        }
        if last < now.nanos() {
            if S::SHARED {
                // Not a store: another thread may have read the clock later and come here before.
                used.fetch_max(now.nanos(), Relaxed);
            } else {
                used.store(now.nanos(), Relaxed);
            }
        }
        true
    }

    /// The end of the idle life that the queue of deadlines knows.
    #[cfg(debug_assertions)]
    pub(crate) fn filed_end(self, entry: EntryRef) -> Time {
        Time::from_nanos(self.last_use(entry).filed_end.load(Relaxed))
    }

    /// Tells the queue of deadlines the end of the idle life, or `earliest` if that is later.
    pub(crate) fn file(self, entry: EntryRef, earliest: Time) -> Time {
        let end = self.end(entry).max(earliest);
        self.last_use(entry).filed_end.store(end.nanos(), Relaxed);
        end
    }
}
