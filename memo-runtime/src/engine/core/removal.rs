//! Entries that are taken out, or that no longer answer: one, or all with a tag.
//!
//! Runs of their keys that are under way are not stored.

use super::{Core, Equals};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::engine::state::State;
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::scope::scope::Scope;
use crate::store::cause::EvictionCause;
use crate::store::store::TakenOut;

impl<S: Scope> Core<S> {
    /// Takes an entry out, and keeps runs under way from storing it again. The caller owns the entry. It has
    /// one more owner, which is discarded.
    pub(crate) fn remove(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut removed = None;
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            State::invalidate(equal);
            found = state.stored_unexpired(equal, now);
            removed = state.take_out_stored(equal, now);
            found.inspect(|entry| entry.retain::<S>());
        });
        self.release_but(removed, found)
    }

    /// Releases what has left the store, if anything has. Passes an entry on that the caller owns: also if user code
    /// panics, it has an owner.
    fn release_but(&self, removed: Option<TakenOut>, kept: Option<EntryRef>) -> Option<EntryRef> {
        let kept = kept.map(|entry| self.retired.adopt(entry));
        self.release(removed.into_iter().collect());
        kept.map(EntryPtr::into_ref)
    }

    /// Ends the time in which an entry answers, and keeps runs under way from being stored. It answers once more and is then
    /// renewed, or is kept for calls that fail, or is taken out: as the cache says. The caller owns the entry. If that is
    /// taken out, it has one more owner, which is discarded.
    pub(crate) fn expire(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let (mut found, mut removed) = (None, None);
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            State::invalidate(equal);
            found = state.stored_unexpired(equal, now);
            let Some(entry) = found else { return };
            entry.retain::<S>();
            removed = self.end_answering(state, entry, now);
        });
        self.release_but(removed, found)
    }

    /// An entry that answers is due now, kept for calls that fail, or taken out.
    pub(super) fn end_answering(
        &self,
        state: &mut State,
        entry: EntryRef,
        now: Time,
    ) -> Option<TakenOut> {
        if self.refreshes {
            state.store.make_due(entry);
        } else if self.keeps {
            state.store.end_answering(entry, now);
        } else {
            return Some((entry, state.take_out(entry, now, EvictionCause::Removed)));
        }
        None
    }

    /// Takes this very entry out, if it is still stored, and keeps runs of its key that are under way from being
    /// stored. Returns the entry that is stored in its place; the caller owns it.
    pub(crate) fn remove_entry(&self, entry: EntryRef, equals: &Equals<'_>) -> Option<EntryRef> {
        let own = FlightId { entry, generation: entry.generation() };
        let (mut removed, mut replacement) = (None, None);
        self.resolve_keys(entry.hash(), equals, Some(own), &mut |state, now, equal| {
            State::invalidate(equal);
            if entry.is_stored() {
                removed = Some((entry, state.take_out(entry, now, EvictionCause::Removed)));
            } else {
                replacement = state.stored_unexpired(equal, now);
                replacement.inspect(|entry| entry.retain::<S>());
            }
        });
        self.release_but(removed, replacement)
    }

    /// Takes this very entry out if it is stored. If it is under way, its value will not be stored.
    pub(crate) fn forget(&self, entry: EntryRef) {
        let now = self.sweep_some();
        let removed = self.locked(|state| {
            entry.invalidate();
            let is_stored = entry.is_stored();
            is_stored.then(|| (entry, state.take_out(entry, now, EvictionCause::Removed)))
        });
        self.release(removed.into_iter().collect());
    }

    /// Takes out the entries with this tag, and keeps those under way from being stored. Returns how many they were.
    ///
    /// All of that happens under one lock. The entries are dropped after it.
    pub(crate) fn invalidate_tag(&self, tag: &str) -> usize {
        let now = self.expiry.now();
        let mut dead = SmallList::new();
        let invalidated = self.locked(|state| state.invalidate_tag(tag, now, &mut dead));
        self.release(dead);
        invalidated
    }

    /// Ends the time in which the entries with this tag answer, and keeps those under way from being stored: see
    /// [`expire`](Self::expire). Returns how many results are outdated by that.
    pub(crate) fn expire_tag(&self, tag: &str) -> usize {
        let now = self.expiry.now();
        let (mut expired, mut dead) = (0, SmallList::new());
        self.locked(|state| {
            for entry in state.store.tagged(tag) {
                if entry.is_stored() {
                    if state.store.stage(entry, now).answers() {
                        expired += 1;
                        self.end_answering(state, entry, now).inspect(|it| dead.push(*it));
                    }
                } else {
                    expired += usize::from(!entry.is_invalidated());
                    entry.invalidate();
                }
            }
        });
        self.release(dead);
        expired
    }
}
