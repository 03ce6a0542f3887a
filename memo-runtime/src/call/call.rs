//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! The first half looks the call up. It has the result, or it hands out a [`Run`]: the permission to run the body,
//! and the duty to [`finish`](Run::finish) with its result. It returns before the body starts, so that only the run
//! stays on the stack and a deep recursion stays cheap. A body that panics drops its run: that ends the flight, and
//! the next call starts afresh.
//!
//! An async call does the same without blocking: [`after_first_async`] looks it up, and [`AsyncRun::drive`] polls
//! the body. The [slow path](crate::call::slow_path) makes all decisions, for both kinds; they differ in how they wait.

use crate::base::sync::Arc;
use crate::call::answer::Answer;
use crate::call::async_run::AsyncRun;
use crate::call::result_policy::Policy;
use crate::call::run::{Run, Turn};
use crate::call::run_guard::{Role, RunGuard};
use crate::call::slow_path::{SlowPath, Step};
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::hit::{Miss, Reason};
use crate::entry::entry::Entry;
use crate::flight::wait::Waited;
use crate::flight::wait_graph::{self, Following};
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::ops::ControlFlow;

/// Goes on after the [first attempt](Engine::quick_hit) to hit. If this returns no run, the result is in `answer`.
pub(crate) fn after_first<'c, R, Q, P, K, V, S>(
    engine: &'c EnginePtr<K, V, S>,
    miss: Miss,
    query: Q,
    policy: P,
    answer: &mut Answer<R>,
) -> Turn<'c, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut miss = miss;
    if miss.reason == Reason::GaveUp {
        let hash = miss.hash(engine, &query);
        match engine.hit(hash, &query, |value| answer.put(|| policy.hit(value))) {
            Ok(()) => return Turn::ANSWERED,
            Err(again) => miss = again,
        }
    }
    after_miss(engine, miss, query, policy, answer)
}

/// Goes on after a miss. Waits if another thread computes the result. If this returns no run, the result is in
/// `answer`.
#[inline]
pub(crate) fn after_miss<'c, R, Q, P, K, V, S>(
    engine: &'c EnginePtr<K, V, S>,
    miss: Miss,
    query: Q,
    policy: P,
    answer: &mut Answer<R>,
) -> Turn<'c, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let hash = miss.hash(engine, &query);
    let mut step = if miss.reason == Reason::Absent {
        // The entry is made at once: another look-up would find nothing again.
        let entry = engine.fresh(hash, query);
        if let Some((_, timing)) = engine.core.start_absent((entry.entry_ref(), None), true) {
            return Turn::run(Run::lead(engine, entry, timing, policy));
        }
        SlowPath::<Q, _, _, _, _>::with_entry(engine, hash, entry, policy).begin(false)
    } else {
        SlowPath::new(engine, hash, query, policy, false).begin(false)
    };
    loop {
        step = match step {
            Step::Found(entry, policy) => {
                answer.put(|| policy.hit(entry.value()));
                return Turn::ANSWERED;
            }
            Step::Failed(slow_path, error) => {
                if slow_path.answer_error(&error, answer) {
                    return Turn::ANSWERED;
                }
                slow_path.compute()
            }
            Step::Run(guard, policy) => return Turn::run(Run::start(guard, policy, engine)),
            Step::Wait(slow_path, joined) => {
                let waited = if S::SHARED {
                    wait_graph::block(&joined.wait, joined.patience)
                } else {
                    // The flight is an async run of this thread. Nobody could poll it while the thread blocks.
                    Waited::Circular
                };
                slow_path.after_wait(joined, waited)
            }
        }
    }
}

/// Goes on with an async call after an attempt to hit. Waits if another run computes the result. Breaks with the
/// result, or continues with a run.
///
/// No result is held while this waits, since results need not be `Send`.
pub(crate) async fn after_first_async<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    miss: Miss,
    query: Q,
    policy: P,
) -> ControlFlow<R, AsyncRun<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut miss = miss;
    let hash = miss.hash(engine, &query);
    if miss.reason == Reason::GaveUp {
        match engine.hit(hash, &query, |value| policy.hit(value)) {
            Ok(result) => return ControlFlow::Break(result),
            Err(again) => miss = again,
        }
    }
    let slow_path = SlowPath::new(engine, hash, query, policy, true);
    let mut step = slow_path.begin(miss.reason == Reason::Absent);
    loop {
        step = match step {
            Step::Found(entry, policy) => return ControlFlow::Break(policy.hit(entry.value())),
            Step::Failed(slow_path, error) => {
                let mut answer = Answer::None;
                if slow_path.answer_error(&error, &mut answer) {
                    return ControlFlow::Break(answer.take());
                }
                slow_path.compute()
            }
            Step::Run(guard, policy) => {
                return ControlFlow::Continue(AsyncRun::start(guard, policy));
            }
            Step::Wait(slow_path, joined) => {
                let following = Following::new(Arc::clone(&joined.wait), joined.patience);
                slow_path.after_wait(joined, following.await)
            }
        };
    }
}

/// [`after_first_async`], and then runs the body if need be.
pub(crate) async fn or_compute<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    miss: Miss,
    query: Q,
    policy: P,
    body: impl AsyncFnOnce() -> R,
) -> R
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    // No result is held across the `.await` of the body, so the result need not be `Send`.
    let run = match after_first_async(engine, miss, query, policy).await {
        ControlFlow::Break(result) => return result,
        ControlFlow::Continue(run) => run,
    };
    // The body is called when the run is first polled: all that it does is a part of the run.
    run.drive(async { body().await }).await
}

/// Starts a run of the body, whether a value is stored or not.
pub(crate) fn refresh<Q, P, K, V, S>(
    engine: &EnginePtr<K, V, S>,
    query: Q,
    policy: P,
) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    Run::start(refreshing(engine, query, false), policy, engine)
}

/// [`refresh`], for an async body.
pub(crate) fn refresh_async<Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    query: Q,
    policy: P,
) -> AsyncRun<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    AsyncRun::start(refreshing(engine, query, true), policy)
}

fn refreshing<Q, K, V, S>(
    engine: &Engine<K, V, S>,
    query: Q,
    is_async: bool,
) -> RunGuard<'_, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let hash = engine.hash(|state| query.hash(state));
    let entry = engine.fresh(hash, query);
    let mut guard = RunGuard::new(engine, entry, Role::Owner, is_async);
    guard.flight = engine.start_refresh(&guard.entry, guard.wait());
    guard
}

/// A question about one call.
#[derive(Debug, Clone, Copy)]
pub enum Ask {
    /// Looks for the result, without counting, computing or touching recency.
    Peek,
    /// Forgets the call, and returns its result.
    Remove,
}

/// Asks it. This is one function, so that an expansion instantiates one.
pub(crate) fn ask<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    what: Ask,
    query: &Q,
    policy: &P,
) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let hash = engine.hash(|state| query.hash(state));
    let entry = match what {
        Ask::Peek => engine.peek(hash, &|key| query.matches(key)),
        Ask::Remove => engine.remove(hash, &|key| query.matches(key)),
    }?;
    Some(policy.hit(entry.value()))
}

/// Stores a result as if it had been computed now. A result that the policy does not store is left out.
pub(crate) fn insert<R, Q, P, K, V, S>(engine: &Engine<K, V, S>, query: Q, policy: &P, result: &R)
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    if let Some(value) = policy.store(result) {
        let hash = engine.hash(|state| query.hash(state));
        engine.insert(Entry::ready_with(hash, query.into_key(), || P::cloned(value)), Q::equal);
    }
}
