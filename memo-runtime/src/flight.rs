//! Computations under way: how those who wait for one are told, and how long they wait.

use crate::head::Place;
use crate::sync::Arc;
use crate::wait::{Landing, Wait};
use std::time::Duration;

/// Names one run of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId {
    /// Of its entry.
    pub(crate) place: Place,
    /// Tells it from all others.
    pub(crate) birth: u64,
}

/// One run of a body that is over.
#[derive(Debug)]
pub(crate) struct Flight {
    /// There if somebody waits, or the body is async.
    pub(crate) wait: Option<Arc<Wait>>,
    /// Its key was removed, or the cache cleared, since it started: its result must not be stored.
    pub(crate) outdated: bool,
    /// What those waiting are told when the flight is dropped.
    pub(crate) landing: Landing,
}

impl Flight {
    pub(crate) fn is_awaited(&self) -> bool {
        self.wait.as_ref().is_some_and(|wait| wait.is_awaited())
    }
}

/// However a run ends, nobody waits for it any longer. Flights are dropped outside the lock.
impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(wait) = self.wait.take() {
            wait.land(std::mem::replace(&mut self.landing, Landing::Abandoned));
        }
    }
}

/// How long the bodies of one cache run, and hence how long to wait for one before helping out.
///
/// The graph of waits finds every cycle that runs through memoized calls alone. It cannot see one
/// that also runs through somebody else's lock or scheduler: a worker of a work-stealing pool that,
/// in the middle of one half of a body, steals a task which calls that body again, waits for
/// itself. Such a wait looks exactly like one for a slow body. So a wait has a limit, far above
/// what the bodies of this cache have taken so far; past it *one* of those waiting runs the body
/// as well, and the limit doubles for the rest. A cache in which that once proved right, because
/// the helper was done in no time, is helped sooner from then on.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    longest: Option<Duration>,
    stalled: bool,
    /// How many runs have to be measured yet, as others were not.
    guessed: u8,
}

impl Pace {
    const UNKNOWN: Duration = Duration::from_secs(10);
    const SHORTEST: Duration = Duration::from_secs(2);
    const SHORTEST_ONCE_STALLED: Duration = Duration::from_millis(20);
    const FACTOR: u32 = 20;
    /// So many measured runs tell as much as all of them.
    const ENOUGH: u8 = 16;

    pub(crate) fn patience(&self) -> Duration {
        match self.longest {
            None => Self::UNKNOWN,
            Some(longest) => {
                let shortest = match self.stalled {
                    true => Self::SHORTEST_ONCE_STALLED,
                    false if self.guessed > 0 => Self::UNKNOWN,
                    false => Self::SHORTEST,
                };
                longest.saturating_mul(Self::FACTOR).max(shortest)
            }
        }
    }

    /// Whether the run of this birth is to be measured though nobody can wait for it yet, as one thread alone
    /// has ever used the cache: the clock takes as long as much of the rest of a miss.
    #[inline]
    pub(crate) fn measures(&self, birth: u64) -> bool {
        const OF_SO_MANY: u64 = 16;
        birth % OF_SO_MANY == 1
            || self.longest.is_none_or(|longest| longest > Self::SHORTEST / Self::FACTOR)
    }

    /// A body ran for `run`, if that was measured, perhaps to help one that others had waited for so long.
    #[inline]
    pub(crate) fn ran(&mut self, run: Option<Duration>, helped: Option<Duration>) {
        match (run, helped) {
            (None, _) => self.guessed = Self::ENOUGH,
            (Some(run), None) => self.completed(run),
            (Some(run), Some(waited)) => self.helped(run, waited),
        }
    }

    /// A body ran for `run`, and nobody had to help.
    fn completed(&mut self, run: Duration) {
        self.guessed = self.guessed.saturating_sub(1);
        // Once stalled, a long run may be a run that waited for a stalled one.
        if !self.stalled {
            self.longest = self.longest.max(Some(run));
        }
    }

    /// A helper needed `run` for what its owner had not finished in `waited`.
    fn helped(&mut self, run: Duration, waited: Duration) {
        if run < waited / 8 {
            let longest = if self.stalled { self.longest } else { None };
            self.longest = longest.max(Some(run));
            self.stalled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn patience_grows_with_what_bodies_take() {
        let mut pace = Pace::default();
        assert_eq!(pace.patience(), Pace::UNKNOWN);
        pace.completed(MS);
        assert_eq!(pace.patience(), Pace::SHORTEST);
        pace.completed(3000 * MS);
        assert_eq!(pace.patience(), 60_000 * MS);
        pace.completed(Duration::MAX);
        assert_eq!(pace.patience(), Duration::MAX);
    }

    #[test]
    fn what_was_not_measured_may_have_been_long() {
        let mut pace = Pace::default();
        pace.ran(Some(MS), None);
        assert_eq!(pace.patience(), Pace::SHORTEST);
        pace.ran(None, None);
        assert_eq!(pace.patience(), Pace::UNKNOWN);
        for _ in 0..Pace::ENOUGH {
            assert_eq!(pace.patience(), Pace::UNKNOWN);
            pace.ran(Some(MS), None);
        }
        assert_eq!(pace.patience(), Pace::SHORTEST);
    }

    #[test]
    fn what_is_short_is_measured_now_and_then() {
        let mut pace = Pace::default();
        assert!((1..100).all(|birth| pace.measures(birth)), "nothing is known yet");
        pace.completed(MS);
        assert_eq!((1..=160).filter(|birth| pace.measures(*birth)).count(), 10);
        pace.completed(3000 * MS);
        assert!((1..100).all(|birth| pace.measures(birth)));
        pace.completed(Duration::MAX);
        assert!(pace.measures(2));
    }

    #[test]
    fn a_proven_stall_makes_the_cache_help_sooner() {
        let mut pace = Pace::default();
        pace.completed(2000 * MS);
        pace.helped(1000 * MS, 2000 * MS);
        assert_eq!(pace.patience(), 40_000 * MS, "a helper as slow as the owner proves nothing");
        pace.helped(2 * MS, 2000 * MS);
        assert_eq!(pace.patience(), 40 * MS);
        pace.completed(5000 * MS);
        assert_eq!(pace.patience(), 40 * MS);
    }
}
