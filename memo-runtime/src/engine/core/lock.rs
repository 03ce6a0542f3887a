//! The lock of a cache: sweeps before it, keys that are compared without it, and all that look-ups see after it.

use super::{Act, Core, Equals};
use crate::base::catch_panic::FirstPanic;
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::sync::Ordering::{Relaxed, Release as Published};
use crate::engine::detour;
use crate::engine::state::{KeyMatches, State};
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::scope::scope::{Lock, Scope};
use std::ptr::null_mut;

impl<S: Scope> Core<S> {
    /// Acts under the lock once it is known which entries filed under `hash` have the key.
    ///
    /// `equals` is user code, and runs without the lock: all entries of the hash get one more owner, their keys
    /// are compared, and the lock is taken again. If an entry was filed meanwhile, that is compared too. The entry
    /// of the `own` flight has the key.
    pub(super) fn resolve_keys(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        self.resolve_keys_at(self.sweep_some(), hash, equals, own, act);
    }

    /// [`resolve_keys`](Self::resolve_keys) after a sweep at this time.
    pub(super) fn resolve_keys_at(
        &self,
        now: Time,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        act: &mut Act<'_>,
    ) {
        self.resolve(now, hash, equals, own, Self::expand_for_hash, act);
    }

    /// [`resolve_keys_at`](Self::resolve_keys_at), where `prepare` is called first if the store is
    /// [compact](crate::store::compact). It may expand it. If it returns `false`, this does nothing, and returns that.
    pub(super) fn resolve(
        &self,
        now: Time,
        hash: u64,
        equals: &Equals<'_>,
        own: Option<FlightId>,
        prepare: fn(&Self, &mut State, u64) -> bool,
        act: &mut Act<'_>,
    ) -> bool {
        let mut matches = KeyMatches::with(own.map(|id| id.generation));
        loop {
            let (mut unmatched, mut generations) = (SmallList::new(), 0);
            let mut is_prepared = true;
            self.locked_as_is(|state| {
                if state.store.is_compact() {
                    is_prepared = prepare(self, state, hash);
                    if !is_prepared {
                        return;
                    }
                }
                let mut equal = SmallList::new();
                state.split_by_key(hash, &matches, &mut equal, |entry| {
                    unmatched.push(self.retain(entry));
                });
                generations = state.generations();
                if unmatched.is_empty() {
                    act(state, now, &mut equal);
                }
            });
            if unmatched.is_empty() {
                return is_prepared;
            }
            for owner in unmatched {
                matches.push(owner.generation(), equals(owner.face()));
            }
            matches.until(generations);
        }
    }

    /// All entries that are filed under a hash.
    pub(crate) fn of_hash(&self, hash: u64) -> Vec<EntryPtr<S>> {
        let mut entries = Vec::new();
        self.locked(|state| {
            state.split_by_key(hash, &KeyMatches::with(None), &mut SmallList::new(), |entry| {
                entries.push(self.retain(entry));
            });
        });
        entries
    }

    /// One more owner of a filed entry.
    pub(super) fn retain(&self, entry: EntryRef) -> EntryPtr<S> {
        entry.retain::<S>();
        self.retired.adopt(entry)
    }

    /// Does something under the lock that changes nothing of the state.
    pub(crate) fn with_lock<R>(&self, act: impl FnOnce() -> R) -> R {
        self.state.0.with(|_| act())
    }

    /// The generations of all computations so far are up to this.
    pub(crate) fn generations(&self) -> u64 {
        self.state.0.with(|state| state.generations())
    }

    /// Whether the store is [compact](crate::store::compact). Without the lock, that is a hint.
    #[inline]
    pub(crate) fn is_compact(&self) -> bool {
        self.is_compact.load(Relaxed)
    }

    /// How many runs are under way.
    pub(crate) fn flights_under_way(&self) -> usize {
        self.state.0.with(|state| state.store.flying())
    }

