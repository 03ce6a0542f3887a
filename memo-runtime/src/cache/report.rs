//! The table of all caches, as text.

use crate::cache::registry::{CacheStatus, caches};
use crate::config::parameters::Spelled;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The counters of all caches at one moment. `Display` prints an aligned table; [`report()`](report()) makes it.
///
/// A counter other than hits and misses has a column only if some cache has counted it. `saved` estimates the time that
/// the hits saved ([`CacheInfo::time_saved`](crate::CacheInfo::time_saved)). Sizes are numbers of entries. A line for each tier
/// follows the table.
///
/// ```
/// let users: memofn::Cache<u64, String> = memofn::Cache::builder().name("users").build();
/// let report = memofn::report();
/// assert!(report.to_string().starts_with("cache "));
/// assert!(report.caches().iter().any(|cache| cache.name() == "users"));
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    caches: Vec<CacheStatus>,
}

/// [`caches()`](crate::caches) as an aligned table.
///
/// ```
/// # #[memofn::memoize(name = "cube")]
/// # fn cube(n: u64) -> u64 { n * n * n }
/// # cube(3);
/// # cube(3);
/// println!("{}", memofn::report());
/// // cache  hits  misses  hit ratio    saved  size  maxsize  ttl
/// // cube      1       1     50.0 %    41 ns     1      128    –
/// ```
#[must_use]
pub fn report() -> Report {
    Report { caches: caches().collect() }
}

