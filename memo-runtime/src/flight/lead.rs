//! The polls of an async run, which leads a flight.
//!
//! A [`Wait`] knows whether its leader was polled and woken. Most runs have no followers, and many are ready at their
//! first poll. These need no wait. A run gets one at the first of these moments:
//!
//! - Its body clones the waker of the first poll. A wake through that clone is evidence about the leader.
//! - Its first poll is pending. From now on the leader may stall.
//! - A caller joins the flight, which makes a wait if none is filed.
//!
//! There is one wait for each flight: the cache files it, under its lock. A leader in its first poll is not stalled. So the
//! evidence is the same as if the wait had been there from the beginning.

use crate::base::sync::Arc;
use crate::flight::first_poll::FirstPoll;
use crate::flight::wait::Wait;
use crate::scope::runners::Runner;
use std::sync::OnceLock;
use std::task::Context;

/// The run of an async body that others may wait for.
#[derive(Debug)]
pub(crate) struct Lead {
    owner: Runner,
    pub(super) wait: OnceLock<Arc<Wait>>,
}

/// Files a wait for a flight. Each function returns the wait that is filed: somebody may have filed one before.
pub(crate) struct Filing<'a> {
    /// For the thread that polls the run.
    pub(crate) here: &'a dyn Fn(Arc<Wait>) -> Arc<Wait>,
    /// For any thread. `None` if the cache belongs to one thread.
    pub(crate) anywhere: Option<&'a (dyn Fn(Arc<Wait>) -> Arc<Wait> + Sync)>,
}

/// Polls something once, and tells whether it is ready.
pub(crate) type PollOnce<'a> = dyn FnMut(&mut Context<'_>) -> bool + 'a;

impl Lead {
    pub(crate) fn new(owner: Runner) -> Self {
        Self { owner, wait: OnceLock::new() }
    }

    pub(crate) fn owner(&self) -> Runner {
        self.owner
    }

    /// Polls the run, and tells whether it is ready. The caller has [entered](crate::scope::runners::PolledRun) it.
    pub(crate) fn poll(
        &self,
        cx: &Context<'_>,
        filing: &Filing<'_>,
        poll: &mut PollOnce<'_>,
    ) -> bool {
        match self.wait.get() {
            Some(wait) => wait.lead(cx, poll),
            None => FirstPoll::new(self, filing, cx.waker()).poll(poll),
        }
    }

    /// Its wait, which is filed if it has none yet.
    pub(crate) fn filed(&self, filing: &Filing<'_>) -> &Arc<Wait> {
        self.wait.get_or_init(|| (filing.here)(Arc::new(Wait::new(self.owner))))
    }

    /// The run is polled no longer: see [`Wait::end_leading`].
    pub(crate) fn end(&self) {
        if let Some(wait) = self.wait.get() {
            wait.end_leading();
        }
    }
}
