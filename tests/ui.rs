//! The error messages of the attribute, and programs that must compile without any.
//!
//! After a change of messages, run `TRYBUILD=overwrite cargo test --test ui` and read the diff.

use std::env;
use std::process::Command;
use trybuild::TestCases;

/// The version of the compiler that wrote the `.stderr` files.
const PINNED: &str = "1.95.";

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
    "signature",
];

#[test]
fn every_mistake_is_explained() {
    let version = rustc_version();
    if !version.starts_with(PINNED) {
        println!("skipped: the .stderr files are of rustc {PINNED}x, this is {version}");
        return;
    }
    let cases = TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    for topic in TOPICS {
        cases.compile_fail(format!("tests/ui/{topic}/*.rs"));
    }
}

#[test]
fn names_attributes_and_lints_of_callers_are_left_alone() {
    TestCases::new().pass("tests/ui/pass/*.rs");
}

fn rustc_version() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    version.trim_start_matches("rustc ").trim().to_owned()
}
