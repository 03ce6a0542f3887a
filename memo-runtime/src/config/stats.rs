//! The counters of a cache.

use std::fmt;
use std::time::Duration;

/// The counters and the size of one cache, as returned by [`cache_info()`](crate::Cache::info).
///
/// The counters are exact: at any moment when no call is running, `hits + misses` is the number of calls, except for those
/// that [bypassed](Self::bypassed) the cache, and for async calls that were dropped while they waited for another run.
/// `Display` prints the four counters of Python's `lru_cache` in Python's format.
///
/// ```
/// #[memofn::memoize]
/// fn double(n: u64) -> u64 {
///     n * 2
/// }
///
/// double(10);
/// double(20);
/// double(10);
/// let info = double::cache_info();
/// assert_eq!((info.hits, info.misses), (1, 2));
/// assert_eq!(info.to_string(), "CacheInfo(hits=1, misses=2, maxsize=128, currsize=2)");
/// ```
///
/// Two of them are equal if their counters and sizes are. How long the runs took does not count.
#[derive(Debug, Clone, Copy, Eq, Default)]
#[non_exhaustive]
pub struct CacheInfo {
    /// Calls that were answered without a run of the body, the [`coalesced`](Self::coalesced) ones included.
    pub hits: u64,
    /// Calls that ran the body or were answered by a [tier](Self::tier_hits), and a [`get`](crate::Cache::get) that found nothing.
    pub misses: u64,
    /// The most entries it holds; `None` is unbounded.
    pub maxsize: Option<usize>,
    /// The entries it holds now.
    pub currsize: usize,
    /// Hits that waited for the run of another caller.
    pub coalesced: u64,
    /// Misses that ran the body although another call was running it for the same key: because the other run took longer than
    /// the [patience](crate::CacheBuilder::patience), waited for this call, or was a future that is no longer polled. A
    /// body that calls itself with its own key does not count.
    pub helped: u64,
    /// Entries that were evicted to make room for others.
    pub evictions: u64,
    /// Entries that were taken out after their time to live.
    pub expirations: u64,
    /// Results that were not stored because they were an `Err`, `cache_if` refused them, or they
    /// [say](crate::CacheBuilder::ttl_with) that they answer for no time.
    pub rejected: u64,
    /// Refreshes that calls have started because their entry was [due](crate::CacheBuilder::refresh_after). Such a call is
    /// also a miss if it ran the body itself, and a hit otherwise.
    pub refreshes: u64,
    /// Refreshes that have not renewed their entry: because they ended with an `Err`, panicked or were dropped. The old
    /// value stays until its end.
    pub refresh_failures: u64,
    /// Results that were not stored because their key was removed, or the cache cleared, during the run.
    pub outdated: u64,
    /// Calls that ran the body because the cache was [off](crate::set_enabled). They count as nothing else.
    pub bypassed: u64,
    /// Calls that were answered with a value whose time to live had ended, because the body
    /// [failed](crate::CacheBuilder::stale_if_error). They count as hits, apart from the call that ran the body.
    pub stale: u64,
    /// Runs that ended with an `Err` or a panic.
    pub failures: u64,
    /// Misses that a tier answered: `disk`, or one of the program. They ran no body.
    pub tier_hits: u64,
    /// Misses for which the tier had no value, or one that was too old.
    pub tier_misses: u64,
    /// Misses that the tier did not answer, records that were damaged or of another shape, and results that could not be
    /// kept. None of them reaches a caller.
    pub tier_errors: u64,
    /// Misses that waited for the run of another process.
    pub tier_waits: u64,
    /// Results that the tier did not keep, because they were forgotten during their run.
    pub tier_refused: u64,
    /// How many of the entries are kept for calls that fail.
    pub(crate) kept: usize,
    /// The runs that were timed, and the nanoseconds they took together.
    pub(crate) timed_runs: u64,
    pub(crate) timed_nanos: u64,
}

impl CacheInfo {
    /// The share of hits among all calls, from 0 to 1; `None` before the first call.
    ///
    /// ```
    /// # let cache = memofn::Cache::<u8, u8>::new(2);
    /// assert_eq!(cache.info().hit_ratio(), None);
    /// cache.get_or_compute(1, || 10);
    /// cache.get_or_compute(1, || 10);
    /// assert_eq!(cache.info().hit_ratio(), Some(0.5));
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
    pub fn hit_ratio(&self) -> Option<f64> {
        let calls = self.hits + self.misses;
        (calls > 0).then(|| self.hits as f64 / calls as f64)
    }

