//! A small executor under the control of a test: it polls what was woken, first come first served, and
//! nothing else. A wake-up that is lost shows as a task that is never polled again.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Tasks, by number.
pub(crate) struct Tasks<'t, R> {
    tasks: Vec<Task<'t, R>>,
    woken: Arc<Mutex<VecDeque<usize>>>,
}

struct Task<'t, R> {
    future: Option<Pin<Box<dyn Future<Output = R> + 't>>>,
    /// A new one for each poll, if wakers are to change.
    waker: Waker,
    polls: u32,
    result: Option<R>,
}

/// Puts a task into the queue, in which it is once at most.
struct Bell {
    number: usize,
    woken: Arc<Mutex<VecDeque<usize>>>,
    thread: Thread,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        if !woken.contains(&self.number) {
            woken.push_back(self.number);
            self.thread.unpark();
        }
    }
}

impl<'t, R> Tasks<'t, R> {
    pub(crate) fn new() -> Self {
        Self { tasks: Vec::new(), woken: Arc::default() }
    }

    fn waker(&self, number: usize) -> Waker {
        let woken = Arc::clone(&self.woken);
        Waker::from(Arc::new(Bell { number, woken, thread: thread::current() }))
    }

    /// A new task, which is woken. Returns its number.
    pub(crate) fn spawn(&mut self, future: impl Future<Output = R> + 't) -> usize {
        let number = self.tasks.len();
        let waker = self.waker(number);
        waker.wake_by_ref();
        let future: Option<Pin<Box<dyn Future<Output = R> + 't>>> = Some(Box::pin(future));
        self.tasks.push(Task { future, waker, polls: 0, result: None });
        number
    }

    /// Polls a task, woken or not, with a waker it has not seen before if so wished.
    pub(crate) fn poll(&mut self, number: usize, with_new_waker: bool) -> bool {
        if with_new_waker {
            self.tasks[number].waker = self.waker(number);
        }
        let task = &mut self.tasks[number];
        let Some(future) = &mut task.future else { return true };
        task.polls += 1;
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&task.waker)) {
            task.result = Some(result);
            task.future = None;
        }
        task.future.is_none()
    }

    /// The next that was woken, which is not any longer.
    pub(crate) fn next_woken(&self) -> Option<usize> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Polls whoever is woken, but for one that nobody polls. Waits for those who are woken from elsewhere.
    pub(crate) fn run_without_until(&mut self, stalled: usize, is_done: impl Fn(&Self) -> bool) {
        while !is_done(self) {
            match self.next_woken() {
                Some(number) if number == stalled => {}
                Some(number) => {
                    self.poll(number, false);
                }
                None => thread::park(),
            }
        }
    }

    /// Polls whoever is woken until nobody is. Returns how many polls that took.
    pub(crate) fn run(&mut self) -> u32 {
        let mut polls = 0;
        while let Some(number) = self.next_woken() {
            self.poll(number, false);
            polls += 1;
        }
        polls
    }

    /// How often a task was polled.
    pub(crate) fn polls(&self, number: usize) -> u32 {
        self.tasks[number].polls
    }

    /// Drops a task as it is.
    pub(crate) fn cancel(&mut self, number: usize) {
        self.tasks[number].future = None;
    }

    pub(crate) fn result(&self, number: usize) -> Option<&R> {
        self.tasks[number].result.as_ref()
    }

    /// The tasks that are neither done nor cancelled.
    pub(crate) fn unfinished(&self) -> Vec<usize> {
        let unfinished = self.tasks.iter().enumerate().filter(|(_, task)| task.future.is_some());
        unfinished.map(|it| it.0).collect()
    }
}

/// Comes back so many times before it is done.
pub(crate) async fn pauses(mut times: u32) {
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
