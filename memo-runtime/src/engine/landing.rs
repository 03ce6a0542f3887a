//! How a computed value gets into its entry, and the entry into the store.
//!
//! A small value is made first and moved into its entry under the lock, which is then taken once. A large value
//! would need room on the stack for that. It is written in place: the entry is reserved under the lock, written without it,
//! and then stored under the lock.
//!
//! Only the run that owns a flight writes in place. Another run that lands the flight, a helper, first writes a large
//! value into memory of its own: if it reserved the entry and its `Clone` took long, the owner could not land.

use crate::base::stopwatch::Ran;
use crate::engine::core::{Computed, Core, EndedRun, Unread};
use crate::engine::engine::Engine;
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::entry::entry_type::NewValue;
use crate::scope::scope::Scope;
use std::ptr::NonNull;

/// Clones a value to this address. It is user code.
pub(crate) type WriteValue<'a> = dyn FnMut(NonNull<()>) + 'a;

impl<S: Scope> Engine<S> {
    /// Stores the value that `write` writes, if the flight of the entry is still under way. The flight is the
    /// caller's own, or that of another run.
    ///
    /// Returns false if the owner of the flight is about to land it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn land(
        &self,
        entry: &UnstoredEntry<S>,
        is_own: bool,
        run: &EndedRun<'_>,
        write: &mut WriteValue<'_>,
    ) -> bool {
        if is_own && self.types().is_large {
            self.land_in_place(entry, run, write);
            return true;
        }
        let mut value = NewValue::room(self.types());
        value.make(write);
        let mut is_settled = true;
        self.store(entry, run, &mut || {
            is_settled = set(entry, &mut value);
            is_settled
        });
        is_settled
    }

    /// [`land`](Self::land) for the own flight of a run, in a [compact](crate::store::compact) cache. Returns whether the
    /// value is stored. The entry is an empty shell then. If it is not stored, [`land`](Self::land) tells why.
    #[inline]
    pub(crate) fn land_compact(
        &self,
        entry: &EntryPtr<S>,
        ran: Ran,
        write: &mut WriteValue<'_>,
    ) -> bool {
        let mut value = NewValue::room(self.types());
        value.make(write);
        self.core.land_compact(entry.entry_ref(), ran, || {
            set(entry, &mut value);
        })
    }

    /// Writes the value in place, without the lock.
    #[cold]
    fn land_in_place(
        &self,
        entry: &UnstoredEntry<S>,
        run: &EndedRun<'_>,
        write: &mut WriteValue<'_>,
    ) {
        // If there is a value already, another run has landed the flight.
        if self.write(entry, write) {
            self.store(entry, run, &mut || {
                entry.mark_valued();
                true
            });
        }
    }

    /// Stores an entry, whose value `fill` sets under the lock.
    #[inline]
    fn store(&self, entry: &UnstoredEntry<S>, run: &EndedRun<'_>, fill: &mut dyn FnMut() -> bool) {
        let own = entry.entry_ref();
        let equals = self.equal_to(own);
        let computed = Computed { entry: own, stored: entry.stored(), equals: &equals, run };
        match self.core.land(&computed, fill) {
            Unread::None => {}
            Unread::One(evicted) => self.recycle([evicted]),
            Unread::Many(evicted) => self.recycle(evicted),
        }
    }

    /// Leaves a value to the waiters of a flight that has ended, and stores nothing.
    pub(crate) fn share(&self, entry: &EntryPtr<S>, write: &mut WriteValue<'_>) {
        if self.types().is_large {
            if self.write(entry, write) {
                self.core.with_lock(|| entry.mark_valued());
            }
        } else {
            let mut value = NewValue::room(self.types());
            value.make(write);
            self.core.with_lock(|| set(entry, &mut value));
        }
    }

    /// Writes the value of an entry in place, unless it has one or another run writes it. The caller then tells the
    /// header.
    fn write(&self, entry: &EntryPtr<S>, write: &mut WriteValue<'_>) -> bool {
        if !self.core.with_lock(|| entry.reserve()) {
            return false;
        }
        let reserved = Reserved { core: &self.core, entry: entry.entry_ref() };
        #[expect(unsafe_code, reason = "the entry is reserved")]
        // SAFETY: the entry is reserved for this, and has no value.
        unsafe {
            entry.write(write);
        }
        std::mem::forget(reserved);
        true
    }
}

/// Moves a value into its entry, under the lock. Returns false if the entry is reserved for another run.
fn set<S: Scope>(entry: &EntryPtr<S>, value: &mut NewValue) -> bool {
    if entry.is_reserved() {
        return false;
    }
    #[expect(unsafe_code, reason = "the lock is elsewhere")]
    // SAFETY: the core calls this with the lock held, and the entry is not reserved. The value was made for its type.
    unsafe {
        entry.set(value);
    }
    true
}

/// An entry that is reserved for a value. If `Clone` panics, it no longer is.
struct Reserved<'e, S: Scope> {
    core: &'e Core<S>,
    entry: EntryRef,
}

impl<S: Scope> Drop for Reserved<'_, S> {
    fn drop(&mut self) {
        self.core.with_lock(|| self.entry.unreserve());
    }
}