    /// The mean time that a run of the body took; `None` before the first timed run.
    ///
    /// It is a mean of samples: the first 16 runs since the counters were zeroed, and one in 64 after them. A hit reads no
    /// clock for it. A run that calls other memoized functions includes their time, and a recursive one that of its inner
    /// calls. An async run includes the time between its polls. A run that panics or is dropped is left out, and so is
    /// one whose key is removed meanwhile.
    ///
    /// [`testing::Clock`](crate::testing::Clock) moves this time as well.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use memofn::testing::Clock;
    ///
    /// let clock = Clock::stop();
    /// let cache = memofn::Cache::new(10);
    /// assert_eq!(cache.info().mean_run(), None);
    /// cache.get_or_compute(1, || clock.advance(Duration::from_secs(2)));
    /// cache.get_or_compute(2, || clock.advance(Duration::from_secs(4)));
    /// assert_eq!(cache.info().mean_run(), Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub fn mean_run(&self) -> Option<Duration> {
        self.timed_nanos.checked_div(self.timed_runs).map(Duration::from_nanos)
    }

    /// An estimate of the time that the hits saved: their number times [`mean_run`](Self::mean_run). `None` before the first
    /// timed run. It saturates at [`Duration::MAX`].
    ///
    /// It is high where cheap calls are repeated and expensive ones are not, where runs are recursive, and where
    /// [`coalesced`](Self::coalesced) hits waited for most of a run. The time that hits take is not subtracted.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use memofn::testing::Clock;
    /// let clock = Clock::stop();
    /// let cache = memofn::Cache::new(10);
    /// for _ in 0..4 {
    ///     cache.get_or_compute(1, || clock.advance(Duration::from_secs(2)));
    /// }
    /// assert_eq!(cache.info().time_saved(), Some(Duration::from_secs(6)));
    /// ```
    #[must_use]
    pub fn time_saved(&self) -> Option<Duration> {
        const SECOND: u128 = 1_000_000_000;
        // Both factors have 64 bits.
        let nanos = self.mean_run()?.as_nanos() * u128::from(self.hits);
        let whole = u64::try_from(nanos / SECOND).map(Duration::from_secs);
        let part = u64::try_from(nanos % SECOND).map(Duration::from_nanos);
        Some(whole.and_then(|whole| part.map(|part| whole + part)).unwrap_or(Duration::MAX))
    }

    /// Adds the counts of another cache, or of an earlier time. Sizes stay.
    #[cfg(feature = "metrics")]
    pub(crate) fn add(&mut self, other: &Self) {
        let counts = [
            (&mut self.hits, other.hits),
            (&mut self.misses, other.misses),
            (&mut self.coalesced, other.coalesced),
            (&mut self.helped, other.helped),
            (&mut self.evictions, other.evictions),
            (&mut self.expirations, other.expirations),
            (&mut self.rejected, other.rejected),
            (&mut self.refreshes, other.refreshes),
            (&mut self.refresh_failures, other.refresh_failures),
            (&mut self.stale, other.stale),
            (&mut self.failures, other.failures),
            (&mut self.outdated, other.outdated),
            (&mut self.bypassed, other.bypassed),
            (&mut self.timed_runs, other.timed_runs),
            (&mut self.timed_nanos, other.timed_nanos),
        ];
        for (count, more) in counts {
            *count = count.saturating_add(more);
        }
    }

    pub(crate) fn add_run(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.timed_runs += 1;
        self.timed_nanos = self.timed_nanos.saturating_add(nanos);
    }
}

impl PartialEq for CacheInfo {
    fn eq(&self, other: &Self) -> bool {
        let counters = |it: &Self| {
            let sizes = (it.maxsize, it.currsize);
            let calls = [it.hits, it.misses, it.coalesced, it.helped];
            let ends = [it.evictions, it.expirations, it.rejected, it.outdated, it.bypassed];
            let old = [it.refreshes, it.refresh_failures, it.stale, it.failures];
            let below =
                [it.tier_hits, it.tier_misses, it.tier_errors, it.tier_waits, it.tier_refused];
            (sizes, calls, ends, old, below)
        };
        counters(self) == counters(other)
    }
}

impl fmt::Display for CacheInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheInfo(hits={}, misses={}, maxsize=", self.hits, self.misses)?;
        match self.maxsize {
            Some(maxsize) => write!(f, "{maxsize}")?,
            None => f.write_str("None")?,
        }
        write!(f, ", currsize={})", self.currsize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_saved_is_exact_and_saturates() {
        let info = |hits, timed_runs, timed_nanos| CacheInfo {
            hits,
            timed_runs,
            timed_nanos,
            ..CacheInfo::default()
        };
        assert_eq!(info(7, 0, 0).time_saved(), None);
        assert_eq!(info(3, 2, 3_000_000_001).mean_run(), Some(Duration::from_millis(1_500)));
        assert_eq!(info(3, 2, 3_000_000_000).time_saved(), Some(Duration::from_millis(4500)));
        assert_eq!(
            info(1_000_000_000, 1, u64::MAX).time_saved(),
            Some(Duration::from_secs(u64::MAX))
        );
        assert_eq!(info(u64::MAX, 1, u64::MAX).time_saved(), Some(Duration::MAX));
        let mut long = info(1, 1, u64::MAX - 1);
        long.add_run(Duration::MAX);
        assert_eq!(long.mean_run(), Some(Duration::from_nanos(u64::MAX / 2)));
    }

    #[test]
    fn info_is_printed_as_python_prints_it() {
        let info = CacheInfo { hits: 28, misses: 16, currsize: 16, ..CacheInfo::default() };
        assert_eq!(info.to_string(), "CacheInfo(hits=28, misses=16, maxsize=None, currsize=16)");
    }
}
