//! The owner of a run: what it does when the body returns, panics or is dropped.

use crate::base::stopwatch::{Ran, Started, Timing};
use crate::base::sync::Arc;
use crate::call::cache_call::CallStatus;
use crate::call::result_policy::{AnyResult, Offer};
use crate::call::span::Outcome;
use crate::engine::engine::Engine;
use crate::engine::purity::{Checker, Checking};
use crate::entry::entry::UnstoredEntry;
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::{BlockingBody, Runner};
use crate::scope::scope::Scope;
use std::thread::panicking;

/// A run of a body for an entry. If it is dropped before it [finishes](Self::finish), it gives its flight up.
pub(crate) struct RunGuard<'c, S: Scope> {
    pub(super) engine: &'c Engine<S>,
    pub(crate) entry: UnstoredEntry<S>,
    pub(super) role: Role,
    /// `None` until it has started.
    pub(crate) flight: Option<FlightId>,
    pub(super) body: BodyKind,
    /// When the body started, if the run is timed.
    pub(super) started: Started,
}

/// The relation of a run to the flight of its entry.
pub(crate) enum Role {
    /// The flight is its own.
    Owner,
    /// The flight belongs to another run. That run waits for this one, up the stack or in a cycle.
    Guest,
    /// The flight belongs to another run. This one has waited for it too long.
    Helper(Arc<Wait>),
    /// There is no flight: the entry is stored, and its value is checked.
    Check(Box<Check>),
    /// The flight has landed.
    Done,
}

/// A run that checks a hit.
pub(crate) struct Check {
    checker: Arc<Checker>,
    is_done: bool,
    /// A blocking body, all the while. An async one is [inside](RunGuard::enter_check) while it is polled.
    _here: Option<Checking>,
}

impl Role {
    /// A run that checks a hit.
    pub(super) fn check(checker: Arc<Checker>, is_async: bool) -> Self {
        let here = (!is_async).then(Checking::enter);
        Self::Check(Box::new(Check { checker, is_done: false, _here: here }))
    }
}

/// How a body runs.
pub(super) enum BodyKind {
    /// To its end, on the calling thread.
    Blocking(Option<BlockingBody>),
    /// Poll by poll. If others may wait for it, they wait here.
    Polled(Option<Arc<Wait>>),
}

impl<'c, S: Scope> RunGuard<'c, S> {
    /// The guard of a run whose flight has not started. `polled` is the runner of an async run.
    pub(crate) fn new(
        engine: &'c Engine<S>,
        entry: UnstoredEntry<S>,
        role: Role,
        polled: Option<Runner>,
    ) -> Self {
        let is_awaited = engine.parameters.single_flight && matches!(role, Role::Owner);
        let body = match polled {
            // From its beginning: the wait sees whether the run is polled.
            Some(runner) => BodyKind::Polled(is_awaited.then(|| Arc::new(Wait::new(runner)))),
            None => BodyKind::Blocking(None),
        };
        Self { engine, entry, role, flight: None, body, started: Started::NEVER }
    }

    /// The body is about to run.
    pub(super) fn start(&mut self) {
        self.start_as_one(&mut false);
    }

    /// The body is about to run, for several runs. Only one of them is a sample: `has_sample` says that there is one.
    pub(super) fn start_as_one(&mut self, has_sample: &mut bool) {
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
            (&self.role, self.flight, &self.body),
            (Role::Owner, Some(_), BodyKind::Blocking(_))
        )
    }

    /// Where others wait for this run, if it is async and they may.
    pub(crate) fn wait(&self) -> Option<&Arc<Wait>> {
        match &self.body {
            BodyKind::Polled(wait) => wait.as_ref(),
            BodyKind::Blocking(_) => None,
        }
    }

    /// Stores the result, if the policy does, and tells the waiters.
    ///
    /// The result is of the engine's type. Returns whether the policy stores it.
    #[inline]
    pub(super) fn finish(&mut self, result: &mut dyn AnyResult) -> bool {
        let ran = self.started.ran();
        let is_stored = result.is_stored();
        if self.flight.is_none() {
            self.check(result);
            return is_stored;
        }
        if is_stored {
            let is_own = matches!(self.role, Role::Owner);
            let write = &mut |to| result.write(to);
            if !self.engine.land(&self.entry, is_own, ran, write) {
                // The owner is cloning its result. If that panics, `drop` lets another waiter help.
                return true;
            }
        } else {
            self.reject(result, ran);
        }
        self.role = Role::Done;
        is_stored
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

    /// How the run ended, if the policy stores its result.
    pub(super) fn outcome(&self) -> Outcome {
        if matches!(self.role, Role::Check(_)) {
            Outcome::Checked
        } else if self.entry.taken().get() {
            Outcome::Stored
        } else if self.entry.is_invalidated() {
            Outcome::Outdated
        } else {
            Outcome::Unstored
        }
    }

    /// Ends a run whose result is not stored.
    fn reject(&self, result: &mut dyn AnyResult, ran: Ran) {
        let core = &self.engine.core;
        let is_own = matches!(self.role, Role::Owner);
        let mut ended = match (&self.role, self.flight) {
            (Role::Helper(wait), Some(id)) => core.reject_help(id, wait, ran),
            (_, flight) => core.reject(flight.filter(|_| is_own), ran),
        };
        if let Some(flight) = ended.as_mut().filter(|flight| flight.is_awaited()) {
            flight.landing = match result.share() {
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
}

impl<S: Scope> Drop for RunGuard<'_, S> {
    #[inline]
    fn drop(&mut self) {
        // If the store owns the entry, the flight has landed. Something that was evicted may have panicked.
        if !self.entry.taken().get() {
            self.give_up();
        }
    }
}

impl<S: Scope> RunGuard<'_, S> {
    /// Gives the flight up if the body has panicked or was dropped.
    #[cold]
    fn give_up(&self) {
        let core = &self.engine.core;
        match (&self.role, self.flight) {
            (Role::Owner, Some(id)) => {
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
    }
}
