//! The owner of a run: what it does when the body returns, panics or is dropped.

use crate::base::stopwatch::{Ran, Started, Timing};
use crate::base::sync::Arc;
use crate::call::ask_below::Held;
use crate::call::cache_call::CallStatus;
use crate::call::polled_body::BodyKind;
use crate::call::result_policy::{AnyResult, Offer};
use crate::call::span::{Outcome, warn_of_old_value};
use crate::engine::core::{EndedRun, NotRenewed, OldValue, Renewer};
use crate::engine::engine::Engine;
use crate::engine::purity::{Checker, Checking};
use crate::engine::state::{Aged, Standing};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::{BlockingBody, Runner};
use crate::scope::scope::Scope;
use crate::store::freshness::Life;
use std::thread::panicking;
use std::time::Duration;

/// A run of a body for an entry. If it is dropped before it [finishes](Self::finish), it gives its flight up.
pub(crate) struct RunGuard<'c, S: Scope> {
    pub(super) engine: &'c Engine<S>,
    pub(crate) entry: UnstoredEntry<S>,
    pub(super) role: Role<S>,
    /// `None` until it has started.
    pub(crate) flight: Option<FlightId>,
    pub(super) body: BodyKind,
    /// The body has started.
    pub(super) has_begun: bool,
    /// When that was, if the run is timed.
    pub(super) started: Started,
    /// Its right to keep its result below the cache.
    pub(super) held: Option<Box<Held>>,
}

/// A stored value that a run is to renew.
pub(crate) struct Renewed<S: Scope> {
    pub(super) entry: EntryPtr<S>,
    /// The runner of a refresh. Without one the value no longer answers, and is kept in case the run fails.
    refresher: Option<Renewer>,
    /// The run has failed, and the value stays.
    stays: bool,
    /// It answers the call, because the run has failed.
    answers: Option<Aged>,
}

impl<S: Scope> Renewed<S> {
    /// A value that is due for a refresh.
    pub(super) fn due(entry: EntryPtr<S>, renewer: Renewer) -> Self {
        Self { entry, refresher: Some(renewer), stays: false, answers: None }
    }

    /// The value, if it answers.
    #[cold]
    fn take_answer(renewed: &mut Option<Box<Self>>) -> Option<OldAnswer<S>> {
        let old = *renewed.take_if(|old| old.answers.is_some())?;
        Some(Box::new((old.entry, old.answers?)))
    }

    /// A value from below that answers a run which has failed. It is in the entry of the run.
    pub(super) fn answering(entry: EntryPtr<S>, age: Duration) -> Self {
        let answers = Some(Aged { age: Some(age), standing: Standing::Stale });
        Self { entry, refresher: None, stays: true, answers }
    }

    /// A value that answers only if the run fails.
    pub(super) fn kept(entry: EntryPtr<S>) -> Self {
        Self { entry, refresher: None, stays: false, answers: None }
    }
}

/// An old value that answers a call in place of the error of its run. Boxed: hardly a run ends with one.
pub(super) type OldAnswer<S> = Box<(EntryPtr<S>, Aged)>;

/// The relation of a run to the flight of its entry.
pub(crate) enum Role<S: Scope> {
    /// The flight is its own.
    Owner,
    /// The flight is its own, and is to renew a stored value. That is boxed: few runs renew, and futures hold the guard.
    Renewer(Box<Renewed<S>>),
    /// The flight belongs to another run. That run waits for this one, up the stack or in a cycle.
    Guest,
    /// The flight belongs to another run. This one has waited for it too long.
    Helper(Arc<Wait>),
    /// There is no flight: the entry is stored, and its value is checked.
    Check(Box<Check>),
    /// The flight has landed. It may have been to renew a value.
    Done(Option<Box<Renewed<S>>>),
}

/// A run that checks a hit.
pub(crate) struct Check {
    checker: Arc<Checker>,
    is_done: bool,
    /// A blocking body, all the while. An async one is [inside](RunGuard::enter_check) while it is polled.
    _here: Option<Checking>,
}

