//! Where callers wait for one run of a body: threads that block, and futures that are polled.
//!
//! This file knows how a wait ends, and blocks threads. `poll` builds on it and polls futures. It must not know
//! caches, nor how a cycle of waits is found.
//!
//! # When a wait ends
//!
//! - The run *lands*: with a value, with an error, or with neither because its body panicked or its future was
//!   dropped. All waiters are told. If there is no result, the first waiter to come back starts a new run.
//! - The wait would close a cycle that the [graph of waits](crate::flight::wait_graph) sees.
//! - *Patience* ends: [`Patience`](crate::flight::patience::Patience) says how much a waiter has. One waiter then
//!   helps: it runs the body as well. The limit doubles for the others.
//! - The leader is [*stalled*](crate::flight::stall): there is proof that its task polls a waiter and not the
//!   leader. All waiters go on as if the run had been dropped. If the leader is polled after all and finishes
//!   first, its value answers them.
//!
//! Waiting time is counted in small steps, and each step counts for its nominal length at most. So a stopped
//! process or a sleeping machine uses up one step of patience, and no more.
//!
//! # Helpers
//!
//! The value of a helper lands the flight. If a helper's result must not be stored, the other waiters are told as
//! if the owner had ended without a result. If a helper panics or is dropped, the next waiter whose patience has
//! ended helps. If the owner ends without a result while a helper runs, no waiter has to start again.

use crate::base::catch_panic::catch_panic;
use crate::base::clock::{Clock, Time};
use crate::base::sync::{
    self, Arc, AtomicBool, AtomicU64, Condvar, Mutex,
    Ordering::{Acquire, Release},
};
use crate::flight::followers::Followers;
use crate::flight::patience::{limit, step};
use crate::flight::stall::Leader;
use crate::scope::runners::Runner;
use std::any::Any;
use std::fmt;
use std::task::Waker;
use std::time::Duration;

/// An error as waiters receive it.
pub(crate) type SharedError = Arc<dyn Any + Send + Sync>;

/// How a flight ended, for its waiters.
#[derive(Clone)]
pub(crate) enum Landing {
    /// Its entry holds the value.
    Value,
    /// The body failed with an error that all waiters can have.
    Error(SharedError),
    /// The body failed with an error that cannot be shared.
    Failed,
    /// The body panicked or was dropped: another caller has to start again.
    Abandoned,
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "Value",
            Self::Error(_) => "Error",
            Self::Failed => "Failed",
            Self::Abandoned => "Abandoned",
        })
    }
}

/// The next step of a caller after its wait.
#[derive(Debug)]
pub(crate) enum Waited {
    Landed(Landing),
    /// Run the body as well: the leader waits for this caller.
    Circular,
    /// Run the body as well, beside the leader: patience has ended.
    Help,
    /// Go on without the leader, and tell the other waiters.
    Stalled,
}

/// Where callers wait for one flight.
#[derive(Debug)]
pub(crate) struct Wait {
    owner: Runner,
    /// A caller waits, or has waited.
    awaited: AtomicBool,
    /// When the first caller began to wait. Without waiters, no clock is read here.
    since: AtomicU64,
    pub(super) state: Mutex<WaitState>,
    landed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct WaitState {
    pub(super) landing: Option<Landing>,
    /// How many waiters have begun to help, without those that ended without a result. The limit doubles with
    /// each of them.
    pub(super) helps: u32,
    /// How many waiters help now.
    pub(super) helpers: u32,
    /// The owner ended without a result.
    pub(super) is_given_up: bool,
    pub(super) leader: Leader,
    pub(super) followers: Followers,
    /// A thread blocks, or has blocked. Without one there is no notification: it costs a system call.
    is_blocking: bool,
}

impl WaitState {
    /// How the wait ends for a caller that has waited this long. `None` if it goes on.
    pub(super) fn end(&mut self, waited: Duration, patience: Duration) -> Option<Waited> {
        if let Some(landing) = &self.landing {
            return Some(Waited::Landed(landing.clone()));
        }
        if waited < limit(patience, self.helps) {
            return None;
        }
        self.helps += 1;
        self.helpers += 1;
        Some(Waited::Help)
    }

    /// Whether neither the owner nor a helper runs the body. Then this is how the flight ends.
    fn is_abandoned(&mut self) -> bool {
        let is_abandoned = self.is_given_up && self.helpers == 0;
        if is_abandoned {
            self.landing.get_or_insert(Landing::Abandoned);
        }
        is_abandoned
    }
}

impl Wait {
    pub(crate) fn new(owner: Runner) -> Self {
        Self::led(owner, Leader::default())
    }

