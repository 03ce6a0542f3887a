//! The runners of bodies: threads, and the runs of async bodies. A wait is always a wait for a runner.
//!
//! A thread runs one body inside another, each to its end. An async run is polled now on one thread and now on
//! another, so it is a runner of its own. While a thread polls it, each wait of the thread holds it up too.

use crate::base::small_list::SmallList;
use crate::base::sync::{self, AtomicU64, Ordering::Relaxed};
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

/// A thread, or the run of an async body. No two runners of the process are equal.
///
/// Unlike `std::thread::current().id()`, the runner of a thread can be asked for in thread-local destructors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Runner(u64);

/// The numbers of runs begin here. Those of threads are lower.
const FIRST_RUN: u64 = 1 << 32;

/// A thread takes so many numbers of runs at once, so that threads do not contend for the next one.
const AT_ONCE: u64 = 1024;

sync::statics! {
    static NEXT_THREAD: AtomicU64 = AtomicU64::new(1);
    static NEXT_RUNS: AtomicU64 = AtomicU64::new(FIRST_RUN);
}

sync::thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
    /// The number of the next run. A multiple of [`AT_ONCE`]: the thread has to take more of them.
    static RUNS: Cell<u64> = const { Cell::new(0) };
    /// How many blocking bodies the thread runs, each inside the one before.
    static BODIES: Cell<u32> = const { Cell::new(0) };
    /// The async runs that the thread polls, each inside the one before. It has no destructor, so other
    /// thread-local destructors can use it. It owns no memory when no run is polled.
    static POLLED: RefCell<ManuallyDrop<SmallList<Runner>>> =
        const { RefCell::new(ManuallyDrop::new(SmallList::new())) };
}

impl Runner {
    /// The calling thread.
    pub(crate) fn current_thread() -> Self {
        THREAD.with(|thread| {
            if thread.get() == 0 {
                thread.set(NEXT_THREAD.fetch_add(1, Relaxed));
            }
            Self(thread.get())
        })
    }

    pub(crate) fn id(self) -> u64 {
        self.0
    }

    /// The runner with this [id](Self::id).
    pub(crate) fn from_id(id: u64) -> Self {
        Self(id)
    }

    /// A new run of an async body.
    pub(crate) fn new_run() -> Self {
        RUNS.with(|runs| {
            let mut number = runs.get();
            if number % AT_ONCE == 0 {
                number = NEXT_RUNS.fetch_add(AT_ONCE, Relaxed);
            }
            runs.set(number + 1);
            Self(number)
        })
    }

    /// Whether this is the calling thread or a run that the thread polls. A wait for it would never end.
    pub(crate) fn is_on_this_thread(self) -> bool {
        self == Self::current_thread() || polled(|runs| runs.iter().any(|run| *run == self))
    }

    /// Whether a call made here holds up a run: a body on the stack of the thread, or a run that it polls.
    pub(crate) fn is_inside_run() -> bool {
        BODIES.with(Cell::get) > 0 || polled(|runs| !runs.is_empty())
    }

    /// The runners that a call holds up if it blocks the calling thread: the thread and the runs that it polls.
    pub(crate) fn blocked_here() -> Vec<Self> {
        let mut runners: Vec<_> = polled(|runs| runs.iter().copied().collect());
        runners.push(Self::current_thread());
        runners
    }

    /// The runners that a call holds up if it waits without blocking the calling thread. The thread is one of
    /// them if a body on its stack makes the call, for example through `block_on`.
    pub(crate) fn suspended_here() -> Vec<Self> {
        let mut runners: Vec<_> = polled(|runs| runs.iter().copied().collect());
        if BODIES.with(Cell::get) > 0 {
            runners.push(Self::current_thread());
        }
        runners
    }
}

/// Gives access to the runs that the thread polls.
fn polled<R>(look: impl FnOnce(&mut SmallList<Runner>) -> R) -> R {
    POLLED.with(|runs| look(&mut runs.borrow_mut()))
}

/// Notes that the calling thread runs a blocking body, until this is dropped.
#[derive(Debug)]
pub(crate) struct BlockingBody(());

impl BlockingBody {
    #[inline]
    pub(crate) fn enter() -> Self {
        BODIES.with(|bodies| bodies.set(bodies.get().wrapping_add(1)));
        Self(())
    }

    /// Stands for a guard that was entered and then [forgotten](std::mem::forget).
    #[inline]
    pub(crate) fn entered() -> Self {
        Self(())
    }
}

impl Drop for BlockingBody {
    #[inline]
    fn drop(&mut self) {
        BODIES.with(|bodies| bodies.set(bodies.get().wrapping_sub(1)));
    }
}

/// Notes that the calling thread polls an async run, until this is dropped.
#[derive(Debug)]
pub(crate) struct PolledRun(());

impl PolledRun {
    pub(crate) fn enter(run: Runner) -> Self {
        polled(|runs| runs.push(run));
        Self(())
    }
}

impl Drop for PolledRun {
    fn drop(&mut self) {
        // The polls inside this one have ended, so the last run is this one.
        polled(SmallList::pop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_holds_up_the_runs_that_it_polls() {
        let (outer, inner) = (Runner::new_run(), Runner::new_run());
        assert!(!outer.is_on_this_thread());
        let polling = PolledRun::enter(outer);
        {
            let _inner = PolledRun::enter(inner);
            assert!(Runner::is_inside_run());
            assert!(outer.is_on_this_thread() && inner.is_on_this_thread());
            assert_eq!(Runner::suspended_here(), [outer, inner]);
            assert_eq!(Runner::blocked_here(), [outer, inner, Runner::current_thread()]);
        }
        assert!(outer.is_on_this_thread() && !inner.is_on_this_thread());
        drop(polling);
        assert_eq!(Runner::suspended_here(), []);
    }

    #[test]
    fn a_call_suspended_inside_a_body_holds_up_its_thread() {
        assert!(!Runner::is_inside_run());
        let body = BlockingBody::enter();
        assert!(Runner::is_inside_run());
        assert_eq!(Runner::suspended_here(), [Runner::current_thread()]);
        drop(body);
        assert_eq!(Runner::suspended_here(), []);
    }
}
