//! When a leader is proved stalled, and when it is not.

use super::*;
use crate::flight::patience::{CONFIRMATIONS, STRIKES, SUSPENSE};

#[test]
fn three_rounds_prove_a_leader_stalled_in_the_task_of_its_follower() {
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
            // As a `join!` does that rotates its branches.
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
fn a_waker_without_a_task_is_no_evidence() {
    let (mut scene, waker) = (Scene::new(), Waker::noop());
    let mut follower = Follower::new(HOUR);
    scene.lead(waker);
    for _ in 0..100 {
        assert!(scene.poll(&mut follower, waker).is_none());
        scene.ring();
    }
}

#[test]
fn a_leader_of_another_task_is_probed_and_its_followers_are_not_woken() {
    let mut scene = Scene::new();
    let (leader, task) = (Woken::task(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    assert!(scene.poll(&mut follower, &task.1).is_none());
    for _ in 0..100 {
        scene.ring();
        assert_eq!((leader.0.take(), task.0.take()), (1, 0));
    }
    // The next alarm does not probe a leader that was polled since the last one.
    scene.lead(&leader.1);
    scene.ring();
    assert_eq!((leader.0.take(), task.0.take()), (0, 0));
    scene.ring();
    assert_eq!(leader.0.take(), 1);
}

#[test]
fn eight_rounds_prove_that_the_wake_of_a_stalled_leader_reaches_its_follower() {
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
        // The set that holds the leader wakes its task once.
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
fn a_follower_with_other_wakes_has_no_suspicion() {
    let mut scene = Scene::new();
    let (leader, task) = (Woken::task(), Woken::task());
    let mut follower = Follower::new(HOUR);
    scene.lead(&leader.1);
    for _ in 0..100 {
        // First while the leader is not woken, then at any time.
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
fn a_leader_is_not_stalled_during_its_poll_or_after_its_end() {
    for is_over in [true, false] {
        let (mut scene, task) = (Scene::new(), Woken::task());
        let mut follower = Follower::new(HOUR);
        scene.lead(&task.1);
        if is_over {
            scene.wait.end_leading();
        } else {
            let _replaced = scene.wait.state.lock().leader.begin_poll(task.1.clone());
        }
        for _ in 0..100 {
            assert!(scene.poll(&mut follower, &task.1).is_none());
            scene.ring();
            assert!(scene.run(&mut follower, &task).is_none());
        }
    }
}
