//! The part of a call under the lock: look up, start, land. Also the controls of one entry: insert, peek, remove.

use super::{Computed, Core, EndedRun, Equals, Found, NewEntry, NewTags, Renewer, Unread};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::{Ran, Timing};
use crate::base::sync::Ordering::Relaxed;
use crate::engine::state::{Aged, Landed, Standing, State};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::flight::wait::Landing;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::cause::EvictionCause;
use crate::store::eviction::Touch;
use crate::store::freshness::Life;
use crate::store::store::TakenOut;
use std::cell::Cell;

impl<S: Scope> Core<S> {
    /// The look-up of a call. If nothing is found, `fresh` is started. The caller owns the entry it is given.
    pub(crate) fn look_up(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<NewEntry<'_>>,
    ) -> Found<EntryRef> {
        let mut found = Found::Absent;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = self.found(state, equal, now, fresh);
        });
        found
    }

    /// The result of a look-up, once the entries of its key are known.
    #[inline]
    fn found(
        &self,
        state: &mut State,
        equal: &SmallList<EntryRef>,
        now: Time,
        fresh: Option<NewEntry<'_>>,
    ) -> Found<EntryRef> {
        if let Some(entry) = state.stored_unexpired(equal, now) {
            if state.awaits_refresh(entry, equal, now) {
                entry.retain::<S>();
                return Found::Due(entry, state.aged(entry, now, Standing::Renewed));
            }
            self.hit(state, entry, now);
            return Found::Hit(entry);
        }
        let mut joinable = State::joinable(equal).filter(|_| self.single_flight);
        if let Some((id, _)) = joinable.filter(|(id, _)| id.entry.overtake()) {
            // Nobody knows when that run begins, and nobody waits for it.
            state.detach_waiters(id);
            joinable = None;
        }
        if let Some((id, owner)) = joinable {
            id.entry.retain::<S>();
            if owner.is_on_this_thread() {
                state.counts.misses += 1;
                return Found::Reentry(id.entry, id);
            }
            let (wait, patience) = state.wait(id, owner);
            return Found::Join(id.entry, id, wait, patience);
        }
        let kept = if self.keeps { state.kept(equal, now) } else { None };
        if let Some((entry, false)) = kept {
            self.hit(state, entry, now);
            state.counts.stale += 1;
            return Found::Stale(entry, state.aged(entry, now, Standing::Stale));
        }
        let Some(fresh) = fresh else { return Found::Absent };
        state.counts.misses += 1;
        let old = kept.map(|(entry, _)| entry);
        old.inspect(|entry| entry.retain::<S>());
        Found::Lead(state.start_among(fresh, self.single_flight), old)
    }

    /// Starts the flight of a run that renews a stored value, unless another call was faster. All other calls are hits
    /// until the run lands. Counts the call: it is a miss if it runs the body, and a hit otherwise.
    pub(crate) fn renew(
        &self,
        old: EntryRef,
        fresh: NewEntry<'_>,
        equals: &Equals<'_>,
        renewer: Renewer,
    ) -> Option<FlightId> {
        let mut id = None;
        self.resolve_keys(fresh.entry.hash(), equals, None, &mut |state, now, equal| {
            let starts = old.is_stored() && state.awaits_refresh(old, equal, now);
            self.touch(state, old, now);
            if starts && renewer == Renewer::Caller {
                state.counts.misses += 1;
            } else {
                state.counts.hits += 1;
            }
            if starts {
                state.counts.refreshes += 1;
                state.store.set_run(old, Time::FOREVER, now);
                id = Some(state.start_among(fresh, self.single_flight));
                if renewer == Renewer::Background {
                    fresh.entry.mark_queued();
                }
            }
        });
        id
    }

    /// Counts a hit under the lock. The caller owns the entry.
    fn hit(&self, state: &mut State, entry: EntryRef, now: Time) {
        state.counts.hits += 1;
        self.touch(state, entry, now);
        entry.retain::<S>();
    }

    /// A run in the background begins, unless another one has taken its place. Returns whether it does.
    pub(crate) fn begin(&self, entry: EntryRef) -> bool {
        self.locked(|_| entry.begin())
    }

    /// Leaves the trace of a hit in an entry.
    fn touch(&self, state: &State, entry: EntryRef, now: Time) {
        self.note_use(entry, now);
        if state.store.touch() == Touch::Stamp {
            entry.stamp.store(self.next_stamp(), Relaxed);
        }
    }

    /// The stored entry, as a hit. If there is none, that is a miss. The caller owns the entry.
    pub(crate) fn get(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            found = state.stored_unexpired(equal, now);
            match found {
                Some(entry) => self.hit(state, entry, now),
                None => state.counts.misses += 1,
            }
        });
        found
    }

    /// The stored entry of a call, and its age. It counts as a hit. The caller owns the entry. If there is none, or if it is
    /// due for a refresh, the call has yet to be [looked up](Self::look_up).
    pub(crate) fn hit_with_age(&self, hash: u64, equals: &Equals<'_>) -> Option<(EntryRef, Aged)> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            self.register_thread();
            let stored = state.stored_unexpired(equal, now);
            found = stored.filter(|entry| !state.awaits_refresh(*entry, equal, now)).map(|entry| {
                self.hit(state, entry, now);
                let is_renewed = self.retry_after.is_some() && State::is_renewed(equal);
                let standing = if is_renewed { Standing::Renewed } else { Standing::Fresh };
                (entry, state.aged(entry, now, standing))
            });
        });
        found
    }

    /// Starts a flight if nothing is filed under its hash, as is common after a miss. Says how the run is
    /// to be timed. The caller may have [registered](Self::register_thread) the thread.
    pub(crate) fn start_absent(
        &self,
        fresh: NewEntry<'_>,
        is_registered: bool,
    ) -> Option<(FlightId, Timing)> {
        // Two values, and no `Option` of a pair: a processor stalls where it reads more bytes than were just written.
        let (mut generation, mut timing) = (0, Timing::Unread);
        let start = |state: &mut State| {
            if state.store.is_free(fresh.entry.hash()) {
                if !is_registered {
                    self.register_thread();
                }
                state.counts.misses += 1;
                generation = state.start(fresh, self.single_flight).generation;
                let is_measured = S::SHARED
                    && (self.readers.has_several_threads()
                        || state.patience.should_measure(generation));
                timing = self.timing(generation, is_measured);
            }
        };
        if S::SHARED || fresh.runner.is_none() {
            self.locked_as_is(start);
        } else {
            // Others may join an async run, and so it is filed.
            self.locked(start);
        }
        (generation != 0).then_some((FlightId { entry: fresh.entry, generation }, timing))
    }

    /// Starts a flight, stored or not, as a refresh does. Callers join it unless they can join another.
    pub(crate) fn start_refresh(
        &self,
        fresh: NewEntry<'_>,
        equals: &Equals<'_>,
    ) -> Option<FlightId> {
        let mut id = None;
        self.resolve_keys(fresh.entry.hash(), equals, None, &mut |state, _, equal| {
            self.register_thread();
            let is_taken = State::joinable(equal).is_some();
            state.counts.misses += 1;
            id = Some(state.start_among(fresh, self.single_flight && !is_taken));
        });
        id
    }

    /// Starts a flight that nobody joins, for a call that waited in vain.
    pub(crate) fn start_unjoined(&self, fresh: NewEntry<'_>) -> FlightId {
        self.locked(|state| {
            state.counts.misses += 1;
            state.start_among(fresh, false)
        })
    }

    /// [`land`](Self::land) in a [compact](crate::store::compact) store. Returns whether it does. The caller still owns the
    /// entry, which is a shell then.
    #[inline]
    pub(crate) fn land_compact(&self, entry: EntryRef, ran: Ran, fill: impl FnOnce()) -> bool {
        self.locked_as_is(|state| {
            let lands = state.store.is_compact()
                && state.lands_alone(entry, None)
                && state.store.can_pack(entry);
            if lands {
                fill();
                state.store.pack(entry);
                state.record(ran);
            }
            lands
        })
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
        let is_landed = self.locked(|state| {
            let is_several = self.readers.has_several_threads();
            if !is_several {
                self.register_thread();
            }
            let lands = state.lands_alone(entry, run.life) && fill();
            if lands {
                let stamp = self.next_stamp();
                state.land_alone(entry, now, run.life, stamp, &mut evicted);
                computed.taken.set(true);
                entry.publish(stamp);
                if run.ran.is_of_run() {
                    state.record(run.ran);
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
        let &Computed { entry, taken, equals, run } = computed;
        let &EndedRun { life, renews, ran } = run;
        let id = FlightId { entry, generation: entry.generation() };
        let mut landed = None;
        self.resolve_keys_at(now, entry.hash(), equals, Some(id), &mut |state, now, equal| {
            if !fill() {
                return;
            }
            let stamp = self.next_stamp();
            let is_error = life.is_some_and(|life| life.is_error);
            landed = if is_error && state.keeps_stored(equal, now) {
                state.land_beside(entry)
            } else {
                state.land(entry, now, life, stamp, renews, equal)
            };
            // There is none if a helper was faster.
            let Some(landed) = &mut landed else { return };
            if Self::publish(landed, entry, taken) && ran.is_of_run() {
                let awaited = || landed.flight.wait.as_ref().and_then(|wait| wait.age());
                state.record_sample(ran);
                state.patience.record(ran.for_waiters().or_else(awaited));
            }
        });
        self.finish(landed);
    }

    /// Publishes an entry that was stored. One that was not gets one more owner: see [`discard`](Self::discard).
    /// Returns whether the value is valid.
    fn publish(landed: &mut Landed, entry: EntryRef, taken: &Cell<bool>) -> bool {
        landed.flight.landing = Landing::Value;
        if landed.stored {
            taken.set(true);
            entry.publish(landed.stamp);
        } else {
            entry.retain::<S>();
            landed.unstored = Some(entry);
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
        let (entry, taken) = (fresh.entry_ref(), fresh.taken());
        let (now, panic) = self.sweep_before_storing();
        panic.resume_after(|| {
            let mut landed = None;
            self.resolve_keys_at(now, entry.hash(), equals, None, &mut |state, now, equal| {
                self.register_thread();
                State::invalidate(equal);
                state.start_among(NewEntry::new(fresh, tags, None), false);
                let stamp = self.next_stamp();
                equal.push(entry);
                landed = state.land(entry, now, life, stamp, false, equal);
                if let Some(landed) = &mut landed {
                    Self::publish(landed, entry, taken);
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

    /// The stored entry, without counting or touching. The caller owns it.
    pub(crate) fn peek(&self, hash: u64, equals: &Equals<'_>) -> Option<EntryRef> {
        let mut found = None;
        self.resolve_keys(hash, equals, None, &mut |state, now, equal| {
            found = state.stored_unexpired(equal, now);
            found.inspect(|entry| entry.retain::<S>());
        });
        found
    }

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
}
