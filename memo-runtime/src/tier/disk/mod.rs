//! The tier on `SQLite`: one file, for several processes.
//!
//! Reads go to the file by a few connections, on the thread that waits. Writes are queued, and one thread writes them. What
//! is queued answers already.
//!
//! | file | what is in it |
//! |---|---|
//! | `disk_tier` | the tier: how it asks, keeps and forgets |
//! | `shared` | the state of a tier, and how it asks its file |
//! | `queue`, `forgotten` | what is to be written, and what was forgotten since when |
//! | `writer` | the thread that writes |
//! | `marks` | what was forgotten when, for the runs of other processes |
//! | `sweep` | which records go |
//! | `reader` | connections for reading |
//! | `file`, `read_only` | opening, the schema, damaged files; files that cannot be written |
//! | `breaker`, `trouble` | what happens if a file does not work |
//! | `place`, `config`, `tiers` | which file, which bounds, all files |

mod breaker;
mod config;
mod disk_tier;
mod file;
mod forgotten;
mod marks;
pub(crate) mod place;
mod queue;
mod read_only;
mod reader;
mod shared;
mod sweep;
#[cfg(test)]
mod tests;
mod tiers;
mod trouble;
mod writer;

pub use config::{Configuration, configure};
pub use tiers::{Check, at, bytes, check, clear, path};
