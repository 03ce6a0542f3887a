//! A call that says how it was answered: `f::cache_call(..)`.
//!
//! It counts, stores and waits as a plain call does, on the same [slow path](crate::call::slow_path). It differs in
//! one point: in a cache whose entries expire, it looks for a hit under the lock, where the deadlines are.

use crate::base::sync::Arc;
use crate::call::answer::{Answer, AnswerFrom};
use crate::call::ask_below::run_or_ask;
use crate::call::async_call::{Ahead, run_or_ask_async, step_of};
use crate::call::async_run::AsyncRun;
use crate::call::call;
use crate::call::result_policy::Policy;
use crate::call::run::{PackedRun, Run};
use crate::call::slow_path::{SlowPath, Step, Types};
use crate::engine::core::Rule;
use crate::engine::engine::{Engine, EnginePtr};
use crate::engine::hit::Reason;
use crate::engine::state::{Aged, Standing};
use crate::engine::typed::TypedEngine;
use crate::flight::wait::Waited;
use crate::flight::wait_graph::{self, Following};
use crate::key::lookup::Lookup;
use crate::scope::runners::Runner;
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
    /// `None` is a hit in a cache without a time to live, or with one `ttl` of [`Duration::MAX`] for all: such a cache does not
    /// know when its entries were stored. A `ttl` of a second or more is measured by the system's coarse clock, and so is the age: it may
    /// be wrong by some milliseconds.
    pub age: Option<Duration>,
}

impl<R> CacheCall<R> {
    /// The call has run the body.
    pub(super) fn of_run(value: R, ended: Ended) -> Self {
        match ended {
            Ended::Old(aged) => Answered::aged(aged).with(value),
            Ended::Run(status) => Self { value, status, age: Some(Duration::ZERO) },
        }
    }
}

/// How a call is answered that has run the body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended {
    /// By the result of the run.
    Run(CallStatus),
    /// By an old value, because the run has failed.
    Old(Aged),
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
    /// By a stored value that is [due for a refresh](crate::CacheBuilder::refresh_after), while another run renews it. It counts as a hit.
    Refreshing,
    /// By the run of another call, for which it waited. It counts as a hit, and as
    /// [`coalesced`](crate::CacheInfo::coalesced) too.
    Joined,
    /// By a value whose [time to live has ended](crate::CacheBuilder::stale_if_error), because a run has failed. It counts
    /// as a hit, unless it ran the body itself.
    Stale,
    /// By a value that a tier gave: `disk`, or one of the program. It counts as a miss, and ran no body.
    Tier,
    /// It ran the body.
    Miss,
    /// It ran the body, because the cache is [off](crate::set_enabled).
    Bypassed,
}

impl fmt::Display for CallStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hit => "hit",
            Self::Refreshing => "refreshing",
            Self::Joined => "joined",
            Self::Stale => "stale",
            Self::Tier => "tier",
            Self::Miss => "miss",
            Self::Bypassed => "bypassed",
        })
    }
}

/// How a call was answered that ran no body: a [`CacheCall`] without its value.
#[derive(Debug, Clone, Copy)]
struct Answered {
    status: CallStatus,
    age: Option<Duration>,
}

impl Answered {
    const JOINED: Self = Self { status: CallStatus::Joined, age: Some(Duration::ZERO) };

    fn hit(age: Option<Duration>) -> Self {
        Self { status: CallStatus::Hit, age }
    }

    fn by_tier(age: Duration) -> Self {
        Self { status: CallStatus::Tier, age: Some(age) }
    }

    fn aged(Aged { age, standing }: Aged) -> Self {
        let status = match standing {
            Standing::Fresh => CallStatus::Hit,
            Standing::Renewed => CallStatus::Refreshing,
            Standing::Stale => CallStatus::Stale,
        };
        Self { status, age }
    }

    /// How the call was answered if it was by a value that is no longer fresh, and this otherwise.
    fn or_old<S: Scope>(self, slow_path: &SlowPath<'_, S>) -> Self {
        slow_path.answered_by_old().map_or(self, Self::aged)
    }

