//! How long each entry of a cache lives, as the options of the cache say.
//!
//! It must not know when lives begin, or how their ends are found: that is [freshness](crate::store::freshness).

use crate::base::of_value::OfValue;
use crate::config::parameters::RefreshAfter;
use crate::config::settings::Settings;
use crate::store::freshness::{self, Life};
use std::ptr::NonNull;
use std::time::Duration;

/// How long after a refresh has failed the next one may begin, unless an option says otherwise.
const DEFAULT_RETRY: Duration = Duration::from_secs(30);

/// The options about the lives of entries.
#[derive(Debug)]
pub(crate) struct Lives {
    ttl: Option<Duration>,
    by_value: Option<OfValue<Duration>>,
    refresh_after: Option<RefreshAfter>,
    kept: Duration,
    retry_after: Duration,
}

impl Lives {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { parameters, functions } = settings;
        Self {
            ttl: parameters.ttl,
            by_value: functions.ttl,
            refresh_after: parameters.refresh_after,
            kept: parameters.stale_if_error.unwrap_or_default(),
            retry_after: parameters.retry_after.unwrap_or_else(|| {
                parameters.ttl.map_or(DEFAULT_RETRY, |ttl| ttl.min(DEFAULT_RETRY))
            }),
        }
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
        let refresh = self.refresh_after.map(|after| match after {
            RefreshAfter::Age(age) => age.min(self.retry_after),
            RefreshAfter::Part(_) => self.retry_after,
        });
        let by_value = self.by_value.map(|_| Duration::MAX);
        let kept = self.keeps().then(|| self.retry_after.min(self.kept));
        self.ttl.or(by_value).into_iter().chain(refresh).chain(kept).min()
    }

    /// How long after a run has failed that was to renew an entry the next one may begin, if there are such runs.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        (self.refresh_after.is_some() || self.keeps()).then_some(self.retry_after)
    }

    /// Whether values are kept for calls that fail.
    pub(crate) fn keeps(&self) -> bool {
        !self.kept.is_zero()
    }

    fn differ(&self) -> bool {
        self.by_value.is_some() || self.refresh_after.is_some() || self.keeps()
    }

    /// The life of an entry with this value, if it has one of its own. This calls the function of the program.
    ///
    /// # Safety
    ///
    /// There is a value at `value`, of the type of the cache.
    #[expect(unsafe_code, reason = "an engine has no types")]
    #[inline]
    pub(crate) unsafe fn of(&self, value: NonNull<()>) -> Option<Life> {
        if !self.differ() {
            return None;
        }
        // SAFETY: by the condition above. The engine has checked that the function is of its type.
        let own = self.by_value.map(|ttl| unsafe { ttl.call(value) });
        let lasts = own.or(self.ttl).unwrap_or(Duration::MAX);
        let fresh = self.refresh_after.map_or(Duration::MAX, |after| after.of(lasts));
        Some(Life { lasts, fresh, kept: self.kept })
    }
}
