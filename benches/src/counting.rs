//! Counts what calls do, under callgrind.

pub(crate) mod atomics;
pub(crate) mod callgrind;
pub(crate) mod scenarios;
