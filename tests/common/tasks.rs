//! A small executor that a test controls. It polls only tasks that were woken, in the order of their wake-ups.
//! A lost wake-up shows as a task that is never polled again.

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
    /// Replaced before a poll if the test asks for a new waker.
    waker: Waker,
    polls: u32,
    result: Option<R>,
}

/// Puts a task into the queue, unless it is there already.
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

    /// Adds a task and wakes it. Returns its number.
    pub(crate) fn spawn(&mut self, future: impl Future<Output = R> + 't) -> usize {
        let number = self.tasks.len();
        let waker = self.waker(number);
        waker.wake_by_ref();
        let future: Option<Pin<Box<dyn Future<Output = R> + 't>>> = Some(Box::pin(future));
        self.tasks.push(Task { future, waker, polls: 0, result: None });
        number
    }

    /// Polls a task, even if it was not woken, on request with a new waker. Returns whether it is done.
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

    /// Takes the next task out of the queue.
    pub(crate) fn next_woken(&self) -> Option<usize> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Polls tasks that are woken, except for one, until `is_done`. Waits for wake-ups from other threads.
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

    /// Polls tasks until no task is woken. Returns the number of polls.
    pub(crate) fn run(&mut self) -> u32 {
        let mut polls = 0;
        while let Some(number) = self.next_woken() {
            self.poll(number, false);
            polls += 1;
        }
        polls
    }

    /// The number of polls of a task.
    pub(crate) fn polls(&self, number: usize) -> u32 {
        self.tasks[number].polls
    }

    /// Drops the future of a task.
    pub(crate) fn cancel(&mut self, number: usize) {
        self.tasks[number].future = None;
    }

    pub(crate) fn result(&self, number: usize) -> Option<&R> {
        self.tasks[number].result.as_ref()
    }

    /// The tasks that are not done and not cancelled.
    pub(crate) fn unfinished(&self) -> Vec<usize> {
        let unfinished = self.tasks.iter().enumerate().filter(|(_, task)| task.future.is_some());
        unfinished.map(|it| it.0).collect()
    }
}

/// Is pending for a number of polls before it is ready.
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
