//! The time of records, which must mean something to another process and after a restart.

use crate::base::clock::{Clock, Time};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// Milliseconds since 1970, by the system's clock. A test clock stops and moves this time as well.
pub(crate) fn now() -> u64 {
    static TESTED_FROM: OnceLock<(u64, Time)> = OnceLock::new();
    if !Clock::is_tested() {
        return system();
    }
    let (millis, time) = *TESTED_FROM.get_or_init(|| (system(), Clock::Precise.now()));
    after(millis, Clock::Precise.now().since(time))
}

fn system() -> u64 {
    of(SystemTime::now())
}

/// The time so long after another. [`NEVER`] stays.
pub(crate) fn after(millis: u64, duration: Duration) -> u64 {
    millis.saturating_add(millis_of(duration))
}

/// This moment, in milliseconds since 1970.
pub(crate) fn of(moment: SystemTime) -> u64 {
    millis_of(moment.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

/// The beginning of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    millis: u64,
    time: Time,
}

impl Began {
    pub(crate) fn now() -> Self {
        Self { millis: now(), time: Clock::Precise.now() }
    }

    /// When that was, by the clock as it is now. If the clock was set back since, that is not later than what has happened
    /// since.
    pub(crate) fn millis(self) -> u64 {
        let ran = Clock::Precise.now().since(self.time);
        self.millis.min(now().saturating_sub(millis_of(ran)))
    }
}
