//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! [`enter`] looks the call up and either has the result or hands out a [`Run`]: the permission to
//! run the body, and the duty to [`finish`](Run::finish) with its result. Nothing of ours is on the
//! stack while the body runs, so that deep recursion stays cheap. A run that is dropped instead,
//! because the body panicked, ends its flight, and the next call starts afresh.
//!
//! For an async function [`enter_async`] and [`Open::step`] do the same without blocking, and [`Run::drive`]
//! polls the body.
//! What there is to decide is decided in one place for both, [`Inquiry`]; they differ in how they wait, and
//! in that a run of an async body has a [`Wait`] from its beginning, which sees whether it is polled.
//! Whoever drops the future of a call, drops its run: those who wait go on, and one of them runs the body.

use crate::cache::Cache;
use crate::clock::{Clock, Time};
use crate::engine::{Engine, Found, Seen};
use crate::entry::{Entry, EntryPtr, Offered};
use crate::flight::FlightId;
use crate::graph::{self, Following};
use crate::hash::hash;
use crate::key::Lookup;
use crate::party::{Body, Party, Polled};
use crate::policy::{Offer, Policy};
use crate::scope::Scope;
use crate::sync::Arc;
use crate::wait::{Landing, Wait, Waited};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// The first half of a call.
pub enum Step<'c, R, P, K, V, S: Scope> {
    /// The result was there, or was computed by somebody else.
    Done(R),
    /// The body has to be run.
    Run(Run<'c, P, K, V, S>),
}

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

/// A body that is about to run.
#[must_use]
pub struct Run<'c, P, K, V, S: Scope> {
    pilot: Pilot<'c, K, V, S>,
    policy: P,
    started: Time,
}

/// Who runs a body, for which entry.
struct Pilot<'c, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    entry: Offered<K, V, S>,
    equal: fn(&K, &K) -> bool,
    role: Role,
    /// `None` as long as it has not started.
    flight: Option<FlightId>,
    manner: Manner,
}

enum Role {
    /// The flight is this run's own.
    Owner,
    /// The flight is another run's, which waits for this one: further up the stack, or in a circle.
    Guest,
    /// The flight is another run's, which this one has waited for so long.
    Helper(Duration, Arc<Wait>),
    /// The flight has landed.
    Done,
}

/// How a body runs.
enum Manner {
    /// To its end, on the calling thread.
    Blocking(Option<Body>),
    /// Whenever it is polled. Where others may wait for it, they do so here.
    Polled(Option<Arc<Wait>>),
}

impl Manner {
    fn wait(&self) -> Option<&Arc<Wait>> {
        match self {
            Self::Polled(wait) => wait.as_ref(),
            Self::Blocking(_) => None,
        }
    }
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
    let hash = hash(|state| query.hash(state));
    match engine.hit(hash, |key| query.matches(key), |value| policy.hit(value)) {
        Seen::Hit(result) => Step::Done(result),
        Seen::Nothing => miss(engine, hash, query, policy, true),
        Seen::Unclear => miss(engine, hash, query, policy, false),
    }
}

