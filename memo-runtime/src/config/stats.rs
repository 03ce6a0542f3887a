//! The counters of a cache.

use std::fmt;

/// The counters and the size of one cache, as returned by [`cache_info()`](crate::Cache::info).
///
/// The counters are exact: at any moment when no call is running, `hits + misses` is the number of calls that returned.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheInfo {
    /// Calls that were answered without a run of the body, the [`coalesced`](Self::coalesced) ones included.
    pub hits: u64,
    /// Calls that ran the body, and a [`get`](crate::Cache::get) that found nothing.
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
    /// Results that were not stored because they were an `Err` or `cache_if` refused them.
    pub rejected: u64,
    /// Results that were not stored because their key was removed, or the cache cleared, during the run.
    pub outdated: u64,
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
    fn info_is_printed_as_python_prints_it() {
        let info = CacheInfo { hits: 28, misses: 16, currsize: 16, ..CacheInfo::default() };
        assert_eq!(info.to_string(), "CacheInfo(hits=28, misses=16, maxsize=None, currsize=16)");
    }
}
