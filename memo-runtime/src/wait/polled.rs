//! Those who wait without blocking a thread, and the async run that is waited for: who polls whom.

use super::{State, Wait, Waited, wake};
use crate::contained::contained;
use crate::party::Polled;
use crate::sync::{self, Arc, Instant};
use crate::watch::{Alarm, Watched};
use std::collections::BTreeMap;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// How long an async run that was woken may remain unpolled, at least.
pub(crate) const GRACE: Duration = Duration::from_millis(100);

/// How soon an executor that is not busy polls what was woken. (Under Miri time flies.)
const PROMPT: Duration = Duration::from_millis(if cfg!(miri) { 100 } else { 25 });

/// The run of an async body.
#[derive(Debug, Default)]
pub(super) struct Leader {
    /// Who polls it; taken by the first wake.
    pub(super) waker: Option<Waker>,
    is_polled: bool,
    /// Since when it has been woken and not polled.
    pub(super) woken: Option<Instant>,
    /// How often it was passed over since, when another was woken and polled at once.
    passed_over: u32,
    /// How long it was not polled, though woken.
    neglected: Duration,
}

impl Leader {
    /// How often it is passed over before it counts as stalled.
    const TIMES: u32 = 3;

    fn is_neglected(&self, now: Instant) -> bool {
        let neglected = |woken| now.saturating_duration_since(woken) >= GRACE;
        !self.is_polled && self.woken.is_some_and(neglected)
    }
}

/// Those who wait without blocking a thread, by number.
#[derive(Debug, Default)]
pub(super) struct Followers {
    pub(super) wakers: BTreeMap<u64, Waker>,
    numbers: u64,
    pub(super) alarm: Option<Alarm>,
    /// Until the alarm after the next.
    pause: Duration,
    /// How many of them the next alarm wakes if one is needed, for the first may not be polled either.
    woken: usize,
    /// When some were woken to see whether they are polled.
    rung: Option<Instant>,
}

impl Followers {
    const LONGEST_PAUSE: Duration = Duration::from_millis(320);
}

/// One who waits without blocking a thread.
#[derive(Debug)]
pub(crate) struct Follower {
    start: Instant,
    patience: Duration,
    number: Option<u64>,
}

impl Follower {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { start: sync::now(), patience, number: None }
    }
}

impl State {
    /// Whether the leader has been passed over often enough, now that one who waits is polled.
    fn is_stalled(&mut self, now: Instant) -> bool {
        let Some(rung) = self.followers.rung.take() else { return false };
        if now.saturating_duration_since(rung) <= PROMPT && self.leader.is_neglected(now) {
            self.leader.passed_over += 1;
        }
        self.leader.passed_over >= Leader::TIMES
    }

    fn needs_help(&self, now: Instant) -> bool {
        self.help.is_some_and(|(at, _)| at <= now) || self.leader.is_neglected(now)
    }

    /// Sees to it that somebody is woken when help is needed.
    fn watch(&mut self, wait: &Arc<Wait>, now: Instant) {
        let pause = self.followers.pause.max(GRACE);
        self.followers.pause = (2 * pause).min(Followers::LONGEST_PAUSE);
        // Those who were to help have been woken: they are given time to come.
        let help = self.help.map(|it| it.0).filter(|help| *help > now);
        let at = help.map_or(now + pause, |help| help.min(now + pause));
        self.followers.alarm = Some(Alarm::set(at, Arc::clone(wait) as Arc<dyn Watched>));
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
        // Wakers are the executor's, and so neither cloned nor dropped under the lock.
        let mut waker = Some(cx.waker().clone());
        let now = sync::now();
        let mut state = self.state.lock();
        if let Some(waited) = state.end(now, follower.start, follower.patience) {
            drop(state);
            let_go(waker);
            return Poll::Ready(waited);
        }
        if state.is_stalled(now) {
            return Poll::Ready(Waited::Stalled);
        }
        let number = *follower.number.get_or_insert_with(|| {
            state.followers.numbers += 1;
            state.followers.numbers
        });
        match state.followers.wakers.get_mut(&number) {
            Some(known) if known.will_wake(cx.waker()) => {}
            Some(known) => std::mem::swap(known, waker.as_mut().expect("it was just cloned")),
            None => {
                state.followers.wakers.extend(waker.take().map(|waker| (number, waker)));
            }
        }
        if state.followers.alarm.is_none() {
            state.watch(self, now);
        }
        Poll::Pending
    }

    /// A follower waits no longer.
    pub(crate) fn leave(&self, follower: &Follower) {
        let Some(number) = follower.number else { return };
        let (waker, alarm) = {
            let followers = &mut self.state.lock().followers;
            let waker = followers.wakers.remove(&number);
            let alarm = if followers.wakers.is_empty() { followers.alarm.take() } else { None };
            (waker, alarm.and_then(Alarm::cancel))
        };
        let_go(waker);
        drop(alarm);
    }

    /// Polls the run, which is this wait's owner, with a waker that shows when it is neglected.
    pub(crate) fn lead<R>(
        self: &Arc<Self>,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let waker = cx.waker().clone();
        let now = sync::now();
        let replaced = {
            let leader = &mut self.state.lock().leader;
            leader.passed_over = 0;
            leader.is_polled = true;
            let woken = leader.woken.take();
            leader.neglected +=
                woken.map_or(Duration::ZERO, |woken| now.saturating_duration_since(woken));
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
        let waker = self.state.lock().leader.waker.take();
        drop(waker);
    }

    /// How long the run was not polled, though woken.
    pub(crate) fn neglected(&self) -> Duration {
        self.state.lock().leader.neglected
    }
}

/// A waker that panics when it is dropped is its executor's affair: who is to help has to come to it.
fn let_go(waker: Option<Waker>) {
    contained(|| drop(waker));
}

/// The owner of a wait is polled.
struct Leading<'a>(&'a Wait);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        let now = sync::now();
        let leader = &mut self.0.state.lock().leader;
        leader.is_polled = false;
        // Woken meanwhile, it could not have been polled before.
        leader.woken = leader.woken.map(|woken| woken.max(now));
    }
}

/// Wakes the run that is waited for.
impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let now = sync::now();
        let waker = {
            let state = &mut *self.state.lock();
            // Of one that was dropped, something may have kept the waker: whoever helps is not neglected.
            if !state.is_given_up {
                state.leader.woken.get_or_insert(now);
            }
            // Woken once, it will be polled, and then be there again.
            state.leader.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Comes by now and then, as long as there is somebody to be woken.
impl Watched for Wait {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant) {
        let woken = {
            let mut state = self.state.lock();
            // It may have been cancelled too late, when the next was set already.
            if state.followers.alarm.take_if(|it| *it == alarm).is_none() {
                return;
            }
            if state.landing.is_some() || state.followers.wakers.is_empty() {
                return;
            }
            let mut woken = Vec::new();
            if state.needs_help(now) {
                state.followers.pause = GRACE;
                let most = state.followers.woken.max(1);
                state.followers.woken = most.saturating_mul(2);
                state.followers.rung = Some(now);
                woken.extend((0..most).map_while(|_| state.followers.wakers.pop_first()));
            } else {
                state.followers.woken = 1;
            }
            state.watch(&self, now);
            woken
        };
        wake(woken.into_iter().map(|it| it.1));
    }
}

#[cfg(all(test, not(memofn_models)))]
mod tests;
