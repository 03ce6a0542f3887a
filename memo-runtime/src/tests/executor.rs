//! A small executor for tests: a queue of woken tasks, which any number of threads poll.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
pub(crate) struct Executor(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: VecDeque<Arc<Task>>,
    left: usize,
}

struct Task {
    future: Mutex<Option<Running>>,
    is_woken: AtomicBool,
    queue: Weak<Queue>,
}

impl Executor {
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.state.lock().unwrap().left += 1;
        let future = Mutex::new(Some(Box::pin(future) as Running));
        let queue = Arc::downgrade(&self.0);
        Arc::new(Task { future, is_woken: AtomicBool::new(false), queue }).wake();
    }

    /// Polls woken tasks until all tasks are done.
    pub(crate) fn run(&self) {
        while let Some(task) = self.0.next() {
            task.is_woken.store(false, SeqCst);
            let waker = Waker::from(Arc::clone(&task));
            let mut future = task.future.lock().unwrap();
            let Some(running) = &mut *future else { continue };
            if running.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *future = None;
                self.0.state.lock().unwrap().left -= 1;
                self.0.changed.notify_all();
            }
        }
    }

    pub(crate) fn run_on(&self, threads: usize) {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.run());
            }
        });
    }
}

impl Queue {
    fn next(&self) -> Option<Arc<Task>> {
        let mut state = self.state.lock().unwrap();
        while state.left > 0 {
            if let Some(task) = state.woken.pop_front() {
                return Some(task);
            }
            state = self.changed.wait(state).unwrap();
        }
        None
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let Some(queue) = self.queue.upgrade() else { return };
        if !self.is_woken.swap(true, SeqCst) {
            queue.state.lock().unwrap().woken.push_back(self);
            queue.changed.notify_one();
        }
    }
}

/// Polls a future once and leaves it where it is.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    poll_with(future, Waker::noop())
}

pub(crate) fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls a future until it is done, woken or not.
pub(crate) fn spin_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Some(output) = poll_once(future.as_mut()) {
            return output;
        }
        thread::yield_now();
    }
}

/// Is pending `times` times, and wakes its task each time.
pub(crate) async fn pauses(times: usize) {
    for _ in 0..times {
        let mut is_over = false;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
