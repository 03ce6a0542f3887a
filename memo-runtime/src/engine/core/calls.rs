//! The part of a call under the lock: a look-up, and the start of a run.

use super::{Core, Equals, Found, NewEntry, Renewer};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::base::stopwatch::Timing;
use crate::base::sync::Ordering::Relaxed;
use crate::engine::state::{Aged, Standing, State};
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::FlightId;
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::eviction::Touch;

impl<S: Scope> Core<S> {
    /// The look-up of a call. If nothing is found, `fresh` is started. The caller owns the entry it is given.
    pub(crate) fn look_up(
        &self,
        hash: u64,
        equals: &Equals<'_>,
        fresh: Option<NewEntry<'_>>,
    ) -> Found<EntryRef> {
        let mut found = Found::Absent;
        let now = self.sweep_some();
        let is_resolved =
            self.resolve(now, hash, equals, None, Self::leave_compact, &mut |state, now, equal| {
                self.register_thread();
                found = self.found(state, equal, now, fresh);
            });
        if is_resolved { found } else { Found::Compact }
    }

    /// Whether a compact store has no stored entry of this hash. A thread that looks without the lock can read such an entry,
    /// and so it is registered. The store is expanded if it cannot find its flights.
    #[cold]
    fn leave_compact(&self, state: &mut State, hash: u64) -> bool {
        if !Self::files_flights(state) {
            self.expand_now(state);
        }
        let has_compact = state.store.has_compact(hash);
        if has_compact {
            self.register_thread();
        }
        !has_compact
    }

    /// [`State::start_among`], where each flight of a compact store has its hash to itself.
    pub(super) fn start_among(
        &self,
        state: &mut State,
        fresh: NewEntry<'_>,
        is_joinable: bool,
    ) -> FlightId {
        if state.store.is_compact() && !(S::SHARED && state.store.is_free(fresh.entry.hash())) {
            self.expand_now(state);
        }
        state.start_among(fresh, is_joinable)
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
        Found::Lead(self.start_among(state, fresh, self.single_flight), old)
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
                id = Some(self.start_among(state, fresh, self.single_flight));
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
        self.set_touch_if_locked(state);
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
            id = Some(self.start_among(state, fresh, self.single_flight && !is_taken));
        });
        id
    }

    /// Starts a flight that nobody joins, for a call that waited in vain.
    pub(crate) fn start_unjoined(&self, fresh: NewEntry<'_>) -> FlightId {
        self.locked_as_is(|state| {
            state.counts.misses += 1;
            self.start_among(state, fresh, false)
        })
    }

    /// Registers the calling thread, so that it can look without the lock.
    pub(crate) fn register(&self) {
        self.locked_as_is(|_| self.register_thread());
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
}
