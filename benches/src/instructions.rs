//! Counts the instructions of one call with callgrind. The counts do not depend on the load of the machine.
//!
//! Without arguments, it prints the counts and records them in `benches/instructions.txt`. With `--check`, it
//! prints what has changed since. With `--atomics`, it counts atomic operations, locks, fences and system calls, and
//! records them in `benches/atomics.txt`; with the name of a scenario, it shows in which functions they are. The count of one call is the difference between two runs of different length.
//! Hash seeds are random, so instructions are counted several times, and the least is used.

mod counting;
mod polled;

use counting::atomics::{Counts, Disassembly, Kind};
use counting::callgrind;
use counting::scenarios::SCENARIOS;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Calls in the shorter and the longer run.
const CALLS: [u64; 2] = [10_000, 60_000];

/// How often the instructions of each scenario are counted.
const REPEATS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => record(),
        ["--check"] => check(),
        ["--atomics"] => record_atomics(),
        ["--atomics", scenario] => show_atomics(scenario),
        // Run by callgrind.
        ["--calls", scenario, calls] => run(scenario, calls),
        _ => Err("usage: instructions [--check | --atomics [SCENARIO]]".into()),
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

/// A file of recorded counts.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn record() -> Result<(), Box<dyn Error>> {
    let mut table =
        String::from("# Instructions of one call, by `cargo run -p memofn-bench --release");
    table.push_str(" --bin instructions`.\n");
    for (name, _) in SCENARIOS {
        writeln!(table, "{name:<24}{:>8.1}", instructions(name)?)?;
    }
    print!("{table}");
    std::fs::write(file("instructions.txt"), table)?;
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
    let table = std::fs::read_to_string(file("instructions.txt"))?;
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.rsplit_once(' '));
    pairs.map(|(name, count)| Ok((name.trim().to_owned(), count.parse()?))).collect()
}

/// The instructions of one call in the scenario.
fn instructions(scenario: &str) -> Result<f64, Box<dyn Error>> {
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let [fewer, more] = CALLS;
        let fewer = callgrind::instructions(scenario, fewer)?;
        least = least.min(of_one(fewer, callgrind::instructions(scenario, more)?));
    }
    Ok(least)
}

/// Counts of one call, from the counts of the shorter and the longer run.
#[allow(clippy::cast_precision_loss)]
fn of_one(fewer: u64, more: u64) -> f64 {
    more.saturating_sub(fewer) as f64 / (CALLS[1] - CALLS[0]) as f64
}

/// The operations of one call in the scenario, by kind and function.
fn atomics(disassembly: &mut Disassembly, scenario: &str) -> Result<Counts<f64>, Box<dyn Error>> {
    let [fewer, more] = CALLS.map(|calls| disassembly.counted(scenario, calls));
    let (fewer, more) = (fewer?, more?);
    let counts = more.into_iter().map(|(place, more)| {
        let fewer = fewer.get(&place).copied().unwrap_or(0);
        (place, of_one(fewer, more))
    });
    Ok(counts.collect())
}

fn record_atomics() -> Result<(), Box<dyn Error>> {
    let mut table =
        String::from("# What one call does, by `cargo run -p memofn-bench --release --bin");
    table.push_str(" instructions -- --atomics`.\n");
    let heads = ["locks", "atomics", "fences", "system calls"];
    writeln!(table, "{:<24}{:>8}{:>10}{:>8}{:>14}", "#", heads[0], heads[1], heads[2], heads[3])?;
    let mut disassembly = Disassembly::default();
    for (name, _) in SCENARIOS {
        let counts = atomics(&mut disassembly, name)?;
        let [locks, atomics, fences, system_calls] = Kind::ALL.map(|kind| {
            let counts = counts.iter().filter(|((it, _), _)| *it == kind);
            counts.fold(0.0, |sum, (_, count)| sum + count)
        });
        writeln!(table, "{name:<24}{locks:>8.2}{atomics:>10.2}{fences:>8.2}{system_calls:>14.3}")?;
    }
    print!("{table}");
    std::fs::write(file("atomics.txt"), table)?;
    Ok(())
}

/// Shows the functions in which one scenario does so.
fn show_atomics(scenario: &str) -> Result<(), Box<dyn Error>> {
    let mut counts: Vec<_> = atomics(&mut Disassembly::default(), scenario)?.into_iter().collect();
    counts.retain(|(_, count)| *count >= 0.001);
    counts.sort_by(|a, b| a.0.0.cmp(&b.0.0).then(b.1.total_cmp(&a.1)));
    for ((kind, function), count) in counts {
        println!("{:<12}{count:>8.3}  {function}", format!("{kind:?}"));
    }
    Ok(())
}
