//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! The first half looks the call up. It has the result, or it hands out a [`Run`]: the permission to run the body,
//! and the duty to [`finish`](Run::finish) with its result. It returns before the body starts, so that only the run
//! stays on the stack and a deep recursion stays cheap. A body that panics drops its run: that ends the flight, and
//! the next call starts afresh.
//!
//! All of this is compiled once. The functions that know the types of a call wrap it, and are small.
//!
//! An [async call](crate::call::async_call) does the same without blocking. The [slow path](crate::call::slow_path) makes all
//! decisions, for both kinds; they differ in how they wait.

use crate::call::answer::{Answer, AnswerFrom};
use crate::call::ask_below::run_or_ask;
use crate::call::result_policy::{AnyResult, Policy, RunResult};
use crate::call::run::{PackedRun, Run, Turn};
use crate::call::run_guard::{Role, RunGuard};
use crate::call::slow_path::{SlowPath, Step, Types};
use crate::engine::below::Below;
use crate::engine::core::{NewEntry, NewTags, Rule};
use crate::engine::engine::{Engine, EnginePtr, Find};
use crate::engine::hit::{Miss, Reason};
use crate::engine::query::AnyQuery;
use crate::engine::typed::TypedEngine;
use crate::entry::entry::{EntryPtr, UnstoredEntry};
use crate::flight::wait::Waited;
use crate::flight::wait_graph;
use crate::key::lookup::Lookup;
use crate::scope::runners::Runner;
use crate::scope::scope::Scope;

/// Goes on with a call after a look-up without a result. If this returns no run, the result is in `answer`.
///
/// The engine is there twice: a run may borrow it for longer than its types are known to live.
pub(crate) fn after_first<'c, R, Q, P, K, V, S>(
    (owner, engine): (&'c EnginePtr<S>, &TypedEngine<K, V, S>),
    miss: Miss,
    lookup: Q,
    policy: P,
    answer: &mut Answer<R>,
) -> Turn<'c, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut query = engine.query(lookup);
    let mut answer = AnswerFrom::new(engine, &policy, answer);
    let mut types = Types { query: &mut query, answer: &mut answer };
    let run = go_on(owner, miss, &mut types);
    Turn::new(engine, run, policy)
}

/// [`after_first`], without the types.
fn go_on<'c, S: Scope>(
    engine: &'c EnginePtr<S>,
    miss: Miss,
    types: &mut Types<'_, S>,
) -> Option<PackedRun<'c, S>> {
    match engine.core.rule() {
        Rule::Usual => {}
        rule => return go_on_by(rule, engine, miss, types),
    }
    let (hash, reason) = match look_again(engine, miss, types) {
        Ok(()) => return None,
        Err(miss) => miss,
    };
    let fresh = if reason == Reason::Absent {
        // The entry is made at once: another look-up would find nothing again.
        let (entry, tags) = engine.fresh(hash, types.query);
        let fresh = NewEntry::new(&entry, &tags, None);
        if let Some((_, timing)) = engine.core.start_absent(fresh, true) {
            return Some(PackedRun::lead(engine, entry, timing));
        }
        Some((entry, tags))
    } else {
        None
    };
    go_on_slowly(engine, hash, fresh, types)
}

/// Goes on with a call that is no plain miss. It may have an entry already.
#[inline(never)]
fn go_on_slowly<'c, S: Scope>(
    engine: &'c EnginePtr<S>,
    hash: u64,
    fresh: Option<(UnstoredEntry<S>, NewTags)>,
    types: &mut Types<'_, S>,
) -> Option<PackedRun<'c, S>> {
    let mut slow_path = SlowPath::new(engine, None);
    let step = match fresh {
        Some(fresh) => slow_path.begin_with(hash, fresh, types),
        None => slow_path.begin(hash, false, types),
    };
    take_steps(engine, slow_path, step, types)
}

/// Goes on with a call for which another rule holds.
#[cold]
#[inline(never)]
fn go_on_by<'c, S: Scope>(
    rule: Rule,
    engine: &'c EnginePtr<S>,
    miss: Miss,
    types: &mut Types<'_, S>,
) -> Option<PackedRun<'c, S>> {
    if rule == Rule::Bypass {
        return Some(PackedRun::bypass(engine));
    }
    let mut slow_path = SlowPath::new(engine, None);
    let step = if rule == Rule::Check {
        let hash = miss.hash(|| types.query.hash(engine.hashing));
        slow_path.begin_checked(hash, types)
    } else {
        match look_again(engine, miss, types) {
            Ok(()) => return None,
            // As if it were not known to be absent: one more caller of `start_absent` would keep it from being inlined into
            // each miss.
            Err((hash, _)) => slow_path.begin(hash, false, types),
        }
    };
    take_steps(engine, slow_path, step, types)
}

/// Takes this step and all that follow, to the answer or a run.
fn take_steps<'c, S: Scope>(
    engine: &'c EnginePtr<S>,
    mut slow_path: SlowPath<'c, S>,
    mut step: Step<'c, S>,
    types: &mut Types<'_, S>,
) -> Option<PackedRun<'c, S>> {
    loop {
        step = match step {
            Step::Answered => return None,
            Step::Run(guard) => return run_or_ask(guard, engine, types.answer).ok(),
            Step::Wait(joined) => {
                let waited = if S::SHARED {
                    wait_graph::block(&joined.wait, joined.patience)
                } else {
                    // The flight is an async run of this thread. Nobody could poll it while the thread blocks.
                    Waited::Circular
                };
                slow_path.after_wait(joined, waited, types)
            }
        }
    }
}