    /// Drops all entries. Nobody uses the cache any longer. The end of a cache is no eviction: the listener is not told.
    pub(crate) fn close(&mut self) {
        let (stored, gathered) =
            self.state.0.with(|state| (state.store.clear(), std::mem::take(&mut state.gathered)));
        let dead = stored.map(|(entry, _)| entry).chain(gathered);
        drop(dead.map(|entry| self.retired.adopt(entry)).collect::<Vec<_>>());
    }

    /// Reads the state once all that has expired is taken out. This is for questions about the whole cache: a call
    /// takes out a few entries and no more.
    ///
    /// Nothing is dropped after `read`, so that a `Drop` that panics loses no result.
    pub(super) fn sweep_then_read(&self, read: impl FnOnce(&State, Time)) {
        let now = self.sweep_all();
        self.locked(|state| read(state, now));
    }

    /// Takes out all that has expired, and tells the time.
    pub(super) fn sweep_all(&self) -> Time {
        let now = self.expiry.now();
        while self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        now
    }

    /// Takes out some of what has expired, and tells the time.
    #[inline]
    pub(super) fn sweep_some(&self) -> Time {
        let now = self.expiry.now();
        if self.expiry.is_due_at(now) {
            self.remove_some_expired(now);
        }
        now
    }

    /// [`sweep_some`](Self::sweep_some) for a caller that is about to store. A panic does not keep it from that.
    #[inline]
    pub(super) fn sweep_before_storing(&self) -> (Time, FirstPanic) {
        let (now, mut panic) = (self.expiry.now(), FirstPanic::none());
        if self.expiry.is_due_at(now) {
            panic.catch(|| self.remove_some_expired(now));
        }
        (now, panic)
    }

    /// A call comes here at most four times, and so takes out at most 64 entries. It does not pay for all that others
    /// have stored.
    #[cold]
    fn remove_some_expired(&self, now: Time) {
        const MOST: usize = 16;
        let expired = self.locked(|state| state.expire(now, MOST));
        self.release(expired);
    }

    /// [`locked_as_is`](Self::locked_as_is), where every entry has a header.
    #[inline]
    pub(super) fn locked<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        self.locked_as_is(|state| {
            if state.store.is_compact() {
                self.expand_now(state);
            }
            act(state)
        })
    }

    /// Gives every entry a header, if they have none.
    #[cold]
    pub(crate) fn expand(&self) {
        self.locked(|_| ());
    }

    /// [`expand`](Self::expand), under the lock.
    #[cold]
    #[inline(never)]
    pub(super) fn expand_now(&self, state: &mut State) {
        state.expand(|| self.next_stamp());
        self.is_compact.store(false, Relaxed);
    }

    /// Expands a compact store, unless all entries of this hash are flights that are filed.
    #[cold]
    fn expand_for_hash(&self, state: &mut State, hash: u64) -> bool {
        if !Self::files_flights(state) || state.store.has_compact(hash) {
            self.expand_now(state);
        }
        true
    }

    /// Whether a compact store finds all of its flights. Those of one thread are not filed.
    pub(super) fn files_flights(state: &State) -> bool {
        S::SHARED || state.store.flying() == 0
    }

    /// Acts on the state, and publishes what has changed to the look-ups that take no lock. The store may be
    /// [compact](crate::store::compact).
    #[inline]
    pub(super) fn locked_as_is<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (done, changed) = self.state.0.with(|state| {
            let done = act(state);
            #[cfg(debug_assertions)]
            state.check();
            if self.expiry.is_on() {
                self.expiry.set_next(state.store.next_deadline());
            }
            // Look-ups see this table, or none.
            let changed = self.table.load(Relaxed) != state.store.table();
            if changed {
                self.show_table(state);
            }
            (done, changed)
        });
        if changed {
            self.discard_replaced();
        }
        done
    }

    /// Shows look-ups the table of the store, unless they are to find none.
    #[cold]
    fn show_table(&self, state: &State) {
        let is_hidden = self.rules.load(Relaxed) & !Self::BELOW != 0;
        let table = if is_hidden { null_mut() } else { state.store.table() };
        if S::SHARED {
            self.table.store(table, Published);
        } else {
            detour::show(&self.table, table);
        }
    }
}
