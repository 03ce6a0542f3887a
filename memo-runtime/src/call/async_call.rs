//! An async call, from its arguments to its run: [`after_first_async`] looks it up, and [`AsyncRun::drive`] polls the body.
//!
//! It does the same as a blocking [`call`](crate::call::call), and waits by being polled.

use crate::base::sync::Arc;
use crate::call::answer::{Answer, AnswerFrom, AnyAnswer};
use crate::call::async_run::AsyncRun;
use crate::call::call::look_again;
use crate::call::polled_body::BodyKind;
use crate::call::result_policy::Policy;
use crate::call::run_guard::RunGuard;
use crate::call::slow_path::{Joined, SlowPath, Step, Types};
use crate::engine::core::{NewEntry, NewTags, Rule};
use crate::engine::engine::Engine;
use crate::engine::hit::{Miss, Reason};
use crate::engine::query::{AnyQuery, Query};
use crate::engine::typed::TypedEngine;
use crate::entry::entry::UnstoredEntry;
use crate::flight::wait_graph::Following;
use crate::key::lookup::Lookup;
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;
use std::ops::ControlFlow;
use std::time::Duration;

/// Goes on with an async call after an attempt to hit. Waits if another run computes the result. Breaks with the
/// result, or continues with a run.
///
/// No result is held while this waits, since results need not be `Send`.
pub(crate) async fn after_first_async<R, Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    miss: Miss,
    lookup: Q,
    policy: P,
) -> ControlFlow<R, AsyncRun<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let rule = engine.engine().core.rule();
    if rule == Rule::Bypass {
        return ControlFlow::Continue(AsyncRun::bypass(engine, policy));
    }
    let mut query = engine.query(lookup);
    let fresh = if rule == Rule::Usual && miss.reason == Reason::Absent {
        let hash = miss.hash(|| query.hash(engine.engine().hashing));
        // The entry is made at once: another look-up would find nothing again.
        match lead_polled(engine.engine(), hash, &mut query) {
            Ok(guard) => return ControlFlow::Continue(AsyncRun::new(engine, guard, policy)),
            Err(fresh) => Some(fresh),
        }
    } else {
        None
    };
    let mut slow_path = SlowPath::new(engine.engine(), Some(Runner::new_run()));
    let mut ahead = step_of(engine, &mut query, &policy, |types| match fresh {
        Some(fresh) => slow_path.begin_with(fresh.0.hash(), fresh, types),
        None => begin_polled(&mut slow_path, engine.engine(), rule, miss, types),
    })?;
    loop {
        let joined = match ahead {
            Ahead::Run(guard) => {
                if engine.engine().below.is_none() {
                    return ControlFlow::Continue(AsyncRun::start(engine, guard, policy));
                }
                let run = Box::pin(run_or_ask_async(engine, guard, policy)).await;
                return run.map_break(|(result, _)| result);
            }
            Ahead::Wait(joined) => joined,
        };
        let waited = Following::new(Arc::clone(&joined.wait), joined.patience).await;
        ahead = step_of(engine, &mut query, &policy, |types| {
            slow_path.after_wait(joined, waited, types)
        })?;
    }
}

/// Starts the async run of a call for which nothing is stored and no other run is under way. If there is something by now,
/// returns the entry that was made.
fn lead_polled<'c, S: Scope>(
    engine: &'c Engine<S>,
    hash: u64,
    query: &mut dyn AnyQuery,
) -> Result<RunGuard<'c, S>, (UnstoredEntry<S>, NewTags)> {
    let (entry, tags) = engine.fresh(hash, query);
    let body = BodyKind::polled(Runner::new_run(), engine.parameters.single_flight);
    // The thread need not be the one that looked, so it is registered.
    let started = engine.core.start_absent(NewEntry::new(&entry, &tags, body.runner()), false);
    match started {
        Some((id, timing)) => Ok(RunGuard::leading(engine, entry, id, body, timing)),
        None => Err((entry, tags)),
    }
}

/// Begins an async call that is no plain miss.
fn begin_polled<'c, S: Scope>(
    slow_path: &mut SlowPath<'c, S>,
    engine: &Engine<S>,
    rule: Rule,
    miss: Miss,
    types: &mut Types<'_, S>,
) -> Step<'c, S> {
    if rule == Rule::Check {
        let hash = miss.hash(|| types.query.hash(engine.hashing));
        return slow_path.begin_checked(hash, types);
    }
    match look_again(engine, miss, types) {
        Ok(()) => Step::Answered,
        Err((hash, reason)) => slow_path.begin(hash, reason == Reason::Absent, types),
    }
}

/// An async run, unless what stands below has the value. Then it breaks with the result and its age.
pub(super) async fn run_or_ask_async<'c, R, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    mut guard: RunGuard<'c, S>,
    policy: P,
) -> ControlFlow<(R, Duration), AsyncRun<'c, P, K, V, S>>
where
    P: Policy<R, Stored = V>,
    S: Scope,
{
    if let Some(young) = guard.ask().await {
        let _here = guard.here();
        let mut answer = Answer::None;
        AnswerFrom::new(engine, &policy, &mut answer).put_given(young.value());
        let age = young.age();
        guard.finish_given(young);
        return ControlFlow::Break((answer.take(), age));
    }
    ControlFlow::Continue(AsyncRun::start(engine, guard, policy))
}

/// The next step of an async call that has no result yet.
pub(super) enum Ahead<'c, S: Scope> {
    Run(RunGuard<'c, S>),
    Wait(Joined<S>),
}

/// Takes a step of an async call. Breaks with the result, if there is one.
pub(super) fn step_of<'c, R, Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    query: &mut Query<Q, V>,
    policy: &P,
    step: impl FnOnce(&mut Types<'_, S>) -> Step<'c, S>,
) -> ControlFlow<R, Ahead<'c, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut answer = Answer::None;
    let types = &mut Types { query, answer: &mut AnswerFrom::new(engine, policy, &mut answer) };
    match step(types) {
        Step::Answered => ControlFlow::Break(answer.take()),
        Step::Run(guard) => ControlFlow::Continue(Ahead::Run(guard)),
        Step::Wait(joined) => ControlFlow::Continue(Ahead::Wait(joined)),
    }
}

/// [`after_first_async`], and then runs the body if need be.
pub(crate) async fn or_compute<R, Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    miss: Miss,
    lookup: Q,
    policy: P,
    body: impl AsyncFnOnce() -> R,
) -> R
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    // No result is held across the `.await` of the body, so the result need not be `Send`.
    let run = match after_first_async(engine, miss, lookup, policy).await {
        ControlFlow::Break(result) => return result,
        ControlFlow::Continue(run) => run,
    };
    // The body is called when the run is first polled: all that it does is a part of the run.
    run.drive(async { body().await }).await
}
