//! Flights that end without a value to store, and calls that are counted without a flight.

use super::{Core, NotRenewed, OldValue, Renewer};
use crate::base::clock::Time;
use crate::base::stopwatch::Ran;
use crate::base::sync::Arc;
use crate::engine::state::{Standing, State};
use crate::entry::entry::EntryPtr;
use crate::entry::entry_ref::EntryRef;
use crate::flight::flight::{Flight, FlightId};
use crate::flight::wait::{Landing, Wait};
use crate::scope::readers::Readers;
use crate::scope::scope::Scope;
use crate::store::cause::EvictionCause;
use crate::store::freshness::Stage;
use std::time::Duration;

impl<S: Scope> Core<S> {
    /// Ends a flight without storing anything, if `is_given_up` says that nobody runs its body any longer.
    /// Returns whether it does. Both happen under one lock: otherwise a look-up in between would join a flight that has
    /// ended.
    pub(crate) fn give_up(
        &self,
        id: FlightId,
        is_given_up: impl FnOnce(Option<&Wait>) -> bool,
    ) -> bool {
        let ended = self.locked_as_is(|state| {
            let is_given_up = is_given_up(state.awaited(id));
            is_given_up.then(|| self.end_now(state, id))
        });
        let is_given_up = ended.is_some();
        // The entry is discarded first. If dropping the flight panics, unwinding would drop the entry at once, though
        // a reader may still use it.
        if let Some((_flight, dead)) = ended.flatten() {
            self.discard(dead);
        }
        is_given_up
    }

    /// Files where callers may wait for a flight: see [`State::file_wait`].
    pub(crate) fn file_wait(&self, id: FlightId, wait: &Arc<Wait>) -> Arc<Wait> {
        self.locked_as_is(|state| state.file_wait(id, wait))
    }

    /// Sends the waiters of a stalled flight on without it. Its value may still be stored.
    pub(crate) fn detach_waiters(&self, id: FlightId) {
        let wait = self.locked_as_is(|state| {
            let wait = state.detach_waiters(id);
            // Several waiters may prove that the same leader is stalled.
            state.counts.helped += u64::from(wait.is_some());
            wait
        });
        wait.inspect(|wait| wait.land(Landing::Abandoned));
    }

    /// Counts a result that is not to be stored, and ends the flight if it is the run's `own`.
    pub(crate) fn reject(&self, own: Option<FlightId>, is_error: bool, ran: Ran) -> Option<Flight> {
        let (flight, dead) = self.locked_as_is(|state| {
            state.counts.rejected += 1;
            state.counts.failures += u64::from(is_error);
            state.record_sample(ran);
            self.end_now(state, own?)
        })?;
        self.discard(dead);
        Some(flight)
    }

    /// Counts a helper's result that is not to be stored. The waiters go on: they need not wait for a blocked
    /// owner one after another.
    pub(crate) fn reject_help(
        &self,
        id: FlightId,
        wait: &Wait,
        is_error: bool,
        ran: Ran,
    ) -> Option<Flight> {
        let (flight, dead) = self.locked_as_is(|state| {
            state.counts.rejected += 1;
            state.counts.failures += u64::from(is_error);
            state.record_sample(ran);
            if wait.is_given_up() {
                return self.end_now(state, id);
            }
            let wait = state.detach_waiters(id);
            Some((Flight { wait, invalidated: false, landing: Landing::Abandoned }, None))
        })?;
        self.discard(dead);
        Some(flight)
    }

    /// A run has ended that was to renew a stored value, and has not. It was a refresh if there is a `refresher`.
    pub(crate) fn end_renewal(
        &self,
        run: EntryRef,
        old: EntryRef,
        refresher: Option<Renewer>,
        end: NotRenewed,
    ) -> OldValue {
        // Not under the lock: the program may have supplied the clock.
        let now = self.expiry.now();
        let mut outcome = OldValue::Gone;
        let removed = self.locked(|state| {
            let stage = old.is_stored().then(|| state.store.stage(old, now));
            let has_failed = end != NotRenewed::Refused;
            state.counts.refresh_failures += u64::from(refresher.is_some() && has_failed);
            if run.is_overtaken() {
                // The run that has taken its place says when the value is tried again.
                return None;
            }
            match stage {
                None | Some(Stage::Over) => return None,
                Some(_) if !has_failed => {
                    return Some((old, state.take_out(old, now, EvictionCause::Removed)));
                }
                Some(_) => {}
            }
            if self.keeps && end == NotRenewed::Err {
                let is_stale = matches!(stage, Some(Stage::Kept { .. }));
                // A run in the background answers no call. Those that wait for it look again.
                let answers_call = refresher != Some(Renewer::Background);
                state.counts.stale += u64::from(is_stale && answers_call);
                if answers_call {
                    self.note_use(old, now);
                }
                let standing = if is_stale { Standing::Stale } else { Standing::Fresh };
                outcome = OldValue::Answers(state.aged(old, now, standing));
            } else {
                outcome = OldValue::Stays;
            }
            let retry = self.retry_after.map_or(Time::FOREVER, |after| now.after(after));
            state.store.set_run(old, retry, now);
            None
        });
        self.release(removed.into_iter().collect());
        outcome
    }

    /// Ends a flight, under the lock. The caller drops the returned value without the lock.
    fn end_now(&self, state: &mut State, id: FlightId) -> Option<(Flight, Option<EntryPtr<S>>)> {
        let flight = state.end(id.entry)?;
        Some((flight, Some(self.retain(id.entry))))
    }

    /// Counts a run that has failed, where nothing else does.
    pub(crate) fn count_failure(&self) {
        self.locked_as_is(|state| state.counts.failures += 1);
    }

    /// Counts a run that has failed and whose call an old value answers that was not stored.
    pub(crate) fn count_answered_failure(&self) {
        self.locked_as_is(|state| {
            state.counts.failures += 1;
            state.counts.stale += 1;
        });
    }

    /// Counts a call that waited and was answered by the run it waited for. If that was a value, it is a use of its `entry`.
    pub(crate) fn count_coalesced(&self, entry: Option<EntryRef>) {
        let used = entry.filter(|_| self.idle.is_some()).map(|entry| (entry, self.expiry.now()));
        self.locked_as_is(|state| {
            state.counts.hits += 1;
            state.counts.coalesced += 1;
            // The value may not be stored, or no longer.
            if let Some((entry, now)) = used.filter(|(entry, _)| entry.is_stored()) {
                self.note_use(entry, now);
            }
        });
    }

    /// Counts that a call had waited, which was counted as a hit. If the counters were zeroed since, that hit is gone.
    pub(crate) fn count_waited(&self) {
        self.locked_as_is(|state| {
            let hits = state.counts.hits + self.readers.hits() - state.hits_forgotten;
            let is_counted = state.counts.coalesced < hits;
            state.counts.coalesced += u64::from(is_counted);
        });
    }

    /// Counts keys of a call for many that no run of its own has answered.
    pub(crate) fn count_many(&self, hits: u64, misses: u64) {
        self.locked_as_is(|state| {
            state.counts.hits += hits;
            state.counts.misses += misses;
        });
    }

    /// How long a caller that holds up no run waits.
    pub(crate) fn plain_patience(&self) -> Duration {
        self.locked_as_is(|state| state.patience.limit(false))
    }

    /// Counts a call that waited and runs the body as well.
    pub(crate) fn count_helper(&self) {
        self.locked_as_is(|state| {
            state.counts.misses += 1;
            state.counts.helped += 1;
        });
    }
}
