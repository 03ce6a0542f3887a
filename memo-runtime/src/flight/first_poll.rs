//! The first poll of an async run, whose waker makes the [`Wait`] of the run when it is cloned.
//!
//! The waker points at the stack of the poll. The body has it by reference, so it cannot outlive the poll. All that can
//! outlive it are its clones, and each clone is a waker of the wait.

use crate::base::sync::Arc;
use crate::flight::lead::{Filing, Lead, PollOnce};
use crate::flight::stall::Leader;
use crate::flight::wait::Wait;
use std::mem::{self, ManuallyDrop};
use std::ptr;
// The models need not explore it: it orders nothing.
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

/// A run that is polled and has no wait yet.
pub(super) struct FirstPoll<'a> {
    lead: &'a Lead,
    filing: &'a Filing<'a>,
    /// Wakes the task of the run.
    task: &'a Waker,
    /// The run was woken while it had no wait.
    is_woken: AtomicBool,
}

impl<'a> FirstPoll<'a> {
    pub(super) fn new(lead: &'a Lead, filing: &'a Filing<'a>, task: &'a Waker) -> Self {
        Self { lead, filing, task, is_woken: AtomicBool::new(false) }
    }

    /// Polls the run. If it is pending, it has a wait after this.
    pub(super) fn poll(&self, poll: &mut PollOnce<'_>) -> bool {
        let ending = Ending(self);
        let is_ready = poll(&mut Context::from_waker(&self.waker()));
        if !is_ready {
            if self.lead.wait.get().is_none() {
                mem::forget(ending);
                self.file_at_end();
            } else if self.filing.anywhere.is_none() {
                (self.filing.here)(Arc::clone(self.wait()));
            }
        }
        is_ready
    }

    /// The poll has ended, and nobody has asked for a wait.
    fn file_at_end(&self) {
        let is_woken = self.is_woken.load(Relaxed);
        let leader = Leader::polled_once(self.task.clone(), is_woken);
        let made = Arc::new(Wait::led(self.lead.owner(), leader));
        let filed = (self.filing.here)(Arc::clone(&made));
        if !Arc::ptr_eq(&made, &filed) {
            filed.begin_leading(self.task.clone());
            filed.end_first_poll(is_woken);
        }
        let _ = self.lead.wait.set(filed);
    }

    /// The waker of this poll. The caller drops it before `self`.
    fn waker(&self) -> Waker {
        #[expect(unsafe_code, reason = "a waker is made by hand")]
        // SAFETY: the functions of `VTABLE` are those of a waker, for a pointer at a `FirstPoll`. They may be called on any
        // thread: see there. The caller keeps `self` alive for as long as the waker.
        unsafe {
            Waker::new(ptr::from_ref(self).cast(), &VTABLE)
        }
    }

    /// The wait of the run. It sees this poll, also if another thread has filed it.
    ///
    /// Any thread may call it: a body may lend the waker to other threads while it is polled.
    fn wait(&self) -> &Arc<Wait> {
        if self.lead.wait.get().is_none() {
            // The executor's code.
            let task = self.task.clone();
            let made = Arc::new(Wait::new(self.lead.owner()));
            let wait = match self.filing.anywhere {
                Some(file) => file(made),
                None => made,
            };
            wait.begin_leading(task);
            // If another thread was faster, it has set the same wait, or one that nobody has seen.
            let _ = self.lead.wait.set(wait);
        }
        self.lead.wait.get().expect("it was set")
    }

    fn wake(&self) {
        self.is_woken.store(true, Relaxed);
        match self.lead.wait.get() {
            Some(wait) => wait.wake_leader(),
            None => self.task.wake_by_ref(),
        }
    }
}

/// Ends the poll, also if the body panics.
struct Ending<'a>(&'a FirstPoll<'a>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let FirstPoll { lead, is_woken, .. } = self.0;
        if let Some(wait) = lead.wait.get() {
            wait.end_first_poll(is_woken.load(Relaxed));
        }
    }
}

/// Nobody owns the waker but the poll itself, so nothing is done when it is dropped.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, |_| ());

/// A waker of the wait.
#[expect(unsafe_code, reason = "a waker is made by hand")]
unsafe fn clone(poll: *const ()) -> RawWaker {
    // SAFETY: a waker of this table points at a `FirstPoll`, which is alive while the waker is. It may be shared between
    // threads as far as `wait` uses it: a lead and a waker are `Sync`, and so is a `filing` for any thread.
    let poll = unsafe { &*poll.cast::<FirstPoll<'_>>() };
    let waker = ManuallyDrop::new(Waker::from(Arc::clone(poll.wait())));
    RawWaker::new(waker.data(), waker.vtable())
}

#[expect(unsafe_code, reason = "a waker is made by hand")]
unsafe fn wake(poll: *const ()) {
    // SAFETY: as above. A lead, a waker and an atomic are `Sync`.
    let poll = unsafe { &*poll.cast::<FirstPoll<'_>>() };
    poll.wake();
}
