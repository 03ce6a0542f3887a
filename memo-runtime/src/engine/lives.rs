//! How long each entry of a cache lives, as the options of the cache say.
//!
//! It must not know when lives begin, or how their ends are found: that is [freshness](crate::store::freshness).

use crate::base::of_value::OfValue;
use crate::config::settings::Settings;
use crate::store::freshness;
use std::ptr::NonNull;
use std::time::Duration;

/// The options about the lives of entries.
#[derive(Debug)]
pub(crate) struct Lives {
    ttl: Option<Duration>,
    by_value: Option<OfValue<Duration>>,
}

impl Lives {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { parameters, functions } = settings;
        Self { ttl: parameters.ttl, by_value: functions.ttl }
    }

    /// How lives differ.
    pub(crate) fn kind(&self) -> freshness::Lives {
        match self.ttl {
            _ if self.differ() => freshness::Lives::Differing,
            Some(ttl) => freshness::Lives::Equal(ttl),
            None => freshness::Lives::Endless,
        }
    }

    /// The shortest life that is known beforehand, if entries expire. The function of the program may give a shorter one.
    pub(crate) fn shortest(&self) -> Option<Duration> {
        self.ttl.or(self.by_value.map(|_| Duration::MAX))
    }

    fn differ(&self) -> bool {
        self.by_value.is_some()
    }

    /// The life of an entry with this value, if it has one of its own. This calls the function of the program.
    ///
    /// # Safety
    ///
    /// There is a value at `value`, of the type of the cache.
    #[expect(unsafe_code, reason = "an engine has no types")]
    #[inline]
    pub(crate) unsafe fn of(&self, value: NonNull<()>) -> Option<Duration> {
        // SAFETY: by the condition above. The engine has checked that the function is of its type.
        self.by_value.map(|ttl| unsafe { ttl.call(value) })
    }
}
