//! Runs this program under callgrind, with one scenario and so many calls.

use std::collections::HashMap;
use std::error::Error;
use std::process::Command;
use std::{env, fs, process};

/// The place of an instruction: the file it was loaded from, and its address there.
pub(crate) type Place = (String, u64);

/// The instructions of a run.
pub(crate) fn instructions(scenario: &str, calls: u64) -> Result<u64, Box<dyn Error>> {
    let said = run(scenario, calls, &["--callgrind-out-file=/dev/null"])?;
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    Ok(collected.ok_or("callgrind prints no count")?.trim().parse()?)
}

/// How often each instruction was executed in a run.
pub(crate) fn executions(
    scenario: &str,
    calls: u64,
) -> Result<HashMap<Place, u64>, Box<dyn Error>> {
    let file = env::temp_dir().join(format!("callgrind.{}", process::id()));
    let out = format!("--callgrind-out-file={}", file.display());
    let plain =
        ["--dump-instr=yes", "--dump-line=no", "--compress-strings=no", "--compress-pos=no"];
    run(scenario, calls, &[&[out.as_str()], &plain[..]].concat())?;
    let profile = fs::read_to_string(&file);
    fs::remove_file(&file)?;
    Ok(counts(&profile?))
}

/// Sums a profile up.
fn counts(profile: &str) -> HashMap<Place, u64> {
    let mut counts = HashMap::new();
    let mut object = "";
    let mut lines = profile.lines();
    while let Some(line) = lines.next() {
        if let Some(named) = line.strip_prefix("ob=") {
            object = named;
        } else if line.starts_with("calls=") {
            // The next line has what the callee did, which is counted there.
            lines.next();
        } else if let Some((address, count)) = executed(line) {
            *counts.entry((object.to_owned(), address)).or_default() += count;
        }
    }
    counts
}

/// An address and a count.
fn executed(line: &str) -> Option<(u64, u64)> {
    let (address, count) = line.strip_prefix("0x")?.split_once(' ')?;
    Some((u64::from_str_radix(address, 16).ok()?, count.parse().ok()?))
}

/// Returns what callgrind prints.
fn run(scenario: &str, calls: u64, options: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(options)
        .arg(env::current_exe()?)
        .args(["--calls", scenario, &calls.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("callgrind failed:\n{said}").into())
    }
}