    fn with<R>(self, value: R) -> CacheCall<R> {
        CacheCall { value, status: self.status, age: self.age }
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

/// Makes a blocking call up to its run, if it needs one. Breaks with the result, or continues with a run.
///
/// The engine is there twice: as for [`call::after_first`].
pub(crate) fn observe<'c, R, Q, P, K, V, S>(
    (engine, typed): (&'c EnginePtr<S>, &TypedEngine<K, V, S>),
    start: Start,
    lookup: Q,
    policy: P,
) -> ControlFlow<CacheCall<R>, Run<'c, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut answer = Answer::None;
    let observed = {
        let mut query = typed.query(lookup);
        let mut answer = AnswerFrom::new(typed, &policy, &mut answer);
        observe_any(engine, start, &mut Types { query: &mut query, answer: &mut answer })
    };
    match observed {
        ControlFlow::Break(answered) => ControlFlow::Break(answered.with(answer.take())),
        ControlFlow::Continue(run) => ControlFlow::Continue(Run::new(typed, run, policy)),
    }
}

/// [`observe`], without the types. If it breaks, the result is in the answer.
fn observe_any<'c, S: Scope>(
    engine: &'c EnginePtr<S>,
    start: Start,
    types: &mut Types<'_, S>,
) -> ControlFlow<Answered, PackedRun<'c, S>> {
    if start == Start::Anew {
        let mut guard = call::refreshing(engine, types.query, None);
        guard.begin_below_and_block();
        return ControlFlow::Continue(PackedRun::start(guard, engine));
    }
    let rule = engine.core.rule();
    if rule == Rule::Bypass {
        return ControlFlow::Continue(PackedRun::bypass(engine));
    }
    let mut slow_path = SlowPath::new(engine, None);
    let (mut step, mut answered) = begin(engine, rule, &mut slow_path, types);
    loop {
        step = match step {
            Step::Answered => return ControlFlow::Break(answered.or_old(&slow_path)),
            Step::Run(guard) => {
                return match run_or_ask(guard, engine, types.answer) {
                    Ok(run) => ControlFlow::Continue(run),
                    Err(age) => ControlFlow::Break(Answered::by_tier(age)),
                };
            }
            Step::Wait(joined) => {
                answered = Answered::JOINED;
                let waited = if S::SHARED {
                    wait_graph::block(&joined.wait, joined.patience)
                } else {
                    // As in a plain call: nobody could poll the run while this thread blocks.
                    Waited::Circular
                };
                slow_path.after_wait(joined, waited, types)
            }
        }
    }
}

/// [`observe`] for an async call.
pub(crate) async fn observe_async<R, Q, P, K, V, S>(
    engine: &TypedEngine<K, V, S>,
    start: Start,
    lookup: Q,
    policy: P,
) -> ControlFlow<CacheCall<R>, AsyncRun<'_, P, K, V, S>>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let mut query = engine.query(lookup);
    let polled = Some(Runner::new_run());
    if start == Start::Anew {
        let mut guard = call::refreshing(engine.engine(), &mut query, polled);
        guard.begin_below().await;
        return ControlFlow::Continue(AsyncRun::start(engine, guard, policy));
    }
    let rule = engine.engine().core.rule();
    if rule == Rule::Bypass {
        return ControlFlow::Continue(AsyncRun::bypass(engine, policy));
    }
    let mut slow_path = SlowPath::new(engine.engine(), polled);
    let mut answered = Answered::JOINED;
    // No result is held while this waits, since results need not be `Send`.
    let mut ahead = step_of(engine, &mut query, &policy, |types| {
        let step;
        (step, answered) = begin(engine.engine(), rule, &mut slow_path, types);
        step
    })
    .map_break(|value| answered.or_old(&slow_path).with(value))?;
    loop {
        let joined = match ahead {
            Ahead::Run(guard) => {
                let run = Box::pin(run_or_ask_async(engine, guard, policy)).await;
                return run.map_break(|(value, age)| Answered::by_tier(age).with(value));
            }
            Ahead::Wait(joined) => joined,
        };
        let waited = Following::new(Arc::clone(&joined.wait), joined.patience).await;
        ahead = step_of(engine, &mut query, &policy, |types| {
            slow_path.after_wait(joined, waited, types)
        })
        .map_break(|value| Answered::JOINED.or_old(&slow_path).with(value))?;
    }
}

/// The first step of a call. If it is answered, it tells how.
fn begin<'c, S: Scope>(
    engine: &Engine<S>,
    rule: Rule,
    slow_path: &mut SlowPath<'c, S>,
    types: &mut Types<'_, S>,
) -> (Step<'c, S>, Answered) {
    let hash = types.query.hash(engine.hashing);
    let (expires, is_checked) = (engine.core.expires(), rule == Rule::Check);
    if expires || is_checked {
        if let Some((entry, aged)) = engine.hit_with_age(hash, &|entry| types.query.matches(entry))
        {
            if is_checked {
                return (slow_path.checked(entry, types), Answered::aged(aged));
            }
            types.answer.put_value(entry.entry_ref());
            return (Step::Answered, Answered::aged(aged));
        }
        let step = slow_path.begin(hash, false, types);
        // An entry that is found now was stored since the first look.
        return (step, Answered::hit(expires.then_some(Duration::ZERO)));
    }
    let step = match call::hit(engine, hash, types) {
        Ok(()) => Step::Answered,
        Err(reason) => slow_path.begin(hash, reason == Reason::Absent, types),
    };
    (step, Answered::hit(None))
}
