//! Random programs of [`reentry`]. They run in child processes, which may crash.
//!
//! ```text
//! MEMOFN_FUZZ_PROGRAMS=50000 cargo test -p memo-runtime --test reentry_fuzz
//! MEMOFN_FUZZ_SEED=17 ..                   # start with this seed
//! MEMOFN_FUZZ_PROGRAM='maxsize=8: get 1' .. # run this one
//! ```
//!
//! A program that fails is made smaller while it fails, and printed in the language of `reentry_sequences`.
#![forbid(unsafe_code)]

mod reentry;

use reentry::{Program, run};
use std::env;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// The names of the environment variables.
const PROGRAMS: &str = "MEMOFN_FUZZ_PROGRAMS";
const SEED: &str = "MEMOFN_FUZZ_SEED";
const PROGRAM: &str = "MEMOFN_FUZZ_PROGRAM";
/// Tells a child which seeds to run: the first, how many, and in which steps.
const PART: &str = "MEMOFN_FUZZ_PART";

/// A program takes milliseconds. One that takes longer than this hangs, or waits for a patience to end.
const LIMIT: Duration = Duration::from_secs(30);

/// The most bytes of a program.
const MOST: usize = if cfg!(miri) { 60 } else { 240 };

/// The number of times that a program of three threads has to pass.
const REPEATS: usize = 30;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().expect("a number"))
}

fn of_seed(seed: u64) -> Program {
    Program::decode(&Program::bytes(seed, MOST))
}

#[test]
fn random_programs_of_reentrant_calls_leave_the_cache_consistent() {
    if cfg!(miri) {
        (0..number(PROGRAMS).unwrap_or(6)).map(of_seed).for_each(|it| passes(&it));
    } else if let Ok(program) = env::var(PROGRAM) {
        let program = Program::parse(&program);
        (0..if program.threads.len() > 1 { REPEATS } else { 1 }).for_each(|_| passes(&program));
    } else if let Ok(part) = env::var(PART) {
        let part: Vec<u64> = part.split(' ').map(|it| it.parse().expect("a number")).collect();
        for number in 0..part[1] {
            let seed = part[0] + number * part[2];
            println!("seed {seed}");
            passes(&of_seed(seed));
        }
    } else {
        let (programs, seed) = (number(PROGRAMS).unwrap_or(3000), number(SEED).unwrap_or(0));
        let children = thread::available_parallelism().map_or(1, usize::from).min(8) as u64;
        let parts: Vec<_> = thread::scope(|scope| {
            let parts = (0..children).map(|child| {
                let share = (programs + children - 1 - child) / children;
                let part = format!("{} {share} {children}", seed + child);
                scope.spawn(move || child_fails(PART, &part))
            });
            let parts: Vec<_> = parts.collect();
            parts
                .into_iter()
                .filter_map(|part| part.join().expect("it waits for a child"))
                .collect()
        });
        if let Some(Failure { seed, output }) = parts.into_iter().next() {
            panic!("{}", report(seed.expect("it says what it runs"), &output));
        }
    }
}

fn passes(program: &Program) {
    let faults = run(program).faults;
    assert!(faults.is_empty(), "{}\n{program}", faults.join("\n"));
}

/// The failure of a child.
struct Failure {
    /// The last seed that it began.
    seed: Option<u64>,
    output: String,
}

/// Runs this test in another process.
fn child_fails(variable: &str, value: &str) -> Option<Failure> {
    let this = env::current_exe().expect("this program has a path");
    let mut child = Command::new(this)
        .args([
            "--exact",
            "random_programs_of_reentrant_calls_leave_the_cache_consistent",
            "--nocapture",
        ])
        .env(variable, value)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let (stdout, mut stderr) =
        (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let (lines, line) = channel();
    let (out, err) = thread::scope(|scope| {
        scope.spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        let err = scope.spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut seed = None;
        let mut hangs = false;
        loop {
            match line.recv_timeout(LIMIT) {
                Ok(line) => {
                    // The name of the test may precede it.
                    let number = line.rsplit_once("seed ").and_then(|it| it.1.parse().ok());
                    seed = number.or(seed);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    hangs = true;
                    child.kill().expect("it can be ended");
                    break;
                }
            }
        }
        ((seed, hangs), err.join().expect("it reads"))
    });
    let ((seed, hangs), mut output) = (out, err);
    let status = child.wait().expect("it ends");
    if status.success() {
        return None;
    }
    if hangs {
        let _ = writeln!(output, "not over after {LIMIT:?}");
    }
    let _ = writeln!(output, "{status}");
    Some(Failure { seed, output })
}

/// Makes a program smaller while it fails, and describes the smallest.
fn report(seed: u64, output: &str) -> String {
    let mut least = of_seed(seed);
    let mut why = output.to_owned();
    // Each try starts a process.
    let mut tries = 2000;
    let fails = |program: &Program| child_fails(PROGRAM, &program.to_string()).map(|it| it.output);
    if !output.contains("not over after") {
        'smaller: while tries > 0 {
            for program in least.simpler() {
                if tries == 0 {
                    break;
                }
                tries -= 1;
                if let Some(output) = fails(&program) {
                    (least, why) = (program, output);
                    continue 'smaller;
                }
            }
            break;
        }
    }
    let why: String = why.lines().take(60).fold(String::new(), |text, line| text + line + "\n");
    format!("seed {seed} fails, as does\n\n{least}\n\nwhich says\n\n{why}")
}
