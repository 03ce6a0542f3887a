//! The runtime of [`memofn`](https://docs.rs/memofn): caches, keys, stores, single flight, counters.
//!
//! Use it through `memofn`. Imports run one way, from the bottom of this list to its top:
//!
//! | | |
//! |---|---|
//! | `sync`, `supplied`, `fences`, `few` | threads, and what else everything stands on |
//! | `clock`, `stats`, `parameters` | time, what is counted, what was asked for |
//! | `reading`, `readers`, `scope` | who reads without a lock, and who shares a cache |
//! | `party` | who runs bodies, and waits |
//! | `head`, `entry` | what is kept of a call |
//! | `table`, `ranks`, `ages`, `store` | what is stored: by hash, by recency, by age |
//! | `watch`, `wait`, `graph`, `flight` | who waits for computations under way |
//! | `index`, `limbo`, `keeper`, `engine` | what the lock guards, what becomes of dead entries, and the protocol |
//! | `hash` | what all caches hash with |
//! | `float`, `form`, `key` | how arguments are looked up and owned |
//! | `policy` | what is stored of a result |
//! | `demand`, `kept`, `outcome` | how expansions ask for `Hash`, `Send`, `Clone`; what kinds of results there are |
//! | `cache`, `answer`, `run`, `inquiry`, `call` | the handle of a cache, and the two halves of a call |
//! | `registry`, `report` | all caches of the process |
//! | `builder`, `by_hand`, `instances`, `site` | caches as users make them, and as memoized functions do |
#![deny(unsafe_code)]

mod ages;
mod answer;
#[cfg(all(test, memofn_models))]
mod async_models;
#[cfg(all(test, not(memofn_models)))]
mod async_tests;
mod builder;
mod by_hand;
mod cache;
mod call;
mod clock;
mod contained;
mod demand;
mod engine;
mod entry;
#[cfg(all(test, not(memofn_models)))]
mod executor;
#[cfg(all(test, memofn_models))]
mod explorer;
mod fences;
mod few;
mod flight;
mod float;
mod form;
mod graph;
mod hash;
mod head;
mod here;
mod index;
mod inquiry;
mod instances;
mod keeper;
mod kept;
mod key;
#[cfg(all(test, memofn_models))]
mod ledger;
mod limbo;
#[cfg(all(test, memofn_loom))]
mod litmus;
#[cfg(all(test, memofn_models))]
mod lively;
#[cfg(all(test, memofn_models))]
mod models;
mod outcome;
mod parameters;
mod party;
mod policy;
mod ranks;
mod readers;
mod reading;
mod registry;
mod report;
mod run;
pub mod scope;
mod site;
mod slots;
mod stats;
mod store;
mod supplied;
mod sync;
mod table;
#[cfg(test)]
mod tests;
mod wait;
mod watch;

pub use builder::CacheBuilder;
pub use cache::{Cache, CacheEntry};
pub use float::Float;
pub use parameters::CacheParameters;
pub use registry::{CacheStatus, caches, clear_all};
pub use report::{Report, report};
pub use stats::CacheInfo;
pub use supplied::set_clock;

/// For tests of programs that use caches.
pub mod testing {
    pub use crate::clock::TestClock as Clock;
}

/// What expansions of `#[memoize]` refer to. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::answer::Answer;
    pub use crate::builder::CacheBuilder;
    pub use crate::cache::Cache;
    pub use crate::call::{
        Ask, AsyncRun, Entered, Open, Run, Step, Turn, ask, enter_async, insert, refresh,
        refresh_async,
    };
    pub use crate::demand::{key, leaf, parts};
    pub use crate::float::Float;
    pub use crate::form::{Arr, Bits, Form, Leaf, Opt, Seq, Via};
    pub use crate::here::{At, Given, Here, Missed, Places, aside, at};
    pub use crate::instances::{Instance, Of, Only};
    pub use crate::kept::{kept, kept_here, shared_key};
    pub use crate::key::Lookup;
    pub use crate::outcome::{
        Infallible, Outcome, Probe, SharesErrors, StoresAll, StoresOk, kept_result,
        kept_result_here, no_size, policy, policy_if, primitive,
    };
    pub use crate::parameters::CacheParameters;
    pub use crate::policy::{Policy, Whole};
    pub use crate::scope;
    pub use crate::site::{OptedSingle, Single, Site, Slot, label, method, site, thread_site};
    pub use crate::slots::{ThreadOwned, ThreadSlot};
    pub use crate::stats::CacheInfo;
    pub use crate::{
        __call as call, __call_in_place as call_in_place, __fallible as fallible, __kind as kind,
        __single as single, __site as site, __thread_single as thread_single,
        __thread_site as thread_site,
    };
    pub use core;
    pub use std;
}
