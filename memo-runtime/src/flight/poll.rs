//! Waits that are polled, and the polls of an async leader.
//!
//! This file joins the parts: it takes the lock of a [`Wait`], lets its leader and followers judge a poll, and
//! wakes the tasks that they name. It must not know how they judge. Wakers are the executor's code, so they are
//! cloned, woken and dropped without the lock.

use crate::base::alarm::{Alarm, Watched};
use crate::base::catch_panic::catch_panic;
use crate::base::sync::{self, Arc, Instant};
use crate::flight::lead::PollOnce;
use crate::flight::stall::PollTurn;
use crate::flight::wait::{Wait, WaitState, Waited, wake};
use crate::scope::runners::{PolledRun, Runner};
use std::mem;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// A caller that waits without blocking a thread.
#[derive(Debug)]
pub(super) struct Follower {
    patience: Duration,
    number: Option<u64>,
}

impl Follower {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, number: None }
    }
}

impl WaitState {
    /// A follower is polled. If it goes on waiting, its waker is exchanged for its former one.
    fn poll(
        &mut self,
        wait: &Arc<Wait>,
        follower: &mut Follower,
        waker: &mut Option<Waker>,
        now: Instant,
    ) -> Result<PollTurn, Waited> {
        if self.landing.is_none() {
            self.followers.advance_clock(now);
        }
        self.followers.restart_if_idle(&self.leader);
        let waited = self.followers.waited(follower.number);
        if let Some(end) = self.end(waited, follower.patience) {
            return Err(end);
        }
        let followers = &mut self.followers;
        let number = *follower.number.get_or_insert_with(|| followers.admit(follower.patience));
        let turn = followers.poll(number, &self.leader, waker);
        if turn == PollTurn::Leave {
            return Err(Waited::Stalled);
        }
        if !followers.has_alarm() {
            followers.set_alarm(Arc::clone(wait) as Arc<dyn Watched>, self.helps, now);
        }
        Ok(turn)
    }
}

/// Followers.
impl Wait {
    /// Polls the wait of a follower. While it is pending, the follower is woken at its end, and whenever it has to
    /// be polled before that.
    pub(super) fn poll(
        self: &Arc<Self>,
        follower: &mut Follower,
        cx: &Context<'_>,
    ) -> Poll<Waited> {
        let mut waker = Some(cx.waker().clone());
        let now = sync::now();
        let turn = self.state.lock().poll(self, follower, &mut waker, now);
        drop_quietly(waker);
        match turn {
            Ok(PollTurn::Again) => catch_panic(|| cx.waker().wake_by_ref()),
            Ok(_) => {}
            Err(end) => return Poll::Ready(end),
        }
        Poll::Pending
    }

    /// A follower waits no longer.
    pub(super) fn leave(&self, follower: &Follower) {
        let Some(number) = follower.number else { return };
        let (waker, alarm) = self.state.lock().followers.remove(number);
        drop_quietly(waker);
        drop(alarm);
    }
}

/// The leader.
impl Wait {
    /// Polls the run that owns this wait, with a waker that notes each wake. The caller has
    /// [entered](PolledRun) the run. If it is ready, another poll or the [end](Self::end_leading) follows.
    pub(super) fn lead(self: &Arc<Self>, cx: &Context<'_>, poll: &mut PollOnce<'_>) -> bool {
        self.begin_leading(cx.waker().clone());
        let leading = Leading(self);
        let is_ready = poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))));
        if is_ready {
            mem::forget(leading);
        }
        is_ready
    }

    /// A poll of the run begins, in a task with this waker.
    pub(super) fn begin_leading(&self, task: Waker) {
        let replaced = self.state.lock().leader.begin_poll(task);
        drop(replaced);
    }

    /// The first poll of the run ends. The run `is_woken` if it was woken before it had this wait.
    pub(super) fn end_first_poll(&self, is_woken: bool) {
        let leader = &mut self.state.lock().leader;
        if is_woken {
            leader.note_wake();
        }
        leader.end_poll();
    }

    /// The run is polled no longer. Wakers of the body may keep this wait alive for any time. They no longer
    /// keep, or wake, the task of the run.
    pub(crate) fn end_leading(&self) {
        let waker = self.state.lock().leader.end();
        drop(waker);
    }

    /// Wakes the leader. It keeps its waker, so the next wake finds it again.
    pub(super) fn wake_leader(&self) {
        let lent = {
            let leader = &mut self.state.lock().leader;
            leader.note_wake();
            leader.lend()
        };
        if let Some((polls, waker)) = lent {
            Lent { wait: self, polls, waker: Some(waker) }.wake();
        }
    }
}

/// The waits of one async run that leads several flights.
#[derive(Debug)]
pub(crate) struct Leaders {
    owner: Runner,
    /// The owner is the same for all of them.
    waits: Vec<Arc<Wait>>,
}

impl Leaders {
    pub(crate) fn new(owner: Runner, waits: Vec<Arc<Wait>>) -> Self {
        Self { owner, waits }
    }

    /// [`Wait::lead`], for all of them.
    pub(crate) fn lead<R>(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        if self.waits.is_empty() {
            return poll(cx);
        }
        let _leading: Vec<_> = self.waits.iter().map(|wait| Leading(wait)).collect();
        self.waits.iter().for_each(|wait| wait.begin_leading(cx.waker().clone()));
        let _polled = PolledRun::enter(self.owner);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }

    /// [`Wait::end_leading`], for all of them.
    pub(crate) fn end(&self) {
        self.waits.iter().for_each(|wait| wait.end_leading());
    }
}

/// As a waker, this wakes the run. Each wait notes that.
impl Wake for Leaders {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some((first, others)) = self.waits.split_first() else { return };
        for wait in others {
            wait.state.lock().leader.note_wake();
        }
        first.wake_leader();
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

/// Gives the waker back, even if it panics. A waker that is not taken back is dropped without the lock.
impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.wait.state.lock().leader.take_back(self.polls, &mut self.waker);
    }
}

/// A poll of the leader. It ends even if the body panics.
struct Leading<'a>(&'a Wait);

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        self.0.state.lock().leader.end_poll();
    }
}

/// A waker that panics when it is dropped must not keep a helper from its work.
fn drop_quietly(waker: Option<Waker>) {
    catch_panic(|| drop(waker));
}

/// As a waker, a wait wakes the run that owns it.
impl Wake for Wait {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_leader();
    }
}

/// The alarm rings now and then while there is a follower to wake.
impl Watched for Wait {
    fn look(self: Arc<Self>, alarm: Alarm, now: Instant) {
        let (woken, is_probed) = {
            let mut state = self.state.lock();
            let WaitState { leader, followers, helps, is_given_up, .. } = &mut *state;
            if !followers.unset_alarm(alarm) || followers.are_all_woken() {
                return;
            }
            let woken = followers.ring(leader, !*is_given_up, *helps, now);
            followers.set_alarm(Arc::clone(&self) as Arc<dyn Watched>, *helps, now);
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
