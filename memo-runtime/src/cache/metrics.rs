//! The counters of all caches, for the recorder of the crate `metrics` (feature `metrics`).
//!
//! A call pays nothing: the caches count anyway, and [`publish`] reads their counters. No lock of ours is held while the
//! recorder runs, which is code of the program.

use crate::base::sync::{self, Mutex};
use crate::cache::registry::ListedCaches;
use crate::config::stats::CacheInfo;
use ::metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use std::collections::BTreeMap;

/// Sets the counters and gauges of all caches that [`caches()`](crate::caches) shows, in the recorder of the crate
/// [`metrics`](https://docs.rs/metrics) that is installed. Without one it does nothing.
///
/// Call it when the exporter asks for values, or from a timer. Each metric has the label `cache`, the name of the
/// cache. Caches of one name are added up.
///
/// | metric | kind | meaning |
/// |---|---|---|
/// | `memofn_requests_total` | counter | calls that returned, by `result`: `hit`, `joined` (it waited for the run of another call), `miss`, `bypassed` (the cache was off) |
/// | `memofn_helped_total` | counter | misses that ran the body although another call was running it |
/// | `memofn_evictions_total` | counter | entries that made room for others |
/// | `memofn_expirations_total` | counter | entries whose `ttl` ended |
/// | `memofn_rejected_total` | counter | results that were not stored: an `Err`, or refused by `cache_if` |
/// | `memofn_outdated_total` | counter | results that were not stored: their key was removed during the run |
/// | `memofn_refreshes_total` | counter | refreshes that calls have started because an entry was due |
/// | `memofn_refresh_failures_total` | counter | refreshes that have failed |
/// | `memofn_stale_total` | counter | calls that were answered after the end of the `ttl`, because a run has failed |
/// | `memofn_failures_total` | counter | runs that ended with an `Err` or a panic |
/// | `memofn_tier_hits_total` | counter | misses that a tier answered |
/// | `memofn_tier_misses_total` | counter | misses for which a tier had no value |
/// | `memofn_tier_errors_total` | counter | failures of a tier, which no caller sees |
/// | `memofn_tier_waits_total` | counter | misses that waited for the run of another process |
/// | `memofn_tier_refused_total` | counter | results that a tier did not keep |
/// | `memofn_entries` | gauge | entries stored now |
/// | `memofn_maxsize` | gauge | the most entries; missing if one of the caches is unbounded |
/// | `memofn_run_seconds` | gauge | the mean time of a run: [`mean_run`](crate::CacheInfo::mean_run) |
/// | `memofn_time_saved_seconds` | gauge | the [estimate](crate::CacheInfo::time_saved) of the time that hits saved |
///
/// The counters are absolute and never go back. `cache_clear` zeroes the counters of
/// [`CacheInfo`](crate::CacheInfo), but none of these: they count from the start of the process. If a cache is dropped, they
/// keep its counts up to the last `publish`. Its later counts are lost. A name that was published is remembered for
/// good.
///
/// A cache with `scope = "thread"` is published by its own thread only. The caches of functions in an
/// [isolation](crate::testing::isolate) are not published.
///
/// ```
/// #[memofn::memoize(name = "square")]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// square(3);
/// square(3);
/// memofn::metrics::publish(); // memofn_requests_total{cache="square",result="hit"} 1, ..
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub fn publish() {
    describe();
    for (name, sum) in read() {
        record(&name, &sum);
    }
}

/// The caches of one name.
#[derive(Debug, Default)]
struct Sum {
    /// The counts of these caches since they were made, and of those that are gone.
    totals: CacheInfo,
    entries: usize,
    /// `None` if one of them is unbounded, or none is left.
    maxsize: Option<usize>,
    /// How many there are.
    caches: usize,
}

/// The published counts of each cache. Counters do not go back when a cache is dropped.
#[derive(Debug)]
struct Ledger {
    /// By the number of the cache.
    caches: BTreeMap<u64, (String, CacheInfo)>,
    /// The sums of the caches that were dropped, by their name.
    dropped: BTreeMap<String, CacheInfo>,
}

sync::statics! {
    static LEDGER: Mutex<Ledger> =
        Mutex::new(Ledger { caches: BTreeMap::new(), dropped: BTreeMap::new() });
}

/// A cache is dropped.
pub(super) fn forget(number: u64) {
    let mut ledger = LEDGER.lock();
    if let Some((name, totals)) = ledger.caches.remove(&number) {
        ledger.dropped.entry(name).or_default().add(&totals);
    }
}

