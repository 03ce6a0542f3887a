use super::*;
use crate::flight::flight::Patience;
use crate::flight::wait::Landing;
use crate::scope::runners::Runner;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const HOUR: Duration = Duration::from_secs(3600);

/// A task: counts how often it is woken.
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

/// A leader and its followers, with alarms that ring when the test says so, at times that it says.
struct Scene {
    wait: Arc<Wait>,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        // Far from now, so that the real alarms do not ring.
        Self { wait: Arc::new(Wait::new(Runner::run())), now: sync::now() + 100 * HOUR }
    }

    fn lead(&self, waker: &Waker) {
        let polled = self.wait.lead(&Context::from_waker(waker), |_| Poll::<()>::Pending);
        assert!(polled.is_pending());
    }

    /// Polls a follower. Returns how its wait has ended.
    fn poll(&self, follower: &mut Follower, waker: &Waker) -> Option<Waited> {
        let mut spare = Some(waker.clone());
        let mut state = self.wait.state.lock();
        let turn = state.polled(&self.wait, follower, &mut spare, self.now);
        drop(state);
        match turn {
            Ok(Turn::Again) => waker.wake_by_ref(),
            Ok(_) => {}
            Err(end) => return Some(end),
        }
        None
    }

    /// Lets time pass until the alarm rings, if it is set.
    fn ring(&mut self) {
        let alarm = self.wait.state.lock().followers.alarm;
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
        self.wait.state.lock().followers.clock
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.wait.land(Landing::Abandoned);
    }
}

#[test]
fn a_leader_that_the_task_of_its_follower_holds_on_to_is_stalled_after_three_rounds() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&task.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    for _ in 1..STRIKES {
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
    scene.ring();
    assert!(matches!(scene.run(&mut follower, &task), Some(Waited::Stalled)));
}

#[test]
fn a_leader_that_is_polled_by_its_task_is_never_stalled() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&task.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    let mut polls = 0;
    for _ in 0..100 {
        scene.ring();
        while task.0.take() > 0 {
            // The branches of a `join!` that rotates.
            polls += 1;
            if polls % 2 == 0 {
                scene.lead(&task.1);
            }
            assert!(scene.poll(&mut follower, &task.1).is_none());
            if polls % 2 == 1 {
                scene.lead(&task.1);
            }
        }
    }
    assert!(polls > 50);
}

#[test]
fn a_loop_inside_one_poll_of_a_task_is_no_evidence() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&task.1);
    for _ in 0..100 {
        for _ in 0..7 {
            assert!(scene.poll(&mut follower, &task.1).is_none());
        }
        scene.ring();
    }
}

#[test]
fn a_waker_that_belongs_to_no_task_is_no_evidence() {
    let (mut scene, waker) = (Scene::new(), Waker::noop());
    let mut follower = Follower::new(HOUR);
    scene.lead(waker);
    for _ in 0..100 {
        assert!(scene.poll(&mut follower, waker).is_none());
        scene.ring();
    }
}