/// The [second attempt](Engine::hit) to hit, if the first gave up. Without a result it tells the hash and why.
#[inline]
pub(super) fn look_again<S: Scope>(
    engine: &Engine<S>,
    miss: Miss,
    types: &mut Types<'_, S>,
) -> Result<(), (u64, Reason)> {
    let hash = miss.hash(|| types.query.hash(engine.hashing));
    if miss.reason == Reason::GaveUp {
        return hit(engine, hash, types).map_err(|reason| (hash, reason));
    }
    Err((hash, miss.reason))
}

/// Not inlined: a miss has no use for it.
#[inline(never)]
pub(super) fn hit<S: Scope>(
    engine: &Engine<S>,
    hash: u64,
    types: &mut Types<'_, S>,
) -> Result<(), Reason> {
    let Types { query, answer } = types;
    let matches = |entry| query.matches(entry);
    let answer = |entry| answer.put_found(entry);
    engine.hit(engine.types().is_plain, hash, matches, answer).map_err(|miss| miss.reason)
}

/// Starts a run of the body, whether a value is stored or not.
pub(crate) fn refresh<Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    lookup: Q,
    policy: P,
) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let mut guard = refreshing(engine.engine(), &mut engine.query(lookup), None);
    guard.begin_below_and_block();
    Run::new(engine, PackedRun::start(guard, engine.engine()), policy)
}

/// Starts the run of a refresh. Its tier is still to be asked.
pub(super) fn refreshing<'c, S: Scope>(
    engine: &'c Engine<S>,
    query: &mut dyn AnyQuery,
    polled: Option<Runner>,
) -> RunGuard<'c, S> {
    let hash = query.hash(engine.hashing);
    let (entry, tags) = engine.fresh(hash, query);
    let mut guard = RunGuard::new(engine, entry, Role::Owner, polled);
    guard.flight = engine.start_refresh(NewEntry::new(&guard.entry, &tags, guard.runner()));
    guard
}

/// A question about one call, or an order.
#[derive(Debug, Clone, Copy)]
pub enum Ask<R> {
    /// Looks for the result, without counting, computing or touching recency.
    Peek,
    /// Forgets the call, and returns its result.
    Remove,
    /// Ends the time in which the result answers, and returns it if it did.
    Expire,
    /// Stores this result as if it had been computed now. A result that the policy does not store is left out.
    Insert(R),
}

/// Asks it. The answer to [`Ask::Insert`] is `None`.
pub(crate) fn ask<R, Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    what: Ask<R>,
    lookup: Q,
    policy: &P,
) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut query = engine.query(lookup);
    let engine = engine.engine();
    if let Ask::Insert(result) = what {
        #[expect(unsafe_code, reason = "a run has no types")]
        // SAFETY: the values of the engine are of type `V`.
        insert(engine, &mut query, &mut unsafe { RunResult::new(policy, &result) });
        return None;
    }
    if let (Some(below), Ask::Remove | Ask::Expire) = (&engine.below, &what) {
        return forget::<R, K, V, P, S>(engine, &**below, &what, &mut query, policy);
    }
    let find = match what {
        Ask::Remove => Engine::remove,
        Ask::Expire => Engine::expire,
        _ => Engine::peek,
    };
    let entry = found(engine, &query, find)?;
    #[expect(unsafe_code, reason = "an engine has no types")]
    // SAFETY: the entry is of the types of the engine.
    let entry = unsafe { entry.typed::<K, V>() };
    Some(policy.hit(entry.value()))
}

/// Forgets a call here and below, where its key need not be stored here.
#[cold]
fn forget<R, K, V, P: Policy<R, Stored = V>, S: Scope>(
    engine: &Engine<S>,
    below: &dyn Below,
    what: &Ask<R>,
    query: &mut dyn AnyQuery,
    policy: &P,
) -> Option<R> {
    let hash = query.hash(engine.hashing);
    let (own, _) = engine.fresh(hash, query);
    below.forget(own.entry_ref());
    let equals = engine.equal_to(own.entry_ref());
    let find = if matches!(what, Ask::Remove) { Engine::remove } else { Engine::expire };
    let entry = find(engine, hash, &equals)?;
    #[expect(unsafe_code, reason = "an engine has no types")]
    // SAFETY: the caller has an engine of these types.
    let entry = unsafe { entry.typed::<K, V>() };
    Some(policy.hit(entry.value()))
}

fn found<S: Scope>(engine: &Engine<S>, query: &dyn AnyQuery, find: Find<S>) -> Option<EntryPtr<S>> {
    find(engine, query.hash(engine.hashing), &|entry| query.matches(entry))
}

fn insert<S: Scope>(engine: &Engine<S>, query: &mut dyn AnyQuery, result: &mut dyn AnyResult) {
    if result.is_stored() {
        engine.insert(query, &mut |to| result.write(to));
    }
}