fn read() -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::<String, Sum>::new();
    // They are kept until their figures are in the ledger: one that is dropped is forgotten after that.
    let caches = ListedCaches::all();
    let mut readings = Vec::new();
    caches.for_each(|number, cache| readings.push((number, cache.status(), cache.totals())));
    let mut ledger = LEDGER.lock();
    for (number, status, totals) in readings {
        let sum = sums.entry(status.name().to_owned()).or_default();
        let maxsize = status.info.maxsize;
        sum.entries += status.info.currsize;
        sum.maxsize = match sum.caches {
            0 => maxsize,
            _ => sum.maxsize.zip(maxsize).map(|(sum, maxsize)| sum.saturating_add(maxsize)),
        };
        sum.caches += 1;
        let name = status.name().to_owned();
        let (_, known) = ledger.caches.entry(number).or_insert((name, totals));
        // Another thread may have published later figures.
        let calls = |it: &CacheInfo| it.hits + it.misses + it.bypassed;
        if calls(known) <= calls(&totals) {
            *known = totals;
        }
    }
    let Ledger { caches, dropped } = &*ledger;
    for (name, totals) in caches.values().map(|(name, totals)| (name, totals)).chain(dropped) {
        sums.entry(name.clone()).or_default().totals.add(totals);
    }
    drop(ledger);
    sums
}

/// Tells the recorder the figures of one name.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn record(name: &str, sum: &Sum) {
    let Sum { totals, entries, maxsize, .. } = sum;
    let requests = [
        ("hit", totals.hits.saturating_sub(totals.coalesced)),
        ("joined", totals.coalesced),
        ("miss", totals.misses),
        ("bypassed", totals.bypassed),
    ];
    for (result, calls) in requests {
        counter!("memofn_requests_total", "cache" => name.to_owned(), "result" => result)
            .absolute(calls);
    }
    for (metric, _, count) in COUNTERS {
        counter!(metric, "cache" => name.to_owned()).absolute(count(totals));
    }
    let set =
        |metric: &'static str, value: f64| gauge!(metric, "cache" => name.to_owned()).set(value);
    set("memofn_entries", *entries as f64);
    if let Some(maxsize) = maxsize {
        set("memofn_maxsize", *maxsize as f64);
    }
    if let (Some(run), Some(saved)) = (totals.mean_run(), totals.time_saved()) {
        set("memofn_run_seconds", run.as_secs_f64());
        set("memofn_time_saved_seconds", saved.as_secs_f64());
    }
}

type Counter = (&'static str, &'static str, fn(&CacheInfo) -> u64);

const COUNTERS: [Counter; 14] = [
    (
        "memofn_helped_total",
        "Misses that ran the body although another call was running it",
        |it| it.helped,
    ),
    ("memofn_evictions_total", "Entries that made room for others", |it| it.evictions),
    ("memofn_expirations_total", "Entries whose time to live ended", |it| it.expirations),
    ("memofn_rejected_total", "Results that were not to be stored", |it| it.rejected),
    ("memofn_outdated_total", "Results whose key was removed during the run", |it| it.outdated),
    ("memofn_refreshes_total", "Refreshes of entries that were due", |it| it.refreshes),
    ("memofn_refresh_failures_total", "Refreshes that have failed", |it| it.refresh_failures),
    ("memofn_stale_total", "Calls answered after the time to live", |it| it.stale),
    ("memofn_failures_total", "Runs that ended with an error or a panic", |it| it.failures),
    ("memofn_tier_hits_total", "Misses that a tier answered", |it| it.tier_hits),
    ("memofn_tier_misses_total", "Misses for which a tier had no value", |it| it.tier_misses),
    ("memofn_tier_errors_total", "Failures of a tier, which no caller sees", |it| it.tier_errors),
    ("memofn_tier_waits_total", "Misses that waited for another process", |it| it.tier_waits),
    ("memofn_tier_refused_total", "Results that a tier did not keep", |it| it.tier_refused),
];

/// A recorder may be installed at any time, so it is told each time.
fn describe() {
    describe_counter!("memofn_requests_total", Unit::Count, "Calls that returned, by their result");
    for (metric, description, _) in COUNTERS {
        describe_counter!(metric, Unit::Count, description);
    }
    describe_gauge!("memofn_entries", Unit::Count, "Entries stored now");
    describe_gauge!("memofn_maxsize", Unit::Count, "The most entries that may be stored");
    describe_gauge!("memofn_run_seconds", Unit::Seconds, "The mean time of a run of the body");
    describe_gauge!(
        "memofn_time_saved_seconds",
        Unit::Seconds,
        "An estimate of the time that hits saved"
    );
}
