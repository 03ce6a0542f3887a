//! What a call that is no plain hit comes to: the result, a run of the body, or waiting for that of
//! another call. Written once for those who block and those who are polled.

use crate::base::sync::Arc;
use crate::call::answer::Answer;
use crate::call::result_policy::Policy;
use crate::call::run::{Role, RunGuard};
use crate::engine::engine::{Engine, Found};
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::flight::flight::FlightId;
use crate::flight::wait::{Landing, SharedError, Wait, Waited};
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::time::Duration;

/// A call that is no plain hit.
pub(crate) struct SlowPath<'c, Q, P, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    hash: u64,
    asked: KeyState<'c, Q, K, V, S>,
    policy: P,
    is_async: bool,
    /// It has waited for a run that came to nothing, or was overtaken.
    has_waited: bool,
}

/// What is known of the call that is looked up: its arguments, or the entry made from them.
enum KeyState<'c, Q, K, V, S: Scope> {
    Query(Q),
    Entry(RunGuard<'c, K, V, S>),
}

/// Somebody else's run, which may answer a call.
pub(crate) struct Joined<K, V, S: Scope> {
    entry: EntryPtr<K, V, S>,
    id: FlightId,
    pub(crate) wait: Arc<Wait>,
    pub(crate) patience: Duration,
}

