//! The owner of a run: what it does when the body returns, panics or is dropped.

use crate::base::stopwatch::{Ran, Started, Timing};
use crate::base::sync::Arc;
use crate::call::result_policy::{AnyResult, Offer};
use crate::call::span::Outcome;
use crate::engine::engine::Engine;
use crate::entry::entry::UnstoredEntry;
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::{BlockingBody, Runner};
use crate::scope::scope::Scope;
use crate::store::freshness::Life;

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
    /// The flight has landed.
    Done,
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
    /// The result is of the engine's type. Returns why it is refused, by the policy or because its entry has no life.
    #[inline]
    pub(super) fn finish(&mut self, result: &mut dyn AnyResult) -> Option<Outcome> {
        let ran = self.started.ran();
        let mut refusal = None;
        if !result.is_stored() {
            self.reject(result, ran);
            refusal = Some(result.refusal());
        } else if self.flight.is_some() {
            let is_own = matches!(self.role, Role::Owner);
            #[expect(unsafe_code, reason = "an engine has no types")]
            // SAFETY: the result is of the engine's type.
            let life = unsafe { self.engine.lives.of(|| result.value()) };
            refusal = life
                .filter(Life::is_empty)
                .map(|life| if life.is_error { Outcome::Error } else { Outcome::Rejected });
            let write = &mut |to| result.write(to);
            if !self.engine.land(&self.entry, is_own, life, ran, write) {
                // The owner is cloning its result. If that panics, `drop` lets another waiter help.
                return refusal;
            }
        }
        self.role = Role::Done;
        refusal
    }

    /// How the run ended, if its result is not refused.
    pub(super) fn outcome(&self) -> Outcome {
        if self.entry.taken().get() {
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
            _ => {}
        }
    }
}
