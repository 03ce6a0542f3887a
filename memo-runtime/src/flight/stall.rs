//! Evidence that an async leader is stalled.
//!
//! A leader is stalled if its task holds it, does not poll it, and polls a follower instead. This happens after a
//! lost `select!`. It also happens to a stream of buffered calls whose consumer awaits one of the same calls.
//! The follower waits for the leader, and the leader waits until the task lets go of the follower.
//!
//! This file knows who was polled in which order. It must not know locks, alarms or how wakers are woken.
//!
//! # What counts as evidence
//!
//! Delay is no evidence: a leader may stay in a queue for any time. There are two proofs. Both rest on the order
//! of polls.
//!
//! **The same task.** The wakers of the leader and of a follower are equal, so one task polls both. In a *round*,
//! the follower wakes itself from inside its own poll, twice, and so is polled three times. One complete poll
//! of the task lies between the first poll and the third. (Two polls do not suffice: a `join!` that rotates its
//! branches may poll leader, follower, follower, leader.) A task that still polls its leader does so between
//! them. If it did not, the round is a *strike*, and three strikes are a proof.
//!
//! A loop inside one poll of the task could poll the follower many times. But then the follower is also polled
//! without a wake from here, and such a poll cancels the strikes. The alarm begins the rounds, tens of
//! milliseconds apart. So a leader that was just moved to another task has been polled there by then. Wakers
//! without data, such as the no-op waker, belong to no task and prove nothing.
//!
//! **Cause and effect.** A follower was polled only after wakes from here. Now it is polled without one, and the
//! leader was woken and has not been polled since. So the wake of the leader may have reached the task of the
//! follower, as it does if a `FuturesUnordered` holds the leader. It reaches the task only once: such a set
//! wakes its task once, and not again until the set is polled. (The second poll may come from a wake that is
//! older than the follower. It does not count against the follower.) All this may be chance, so by itself it is
//! only a *suspicion*. It becomes a proof after eight rounds of three polls each, over at least one second, if
//! the leader was woken and not polled meanwhile. Each round sends the follower through the queue of its
//! executor twice. So the proof takes longer on a busy executor.
//!
//! A poll of the leader clears all evidence. The alarm brings evidence about if the body does not: it wakes the
//! leader now and then (a *probe*) while there are followers. It wakes a follower for a round only if the
//! follower shares the task of the leader or suspects the leader. Without a proof, patience ends the wait.

use crate::flight::patience::{CONFIRMATIONS, POLLS, STRIKES, SUSPENSE};
use std::task::Waker;
use std::time::Duration;

/// The run of an async body, as its polls and wakes show it.
#[derive(Debug, Default)]
pub(super) struct Leader {
    /// The waker of its last poll, except while it is [lent](Self::lend).
    waker: Option<Waker>,
    /// The task of its last poll, if the waker tells.
    task: Option<Task>,
    polls: u64,
    is_polled: bool,
    /// It was woken since its last poll began.
    is_woken: bool,
    /// The body has ended, or was dropped.
    is_over: bool,
}

impl Leader {
    /// It was polled once, with this waker, and perhaps woken since that poll began.
    pub(super) fn polled_once(waker: Waker, is_woken: bool) -> Self {
        let task = Task::of(&waker);
        Self { waker: Some(waker), task, polls: 1, is_woken, ..Self::default() }
    }

    /// How often it was polled.
    pub(super) fn polls(&self) -> u64 {
        self.polls
    }

    pub(super) fn may_be_stalled(&self) -> bool {
        self.task.is_some() && !self.is_polled && !self.is_over
    }

    /// A poll with this waker begins. Returns the waker that it replaces.
    pub(super) fn begin_poll(&mut self, waker: Waker) -> Option<Waker> {
        self.polls += 1;
        self.is_polled = true;
        self.is_woken = false;
        self.task = Task::of(&waker);
        self.waker.replace(waker)
    }

    pub(super) fn end_poll(&mut self) {
        self.is_polled = false;
    }

    /// The run is polled no longer. Returns its waker.
    pub(super) fn end(&mut self) -> Option<Waker> {
        self.is_over = true;
        self.waker.take()
    }

    pub(super) fn note_wake(&mut self) {
        self.is_woken = true;
    }

    /// Lends its waker, with the number of its polls, to be woken without the lock. `None` if it is lent
    /// already: then a poll follows that other wake.
    pub(super) fn lend(&mut self) -> Option<(u64, Waker)> {
        self.waker.take().map(|waker| (self.polls, waker))
    }

