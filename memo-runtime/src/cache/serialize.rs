//! `Serialize` for what a program shows of its caches (feature `serde`).
//!
//! A field has the name that it has in Rust. Durations are numbers of seconds, as metrics and scripts expect them.

use crate::cache::registry::CacheStatus;
use crate::cache::report::Report;
use crate::config::parameters::{CacheParameters, RefreshAfter};
use crate::config::stats::CacheInfo;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::time::Duration;

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}

macro_rules! serialize {
    ($($(#[$doc:meta])* $ty:ident |$it:ident| { $($field:ident: $value:expr,)* })*) => {$(
        $(#[$doc])*
        ///
        /// Needs the feature `serde`.
        #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $it = self;
                let fields = [$(stringify!($field)),*].len();
                let mut fields = serializer.serialize_struct(stringify!($ty), fields)?;
                $(fields.serialize_field(stringify!($field), &$value)?;)*
                fields.end()
            }
        }
    )*};
}
serialize! {
    /// All counters and sizes, and then [`hit_ratio`](CacheInfo::hit_ratio), from 0 to 1, and
    /// [`mean_run`](CacheInfo::mean_run) and [`time_saved`](CacheInfo::time_saved) in seconds. An unknown time is
    /// `None` (in JSON `null`), and so is an unbounded `maxsize`.
    CacheInfo |info| {
        hits: info.hits,
        misses: info.misses,
        maxsize: info.maxsize,
        currsize: info.currsize,
        coalesced: info.coalesced,
        helped: info.helped,
        evictions: info.evictions,
        expirations: info.expirations,
        rejected: info.rejected,
        refreshes: info.refreshes,
        refresh_failures: info.refresh_failures,
        stale: info.stale,
        failures: info.failures,
        tier_hits: info.tier_hits,
        tier_misses: info.tier_misses,
        tier_errors: info.tier_errors,
        tier_waits: info.tier_waits,
        tier_refused: info.tier_refused,
        outdated: info.outdated,
        bypassed: info.bypassed,
        hit_ratio: info.hit_ratio(),
        mean_run: seconds(info.mean_run()),
        time_saved: seconds(info.time_saved()),
    }
    /// `ttl`, `tti`, `jitter`, `err_ttl` and `patience` are seconds. A `ttl` or `tti` of `Duration::MAX` is `None`, since both are forever. A `patience` of
    /// `Duration::MAX` stays a number, about 1.8e19: there `None` is the default rule.
    CacheParameters |parameters| {
        name: parameters.name,
        maxsize: parameters.maxsize,
        ttl: seconds(parameters.ttl.filter(|ttl| *ttl != Duration::MAX)),
        ttl_by_value: parameters.ttl_by_value,
        tti: seconds(parameters.tti.filter(|tti| *tti != Duration::MAX)),
        jitter: seconds(parameters.jitter),
        err_ttl: seconds(parameters.err_ttl.filter(|ttl| *ttl != Duration::MAX)),
        refresh_after: match parameters.refresh_after {
            Some(RefreshAfter::Age(age)) => Some(age.as_secs_f64()),
            _ => None,
        },
        refresh_part: match parameters.refresh_after {
            Some(RefreshAfter::Part(part)) => Some(part.0),
            _ => None,
        },
        stale_if_error: seconds(parameters.stale_if_error),
        retry_after: seconds(parameters.retry_after),
        scope: parameters.scope,
        single_flight: parameters.single_flight,
        patience: seconds(parameters.patience),
    }
    /// `parameters` and `info`.
    CacheStatus |status| {
        parameters: status.parameters,
        info: status.info,
        tier: status.tier,
    }
    /// `caches`: the rows of the table.
    Report |report| {
        caches: report.caches(),
    }
}
