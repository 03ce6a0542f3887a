//! How long a wait lasts, and every constant of waiting.
//!
//! All times and counts of patience, steps and stalled leaders stand here. Four other constants stand next to the
//! loops that they bound, because their rooms must not import this one: how long the thread of the alarm stays
//! idle (`base::alarm`), how often a scan looks at a table hazard again (`scope::hazard`), and how many retired
//! entries may linger and how often a thread yields for that (`store::retired`).

use crate::base::stopwatch::Timing;
use std::time::Duration;

/// A waiter waits this many times as long as the longest recent run of the cache.
const FACTOR: u32 = 20;

/// The least patience of a waiter inside a run, once a run was measured.
const SHORTEST_INSIDE: Duration = Duration::from_secs(2);

/// The least patience of a waiter inside a run while the length of runs is unknown.
const UNKNOWN_INSIDE: Duration = Duration::from_secs(10);

/// The least patience of a waiter outside all runs.
const SHORTEST_OUTSIDE: Duration = Duration::from_secs(60);

/// How many measured runs make a window.
const WINDOW: u8 = 32;

/// After a run that was not measured, this many measured runs make the length of runs known again.
const ENOUGH: u8 = 16;

/// One run in this many is measured while runs are short and one thread alone uses the cache.
const SAMPLING: u64 = 16;

/// One run in this many is a sample for the mean time of all runs. An exact clock takes several times as long to read as
/// the one for waiters.
const TIMED: u64 = 64;

/// So many of the first runs are samples, so that a few slow runs have a mean as well.
pub(crate) const FIRST_TIMED: u64 = 16;

/// The shortest step in which waiting time is counted.
pub(super) const SHORTEST_STEP: Duration = Duration::from_millis(1);

/// The longest step of a blocked thread.
const LONGEST_STEP: Duration = Duration::from_millis(500);

/// The step of a blocked thread with unlimited patience: there is nothing to count.
const UNLIMITED_STEP: Duration = Duration::from_secs(24 * 60 * 60);

/// A blocked thread counts its patience in at least this many steps.
const STEPS: u32 = 8;

/// The pause before the first alarm of the followers. Each pause is twice as long as the one before.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two alarms.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// How often a follower is polled in one round.
pub(super) const POLLS: u8 = 3;

/// This many rounds prove that a leader is stalled in the task of its follower.
pub(super) const STRIKES: u32 = 3;

/// This many rounds prove that a suspected leader is stalled, if they take [`SUSPENSE`] at least.
pub(super) const CONFIRMATIONS: u32 = 8;

/// The shortest time from a suspicion to its proof.
pub(super) const SUSPENSE: Duration = Duration::from_secs(1);

/// How long the bodies of one cache run, and so how long a waiter waits before it helps.
///
/// The graph of waits finds every cycle that runs through memoized calls alone. It cannot see a cycle that also
/// runs through a foreign lock or scheduler. For example, a worker of a work-stealing pool runs one half of a
/// body, steals a task that calls this body again, and so waits for itself. Such a wait looks exactly like a
/// wait for a slow body. So each wait has a limit, far above what the bodies of this cache took recently. Past
/// the limit *one* waiter runs the body as well, and the limit doubles for the others. A waiter that holds up no
/// known run has a much higher limit.
///
/// "Recently" means two windows of measured runs, the current one and the one before. So one slow run is
/// forgotten.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// The limit that the cache was given.
    fixed: Option<Duration>,
    /// The longest runs of the current window and of the one before.
    longest: [Option<Duration>; 2],
    /// The number of runs in the current window.
    measured: u8,
    /// How many runs have to be measured until their length is known: an earlier run was not measured.
    to_measure: u8,
    /// The longest recent run is known and short: few runs have to be measured.
    is_short: bool,
}

impl Patience {
    /// `fixed` is the limit that the cache was given. `Duration::MAX` means no limit.
    pub(crate) fn new(fixed: Option<Duration>) -> Self {
        Self { fixed, ..Self::default() }
    }

    /// The longest recent run.
    fn longest(&self) -> Option<Duration> {
        self.longest[0].max(self.longest[1])
    }

    /// How long to wait for a run, from inside another run or from outside all runs.
    pub(crate) fn limit(&self, is_inside_run: bool) -> Duration {
        let longest = self.longest();
        let shortest = match is_inside_run {
            false => SHORTEST_OUTSIDE,
            true if longest.is_none() || self.to_measure > 0 => UNKNOWN_INSIDE,
            true => SHORTEST_INSIDE,
        };
        let known = longest.unwrap_or_default().saturating_mul(FACTOR);
        self.fixed.unwrap_or_else(|| known.max(shortest))
    }

    /// The clock for the run of this generation. The runs up to `timed` are samples.
    #[inline]
    pub(crate) fn timing(generation: u64, timed: u64, is_measured: bool) -> Timing {
        if generation <= timed || generation % TIMED == 1 {
            Timing::Exact
        } else if is_measured {
            Timing::Coarse
        } else {
            Timing::Unread
        }
    }

    /// Whether to measure the run of this generation although one thread alone has used the cache, so no other
    /// can wait. A reading of the clock costs as much as a large part of a miss.
    #[inline]
    pub(crate) fn should_measure(&self, generation: u64) -> bool {
        generation % SAMPLING == 1 || !self.is_short
    }

    /// A run took this long. `None`: it was not measured.
    #[inline]
    pub(crate) fn record(&mut self, run: Option<Duration>) {
        match run {
            None => self.to_measure = ENOUGH,
            Some(run) => self.record_measured(run),
        }
    }

