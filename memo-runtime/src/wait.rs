//! Waiting for the run of another thread, without ever waiting in a circle.

use crate::sync::{self, Arc, Condvar, Mutex, ThreadToken};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

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
    /// The body panicked: somebody else has to start again.
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
    /// Run the body as well: waiting would never end, or has been going on for this long.
    Help(Duration),
}

/// Where callers wait for one flight.
#[derive(Debug)]
pub(crate) struct Wait {
    owner: ThreadToken,
    state: Mutex<State>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    landing: Option<Landing>,
    /// When the next of those waiting helps out, and how long after that the one after it.
    help: Option<(Instant, Duration)>,
}

sync::statics! {
    /// Which flight each waiting thread waits for. Since a flight has one owner, and a thread waits for
    /// one flight at a time, the waits form chains; the check below keeps them from closing.
    static WAITING: Mutex<BTreeMap<u64, Arc<Wait>>> = Mutex::new(BTreeMap::new());
}

impl Wait {
    pub(crate) fn new(owner: ThreadToken) -> Self {
        Self { owner, state: Mutex::default(), landed: Condvar::default() }
    }

    /// Ends the wait of everybody. The first landing counts.
    pub(crate) fn land(&self, landing: Landing) {
        self.state.lock().landing.get_or_insert(landing);
        self.landed.notify_all();
    }

    /// Blocks the calling thread until the flight lands, unless that would close a cycle of waits,
    /// and no longer than `patience` without somebody helping out.
    pub(crate) fn wait(self: &Arc<Self>, patience: Duration) -> Waited {
        let Some(_registered) = Registered::unless_cyclic(self) else {
            return Waited::Help(Duration::ZERO);
        };
        let start = sync::now();
        let mut state = self.state.lock();
        loop {
            if let Some(landing) = &state.landing {
                return Waited::Landed(landing.clone());
            }
            let now = sync::now();
            let (at, step) = *state.help.get_or_insert_with(|| (later(now, patience), patience));
            if now >= at {
                let step = step.saturating_mul(2);
                state.help = Some((later(now, step), step));
                return Waited::Help(now - start);
            }
            state = self.landed.wait_timeout(&self.state, state, at - now);
        }
    }

    fn has_landed(&self) -> bool {
        self.state.lock().landing.is_some()
    }
}

fn later(now: Instant, by: Duration) -> Instant {
    // A day is as good as forever to somebody who waits, and never overflows an `Instant`.
    now + by.min(Duration::from_secs(24 * 60 * 60))
}

/// The calling thread's place among the waiting ones.
struct Registered(ThreadToken);

impl Registered {
    fn unless_cyclic(wait: &Arc<Wait>) -> Option<Self> {
        let me = ThreadToken::current();
        let mut waiting = WAITING.lock();
        let mut next = Some(wait);
        while let Some(wait) = next {
            // A flight that has landed holds nobody up, though its waiters may not have left yet.
            if wait.has_landed() {
                break;
            }
            if wait.owner == me {
                return None;
            }
            next = waiting.get(&wait.owner.number());
        }
        waiting.insert(me.number(), Arc::clone(wait));
        Some(Self(me))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let wait = WAITING.lock().remove(&self.0.number());
        // An error a landing carries is the user's: dropped after the lock is released.
        drop(wait);
    }
}
