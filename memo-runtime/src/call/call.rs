//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! A look-up, by [`Here`](crate::expand::call_site::Here) or [`Given`](crate::expand::call_site::Given), either has the result or hands out
//! a [`Run`]: the permission to run the body, and the duty to [`finish`](Run::finish) with its result. It
//! returns before the body starts, so that only the run stays on the stack, and deep recursion stays
//! cheap. A run that is dropped instead, because the body panicked, ends its flight, and the next call
//! starts afresh.
//!
//! For an async function [`enter_async`] and [`Open::step`] do the same without blocking, and
//! [`AsyncRun::drive`] polls the body. What there is to decide is decided in one place for both, the [slow path](crate::call::slow_path);
//! they differ in how they wait.

use crate::base::sync::Arc;
use crate::cache::cache::Cache;
use crate::call::answer::Answer;
use crate::call::result_policy::Policy;
use crate::call::run::{Role, RunGuard};
use crate::call::slow_path::{Next, SlowPath};
use crate::engine::engine::Engine;
use crate::engine::hit::Miss;
use crate::entry::entry::{Entry, UnstoredEntry};
use crate::flight::wait::Waited;
use crate::flight::wait_graph::{self, Following};
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::fmt;

pub use crate::call::run::{AsyncRun, Run, Turn};

/// What the call of an async function comes to without waiting.
pub enum Entered<'c, R, Q, P, K, V, S: Scope> {
    /// The result was there.
    Hit(R),
    /// The call is no plain hit.
    Open(Open<'c, Q, P, K, V, S>),
}

/// The first half of the call of an async function.
pub enum Step<'c, R, P, K, V, S: Scope> {
    /// The result was there, or was computed by somebody else.
    Done(R),
    /// The body has to be run.
    Run(AsyncRun<'c, P, K, V, S>),
}

/// The call of an async function that has to go on with its [`step`](Self::step).
#[must_use]
pub struct Open<'c, Q, P, K, V, S: Scope> {
    slow_path: SlowPath<'c, Q, P, K, V, S>,
    absent: bool,
}

/// There was nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Absent {
    /// The thread has met the cache before.
    pub(crate) met: bool,
}

/// What is done when there was no plain hit. Waits for the result if another thread is computing it. If none is
/// returned, the result is in `answer`.
#[inline]
pub(crate) fn missed<'c, R, Q, P, K, V, S>(
    cache: &'c Cache<K, V, S>,
    hash: u64,
    query: Q,
    policy: P,
    absent: Option<Absent>,
    answer: &mut Answer<R>,
) -> Turn<'c, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let mut next = if let Some(Absent { met }) = absent {
        // Of a key that is not there, a look at it alone would be in vain.
        let entry = UnstoredEntry::new(engine.pending(hash, query.into_key()));
        if let Some((_, is_measured)) = engine.start_alone(&entry, None, met) {
            let engine = cache.engine_ptr();
            return Turn::run(Run::alone(engine, entry, Q::equal, is_measured, policy));
        }
        SlowPath::<Q, _, _, _, _>::with(engine, hash, entry, policy).begin(false)
    } else {
        SlowPath::of(engine, hash, query, policy, false).begin(false)
    };
    loop {
        next = match next {
            Next::Found(entry, policy) => {
                answer.put(|| policy.hit(entry.value()));
                return Turn::ANSWERED;
            }
            Next::Failed(slow_path, error) => {
                if slow_path.answer_failed(&error, answer) {
                    return Turn::ANSWERED;
                }
                slow_path.compute()
            }
            Next::Run(guard, policy) => {
                return Turn::run(Run::start(guard, policy, cache.engine_ptr()));
            }
            Next::Wait(slow_path, joined) => {
                let waited = if S::SHARED {
                    wait_graph::block(&joined.wait, joined.patience)
                } else {
                    // It is an async run, which nobody could poll while its thread blocks.
                    Waited::Circular
                };
                slow_path.go_on(joined, waited)
            }
        }
    }
}

/// Looks up the call of an async function, as far as that goes without waiting.
///
/// It is no future: its result would pass through memory once more, and what there is to wait with would
/// be made room for and dropped on each hit.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn enter_async<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
) -> Entered<'_, R, Q, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = engine.hash(|state| query.hash(state));
    let absent = match engine.look_up(hash, &query, |value| policy.hit(value)) {
        Ok(result) => return Entered::Hit(result),
        Err(unseen) => unseen == Miss::Nothing,
    };
    open(engine, hash, query, policy, absent)
}

