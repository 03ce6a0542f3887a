//! The parameters of a cache.

use crate::key::float::Float;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The options in force for one cache, as returned by [`cache_parameters()`](crate::Cache::parameters). `Display` prints
/// them in the syntax of the attribute.
///
/// ```
/// #[memofn::memoize(maxsize = 64, ttl = "90s")]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// let parameters = square::cache_parameters();
/// assert_eq!(parameters.maxsize, Some(64));
/// assert_eq!(parameters.ttl, Some(std::time::Duration::from_secs(90)));
/// assert!(parameters.to_string().ends_with(r#"maxsize = 64, ttl = "1m 30s", scope = "shared""#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheParameters {
    /// The name in reports: the function's path, unless `name` says otherwise. Empty for a cache that was made by hand
    /// without a name.
    pub name: Cow<'static, str>,
    /// The most entries it holds; `None` is unbounded.
    pub maxsize: Option<usize>,
    /// How long an entry answers after its computation has finished; `None` is forever.
    pub ttl: Option<Duration>,
    /// Whether each value says how long it answers ([`ttl_with`](crate::CacheBuilder::ttl_with)). `ttl` is `None` then.
    pub ttl_by_value: bool,
    /// How long an entry answers after the last call that was answered by it; `None` is forever.
    pub tti: Option<Duration>,
    /// By how much the life of an entry may be shorter than its time to live; `None` is not at all.
    pub jitter: Option<Duration>,
    /// How long an error answers; `None` if errors are not stored, or as long as other values.
    pub err_ttl: Option<Duration>,
    /// When the first call that asks for an entry has it refreshed; `None` is never.
    pub refresh_after: Option<RefreshAfter>,
    /// How long after its life a value still answers calls that fail; `None` is not at all.
    pub stale_if_error: Option<Duration>,
    /// How long after a refresh has failed the next one may begin; `None` is the
    /// [default](crate::CacheBuilder::retry_after).
    pub retry_after: Option<Duration>,
    /// `"shared"` or `"thread"`.
    pub scope: &'static str,
    /// Whether concurrent calls with equal keys run the body once.
    pub single_flight: bool,
    /// How long a call waits for the run of another call before it runs the body as well; `None` is the
    /// [default rule](crate::CacheBuilder::patience), `Duration::MAX` is unlimited.
    pub patience: Option<Duration>,
}

/// The age from which an entry is refreshed: see [`refresh_after`](crate::CacheBuilder::refresh_after).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshAfter {
    /// So long after it was computed.
    Age(Duration),
    /// After this part of its life, more than 0 and less than 1.
    Part(Float<f64>),
}

impl RefreshAfter {
    /// The age of an entry with this life.
    pub(crate) fn of(self, life: Duration) -> Duration {
        match self {
            Self::Age(age) => age,
            // A life without an end has no parts.
            Self::Part(_) if life == Duration::MAX => Duration::MAX,
            Self::Part(Float(part)) => {
                Duration::try_from_secs_f64(life.as_secs_f64() * part).unwrap_or(Duration::MAX)
            }
        }
    }
}

impl CacheParameters {
    /// The `maxsize` of a cache for which none was chosen, as in Python.
    pub const DEFAULT_MAXSIZE: usize = 128;

    /// How long an entry lives that is stored and not used, if that life ends.
    pub(crate) fn idle_life(&self) -> Option<Duration> {
        self.tti.filter(|tti| !tti.is_zero() && *tti != Duration::MAX)
    }
}

impl fmt::Display for CacheParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{}: ", self.name)?;
        }
        match self.maxsize {
            Some(maxsize) => write!(f, "maxsize = {maxsize}")?,
            None => f.write_str("maxsize = unbounded")?,
        }
        if let Some(ttl) = self.ttl {
            write!(f, ", ttl = \"{}\"", Spelled(ttl))?;
        }
        if self.ttl_by_value {
            f.write_str(", ttl = |value| ..")?;
        }
        if let Some(tti) = self.tti {
            write!(f, ", tti = \"{}\"", Spelled(tti))?;
        }
        if let Some(jitter) = self.jitter {
            write!(f, ", jitter = \"{}\"", Spelled(jitter))?;
        }
        if let Some(ttl) = self.err_ttl {
            write!(f, ", err_ttl = \"{}\"", Spelled(ttl))?;
        }
        match self.refresh_after {
            None => {}
            Some(RefreshAfter::Age(age)) => write!(f, ", refresh_after = \"{}\"", Spelled(age))?,
            Some(RefreshAfter::Part(part)) => write!(f, ", refresh_after = {part}")?,
        }
        if let Some(kept) = self.stale_if_error {
            write!(f, ", stale_if_error = \"{}\"", Spelled(kept))?;
        }
        if let Some(retry) = self.retry_after {
            write!(f, ", retry_after = \"{}\"", Spelled(retry))?;
        }
        write!(f, ", scope = \"{}\"", self.scope)?;
        if !self.single_flight {
            f.write_str(", single_flight = false")?;
        }
        match self.patience {
            None => {}
            Some(Duration::MAX) => f.write_str(", patience = unlimited")?,
            Some(patience) => write!(f, ", patience = \"{}\"", Spelled(patience))?,
        }
        Ok(())
    }
}

/// A duration in the syntax of the attribute, `1h 30m`, or `forever` for the longest one.
pub(crate) struct Spelled(pub(crate) Duration);

impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 7] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if self.0.as_secs() == u64::MAX {
            return f.write_str("forever");
        }
        let mut rest = self.0.as_nanos();
        if rest == 0 {
            return f.write_str("0s");
        }
        let mut space = "";
        for (unit, name) in UNITS {
            if rest >= unit {
                write!(f, "{space}{}{name}", rest / unit)?;
                rest %= unit;
                space = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_in_the_syntax_of_the_attribute() {
        let spelled = |duration| Spelled(duration).to_string();
        assert_eq!(spelled(Duration::from_secs(1800)), "30m");
        assert_eq!(spelled(Duration::from_secs(5400)), "1h 30m");
        assert_eq!(spelled(Duration::from_millis(1250)), "1s 250ms");
        assert_eq!(spelled(Duration::from_secs(86_400)), "1d");
        assert_eq!(spelled(Duration::ZERO), "0s");
        assert_eq!(spelled(Duration::MAX), "forever");
        assert_eq!(spelled(Duration::from_secs(u64::MAX)), "forever");
    }
}
