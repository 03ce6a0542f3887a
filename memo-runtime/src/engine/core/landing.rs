//! Runs that have ended with a value: the entry goes into the store, and the waiters are told.

use super::{Computed, Core, EndedRun, Equals, NewEntry, NewTags, Unread};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::Ran;
use crate::engine::state::{Landed, State};
use crate::entry::entry::{EntryPtr, Stored, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::Landing;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::freshness::Life;
use std::cell::Cell;

impl<S: Scope> Core<S> {
    /// [`land`](Self::land) in a [compact](crate::store::compact) store. Returns whether it does. The caller still owns the
    /// entry, which nothing leads to then.
    #[inline]
    pub(crate) fn land_compact(&self, entry: EntryRef, ran: Ran, fill: impl FnOnce()) -> bool {
        let mut wait = None;
        let lands = self.locked_as_is(|state| {
            let lands = state.store.is_compact() && entry.is_alone() && state.store.can_pack(entry);
            if lands {
                fill();
                wait = state.take_wait(entry);
                state.store.pack(entry);
                state.record(ran, wait.as_deref());
            }
            lands
        });
        if wait.is_some() {
            drop(Flight { wait, invalidated: false, landing: Landing::Value });
        }
        lands
    }

    /// Stores an entry, if its flight is still under way. `fill` sets its value, unless another run is about to.
    /// Returns what was evicted, or was before, if nobody reads it.
    pub(crate) fn land(&self, computed: &Computed<'_>, fill: &mut dyn FnMut() -> bool) -> Unread {
        let now = self.expiry.now();
        if self.expiry.is_due_at(now) {
            self.sweep_and_land(computed, fill);
            return Unread::None;
        }
        let &Computed { entry, run, .. } = computed;
        let (mut evicted, mut batch) = (SmallList::new(), Vec::new());
        let is_landed = self.locked_as_is(|state| {
            if state.store.is_compact() {
                self.expand_to_land(state, entry.hash());
            }
            let is_several = self.readers.has_several_threads();
            if !is_several {
                self.register_thread();
            }
            let lands = state.lands_alone(entry, run.life) && fill();
            if lands {
                self.expand_for_entry(state, entry);
                let stamp = self.next_stamp();
                state.land_alone(entry, now, run.life, stamp, &mut evicted);
                computed.stored.set(state.store.stores());
                entry.publish(stamp);
                if run.ran.is_of_run() {
                    state.record(run.ran, None);
                }
                if is_several && self.retired.gathers() && self.listener.is_none() {
                    batch = state.gather(&mut evicted, self.retired.batch());
                }
            }
            lands
        });
        if !is_landed {
            self.land_among(now, computed, fill);
            return Unread::None;
        }
        if !batch.is_empty() {
            return self.retire(batch);
        }
        match evicted.into_parts() {
            (None, _) => {}
            (Some((only, _)), None) if self.listener.is_none() => {
                if self.retired.is_unread(only, self.address(), &self.readers) {
                    return Unread::One(only);
                }
                self.discard([self.retired.adopt(only)]);
            }
            (Some(first), more) => self.release(SmallList::from_parts(first, more)),
        }
        Unread::None
    }

    /// Retires a batch of entries that were evicted.
    #[cold]
    #[inline(never)]
    fn retire(&self, batch: Vec<EntryRef>) -> Unread {
        let dead = batch.into_iter().map(|entry| self.retired.adopt(entry)).collect();
        let unread = self.retired.retire(dead, self.address(), &self.readers);
        Unread::Many(unread.into_iter().map(EntryPtr::into_ref).collect())
    }

    /// [`land`](Self::land) where something has expired. If a listener panics, the value is stored all the same.
    #[cold]
    #[inline(never)]
    fn sweep_and_land(&self, computed: &Computed<'_>, fill: &mut dyn FnMut() -> bool) {
        let (now, panic) = self.sweep_before_storing();
        self.locked(|_| self.register_thread());
        panic.resume_after(|| self.land_among(now, computed, fill));
    }

    /// [`land`](Self::land) where the thread is registered, in any case: where other entries have the hash, somebody waits,
    /// or the value is not to be stored.
    #[cold]
    #[inline(never)]
    fn land_among(&self, now: Time, computed: &Computed<'_>, fill: &mut dyn FnMut() -> bool) {
        let &Computed { entry, stored, equals, run } = computed;
        let &EndedRun { life, renews, ran } = run;
        let id = FlightId { entry, generation: entry.generation() };
        let mut landed = None;
        let (hash, prepare) = (entry.hash(), Self::expand_to_land);
        self.resolve(now, hash, equals, Some(id), prepare, &mut |state, now, equal| {
            if !fill() {
                return;
            }
            self.expand_for_entry(state, entry);
            let stamp = self.next_stamp();
            let is_error = life.is_some_and(|life| life.is_error);
            landed = if is_error && state.keeps_stored(equal, now) {
                state.land_beside(entry)
            } else {
                state.land(entry, now, life, stamp, renews, equal)
            };
            // There is none if a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::publish(landed, entry, stored) && ran.is_of_run() {
                state.record(ran, landed.flight.wait.as_deref());
            }
        });
        self.finish(landed);
    }

    /// Expands a compact store whose flights are not filed. A flight that is filed has its hash to itself as long as it is under
    /// way.
    #[cold]
    fn expand_to_land(&self, state: &mut State, _hash: u64) -> bool {
        if !S::SHARED {
            self.expand_now(state);
        }
        true
    }

    /// Expands a compact store in which this entry, which is under way, cannot be stored.
    #[inline]
    fn expand_for_entry(&self, state: &mut State, entry: EntryRef) {
        if state.store.is_compact() && !state.store.can_pack(entry) {
            self.expand_now(state);
        }
    }

    /// Publishes an entry that was stored. One that was not gets one more owner: see [`discard`](Self::discard).
    /// Returns whether the value is valid.
    fn publish(landed: &mut Landed, entry: EntryRef, stored: &Cell<Stored>) -> bool {
        landed.flight.landing = Landing::Value;
        if landed.stored == Stored::No {
            entry.retain::<S>();
            landed.unstored = Some(entry);
        } else {
            stored.set(landed.stored);
            entry.publish(landed.stamp);
        }
        !landed.flight.invalidated
    }

    /// Stores an entry as if its value had just been computed. Runs under way are older, and will not replace it.
    pub(crate) fn insert(
        &self,
        fresh: &UnstoredEntry<S>,
        tags: &NewTags,
        life: Option<&Life>,
        equals: &Equals<'_>,
    ) {
        let (entry, stored) = (fresh.entry_ref(), fresh.stored());
        let (now, panic) = self.sweep_before_storing();
        panic.resume_after(|| {
            let mut landed = None;
            self.resolve_keys_at(now, entry.hash(), equals, None, &mut |state, now, equal| {
                self.register_thread();
                State::invalidate(equal);
                self.start_among(state, NewEntry::new(fresh, tags, None), false);
                self.expand_for_entry(state, entry);
                let stamp = self.next_stamp();
                equal.push(entry);
                landed = state.land(entry, now, life, stamp, false, equal);
                if let Some(landed) = &mut landed {
                    Self::publish(landed, entry, stored);
                }
            });
            self.finish(landed);
        });
    }

    /// Tells the waiters of a landed flight, and then the listener what it has replaced. That is dropped last.
    fn finish(&self, landed: Option<Landed>) {
        let Some(Landed { flight, overtaken, dead, unstored, .. }) = landed else { return };
        // User code may panic as it is dropped: the waiters are told first. The entries have no owner meanwhile: an
        // owner that is dropped by a panic would not look for readers.
        drop(flight);
        // The waiters of the other flight look again, and find the value stored.
        overtaken.inspect(|wait| wait.land(Landing::Abandoned));
        let told = self.tell(dead.iter().copied());
        let dead = self.adopt(dead.into_iter().map(|(entry, _)| entry).chain(unstored));
        if told.is_panic() {
            return told.resume_after(|| self.discard(dead));
        }
        self.discard(dead);
    }
}
