//! Time behind one interface: a cheap monotonic clock, or a test clock in its place.

use crate::base::sync::{self, AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering};
use std::sync::OnceLock;
use std::time::Duration;

/// A point on the runtime's monotonic time line, in nanoseconds from an arbitrary origin.
///
/// Arithmetic saturates. [`Time::FOREVER`] never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(u64);

impl Time {
    pub(crate) const ORIGIN: Self = Self(0);
    pub(crate) const FOREVER: Self = Self(u64::MAX);

    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// `None` if that lies before the origin.
    pub(crate) fn before(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(nanos(duration)).map(Self)
    }

    /// Whether this deadline has passed at `now`. `FOREVER` never passes.
    #[inline]
    pub(crate) fn has_passed(self, now: Self) -> bool {
        self <= now && self != Self::FOREVER
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The clock that a cache reads: the cheapest one that is exact enough for its time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// No entry expires, and no clock is read.
    Unread,
    /// The kernel's coarse clock: a few nanoseconds for a reading, a resolution of about 4 ms.
    Coarse,
    /// `Instant`: exact, and several times slower.
    Precise,
}

impl Clock {
    /// The shortest life that uses the coarse clock. Its error stays below 1 %.
    const COARSE_FROM: Duration = Duration::from_secs(1);

    /// The clock where the shortest life of an entry is this; `None` is no end.
    pub(crate) fn for_life(shortest: Option<Duration>) -> Self {
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        assert!(
            shortest.is_none()
                || crate::base::supplied_clock::is_supplied()
                || TESTED.load(Ordering::Relaxed),
            "memofn: `ttl` needs a clock, and this target has none: see `memofn::set_clock`"
        );
        match shortest {
            None => Self::Unread,
            Some(life) if life >= Self::COARSE_FROM => Self::Coarse,
            Some(_) => Self::Precise,
        }
    }

    /// Whether there is a clock to read. One target has none before the program supplies it.
    pub(crate) fn exists() -> bool {
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        return crate::base::supplied_clock::is_supplied();
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        true
    }

    /// Whether a test clock has ever stopped or shifted time.
    #[inline]
    pub(crate) fn is_tested() -> bool {
        TESTED.load(Ordering::Relaxed)
    }

