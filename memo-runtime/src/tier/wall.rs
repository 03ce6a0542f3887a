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
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(NEVER)
}

/// The time so long after another. [`NEVER`] stays.
pub(crate) fn after(millis: u64, duration: Duration) -> u64 {
    millis.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(NEVER))
}