/// What has to go on. `absent` says that there was nothing.
#[inline]
pub(crate) fn open<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    hash: u64,
    query: Q,
    policy: P,
    absent: bool,
) -> Entered<'_, R, Q, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let slow_path = SlowPath::of(engine, hash, query, policy, true);
    Entered::Open(Open { slow_path, absent })
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> Open<'c, Q, P, K, V, S> {
    /// The result, for which the body is run if need be.
    pub(crate) async fn or_compute<R>(self, body: impl AsyncFnOnce() -> R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let run = match self.step().await {
            Step::Done(result) => return result,
            Step::Run(run) => run,
        };
        // Called when it is first polled: what it does before its first `.await` is a part of the run.
        run.drive(async { body().await }).await
    }

    /// Goes on, and waits for the result if somebody else is computing it.
    pub async fn step<R>(self) -> Step<'c, R, P, K, V, S>
    where
        P: Policy<R, Stored = V>,
    {
        let Self { slow_path, absent } = self;
        let mut next = slow_path.begin(absent);
        loop {
            // No result is held while waiting: it need not be `Send`.
            next = match next {
                Next::Found(entry, policy) => return Step::Done(policy.hit(entry.value())),
                Next::Failed(slow_path, error) => {
                    let mut answer = Answer::None;
                    if slow_path.answer_failed(&error, &mut answer) {
                        return Step::Done(answer.take());
                    }
                    slow_path.compute()
                }
                Next::Run(guard, policy) => return Step::Run(AsyncRun::start(guard, policy)),
                Next::Wait(slow_path, joined) => {
                    let following = Following::new(Arc::clone(&joined.wait), joined.patience);
                    slow_path.go_on(joined, following.await)
                }
            };
        }
    }
}

/// Starts a run of the body whatever is stored.
pub fn refresh<Q, P, K, V, S>(cache: &Cache<K, V, S>, query: Q, policy: P) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    Run::start(refreshing(cache, query, false), policy, cache.engine_ptr())
}

/// [`refresh`], for an async body.
pub fn refresh_async<Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
) -> AsyncRun<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    AsyncRun::start(refreshing(cache, query, true), policy)
}

fn refreshing<Q, K, V, S>(cache: &Cache<K, V, S>, query: Q, is_async: bool) -> RunGuard<'_, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = engine.hash(|state| query.hash(state));
    let entry = UnstoredEntry::new(engine.pending(hash, query.into_key()));
    let mut guard = RunGuard::new::<Q>(engine, entry, Role::Owner, None, is_async);
    guard.flight = engine.lead(&guard.entry, Q::equal, guard.wait());
    guard
}

/// What is asked of a cache about one call.
#[derive(Debug, Clone, Copy)]
pub enum Ask {
    /// The result it would find, without counting, computing or touching recency.
    Peek,
    /// To forget it, and what its result was.
    Remove,
}

/// Asks that. One function for both, so that an expansion has to call it only once: of what is generic
/// less is more.
pub fn ask<R, Q, P, K, V, S>(cache: &Cache<K, V, S>, what: Ask, query: &Q, policy: &P) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = engine.hash(|state| query.hash(state));
    let entry = match what {
        Ask::Peek => engine.peek(hash, &|key| query.matches(key)),
        Ask::Remove => engine.remove(hash, &|key| query.matches(key)),
    }?;
    Some(policy.hit(entry.value()))
}

/// Stores a result as if it had been computed now; one that would not have been stored is not.
pub fn insert<R, Q, P, K, V, S>(cache: &Cache<K, V, S>, query: Q, policy: &P, result: &R)
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    if let Some(value) = policy.store(result) {
        let engine = cache.engine();
        let hash = engine.hash(|state| query.hash(state));
        engine.insert(&Entry::ready_with(hash, query.into_key(), || P::cloned(value)), Q::equal);
    }
}

impl<R, Q, P, K, V, S: Scope> fmt::Debug for Entered<'_, R, Q, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hit(_) => "Hit",
            Self::Open(_) => "Open",
        })
    }
}

impl<R, P, K, V, S: Scope> fmt::Debug for Step<'_, R, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done(_) => "Done",
            Self::Run(_) => "Run",
        })
    }
}

impl<Q, P, K, V, S: Scope> fmt::Debug for Open<'_, Q, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}
