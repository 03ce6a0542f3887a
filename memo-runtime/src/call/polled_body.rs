//! The body of a run that is polled: what its guard does for those who wait for it.

use crate::base::stopwatch::{Started, Timing};
use crate::base::sync::Arc;
use crate::call::run_guard::RunGuard;
use crate::engine::engine::Engine;
use crate::flight::flight::FlightId;
use crate::flight::lead::{Filing, Lead, PollOnce};
use crate::flight::wait::Wait;
use crate::scope::runners::{BlockingBody, PolledRun, Runner};
use crate::scope::scope::{Scope, Shared};
use std::any::Any;
use std::task::Context;

/// How a body runs.
pub(crate) enum BodyKind {
    /// To its end, on the calling thread.
    Blocking(Option<BlockingBody>),
    /// Poll by poll. Others may wait for it if it leads.
    Polled(Option<Lead>),
}

impl BodyKind {
    /// A body that this runner polls. Others may wait for it if it `is_awaited`.
    pub(super) fn polled(runner: Runner, is_awaited: bool) -> Self {
        Self::Polled(is_awaited.then(|| Lead::new(runner)))
    }

    fn lead(&self) -> Option<&Lead> {
        match self {
            Self::Polled(lead) => lead.as_ref(),
            Self::Blocking(_) => None,
        }
    }

    /// Its runner, if it is async and others may wait for it.
    pub(super) fn runner(&self) -> Option<Runner> {
        self.lead().map(Lead::owner)
    }
}

/// An async run that others may wait for.
impl<S: Scope> RunGuard<'_, S> {
    /// Its runner.
    pub(super) fn runner(&self) -> Option<Runner> {
        self.body.runner()
    }

    /// Notes that user code is a part of the run, until the returned value is dropped: a `Clone` may call the function.
    #[inline]
    pub(super) fn here(&self) -> Option<PolledRun> {
        self.runner().map(PolledRun::enter)
    }

    /// Polls a part of the run, and tells whether that is ready. Waiters see that the run is polled. The caller is
    /// [here](Self::here).
    pub(super) fn poll(&self, cx: &mut Context<'_>, poll: &mut PollOnce<'_>) -> bool {
        match self.body.lead() {
            Some(lead) => self.with_filing(|filing| lead.poll(cx, filing, poll)),
            None => poll(cx),
        }
    }

    /// A poll has ended, and the run has not. From now on others of this thread may wait for it, so it is timed.
    pub(super) fn stays_pending(&mut self) {
        if self.started == Started::NEVER {
            self.started = Started::now(Timing::Coarse);
        }
    }

    /// Where others wait for it.
    pub(super) fn wait(&self) -> Option<Arc<Wait>> {
        self.body.lead().map(|lead| self.with_filing(|filing| Arc::clone(lead.filed(filing))))
    }

    /// It is polled no longer.
    pub(super) fn end_leading(&self) {
        self.body.lead().inspect(|lead| lead.end());
    }

    fn with_filing<R>(&self, act: impl FnOnce(&Filing<'_>) -> R) -> R {
        let (engine, id) = (self.engine, self.flight);
        let here = |wait| file(engine, id, wait);
        let shared = (engine as &dyn Any).downcast_ref::<Engine<Shared>>();
        let anywhere = shared.map(|engine| move |wait| file(engine, id, wait));
        let anywhere = anywhere.as_ref().map(|file| file as &(dyn Fn(_) -> _ + Sync));
        act(&Filing { here: &here, anywhere })
    }
}

/// Files a wait for a flight, and returns the one that is filed.
fn file<S: Scope>(engine: &Engine<S>, id: Option<FlightId>, wait: Arc<Wait>) -> Arc<Wait> {
    match id {
        Some(id) => engine.core.file_wait(id, &wait),
        None => wait,
    }
}
