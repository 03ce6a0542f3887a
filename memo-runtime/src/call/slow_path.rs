//! A call that is no plain hit: its result, a run of the body, or a wait for another run.
//!
//! It decides for blocking and for async calls. They differ in how they wait.

use crate::base::sync::Arc;
use crate::call::answer::Answer;
use crate::call::result_policy::Policy;
use crate::call::run_guard::{Role, RunGuard};
use crate::engine::engine::{Engine, Found};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, SharedError, Wait, Waited};
use crate::key::lookup::Lookup;
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;
use std::time::Duration;

/// A call that is no plain hit.
pub(crate) struct SlowPath<'c, Q, P, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    hash: u64,
    key: KeyState<'c, Q, K, V, S>,
    policy: P,
    /// The runner of the call's own run, if that is async.
    polled: Option<Runner>,
    /// It waited for a run that was abandoned or stalled.
    has_waited: bool,
}

/// The key of a call: its arguments, or the entry made from them. The entry has a guard before its flight
/// starts, so that there is always one to end the flight.
enum KeyState<'c, Q, K, V, S: Scope> {
    Query(Q),
    Entry(RunGuard<'c, K, V, S>),
}

/// Another run, which may answer a call.
pub(crate) struct Joined<K, V, S: Scope> {
    entry: EntryPtr<K, V, S>,
    id: FlightId,
    pub(crate) wait: Arc<Wait>,
    pub(crate) patience: Duration,
}

