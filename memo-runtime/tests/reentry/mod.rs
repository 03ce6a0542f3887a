//! Caches whose keys and values call them again.
//!
//! A [`Program`] says what one or three threads do with a cache, and what `Eq`, `Hash`, `Clone`, `Drop` and
//! bodies do meanwhile: more of the same, or panic. [`run`] runs one and says what is wrong: an object that
//! was lost, dropped twice or used after it was dropped; more entries than `maxsize`; the value of another
//! key; counters that do not add up; in one thread, contents or an order that differ from a model's.
#![forbid(unsafe_code)]
#![allow(dead_code, unreachable_pub, reason = "each front end uses a part")]

mod actors;
mod machine;
mod model;
mod program;

#[allow(unused_imports, reason = "each test file uses only some of these")]
pub use machine::{Outcome, run};
pub use program::Program;