type Column = (&'static str, fn(&CacheStatus) -> String);

const ALWAYS: [Column; 3] = [
    ("hits", |c| grouped(c.info.hits)),
    ("misses", |c| grouped(c.info.misses)),
    ("hit ratio", |c| {
        c.info.hit_ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
    }),
];

/// Shown if some cache has saved time.
const SAVED: Column = ("saved", |c| c.info.time_saved().map_or_else(|| "–".to_owned(), rounded));

type Counter = (&'static str, fn(&CacheStatus) -> u64);

const WHEN_COUNTED: [Counter; 16] = [
    ("coalesced", |c| c.info.coalesced),
    ("helped", |c| c.info.helped),
    ("evicted", |c| c.info.evictions),
    ("expired", |c| c.info.expirations),
    ("rejected", |c| c.info.rejected),
    ("outdated", |c| c.info.outdated),
    ("bypassed", |c| c.info.bypassed),
    ("refreshes", |c| c.info.refreshes),
    ("not refreshed", |c| c.info.refresh_failures),
    ("stale", |c| c.info.stale),
    ("failed", |c| c.info.failures),
    ("tier hits", |c| c.info.tier_hits),
    ("tier misses", |c| c.info.tier_misses),
    ("tier errors", |c| c.info.tier_errors),
    ("tier waits", |c| c.info.tier_waits),
    ("tier refused", |c| c.info.tier_refused),
];

const SIZES: [Column; 3] = [
    ("size", |c| grouped(c.info.currsize as u64)),
    ("maxsize", |c| {
        c.info.maxsize.map_or_else(|| "unbounded".to_owned(), |maxsize| grouped(maxsize as u64))
    }),
    ("ttl", |c| match c.parameters.ttl {
        _ if c.parameters.ttl_by_value => "by value".to_owned(),
        ttl => spelled(ttl),
    }),
];

/// Shown if a cache has one.
const IDLE: Column = ("tti", |c| spelled(c.parameters.tti));

fn spelled(life: Option<Duration>) -> String {
    life.map_or_else(|| "–".to_owned(), |life| Spelled(life).to_string())
}

impl Report {
    /// The rows of the table.
    #[must_use]
    pub fn caches(&self) -> &[CacheStatus] {
        &self.caches
    }

    fn columns(&self) -> Vec<Vec<String>> {
        let column = |title: &str, cell: &dyn Fn(&CacheStatus) -> String| {
            std::iter::once(title.to_owned()).chain(self.caches.iter().map(cell)).collect()
        };
        let mut columns: Vec<Vec<String>> = vec![column("cache", &label)];
        columns.extend(ALWAYS.iter().map(|(title, cell)| column(title, cell)));
        let has_saved =
            |cache: &CacheStatus| cache.info.time_saved().is_some_and(|it| !it.is_zero());
        if self.caches.iter().any(has_saved) {
            columns.push(column(SAVED.0, &SAVED.1));
        }
        for (title, count) in WHEN_COUNTED {
            if self.caches.iter().any(|cache| count(cache) > 0) {
                columns.push(column(title, &|cache| grouped(count(cache))));
            }
        }
        columns.extend(SIZES.iter().map(|(title, cell)| column(title, cell)));
        if self.caches.iter().any(|cache| cache.parameters.tti.is_some()) {
            columns.push(column(IDLE.0, &IDLE.1));
        }
        columns
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.caches.is_empty() {
            return f.write_str("no cache has been used yet");
        }
        let columns = self.columns();
        let widths: Vec<usize> = columns
            .iter()
            .map(|cells| cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        for row in 0..=self.caches.len() {
            if row > 0 {
                writeln!(f)?;
            }
            for (i, (cells, width)) in columns.iter().zip(&widths).enumerate() {
                match i {
                    0 => write!(f, "{:<width$}", cells[row])?,
                    _ => write!(f, "  {:>width$}", cells[row])?,
                }
            }
        }
        let tiers: BTreeSet<_> =
            self.caches.iter().filter_map(|cache| cache.tier.as_deref()).collect();
        tiers.into_iter().try_for_each(|tier| write!(f, "\ntier: {tier}"))
    }
}

fn label(cache: &CacheStatus) -> String {
    match cache.parameters.scope {
        "thread" => format!("{} (this thread)", cache.name()),
        _ => cache.name().to_owned(),
    }
}

/// A duration with three digits or two units: `41.3 ms`, `2m 10s`.
fn rounded(duration: Duration) -> String {
    const UNITS: [(u128, &str); 4] =
        [(1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];
    const MIXED: [(u64, &str, u64, &str); 3] =
        [(60, "m", 1, "s"), (3_600, "h", 60, "m"), (86_400, "d", 3_600, "h")];
    let (nanos, secs) = (duration.as_nanos(), duration.as_secs());
    if let Some((large, name, small, rest)) = MIXED.iter().rev().find(|(unit, ..)| secs >= *unit) {
        return format!("{}{name} {}{rest}", grouped(secs / large), secs % large / small);
    }
    let (unit, name) = UNITS.into_iter().rev().find(|(unit, _)| nanos >= *unit).unwrap_or(UNITS[0]);
    let (whole, tenths) = (nanos / unit, nanos * 10 / unit % 10);
    if unit == 1 || whole >= 100 {
        format!("{whole} {name}")
    } else {
        format!("{whole}.{tenths} {name}")
    }
}

/// `1234567` as `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::builder::CacheBuilder;
    use crate::config::parameters::CacheParameters;
    use crate::config::stats::CacheInfo;
    use std::time::Duration;

    fn status(name: &'static str, info: CacheInfo, ttl: Option<u64>) -> CacheStatus {
        let parameters = CacheParameters {
            name: name.into(),
            maxsize: info.maxsize,
            ttl: ttl.map(Duration::from_secs),
            ..CacheBuilder::<u8, u8>::new().into_settings().parameters
        };
        CacheStatus { parameters, info, tier: None }
    }

    #[test]
    fn the_table_is_aligned_and_leaves_out_columns_of_zeros() {
        let fib = CacheInfo { hits: 28, misses: 16, currsize: 16, ..CacheInfo::default() };
        let city = CacheInfo {
            hits: 1_234_567,
            misses: 20,
            maxsize: Some(128),
            currsize: 20,
            coalesced: 44,
            helped: 1,
            ..CacheInfo::default()
        };
        let report = Report {
            caches: vec![
                status("fib", fib, None),
                status("weather::temperature", city, Some(1800)),
            ],
        };
        let expected = "\
cache                      hits  misses  hit ratio  coalesced  helped  size    maxsize  ttl
fib                          28      16     63.6 %          0       0    16  unbounded    –
weather::temperature  1 234 567      20    100.0 %         44       1    20        128  30m";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn the_time_saved_has_a_column_once_there_is_some() {
        let info = |hits, timed_runs, timed_nanos| CacheInfo {
            hits,
            misses: 1,
            timed_runs,
            timed_nanos,
            ..CacheInfo::default()
        };
        let slow = status("slow", info(3, 1, 20_500_000_000), None);
        let unknown = status("unknown", info(3, 0, 0), None);
        let report = Report { caches: vec![slow, unknown.clone()] };
        let expected = "\
cache    hits  misses  hit ratio  saved  size    maxsize  ttl
slow        3       1     75.0 %  1m 1s     0  unbounded    –
unknown     3       1     75.0 %      –     0  unbounded    –";
        assert_eq!(report.to_string(), expected);
        assert!(!Report { caches: vec![unknown] }.to_string().contains("saved"));
    }

    #[test]
    fn durations_are_rounded_for_people() {
        let nanos = |nanos| rounded(Duration::from_nanos(nanos));
        assert_eq!(
            (nanos(0), nanos(41), nanos(999)),
            ("0 ns".into(), "41 ns".into(), "999 ns".into())
        );
        assert_eq!((nanos(1_000), nanos(41_390)), ("1.0 µs".into(), "41.3 µs".into()));
        assert_eq!((nanos(413_900_000), nanos(59_990_000_000)), ("413 ms".into(), "59.9 s".into()));
        let secs = |secs| rounded(Duration::from_secs(secs));
        assert_eq!(
            (secs(60), secs(3_599), secs(3_600)),
            ("1m 0s".into(), "59m 59s".into(), "1h 0m".into())
        );
        assert_eq!((secs(90_000), secs(86_400_000)), ("1d 1h".into(), "1 000d 0h".into()));
        assert_eq!(rounded(Duration::MAX), "213 503 982 334 601d 7h");
    }

    #[test]
    fn an_empty_report_says_so() {
        assert_eq!(Report { caches: Vec::new() }.to_string(), "no cache has been used yet");
    }
}
