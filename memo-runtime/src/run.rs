//! A run of a body: what is done when it ends, and when it does not.
//!
//! Whoever drops the future of a call drops its run: those who wait go on, and one of them runs the body.
//! The run of an async body has a [`Wait`] from its beginning, which sees whether it is polled.

use crate::clock::{Clock, Time};
use crate::engine::Engine;
use crate::entry::Offered;
use crate::flight::FlightId;
use crate::key::Lookup;
use crate::party::{Body, Party, Polled};
use crate::policy::{Offer, Policy};
use crate::scope::Scope;
use crate::sync::Arc;
use crate::wait::{Landing, Wait};
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// A body that is about to run.
#[must_use]
pub struct Run<'c, P, K, V, S: Scope> {
    pilot: Pilot<'c, K, V, S>,
    policy: P,
    /// When, if that is of interest.
    started: Option<Time>,
}

/// Who runs a body, for which entry.
pub(crate) struct Pilot<'c, K, V, S: Scope> {
    engine: &'c Engine<K, V, S>,
    pub(crate) entry: Offered<K, V, S>,
    equal: fn(&K, &K) -> bool,
    role: Role,
    /// `None` as long as it has not started.
    pub(crate) flight: Option<FlightId>,
    manner: Manner,
}

pub(crate) enum Role {
    /// The flight is this run's own.
    Owner,
    /// The flight is another run's, which waits for this one: further up the stack, or in a circle.
    Guest,
    /// The flight is another run's, which this one has waited for too long.
    Helper(Arc<Wait>),
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

impl<'c, P, K, V, S: Scope> Run<'c, P, K, V, S> {
    pub(crate) fn start(mut pilot: Pilot<'c, K, V, S>, policy: P) -> Self {
        if let Manner::Blocking(body) = &mut pilot.manner {
            *body = S::SHARED.then(Body::begin);
        }
        let started = pilot.is_measured().then(|| Clock::Coarse.reading());
        Self { pilot, policy, started }
    }

    /// Of a blocking body whose flight has started, in the common case: made in one go, for moving it about
    /// took a good part of what a miss takes.
    #[inline]
    pub(crate) fn alone(
        engine: &'c Engine<K, V, S>,
        entry: Offered<K, V, S>,
        equal: fn(&K, &K) -> bool,
        (id, is_measured): (FlightId, bool),
        policy: P,
    ) -> Self {
        let manner = Manner::Blocking(S::SHARED.then(Body::begin));
        let started = (S::SHARED && is_measured).then(|| Clock::Coarse.reading());
        let flight = Some(id);
        let pilot = Pilot { engine, entry, equal, role: Role::Owner, flight, manner };
        Self { pilot, policy, started }
    }

    /// The second half of a call: stores what the body returned, if it is to be stored, tells those
    /// who wait for it, and passes it on.
    /// By reference: what was just written is not to be moved about.
    pub fn finish<R>(&mut self, result: R) -> R
    where
        P: Policy<R, Stored = V>,
    {
        let Self { pilot, policy, started } = &*self;
        let Pilot { engine, entry, equal, role, flight, .. } = pilot;
        if let Some(value) = policy.store(&result) {
            let run = started.map(|started| Clock::Coarse.reading().since(started));
            if let Some(id) = flight {
                engine.land(entry, value, *id, *equal, run);
            }
        } else {
            let is_own = matches!(role, Role::Owner);
            let mut ended = match (role, flight) {
                (Role::Helper(wait), Some(id)) => engine.reject_help(*id, wait),
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
        self.pilot.role = Role::Done;
        result
    }

    /// [`finish`](Self::finish), with what an async body returns in the end.
    #[inline]
    pub async fn drive<R>(mut self, body: impl Future<Output = R>) -> R
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
    pub(crate) fn new<Q: Lookup<Key = K>>(
        engine: &'c Engine<K, V, S>,
        entry: Offered<K, V, S>,
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
        Self { engine, entry, equal: Q::equal, role, flight, manner }
    }

    /// Where others wait for this run, if it is async and they may.
    pub(crate) fn wait(&self) -> Option<&Arc<Wait>> {
        self.manner.wait()
    }

    /// Only those who wait want to know how long bodies take.
    fn is_measured(&self) -> bool {
        S::SHARED || matches!(self.manner, Manner::Polled(_))
    }
}

impl<K, V, S: Scope> Drop for Pilot<'_, K, V, S> {
    /// Ends the flight that is still under way when its body has panicked, or was dropped.
    fn drop(&mut self) {
        // It has landed: what was evicted for it has panicked when it was dropped.
        if self.entry.taken().get() {
            return;
        }
        match (&self.role, self.flight) {
            (Role::Owner, Some(id)) => {
                let is_given_up = |wait: Option<&Wait>| wait.is_none_or(Wait::give_up);
                self.engine.give_up(id, is_given_up);
            }
            (Role::Helper(wait), Some(id)) => {
                let is_given_up = |_: Option<&Wait>| wait.give_up_helping();
                if !self.engine.give_up(id, is_given_up) {
                    wait.help_again();
                }
            }
            _ => {}
        }
    }
}

impl<P, K, V, S: Scope> fmt::Debug for Run<'_, P, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}
