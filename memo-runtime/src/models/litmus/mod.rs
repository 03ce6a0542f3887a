//! Litmus tests of the protocols that rest on the [asymmetric fences](crate::base::asymmetric_fence), under weak memory.
//!
//! ```text
//! RUSTFLAGS="--cfg memofn_loom" CARGO_TARGET_DIR=target/loom cargo test -p memo-runtime --release --lib litmus
//! ```
//!
//! `loom` explores every order of steps and every value that a load may see. A light fence has no effect here. A
//! heavy fence is a full fence of its caller, and a full fence of the other thread at some moment during the call.
//! That moment may come between any two steps of the other thread. So each test runs once for each of these
//! [points](Other::point), and the two threads meet there.
//!
//! The tests are replicas of the protocols: each step names the function it stands for. A variant without one of the
//! fences has to fail.

mod joining;
mod retiring;

use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::fence;
use loom::sync::{Condvar, Mutex};
use std::cell::Cell;

/// The meeting point of the caller of heavy fences and the other thread.
struct Meeting {
    state: Mutex<Met>,
    changed: Condvar,
}

/// The heavy fences that were called for, and those that the other thread has passed.
#[derive(Debug, Default)]
struct Met {
    called: usize,
    had: usize,
    /// No more fences will come.
    over: bool,
}

impl Meeting {
    fn new() -> Self {
        Self { state: Mutex::new(Met::default()), changed: Condvar::new() }
    }

    /// `asymmetric_fence::heavy`.
    fn heavy(&self) {
        fence(SeqCst);
        let mut met = self.state.lock().unwrap();
        met.called += 1;
        self.changed.notify_all();
        while met.had < met.called {
            met = self.changed.wait(met).unwrap();
        }
        drop(met);
        fence(SeqCst);
    }

    /// No more heavy fences will come.
    fn over(&self) {
        self.state.lock().unwrap().over = true;
        self.changed.notify_all();
    }
}

/// The thread with the light fences, in which the heavy ones strike.
struct Other<'m> {
    meeting: &'m Meeting,
    /// The points at which they strike.
    strikes: &'m [usize],
    at: Cell<usize>,
    had: Cell<usize>,
}

impl<'m> Other<'m> {
    fn new(meeting: &'m Meeting, strikes: &'m [usize]) -> Self {
        Self { meeting, strikes, at: Cell::new(0), had: Cell::new(0) }
    }

    /// A point between two steps. A light fence is a point too: it only keeps the compiler from reordering the steps.
    fn point(&self) {
        while self.strikes.get(self.had.get()) == Some(&self.at.get()) {
            self.strike();
        }
        self.at.set(self.at.get() + 1);
    }

    /// The remaining heavy fences strike now. The thread has ended, or is about to wait for a lock that their caller holds.
    fn no_later(&self) {
        while self.had.get() < self.strikes.len() {
            self.strike();
        }
    }

    fn strike(&self) {
        self.had.set(self.had.get() + 1);
        fence(SeqCst);
        let mut met = self.meeting.state.lock().unwrap();
        while met.called < self.had.get() && !met.over {
            met = self.meeting.changed.wait(met).unwrap();
        }
        met.had += 1;
        self.meeting.changed.notify_all();
        drop(met);
        fence(SeqCst);
    }
}

/// Runs a model with one heavy fence, once for each point.
fn for_each_point(points: usize, model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static) {
    for point in 0..=points {
        let strikes: &[usize] = Box::leak(Box::new([point]));
        loom::model(move || model(strikes));
    }
}

/// Runs a model without heavy fences.
fn for_no_point(model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static) {
    loom::model(move || model(&[]));
}

/// Runs a model with two heavy fences, once for each pair of points.
fn for_each_two_points(
    points: usize,
    model: impl Fn(&'static [usize]) + Copy + Send + Sync + 'static,
) {
    for first in 0..=points {
        for second in first..=points {
            let strikes: &[usize] = Box::leak(Box::new([first, second]));
            loom::model(move || model(strikes));
        }
    }
}
