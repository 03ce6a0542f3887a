//! The error messages of the attribute, and programs that must compile without any.
//!
//! After a change of messages, run `TRYBUILD=overwrite cargo test --test ui` and read the diff.
//!
//! A terminal shows equal errors once, and an editor shows each of them. So the number of errors in each case is
//! counted in the compiler's JSON as well. The compiler itself joins equal errors unless it is incremental, as
//! in an editor. `UI_CASE=bounds/` restricts the count to the paths that contain the text.

#[path = "common/compiler.rs"]
mod compiler;

use compiler::{is_pinned, rustc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use trybuild::TestCases;

const TOPICS: &[&str] = &[
    "async_fns",
    "bounds",
    "conflicts",
    "durations",
    "generics",
    "impl_blocks",
    "methods",
    "names",
    "options",
    "private",
    "refresh",
    "signature",
    "tiers",
];

#[test]
fn every_mistake_is_explained() {
    if !is_pinned() {
        return;
    }
    let cases = TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    for topic in TOPICS {
        cases.compile_fail(format!("tests/ui/{topic}/*.rs"));
    }
}

/// A case makes one mistake, or as many as its line `// errors: 2` says. The compiler reports it once, or at most as
/// often as the line `// repeats: 2` says: the expressions of `key`, `cache` and `tags` stand in several generated functions.
#[test]
fn one_mistake_is_one_error() {
    if !is_pinned() {
        return;
    }
    let compiler = Compiler::new();
    let mut cases: Vec<PathBuf> = sources(Path::new("tests/ui"));
    cases.extend(TOPICS.iter().flat_map(|topic| sources(&Path::new("tests/ui").join(topic))));
    if let Ok(filter) = env::var("UI_CASE") {
        cases.retain(|case| case.to_string_lossy().contains(&filter));
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let source = fs::read_to_string(case).expect("the case can be read");
            let (expected, repeats) = (number(&source, "errors"), number(&source, "repeats"));
            let mut errors = BTreeMap::<_, usize>::new();
            for error in compiler.errors(case) {
                *errors.entry(error).or_default() += 1;
            }
            if errors.len() != expected || errors.values().max() > Some(&repeats) {
                let (case, found) = (case.display(), errors.len());
                let errors: Vec<_> =
                    errors.iter().map(|(error, n)| format!("{n}x {error}")).collect();
                let errors = errors.join("\n");
                let text = format!("{case}: {found} errors, expected {expected}\n{errors}");
                wrong.lock().expect("no panic").push(text);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut wrong = wrong.into_inner().expect("no panic");
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {}\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

#[test]
fn names_attributes_and_lints_of_callers_are_left_alone() {
    TestCases::new().pass("tests/ui/pass/*.rs");
}

/// The number in a line like `// errors: 2` of a case. It is one if there is no such line.
fn number(source: &str, what: &str) -> usize {
    let line = format!("// {what}: ");
    let number = source.lines().find_map(|it| it.strip_prefix(&line));
    number.map_or(1, |number| number.parse().expect("a number"))
}

/// The `.rs` files of a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("the folder can be read");
    let files = files.map(|file| file.expect("the folder can be read").path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

/// Checks one file with rustc alone, against the library that this test was built with.
struct Compiler {
    rlib: PathBuf,
    output: PathBuf,
}

impl Compiler {
    fn new() -> Self {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["test", "--test", "ui", "--no-run", "--offline", "--message-format=json"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        // .../target/debug/deps/ui-0123456789abcdef
        let test = env::current_exe().expect("the test has a path");
        let target = test.ancestors().nth(3).expect("the test is in a target folder");
        let built = cargo.env("CARGO_TARGET_DIR", target).output().expect("cargo runs");
        let built = String::from_utf8_lossy(&built.stdout).into_owned();
        let artifacts = built.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let rlib = artifacts
            .filter(|artifact| artifact["target"]["name"] == "memofn")
            .filter_map(|artifact| artifact["filenames"][0].as_str().map(PathBuf::from))
            .find(|file| file.extension().is_some_and(|ending| ending == "rlib"))
            .expect("cargo names the library");
        let output = target.join("tests").join("ui");
        let _ = fs::remove_dir_all(&output);
        fs::create_dir_all(&output).expect("the folder can be made");
        Self { rlib, output }
    }

    /// The first lines of the errors in a file, each with its place.
    fn errors(&self, case: &Path) -> Vec<String> {
        let mut external = OsString::from("memofn=");
        external.push(&self.rlib);
        let mut dependencies = OsString::from("dependency=");
        dependencies.push(self.rlib.parent().expect("the library is in a folder"));
        let session = self.output.join(case.file_stem().expect("the case has a name"));
        let mut incremental = OsString::from("incremental=");
        incremental.push(&session);
        let mut rustc = Command::new(rustc());
        rustc
            .args(["--edition=2024", "--emit=metadata", "--error-format=json", "--extern"])
            .arg(external)
            .arg("-L")
            .arg(dependencies)
            .arg("-C")
            .arg(incremental)
            .arg("--out-dir")
            .arg(&session)
            .arg(case);
        let report = rustc.output().expect("rustc runs").stderr;
        let report = String::from_utf8_lossy(&report).into_owned();
        let messages = report.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        messages.filter_map(|message| place_of_error(&message)).collect()
    }
}

/// The place and the text of an error. The compiler's last message, which counts them, has no place.
fn place_of_error(message: &Value) -> Option<String> {
    if message["level"] != "error" {
        return None;
    }
    let place = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true);
    let text = message["message"].as_str().unwrap_or_default();
    match place {
        Some(place) => Some(format!("{}:{} {text}", place["line_start"], place["column_start"])),
        None if text.starts_with("aborting") => None,
        None => Some(text.to_owned()),
    }
}