impl<S: Scope> Role<S> {
    /// Whether the flight belongs to the run.
    #[inline]
    fn is_own(&self) -> bool {
        matches!(self, Self::Owner | Self::Renewer(_))
    }

    /// The value that was to be renewed.
    fn renewed(&self) -> Option<&Renewed<S>> {
        match self {
            Self::Renewer(old) | Self::Done(Some(old)) => Some(old),
            _ => None,
        }
    }

    /// A run that checks a hit.
    pub(super) fn check(checker: Arc<Checker>, is_async: bool) -> Self {
        let here = (!is_async).then(Checking::enter);
        Self::Check(Box::new(Check { checker, is_done: false, _here: here }))
    }
}

impl<'c, S: Scope> RunGuard<'c, S> {
    /// The guard of a run whose flight has not started. `polled` is the runner of an async run.
    pub(crate) fn new(
        engine: &'c Engine<S>,
        entry: UnstoredEntry<S>,
        role: Role<S>,
        polled: Option<Runner>,
    ) -> Self {
        let is_awaited = engine.parameters.single_flight && role.is_own();
        let body = polled.map_or(BodyKind::Blocking(None), |it| BodyKind::polled(it, is_awaited));
        let started = Started::NEVER;
        Self { engine, entry, role, flight: None, body, has_begun: false, started, held: None }
    }

    /// The guard of an async run whose flight has just started, and whose body is about to run.
    #[inline]
    pub(super) fn leading(
        engine: &'c Engine<S>,
        entry: UnstoredEntry<S>,
        flight: FlightId,
        body: BodyKind,
        timing: Timing,
    ) -> Self {
        let (role, flight, started) = (Role::Owner, Some(flight), Started::now(timing));
        Self { engine, entry, role, flight, body, has_begun: true, started, held: None }
    }

    /// The run will be polled, as this runner. Its flight has not started.
    pub(super) fn run_by(&mut self, runner: Runner) {
        let is_awaited = self.engine.parameters.single_flight && self.role.is_own();
        self.body = BodyKind::polled(runner, is_awaited);
    }

    /// The body is about to run.
    pub(super) fn start(&mut self) {
        self.start_as_one(&mut false);
    }

    /// A run that was handed to the background is about to start. Returns whether it does: if the value has expired since, a
    /// call may have taken its place.
    pub(super) fn begin(&self) -> bool {
        self.engine.core.begin(self.entry.entry_ref())
    }

    /// The body is about to run, for several runs. Only one of them is a sample: `has_sample` says that there is one.
    pub(super) fn start_as_one(&mut self, has_sample: &mut bool) {
        self.has_begun = true;
        // Besides the samples, only waiters need to know how long bodies take.
        let mut is_measured = true;
        if let BodyKind::Blocking(body) = &mut self.body {
            *body = S::SHARED.then(BlockingBody::enter);
            is_measured = S::SHARED;
        }
        let generation = self.flight.map_or(0, |id| id.generation);
        let mut timing = self.engine.core.timing(generation, is_measured);
        if timing == Timing::Exact && std::mem::replace(has_sample, true) {
            timing = if is_measured { Timing::Coarse } else { Timing::Unread };
        }
        self.started = Started::now(timing);
    }

    /// Whether this is the blocking run that its entry was made for.
    pub(super) fn leads(&self) -> bool {
        matches!(
            (&self.role, self.flight, &self.body, &self.held),
            (Role::Owner, Some(_), BodyKind::Blocking(_), None)
        )
    }

    /// The run is to renew a stored value. Its flight is its own.
    #[cold]
    pub(super) fn renew(&mut self, old: Renewed<S>) {
        self.role = Role::Renewer(Box::new(old));
    }

