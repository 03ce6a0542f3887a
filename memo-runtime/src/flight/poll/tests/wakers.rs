//! Wakers of the leader and of followers, including wakers that panic.

use super::*;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;

#[test]
fn a_leader_keeps_its_waker_when_it_is_woken() {
    let (scene, task) = (Scene::new(), Woken::task());
    scene.lead(&task.1);
    for _ in 0..3 {
        scene.wait.wake_leader();
        assert_eq!(task.0.take(), 1);
    }
    scene.wait.end_leading();
    scene.wait.wake_leader();
    assert_eq!((task.0.take(), Arc::strong_count(&task.0)), (0, 2));
}

/// Panics when its last clone is dropped. The panic hook does not print it. The alarm thread may wake it.
struct PanicsWhenDropped;

impl Wake for PanicsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

/// Panics when it is woken. The panic hook does not print it.
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

fn panics() -> Arc<Panics> {
    Arc::new(Panics { woken: AtomicUsize::new(0) })
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_loses_no_helper() {
    let wait = Arc::new(Wait::new(Runner::new_run()));
    let mut follower = Follower::new(HOUR);
    {
        let waker = ManuallyDrop::new(Waker::from(Arc::new(PanicsWhenDropped)));
        assert!(wait.poll(&mut follower, &Context::from_waker(&waker)).is_pending());
        #[expect(unsafe_code, reason = "the waker gives up its own count")]
        // SAFETY: `waker` is never dropped, so its count is ours to give up. The clone in `wait` keeps it alive.
        unsafe {
            Arc::decrement_strong_count(waker.data().cast::<PanicsWhenDropped>());
        }
    }
    wait.state.lock().followers.pass(HOUR);
    let polled = wait.poll(&mut follower, &Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Waited::Help)));
    wait.leave(&follower);
    assert_eq!(wait.state.lock().helpers, 1);
}

#[test]
fn a_waker_that_panics_does_not_stop_the_other_wakes() {
    let wait = Arc::new(Wait::new(Runner::new_run()));
    let panics: Vec<_> = (0..3).map(|_| panics()).collect();
    let mut followers = Vec::new();
    for panics in &panics {
        let waker = Waker::from(Arc::clone(panics));
        let mut follower = Follower::new(HOUR);
        assert!(wait.poll(&mut follower, &Context::from_waker(&waker)).is_pending());
        followers.push(follower);
    }
    wait.land(Landing::Abandoned);
    assert!(panics.iter().all(|it| it.woken.load(SeqCst) == 1));
    for follower in &followers {
        wait.leave(follower);
    }
}
