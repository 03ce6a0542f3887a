//! Waiters that are polled, and the async run they wait for: is the leader stalled?
//!
//! A leader is stalled when nobody polls it, although somebody could: its task holds on to it and polls
//! a follower instead. That happens after a lost `select!`, and to a stream of buffered calls whose
//! consumer awaits one of the same calls. The follower waits for the leader, and the leader waits for
//! the follower to let go of the task.
//!
//! # What counts as evidence
//!
//! Delay is no evidence. A leader may stand in a queue for as long as it likes. There are two proofs, and
//! both rest on who was polled, not on when.
//!
//! **The same task.** The wakers of the leader and of a follower are equal, so they are polled by one
//! task. The follower wakes itself from inside of its own poll, twice, and so is polled three times. A
//! complete poll of the task lies between the first poll and the third. (Two polls are not enough:
//! a `join!` that rotates its branches may poll leader, follower, follower, leader.) A task that still
//! polls its leader does so between them. If it did not, that is a *strike*, and three strikes are a
//! proof. A loop inside one poll of the task could poll the follower many times; but then it is also
//! polled when nobody asked for that, and such a poll takes the strikes back. The rounds are begun by the
//! alarm, tens of milliseconds apart, so that a leader that was just moved to another task has been polled
//! there. Wakers without data, such as the one that does nothing, belong to no task and prove nothing.
//!
//! **Cause and effect.** A follower that was never polled without a cause of ours is polled without one,
//! and at that moment the leader is woken and not polled since. So the wake of the leader may have
//! reached the follower's task, which happens when a `FuturesUnordered` holds the leader. It comes only
//! once, because such a set wakes its task once and not again until it is polled. (The second poll may be
//! due to a wake that is older than the follower. It is not held against it.) By itself all this may be
//! chance: it is a *suspicion*. It becomes a proof when the follower has made eight
//! rounds of three polls each, over at least a second, and the leader was not polled meanwhile though it
//! is woken. Each of these rounds sends the follower through its executor's queue twice, so
//! the more an executor has to do, the longer this takes.
//!
//! Any poll of the leader makes all of this void. The alarm brings evidence about where the body does
//! not: it wakes the leader now and then (a *probe*) while there are followers. It wakes followers for
//! their rounds alone. Without a proof there is patience.
//!
//! # Wakers
//!
//! Wakers are the executor's code. They are cloned, woken and dropped without the lock.

use crate::base::alarm::{Alarm, Watched};
use crate::base::catch_panic::catch_panic;
use crate::base::sync::{self, Arc, Instant};
use crate::flight::wait::{Wait, WaitState, Waited, limit, wake};
use crate::scope::runners::Polled;
use std::collections::BTreeMap;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The pause before the first round, and the longest one: each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// How often a follower is polled in a round.
const POLLS: u8 = 3;

/// How many rounds prove that a leader is stalled in the task of its follower.
const STRIKES: u32 = 3;

/// How many rounds prove it of a leader that is suspected, and how long they take at least.
const CONFIRMATIONS: u32 = 8;
const SUSPENSE: Duration = Duration::from_secs(1);

/// The run of an async body.
#[derive(Debug, Default)]
pub(super) struct Leader {
    /// The waker of its last poll, except while it is [lent](Lent).
    waker: Option<Waker>,
    /// The task it was last polled by, if its waker tells.
    task: Option<Task>,
    polls: u64,
    is_polled: bool,
    /// It was woken since its last poll began.
    is_woken: bool,
    /// The body has ended, or was dropped.
    is_over: bool,
}

/// The task that a waker wakes. Two are told apart as long as the wakers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Task {
    data: usize,
    vtable: usize,
}

impl Task {
    /// As `Waker::will_wake` compares them. A waker without data may be that of many tasks.
    fn of(waker: &Waker) -> Option<Self> {
        let (data, vtable) = (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr());
        (data != 0).then_some(Self { data, vtable })
    }
}

