//! A lap that is a process: this program once more, timed by the system.

use super::lap::Lap;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs this program with these arguments. Returns its lap and what it prints.
///
/// The lap is the time that the child's main thread had a processor, from its start to its end. So it does not matter whether
/// other programs run. Where the system does not tell that time, it is wall time.
pub(crate) fn run(arguments: &[&str]) -> (Lap, String) {
    let program = std::env::current_exe().expect("this program has a path");
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started");
    let mut report = String::new();
    // The system closes the output of a child that ends after it has freed the memory.
    let output = child.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut report).expect("the child prints text");
    let wall = start.elapsed();
    // Before the child is waited for: until then the system knows it.
    let ran = ran(child.id()).unwrap_or(wall);
    assert!(child.wait().is_ok_and(|status| status.success()), "the child failed: {arguments:?}");
    (Lap { wall: ran, disturbed: false }, report)
}

/// How long the main thread of a process had a processor.
fn ran(process: u32) -> Option<Duration> {
    let schedule = fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    let ran = schedule.split_whitespace().next()?.parse().ok()?;
    (ran > 0).then(|| Duration::from_nanos(ran))
}

/// The most memory that this process had so far, in MiB. Zero if the system does not tell.
pub(crate) fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u32>().ok());
    f64::from(kib.unwrap_or(0)) / 1024.0
}
