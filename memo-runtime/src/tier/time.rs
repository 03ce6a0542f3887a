//! Times as a program writes them: as a duration, or as a text.

use std::time::Duration;

/// A time: a [`Duration`], or a text such as `"2s"`, `"1m 30s"` or `"250ms"`.
///
/// ```
/// use std::time::Duration;
///
/// assert!(memofn::flush("2s"));
/// assert!(memofn::flush(Duration::from_secs(2)));
/// ```
pub trait Time: sealed::Time {}

impl<T: sealed::Time> Time for T {}

pub(crate) mod sealed {
    use super::Duration;

    #[allow(unreachable_pub, reason = "it seals a public trait")]
    pub trait Time {
        /// The time, or what is wrong with the text.
        fn read(self) -> Result<Duration, String>;
    }
}

impl sealed::Time for Duration {
    fn read(self) -> Result<Duration, String> {
        Ok(self)
    }
}

impl sealed::Time for &str {
    fn read(self) -> Result<Duration, String> {
        let wrong = |why: &str| format!("`{self}` is no time such as \"2s\" or \"1m 30s\": {why}");
        if self.contains('M') {
            return Err(wrong("`M` would be months; minutes are `m`"));
        }
        humantime::parse_duration(self).map_err(|error| wrong(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Time;
    use super::*;

    #[test]
    fn a_time_is_a_duration_or_a_text() {
        let second = Duration::from_secs(1);
        assert_eq!(second.read(), Ok(second));
        assert_eq!("1s".read(), Ok(second));
        assert_eq!("1m 30s".read(), Ok(90 * second));
        for wrong in ["", "1", "s", "-1s", "1 parsec", "1M", "99999999999999999999s"] {
            let error = wrong.read().expect_err(wrong);
            assert!(error.starts_with(&format!("`{wrong}` is no time")), "{error}");
        }
    }
}