#[test]
fn a_leader_of_another_task_is_woken_now_and_then_and_nobody_else_is() {
    let mut scene = Scene::new();
    let (leader, task) = (Woken::task(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    for _ in 0..100 {
        scene.ring();
        assert_eq!((leader.0.take(), task.0.take()), (1, 0));
    }
    // Polled since the last alarm, it is left alone by the next.
    scene.lead(&leader.1);
    scene.ring();
    assert_eq!((leader.0.take(), task.0.take()), (0, 0));
    scene.ring();
    assert_eq!(leader.0.take(), 1);
}

#[test]
fn a_follower_that_is_polled_because_the_leader_was_woken_proves_it_after_eight_rounds() {
    for (is_woken_before, strays) in [(true, 0), (false, 0), (false, 1)] {
        let mut scene = Scene::new();
        let (leader, task) = (Woken::task(), Woken::task());
        let mut follower = Follower::new(HOUR);
        scene.lead(&leader.1);
        if is_woken_before {
            scene.wait.wake_leader();
        }
        assert!(scene.poll(&mut follower, &task.1).is_none());
        for _ in 0..strays {
            assert!(scene.poll(&mut follower, &task.1).is_none());
        }
        scene.wait.wake_leader();
        // The set that holds the leader wakes its task, once.
        assert!(scene.poll(&mut follower, &task.1).is_none());
        let (mut rounds, since) = (0, scene.waited());
        loop {
            scene.ring();
            rounds += 1;
            match scene.run(&mut follower, &task) {
                None => {}
                Some(Waited::Stalled) => break,
                Some(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(rounds, CONFIRMATIONS);
        assert!(scene.waited() >= since + SUSPENSE);
    }
}

#[test]
fn a_poll_of_the_leader_clears_a_suspicion() {
    let mut scene = Scene::new();
    let (leader, task) = (Woken::task(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    scene.wait.wake_leader();
    assert!(scene.poll(&mut follower, &task.1).is_none());
    for _ in 1..CONFIRMATIONS {
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
    scene.lead(&leader.1);
    scene.wait.wake_leader();
    for _ in 0..100 {
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
}

#[test]
fn a_follower_that_is_polled_for_other_reasons_suspects_nobody() {
    let mut scene = Scene::new();
    let (leader, task) = (Woken::task(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    for _ in 0..100 {
        // First when the leader was not woken yet, then at any time.
        assert!(scene.poll(&mut follower, &task.1).is_none());
        assert!(scene.poll(&mut follower, &task.1).is_none());
        assert!(scene.poll(&mut follower, &task.1).is_none());
        scene.wait.wake_leader();
        assert!(scene.poll(&mut follower, &task.1).is_none());
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
}

#[test]
fn a_leader_is_not_stalled_while_it_is_polled_nor_when_it_is_over() {
    for is_over in [true, false] {
        let (mut scene, task) = (Scene::new(), Woken::task());
        let mut follower = Follower::new(HOUR);
        scene.lead(&task.1);
        {
            let leader = &mut scene.wait.state.lock().leader;
            (leader.is_over, leader.is_polled) = (is_over, !is_over);
        }
        for _ in 0..100 {
            assert!(scene.poll(&mut follower, &task.1).is_none());
            scene.ring();
            assert!(scene.run(&mut follower, &task).is_none());
        }
    }
}

#[test]
fn a_wake_of_the_leader_leaves_its_waker_for_the_next() {
    let (scene, task) = (Scene::new(), Woken::task());
    scene.lead(&task.1);
    for _ in 0..3 {
        scene.wait.wake_leader();
        assert_eq!(task.0.take(), 1);
    }
    scene.wait.retire();
    scene.wait.wake_leader();
    assert_eq!((task.0.take(), Arc::strong_count(&task.0)), (0, 2));
}

#[test]
fn patience_is_counted_in_steps_and_a_clock_that_jumps_uses_up_one() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let mut follower = Follower::new(Duration::from_secs(10));
    assert!(scene.poll(&mut follower, &task.1).is_none());
    for _ in 0..20 {
        scene.now += 100 * HOUR;
        assert!(scene.poll(&mut follower, &task.1).is_none());
    }
    assert!(scene.waited() <= 20 * LONGEST_PAUSE);
    while scene.waited() < Duration::from_secs(10) {
        assert!(scene.run(&mut follower, &task).is_none());
        scene.ring();
    }
    assert!(matches!(scene.run(&mut follower, &task), Some(Waited::Help)));
}

#[test]
fn a_first_body_of_half_a_minute_runs_once_for_a_waiter_outside_of_runs() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let patience = Patience::default().patience(false);
    let mut follower = Follower::new(patience);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    while scene.waited() < Duration::from_secs(30) {
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
    let mut state = WaitState::default();
    assert!(state.end(Duration::from_secs(30), patience).is_none(), "nor does one that blocks");
}

/// As many rounds as Miri has the time for.
const LONG: Duration = if cfg!(miri) { Duration::from_secs(20) } else { HOUR };

#[test]
fn a_helper_is_given_time_to_come_before_more_are_woken() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let mut followers: Vec<_> = (0..7).map(|_| Follower::new(LONG)).collect();
    for follower in &mut followers {
        assert!(scene.poll(follower, &task.1).is_none());
    }
    while task.0.0.load(SeqCst) == 0 {
        scene.ring();
    }
    for expected in [1, 2, 4] {
        assert_eq!(task.0.take(), expected);
        let now = scene.now;
        scene.ring();
        assert!(scene.now >= now + FIRST_PAUSE);
    }
    assert!(matches!(scene.poll(&mut followers[6], &task.1), Some(Waited::Help)));
    assert!(scene.poll(&mut followers[0], &task.1).is_none(), "the limit has doubled");
}

#[test]
fn alarms_go_on_however_long_nobody_comes() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let (mut patient, mut other) = (Follower::new(Duration::MAX), Follower::new(LONG));
    assert!(scene.poll(&mut patient, &task.1).is_none());
    assert!(scene.poll(&mut other, &task.1).is_none());
    for _ in 0..if cfg!(miri) { 200 } else { 100_000 } {
        scene.ring();
    }
    assert_eq!(task.0.take(), 1, "the one whose patience has ended");
    assert!(scene.wait.state.lock().followers.alarm.is_some());
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
    let wait = Arc::new(Wait::new(Runner::run()));
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
    wait.state.lock().followers.clock += Duration::from_secs(3600);
    let polled = wait.poll(&mut follower, &Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Waited::Help)));
    wait.leave(&follower);
    assert_eq!(wait.state.lock().helpers, 1);
}

#[test]
fn wakers_that_panic_keep_nobody_from_being_woken() {
    let wait = Arc::new(Wait::new(Runner::run()));
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
        catch_panic(|| drop(ManuallyDrop::into_inner(panics)));
    }
}

#[test]
fn a_leader_that_was_dropped_is_not_woken_while_somebody_helps() {
    let (mut scene, leader) = (Scene::new(), Woken::task());
    let task = Woken::task();
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    scene.wait.state.lock().helpers = 1;
    assert!(!scene.wait.give_up(), "somebody helps");
    for _ in 0..10 {
        scene.ring();
        assert_eq!((leader.0.take(), task.0.take()), (0, 0));
    }
}