/// Those who wait without blocking a thread.
#[derive(Debug, Default)]
pub(super) struct Followers {
    list: BTreeMap<u64, Followed>,
    numbers: u64,
    alarm: Option<Alarm>,
    /// The nominal length of the present step, and of the next.
    step: Duration,
    pause: Duration,
    /// For how long there have been followers, in steps.
    clock: Duration,
    /// When that was last counted.
    ticked: Option<Instant>,
    /// The polls of the leader that the last alarm saw.
    seen: u64,
    /// How many the next alarm wakes to help: the first may not be polled either.
    most: usize,
}

/// What is known of one of them.
#[derive(Debug)]
struct Followed {
    /// `None` while it is woken and has not come.
    waker: Option<Waker>,
    patience: Duration,
    /// On the followers' clock.
    since: Duration,
    shares_task: bool,
    /// Its next poll has a cause of ours: it is the first, or it was woken here.
    is_caused: bool,
    /// It was never polled without one, except by a wake that may be older than itself.
    is_quiet: bool,
    /// How often it was polled, up to two.
    polls: u8,
    evidence: Evidence,
}

/// What speaks against the leader, since its last poll.
#[derive(Debug, Default)]
struct Evidence {
    /// The polls of the leader by then.
    polls: u64,
    /// How often the follower was polled in the round under way.
    round: Option<u8>,
    /// Complete rounds.
    rounds: u32,
    /// Complete rounds since a poll that had no cause.
    strikes: u32,
    /// Since when the leader is suspected.
    suspected: Option<Duration>,
}

impl Evidence {
    fn since(polls: u64) -> Self {
        Self { polls, ..Self::default() }
    }

    fn proves(&self, shares_task: bool, clock: Duration) -> bool {
        let is_confirmed = |since| clock.saturating_sub(since) >= SUSPENSE;
        (shares_task && self.strikes >= STRIKES)
            || (self.rounds >= CONFIRMATIONS && self.suspected.is_some_and(is_confirmed))
    }
}

/// What a follower does after a poll.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Wait,
    /// It wakes itself.
    Again,
    /// It goes on without the leader.
    Leave,
}

impl Leader {
    fn may_be_stalled(&self) -> bool {
        self.task.is_some() && !self.is_polled && !self.is_over
    }
}

impl Followed {
    /// It is polled.
    fn turn(&mut self, leader: &Leader, task: Option<Task>, clock: Duration) -> Turn {
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
            // A set that has polled all it holds wakes its task itself, before the follower is there.
            self.is_quiet &= is_second && !is_suspect;
            evidence.strikes = 0;
        }
        match &mut evidence.round {
            Some(polls) if is_caused && *polls + 1 < POLLS => {
                *polls += 1;
                self.is_caused = true;
                Turn::Again
            }
            Some(_) if is_caused => {
                evidence.round = None;
                evidence.rounds += 1;
                evidence.strikes += 1;
                if evidence.proves(self.shares_task, clock) { Turn::Leave } else { Turn::Wait }
            }
            _ => Turn::Wait,
        }
    }

    /// Begins a round, if one may bring evidence. Returns whom to wake.
    fn begin_round(&mut self, polls: u64) -> Option<Waker> {
        if self.evidence.polls != polls {
            self.evidence = Evidence::since(polls);
        }
        let is_of_use = self.shares_task || self.evidence.suspected.is_some();
        if !is_of_use || self.evidence.round.is_some() {
            return None;
        }
        let waker = self.waker.take()?;
        self.evidence.round = Some(0);
        self.is_caused = true;
        Some(waker)
    }

    fn rest(&self, clock: Duration, helps: u32) -> Duration {
        limit(self.patience, helps).saturating_sub(clock.saturating_sub(self.since))
    }
}

impl Followers {
    fn admit(&mut self, patience: Duration) -> u64 {
        self.numbers += 1;
        let followed = Followed {
            waker: None,
            patience,
            since: self.clock,
            shares_task: false,
            is_caused: true,
            is_quiet: true,
            polls: 0,
            evidence: Evidence::default(),
        };
        self.list.insert(self.numbers, followed);
        self.numbers
    }

    /// Counts the time since it was last counted, as one step.
    fn next_stamp(&mut self, now: Instant) {
        let since = self.ticked.replace(now);
        let passed = since.map_or(Duration::ZERO, |it| now.saturating_duration_since(it));
        self.clock += passed.min(self.step);
    }

