//! When something expires, for look-ups that take no lock.
//!
//! [`freshness`](crate::store::freshness) knows the deadlines of all entries. Here is the next one of them, and
//! the clock to compare it with. A cache without a time to live reads no clock.

use crate::base::clock::{Clock, Time};
use crate::base::sync::{
    AtomicU64,
    Ordering::{Acquire, Release},
};
use crate::engine::hit::Reason;
use crate::store::eviction::Touch;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// The clock of a cache, and when its next entry expires.
#[derive(Debug)]
pub(crate) struct Expiry {
    clock: Clock,
    /// The clock of hits that ask whether something is due before they look. Where each hit notes its time, it asks then, and
    /// this is unread.
    asked_first: Clock,
    next: AtomicU64,
}

impl Expiry {
    /// The shortest life of an entry chooses the clock; `None` is no end. Whether each hit notes its time.
    pub(super) fn new(shortest: Option<Duration>, notes_time: bool) -> Self {
        let clock = Clock::for_life(shortest);
        Self {
            clock,
            asked_first: if notes_time { Clock::Unread } else { clock },
            next: AtomicU64::new(Time::FOREVER.nanos()),
        }
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

    /// Whether an entry has expired and is still stored. While that is so, no look-up answers without the lock. A hit that
    /// notes its time has yet to ask.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.asked_first != Clock::Unread && self.stops_first()
    }

    /// Whether the first attempt at a hit is to give up: something is due, or hits note their time.
    #[inline]
    pub(crate) fn stops_first_attempt(&self) -> bool {
        self.is_on() && self.stops_first()
    }

    /// Out of line: most caches never ask.
    #[cold]
    #[inline(never)]
    fn stops_first(&self) -> bool {
        self.asked_first == Clock::Unread || self.has_passed(self.asked_first.now())
    }

    /// Why a first attempt that was stopped has no result.
    #[cold]
    #[inline(never)]
    pub(crate) fn stop(&self) -> Reason {
        if self.asked_first == Clock::Unread { Reason::GaveUp } else { Reason::Unclear }
    }

    #[inline]
    fn has_passed(&self, now: Time) -> bool {
        Time::from_nanos(self.next.load(Acquire)).has_passed(now)
    }
}

/// The duties of a hit besides counting itself. A hit of most caches tests one of these flags.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a hit tests one of them, and computes nothing")]
pub(crate) struct OnHit {
    /// Hits leave a stamp: the eviction policy needs it. Not set where they note their time.
    stamps: bool,
    /// Hits leave a stamp, and entries never expire.
    stamps_without_clock: bool,
    /// Hits left no stamp at the start, and entries never expire.
    counts_without_clock: bool,
    /// Hits note their time.
    notes_time: bool,
    /// Hits leave a stamp since the cache got its first limit. A hit that reads an old value leaves none, and no more
    /// goes wrong. So no order is needed, and the models need not explore these reads.
    stamps_since: AtomicBool,
    /// Hits that note their time leave a stamp as well. As above.
    stamps_timed: AtomicBool,
}

impl OnHit {
    pub(super) fn new(touch: Touch, expires: bool, notes_time: bool) -> Self {
        let stamps = touch == Touch::Stamp && !notes_time;
        Self {
            stamps,
            stamps_without_clock: stamps && !expires,
            counts_without_clock: !stamps && !expires,
            notes_time,
            stamps_since: AtomicBool::new(false),
            stamps_timed: AtomicBool::new(touch == Touch::Stamp && notes_time),
        }
    }

    /// Hits leave this trace from now on.
    pub(super) fn set_touch(&self, touch: Touch) {
        let stamps = if self.notes_time { &self.stamps_timed } else { &self.stamps_since };
        stamps.store(touch == Touch::Stamp, Relaxed);
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

    /// Whether a hit notes its time. It asks then whether something is due.
    #[inline]
    pub(crate) fn notes_time(&self) -> bool {
        self.notes_time
    }

    /// Whether a hit that notes its time leaves a stamp as well.
    pub(crate) fn stamps_timed(&self) -> bool {
        self.stamps_timed.load(Relaxed)
    }
}

/// Says that the branch which calls this is rarely taken, or is not the one to be fastest.
#[cold]
#[inline]
pub(crate) fn rarely() {}
