//! The values of options: as they are, or as texts that may be wrong.

use crate::tier::redis::config::{Coherence, ConfigError};
use crate::tier::time::sealed::Time;
use std::time::Duration;

/// A value of an option of [`Setup`](crate::redis::Setup): a `T`, or a text for one.
///
/// A text may be wrong. So an option that is set by a text gives a `Result`:
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> Result<(), memofn::redis::ConfigError> {
/// let setup = memofn::redis::connect("redis://cache.local/0")?;
/// let setup = setup.timeout(Duration::from_millis(100)).lease("10s")?.coherence("strict")?;
/// assert!(setup.timeout("100 parsecs").is_err());
/// # Ok(())
/// # }
/// ```
pub trait Setting<T>: Sized {
    /// The options with the value.
    type Set<S>;

    /// Sets the option of this name.
    #[doc(hidden)]
    fn set<S>(self, name: &str, set: impl FnOnce(T) -> S) -> Self::Set<S>;
}

impl Setting<Self> for Duration {
    type Set<S> = S;

    fn set<S>(self, _: &str, set: impl FnOnce(Self) -> S) -> S {
        set(self)
    }
}

impl Setting<Duration> for &str {
    type Set<S> = Result<S, ConfigError>;

    fn set<S>(self, name: &str, set: impl FnOnce(Duration) -> S) -> Result<S, ConfigError> {
        self.read().map(set).map_err(|error| ConfigError(format!("`{name}`: {error}")))
    }
}

impl Setting<Self> for Coherence {
    type Set<S> = S;

    fn set<S>(self, _: &str, set: impl FnOnce(Self) -> S) -> S {
        set(self)
    }
}

impl Setting<Coherence> for Duration {
    type Set<S> = S;

    fn set<S>(self, _: &str, set: impl FnOnce(Coherence) -> S) -> S {
        set(self.into())
    }
}

impl Setting<Coherence> for &str {
    type Set<S> = Result<S, ConfigError>;

    fn set<S>(self, name: &str, set: impl FnOnce(Coherence) -> S) -> Result<S, ConfigError> {
        match self {
            "strict" => Ok(set(Coherence::Strict)),
            "none" => Ok(set(Coherence::None)),
            text => match text.read() {
                Ok(time) => Ok(set(Coherence::Within(time))),
                Err(error) => {
                    Err(ConfigError(format!("`{name}`: {error}, or \"strict\" or \"none\"")))
                }
            },
        }
    }
}
