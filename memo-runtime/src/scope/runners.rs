//! Who runs bodies, and so who can be waited for: threads, and the runs of async bodies.
//!
//! A thread runs one body inside another, each to its end. The run of an async body goes on
//! whenever it is polled, on one thread now and on another then; so it is a party of its own. While it is
//! polled, whatever the thread waits for holds it up as well.

use crate::base::small_list::SmallList;
use crate::base::sync::{self, AtomicU64, Ordering::Relaxed};
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

/// A thread, or the run of an async body. Two are never the same, for as long as the process lives.
///
/// Unlike `std::thread::current().id()` a thread's can be asked for inside thread-local destructors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Runner(u64);

sync::statics! {
    static NEXT: AtomicU64 = AtomicU64::new(1);
}

sync::thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
    /// How many bodies the thread runs, each from within the one before, that are not async.
    static BODIES: Cell<u32> = const { Cell::new(0) };
    /// The async runs that the thread is polling, each from within the one before. Without a destructor,
    /// so that it is there inside of others', and with nothing to destroy when none is polled.
    static POLLED: RefCell<ManuallyDrop<SmallList<Runner>>> =
        const { RefCell::new(ManuallyDrop::new(SmallList::new())) };
}

impl Runner {
    /// The calling thread.
    pub(crate) fn thread() -> Self {
        THREAD.with(|thread| {
            if thread.get() == 0 {
                thread.set(NEXT.fetch_add(1, Relaxed));
            }
            Self(thread.get())
        })
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The one of this number.
    pub(crate) fn numbered(number: u64) -> Self {
        Self(number)
    }

    /// A new run of an async body.
    pub(crate) fn run() -> Self {
        Self(NEXT.fetch_add(1, Relaxed))
    }

    /// Whether it is the calling thread, or a run that is polled there: then it would wait for itself.
    pub(crate) fn is_here(self) -> bool {
        self == Self::thread() || polled(|runs| runs.iter().any(|run| *run == self))
    }

    /// Whether a call made here holds up a run: a body on the stack of the thread, or one polled there.
    pub(crate) fn is_inside_a_run() -> bool {
        BODIES.with(Cell::get) > 0 || polled(|runs| !runs.is_empty())
    }

    /// Those that a call waits for who blocks the calling thread: the thread and what it polls.
    pub(crate) fn blocked_here() -> Vec<Self> {
        let mut parties: Vec<_> = polled(|runs| runs.iter().copied().collect());
        parties.push(Self::thread());
        parties
    }

    /// Those that wait for a call which waits without blocking the calling thread. The thread is one of
    /// them if the call is made from inside of a body that it runs, by `block_on` for instance.
    pub(crate) fn suspended_here() -> Vec<Self> {
        let mut parties: Vec<_> = polled(|runs| runs.iter().copied().collect());
        if BODIES.with(Cell::get) > 0 {
            parties.push(Self::thread());
        }
        parties
    }
}

fn polled<R>(look: impl FnOnce(&mut SmallList<Runner>) -> R) -> R {
    POLLED.with(|runs| look(&mut runs.borrow_mut()))
}

/// A body that the calling thread runs, as long as it does.
#[derive(Debug)]
pub(crate) struct Body(());

impl Body {
    #[inline]
    pub(crate) fn begin() -> Self {
        BODIES.with(|bodies| bodies.set(bodies.get().wrapping_add(1)));
        Self(())
    }

    /// One that was begun, and [not dropped](std::mem::forget).
    #[inline]
    pub(crate) fn begun() -> Self {
        Self(())
    }
}

impl Drop for Body {
    #[inline]
    fn drop(&mut self) {
        BODIES.with(|bodies| bodies.set(bodies.get().wrapping_sub(1)));
    }
}

/// A run that the calling thread is polling, as long as it does.
#[derive(Debug)]
pub(crate) struct Polled(());

impl Polled {
    pub(crate) fn begin(run: Runner) -> Self {
        polled(|runs| runs.push(run));
        Self(())
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        // What is polled within this poll no longer is.
        polled(SmallList::pop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thread_polls_is_held_up_by_it() {
        let (outer, inner) = (Runner::run(), Runner::run());
        assert!(!outer.is_here());
        let polling = Polled::begin(outer);
        {
            let _inner = Polled::begin(inner);
            assert!(Runner::is_inside_a_run());
            assert!(outer.is_here() && inner.is_here());
            assert_eq!(Runner::suspended_here(), [outer, inner]);
            assert_eq!(Runner::blocked_here(), [outer, inner, Runner::thread()]);
        }
        assert!(outer.is_here() && !inner.is_here());
        drop(polling);
        assert_eq!(Runner::suspended_here(), []);
    }

    #[test]
    fn a_call_suspended_inside_of_a_body_holds_up_the_thread_that_runs_it() {
        assert!(!Runner::is_inside_a_run());
        let body = Body::begin();
        assert!(Runner::is_inside_a_run());
        assert_eq!(Runner::suspended_here(), [Runner::thread()]);
        drop(body);
        assert_eq!(Runner::suspended_here(), []);
    }
}