#[inline(never)]
fn miss<R, Q, P, K, V, S>(
    engine: &Engine<K, V, S>,
    hash: u64,
    query: Q,
    policy: P,
    absent: bool,
) -> Step<'_, R, P, K, V, S>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let inquiry = Inquiry { engine, hash, asked: Asked::Query(query), policy, is_async: false };
    let mut next = inquiry.begin(absent);
    loop {
        match next {
            Next::Step(step) => return step,
            Next::Wait(inquiry, joined) => {
                let waited = graph::block(&joined.wait, joined.patience);
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
    let hash = hash(|state| query.hash(state));
    let absent = match engine.hit(hash, |key| query.matches(key), |value| policy.hit(value)) {
        Seen::Hit(result) => return Entered::Hit(result),
        Seen::Nothing => true,
        Seen::Unclear => false,
    };
    let inquiry = Inquiry { engine, hash, asked: Asked::Query(query), policy, is_async: true };
    Entered::Open(Open { inquiry, absent })
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> Open<'c, Q, P, K, V, S> {
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

/// A call that is no plain hit.
struct Inquiry<'c, Q, P, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    hash: u64,
    asked: Asked<'c, Q, K, V, S>,
    policy: P,
    is_async: bool,
}

/// What is known of the call that is looked up: its arguments, or the entry made from them.
enum Asked<'c, Q, K, V, S: Scope> {
    Query(Q),
    Entry(Pilot<'c, K, V, S>),
}

/// Somebody else's run, which may answer a call.
struct Joined<K, V, S: Scope> {
    entry: EntryPtr<K, V, S>,
    id: FlightId,
    wait: Arc<Wait>,
    patience: Duration,
}

/// What is next in a call: its step, or to wait and then [go on](Inquiry::go_on).
enum Next<'c, R, Q, P, K, V, S: Scope> {
    Step(Step<'c, R, P, K, V, S>),
    Wait(Inquiry<'c, Q, P, K, V, S>, Joined<K, V, S>),
}

impl<'c, Q: Lookup<Key = K>, P, K, V, S: Scope> Inquiry<'c, Q, P, K, V, S> {
    /// Looks the call up. `absent` says that it was just seen not to be there.
    fn begin<R>(mut self, absent: bool) -> Next<'c, R, Q, P, K, V, S>
    where
        P: Policy<R, Stored = V>,
    {
        if absent {
            // Of a key that is not there, a look at it alone would be in vain.
            self = self.owning();
            if let Some(id) = self.start_alone() {
                return Next::Step(self.run_own(id));
            }
        }
        let mut found = self.look();
        loop {
            let step = match found {
                Found::Hit(entry) => Step::Done(answer(&entry, &self.policy)),
                Found::Absent => {
                    // The pilot is there before its flight is, so that there is always one to end it.
                    self = self.owning();
                    found = self.look();
                    continue;
                }
                Found::Lead(id) => self.run_own(id),
                Found::Reentry(entry, id) => self.run_along(entry, id, Role::Guest),
                Found::Join(entry, id, wait, patience) => {
                    return Next::Wait(self, Joined { entry, id, wait, patience });
                }
            };
            return Next::Step(step);
        }
    }

    /// Goes on after having waited.
    fn go_on<R>(self, joined: Joined<K, V, S>, waited: Waited) -> Next<'c, R, Q, P, K, V, S>
    where
        P: Policy<R, Stored = V>,
    {
        let Joined { entry, id, wait, .. } = joined;
        let failure = match waited {
            Waited::Landed(Landing::Value) => {
                self.engine.count_coalesced();
                return Next::Step(Step::Done(answer(&entry, &self.policy)));
            }
            Waited::Landed(Landing::Error(error)) => self.policy.failed(&*error),
            Waited::Landed(Landing::Failed) => None,
            Waited::Landed(Landing::Abandoned) => {
                drop((entry, wait));
                return self.begin(false);
            }
            Waited::Stalled => {
                self.engine.depose(id);
                drop((entry, wait));
                return self.begin(false);
            }
            Waited::Help(waited) => {
                self.engine.count_helper();
                return Next::Step(self.run_along(entry, id, Role::Helper(waited, wait)));
            }
            Waited::Circular => {
                self.engine.count_helper();
                return Next::Step(self.run_along(entry, id, Role::Guest));
            }
        };
        if let Some(result) = failure {
            self.engine.count_coalesced();
            return Next::Step(Step::Done(result));
        }
        drop((entry, wait));
        let owning = self.owning();
        let Asked::Entry(pilot) = &owning.asked else { unreachable!("it owns its entry") };
        let id = owning.engine.lead_alone(&pilot.entry);
        Next::Step(owning.run_own(id))
    }

    fn look(&self) -> Found<EntryPtr<K, V, S>> {
        match &self.asked {
            Asked::Query(query) => self.engine.look(self.hash, &|key| query.matches(key), None),
            Asked::Entry(pilot) => {
                let equals = |key: &K| Q::equal(key, &pilot.entry.key);
                self.engine.look(self.hash, &equals, Some((&pilot.entry, pilot.manner.wait())))
            }
        }
    }

    /// Starts a flight of one's own, in the common case.
    fn start_alone(&self) -> Option<FlightId> {
        match &self.asked {
            Asked::Entry(pilot) => self.engine.start_alone(&pilot.entry, pilot.manner.wait()),
            Asked::Query(_) => None,
        }
    }

    /// Makes the entry, if there is none.
    fn owning(self) -> Self {
        let Self { engine, hash, asked, policy, is_async } = self;
        let pilot = match asked {
            Asked::Query(query) => {
                let entry = engine.pending(hash, query.into_key());
                Pilot::new::<Q>(engine, entry, Role::Owner, None, is_async)
            }
            Asked::Entry(pilot) => pilot,
        };
        Self { engine, hash, asked: Asked::Entry(pilot), policy, is_async }
    }

    /// Runs the body, in a flight of its own.
    fn run_own<R>(self, id: FlightId) -> Step<'c, R, P, K, V, S> {
        let Asked::Entry(mut pilot) = self.asked else { unreachable!("it owns its entry") };
        pilot.flight = Some(id);
        Step::Run(Run::start(pilot, self.policy))
    }

    /// Runs the body, in another's flight.
    fn run_along<R>(
        self,
        entry: EntryPtr<K, V, S>,
        id: FlightId,
        role: Role,
    ) -> Step<'c, R, P, K, V, S> {
        let pilot = Pilot::new::<Q>(self.engine, entry, role, Some(id), self.is_async);
        Step::Run(Run::start(pilot, self.policy))
    }
}

#[inline]
fn answer<R, P, K, V>(entry: &Entry<K, V>, policy: &P) -> R
where
    P: Policy<R, Stored = V>,
{
    policy.hit(entry.value())
}

impl<'c, P, K, V, S: Scope> Run<'c, P, K, V, S> {
    fn start(mut pilot: Pilot<'c, K, V, S>, policy: P) -> Self {
        if let Manner::Blocking(body) = &mut pilot.manner {
            *body = S::SHARED.then(Body::begin);
        }
        let started = pilot.clock().reading();
        Self { pilot, policy, started }
    }

    /// The second half of a call: stores what the body returned, if it is to be stored, tells those
    /// who wait for it, and passes it on.
    pub fn finish<R>(self, result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let Self { mut pilot, policy, started } = self;
        let Pilot { engine, entry, equal, role, flight, manner } = &pilot;
        if let Some(value) = policy.store(&result) {
            let run = pilot.clock().reading().since(started);
            let neglected = manner.wait().map_or(Duration::ZERO, |wait| wait.neglected());
            let waited = match role {
                Role::Helper(waited, _) => Some(*waited),
                Role::Guest => Some(Duration::ZERO),
                Role::Owner | Role::Done => None,
            };
            if let Some(id) = flight {
                engine.land(entry, value, *id, *equal, run.saturating_sub(neglected), waited);
            }
        } else {
            let is_own = matches!(role, Role::Owner);
            let mut ended = match (role, flight) {
                (Role::Helper(_, wait), Some(id)) => engine.reject_help(*id, wait),
                _ => engine.reject(flight.filter(|_| is_own)),
            };
            if let Some(flight) = ended.as_mut().filter(|flight| flight.is_awaited()) {
                flight.landing = match policy.share(&result) {
                    // The entry is the owner's still: what is in it may be stored.
                    Offer::Value(_) if !is_own => Landing::Abandoned,
                    Offer::Value(value) => {
                        engine.share(entry, value);
                        Landing::Value
                    }
                    Offer::Error(error) => Landing::Error(error),
                    Offer::Nothing => Landing::Failed,
                };
            }
        }
        pilot.role = Role::Done;
        result
    }

    /// [`finish`](Self::finish), with what an async body returns in the end.
    #[inline]
    pub async fn drive<R>(self, body: impl Future<Output = R>) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let body = pin!(Some(body));
        let result = {
            // Dropped before the run is, which tells those who wait to go on.
            let mut attended = Attended { body, wait: self.pilot.manner.wait() };
            poll_fn(move |cx| attended.poll(cx)).await
        };
        self.finish(result)
    }
}