    /// With a leader that may have been polled.
    pub(super) fn led(owner: Runner, leader: Leader) -> Self {
        Self {
            owner,
            awaited: AtomicBool::new(false),
            since: AtomicU64::new(0),
            state: Mutex::new(WaitState { leader, ..WaitState::default() }),
            landed: Condvar::default(),
        }
    }

    /// The runner whose run this wait is for.
    pub(crate) fn owner(&self) -> Runner {
        self.owner
    }

    /// How long ago the first caller began to wait.
    pub(crate) fn age(&self) -> Option<Duration> {
        let since = Time::from_nanos(self.since.load(Acquire));
        self.is_awaited().then(|| Clock::Coarse.reading().since(since))
    }

    /// A caller is about to wait. Called under the lock of the cache.
    pub(crate) fn join(&self) {
        if !self.is_awaited() {
            self.since.store(Clock::Coarse.reading().nanos(), Release);
            self.awaited.store(true, Release);
        }
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Acquire)
    }

    pub(crate) fn has_landed(&self) -> bool {
        self.state.lock().landing.is_some()
    }

    /// Ends the wait of all callers. The first landing counts.
    pub(crate) fn land(&self, landing: Landing) {
        // A landing that comes late is dropped without the lock: its error is the user's.
        let mut landing = Some(landing);
        let (wakers, alarm, is_blocking) = {
            let mut state = self.state.lock();
            if state.landing.is_none() {
                state.landing = landing.take();
            }
            let (wakers, alarm) = state.followers.remove_all();
            (wakers, alarm, state.is_blocking)
        };
        drop(alarm);
        if is_blocking {
            self.landed.notify_all();
        }
        wake(wakers);
    }

    /// The owner ended without a result. Returns whether no helper runs the body.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        state.is_given_up = true;
        state.is_abandoned()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state.lock().is_given_up
    }

    /// A helper ended without a result. Returns whether neither the owner nor another helper runs the body. If
    /// one does, the next waiter [may help](Self::help_again).
    pub(crate) fn give_up_helping(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.helps = state.helps.saturating_sub(1);
        state.is_abandoned()
    }

    /// Lets the next waiter help whose patience has ended.
    pub(crate) fn help_again(&self) {
        let waker = {
            let mut state = self.state.lock();
            let helps = state.helps;
            state.followers.take_due(helps, 1)
        };
        self.landed.notify_all();
        wake(waker);
    }

    /// Blocks the calling thread until the wait ends.
    pub(crate) fn block(&self, patience: Duration) -> Waited {
        if sync::IS_ALONE {
            return Waited::Circular;
        }
        let (mut waited, mut last) = (Duration::ZERO, sync::now());
        let mut state = self.state.lock();
        state.is_blocking = true;
        loop {
            if let Some(end) = state.end(waited, patience) {
                return end;
            }
            let rest = limit(patience, state.helps).saturating_sub(waited);
            let step = step(patience).min(rest);
            state = self.landed.wait_timeout(&self.state, state, step);
            let now = sync::now();
            waited += now.saturating_duration_since(last).min(step);
            last = now;
        }
    }
}

/// Wakes all of them, even if one of them panics: the caller has more to do.
pub(super) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(|waker| catch_panic(|| waker.wake()));
}

#[cfg(all(test, not(memofn_models)))]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_limit_doubles_with_each_helper() {
        let mut state = WaitState::default();
        assert!(state.end(9 * S, 10 * S).is_none());
        assert!(matches!(state.end(10 * S, 10 * S), Some(Waited::Help)));
        assert!(state.end(19 * S, 10 * S).is_none());
        assert!(matches!(state.end(20 * S, 10 * S), Some(Waited::Help)));
        assert!(state.end(39 * S, 10 * S).is_none());
        assert_eq!(state.helpers, 2);
    }

    #[test]
    fn a_waiter_with_unlimited_patience_never_helps() {
        let mut state = WaitState::default();
        assert!(state.end(Duration::MAX / 2, Duration::MAX).is_none());
    }

    #[test]
    fn after_a_helper_without_a_result_the_next_waiter_helps() {
        let wait = Wait::new(Runner::new_run());
        assert!(matches!(wait.block(Duration::ZERO), Waited::Help));
        assert!(!wait.give_up_helping(), "the owner runs");
        assert!(matches!(wait.block(Duration::ZERO), Waited::Help));
    }
}
