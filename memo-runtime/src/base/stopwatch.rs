//! How long a run takes: when it began, and by which clock that is known.

use crate::base::clock::{Clock, Time};
use std::time::Duration;

/// The clock that times a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// The run is not timed.
    Unread,
    /// For waiters: a few milliseconds more or less do not matter to them.
    Coarse,
    /// For the mean of all runs: the run is a sample. A test clock moves this time.
    Exact,
}

/// When a run began, in one word. An entry keeps it where its stamp will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Started(u64);

impl Started {
    const UNKNOWN: u64 = u64::MAX;
    /// The highest bit tells the clocks apart. A clock sets it after 292 years.
    const EXACT: u64 = 1 << 63;

    pub(crate) const NEVER: Self = Self(Self::UNKNOWN);

    /// A run begins now.
    #[inline]
    pub(crate) fn now(timing: Timing) -> Self {
        match timing {
            Timing::Unread => Self::NEVER,
            Timing::Coarse => Self(Clock::Coarse.reading().nanos() & !Self::EXACT),
            Timing::Exact => Self::exactly_now(),
        }
    }

    #[cold]
    fn exactly_now() -> Self {
        let now = Clock::Precise.now().nanos();
        if Clock::exists() && now < Self::EXACT { Self(now | Self::EXACT) } else { Self::NEVER }
    }

    /// A run that was to begin then begins now.
    pub(crate) fn again(self) -> Self {
        match self.0 {
            Self::UNKNOWN => Self::NEVER,
            started if started & Self::EXACT == 0 => Self::now(Timing::Coarse),
            _ => Self::exactly_now(),
        }
    }

    pub(crate) const fn word(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// The run ends now.
    #[inline]
    pub(crate) fn ran(self) -> Ran {
        match self.0 {
            Self::UNKNOWN => Ran::UNKNOWN,
            started if started & Self::EXACT == 0 => {
                let time = Clock::Coarse.reading().since(Time::from_nanos(started));
                Ran { time: Some(time), is_sample: false }
            }
            started => Self::ran_exactly(Time::from_nanos(started & !Self::EXACT)),
        }
    }

    #[cold]
    fn ran_exactly(started: Time) -> Ran {
        Ran { time: Some(Clock::Precise.now().since(started)), is_sample: true }
    }
}

/// How long a run took, if it was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ran {
    time: Option<Duration>,
    is_sample: bool,
}

impl Ran {
    pub(crate) const UNKNOWN: Self = Self { time: None, is_sample: false };

    /// There was no run: the value comes from below the cache. It says nothing about runs.
    pub(crate) const GIVEN: Self = Self { time: None, is_sample: true };

    /// Whether there was a run.
    #[inline]
    pub(crate) fn is_of_run(self) -> bool {
        self != Self::GIVEN
    }

    /// The time of a run that is a sample of all runs.
    #[inline]
    pub(crate) fn sample(self) -> Option<Duration> {
        self.time.filter(|_| self.is_sample)
    }

    /// The time as waiters should know it. They know nothing of a time that a test clock may have moved.
    #[inline]
    pub(crate) fn for_waiters(self) -> Option<Duration> {
        self.time.filter(|_| !self.is_sample || !Clock::is_tested())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::TestClock;

    #[test]
    fn a_sample_is_told_from_a_time_for_waiters() {
        assert_eq!(Started::now(Timing::Unread).ran(), Ran::UNKNOWN);
        let coarse = Started::now(Timing::Coarse).ran();
        assert!(coarse.sample().is_none() && coarse.for_waiters().is_some());
        assert!(Started::now(Timing::Exact).ran().sample().is_some());
    }

    #[test]
    fn a_value_from_below_says_nothing_about_runs() {
        assert!(!Ran::GIVEN.is_of_run() && Ran::UNKNOWN.is_of_run());
        assert_eq!((Ran::GIVEN.sample(), Ran::GIVEN.for_waiters()), (None, None));
    }

    #[test]
    fn a_test_clock_moves_samples_and_leaves_waiters_alone() {
        let clock = TestClock::stop();
        let (sample, coarse) = (Started::now(Timing::Exact), Started::now(Timing::Coarse));
        clock.advance(Duration::from_secs(3600));
        let ran = Started::from_word(sample.word()).ran();
        assert!(ran.sample().is_some_and(|time| time.as_secs() == 3600));
        assert_eq!(ran.for_waiters(), None);
        assert!(coarse.ran().for_waiters().is_some_and(|time| time.as_secs() < 3600));
    }
}