/// An async body, as it runs.
struct Attended<'a, F> {
    body: Pin<&'a mut Option<F>>,
    wait: Option<&'a Arc<Wait>>,
}

impl<F: Future> Attended<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let body = self.body.as_mut().as_pin_mut().expect("it is there until it is dropped");
        match self.wait {
            Some(wait) => wait.lead(cx, |cx| body.poll(cx)),
            None => body.poll(cx),
        }
    }
}

impl<F> Drop for Attended<'_, F> {
    /// What is dropped with the body may call the same function: that is no less a part of the run.
    fn drop(&mut self) {
        let here = self.wait.map(|wait| Polled::begin(wait.owner()));
        self.body.set(None);
        drop(here);
        self.wait.into_iter().for_each(|wait| wait.retire());
    }
}

impl<'c, K, V, S: Scope> Pilot<'c, K, V, S> {
    fn new<Q: Lookup<Key = K>>(
        engine: &'c Engine<K, V, S>,
        entry: EntryPtr<K, V, S>,
        role: Role,
        flight: Option<FlightId>,
        is_async: bool,
    ) -> Self {
        let is_awaited = engine.parameters.single_flight && matches!(role, Role::Owner);
        let manner = if is_async {
            Manner::Polled(is_awaited.then(|| Arc::new(Wait::new(Party::run()))))
        } else {
            Manner::Blocking(None)
        };
        Self { engine, entry: Offered::new(entry), equal: Q::equal, role, flight, manner }
    }

