//! The followers of one flight: callers that wait without blocking a thread.
//!
//! This file knows their wakers, how much patience each has left, and when the next alarm rings. It must not
//! know how a flight ends. It runs under the lock of the wait, so it returns wakers and wakes none.

use crate::base::alarm::{Alarm, Watched};
use crate::base::sync::{Arc, Instant};
use crate::flight::patience::{FIRST_PAUSE, LONGEST_PAUSE, SHORTEST_STEP, limit};
use crate::flight::stall::{Leader, Observed, PollTurn};
use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

#[derive(Debug, Default)]
pub(super) struct Followers {
    /// By number.
    list: BTreeMap<u64, FollowerState>,
    /// The number of the latest follower.
    latest: u64,
    alarm: Option<Alarm>,
    /// The nominal length of the current step, and of the next.
    step: Duration,
    pause: Duration,
    /// How long there have been followers, counted in steps.
    time_waited: Duration,
    /// When the clock was last advanced.
    counted_at: Option<Instant>,
    /// How often the leader had been polled at the last alarm.
    polls_at_alarm: u64,
    /// How many followers the next alarm wakes to help. The number doubles: the first may not be polled either.
    wakes: usize,
}

/// One follower: its waker, its patience and its evidence.
#[derive(Debug)]
struct FollowerState {
    /// `None` while it is woken and was not polled since.
    waker: Option<Waker>,
    patience: Duration,
    /// When its wait began, on the followers' clock.
    since: Duration,
    observed: Observed,
}

impl FollowerState {
    /// How much of its patience is left.
    fn time_left(&self, clock: Duration, helps: u32) -> Duration {
        limit(self.patience, helps).saturating_sub(clock.saturating_sub(self.since))
    }

    /// Takes its waker to wake it for a round, if a round may bring evidence.
    fn begin_round(&mut self, polls: u64) -> Option<Waker> {
        if !self.observed.needs_round(polls) {
            return None;
        }
        let waker = self.waker.take()?;
        self.observed.begin_round();
        Some(waker)
    }
}

impl Followers {
    /// How long the follower of this number has waited.
    pub(super) fn waited(&self, number: Option<u64>) -> Duration {
        let since = number.and_then(|it| self.list.get(&it)).map(|it| it.since);
        self.time_waited.saturating_sub(since.unwrap_or(self.time_waited))
    }

    /// Adds a follower. Returns its number.
    pub(super) fn admit(&mut self, patience: Duration) -> u64 {
        self.latest += 1;
        let state = FollowerState {
            waker: None,
            patience,
            since: self.time_waited,
            observed: Observed::new(),
        };
        self.list.insert(self.latest, state);
        self.latest
    }

    /// The follower of this number is polled. If it goes on waiting, `waker` is exchanged for its former one.
    pub(super) fn poll(
        &mut self,
        number: u64,
        leader: &Leader,
        waker: &mut Option<Waker>,
    ) -> PollTurn {
        let state = self.list.get_mut(&number).expect("it has not left");
        let turn = state.observed.poll(leader, waker.as_ref(), self.time_waited);
        if turn != PollTurn::Leave {
            std::mem::swap(&mut state.waker, waker);
        }
        turn
    }

    /// Removes a follower. Returns its waker, and the alarm if the last follower leaves. Both are dropped
    /// without the lock.
    pub(super) fn remove(&mut self, number: u64) -> (Option<Waker>, Option<Arc<dyn Watched>>) {
        let state = self.list.remove(&number);
        let alarm = if self.list.is_empty() { self.alarm.take() } else { None };
        (state.and_then(|it| it.waker), alarm.and_then(Alarm::cancel))
    }

    /// Removes all followers. Returns their wakers and the alarm, which are used without the lock.
    pub(super) fn remove_all(&mut self) -> (Vec<Waker>, Option<Arc<dyn Watched>>) {
        let list = std::mem::take(&mut self.list);
        let wakers = list.into_values().filter_map(|it| it.waker).collect();
        (wakers, self.alarm.take().and_then(Alarm::cancel))
    }