    /// Stores the result, if the policy does, and tells the waiters.
    ///
    /// The result is of the engine's type. Returns why it is refused, by the policy or because its entry has no life.
    #[inline]
    pub(super) fn finish(&mut self, result: &mut dyn AnyResult) -> Option<Outcome> {
        let ran = self.started.ran();
        if self.flight.is_none() {
            self.check(result);
            return None;
        }
        if !result.is_stored() {
            if result.refusal() == Outcome::Error && self.ends_with_old_value() {
                return Some(Outcome::Error);
            }
            let refusal = self.reject(result, ran);
            self.end();
            return Some(refusal);
        }
        if self.engine.lives.differ {
            return self.finish_with_life(result, ran);
        }
        if self.land(result, None, ran) {
            self.end();
        }
        if let Some(held) = self.held.take() {
            self.keep_below(*held, result, &Life::ENDLESS, ran);
        }
        None
    }

    /// [`finish`](Self::finish) where each value that is stored has a life of its own.
    #[inline(never)]
    fn finish_with_life(&mut self, result: &mut dyn AnyResult, ran: Ran) -> Option<Outcome> {
        #[expect(unsafe_code, reason = "an engine has no types")]
        // SAFETY: the result is of the engine's type.
        let life = unsafe { self.engine.lives.of(result.value().expect("it is stored")) };
        if life.is_error && self.ends_with_old_value() {
            return Some(Outcome::Error);
        }
        let held = self.held.take();
        if life.is_error {
            if self.end_renewal(NotRenewed::Err) {
                self.end_without_value(result, true, ran);
                self.end();
                return Some(Outcome::Error);
            }
            self.engine.core.count_failure();
        }
        if self.land(result, Some(&life), ran) {
            self.end();
        }
        if let Some(held) = held {
            self.keep_below(*held, result, &life, ran);
        }
        let refusal = if life.is_error { Outcome::Error } else { Outcome::Rejected };
        life.is_empty().then_some(refusal)
    }

    /// Stores the value. Returns false if the owner of the flight is about to: it is cloning its result. If that panics, `drop`
    /// lets another waiter help.
    #[inline]
    pub(super) fn land(&self, result: &mut dyn AnyResult, life: Option<&Life>, ran: Ran) -> bool {
        let run = EndedRun { life, renews: matches!(self.role, Role::Renewer(_)), ran };
        let write = &mut |to| result.write(to);
        self.engine.land(&self.entry, self.role.is_own(), &run, write)
    }

    /// The flight has landed.
    #[inline]
    pub(super) fn end(&mut self) {
        if matches!(self.role, Role::Owner) {
            self.role = Role::Done(None);
        } else {
            self.end_uncommon();
        }
    }

    #[cold]
    fn end_uncommon(&mut self) {
        match std::mem::replace(&mut self.role, Role::Done(None)) {
            Role::Renewer(old) => {
                self.role = Role::Done(Some(old));
                self.warn_of_old_value();
            }
            Role::Helper(_) | Role::Guest => self.tell_of_value(),
            _ => {}
        }
    }

    /// Tells a subscriber that the run has failed and an old value stays, once the run is in order.
    fn warn_of_old_value(&self) {
        if let Some(old) = self.role.renewed().filter(|old| old.stays) {
            warn_of_old_value(&self.engine.parameters, old.refresher.is_none());
        }
    }

    /// How a call is answered that does this run.
    pub(super) fn status(&self) -> CallStatus {
        if matches!(self.role, Role::Check(_)) { CallStatus::Hit } else { CallStatus::Miss }
    }

    /// Notes that the thread polls a body for a check, until the returned value is dropped.
    pub(super) fn enter_check(&self) -> Option<Checking> {
        matches!(self.role, Role::Check(_)).then(Checking::enter)
    }

    /// The end of a run without a flight.
    #[cold]
    fn check(&mut self, result: &dyn AnyResult) {
        if let Role::Check(check) = &mut self.role {
            check.is_done = true;
            check.checker.check(self.entry.entry_ref(), result.value());
        }
    }

