//! Where callers wait for one run of a body: threads that block, and futures that are polled.
//!
//! # When a wait ends
//!
//! - The run *lands*: with a value, with an error, or without either because its body panicked or its
//!   future was dropped. All waiters are told. If there is no result, the first of them to come back
//!   starts the body anew.
//! - It would close a cycle of waits that [`graph`](crate::flight::wait_graph) sees.
//! - *Patience* ends: see [`Patience`](crate::flight::flight::Patience) for how much a waiter has. One waiter then helps:
//!   it runs the body as well. The limit doubles for the others.
//! - The leader is *stalled*: [`stall`] proves that its task polls a waiter and not the leader. All
//!   waiters then go on as if the run had been dropped. Should the leader be polled after all and finish
//!   first, its value answers them.
//!
//! Waiting time is counted in small steps, and each step counts for its nominal length at most. A process
//! that was stopped, or a machine that slept, uses up one step of patience and no more.
//!
//! # Helpers
//!
//! A helper's value lands the flight. If its result is not to be stored, the others are told as if the
//! owner had ended without a result. If it panics or is dropped, the next waiter whose time has come helps.
//! If the owner ends without a result while somebody helps, nobody has to start again.

use crate::base::alarm::Alarm;
use crate::base::catch_panic::catch_panic;
use crate::base::clock::{Clock, Time};
use crate::base::sync::{
    self, Arc, AtomicBool, AtomicU64, Condvar, Mutex,
    Ordering::{Acquire, Release},
};
use crate::flight::stall;
use crate::scope::runners::Runner;
use std::any::Any;
use std::fmt;
use std::task::Waker;
use std::time::Duration;

/// An error as it is handed to those waiting.
pub(crate) type SharedError = Arc<dyn Any + Send + Sync>;

/// How a flight ended, for those who waited.
#[derive(Clone)]
pub(crate) enum Landing {
    /// Its entry holds the value.
    Value,
    /// The body failed, and its error can be given to everybody.
    Error(SharedError),
    /// The body failed with an error that cannot be shared.
    Failed,
    /// The body panicked, or was dropped: somebody else has to start again.
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

/// What a caller has to do after waiting.
#[derive(Debug)]
pub(crate) enum Waited {
    Landed(Landing),
    /// Run the body as well: the leader waits for this caller.
    Circular,
    /// Run the body as well, beside the leader, which has taken longer than patience lasts.
    Help,
    /// Go on without the leader, and let the others know.
    Stalled,
}

/// Where callers wait for one flight.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(super) owner: Runner,
    /// Somebody waits, or has.
    awaited: AtomicBool,
    /// When somebody first waited. An owner for which nobody waits reads no clock here.
    since: AtomicU64,
    pub(super) state: Mutex<WaitState>,
    landed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct WaitState {
    pub(super) landing: Option<Landing>,
    /// How many have begun to help, without those that came to no end. The limit doubles with each.
    pub(super) helps: u32,
    /// How many help at the moment.
    pub(super) helpers: u32,
    /// The owner has not come to an end, and will not.
    pub(super) is_given_up: bool,
    pub(super) leader: stall::Leader,
    pub(super) followers: stall::Followers,
    /// Threads block, or have: to notify nobody would be a system call all the same.
    pub(super) is_blocking: bool,
}

/// How long somebody waits who has that much patience, after so many have begun to help.
pub(super) fn limit(patience: Duration, helps: u32) -> Duration {
    1u32.checked_shl(helps).map_or(Duration::MAX, |factor| patience.saturating_mul(factor))
}

impl WaitState {
    /// How the wait ends for one that has waited for so long, if it does.
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

    /// Whether nobody runs the body any longer. Then this is how the flight ends.
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
        Self {
            owner,
            awaited: AtomicBool::new(false),
            since: AtomicU64::new(0),
            state: Mutex::default(),
            landed: Condvar::default(),
        }
    }

    pub(crate) fn owner(&self) -> Runner {
        self.owner
    }

    /// How long ago somebody first waited.
    pub(crate) fn age(&self) -> Option<Duration> {
        let since = Time::from_nanos(self.since.load(Acquire));
        self.is_awaited().then(|| Clock::Coarse.reading().since(since))
    }

    /// Somebody is going to wait. Under the lock of the cache.
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

    /// Ends the wait of everybody. The first landing counts.
    pub(crate) fn land(&self, landing: Landing) {
        let mut landing = Some(landing);
        let (wakers, alarm, is_blocking) = {
            let mut state = self.state.lock();
            if state.landing.is_none() {
                state.landing = landing.take();
            }
            let (wakers, alarm) = state.followers.dismiss();
            (wakers, alarm.and_then(Alarm::cancel), state.is_blocking)
        };
        drop(alarm);
        if is_blocking {
            self.landed.notify_all();
        }
        wake(wakers);
    }

    /// The owner has not come to its end. Returns whether nobody else is about to.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        state.is_given_up = true;
        state.is_abandoned()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state.lock().is_given_up
    }

    /// A helper has not come to its end. Returns whether nobody else is about to; if somebody is, the next
    /// waiter [may help](Self::help_again).
    pub(crate) fn give_up_helping(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.helps = state.helps.saturating_sub(1);
        state.is_abandoned()
    }

    /// Has the next waiter whose time has come help now.
    pub(crate) fn help_again(&self) {
        let waker = {
            let mut state = self.state.lock();
            let helps = state.helps;
            state.followers.due(helps, 1)
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

/// The steps in which a blocked thread counts how long it waits.
fn step(patience: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(500);
    /// Nothing is to be counted: only the landing ends the wait.
    const UNLIMITED: Duration = Duration::from_secs(24 * 60 * 60);

    if patience == Duration::MAX { UNLIMITED } else { (patience / 8).clamp(SHORTEST, LONGEST) }
}

/// Wakes all of them, even if one of them panics: the caller has other things to do.
pub(super) fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(|waker| catch_panic(|| waker.wake()));
}

#[cfg(all(test, not(memofn_models)))]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_limit_doubles_with_each_that_helps() {
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
        assert_eq!(limit(S, 200), Duration::MAX);
        assert_eq!(limit(Duration::MAX, 0), Duration::MAX);
    }

    #[test]
    fn a_blocked_thread_counts_in_small_steps() {
        assert_eq!(step(60 * S), S / 2);
        assert_eq!(step(2 * S), S / 4);
        assert_eq!(step(Duration::ZERO), Duration::from_millis(1));
        assert!(step(Duration::MAX) > 1000 * S);
    }

    #[test]
    fn a_helper_that_comes_to_no_end_leaves_its_turn_to_the_next() {
        let wait = Wait::new(Runner::run());
        assert!(matches!(wait.block(Duration::ZERO), Waited::Help));
        assert!(!wait.give_up_helping(), "the owner runs");
        assert!(matches!(wait.block(Duration::ZERO), Waited::Help));
    }
}
