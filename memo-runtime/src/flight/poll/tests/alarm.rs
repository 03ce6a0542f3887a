//! Patience, and the alarm that watches over followers.

use super::*;
use crate::flight::patience::{FIRST_PAUSE, LONGEST_PAUSE, Patience};

#[test]
fn a_jump_of_the_clock_uses_up_one_step_of_patience() {
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
fn a_first_run_of_half_a_minute_has_no_helper_outside_of_runs() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let patience = Patience::default().limit(false);
    let mut follower = Follower::new(patience);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    while scene.waited() < Duration::from_secs(30) {
        scene.ring();
        assert!(scene.run(&mut follower, &task).is_none());
    }
    let mut state = WaitState::default();
    assert!(
        state.end(Duration::from_secs(30), patience).is_none(),
        "a blocked thread does not help either"
    );
}

/// As many rounds as Miri has time for.
const LONG: Duration = if cfg!(miri) { Duration::from_secs(20) } else { HOUR };

#[test]
fn a_helper_has_time_to_come_before_more_are_woken() {
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
fn alarms_go_on_while_no_follower_is_polled() {
    let (mut scene, task) = (Scene::new(), Woken::task());
    let (mut patient, mut other) = (Follower::new(Duration::MAX), Follower::new(LONG));
    assert!(scene.poll(&mut patient, &task.1).is_none());
    assert!(scene.poll(&mut other, &task.1).is_none());
    for _ in 0..if cfg!(miri) { 200 } else { 100_000 } {
        scene.ring();
    }
    assert_eq!(task.0.take(), 1, "only the follower without patience is woken");
    assert!(scene.wait.state.lock().followers.has_alarm());
}

#[test]
fn a_dropped_leader_is_not_woken_while_a_helper_runs() {
    let (mut scene, leader) = (Scene::new(), Woken::task());
    let task = Woken::task();
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    scene.wait.state.lock().helpers = 1;
    assert!(!scene.wait.give_up(), "a helper runs");
    for _ in 0..10 {
        scene.ring();
        assert_eq!((leader.0.take(), task.0.take()), (0, 0));
    }
}
