//! When something expires, for look-ups that take no lock.
//!
//! [`freshness`](crate::store::freshness) knows the deadlines of all entries. Here is the next one of them, and
//! the clock to compare it with. A cache without a time to live reads no clock.

use crate::base::clock::{Clock, Time};
use crate::base::sync::{
    AtomicU64,
    Ordering::{Acquire, Release},
};
use crate::store::eviction::Touch;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// The clock of a cache, and when its next entry expires.
#[derive(Debug)]
pub(crate) struct Expiry {
    clock: Clock,
    next: AtomicU64,
}

impl Expiry {
    /// The shortest life of an entry chooses the clock; `None` is no end.
    pub(super) fn new(shortest: Option<Duration>) -> Self {
        Self { clock: Clock::for_life(shortest), next: AtomicU64::new(Time::FOREVER.nanos()) }
    }

    /// Whether entries of the cache expire.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.clock != Clock::Unread
    }

    #[inline]
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Publishes when the next entry expires. Under the lock.
    #[inline]
    pub(super) fn set_next(&self, next: Time) {
        self.next.store(next.nanos(), Release);
    }

    /// Whether an entry has expired by `now` and is still stored.
    #[inline]
    pub(super) fn is_due_at(&self, now: Time) -> bool {
        self.is_on() && self.has_passed(now)
    }

    /// Whether an entry has expired and is still stored. While that is so, no look-up answers without the lock.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.is_on() && self.ask()
    }

    /// Out of line: most caches never ask.
    #[cold]
    #[inline(never)]
    fn ask(&self) -> bool {
        self.has_passed(self.now())
    }

    #[inline]
    fn has_passed(&self, now: Time) -> bool {
        Time::from_nanos(self.next.load(Acquire)).has_passed(now)
    }
}

/// The duties of a hit besides counting itself. A hit of most caches tests one of these flags.
#[derive(Debug)]
pub(crate) struct OnHit {
    /// Hits leave a stamp: the eviction policy needs it.
    stamps: bool,
    /// Hits leave a stamp, and entries never expire.
    stamps_without_clock: bool,
    /// Hits left no stamp at the start, and entries never expire.
    counts_without_clock: bool,
    /// Hits leave a stamp since the cache got its first limit. A hit that reads an old value leaves none, and no more
    /// goes wrong. So no order is needed, and the models need not explore these reads.
    stamps_since: AtomicBool,
}

impl OnHit {
    pub(super) fn new(touch: Touch, expires: bool) -> Self {
        let stamps = touch == Touch::Stamp;
        Self {
            stamps,
            stamps_without_clock: stamps && !expires,
            counts_without_clock: !stamps && !expires,
            stamps_since: AtomicBool::new(false),
        }
    }

    /// Hits leave this trace from now on.
    pub(super) fn set_touch(&self, touch: Touch) {
        self.stamps_since.store(touch == Touch::Stamp, Relaxed);
    }

    /// Whether a hit leaves a stamp. It is `TIMED` if it has asked whether something is due.
    #[inline]
    pub(crate) fn stamps<const TIMED: bool>(&self) -> bool {
        let stamps = if TIMED { self.stamps } else { self.stamps_without_clock };
        stamps || self.stamps_since.load(Relaxed) && self.counts::<TIMED>()
    }

    /// Whether a hit that leaves no stamp may count itself. If not, it has yet to ask whether something is due.
    #[inline]
    pub(crate) fn counts<const TIMED: bool>(&self) -> bool {
        TIMED || self.counts_without_clock
    }
}

/// Says that the branch which calls this is rarely taken, or is not the one to be fastest.
#[cold]
#[inline]
pub(crate) fn rarely() {}
