//! Computations under way: how those who wait for one are told, and how long they wait.

use crate::base::sync::Arc;
use crate::entry::header::EntryRef;
use crate::flight::wait::{Landing, Wait};
use std::time::Duration;

/// Names one run of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId {
    /// Of its entry.
    pub(crate) place: EntryRef,
    /// Tells it from all others.
    pub(crate) generation: u64,
}

/// One run of a body that is over.
#[derive(Debug)]
pub(crate) struct Flight {
    /// There if somebody waits, or the body is async.
    pub(crate) wait: Option<Arc<Wait>>,
    /// Its key was removed, or the cache cleared, since it started: its result must not be stored.
    pub(crate) invalidated: bool,
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

/// How long the bodies of one cache run, and hence how long to wait for one before helping.
///
/// The graph of waits finds every cycle that runs through memoized calls alone. It cannot see one
/// that also runs through somebody else's lock or scheduler: a worker of a work-stealing pool that,
/// in the middle of one half of a body, steals a task which calls that body again, waits for
/// itself. Such a wait looks exactly like one for a slow body. So a wait has a limit, far above
/// what the bodies of this cache have taken recently; past it *one* waiter runs the body as well,
/// and the limit doubles for the rest. A waiter that holds up no run it knows of has a much higher limit.
///
/// "Recently" are two windows of measured runs, the present one and the one before: what one slow run
/// has taught, the next ones unteach.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// The limit, where the cache was given one.
    set: Option<Duration>,
    /// The longest runs of the present window, and of the one before.
    longest: [Option<Duration>; 2],
    /// How many runs the present window has.
    measured: u8,
    /// How many runs have to be measured yet, as others were not.
    guessed: u8,
}

impl Patience {
    const UNKNOWN: Duration = Duration::from_secs(10);
    const SHORTEST: Duration = Duration::from_secs(2);
    const SHORTEST_OUTSIDE: Duration = Duration::from_secs(60);
    const FACTOR: u32 = 20;
    const WINDOW: u8 = 32;
    /// So many measured runs tell as much as all of them.
    const ENOUGH: u8 = 16;

    /// With `set` for a limit if it is given; `Duration::MAX` is none.
    pub(crate) fn new(set: Option<Duration>) -> Self {
        Self { set, ..Self::default() }
    }

    /// The longest of the recent runs.
    fn longest(&self) -> Option<Duration> {
        self.longest[0].max(self.longest[1])
    }

    /// How long to wait, from inside of another run or not.
    pub(crate) fn patience(&self, is_inside: bool) -> Duration {
        let longest = self.longest();
        let shortest = match is_inside {
            false => Self::SHORTEST_OUTSIDE,
            true if longest.is_none() || self.guessed > 0 => Self::UNKNOWN,
            true => Self::SHORTEST,
        };
        let known = longest.unwrap_or_default().saturating_mul(Self::FACTOR);
        self.set.unwrap_or_else(|| known.max(shortest))
    }

    /// Whether the run of this generation is to be measured though nobody can wait for it yet, as one thread alone
    /// has ever used the cache: the clock takes as long as much of the rest of a miss.
    #[inline]
    pub(crate) fn measures(&self, generation: u64) -> bool {
        const OF_SO_MANY: u64 = 16;
        generation % OF_SO_MANY == 1
            || self.longest().is_none_or(|longest| longest > Self::SHORTEST / Self::FACTOR)
    }

    /// A body ran for `run`, if that was measured.
    #[inline]
    pub(crate) fn ran(&mut self, run: Option<Duration>) {
        match run {
            None => self.guessed = Self::ENOUGH,
            Some(run) => self.measured(run),
        }
    }

    fn measured(&mut self, run: Duration) {
        self.guessed = self.guessed.saturating_sub(1);
        if self.measured == Self::WINDOW {
            self.longest = [None, self.longest[0]];
            self.measured = 0;
        }
        self.measured += 1;
        self.longest[0] = self.longest[0].max(Some(run));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const S: Duration = Duration::from_secs(1);

    #[test]
    fn patience_grows_with_what_bodies_take() {
        let mut pace = Patience::default();
        assert_eq!((pace.patience(true), pace.patience(false)), (10 * S, 60 * S));
        pace.ran(Some(MS));
        assert_eq!((pace.patience(true), pace.patience(false)), (2 * S, 60 * S));
        pace.ran(Some(3500 * MS));
        assert_eq!((pace.patience(true), pace.patience(false)), (70 * S, 70 * S));
        pace.ran(Some(Duration::MAX));
        assert_eq!(pace.patience(true), Duration::MAX);
    }

    #[test]
    fn a_patience_that_is_set_holds_whatever_bodies_take() {
        let mut pace = Patience::new(Some(5 * S));
        for run in [MS, 3500 * MS] {
            pace.ran(Some(run));
            assert_eq!((pace.patience(true), pace.patience(false)), (5 * S, 5 * S));
        }
        assert_eq!(Patience::new(Some(Duration::MAX)).patience(true), Duration::MAX);
    }

    #[test]
    fn what_was_not_measured_may_have_been_long() {
        let mut pace = Patience::default();
        pace.ran(Some(MS));
        assert_eq!(pace.patience(true), Patience::SHORTEST);
        pace.ran(None);
        assert_eq!(pace.patience(true), Patience::UNKNOWN);
        for _ in 0..Patience::ENOUGH {
            assert_eq!(pace.patience(true), Patience::UNKNOWN);
            pace.ran(Some(MS));
        }
        assert_eq!(pace.patience(true), Patience::SHORTEST);
    }

    #[test]
    fn what_is_short_is_measured_now_and_then() {
        let mut pace = Patience::default();
        assert!((1..100).all(|generation| pace.measures(generation)), "nothing is known yet");
        pace.ran(Some(MS));
        assert_eq!((1..=160).filter(|generation| pace.measures(*generation)).count(), 10);
        pace.ran(Some(3000 * MS));
        assert!((1..100).all(|generation| pace.measures(generation)));
        pace.ran(Some(Duration::MAX));
        assert!(pace.measures(2));
    }

    #[test]
    fn one_slow_run_is_forgotten() {
        let mut pace = Patience::default();
        (0..50).for_each(|_| pace.ran(Some(5 * MS)));
        pace.ran(Some(3000 * MS));
        // It is known for a window at least, and for two at most.
        for _ in 0..Patience::WINDOW {
            assert_eq!(pace.patience(true), 60 * S);
            pace.ran(Some(5 * MS));
        }
        (0..Patience::WINDOW).for_each(|_| pace.ran(Some(5 * MS)));
        assert_eq!(pace.patience(true), 2 * S);
    }

    #[test]
    fn patience_never_falls_below_what_recent_runs_take() {
        let mut pace = Patience::default();
        (0..50).for_each(|_| pace.ran(Some(5 * MS)));
        // An outlier that was helped: the helper's run counts like any other.
        pace.ran(Some(3000 * MS));
        for _ in 0..500 {
            pace.ran(Some(300 * MS));
            assert!(pace.patience(true) >= 6 * S);
            assert!(pace.patience(false) >= 60 * S);
        }
    }
}
