//! Caches whose keys and values call them again.
//!
//! A [`Program`] lists the steps of one or three threads, and the steps that `Eq`, `Hash`, `Clone`, `Drop` and bodies do
//! meanwhile. A hook may also panic. [`run`] runs a program and reports its faults: an object that was leaked, dropped
//! twice or used after its drop; more entries than `maxsize`; the value of another key; counters that do not add up; in one
//! thread, contents or an order that differ from the model's.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each front end uses only a part")]

mod actors;
mod machine;
mod model;
mod program;

#[allow(unused_imports, reason = "each test file uses only some of these")]
pub use machine::{Outcome, run};
pub use program::Program;