    /// The wakers of some whose patience has ended.
    pub(super) fn due(&mut self, helps: u32, most: usize) -> Vec<Waker> {
        let clock = self.clock;
        let due = self.list.values_mut().filter(|it| it.rest(clock, helps).is_zero());
        let woken = due.filter_map(|it| {
            let waker = it.waker.take()?;
            it.is_caused = true;
            Some(waker)
        });
        woken.take(most).collect()
    }

    /// All wait no longer. What is returned is to be used without the lock.
    pub(super) fn dismiss(&mut self) -> (Vec<Waker>, Option<Alarm>) {
        let list = std::mem::take(&mut self.list);
        (list.into_values().filter_map(|it| it.waker).collect(), self.alarm.take())
    }

    /// Sets the next alarm.
    fn watch(&mut self, wait: &Arc<Wait>, helps: u32, now: Instant) {
        const SHORTEST: Duration = Duration::from_millis(1);

        if self.pause.is_zero() {
            self.pause = FIRST_PAUSE;
        }
        let rests = self.list.values().map(|it| it.rest(self.clock, helps));
        // Those whose time has come were woken. They are given time to come.
        let next = rests.filter(|rest| !rest.is_zero()).min();
        self.step = next.map_or(self.pause, |rest| rest.max(SHORTEST).min(self.pause));
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        self.alarm = Some(Alarm::set(now + self.step, Arc::clone(wait) as Arc<dyn Watched>));
    }
}

/// One who waits without blocking a thread.
#[derive(Debug)]
pub(crate) struct Follower {
    patience: Duration,
    number: Option<u64>,
}

impl Follower {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, number: None }
    }
}

impl WaitState {
    /// A follower is polled. Its waker is replaced by the one it had before.
    fn polled(
        &mut self,
        wait: &Arc<Wait>,
        follower: &mut Follower,
        waker: &mut Option<Waker>,
        now: Instant,
    ) -> Result<Turn, Waited> {
        if self.landing.is_none() {
            self.followers.next_stamp(now);
        }
        let followers = &mut self.followers;
        if followers.list.is_empty() && followers.alarm.is_none() {
            followers.pause = Duration::ZERO;
            followers.seen = self.leader.polls;
        }
        let clock = followers.clock;
        let since = follower.number.and_then(|it| followers.list.get(&it)).map(|it| it.since);
        let waited = clock.saturating_sub(since.unwrap_or(clock));
        if let Some(end) = self.end(waited, follower.patience) {
            return Err(end);
        }
        let followers = &mut self.followers;
        let number = *follower.number.get_or_insert_with(|| followers.admit(follower.patience));
        let known = followers.list.get_mut(&number).expect("it has not left");
        let task = waker.as_ref().and_then(Task::of);
        let turn = known.turn(&self.leader, task, clock);
        if turn == Turn::Leave {
            return Err(Waited::Stalled);
        }
        std::mem::swap(&mut known.waker, waker);
        if followers.alarm.is_none() {
            followers.watch(wait, self.helps, now);
        }
        Ok(turn)
    }

    /// The alarm has rung. Returns the wakers of followers, and whether the leader is to be woken.
    fn ring(&mut self, now: Instant) -> (Vec<Waker>, bool) {
        let Self { leader, followers, .. } = self;
        followers.next_stamp(now);
        let (mut woken, mut is_probed) = (Vec::new(), false);
        if leader.may_be_stalled() && !self.is_given_up && followers.seen == leader.polls {
            let list = followers.list.values_mut();
            woken.extend(list.filter_map(|it| it.begin_round(leader.polls)));
            // A follower that shares its task has been woken in its place.
            is_probed = !followers.list.values().any(|it| it.shares_task);
            leader.is_woken = true;
        }
        followers.seen = leader.polls;
        let due = followers.due(self.helps, followers.most.max(1));
        followers.most = if due.is_empty() { 1 } else { 2 * due.len() };
        woken.extend(due);
        (woken, is_probed)
    }
}

