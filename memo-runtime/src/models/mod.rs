//! Models of the protocols, and litmus tests of the fences.
//!
//! A model runs two or three threads with a few operations each, under thousands of schedules: the explorer may switch
//! threads at each access to shared state. The models stand in one file for each claim:
//!
//! | file | claim |
//! |---|---|
//! | `blocking` | calls that block share runs and finish |
//! | `polled` | async calls share runs and finish |
//! | `stalled` | a leader that is no longer polled holds up no caller |
//! | `invalidation` | a `clear`, `remove` or `insert` hides older results from later calls |
//! | `refreshing` | a value that is renewed while others change it is never older than the last change |
//! | `idle` | no use of an entry is lost while the clock moves, and no entry answers after its end |
//! | `resizing` | a limit that changes holds at each moment |
//! | `many` | calls for many keys share runs and finish |
//! | `reclamation` | an entry is dropped after its last reader, and soon |
//! | `litmus` | the fences suffice under weak memory |
//!
//! ```text
//! RUSTFLAGS="--cfg memofn_models" cargo test -p memo-runtime --release --lib models
//! ```

#[cfg(memofn_models)]
mod blocking;
#[cfg(memofn_models)]
mod canary;
#[cfg(memofn_models)]
mod counted;
#[cfg(memofn_models)]
mod explorer;
#[cfg(memofn_models)]
mod idle;
#[cfg(memofn_models)]
mod invalidation;
#[cfg(memofn_loom)]
mod litmus;
#[cfg(memofn_models)]
mod many;
#[cfg(memofn_models)]
mod polled;
#[cfg(memofn_models)]
mod polling;
#[cfg(memofn_models)]
mod reclamation;
#[cfg(memofn_models)]
mod refreshing;
#[cfg(memofn_models)]
mod resizing;
#[cfg(memofn_models)]
mod stalled;
