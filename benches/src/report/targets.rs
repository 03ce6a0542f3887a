//! The targets: ratios of minima that the project aims at, and what they are in this run.

use super::table::aligned;
use crate::measure::results::Group;
use crate::names;
use crate::titles;
use serde::Serialize;
use std::fmt;

/// One ratio, and how small it is to be.
#[derive(Serialize)]
pub(crate) struct Target {
    #[serde(rename = "figure")]
    pub(crate) what: String,
    /// `None` if a scenario was not run, or has only disturbed laps.
    pub(crate) value: Option<f64>,
    pub(crate) goal: f64,
    pub(crate) stretch: f64,
}

impl Target {
    fn verdict(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(value) if value <= self.stretch => "stretch",
            Some(value) if value <= self.goal => "met",
            Some(_) => "MISSED",
        }
    }
}

/// The targets of this program. `footprint.sh` measures crates and build times.
pub(crate) fn targets(groups: &[Group]) -> Vec<Target> {
    let run = Run(groups);
    let one = |title, name| run.min(title, 0, name);
    let two = |title, name| run.min(title, 1, name);
    let (floor, ours) = (names::FLOOR, names::MEMOFN);
    let mut all = Vec::new();
    let mut add = |what: &str, value, goal, stretch| {
        all.push(Target { what: what.to_owned(), value, goal, stretch });
    };

    let hit = one(titles::HITS, ours);
    add("shared hit, u64, 1 thread / the floor", over(hit, one(titles::HITS, floor)), 2.3, 1.7);
    let peer = run.best_peer(titles::HITS, 0);
    let what = format!("shared hit, 1 thread / best shared peer ({})", named(peer));
    add(&what, over(hit, peer.map(|peer| peer.1)), 1.0, 0.8);
    let what = "shared hit, 2 threads / own 1 thread, 256 keys";
    add(what, over(two(titles::HITS, ours), hit), 0.6, 0.52);
    let what = "shared hit, 2 threads / own 1 thread, one hot key";
    add(what, over(two(titles::HOT, ours), one(titles::HOT, ours)), 0.6, 0.52);
    let peer = run.best_peer(titles::HITS, 1);
    let what = format!("shared hit, 2 threads / best shared peer there ({})", named(peer));
    add(&what, over(two(titles::HITS, ours), peer.map(|peer| peer.1)), 0.6, 0.5);

    let text = over(one(titles::TEXT, ours), one(titles::TEXT, floor));
    add("(&str, u32) hit / the borrowed floor", text, 1.5, 1.2);
    let plain = one(titles::TTL, ours);
    let added = one(titles::TTL, names::MEMOFN_TTL).zip(plain).map(|(ttl, plain)| ttl - plain);
    let what = "what a ttl adds to a hit, in units of the floor";
    add(what, over(added, one(titles::TTL, floor)), 1.7, 1.0);

    let hits = titles::THREAD_HITS;
    let bounded = over(one(hits, names::MEMOFN_THREAD), one(hits, names::MEMOIZE));
    add("thread-scope LRU hit / memoize thread-local LRU", bounded, 1.1, 0.8);
    let unbounded = over(one(hits, names::MEMOFN_THREAD_UNBOUNDED), one(hits, floor));
    add("thread-scope unbounded hit / the floor", unbounded, 1.4, 1.15);

    let faster_quick = |title, column| {
        lesser(run.min(title, column, names::QUICK), run.min(title, column, names::QUICK_WITH))
    };
    let (miss, quick) = (one(titles::MISSES, ours), faster_quick(titles::MISSES, 0));
    add("shared miss + evict / quick_cache (the faster way)", over(miss, quick), 1.3, 0.9);
    for (title, column, what) in [
        (titles::OWNING_MISSES, 0, "miss + evict of String, 1 thread"),
        (titles::OWNING_MISSES, 1, "miss + evict of String, 2 threads"),
        (titles::OWNING_MISSES, 2, "miss + evict of String, 1 thread after two"),
        (titles::OWNING_ZIPF, 0, "Zipf of String, 1 thread"),
        (titles::OWNING_ZIPF, 1, "Zipf of String, 2 threads"),
    ] {
        let ratio = over(run.min(title, column, ours), faster_quick(title, column));
        add(&format!("{what} / quick_cache (the faster way)"), ratio, 1.2, 0.9);
    }
    let misses = titles::THREAD_MISSES;
    let miss = over(one(misses, names::MEMOFN_THREAD), one(misses, names::MUTEX_LRU));
    add("thread-scope miss + evict / Mutex<lru> by hand", miss, 1.3, 1.0);

    for (column, what) in [(1, "slowest of 50 calls"), (4, "slowest of 50 calls after two threads")]
    {
        let slowest = |name| run.min(titles::EXPIRY, column, name);
        let ratio = over(slowest(names::MEMOFN_EXPIRED_MANY), slowest(names::MEMOFN_EXPIRED_FEW));
        let what = format!("{what}, 500,000 / 2,000 expired");
        add(&what, ratio, 5.0, 2.0);
    }
    for (column, what) in [(0, "String"), (1, "u64")] {
        let miss = |name| run.min(titles::ENDED, column, name);
        let ratio = over(miss(names::MEMOFN_ENDED), miss(ours));
        add(&format!("miss + evict of {what}, after 2,000 threads / before"), ratio, 1.5, 1.1);
    }
    for (column, what) in
        ["u64, 1 thread", "u64, 2 threads", "String, 1 thread", "String, 2 threads"]
            .iter()
            .enumerate()
    {
        let hit = |name| run.min(titles::IDLE, column, name);
        let ratio = over(hit(names::MEMOFN_IDLE), hit(ours));
        add(&format!("hit of {what}, beside 20 idle threads / none"), ratio, 1.2, 1.05);
    }

    let hits = titles::ASYNC_HITS;
    add("async hit / sync hit", over(one(hits, names::MEMOFN_ASYNC), one(hits, ours)), 1.5, 1.1);

    for (title, name) in [(titles::FIB, "fib"), (titles::EDIT, "edit distance")] {
        let shared = over(one(title, ours), one(title, names::CACHED));
        add(&format!("cold {name}, shared / #[cached] unbounded"), shared, 1.3, 0.9);
        let thread = one(title, names::MEMOFN_THREAD_UNBOUNDED);
        let thread = over(thread, one(title, names::MEMOIZE_UNBOUNDED));
        add(&format!("cold {name}, thread / memoize"), thread, 1.0, 0.8);
    }

    let allocations = titles::ALLOCATIONS;
    add("allocations on a hit, u64", one(allocations, ours), 0.0, 0.0);
    add("allocations on a hit, (&str, u32)", two(allocations, ours), 0.0, 0.0);
    let awaited = run.min(allocations, 2, names::MEMOFN_ASYNC);
    add("allocations on an async hit, u64", awaited, 0.0, 0.0);
    all
}