    /// Takes the wakers of at most `most` followers whose patience has ended.
    pub(super) fn take_due(&mut self, helps: u32, most: usize) -> Vec<Waker> {
        let time_waited = self.time_waited;
        let due = self.list.values_mut().filter(|it| it.time_left(time_waited, helps).is_zero());
        let woken = due.filter_map(|it| {
            let waker = it.waker.take()?;
            it.observed.note_wake();
            Some(waker)
        });
        woken.take(most).collect()
    }
}

/// Time and alarms.
impl Followers {
    /// Advances the clock to `now`, by one step at most.
    pub(super) fn advance_clock(&mut self, now: Instant) {
        let since = self.counted_at.replace(now);
        let passed = since.map_or(Duration::ZERO, |it| now.saturating_duration_since(it));
        self.time_waited += passed.min(self.step);
    }

    /// Starts again with the shortest pause if there are no followers and no alarm is set.
    pub(super) fn restart_if_idle(&mut self, leader: &Leader) {
        if self.list.is_empty() && self.alarm.is_none() {
            self.pause = Duration::ZERO;
            self.polls_at_alarm = leader.polls();
        }
    }

    pub(super) fn has_alarm(&self) -> bool {
        self.alarm.is_some()
    }

    /// Sets the next alarm.
    pub(super) fn set_alarm(&mut self, watched: Arc<dyn Watched>, helps: u32, now: Instant) {
        if self.pause.is_zero() {
            self.pause = FIRST_PAUSE;
        }
        let times = self.list.values().map(|it| it.time_left(self.time_waited, helps));
        // Followers without patience left were woken. A whole pause gives them time to come.
        let next = times.filter(|left| !left.is_zero()).min();
        self.step = next.map_or(self.pause, |left| left.max(SHORTEST_STEP).min(self.pause));
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        self.alarm = Some(Alarm::set(now + self.step, watched));
    }

    /// Unsets the alarm that rings. Returns whether it was the one set: an alarm that was canceled too late rings
    /// although the next one may be set.
    pub(super) fn unset_alarm(&mut self, alarm: Alarm) -> bool {
        self.alarm.take_if(|it| *it == alarm).is_some()
    }

    /// Whether no follower has a waker here. Each of them was woken, and sets the next alarm when it is polled.
    pub(super) fn are_all_woken(&self) -> bool {
        self.list.values().all(|it| it.waker.is_none())
    }

    /// The alarm rings. Returns the wakers of followers, and whether to wake the leader. `has_owner` is false
    /// once the leader was dropped.
    pub(super) fn ring(
        &mut self,
        leader: &mut Leader,
        has_owner: bool,
        helps: u32,
        now: Instant,
    ) -> (Vec<Waker>, bool) {
        self.advance_clock(now);
        let (mut woken, mut is_probed) = (Vec::new(), false);
        if leader.may_be_stalled() && has_owner && self.polls_at_alarm == leader.polls() {
            let list = self.list.values_mut();
            woken.extend(list.filter_map(|it| it.begin_round(leader.polls())));
            // A follower that shares the task of the leader was woken in its place.
            is_probed = !self.list.values().any(|it| it.observed.shares_task());
            leader.note_wake();
        }
        self.polls_at_alarm = leader.polls();
        let due = self.take_due(helps, self.wakes.max(1));
        self.wakes = if due.is_empty() { 1 } else { 2 * due.len() };
        woken.extend(due);
        (woken, is_probed)
    }
}

#[cfg(all(test, not(memofn_models)))]
impl Followers {
    pub(super) fn alarm(&self) -> Option<Alarm> {
        self.alarm
    }

    /// How long there have been followers.
    pub(super) fn clock(&self) -> Duration {
        self.time_waited
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.time_waited += time;
    }
}
