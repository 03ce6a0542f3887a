//! Where callers wait for one run of a body, be it a thread's or that of an async body, and whether they
//! block a thread meanwhile or not.
//!
//! # When they stop to wait
//!
//! Each wait ends, for one of these reasons:
//!
//! - The run *lands*: with a value, with an error, or because its body has panicked, or its future was
//!   dropped. All who wait are told, and the first of them to come back starts the body anew if there is
//!   no result.
//! - It would close a circle of waits that [`graph`](crate::graph) sees.
//! - It takes too long: 20 times longer than any run has taken since more than one thread uses the cache, or
//!   10 s as long as too few of these are known (see [`Pace`](crate::flight::Pace)). *One* of
//!   those waiting runs the body as well then, and the next one waits twice as long.
//! - The run is *stalled*: a future that is alive, but that nobody polls, as the one that a `select!` holds
//!   on to while its other branch calls the same function. It shows in that the run was woken, and is not
//!   polled, while others are: three times, a tenth of a second apart, one of those who wait is
//!   woken, and is polled at once. Then all go on as if the run had been dropped: one of them
//!   runs the body, and the others wait for that run, which may be dropped, fail, or be stalled like the
//!   first. Should the first be polled after all, and be done before it, its value answers them. A run that
//!   was not woken is not stalled: what it waits for has yet to come.
//!
//!   Time alone would not do: an executor that has ten thousand tasks to poll comes to each of them after
//!   a while, which was seen to be a third of a second, but then it does not come to those who wait at
//!   once either. Nor would it do to have those wake themselves a few times: executors poll such a task
//!   before one that was woken by another thread.
//!
//! Who runs a body as well does so in place of the one that is waited for. With a result, the flight has
//! landed; with one that is not stored, those who wait are told as if it had, though the owner's may be stored
//! still. Should the other not come to an end meanwhile, by a panic or because its future is
//! dropped, then nobody has to start again; and should neither, the next one of those who wait does.

mod polled;

pub(crate) use polled::Follower;
#[cfg(all(test, memofn_models))]
pub(crate) use polled::GRACE;

use crate::clock::{Clock, Time};
use crate::contained::contained;
use crate::party::Party;
use crate::sync::{self, Arc, AtomicBool, Condvar, Instant, Mutex, Ordering::Relaxed};
use crate::watch::Alarm;
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
    /// Run the body as well: who runs it waits for this one.
    Circular,
    /// Run the body as well, in place of whoever has not come to its end for so long.
    Help(Duration),
    /// Go on without the run, and let the others know.
    Stalled,
}

/// Where callers wait for one flight.
#[derive(Debug)]
pub(crate) struct Wait {
    owner: Party,
    /// When it was made.
    since: Time,
    /// Somebody waits, or has.
    awaited: AtomicBool,
    state: Mutex<State>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    landing: Option<Landing>,
    /// When the next of those waiting helps out, and how long after that the one after it.
    help: Option<(Instant, Duration)>,
    /// How many help at the moment.
    helpers: u32,
    /// The owner has not come to an end, and will not.
    is_given_up: bool,
    leader: polled::Leader,
    followers: polled::Followers,
    /// Threads block, or have: to notify nobody would be a system call all the same.
    is_blocking: bool,
}

impl State {
    /// The end of this wait: how the flight has landed, or `Help` if it is time.
    fn end(&mut self, now: Instant, start: Instant, patience: Duration) -> Option<Waited> {
        if let Some(landing) = &self.landing {
            return Some(Waited::Landed(landing.clone()));
        }
        let (at, step) = *self.help.get_or_insert_with(|| (later(now, patience), patience));
        if now < at {
            return None;
        }
        let step = step.saturating_mul(2);
        self.help = Some((later(now, step), step));
        self.helpers += 1;
        Some(Waited::Help(now - start))
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
    pub(crate) fn new(owner: Party) -> Self {
        Self {
            owner,
            since: Clock::Coarse.reading(),
            awaited: AtomicBool::new(false),
            state: Mutex::default(),
            landed: Condvar::default(),
        }
    }

    pub(crate) fn owner(&self) -> Party {
        self.owner
    }

    /// How long ago it was made: when the run began, or when somebody first waited for it.
    pub(crate) fn age(&self) -> Duration {
        Clock::Coarse.reading().since(self.since)
    }

    /// Somebody is going to wait.
    pub(crate) fn join(&self) {
        self.awaited.store(true, Relaxed);
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Relaxed)
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
            let alarm = state.followers.alarm.take().and_then(Alarm::cancel);
            (std::mem::take(&mut state.followers.wakers), alarm, state.is_blocking)
        };
        drop(alarm);
        if is_blocking {
            self.landed.notify_all();
        }
        wake(wakers.into_values());
    }

    /// The owner has not come to its end. Returns whether nobody else is about to.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        state.is_given_up = true;
        state.leader.woken = None;
        state.is_abandoned()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.state.lock().is_given_up
    }

    /// Who ran the body as well has not come to its end. Returns whether nobody else is about to; if
    /// somebody is, the next of those who wait [may help](Self::help_again).
    pub(crate) fn give_up_helping(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.is_abandoned()
    }

    /// Has the next of those who wait help now.
    pub(crate) fn help_again(&self) {
        let now = sync::now();
        let waker = {
            let mut state = self.state.lock();
            if let Some((at, _)) = &mut state.help {
                *at = now;
            }
            state.followers.wakers.pop_first()
        };
        self.landed.notify_all();
        wake(waker.into_iter().map(|it| it.1));
    }

    /// Blocks the calling thread until the wait ends.
    pub(crate) fn block(&self, patience: Duration) -> Waited {
        if sync::IS_ALONE {
            return Waited::Circular;
        }
        let start = sync::now();
        let mut state = self.state.lock();
        state.is_blocking = true;
        loop {
            let now = sync::now();
            if let Some(waited) = state.end(now, start, patience) {
                return waited;
            }
            let until = state.help.map_or(now, |(at, _)| at);
            state =
                self.landed.wait_timeout(&self.state, state, until.saturating_duration_since(now));
        }
    }
}

/// Wakes all of them, even if one of them panics: whoever does this has other things to do.
fn wake(wakers: impl Iterator<Item = Waker>) {
    wakers.for_each(|waker| contained(|| waker.wake()));
}

fn later(now: Instant, by: Duration) -> Instant {
    // A day is as good as forever to somebody who waits, and never overflows an `Instant`.
    now + by.min(Duration::from_secs(24 * 60 * 60))
}
