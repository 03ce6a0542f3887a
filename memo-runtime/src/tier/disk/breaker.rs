//! A breaker: what has failed often is left alone for a while.

use crate::base::sync::Instant;
use std::time::Duration;

/// So many failures in a row open it.
const FAILURES: u32 = 3;
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// The end of the pause, and its length. The first attempt after it is the probe.
    pause: Option<(Instant, Duration)>,
}

impl Breaker {
    /// Whether an attempt may be made. After a pause that is one attempt, until it is known how it went.
    pub(super) fn admits(&mut self, now: impl FnOnce() -> Instant) -> bool {
        let Some((until, length)) = &mut self.pause else { return true };
        let now = now();
        let is_over = now >= *until;
        if is_over {
            *until = now + *length;
        }
        is_over
    }

    /// The end of the pause, if it goes on.
    pub(super) fn pauses_until(&self, now: Instant) -> Option<Instant> {
        self.pause.map(|(until, _)| until).filter(|until| now < *until)
    }

    /// It has failed too often, and has not succeeded since.
    pub(super) fn is_open(&self) -> bool {
        self.pause.is_some()
    }

    /// Ends the pause: the next attempt may be made at once.
    pub(super) fn end_pause(&mut self, now: Instant) {
        if let Some((until, _)) = &mut self.pause {
            *until = now.min(*until);
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            let length = self.pause.map_or(SHORTEST, |(_, length)| (length * 2).min(LONGEST));
            self.pause = Some((now + length, length));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sync;

    #[test]
    fn three_failures_in_a_row_open_it_and_one_probe_follows_each_pause() {
        let mut breaker = Breaker::default();
        let mut now = sync::now();
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.admits(|| now), "a success starts the count again");
        breaker.failed(now);
        for pause in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
            let pause = Duration::from_millis(pause);
            assert!(!breaker.admits(|| now + pause / 2));
            assert_eq!(breaker.pauses_until(now), Some(now + pause));
            now += pause;
            assert!(breaker.admits(|| now), "the probe");
            assert!(!breaker.admits(|| now), "one probe");
            breaker.failed(now);
        }
        breaker.succeeded();
        assert!(breaker.admits(|| now) && breaker.admits(|| now));
    }
}