/// The next step of a call.
///
/// It holds no result: that may be large, and is moved as little as possible.
pub(crate) enum Step<'c, Q, P, K, V, S: Scope> {
    /// Answer with the value of this entry.
    Found(EntryPtr<K, V, S>, P),
    /// Answer with this error, or else [compute](SlowPath::compute).
    Failed(SlowPath<'c, Q, P, K, V, S>, SharedError),
    /// Run the body.
    Run(RunGuard<'c, K, V, S>, P),
    /// Wait, and then go on with [`after_wait`](SlowPath::after_wait).
    Wait(SlowPath<'c, Q, P, K, V, S>, Joined<K, V, S>),
}

/// The end of a wait.
pub(crate) enum WaitEnd<'c, Q, P, K, V, S: Scope> {
    /// A result, or a run beside the other one.
    Step(Step<'c, Q, P, K, V, S>),
    /// Go on with [`begin`](SlowPath::begin): the other run has left nothing.
    Again(SlowPath<'c, Q, P, K, V, S>),
    /// Go on with [`compute`](SlowPath::compute): the other run has failed.
    Alone(SlowPath<'c, Q, P, K, V, S>),
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> SlowPath<'c, Q, P, K, V, S> {
    #[inline]
    pub(crate) fn new(
        engine: &'c Engine<K, V, S>,
        hash: u64,
        query: Q,
        policy: P,
        polled: Option<Runner>,
    ) -> Self {
        Self { engine, hash, key: KeyState::Query(query), policy, polled, has_waited: false }
    }

    /// A blocking call that has an entry already.
    #[cold]
    pub(crate) fn with_entry(
        engine: &'c Engine<K, V, S>,
        hash: u64,
        entry: UnstoredEntry<K, V, S>,
        policy: P,
    ) -> Self {
        let key = KeyState::Entry(RunGuard::new(engine, entry, Role::Owner, None));
        Self { engine, hash, key, policy, polled: None, has_waited: false }
    }

    /// Looks the call up. `is_absent` says that a look-up without the lock has found nothing.
    pub(crate) fn begin(mut self, is_absent: bool) -> Step<'c, Q, P, K, V, S> {
        if is_absent {
            // The entry is made at once: another look-up would find nothing again.
            self = self.with_guard();
            if let Some(id) = self.start_absent() {
                return self.run(id);
            }
        }
        let mut found = self.look_up();
        loop {
            return match found {
                Found::Hit(entry) => {
                    if self.has_waited {
                        self.engine.core.count_waited();
                    }
                    Step::Found(entry, self.policy)
                }
                Found::Absent => {
                    self = self.with_guard();
                    found = self.look_up();
                    continue;
                }
                Found::Lead(id) => self.run(id),
                Found::Reentry(entry, id) => self.run_beside(entry, id, Role::Guest),
                Found::Join(entry, id, wait, patience) => {
                    Step::Wait(self, Joined { entry, id, wait, patience })
                }
            };
        }
    }

    /// Goes on after a wait.
    pub(crate) fn after_wait(
        self,
        joined: Joined<K, V, S>,
        waited: Waited,
    ) -> Step<'c, Q, P, K, V, S> {
        match self.end_wait(joined, waited) {
            WaitEnd::Step(step) => step,
            WaitEnd::Again(slow_path) => slow_path.begin(false),
            WaitEnd::Alone(slow_path) => slow_path.compute(),
        }
    }

    /// Ends a wait, and starts no flight.
    pub(crate) fn end_wait(
        mut self,
        joined: Joined<K, V, S>,
        waited: Waited,
    ) -> WaitEnd<'c, Q, P, K, V, S> {
        let Joined { entry, id, wait, .. } = joined;
        match waited {
            Waited::Landed(Landing::Value) => {
                self.engine.core.count_coalesced();
                WaitEnd::Step(Step::Found(entry, self.policy))
            }
            Waited::Landed(Landing::Error(error)) => WaitEnd::Step(Step::Failed(self, error)),
            Waited::Landed(Landing::Failed) => {
                drop((entry, wait));
                WaitEnd::Alone(self)
            }
            Waited::Landed(Landing::Abandoned) => {
                drop((entry, wait));
                self.has_waited = true;
                WaitEnd::Again(self)
            }
            Waited::Stalled => {
                self.engine.core.detach_waiters(id);
                drop((entry, wait));
                self.has_waited = true;
                WaitEnd::Again(self)
            }
            Waited::Help => {
                self.engine.core.count_helper();
                WaitEnd::Step(self.run_beside(entry, id, Role::Helper(wait)))
            }
            Waited::Circular => {
                self.engine.core.count_helper();
                WaitEnd::Step(self.run_beside(entry, id, Role::Guest))
            }
        }
    }

    /// Answers with the error of the run that this call waited for, if the policy shares it. Out of line, since
    /// results take room on the stack.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer_error<R>(&self, error: &SharedError, answer: &mut Answer<R>) -> bool
    where
        P: Policy<R, Stored = V>,
    {
        let Some(result) = self.policy.failed(&**error) else { return false };
        self.engine.core.count_coalesced();
        answer.put(|| result);
        true
    }

    /// Runs the body after a wait in vain, in a flight that nobody joins.
    pub(crate) fn compute(self) -> Step<'c, Q, P, K, V, S> {
        let this = self.with_guard();
        let KeyState::Entry(guard) = &this.key else { unreachable!("it has an entry") };
        let id = this.engine.core.start_unjoined(guard.entry.entry_ref());
        this.run(id)
    }

    fn look_up(&self) -> Found<EntryPtr<K, V, S>> {
        match &self.key {
            KeyState::Query(query) => {
                self.engine.look_up(self.hash, &|key| query.matches(key), None)
            }
            KeyState::Entry(guard) => {
                let equals = |key: &K| Q::equal(key, &guard.entry.key);
                self.engine.look_up(self.hash, &equals, Some((&guard.entry, guard.wait())))
            }
        }
    }

    /// Starts a flight if nothing is filed under the hash. It registers the thread: an async call may be polled by
    /// another thread than the one that looked.
    fn start_absent(&self) -> Option<FlightId> {
        match &self.key {
            KeyState::Entry(guard) => {
                let fresh = (guard.entry.entry_ref(), guard.wait());
                self.engine.core.start_absent(fresh, false).map(|(id, _)| id)
            }
            KeyState::Query(_) => None,
        }
    }

    /// Makes the entry, if there is none.
    fn with_guard(self) -> Self {
        let Self { engine, hash, key, policy, polled, has_waited } = self;
        let guard = match key {
            KeyState::Query(query) => {
                RunGuard::new(engine, engine.fresh(hash, query), Role::Owner, polled)
            }
            KeyState::Entry(guard) => guard,
        };
        Self { engine, hash, key: KeyState::Entry(guard), policy, polled, has_waited }
    }

    /// Runs the body in the call's own flight.
    fn run(self, id: FlightId) -> Step<'c, Q, P, K, V, S> {
        let KeyState::Entry(mut guard) = self.key else { unreachable!("it has an entry") };
        guard.flight = Some(id);
        Step::Run(guard, self.policy)
    }

    /// Runs the body in the flight of another run.
    fn run_beside(
        self,
        entry: EntryPtr<K, V, S>,
        id: FlightId,
        role: Role,
    ) -> Step<'c, Q, P, K, V, S> {
        let entry = UnstoredEntry::new(entry);
        let mut guard = RunGuard::new(self.engine, entry, role, self.polled);
        guard.flight = Some(id);
        Step::Run(guard, self.policy)
    }
}
