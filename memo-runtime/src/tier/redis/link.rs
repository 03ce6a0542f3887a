//! The connection of a process to its Redis, as callers see it.

use crate::base::catch_panic::caught;
use crate::base::process;
use crate::tier::redis::breaker::FAILURES;
use crate::tier::redis::config::{Coherence, Config};
use crate::tier::redis::followers::Followers;
use crate::tier::redis::keys::{Names, Spot};
use crate::tier::redis::slots::{Removal, Sent, Value};
use crate::tier::redis::state::{LONGEST_PAUSE, Phase, State};
use std::fmt::Write as _;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Link {
    pub(crate) config: Config,
    pub(crate) names: Names,
    pub(crate) followers: Followers,
    state: Mutex<State>,
    pub(super) changed: Condvar,
}

impl Link {
    pub(crate) fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            names: Names::new(&config.namespace),
            config,
            followers: Followers::default(),
            state: Mutex::new(State::new(process::number())),
            changed: Condvar::new(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::number();
        if state.process != process {
            let mut parents = mem::replace(&mut *state, State::new(process));
            drop(parents.stream.take());
            // Its promises are those of threads that this process does not have.
            mem::forget(parents);
        }
        state
    }

    /// The state, with the link at work.
    pub(crate) fn at_work(self: &Arc<Self>) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if !state.runs {
            let link = Arc::clone(self);
            let name = "memofn-redis".to_owned();
            let run = move || {
                if caught(|| link.run()).is_none() {
                    link.stopped();
                }
            };
            state.runs = thread::Builder::new().name(name).spawn(run).is_ok();
            if !state.runs {
                state.phase = Phase::Away;
            }
        }
        state
    }

    pub(crate) fn look(&self) -> MutexGuard<'_, State> {
        self.lock()
    }

    /// Ends the threads and the connection, once all is written.
    pub(crate) fn close(&self) {
        self.lock().is_closing = true;
        self.changed.notify_all();
    }

    /// Whether a command that needs an answer may be sent.
    pub(crate) fn answers(&self, state: &mut State) -> bool {
        let now = Instant::now();
        let overdue = state.slots.overdue(now, self.config.timeout);
        if overdue >= FAILURES && state.breaker.open(now) {
            self.changed.notify_all();
        }
        state.phase != Phase::Away && !state.breaker.is_open() && !state.slots.is_full()
    }

    /// Sends a command. The link must be [at work](Self::at_work).
    pub(crate) fn send(&self, state: &mut State, sent: Sent, value: Option<&Value<'_>>) {
        let is_first = state.slots.outgoing.is_empty();
        let is_alone = state.slots.len() == 0;
        state.slots.push((&self.config, &self.names), sent, value);
        if is_alone {
            state.write_at_once();
        }
        if is_first && !state.slots.outgoing.is_empty() {
            self.changed.notify_all();
        }
    }

    /// Has the server remove something, now or when it is back.
    pub(crate) fn remove(&self, state: &mut State, removal: Removal) {
        if state.phase == Phase::Away || state.slots.is_full() {
            state.missed.add(removal, || self.followers.functions());
            if state.phase == Phase::Up {
                state.tell_at.get_or_insert_with(|| Instant::now() + LONGEST_PAUSE);
            }
        } else {
            self.send(state, Sent::Remove(removal), None);
        }
    }

    /// A result of this key may be in memory, and the server may not tell of its changes. It is forgotten in a while.
    pub(crate) fn doubt(&self, state: &mut State, spot: Spot) {
        let life = match self.config.coherence {
            Coherence::Within(time) => time,
            Coherence::Strict => Duration::ZERO,
            Coherence::None => return,
        };
        let Some(end) = Instant::now().checked_add(life) else { return };
        if state.doubtful.next().is_none() {
            self.changed.notify_all();
        }
        state.doubtful.add(spot, end);
    }

    /// One line about it.
    pub(crate) fn status(&self, state: &State) -> String {
        let how = match state.phase {
            Phase::First if state.runs => "connecting",
            Phase::First => "not asked yet",
            Phase::Up if state.breaker.is_open() => "too slow",
            Phase::Up if state.refused.is_some() => "connected, and takes no results",
            Phase::Up => "connected",
            Phase::Away => "away",
        };
        let mut status = format!("{}: {how}", self.config);
        let numbers = [
            (state.slots.len(), "waiting"),
            (state.missed.len(), "removals to be told"),
            (state.leases.len(), "leases"),
        ];
        for (number, what) in numbers.into_iter().filter(|(number, _)| *number > 0) {
            let _ = write!(status, ", {number} {what}");
        }
        if let Some(error) = &state.last_error {
            let _ = write!(status, ", last error: {error}");
        }
        status
    }
}