/// The targets as a table.
pub(crate) struct Table<'a>(pub(crate) &'a [Target]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["figure", "here", "goal", "stretch", ""].map(str::to_owned).to_vec();
        let rows = self.0.iter().map(|target| {
            let value = target.value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            let (goal, stretch) = (target.goal.to_string(), target.stretch.to_string());
            vec![target.what.clone(), value, goal, stretch, target.verdict().to_owned()]
        });
        writeln!(f, "## Targets\nRatios of minima in this run\n")?;
        writeln!(f, "{}", aligned(head, rows))
    }
}

/// The results, in which figures are looked up.
struct Run<'a>(&'a [Group]);

impl Run<'_> {
    /// A minimum, if there are laps that were not disturbed.
    fn min(&self, title: &str, column: usize, name: &str) -> Option<f64> {
        let group = self.0.iter().find(|group| group.title == title)?;
        let figures = group.columns.get(column)?.of(name)?;
        (!figures.disturbed).then(|| figures.min())
    }

    /// The fastest peer with one bounded cache for all threads.
    fn best_peer(&self, title: &str, column: usize) -> Option<(&'static str, f64)> {
        let group = self.0.iter().find(|group| group.title == title)?;
        let others = [names::FLOOR, names::MEMOFN];
        let figures = group.columns.get(column)?.figures.iter();
        let peers = figures.filter(|peer| !peer.disturbed && !others.contains(&peer.name));
        peers.map(|peer| (peer.name, peer.min())).min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn over(value: Option<f64>, reference: Option<f64>) -> Option<f64> {
    Some(value? / reference?)
}

fn lesser(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a?.min(b?))
}

fn named(peer: Option<(&'static str, f64)>) -> &'static str {
    peer.map_or("-", |peer| peer.0)
}
