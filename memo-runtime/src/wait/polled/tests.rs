use super::*;
use crate::party::Party;
use crate::wait::Landing;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn a_run_is_not_neglected_while_it_is_polled() {
    let wait = Arc::new(Wait::new(Party::run()));
    let mut woken = sync::now();
    let polled = wait.lead(&Context::from_waker(Waker::noop()), |cx| {
        cx.waker().wake_by_ref();
        woken = sync::now();
        while sync::now() == woken {}
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    // It could not have been polled before.
    assert!(!wait.state.lock().leader.is_neglected(woken + GRACE));
    assert!(wait.state.lock().leader.is_neglected(sync::now() + GRACE));
}

struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
#[cfg_attr(miri, ignore = "time flies there, and real alarms get in between")]
fn who_is_to_help_is_given_time_to_come_before_more_are_woken() {
    const HOUR: Duration = Duration::from_secs(3600);
    let wait = Arc::new(Wait::new(Party::run()));
    let woken = Arc::new(Counter(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut followers: Vec<_> = (0..4).map(|_| Follower::new(HOUR)).collect();
    for follower in &mut followers {
        assert!(wait.poll(follower, &Context::from_waker(&waker)).is_pending());
    }
    let late = sync::now() + 2 * HOUR;
    let mut next = late;
    for expected in [1, 3, 4] {
        let alarm = wait.state.lock().followers.alarm.unwrap();
        drop(alarm.cancel());
        Arc::clone(&wait).look(alarm, next);
        assert_eq!(woken.0.load(SeqCst), expected);
        let Some(alarm) = wait.state.lock().followers.alarm else { break };
        assert!(alarm.at() >= next + GRACE);
        next = alarm.at();
    }
    wait.land(Landing::Abandoned);
    for follower in &followers {
        wait.leave(follower);
    }
}

#[test]
#[cfg_attr(miri, ignore = "time flies there, and real alarms get in between")]
fn alarms_go_on_however_long_nobody_comes() {
    const HOUR: Duration = Duration::from_secs(3600);
    let wait = Arc::new(Wait::new(Party::run()));
    let mut follower = Follower::new(HOUR);
    let mut now = sync::now() + 2 * HOUR;
    for _ in 0..200 {
        // It is woken, and waits again though it should help.
        wait.state.lock().help = Some((now + HOUR, HOUR));
        assert!(wait.poll(&mut follower, &Context::from_waker(Waker::noop())).is_pending());
        wait.state.lock().help = Some((now, HOUR));
        let alarm = wait.state.lock().followers.alarm.expect("somebody waits");
        drop(alarm.cancel());
        Arc::clone(&wait).look(alarm, now);
        now += HOUR;
    }
    wait.land(Landing::Abandoned);
    wait.leave(&follower);
}

/// Panics when it is woken, or when the last of its clones is dropped, past the hook which would print it.
struct Panics {
    woken: AtomicUsize,
}

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
        resume_unwind(Box::new(()));
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

fn panics() -> Arc<Panics> {
    Arc::new(Panics { woken: AtomicUsize::new(0) })
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_loses_no_helper() {
    let wait = Arc::new(Wait::new(Party::run()));
    let mut follower = Follower::new(Duration::from_secs(3600));
    {
        let waker = ManuallyDrop::new(Waker::from(panics()));
        assert!(wait.poll(&mut follower, &Context::from_waker(&waker)).is_pending());
        #[expect(unsafe_code, reason = "the clone is to be the last")]
        // SAFETY: the clone that `wait` has keeps it alive.
        unsafe {
            Arc::decrement_strong_count(waker.data().cast::<Panics>());
        }
    }
    wait.state.lock().help = Some((sync::now(), Duration::ZERO));
    let polled = wait.poll(&mut follower, &Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Waited::Help(_))));
    wait.leave(&follower);
    assert_eq!(wait.state.lock().helpers, 1);
}

#[test]
fn wakers_that_panic_keep_nobody_from_being_woken() {
    let wait = Arc::new(Wait::new(Party::run()));
    let panics: Vec<_> = (0..3).map(|_| ManuallyDrop::new(panics())).collect();
    let mut followers = Vec::new();
    for panics in &panics {
        let waker = Waker::from(Arc::clone(panics));
        let mut follower = Follower::new(Duration::from_secs(3600));
        assert!(wait.poll(&mut follower, &Context::from_waker(&waker)).is_pending());
        followers.push(follower);
    }
    wait.land(Landing::Abandoned);
    assert!(panics.iter().all(|it| it.woken.load(SeqCst) == 1));
    for (follower, panics) in followers.iter().zip(panics) {
        wait.leave(follower);
        contained(|| drop(ManuallyDrop::into_inner(panics)));
    }
}

#[test]
fn who_helps_in_place_of_one_that_was_dropped_is_not_neglected_when_that_is_woken() {
    let wait = Arc::new(Wait::new(Party::run()));
    let mut kept = None;
    let polled = wait.lead(&Context::from_waker(Waker::noop()), |cx| {
        kept = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    wait.state.lock().helpers = 1;
    assert!(!wait.give_up(), "somebody helps");
    kept.inspect(Waker::wake_by_ref);
    assert!(!wait.state.lock().leader.is_neglected(sync::now() + GRACE));
}
