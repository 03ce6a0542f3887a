//! One run of a body, by name and at its end.

use crate::base::sync::Arc;
use crate::entry::entry_ref::EntryRef;
use crate::flight::wait::{Landing, Wait};

/// Names one run of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId {
    /// The entry that the run computes.
    pub(crate) entry: EntryRef,
    /// No other run of the cache has this generation.
    pub(crate) generation: u64,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Flight {
    /// `None` if no caller waits, unless the body is async and was polled.
    pub(crate) wait: Option<Arc<Wait>>,
    /// The key was removed, or the cache cleared, since the run started. Its result must not be stored.
    pub(crate) invalidated: bool,
    /// The news for the waiters when the flight is dropped.
    pub(crate) landing: Landing,
}

impl Flight {
    pub(crate) fn is_awaited(&self) -> bool {
        self.wait.as_ref().is_some_and(|wait| wait.is_awaited())
    }
}

/// Every way to end a run drops its flight, so no waiter waits forever. Flights are dropped outside the lock.
impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(wait) = self.wait.take() {
            wait.land(std::mem::replace(&mut self.landing, Landing::Abandoned));
        }
    }
}