    /// Only those who wait want to know how long bodies take.
    fn clock(&self) -> Clock {
        match self.manner {
            Manner::Blocking(_) if !S::SHARED => Clock::Unread,
            _ => Clock::Coarse,
        }
    }
}

impl<K, V, S: Scope> Drop for Pilot<'_, K, V, S> {
    /// Ends the flight that is still under way when its body has panicked, or was dropped.
    fn drop(&mut self) {
        match (&self.role, self.flight) {
            (Role::Owner, Some(id)) => {
                let is_given_up = |wait: Option<&Wait>| wait.is_none_or(Wait::give_up);
                self.engine.give_up(id, is_given_up);
            }
            (Role::Helper(_, wait), Some(id)) => {
                let is_given_up = |_: Option<&Wait>| wait.give_up_helping();
                if !self.engine.give_up(id, is_given_up) {
                    wait.help_again();
                }
            }
            _ => {}
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
    let hash = hash(|state| query.hash(state));
    let entry = engine.pending(hash, query.into_key());
    let mut pilot = Pilot::new::<Q>(engine, entry, Role::Owner, None, is_async);
    pilot.flight = engine.lead(&pilot.entry, Q::equal, pilot.manner.wait());
    Run::start(pilot, policy)
}

/// The result a call would find, without counting, computing or touching recency.
pub fn peek<R, Q, P, K, V, S>(cache: &Cache<K, V, S>, query: &Q, policy: &P) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = hash(|state| query.hash(state));
    let entry = engine.peek(hash, &|key| query.matches(key))?;
    Some(answer(&entry, policy))
}

/// Forgets one call, and returns its result.
pub fn remove<R, Q, P, K, V, S>(cache: &Cache<K, V, S>, query: &Q, policy: &P) -> Option<R>
where
    Q: Lookup<Key = K>,
    P: Policy<R, Stored = V>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = hash(|state| query.hash(state));
    let entry = engine.remove(hash, &|key| query.matches(key))?;
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
        let hash = hash(|state| query.hash(state));
        engine.insert(&Entry::ready(hash, query.into_key(), value), Q::equal);
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

impl<P, K, V, S: Scope> fmt::Debug for Run<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}
