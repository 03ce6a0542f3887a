use super::*;
use crate::party::Party;
use crate::wait::Landing;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn a_run_is_not_neglected_while_it_is_polled() {
    let wait = Arc::new(Wait::new(Party::run()));
    let mut now = sync::now();
    let polled = wait.lead(&Context::from_waker(Waker::noop()), |cx| {
        cx.waker().wake_by_ref();
        thread::sleep(GRACE);
        now = sync::now();
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    assert!(!wait.state.lock().leader.is_neglected(now));
    thread::sleep(GRACE);
    assert!(wait.state.lock().leader.is_neglected(sync::now()));
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
