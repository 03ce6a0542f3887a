//! Models of the protocols, whose threads are scheduled in many orders, and litmus tests of the fences.

#[cfg(memofn_models)]
mod blocking;
#[cfg(memofn_models)]
mod explorer;
#[cfg(memofn_models)]
mod ledger;
#[cfg(memofn_loom)]
mod litmus;
#[cfg(memofn_models)]
mod liveness;
#[cfg(memofn_models)]
mod polled;