    /// How the run ended, if its result is not refused.
    pub(super) fn outcome(&self) -> Outcome {
        if matches!(self.role, Role::Check(_)) {
            Outcome::Checked
        } else if self.entry.is_stored() {
            Outcome::Stored
        } else if self.entry.is_invalidated() {
            Outcome::Outdated
        } else {
            Outcome::Unstored
        }
    }

    /// Ends a run whose result the policy does not store.
    fn reject(&mut self, result: &mut dyn AnyResult, ran: Ran) -> Outcome {
        let refusal = result.refusal();
        let is_error = refusal == Outcome::Error;
        self.end_renewal(if is_error { NotRenewed::Err } else { NotRenewed::Refused });
        self.end_without_value(result, is_error, ran);
        refusal
    }

    /// Ends a run whose result is not stored.
    fn end_without_value(&self, result: &mut dyn AnyResult, is_error: bool, ran: Ran) {
        let is_own = self.role.is_own();
        let core = &self.engine.core;
        let mut ended = match (&self.role, self.flight) {
            (Role::Helper(wait), Some(id)) => core.reject_help(id, wait, is_error, ran),
            (_, flight) => core.reject(flight.filter(|_| is_own), is_error, ran),
        };
        let old_answers = self.role.renewed().is_some_and(|old| old.answers.is_some());
        if let Some(flight) = ended.as_mut().filter(|flight| flight.is_awaited()) {
            flight.landing = match result.share() {
                // The waiters look again, and find the old value.
                _ if old_answers => Landing::Abandoned,
                // The owner still has the entry. It may store its own value.
                Offer::Value(()) if !is_own => Landing::Abandoned,
                Offer::Value(()) => {
                    self.engine.share(&self.entry, &mut |to| result.write(to));
                    Landing::Value
                }
                Offer::Error(error) => Landing::Error(error),
                Offer::Nothing => Landing::Failed,
            };
        }
    }

    /// The old value that answers the call in place of the error of its run.
    #[inline]
    pub(super) fn take_old_answer(&mut self) -> Option<OldAnswer<S>> {
        match &mut self.role {
            Role::Done(old @ Some(_)) => Renewed::take_answer(old),
            _ => None,
        }
    }
}

impl<S: Scope> Drop for RunGuard<'_, S> {
    #[inline]
    fn drop(&mut self) {
        // If the store owns the entry, the flight has landed. Something that was evicted may have panicked.
        if !self.entry.is_stored() {
            self.give_up();
        }
    }
}

impl<S: Scope> RunGuard<'_, S> {
    /// The stored value was not renewed, if it was to be. Returns whether it stays.
    fn end_renewal(&mut self, end: NotRenewed) -> bool {
        let Role::Renewer(old) = &mut self.role else { return false };
        let core = &self.engine.core;
        let run = self.entry.entry_ref();
        match core.end_renewal(run, old.entry.entry_ref(), old.refresher, end) {
            OldValue::Gone => return false,
            OldValue::Stays => {}
            OldValue::Answers(aged) => old.answers = Some(aged),
        }
        old.stays = true;
        true
    }

    /// Gives the flight up if the body has panicked or was dropped.
    #[cold]
    fn give_up(&mut self) {
        let has_ended = matches!(self.role, Role::Done(_));
        if !has_ended {
            self.end_renewal(NotRenewed::Abandoned);
            if self.has_begun && panicking() {
                self.engine.core.count_failure();
            }
        }
        let core = &self.engine.core;
        match (&self.role, self.flight) {
            (Role::Owner | Role::Renewer(_), Some(id)) => {
                core.give_up(id, |wait| wait.is_none_or(Wait::give_up));
            }
            (Role::Helper(wait), Some(id)) => {
                let is_given_up = core.give_up(id, |_| wait.give_up_helping());
                if !is_given_up {
                    wait.help_again();
                }
            }
            (Role::Check(check), _) if !check.is_done && panicking() => {
                check.checker.panicked(self.entry.entry_ref());
            }
            _ => {}
        }
        if !has_ended {
            self.warn_of_old_value();
        }
    }
}
