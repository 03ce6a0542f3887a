//! How a computed value gets into its entry, and the entry into the store.
//!
//! A small value is made first and moved into its entry under the lock, which is then taken once. A large value
//! would need room on the stack for that. It is written in place: the entry is reserved under the lock, written without it,
//! and then stored under the lock.
//!
//! Only the run that owns a flight writes in place. Another run that lands the flight, a helper, moves its value
//! whatever its size: if it reserved the entry and its `Clone` took long, the owner could not land.

use crate::base::stopwatch::Ran;
use crate::engine::core::{Computed, Core};
use crate::engine::engine::{Engine, key};
use crate::entry::entry::{Entry, EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::scope::scope::Scope;

impl<K, V, S: Scope> Engine<K, V, S> {
    /// Stores the value that `value` makes, if the flight of the entry is still under way. The flight is the
    /// caller's own, or that of another run. The body `ran` for that long, if it was measured.
    ///
    /// Returns false if the owner of the flight is about to land it.
    pub(crate) fn land(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        is_own: bool,
        ran: Ran,
        value: impl FnOnce() -> V,
    ) -> bool {
        if !Entry::<K, V>::IS_LARGE {
            self.land_moved(entry, ran, value)
        } else if is_own {
            self.land_in_place(entry, ran, value);
            true
        } else {
            self.land_large_moved(entry, ran, value)
        }
    }

    /// Moves the value into its entry under the lock.
    #[inline]
    fn land_moved(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        ran: Ran,
        value: impl FnOnce() -> V,
    ) -> bool {
        let mut value = Some(value());
        let mut is_settled = true;
        self.store(entry, ran, &mut || {
            is_settled = set(entry, &mut value);
            is_settled
        });
        is_settled
    }

    /// [`land_moved`](Self::land_moved) of a large value. Out of line, since it needs room on the stack.
    #[cold]
    #[inline(never)]
    fn land_large_moved(
        &self,
        entry: &UnstoredEntry<K, V, S>,
        ran: Ran,
        value: impl FnOnce() -> V,
    ) -> bool {
        self.land_moved(entry, ran, value)
    }

    /// Writes the value in place, without the lock.
    #[inline(never)]
    fn land_in_place(&self, entry: &UnstoredEntry<K, V, S>, ran: Ran, value: impl FnOnce() -> V) {
        // If there is a value already, another run has landed the flight.
        let Some(written) = self.write(entry, value) else { return };
        self.store(entry, ran, &mut || {
            written.publish();
            true
        });
    }

    /// Stores an entry, whose value `fill` sets under the lock.
    #[inline]
    fn store(&self, entry: &UnstoredEntry<K, V, S>, ran: Ran, fill: &mut dyn FnMut() -> bool) {
        let equal = self.equal();
        let equals = |other: EntryRef| equal(key::<K, V>(&other), &entry.key);
        let computed =
            Computed { entry: entry.entry_ref(), taken: entry.taken(), equals: &equals, ran };
        if let Some(evicted) = self.core.land(&computed, fill) {
            self.recycle([evicted]);
        }
    }

    /// Leaves a value to the waiters of a flight that has ended, and stores nothing.
    pub(crate) fn share(&self, entry: &EntryPtr<K, V, S>, value: impl FnOnce() -> V) {
        if Entry::<K, V>::IS_LARGE {
            let written = self.write(entry, value);
            self.core.with_lock(|| written.iter().for_each(Written::publish));
        } else {
            self.share_moved(entry, value);
        }
    }

    /// Out of line, since it would need room on the stack where values are large.
    #[inline(never)]
    fn share_moved(&self, entry: &EntryPtr<K, V, S>, value: impl FnOnce() -> V) {
        let mut value = Some(value());
        self.core.with_lock(|| set(entry, &mut value));
    }

    /// Writes the value of an entry in place, unless it has one or another run writes it.
    fn write<'e>(
        &self,
        entry: &'e Entry<K, V>,
        value: impl FnOnce() -> V,
    ) -> Option<Written<'e, K, V>> {
        if !self.core.with_lock(|| entry.reserve()) {
            return None;
        }
        let reserved = Reserved { core: &self.core, entry };
        #[expect(unsafe_code, reason = "the entry is reserved")]
        // SAFETY: the entry is reserved for this, and has no value.
        unsafe {
            entry.write(value);
        }
        std::mem::forget(reserved);
        Some(Written(entry))
    }
}

/// Moves a value into its entry, under the lock. Returns false if the entry is reserved for another run.
fn set<K, V>(entry: &Entry<K, V>, value: &mut Option<V>) -> bool {
    if entry.is_reserved() {
        return false;
    }
    if let Some(it) = value.take() {
        #[expect(unsafe_code, reason = "the lock is elsewhere")]
        // SAFETY: the core calls this with the lock held, and the entry is not reserved.
        let superfluous = unsafe { entry.set(it) };
        *value = superfluous;
    }
    true
}

/// An entry that is reserved for a value. If `Clone` panics, it no longer is.
struct Reserved<'e, K, V, S: Scope> {
    core: &'e Core<S>,
    entry: &'e Entry<K, V>,
}

impl<K, V, S: Scope> Drop for Reserved<'_, K, V, S> {
    fn drop(&mut self) {
        self.core.with_lock(|| self.entry.unreserve());
    }
}

/// An entry whose value is written in place, and not yet published.
struct Written<'e, K, V>(&'e Entry<K, V>);

impl<K, V> Written<'_, K, V> {
    /// Tells the header that there is a value. Under the lock.
    fn publish(&self) {
        self.0.mark_valued();
    }
}
