//! Tests of waits that are polled. Time and alarms are the test's.

mod alarm;
mod first_poll;
mod stalled_leader;
mod wakers;

use super::*;
use crate::flight::lead::{Filing, Lead};
use crate::flight::wait::Landing;
use crate::scope::runners::Runner;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const HOUR: Duration = Duration::from_secs(3600);

/// A task that counts its wakes.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Woken {
    fn task() -> (Arc<Self>, Waker) {
        let woken = Arc::new(Self::default());
        (Arc::clone(&woken), Waker::from(woken))
    }

    fn take(&self) -> usize {
        self.0.swap(0, SeqCst)
    }
}

/// A leader and its followers. The test decides when the alarm rings, and at which time.
struct Scene {
    wait: Arc<Wait>,
    lead: Lead,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        // Far in the future, so that the real alarm does not ring.
        let (owner, now) = (Runner::new_run(), sync::now() + 100 * HOUR);
        Self { wait: Arc::new(Wait::new(owner)), lead: Lead::new(owner), now }
    }

    /// Polls the leader.
    fn lead(&self, waker: &Waker) {
        self.lead_with(waker, |_| ());
    }

    /// Polls the leader, whose body has this waker and is pending.
    fn lead_with(&self, waker: &Waker, body: impl Fn(&Waker)) {
        let file = |_| Arc::clone(&self.wait);
        let filing = Filing { here: &file, anywhere: Some(&file) };
        let pending = &mut |cx: &mut Context<'_>| {
            body(cx.waker());
            false
        };
        assert!(!self.lead.poll(&Context::from_waker(waker), &filing, pending));
    }

    /// Polls a follower. Returns how its wait has ended.
    fn poll(&self, follower: &mut Follower, waker: &Waker) -> Option<Waited> {
        let mut spare = Some(waker.clone());
        let mut state = self.wait.state.lock();
        let turn = state.poll(&self.wait, follower, &mut spare, self.now);
        drop(state);
        match turn {
            Ok(PollTurn::Again) => waker.wake_by_ref(),
            Ok(_) => {}
            Err(end) => return Some(end),
        }
        None
    }

    /// Lets time pass until the alarm rings, if it is set.
    fn ring(&mut self) {
        let alarm = self.wait.state.lock().followers.alarm();
        if let Some(alarm) = alarm {
            drop(alarm.cancel());
            self.now = alarm.at();
            Arc::clone(&self.wait).look(alarm, self.now);
        }
    }

    /// Polls a follower as often as its task is woken.
    fn run(&self, follower: &mut Follower, task: &(Arc<Woken>, Waker)) -> Option<Waited> {
        while task.0.take() > 0 {
            let end = self.poll(follower, &task.1);
            if end.is_some() {
                return end;
            }
        }
        None
    }

    fn waited(&self) -> Duration {
        self.wait.state.lock().followers.clock()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.wait.land(Landing::Abandoned);
    }
}
