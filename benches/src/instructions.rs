//! Counts the instructions of one call with callgrind. The counts do not depend on the load of the machine.
//!
//! Without arguments, it prints the counts and records them in `benches/instructions.txt`. With `--check`, it
//! prints what has changed since. The count of one call is the difference between two runs of different length.
//! Hash seeds are random, so each count is taken several times, and the least is used.

mod polled;

use memofn::memoize;
use polled::polled;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hash::Hash;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

/// Calls in the shorter and the longer run.
const CALLS: [u64; 2] = [10_000, 60_000];

/// How often each scenario is counted.
const REPEATS: usize = 3;

const KEYS: u64 = 256;

fn body(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[memoize(maxsize = 1024)]
fn plain(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024)]
fn generic<K: Hash + Eq + Clone + Send + Sync + Into<u64> + 'static>(key: K) -> u64 {
    body(key.into())
}

#[memoize(maxsize = 1024)]
fn text(label: &str, number: u32) -> Arc<str> {
    format!("{label} {number}").into()
}

#[memoize(maxsize = 1024, ttl = "1h")]
fn ttl(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024, ttl = "1h")]
#[allow(clippy::unnecessary_wraps, reason = "as the next one")]
fn ttl_of_result(key: u64) -> Result<u64, String> {
    Ok(body(key))
}

// Without `err_ttl`: that has hits clone a `Result`.
#[memoize(maxsize = 1024, ttl = |_| Duration::from_secs(3600), jitter = "1m", refresh_after = "50m",
    stale_if_error = "1h", tags = [key.to_string()], on_evict = |_, _, _| ())]
#[allow(clippy::unnecessary_wraps, reason = "`stale_if_error` needs one")]
fn all_about_ttl(key: u64) -> Result<u64, String> {
    Ok(body(key))
}

#[memoize(maxsize = 1024, tti = "1h")]
fn tti(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024, scope = "thread")]
fn thread_lru(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = unbounded)]
fn unbounded(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = unbounded, scope = "thread")]
fn thread_unbounded(key: u64) -> u64 {
    body(key)
}

#[memoize(maxsize = 1024)]
#[allow(clippy::unused_async, reason = "what is memoized is async")]
async fn awaited(key: u64) -> u64 {
    body(key)
}

/// A scenario: its name, and so many calls of it.
type Scenario = (&'static str, fn(u64));

const SCENARIOS: [Scenario; 16] = [
    ("an empty loop", |calls| hit(calls, body)),
    ("hit, u64", |calls| hit(calls, plain)),
    ("hit, generic", |calls| hit(calls, generic::<u64>)),
    ("hit, (&str, u32)", hit_text),
    ("hit, ttl", |calls| hit(calls, ttl)),
    ("hit, ttl, a Result", |calls| hit_result(calls, ttl_of_result)),
    ("hit, all about time", |calls| hit_result(calls, all_about_ttl)),
    ("hit, tti", |calls| hit(calls, tti)),
    ("hit, thread", |calls| hit(calls, thread_lru)),
    ("hit, thread, unbounded", |calls| hit(calls, thread_unbounded)),
    ("hit, async", |calls| polled(hit_async(calls))),
    ("miss and evict", |calls| miss(calls, plain)),
    ("miss and evict, thread", |calls| miss(calls, thread_lru)),
    ("miss, unbounded", |calls| miss(calls, unbounded)),
    ("miss, thread, unbounded", |calls| miss(calls, thread_unbounded)),
    ("miss and evict, async", |calls| polled(miss_async(calls))),
];

fn hit(calls: u64, call: impl Fn(u64) -> u64) {
    for key in 0..calls {
        black_box(call(black_box(key % KEYS)));
    }
}

fn hit_result(calls: u64, call: impl Fn(u64) -> Result<u64, String>) {
    for key in 0..calls {
        let _ = black_box(call(black_box(key % KEYS)));
    }
}

async fn hit_async(calls: u64) {
    for key in 0..calls {
        black_box(awaited(black_box(key % KEYS)).await);
    }
}

fn hit_text(calls: u64) {
    let keys: Vec<String> = (0..KEYS).map(|number| format!("city number {number}")).collect();
    for number in 0..calls {
        let place = usize::try_from(number % KEYS).unwrap_or(0);
        black_box(text(black_box(&keys[place]), black_box(7)));
    }
}

fn miss(calls: u64, call: impl Fn(u64) -> u64) {
    for key in 0..calls {
        black_box(call(black_box(key)));
    }
}

async fn miss_async(calls: u64) {
    for key in 0..calls {
        black_box(awaited(black_box(key)).await);
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => record(),
        ["--check"] => check(),
        // Run by callgrind.
        ["--calls", scenario, calls] => run(scenario, calls),
        _ => Err("usage: instructions [--check]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(scenario: &str, calls: &str) -> Result<(), Box<dyn Error>> {
    let found = SCENARIOS.iter().find(|(name, _)| *name == scenario);
    let (_, run) = found.ok_or_else(|| format!("no scenario is called `{scenario}`"))?;
    run(calls.parse()?);
    Ok(())
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

fn record() -> Result<(), Box<dyn Error>> {
    let mut table =
        String::from("# Instructions of one call, by `cargo run -p memofn-bench --release");
    table.push_str(" --bin instructions`.\n");
    for (name, _) in SCENARIOS {
        writeln!(table, "{name:<24}{:>8.1}", instructions(name)?)?;
    }
    print!("{table}");
    std::fs::write(file(), table)?;
    Ok(())
}

fn check() -> Result<(), Box<dyn Error>> {
    let recorded = recorded()?;
    println!("{:<24}{:>10}{:>10}{:>10}", "", "recorded", "now", "change");
    for (name, _) in SCENARIOS {
        let now = instructions(name)?;
        match recorded.get(name) {
            Some(before) => {
                let change = 100.0 * (now / before - 1.0);
                println!("{name:<24}{before:>10.1}{now:>10.1}{change:>+9.1}%");
            }
            None => println!("{name:<24}{:>10}{now:>10.1}", "-"),
        }
    }
    Ok(())
}

fn recorded() -> Result<HashMap<String, f64>, Box<dyn Error>> {
    let table = std::fs::read_to_string(file())?;
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.rsplit_once(' '));
    pairs.map(|(name, count)| Ok((name.trim().to_owned(), count.parse()?))).collect()
}

/// The instructions of one call in the scenario.
#[allow(clippy::cast_precision_loss)]
fn instructions(scenario: &str) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let [fewer, more] = CALLS;
        let added = counted(scenario, more)?.saturating_sub(counted(scenario, fewer)?);
        least = least.min(added as f64 / (more - fewer) as f64);
    }
    Ok(least)
}

/// The instructions of `calls` calls and of everything around them.
fn counted(scenario: &str, calls: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--calls", scenario, &calls.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    match collected {
        Some(count) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("callgrind failed:\n{said}").into()),
    }
}
