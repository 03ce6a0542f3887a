//! The first poll of a leader, which makes the wait.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock};
use std::thread;

/// A run, and where its wait is filed.
struct Run {
    lead: Lead,
    filed: OnceLock<Arc<Wait>>,
    is_shared: bool,
}

impl Run {
    fn of(is_shared: bool) -> Self {
        Self { lead: Lead::new(Runner::new_run()), filed: OnceLock::new(), is_shared }
    }

    /// Polls the run once. Its body tells whether it is ready.
    fn poll(&self, task: &Waker, mut body: impl FnMut(&Waker) -> bool) -> bool {
        let file = |wait| Arc::clone(self.filed.get_or_init(|| wait));
        let anywhere = self.is_shared.then_some(&file as &(dyn Fn(_) -> _ + Sync));
        let filing = Filing { here: &file, anywhere };
        self.lead.poll(&Context::from_waker(task), &filing, &mut |cx| body(cx.waker()))
    }
}

#[test]
fn a_run_that_is_ready_at_its_first_poll_has_no_wait() {
    let (run, task) = (Run::of(true), Woken::task());
    let body = |waker: &Waker| {
        waker.wake_by_ref();
        true
    };
    assert!(run.poll(&task.1, body));
    assert_eq!((task.0.take(), Arc::strong_count(&task.0)), (1, 2));
    assert!(run.filed.get().is_none());
    run.lead.end();
}

#[test]
fn a_run_that_is_pending_has_a_wait_that_knows_its_task() {
    for is_shared in [true, false] {
        let (run, task) = (Run::of(is_shared), Woken::task());
        assert!(!run.poll(&task.1, |_| false));
        let wait = run.filed.get().expect("it is filed");
        assert_eq!(wait.state.lock().leader.polls(), 1);
        assert!(wait.state.lock().leader.may_be_stalled());
        wait.wake_leader();
        assert_eq!(task.0.take(), 1);
        // The next poll is one through the wait.
        assert!(run.poll(&task.1, |_| true));
        assert_eq!(wait.state.lock().leader.polls(), 2);
    }
}

#[test]
fn a_clone_of_the_first_waker_wakes_the_task_during_the_poll_and_after_it() {
    for is_shared in [true, false] {
        let (run, task) = (Run::of(is_shared), Woken::task());
        let kept = Mutex::new(None);
        let body = |waker: &Waker| {
            let clone = waker.clone();
            assert!(clone.will_wake(&waker.clone()));
            clone.wake_by_ref();
            waker.wake_by_ref();
            *kept.lock().unwrap() = Some(clone);
            false
        };
        assert!(!run.poll(&task.1, body));
        assert_eq!(task.0.take(), 2);
        let clone = kept.into_inner().unwrap().expect("it was kept");
        clone.wake_by_ref();
        assert_eq!(task.0.take(), 1);
        let is_same = |waker: &Waker| {
            assert!(waker.will_wake(&clone));
            true
        };
        assert!(run.poll(&task.1, is_same));
        run.lead.end();
        clone.wake();
        assert_eq!((task.0.take(), Arc::strong_count(&task.0)), (0, 2));
    }
}

#[test]
fn another_thread_may_clone_the_first_waker() {
    for is_shared in [true, false] {
        let (run, task) = (Run::of(is_shared), Woken::task());
        let body = |waker: &Waker| {
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| Waker::wake(waker.clone()));
                }
            });
            false
        };
        assert!(!run.poll(&task.1, body));
        assert!((1..=2).contains(&task.0.take()), "the second wake may find the first under way");
    }
}

#[test]
fn a_wait_that_a_caller_has_filed_during_the_first_poll_knows_the_task_after_it() {
    for is_cloned in [true, false] {
        let (run, task) = (Run::of(true), Woken::task());
        let body = |waker: &Waker| {
            let joined = Arc::new(Wait::new(run.lead.owner()));
            let wait = run.filed.get_or_init(|| joined);
            let clone = is_cloned.then(|| waker.clone());
            assert!(!wait.state.lock().leader.may_be_stalled());
            clone.inspect(Waker::wake_by_ref);
            false
        };
        assert!(!run.poll(&task.1, body));
        assert_eq!(task.0.take(), usize::from(is_cloned));
        let wait = run.filed.get().expect("it was filed");
        assert!(wait.state.lock().leader.may_be_stalled());
        wait.wake_leader();
        assert_eq!(task.0.take(), 1);
    }
}

#[test]
fn a_wake_during_the_first_poll_is_evidence() {
    for is_cloned in [true, false] {
        let mut scene = Scene::new();
        let (leader, task) = (Woken::task(), Woken::task());
        let mut follower = Follower::new(HOUR);
        scene.lead_with(&leader.1, |waker| {
            if is_cloned { Waker::wake(waker.clone()) } else { waker.wake_by_ref() }
        });
        assert_eq!(leader.0.take(), 1);
        assert!(scene.poll(&mut follower, &task.1).is_none());
        // The set that holds the leader wakes its task.
        assert!(scene.poll(&mut follower, &task.1).is_none());
        let mut rounds = 0;
        let end = loop {
            scene.ring();
            rounds += 1;
            if let Some(end) = scene.run(&mut follower, &task) {
                break end;
            }
            assert!(rounds < 100, "there is no proof");
        };
        assert!(matches!(end, Waited::Stalled));
    }
}

#[test]
fn a_body_that_panics_in_its_first_poll_leaves_no_leader_that_may_be_stalled() {
    let (run, task) = (Run::of(true), Woken::task());
    let kept = Mutex::new(None);
    let body = |waker: &Waker| {
        *kept.lock().unwrap() = Some(waker.clone());
        // Without the panic hook, which would print it.
        resume_unwind(Box::new(()));
    };
    assert!(catch_unwind(AssertUnwindSafe(|| run.poll(&task.1, body))).is_err());
    run.lead.end();
    assert!(!run.filed.get().expect("it is filed").state.lock().leader.may_be_stalled());
    kept.into_inner().unwrap().expect("it was kept").wake();
    assert_eq!((task.0.take(), Arc::strong_count(&task.0)), (0, 2));
}
