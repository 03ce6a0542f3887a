//! Sends the look-ups of the whole process to the lock.
//!
//! A look-up without the lock asks nobody for leave, and so it costs nothing that it might have to. In a detour it finds
//! nothing, and the call goes on to the lock, where other rules may apply. In shared scope the
//! [readers](crate::scope::hazard::hide) of all threads are hidden. In thread scope a cache shows no table.
//!
//! It knows tables and readers. It must not know what a detour is for.

use crate::base::sync::AtomicPtr;
use crate::scope::hazard;
use crate::store::table::Table;
use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether there is a detour.
static IS_ON: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State { reasons: 0, tables: BTreeMap::new() });

struct State {
    /// How many detours there are. They overlap in any way.
    reasons: usize,
    /// Where the caches of single threads show their tables, by address.
    tables: BTreeMap<usize, Shown>,
}

/// A table that a look-up without the lock finds. The drop of its cache takes it off the list before it does anything else.
struct Shown(*const AtomicPtr<Table>);

#[expect(unsafe_code, reason = "the cache belongs to a thread")]
// SAFETY: it points at an atomic, and is used under the lock of the list alone.
unsafe impl Send for Shown {}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is a detour.
#[inline]
pub(crate) fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

/// Begins a detour. It is in force for each look-up that starts after this has returned.
pub(crate) fn begin() {
    let mut state = state();
    state.reasons += 1;
    if state.reasons > 1 {
        return;
    }
    IS_ON.store(true, SeqCst);
    hazard::hide(true);
    // Pairs with the fence of `show`.
    fence(SeqCst);
    for Shown(table) in state.tables.values() {
        #[expect(unsafe_code, reason = "the cache belongs to another thread")]
        // SAFETY: it is on the list, so its owner is alive, and it cannot leave the list while the lock is held.
        unsafe { &**table }.store(null_mut(), Relaxed);
    }
}

/// Ends a detour. A cache of a thread shows its table again at the next call.
pub(crate) fn end() {
    let mut state = state();
    state.reasons -= 1;
    if state.reasons == 0 {
        hazard::hide(false);
        IS_ON.store(false, Relaxed);
    }
}

/// Adds the table of a thread's cache to those that a detour hides. It stays where it is until it is
/// [removed](forget).
pub(crate) fn list(shown: &AtomicPtr<Table>) {
    let table = Shown(shown);
    state().tables.insert(std::ptr::from_ref(shown).addr(), table);
}

/// Takes a table off the list.
pub(crate) fn forget(shown: &AtomicPtr<Table>) {
    state().tables.remove(&std::ptr::from_ref(shown).addr());
}

/// The thread of a cache shows a table. If a detour has begun meanwhile, it does not.
pub(crate) fn show(shown: &AtomicPtr<Table>, table: *mut Table) {
    shown.store(table, Relaxed);
    // Either `begin` comes to this table after the store, or this thread sees the detour.
    fence(SeqCst);
    if is_on() {
        shown.store(null_mut(), Relaxed);
    }
}
