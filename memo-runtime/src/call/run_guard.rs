//! The owner of a run: what it does when the body returns, panics or is dropped.

use crate::base::stopwatch::{Ran, Started};
use crate::base::sync::Arc;
use crate::call::result_policy::{Offer, Policy};
use crate::call::span::Outcome;
use crate::engine::engine::Engine;
use crate::entry::entry::UnstoredEntry;
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, Wait};
use crate::scope::runners::{BlockingBody, Runner};
use crate::scope::scope::Scope;

/// A run of a body for an entry. If it is dropped before it [finishes](Self::finish), it gives its flight up.
pub(crate) struct RunGuard<'c, K, V, S: Scope> {
    pub(super) engine: &'c Engine<K, V, S>,
    pub(crate) entry: UnstoredEntry<K, V, S>,
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

impl<'c, K, V, S: Scope> RunGuard<'c, K, V, S> {
    /// The guard of a run whose flight has not started.
    pub(crate) fn new(
        engine: &'c Engine<K, V, S>,
        entry: UnstoredEntry<K, V, S>,
        role: Role,
        is_async: bool,
    ) -> Self {
        let is_awaited = engine.parameters.single_flight && matches!(role, Role::Owner);
        let body = if is_async {
            // From its beginning: the wait sees whether the run is polled.
            BodyKind::Polled(is_awaited.then(|| Arc::new(Wait::new(Runner::new_run()))))
        } else {
            BodyKind::Blocking(None)
        };
        Self { engine, entry, role, flight: None, body, started: Started::NEVER }
    }

    /// The body is about to run.
    pub(super) fn start(&mut self) {
        // Besides the samples, only waiters need to know how long bodies take.
        let mut is_measured = true;
        if let BodyKind::Blocking(body) = &mut self.body {
            *body = S::SHARED.then(BlockingBody::enter);
            is_measured = S::SHARED;
        }
        let generation = self.flight.map_or(0, |id| id.generation);
        self.started = Started::now(self.engine.core.timing(generation, is_measured));
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

    /// Stores the result, if the policy does, and tells the waiters. Returns whether the policy does.
    pub(super) fn finish<R, P>(&mut self, policy: &P, result: &R) -> bool
    where
        P: Policy<R, Stored = V>,
    {
        let ran = self.started.ran();
        if let Some(value) = policy.store(result) {
            let is_own = matches!(self.role, Role::Owner);
            let lands = self.flight.is_some();
            if lands && !self.engine.land(&self.entry, is_own, ran, || P::cloned(value)) {
                // The owner is cloning its result. If that panics, `drop` lets another waiter help.
                return true;
            }
            self.role = Role::Done;
            true
        } else {
            self.reject(policy, result, ran);
            self.role = Role::Done;
            false
        }
    }

    /// How the run ended, if the policy stores its result.
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
    fn reject<R, P>(&self, policy: &P, result: &R, ran: Ran)
    where
        P: Policy<R, Stored = V>,
    {
        let core = &self.engine.core;
        let is_own = matches!(self.role, Role::Owner);
        let mut ended = match (&self.role, self.flight) {
            (Role::Helper(wait), Some(id)) => core.reject_help(id, wait, ran),
            (_, flight) => core.reject(flight.filter(|_| is_own), ran),
        };
        if let Some(flight) = ended.as_mut().filter(|flight| flight.is_awaited()) {
            flight.landing = match policy.share(result) {
                // The owner still has the entry. It may store its own value.
                Offer::Value(_) if !is_own => Landing::Abandoned,
                Offer::Value(value) => {
                    self.engine.share(&self.entry, || P::cloned(value));
                    Landing::Value
                }
                Offer::Error(error) => Landing::Error(error),
                Offer::Nothing => Landing::Failed,
            };
        }
    }
}

impl<K, V, S: Scope> Drop for RunGuard<'_, K, V, S> {
    /// Gives the flight up if the body has panicked or was dropped.
    fn drop(&mut self) {
        // The store owns the entry: the flight has landed, and something that was evicted has panicked.
        if self.entry.taken().get() {
            return;
        }
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