impl Wait {
    /// Whether the wait has ended for one who is polled. If not, its waker is woken when it has, or
    /// when it has to come and see.
    pub(crate) fn poll(
        self: &Arc<Self>,
        follower: &mut Follower,
        cx: &Context<'_>,
    ) -> Poll<Waited> {
        let mut waker = Some(cx.waker().clone());
        let now = sync::now();
        let turn = self.state.lock().polled(self, follower, &mut waker, now);
        let_go(waker);
        match turn {
            Ok(Turn::Again) => catch_panic(|| cx.waker().wake_by_ref()),
            Ok(_) => {}
            Err(end) => return Poll::Ready(end),
        }
        Poll::Pending
    }

    /// A follower waits no longer.
    pub(crate) fn leave(&self, follower: &Follower) {
        let Some(number) = follower.number else { return };
        let (known, alarm) = {
            let followers = &mut self.state.lock().followers;
            let known = followers.list.remove(&number);
            let alarm = if followers.list.is_empty() { followers.alarm.take() } else { None };
            (known, alarm.and_then(Alarm::cancel))
        };
        let_go(known.and_then(|it| it.waker));
        drop(alarm);
    }

    /// Polls the run, which is this wait's owner, with a waker that shows when it is woken.
    pub(crate) fn lead<R>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let waker = cx.waker().clone();
        let replaced = {
            let leader = &mut self.state.lock().leader;
            leader.polls += 1;
            leader.is_polled = true;
            leader.is_woken = false;
            leader.task = Task::of(&waker);
            leader.waker.replace(waker)
        };
        drop(replaced);
        let _polled = Polled::begin(self.owner);
        let _leading = Leading(self);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }

    /// The run is not polled any longer. Those who could still wake it may have this wait for as long as
    /// they like: its task is none of their business.
    pub(crate) fn retire(&self) {
        let waker = {
            let leader = &mut self.state.lock().leader;
            leader.is_over = true;
            leader.waker.take()
        };
        drop(waker);
    }

    /// Wakes the leader, which keeps its waker: the next wake finds it again.
    fn wake_leader(&self) {
        let lent = {
            let leader = &mut self.state.lock().leader;
            leader.is_woken = true;
            // If somebody wakes it at the moment, it will be polled after that.
            leader.waker.take().map(|waker| (leader.polls, waker))
        };
        if let Some((polls, waker)) = lent {
            Lent { wait: self, polls, waker: Some(waker) }.wake();
        }
    }
}

/// The waker of the leader, lent to be woken without the lock.
struct Lent<'a> {
    wait: &'a Wait,
    polls: u64,
    waker: Option<Waker>,
}

impl Lent<'_> {
    fn wake(self) {
        self.waker.iter().for_each(Waker::wake_by_ref);
    }
}

impl Drop for Lent<'_> {
    /// Gives it back, unless the leader has been polled with another meanwhile.
    fn drop(&mut self) {
        let leader = &mut self.wait.state.lock().leader;
        if leader.polls == self.polls && leader.waker.is_none() && !leader.is_over {
            std::mem::swap(&mut leader.waker, &mut self.waker);
        }
    }
}

/// A waker that panics when it is dropped is its executor's affair: a helper has to get to its work.
fn let_go(waker: Option<Waker>) {
    catch_panic(|| drop(waker));
}

/// The owner of a wait is polled.
struct Leading<'a>(&'a Wait);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.0.state.lock().leader.is_polled = false;
    }
}

/// Wakes the run that is waited for.
impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_leader();
    }
}

/// Comes by now and then, as long as there is somebody to be woken.
impl Watched for Wait {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant) {
        let (woken, is_probed) = {
            let mut state = self.state.lock();
            // It may have been cancelled too late, when the next was set already.
            if state.followers.alarm.take_if(|it| *it == alarm).is_none() {
                return;
            }
            // Those who were woken set the next one when they come.
            if state.followers.list.values().all(|it| it.waker.is_none()) {
                return;
            }
            let woken = state.ring(now);
            let helps = state.helps;
            state.followers.watch(&self, helps, now);
            woken
        };
        if is_probed {
            catch_panic(|| self.wake_leader());
        }
        wake(woken);
    }
}

#[cfg(all(test, not(memofn_models)))]
mod tests;