/// What is next in a call.
///
/// The result is not made here: it may be large, and is to be moved as little as possible.
pub(crate) enum Next<'c, Q, P, K, V, S: Scope> {
    /// To answer with this value.
    Found(EntryPtr<K, V, S>, P),
    /// To answer with this error, or else to [compute](SlowPath::compute).
    Failed(SlowPath<'c, Q, P, K, V, S>, SharedError),
    /// To run the body.
    Run(RunGuard<'c, K, V, S>, P),
    /// To wait, and then to [go on](SlowPath::go_on).
    Wait(SlowPath<'c, Q, P, K, V, S>, Joined<K, V, S>),
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> SlowPath<'c, Q, P, K, V, S> {
    #[inline]
    pub(crate) fn of(
        engine: &'c Engine<K, V, S>,
        hash: u64,
        query: Q,
        policy: P,
        is_async: bool,
    ) -> Self {
        Self { engine, hash, asked: KeyState::Query(query), policy, is_async, has_waited: false }
    }

    /// Of a call that blocks, for which there is an entry already.
    #[cold]
    pub(crate) fn with(
        engine: &'c Engine<K, V, S>,
        hash: u64,
        entry: UnstoredEntry<K, V, S>,
        policy: P,
    ) -> Self {
        let guard = RunGuard::new::<Q>(engine, entry, Role::Owner, None, false);
        Self {
            engine,
            hash,
            asked: KeyState::Entry(guard),
            policy,
            is_async: false,
            has_waited: false,
        }
    }

    /// Looks the call up. `absent` says that it was just seen not to be there.
    pub(crate) fn begin(mut self, absent: bool) -> Next<'c, Q, P, K, V, S> {
        if absent {
            // Of a key that is not there, a look at it alone would be in vain.
            self = self.owning();
            if let Some(id) = self.start_alone() {
                return self.run_own(id);
            }
        }
        let mut found = self.look();
        loop {
            return match found {
                Found::Hit(entry) => {
                    if self.has_waited {
                        self.engine.count_waited();
                    }
                    Next::Found(entry, self.policy)
                }
                Found::Absent => {
                    // The guard is there before its flight is, so that there is always one to end it.
                    self = self.owning();
                    found = self.look();
                    continue;
                }
                Found::Lead(id) => self.run_own(id),
                Found::Reentry(entry, id) => self.run_along(entry, id, Role::Guest),
                Found::Join(entry, id, wait, patience) => {
                    Next::Wait(self, Joined { entry, id, wait, patience })
                }
            };
        }
    }

    /// Goes on after having waited.
    pub(crate) fn go_on(
        mut self,
        joined: Joined<K, V, S>,
        waited: Waited,
    ) -> Next<'c, Q, P, K, V, S> {
        let Joined { entry, id, wait, .. } = joined;
        match waited {
            Waited::Landed(Landing::Value) => {
                self.engine.count_coalesced();
                Next::Found(entry, self.policy)
            }
            Waited::Landed(Landing::Error(error)) => Next::Failed(self, error),
            Waited::Landed(Landing::Failed) => {
                drop((entry, wait));
                self.compute()
            }
            Waited::Landed(Landing::Abandoned) => {
                drop((entry, wait));
                self.has_waited = true;
                self.begin(false)
            }
            Waited::Stalled => {
                self.engine.detach_waiters(id);
                drop((entry, wait));
                self.has_waited = true;
                self.begin(false)
            }
            Waited::Help => {
                self.engine.count_helper();
                self.run_along(entry, id, Role::Helper(wait))
            }
            Waited::Circular => {
                self.engine.count_helper();
                self.run_along(entry, id, Role::Guest)
            }
        }
    }

    /// Answers a call that waited for another, which failed, if the error is for it as well. Apart, for results
    /// take room on the stack.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer_failed<R>(&self, error: &SharedError, answer: &mut Answer<R>) -> bool
    where
        P: Policy<R, Stored = V>,
    {
        let Some(result) = self.policy.failed(&**error) else { return false };
        self.engine.count_coalesced();
        answer.put(|| result);
        true
    }

    /// Runs the body after having waited in vain, beside the others that do.
    pub(crate) fn compute(self) -> Next<'c, Q, P, K, V, S> {
        let owning = self.owning();
        let KeyState::Entry(guard) = &owning.asked else { unreachable!("it owns its entry") };
        let id = owning.engine.lead_alone(&guard.entry);
        owning.run_own(id)
    }

    fn look(&self) -> Found<EntryPtr<K, V, S>> {
        match &self.asked {
            KeyState::Query(query) => self.engine.look(self.hash, &|key| query.matches(key), None),
            KeyState::Entry(guard) => {
                let equals = |key: &K| Q::equal(key, &guard.entry.key);
                self.engine.look(self.hash, &equals, Some((&guard.entry, guard.wait())))
            }
        }
    }

    /// Starts a flight of one's own, in the common case.
    fn start_alone(&self) -> Option<FlightId> {
        match &self.asked {
            KeyState::Entry(guard) => {
                self.engine.start_alone(&guard.entry, guard.wait(), false).map(|started| started.0)
            }
            KeyState::Query(_) => None,
        }
    }

    /// Makes the entry, if there is none.
    fn owning(self) -> Self {
        let Self { engine, hash, asked, policy, is_async, has_waited } = self;
        let guard = match asked {
            KeyState::Query(query) => {
                let entry = UnstoredEntry::new(engine.pending(hash, query.into_key()));
                RunGuard::new::<Q>(engine, entry, Role::Owner, None, is_async)
            }
            KeyState::Entry(guard) => guard,
        };
        Self { engine, hash, asked: KeyState::Entry(guard), policy, is_async, has_waited }
    }

    /// Runs the body, in a flight of its own.
    fn run_own(self, id: FlightId) -> Next<'c, Q, P, K, V, S> {
        let KeyState::Entry(mut guard) = self.asked else { unreachable!("it owns its entry") };
        guard.flight = Some(id);
        Next::Run(guard, self.policy)
    }

    /// Runs the body, in another's flight.
    fn run_along(
        self,
        entry: EntryPtr<K, V, S>,
        id: FlightId,
        role: Role,
    ) -> Next<'c, Q, P, K, V, S> {
        let entry = UnstoredEntry::new(entry);
        let guard = RunGuard::new::<Q>(self.engine, entry, role, Some(id), self.is_async);
        Next::Run(guard, self.policy)
    }
}