    fn record_measured(&mut self, run: Duration) {
        self.to_measure = self.to_measure.saturating_sub(1);
        if self.measured == WINDOW {
            self.longest = [None, self.longest[0]];
            self.measured = 0;
        }
        self.measured += 1;
        self.longest[0] = self.longest[0].max(Some(run));
        self.is_short = self.longest().is_some_and(|longest| longest <= SHORTEST_INSIDE / FACTOR);
    }
}

/// The limit of a waiter with this patience. It doubles with each waiter that has begun to help.
pub(super) fn limit(patience: Duration, helps: u32) -> Duration {
    1u32.checked_shl(helps).map_or(Duration::MAX, |factor| patience.saturating_mul(factor))
}

/// The step in which a blocked thread counts its waiting time.
pub(super) fn step(patience: Duration) -> Duration {
    if patience == Duration::MAX {
        UNLIMITED_STEP
    } else {
        (patience / STEPS).clamp(SHORTEST_STEP, LONGEST_STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const S: Duration = Duration::from_secs(1);

    #[test]
    fn patience_grows_with_the_length_of_runs() {
        let mut patience = Patience::default();
        assert_eq!((patience.limit(true), patience.limit(false)), (10 * S, 60 * S));
        patience.record(Some(MS));
        assert_eq!((patience.limit(true), patience.limit(false)), (2 * S, 60 * S));
        patience.record(Some(3500 * MS));
        assert_eq!((patience.limit(true), patience.limit(false)), (70 * S, 70 * S));
        patience.record(Some(Duration::MAX));
        assert_eq!(patience.limit(true), Duration::MAX);
    }

    #[test]
    fn a_fixed_patience_does_not_depend_on_the_length_of_runs() {
        let mut patience = Patience::new(Some(5 * S));
        for run in [MS, 3500 * MS] {
            patience.record(Some(run));
            assert_eq!((patience.limit(true), patience.limit(false)), (5 * S, 5 * S));
        }
        assert_eq!(Patience::new(Some(Duration::MAX)).limit(true), Duration::MAX);
    }

    #[test]
    fn a_run_that_was_not_measured_may_have_been_long() {
        let mut patience = Patience::default();
        patience.record(Some(MS));
        assert_eq!(patience.limit(true), SHORTEST_INSIDE);
        patience.record(None);
        assert_eq!(patience.limit(true), UNKNOWN_INSIDE);
        for _ in 0..ENOUGH {
            assert_eq!(patience.limit(true), UNKNOWN_INSIDE);
            patience.record(Some(MS));
        }
        assert_eq!(patience.limit(true), SHORTEST_INSIDE);
    }

    #[test]
    fn one_in_sixteen_short_runs_is_measured() {
        let mut patience = Patience::default();
        assert!((1..100).all(|generation| patience.should_measure(generation)), "none is known");
        patience.record(Some(MS));
        let measured = (1..=160).filter(|generation| patience.should_measure(*generation));
        assert_eq!(measured.count(), 10);
        patience.record(Some(3000 * MS));
        assert!((1..100).all(|generation| patience.should_measure(generation)));
        patience.record(Some(Duration::MAX));
        assert!(patience.should_measure(2));
    }

    #[test]
    fn the_first_runs_and_one_in_sixty_four_are_samples() {
        let samples = |timed, generations: std::ops::RangeInclusive<u64>, is_measured| {
            let timing = |generation| Patience::timing(generation, timed, is_measured);
            generations.filter(|generation| timing(*generation) == Timing::Exact).count()
        };
        assert_eq!(samples(FIRST_TIMED, 1..=16, false), 16);
        assert_eq!(samples(FIRST_TIMED, 17..=640, true), 9);
        assert_eq!(samples(1000 + FIRST_TIMED, 1001..=1016, false), 16, "after a clear");
        assert_eq!(Patience::timing(17, 16, true), Timing::Coarse);
        assert_eq!(Patience::timing(17, 16, false), Timing::Unread);
    }

    #[test]
    fn one_slow_run_is_forgotten() {
        let mut patience = Patience::default();
        (0..50).for_each(|_| patience.record(Some(5 * MS)));
        patience.record(Some(3000 * MS));
        // It counts for one window at least, and for two at most.
        for _ in 0..WINDOW {
            assert_eq!(patience.limit(true), 60 * S);
            patience.record(Some(5 * MS));
        }
        (0..WINDOW).for_each(|_| patience.record(Some(5 * MS)));
        assert_eq!(patience.limit(true), 2 * S);
    }

    #[test]
    fn patience_never_falls_below_twenty_recent_runs() {
        let mut patience = Patience::default();
        (0..50).for_each(|_| patience.record(Some(5 * MS)));
        // One slow run that was helped: the run of the helper counts like any other.
        patience.record(Some(3000 * MS));
        for _ in 0..500 {
            patience.record(Some(300 * MS));
            assert!(patience.limit(true) >= 6 * S);
            assert!(patience.limit(false) >= 60 * S);
        }
    }

    #[test]
    fn the_limit_saturates() {
        assert_eq!(limit(S, 200), Duration::MAX);
        assert_eq!(limit(Duration::MAX, 0), Duration::MAX);
    }

    #[test]
    fn a_blocked_thread_counts_in_small_steps() {
        assert_eq!(step(60 * S), S / 2);
        assert_eq!(step(2 * S), S / 4);
        assert_eq!(step(Duration::ZERO), MS);
        assert!(step(Duration::MAX) > 1000 * S);
    }
}
