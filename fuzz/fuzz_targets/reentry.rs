//! Decodes the bytes as a program and runs it: see `memo-runtime/tests/reentry`.
#![no_main]

#[path = "../../memo-runtime/tests/reentry/mod.rs"]
mod reentry;

use libfuzzer_sys::fuzz_target;
use reentry::{Outcome, Program, run};

fuzz_target!(|bytes: &[u8]| {
    let program = Program::decode(bytes);
    let Outcome { faults, .. } = run(&program);
    assert!(faults.is_empty(), "{}\n{program}", faults.join("\n"));
});
