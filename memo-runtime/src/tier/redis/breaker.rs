//! When a server that is slow is not asked any longer.

use std::time::{Duration, Instant};

/// So many failures in a row open it.
pub(crate) const FAILURES: usize = 3;
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: usize,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    length: Duration,
    probe_at: Instant,
}

impl Breaker {
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// When the link is to find out whether the server answers in time.
    pub(crate) fn probe_at(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.probe_at)
    }

    /// Something was answered in time. Says whether that closed it.
    pub(crate) fn answered(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// Something that was sent then was not answered in time. Says whether that opened it.
    pub(crate) fn failed(&mut self, sent: Instant, now: Instant) -> bool {
        self.failures += 1;
        if let Some(open) = &mut self.open {
            if sent >= open.since {
                open.length = (open.length * 2).min(LONGEST);
                (open.since, open.probe_at) = (now, now + open.length);
            }
            return false;
        }
        self.failures >= FAILURES && self.open(now)
    }

    /// Opens it. Says whether it was closed.
    pub(crate) fn open(&mut self, now: Instant) -> bool {
        let was_closed = self.open.is_none();
        self.open.get_or_insert(Open { since: now, length: SHORTEST, probe_at: now + SHORTEST });
        was_closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        assert!(!breaker.failed(start, start) && !breaker.failed(start, start));
        breaker.answered();
        assert!(!breaker.failed(start, start) && !breaker.failed(start, start));
        assert!(breaker.failed(start, start) && breaker.is_open());
        assert!(breaker.answered() && !breaker.is_open());
    }

    #[test]
    fn probes_that_fail_come_less_and_less_often() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        breaker.open(now);
        let before = now;
        let mut lengths = Vec::new();
        for _ in 0..8 {
            let probe_at = breaker.probe_at().expect("it is open");
            lengths.push((probe_at - now).as_millis());
            now = probe_at;
            assert!(!breaker.failed(now, now));
            breaker.failed(before, now);
        }
        assert_eq!(lengths, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    }
}