    /// Takes a lent waker back, unless a later poll brought another one.
    pub(super) fn take_back(&mut self, polls: u64, waker: &mut Option<Waker>) {
        if self.polls == polls && self.waker.is_none() && !self.is_over {
            std::mem::swap(&mut self.waker, waker);
        }
    }
}

/// The task that a waker wakes. Two tasks differ as long as their wakers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Task {
    data: usize,
    vtable: usize,
}

impl Task {
    /// Compares as `Waker::will_wake` does. Many tasks may share a waker without data.
    fn of(waker: &Waker) -> Option<Self> {
        let (data, vtable) = (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr());
        (data != 0).then_some(Self { data, vtable })
    }
}

/// The next step of a follower after a poll.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PollTurn {
    Wait,
    /// It wakes itself.
    Again,
    /// It goes on without the leader.
    Leave,
}

/// The evidence from the polls of one follower.
#[derive(Debug)]
pub(super) struct Observed {
    shares_task: bool,
    /// Its next poll has a cause from here: it is the first poll, or the follower was woken here.
    is_caused: bool,
    /// It was never polled without such a cause, except perhaps by a wake that is older than itself.
    is_quiet: bool,
    /// How often it was polled: 0, 1, or 2 for any higher number.
    polls: u8,
    evidence: Evidence,
}

impl Observed {
    pub(super) fn new() -> Self {
        Self {
            shares_task: false,
            is_caused: true,
            is_quiet: true,
            polls: 0,
            evidence: Evidence::default(),
        }
    }

    pub(super) fn shares_task(&self) -> bool {
        self.shares_task
    }

    /// The follower is woken from here, so its next poll has a cause.
    pub(super) fn note_wake(&mut self) {
        self.is_caused = true;
    }

    /// The follower is polled with this waker. `clock` is the time that followers have waited.
    pub(super) fn poll(
        &mut self,
        leader: &Leader,
        waker: Option<&Waker>,
        clock: Duration,
    ) -> PollTurn {
        let task = waker.and_then(Task::of);
        let is_caused = std::mem::take(&mut self.is_caused);
        self.shares_task = task.is_some() && task == leader.task;
        let evidence = &mut self.evidence;
        if evidence.polls != leader.polls || !leader.may_be_stalled() {
            *evidence = Evidence::since(leader.polls);
        }
        let is_second = self.polls == 1;
        self.polls = (self.polls + 1).min(2);
        if !is_caused {
            let is_suspect = self.is_quiet && leader.is_woken && leader.may_be_stalled();
            if is_suspect {
                evidence.suspected.get_or_insert(clock);
            }
            // A set that has polled all its futures wakes its own task. That wake may be older than the follower.
            self.is_quiet &= is_second && !is_suspect;
            evidence.strikes = 0;
        }
        match &mut evidence.round {
            Some(polls) if is_caused && *polls + 1 < POLLS => {
                *polls += 1;
                self.is_caused = true;
                PollTurn::Again
            }
            Some(_) if is_caused => {
                evidence.round = None;
                evidence.rounds += 1;
                evidence.strikes += 1;
                if evidence.is_proof(self.shares_task, clock) {
                    PollTurn::Leave
                } else {
                    PollTurn::Wait
                }
            }
            _ => PollTurn::Wait,
        }
    }

    /// Whether a round may bring evidence against a leader that was polled this often. Clears evidence from before
    /// the last poll of the leader.
    pub(super) fn needs_round(&mut self, polls: u64) -> bool {
        if self.evidence.polls != polls {
            self.evidence = Evidence::since(polls);
        }
        let is_useful = self.shares_task || self.evidence.suspected.is_some();
        is_useful && self.evidence.round.is_none()
    }

    /// The follower is woken for a round.
    pub(super) fn begin_round(&mut self) {
        self.evidence.round = Some(0);
        self.is_caused = true;
    }
}

/// The evidence against the leader since its last poll.
#[derive(Debug, Default)]
struct Evidence {
    /// How often the leader had been polled by then.
    polls: u64,
    /// How often the follower was polled in the round under way.
    round: Option<u8>,
    /// Complete rounds.
    rounds: u32,
    /// Complete rounds since a poll without a cause from here.
    strikes: u32,
    /// When the suspicion arose.
    suspected: Option<Duration>,
}

impl Evidence {
    fn since(polls: u64) -> Self {
        Self { polls, ..Self::default() }
    }

    fn is_proof(&self, shares_task: bool, clock: Duration) -> bool {
        let is_confirmed = |since| clock.saturating_sub(since) >= SUSPENSE;
        (shares_task && self.strikes >= STRIKES)
            || (self.rounds >= CONFIRMATIONS && self.suspected.is_some_and(is_confirmed))
    }
}
