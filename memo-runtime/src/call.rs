//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! [`enter`] looks the call up and either has the result or hands out a [`Run`]: the permission to
//! run the body, and the duty to [`finish`](Run::finish) with its result. Nothing of ours is on the
//! stack while the body runs, so that deep recursion stays cheap. A run that is dropped instead,
//! because the body panicked, ends its flight, and the next call starts afresh.
//!
//! For an async function [`enter_async`] and [`Open::step`] do the same without blocking, and [`Run::drive`]
//! polls the body. What there is to decide is decided in one place for both, the [inquiry](crate::inquiry);
//! they differ in how they wait.

use crate::cache::Cache;
use crate::engine::{Engine, Unseen};
use crate::entry::{Entry, Offered};
use crate::graph::{self, Following};
use crate::inquiry::{Inquiry, Next, answer};
use crate::key::Lookup;
use crate::policy::Policy;
use crate::run::{Pilot, Role};
use crate::scope::Scope;
use crate::sync::Arc;
use crate::wait::Waited;
use std::fmt;

pub use crate::inquiry::Step;
pub use crate::run::Run;

/// What the call of an async function comes to without waiting.
pub enum Entered<'c, R, Q, P, K, V, S: Scope> {
    /// The result was there.
    Hit(R),
    /// The call is no plain hit.
    Open(Open<'c, Q, P, K, V, S>),
}

/// The call of an async function that has to go on with its [`step`](Self::step).
#[must_use]
pub struct Open<'c, Q, P, K, V, S: Scope> {
    inquiry: Inquiry<'c, Q, P, K, V, S>,
    absent: bool,
}

/// Looks a call up, and waits for its result if another thread is computing it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a hit is cheaper than what a call of its own would cost")]
pub fn enter<R, Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
) -> Step<'_, R, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = engine.hash(|state| query.hash(state));
    match engine.look_up(hash, &query, &policy) {
        Ok(result) => Step::Done(result),
        Err(unseen) => {
            let absent = (unseen == Unseen::Nothing).then_some(Absent { met: false });
            missed(engine, hash, query, policy, absent)
        }
    }
}

/// There was nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Absent {
    /// The thread has met the cache before.
    pub(crate) met: bool,
}

/// What is done when there was no plain hit.
#[inline(never)]
pub(crate) fn missed<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    hash: u64,
    query: Q,
    policy: P,
    absent: Option<Absent>,
) -> Step<'_, R, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut next = if let Some(Absent { met }) = absent {
        // Of a key that is not there, a look at it alone would be in vain.
        let entry = Offered::new(engine.pending(hash, query.into_key()));
        if let Some(started) = engine.start_alone(&entry, None, met) {
            return Step::Run(Run::alone(engine, entry, Q::equal, started, policy));
        }
        Inquiry::<Q, _, _, _, _>::with(engine, hash, entry, policy).begin(false)
    } else {
        Inquiry::of(engine, hash, query, policy, false).begin(false)
    };
    loop {
        match next {
            Next::Step(step) => return step,
            Next::Wait(inquiry, joined) => {
                let waited = if S::SHARED {
                    graph::block(&joined.wait, joined.patience)
                } else {
                    // It is an async run, which nobody could poll while its thread blocks.
                    Waited::Circular
                };
                next = inquiry.go_on(joined, waited);
            }
        }
    }
}

/// [`enter`], for an async body, as far as it goes without waiting.
///
/// It is no future: its result would pass through memory once more, and what there is to wait with would
/// be made room for and dropped on each hit.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a hit is cheaper than what a call of its own would cost")]
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
    let absent = match engine.look_up(hash, &query, &policy) {
        Ok(result) => return Entered::Hit(result),
        Err(unseen) => unseen == Unseen::Nothing,
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
    let inquiry = Inquiry::of(engine, hash, query, policy, true);
    Entered::Open(Open { inquiry, absent })
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
        let Self { inquiry, absent } = self;
        // No result is held while waiting: it need not be `Send`.
        let (mut inquiry, mut joined) = match inquiry.begin(absent) {
            Next::Step(step) => return step,
            Next::Wait(inquiry, joined) => (inquiry, joined),
        };
        loop {
            let waited = Following::new(Arc::clone(&joined.wait), joined.patience).await;
            (inquiry, joined) = match inquiry.go_on(joined, waited) {
                Next::Step(step) => return step,
                Next::Wait(inquiry, joined) => (inquiry, joined),
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
    refreshing(cache, query, policy, false)
}

/// [`refresh`], for an async body.
pub fn refresh_async<Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    refreshing(cache, query, policy, true)
}

fn refreshing<Q, P, K, V, S>(
    cache: &Cache<K, V, S>,
    query: Q,
    policy: P,
    is_async: bool,
) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = engine.hash(|state| query.hash(state));
    let entry = Offered::new(engine.pending(hash, query.into_key()));
    let mut pilot = Pilot::new::<Q>(engine, entry, Role::Owner, None, is_async);
    pilot.flight = engine.lead(&pilot.entry, Q::equal, pilot.wait());
    Run::start(pilot, policy)
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
    Some(answer(&entry, policy))
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
        engine.insert(&Entry::ready(hash, query.into_key(), value), Q::equal);
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

impl<Q, P, K, V, S: Scope> fmt::Debug for Open<'_, Q, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}
