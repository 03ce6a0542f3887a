//! A call that says how it was answered: `f::cache_call(..)`.
//!
//! It counts, stores and waits as a plain call does, on the same [slow path](crate::call::slow_path). It differs in
//! one point: in a cache whose entries expire, it looks for a hit under the lock, where the deadlines are.

use crate::base::sync::Arc;
use crate::call::answer::Answer;
use crate::call::async_run::AsyncRun;
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::call::run::Run;
use crate::call::slow_path::{SlowPath, Step};
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::hit::Reason;
use crate::flight::wait::Waited;
use crate::flight::wait_graph::{self, Following};
use crate::key::lookup::Lookup;
use crate::scope::scope::Scope;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

/// The result of a call, and how it came about: `f::cache_call(..)`, or `value.area_call(..)` of a method.
///
/// ```
/// use memofn::{CallStatus, memoize};
/// use std::time::Duration;
///
/// #[memoize(ttl = "30m")]
/// fn temperature(city: &str) -> f64 {
///     city.len() as f64
/// }
///
/// let call = temperature::cache_call("Oslo");
/// assert_eq!((call.value, call.status, call.age), (4.0, CallStatus::Miss, Some(Duration::ZERO)));
///
/// let call = temperature::cache_call("Oslo");
/// assert_eq!((call.value, call.status), (4.0, CallStatus::Hit));
/// assert!(call.age < Some(Duration::from_secs(1800)));
/// assert_eq!(temperature::cache_info().hits, 1); // it counts as a plain call does
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCall<R> {
    /// The result of the function.
    pub value: R,
    /// How the call was answered.
    pub status: CallStatus,
    /// The time since the run that computed the value finished. It is zero for the call that ran the body, and for one
    /// that has just waited for the run.
    ///
    /// `None` is a hit in a cache without a `ttl`, or with one of [`Duration::MAX`]: such a cache does not know when its
    /// entries were stored. A `ttl` of a second or more is measured by the system's coarse clock, and so is the age: it may
    /// be wrong by some milliseconds.
    pub age: Option<Duration>,
}

/// How a call was answered: see [`CacheCall`].
///
/// `Display` prints one lower-case word, for logs and headers.
///
/// ```
/// assert_eq!(memofn::CallStatus::Hit.to_string(), "hit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallStatus {
    /// By a stored value.
    Hit,
    /// By the run of another call, for which it waited. It counts as a hit, and as
    /// [`coalesced`](crate::CacheInfo::coalesced) too.
    Joined,
    /// It ran the body.
    Miss,
}

impl fmt::Display for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hit => "hit",
            Self::Joined => "joined",
            Self::Miss => "miss",
        })
    }
}

impl<R> CacheCall<R> {
    fn hit(value: R, age: Option<Duration>) -> Self {
        Self { value, status: CallStatus::Hit, age }
    }

    fn joined(value: R) -> Self {
        Self { value, status: CallStatus::Joined, age: Some(Duration::ZERO) }
    }
}

/// When a call runs the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// If no value is stored, and no other call computes it.
    IfAbsent,
    /// In any case: it is a refresh.
    Anew,
}

/// The result of a call that ran the body.
pub fn missed<R>(value: R) -> CacheCall<R> {
    CacheCall { value, status: CallStatus::Miss, age: Some(Duration::ZERO) }
}

/// Makes a blocking call up to its run, if it needs one. Breaks with the result, or continues with a run.
pub(crate) fn observe<R, Q, P, K, V, S>(
    engine: &EnginePtr<K, V, S>,
    start: Start,
    query: Q,
    policy: P,
) -> ControlFlow<CacheCall<R>, Run<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    if start == Start::Anew {
        return ControlFlow::Continue(call::refresh(engine, query, policy));
    }
    let mut step = match look(engine, query, policy, false) {
        ControlFlow::Break(call) => return ControlFlow::Break(call),
        ControlFlow::Continue(step) => step,
    };
    let mut has_waited = false;
    loop {
        step = match step {
            Step::Found(entry, policy) => {
                return ControlFlow::Break(found(engine, policy.hit(entry.value()), has_waited));
            }
            Step::Failed(slow_path, error) => {
                let mut answer = Answer::None;
                if slow_path.answer_error(&error, &mut answer) {
                    return ControlFlow::Break(CacheCall::joined(answer.take()));
                }
                slow_path.compute()
            }
            Step::Run(guard, policy) => {
                return ControlFlow::Continue(Run::start(guard, policy, engine));
            }
            Step::Wait(slow_path, joined) => {
                has_waited = true;
                let waited = if S::SHARED {
                    wait_graph::block(&joined.wait, joined.patience)
                } else {
                    // As in a plain call: nobody could poll the run while this thread blocks.
                    Waited::Circular
                };
                slow_path.after_wait(joined, waited)
            }
        }
    }
}

/// [`observe`] for an async call.
pub(crate) async fn observe_async<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    start: Start,
    query: Q,
    policy: P,
) -> ControlFlow<CacheCall<R>, AsyncRun<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    if start == Start::Anew {
        return ControlFlow::Continue(call::refresh_async(engine, query, policy));
    }
    // No result is held while this waits, since results need not be `Send`.
    let mut step = match look(engine, query, policy, true) {
        ControlFlow::Break(call) => return ControlFlow::Break(call),
        ControlFlow::Continue(step) => step,
    };
    let mut has_waited = false;
    loop {
        step = match step {
            Step::Found(entry, policy) => {
                return ControlFlow::Break(found(engine, policy.hit(entry.value()), has_waited));
            }
            Step::Failed(slow_path, error) => {
                let mut answer = Answer::None;
                if slow_path.answer_error(&error, &mut answer) {
                    return ControlFlow::Break(CacheCall::joined(answer.take()));
                }
                slow_path.compute()
            }
            Step::Run(guard, policy) => {
                return ControlFlow::Continue(AsyncRun::start(guard, policy));
            }
            Step::Wait(slow_path, joined) => {
                has_waited = true;
                let following = Following::new(Arc::clone(&joined.wait), joined.patience);
                slow_path.after_wait(joined, following.await)
            }
        };
    }
}

/// The first step of a call. Breaks with a hit.
fn look<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    query: Q,
    policy: P,
    is_async: bool,
) -> ControlFlow<CacheCall<R>, Step<'_, Q, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let hash = engine.hash(|state| query.hash(state));
    let is_absent = if engine.core.expires() {
        if let Some((entry, age)) = engine.hit_with_age(hash, &|key| query.matches(key)) {
            return ControlFlow::Break(CacheCall::hit(policy.hit(entry.value()), age));
        }
        false
    } else {
        match engine.hit(hash, &query, |value| policy.hit(value)) {
            Ok(value) => return ControlFlow::Break(CacheCall::hit(value, None)),
            Err(miss) => miss.reason == Reason::Absent,
        }
    };
    let slow_path = SlowPath::new(engine, hash, query, policy, is_async);
    ControlFlow::Continue(slow_path.begin(is_absent))
}

/// A call that has found its entry on the slow path. Without a wait, and where entries expire, the entry was stored since
/// the first look.
fn found<R, K, V, S: Scope>(engine: &Engine<K, V, S>, value: R, has_waited: bool) -> CacheCall<R> {
    if has_waited {
        CacheCall::joined(value)
    } else {
        CacheCall::hit(value, engine.core.expires().then_some(Duration::ZERO))
    }
}