    /// The part of each jitter that counts while a test clock is held, in units of 2<sup>-64</sup>.
    pub(crate) fn tested_jitter() -> Option<u64> {
        let is_stopped = Self::is_tested() && TEST_TIME.load(Ordering::Relaxed) != 0;
        is_stopped.then(|| TEST_JITTER.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn now(self) -> Time {
        match self {
            Self::Unread => Time::ORIGIN,
            _ if TESTED.load(Ordering::Relaxed) => self.tested(),
            _ => self.reading(),
        }
    }

    /// The time that a test clock has stopped or shifted.
    #[cold]
    fn tested(self) -> Time {
        match TEST_TIME.load(Ordering::Relaxed) {
            0 => Time(self.reading().0.saturating_add(SHIFT.load(Ordering::Relaxed))),
            stopped => Time(stopped),
        }
    }

    /// The system's time, whether or not there is a test clock.
    #[inline]
    pub(crate) fn reading(self) -> Time {
        match self {
            Self::Unread => Time::ORIGIN,
            Self::Coarse => coarse(),
            Self::Precise => precise(),
        }
    }
}

#[cold]
fn precise() -> Time {
    static ORIGIN: OnceLock<(sync::Instant, Time)> = OnceLock::new();
    // Both clocks start from the reading of the coarse one, so that they share one time line.
    let (origin, coarse) = ORIGIN.get_or_init(|| (sync::Instant::now(), coarse()));
    coarse.after(origin.elapsed())
}

/// The system call itself: the units of the library would need a conversion as slow as the reading.
#[cfg(target_os = "linux")]
#[inline]
fn coarse() -> Time {
    #[expect(unsafe_code, reason = "a system call")]
    // SAFETY: a `timespec` is made of integers, so zero is valid. The pointer is valid for the call to write to. Linux has this
    // clock since 2.6.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now);
        now
    };
    #[allow(clippy::cast_sign_loss, reason = "it counts up from 0")]
    Time((now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64))
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn coarse() -> Time {
    Time::ORIGIN.after(crate::base::supplied_clock::now())
}

#[cfg(not(any(target_os = "linux", all(target_family = "wasm", target_os = "unknown"))))]
fn coarse() -> Time {
    let now = coarsetime::Instant::now_without_cache_update();
    Time(now.duration_since(coarsetime::Instant::from_ticks(0)).as_nanos())
}

sync::statics! {
    /// Whether there ever was a [`TestClock`].
    static TESTED: AtomicBool = AtomicBool::new(false);
    /// The time at which a [`TestClock`] stands; 0 while time runs.
    static TEST_TIME: AtomicU64 = AtomicU64::new(0);
    /// See [`Clock::tested_jitter`].
    static TEST_JITTER: AtomicU64 = AtomicU64::new(0);
    /// How far time is ahead of the system's clock, because of test clocks.
    static SHIFT: AtomicU64 = AtomicU64::new(0);
    static IN_USE: Mutex<()> = Mutex::new(());
}

/// Stops time for every cache of the process, and moves it forward on demand.
///
/// While a test holds the clock, entries age only by [`advance`](Self::advance), in every thread. A second test that
/// asks for the clock waits until the first one has dropped it. Then time runs on from that point. It never goes
/// backwards.
///
/// ```
/// use memofn::testing::Clock;
/// use std::time::Duration;
///
/// #[memofn::memoize(ttl = "30m")]
/// fn temperature(city: &str) -> f64 {
///     city.len() as f64
/// }
///
/// let clock = Clock::stop();
/// temperature("Oslo");
/// clock.advance(Duration::from_secs(29 * 60));
/// temperature("Oslo");
/// assert_eq!(temperature::cache_info().hits, 1);
/// clock.advance(Duration::from_secs(60));
/// temperature("Oslo");
/// assert_eq!(temperature::cache_info().misses, 2);
/// ```
#[derive(Debug)]
#[must_use = "time runs again when the clock is dropped"]
pub struct TestClock {
    _in_use: MutexGuard<'static, ()>,
}

impl TestClock {
    /// Stops time. Waits while another test holds the clock.
    pub fn stop() -> Self {
        let in_use = IN_USE.lock();
        let Time(now) = Clock::Precise.now();
        TESTED.store(true, Ordering::Relaxed);
        TEST_JITTER.store(0, Ordering::Relaxed);
        TEST_TIME.store(now.max(1), Ordering::Relaxed);
        Self { _in_use: in_use }
    }

    /// Moves time forward. Saturates at the end of time, about 584 years after the start.
    pub fn advance(&self, by: Duration) {
        // Threads may advance the clock side by side: no step is lost, and time does not go backwards.
        let later = |now| Some(Time(now).after(by).0);
        let _ = TEST_TIME.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }
}

impl TestClock {
    /// Sets the part of its [jitter](crate::CacheBuilder::jitter) by which the life of each entry is shorter that is stored
    /// from now on: from 0, none of it, to 1. While a test holds the clock, nothing is random. It is 0 until this is called.
    ///
    /// A number outside of 0 to 1 counts as the nearest one in there.
    ///
    /// ```
    /// use memofn::testing::Clock;
    /// use std::time::Duration;
    ///
    /// #[memofn::memoize(ttl = "10m", jitter = "1m")]
    /// fn temperature(city: &str) -> f64 {
    ///     city.len() as f64
    /// }
    ///
    /// let clock = Clock::stop();
    /// clock.jitter(0.5);
    /// temperature("Oslo");
    /// clock.advance(Duration::from_secs(10 * 60 - 30));
    /// assert_eq!(temperature::cache_peek("Oslo"), None);
    /// ```
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a conversion saturates"
    )]
    pub fn jitter(&self, part: f64) {
        const WHOLE: f64 = 18_446_744_073_709_551_616.0;
        TEST_JITTER.store((part * WHOLE) as u64, Ordering::Relaxed);
    }
}

impl Drop for TestClock {
    fn drop(&mut self) {
        let stopped = TEST_TIME.load(Ordering::Relaxed);
        // The two clocks differ by their resolution. The one that is behind decides the shift, so that neither goes backwards.
        let reading = coarse().min(Clock::Precise.reading());
        SHIFT.store(stopped.saturating_sub(reading.0), Ordering::Relaxed);
        TEST_TIME.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_duration_is_forever_and_zero_is_at_once() {
        let now = Clock::Coarse.now();
        assert_eq!(now.after(Duration::MAX), Time::FOREVER);
        assert_eq!(now.after(Duration::ZERO), now);
        assert_eq!(Time::ORIGIN.since(now), Duration::ZERO);
    }

    #[test]
    fn a_stopped_clock_moves_only_when_told_and_never_backwards() {
        let clock = TestClock::stop();
        let start = Clock::Precise.now();
        assert_eq!(Clock::Coarse.now(), start);
        clock.advance(Duration::from_secs(3600));
        let later = Clock::Precise.now();
        assert_eq!(later.since(start), Duration::from_secs(3600));
        drop(clock);
        // Another test may have stopped the clock again by now, but never at an earlier time.
        assert!(Clock::Precise.now() >= later);
        assert!(Clock::Coarse.now() >= later);
    }

    #[test]
    fn no_step_is_lost_when_threads_advance_the_clock_side_by_side() {
        const STEPS: u32 = if cfg!(miri) { 100 } else { 100_000 };
        let clock = TestClock::stop();
        let start = Clock::Precise.now();
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    for _ in 0..STEPS {
                        clock.advance(Duration::from_nanos(1));
                    }
                });
            }
        });
        assert_eq!(Clock::Precise.now().since(start), Duration::from_nanos(2 * u64::from(STEPS)));
    }
}
