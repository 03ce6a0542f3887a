//! A call, from its arguments to its result, in two halves with the body between them.
//!
//! [`enter`] looks the call up and either has the result or hands out a [`Run`]: the permission to
//! run the body, and the duty to [`finish`](Run::finish) with its result. Nothing of ours is on the
//! stack while the body runs, so that deep recursion stays cheap. A run that is dropped instead,
//! because the body panicked, ends its flight, and the next call starts afresh.

use crate::cache::Cache;
use crate::clock::{Clock, Time};
use crate::engine::{Engine, Found, Seen};
use crate::entry::{Entry, EntryPtr, Offered};
use crate::flight::FlightId;
use crate::hash::hash;
use crate::key::Lookup;
use crate::policy::{Offer, Policy};
use crate::scope::Scope;
use crate::wait::{Landing, Waited};
use std::fmt;
use std::time::Duration;

/// The first half of a call.
pub enum Step<'c, R, P, K, V, S: Scope> {
    /// The result was there, or was computed by somebody else.
    Done(R),
    /// The body has to be run.
    Run(Run<'c, P, K, V, S>),
}

/// A body that is about to run.
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
}

#[derive(Clone, Copy)]
enum Role {
    /// The flight is this run's own.
    Owner,
    /// The flight is another run's: one further up this thread's stack, or that of a thread this
    /// one has waited for so long.
    Helper(Duration),
    /// The flight has landed.
    Done,
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

/// What is known of the call that is looked up: its arguments, or the entry made from them.
enum Asked<'c, Q, K, V, S: Scope> {
    Query(Q),
    Entry(Pilot<'c, K, V, S>),
}

impl<'c, Q: Lookup<Key = K>, K, V, S: Scope> Asked<'c, Q, K, V, S> {
    fn own(self, engine: &'c Engine<K, V, S>, hash: u64) -> Pilot<'c, K, V, S> {
        match self {
            Self::Query(query) => {
                let entry = Offered::new(engine.pending(hash, query.into_key()));
                Pilot { engine, entry, equal: Q::equal, role: Role::Owner, flight: None }
            }
            Self::Entry(pilot) => pilot,
        }
    }

    fn look(&self, engine: &Engine<K, V, S>, hash: u64) -> Found<EntryPtr<K, V, S>> {
        match self {
            Self::Query(query) => engine.look(hash, &|key| query.matches(key), None),
            Self::Entry(pilot) => {
                engine.look(hash, &|key| Q::equal(key, &pilot.entry.key), Some(&pilot.entry))
            }
        }
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
    let helper = |entry, id, waited| {
        let (entry, role) = (Offered::new(entry), Role::Helper(waited));
        Pilot { engine, entry, equal: Q::equal, role, flight: Some(id) }
    };
    let mut asked = Asked::Query(query);
    if absent {
        // Of a key that is not there, a look at it alone would be in vain.
        let pilot = asked.own(engine, hash);
        if let Some(id) = engine.start_alone(&pilot.entry) {
            return Step::Run(Run::start(pilot.flying(id), policy));
        }
        asked = Asked::Entry(pilot);
    }
    let mut found = asked.look(engine, hash);
    let pilot = loop {
        match found {
            Found::Hit(entry) => return Step::Done(answer(&entry, &policy)),
            // The pilot is there before its flight is, so that there is always one to end it.
            Found::Absent => asked = Asked::Entry(asked.own(engine, hash)),
            Found::Lead(id) => break asked.own(engine, hash).flying(id),
            Found::Reentry(entry, id) => break helper(entry, id, Duration::ZERO),
            Found::Join(entry, id, wait, patience) => {
                let failure = match wait.wait(patience) {
                    Waited::Landed(Landing::Value) => {
                        engine.count_coalesced();
                        return Step::Done(answer(&entry, &policy));
                    }
                    Waited::Landed(Landing::Error(error)) => policy.failed(&*error),
                    Waited::Landed(Landing::Failed) => None,
                    Waited::Landed(Landing::Abandoned) => {
                        drop((entry, wait));
                        found = asked.look(engine, hash);
                        continue;
                    }
                    Waited::Help(waited) => {
                        engine.count_helper();
                        break helper(entry, id, waited);
                    }
                };
                if let Some(result) = failure {
                    engine.count_coalesced();
                    return Step::Done(result);
                }
                drop((entry, wait));
                let pilot = asked.own(engine, hash);
                let id = engine.lead_alone(&pilot.entry);
                break pilot.flying(id);
            }
        }
        found = asked.look(engine, hash);
    };
    Step::Run(Run::start(pilot, policy))
}

#[inline]
fn answer<R, P, K, V>(entry: &Entry<K, V>, policy: &P) -> R
where
    P: Policy<R, Stored = V>,
{
    policy.hit(entry.value())
}

impl<'c, P, K, V, S: Scope> Run<'c, P, K, V, S> {
    fn start(pilot: Pilot<'c, K, V, S>, policy: P) -> Self {
        // Only those who wait want to know how long bodies take.
        let clock = if S::SHARED { Clock::Coarse } else { Clock::Unread };
        Self { pilot, policy, started: clock.reading() }
    }

    /// The second half of a call: stores what the body returned, if it is to be stored, tells those
    /// who wait for it, and passes it on.
    pub fn finish<R>(self, result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let Self { mut pilot, policy, started } = self;
        let Pilot { engine, entry, equal, role, flight } = &pilot;
        if let Some(value) = policy.store(&result) {
            let run =
                if S::SHARED { Clock::Coarse.reading().since(started) } else { Duration::ZERO };
            let waited = if let Role::Helper(waited) = *role { Some(waited) } else { None };
            if let Some(id) = flight {
                engine.land(entry, value, *id, *equal, run, waited);
            }
        } else if let Some(mut flight) =
            engine.reject(flight.filter(|_| matches!(role, Role::Owner)))
        {
            if flight.is_awaited() {
                flight.landing = match policy.share(&result) {
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
}

impl<K, V, S: Scope> Pilot<'_, K, V, S> {
    fn flying(mut self, id: FlightId) -> Self {
        self.flight = Some(id);
        self
    }
}

impl<K, V, S: Scope> Drop for Pilot<'_, K, V, S> {
    /// Ends the flight that is still under way when its body has panicked.
    fn drop(&mut self) {
        if let (Role::Owner, Some(id)) = (self.role, self.flight) {
            self.engine.end(id);
        }
    }
}

/// Starts a run of the body whatever is stored.
pub fn refresh<Q, P, K, V, S>(cache: &Cache<K, V, S>, query: Q, policy: P) -> Run<'_, P, K, V, S>
where
    Q: Lookup<Key = K>,
    S: Scope,
{
    let engine = cache.engine();
    let hash = hash(|state| query.hash(state));
    let entry = Offered::new(engine.pending(hash, query.into_key()));
    let mut pilot = Pilot { engine, entry, equal: Q::equal, role: Role::Owner, flight: None };
    pilot.flight = engine.lead(&pilot.entry, Q::equal);
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

impl<P, K, V, S: Scope> fmt::Debug for Run<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}
