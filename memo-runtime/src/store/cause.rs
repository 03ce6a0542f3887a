//! Why an entry has left its cache.

use std::fmt;

/// Why a value has left its cache: the last argument of the closure of [`on_evict`](crate::CacheBuilder::on_evict).
///
/// `Display` prints one lower-case word, for logs and metrics.
///
/// ```
/// assert_eq!(memofn::EvictionCause::Expired.to_string(), "expired");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvictionCause {
    /// Another entry needed the room, or [`set_maxsize`](crate::Cache::set_maxsize) has left less of it. It was the least
    /// recently used.
    Size,
    /// Its time to live had ended. This comes before all other causes, except for `Cleared`: an entry that is removed or
    /// replaced after its end has expired.
    Expired,
    /// Its key was removed, or `retain` or `remove_if` took it out.
    Removed,
    /// A later value of its key was stored.
    Replaced,
    /// The cache was cleared.
    Cleared,
}

impl fmt::Display for EvictionCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Size => "size",
            Self::Expired => "expired",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Cleared => "cleared",
        })
    }
}
