//! The runtime of [`memofn`](https://docs.rs/memofn): caches, keys, stores, single flight, counters.
//!
//! Use it through `memofn`. The runtime is a house of rooms. Imports run downwards only, from the top of this
//! list to its end; each room says what it knows and what it must not know. `docs/design.md` explains how they
//! work together.
//!
//! | room | what is in it |
//! |---|---|
//! | `expand` | what the expansions of `#[memoize]` call |
//! | `cache` | the public handle, its builder, the registry, the report |
//! | `call` | one call, from its arguments to its result |
//! | `tier` | records, and the tiers below a cache that keep them |
//! | `engine` | the protocol: a hit without the lock, a miss under it |
//! | `store` | stored entries: by hash, by recency, by deadline, by tag; entries taken out |
//! | `flight` | single flight: runs and their waiters |
//! | `entry` | the header, key and value of one call |
//! | `scope` | shared and thread-local readers, hazard pointers, runners |
//! | `key` | how arguments are looked up and owned |
//! | `config` | parameters and counters |
//! | `base` | threads, fences, clocks, the alarm |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![allow(clippy::module_inception, reason = "the main file of a room has the room's name")]

mod base;
mod cache;
mod call;
mod config;
mod engine;
mod entry;
mod expand;
mod flight;
mod key;
#[cfg(all(test, any(memofn_loom, memofn_models)))]
mod models;
pub mod scope;
mod store;
#[cfg(test)]
mod tests;
#[cfg(feature = "tier")]
#[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
pub mod tier;

pub use base::supplied_clock::set_clock;
pub use cache::builder::CacheBuilder;
pub use cache::by_hand::collection::CacheIter;
pub use cache::by_hand::many::ManyValues;
pub use cache::by_hand::memoized::{
    Memoized, MemoizedRec, memoize_fn, memoize_fn_with, memoize_rec, memoize_rec_with,
    try_memoize_fn,
};
pub use cache::cache::{Cache, CacheEntry};
#[cfg(feature = "tier")]
#[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
pub use cache::registry::flush;
pub use cache::registry::{CacheStatus, caches, clear_all, expire_tag, invalidate_tag};
pub use cache::report::{Report, report};
pub use call::cache_call::{CacheCall, CallStatus};
pub use config::parameters::{CacheParameters, RefreshAfter};
pub use config::stats::CacheInfo;
pub use engine::switch::{enabled, set_enabled};
pub use key::float::Float;
pub use store::cause::EvictionCause;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use tier::redis;

#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
/// The counters of all caches in the metrics of the program.
pub mod metrics {
    pub use crate::cache::metrics::publish;
}

#[cfg(feature = "disk")]
#[cfg_attr(docsrs, doc(cfg(feature = "disk")))]
/// The files of functions with the option `disk`: where they are, how large, and what is in them.
pub mod disk {
    pub use crate::tier::disk::{Check, Configuration, at, bytes, check, clear, configure, path};
}

/// The types of the controls of most functions, which messages of the compiler and documentation name.
///
/// `#[memoize] fn area(width: u64, label: &str) -> u64` also declares a type that is called `area`. For a function in a module,
/// it is an alias of [`Controls`](controls::Controls): its arguments are a type that stands for the function, the types of
/// the arguments ([`OwnedArg<u64>`](controls::OwnedArg) and [`BorrowedArg<str>`](controls::BorrowedArg)), and the type of the result. The
/// functions of `area` are those of `Controls` for two arguments. Write `area::cache_info()`, and not these types: which
/// functions have them may change.
pub mod controls {
    pub use crate::expand::shared_controls::{
        Argument, AsyncControls, BorrowedArg, Controls, MemoizedAsyncFn, MemoizedFn, OwnedArg,
    };
}

/// For tests of programs that use caches.
pub mod testing {
    pub use crate::base::clock::TestClock as Clock;
    pub use crate::cache::isolation::{Isolation, IsolationHandle, isolate};
    pub use crate::cache::purity::{PurityCheck, check_purity};
    #[cfg(feature = "tier")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
    pub use crate::tier::switch::{TestTiers, tiers};
}

/// The items that expansions of `#[memoize]` use. Not for use by hand: they change without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::cache::builder::CacheBuilder;
    pub use crate::cache::cache::Cache;
    pub use crate::cache::given::GivenCache;
    pub use crate::call::answer::Answer;
    pub use crate::call::async_run::AsyncRun;
    pub use crate::call::cache_call::{CacheCall, Start};
    pub use crate::call::in_place::cold_call;
    pub use crate::call::renewal::{Handed, hand_to, on_own_threads, renewal_job};
    pub use crate::call::result_policy::{Policy, Whole};
    pub use crate::call::run::{Run, Turn};
    pub use crate::config::parameters::CacheParameters;
    pub use crate::config::stats::CacheInfo;
    pub use crate::engine::hit::Miss;
    #[cfg(feature = "tier")]
    pub use crate::expand::bounds::kept::{
        ErrorWithSerde, KeyWithSerialize, ValueWithSerde, kept, kept_errors, kept_keys, kept_oks,
    };
    pub use crate::expand::bounds::key::{AskClone, NotCloned, StaticKey, key, plain, shaped};
    pub use crate::expand::bounds::key_value::{
        AskKey, given_part, given_place, given_value, key_kinds, key_type,
    };
    pub use crate::expand::bounds::result::{
        constant, failures, is_str, life_of, policy, policy_if, policy_with_errors, primitive,
        renews, stored, stored_with_errors, thread_stored,
    };
    pub use crate::expand::bounds::result_kind::{
        NotResult, PolicyFor, Probe, PutMemoizeOnTheImplBlockAsWell as StandIn, ResultKind,
        SharesErrors, StoresAll, StoresOk,
    };
    pub use crate::expand::bounds::shared::{shared, shared_key, thread};
    pub use crate::expand::bounds::tags::{tag, tag_place, tag_text, tags, tags_of};
    pub use crate::expand::call_site::{CallSite, LazyCallSite, at};
    pub use crate::expand::controls::{
        Ask, ask, go_on, holding, observe, observe_async, refresh, value_of,
    };
    pub use crate::expand::copied::{Copied, MaybeCopied};
    pub use crate::expand::instances::{Instance, InstanceOf, OnlyInstance};
    pub use crate::expand::options::type_by;
    pub use crate::expand::shared_controls::{
        AsyncControls, BorrowedArg, Controls, Lifetime, MemoizedAsyncFn, MemoizedFn, OwnedArg,
        ResultOf,
    };
    pub use crate::expand::slot::{SharedSlot, SlotScope};
    pub use crate::expand::static_site::{
        OnlySite, OnlySlot, Site, TypedSlot, function, label, method, site, thread_site,
    };
    pub use crate::expand::tagged::{tagged, tags_in};
    pub use crate::expand::thread_slot::ThreadSlot;
    #[cfg(feature = "redis")]
    pub use crate::expand::tiers::in_redis;
    #[cfg(feature = "disk")]
    pub use crate::expand::tiers::on_disk;
    #[cfg(feature = "tier")]
    pub use crate::expand::tiers::{Below, Origin};

    pub use crate::expand::versions::{mixed, no_version};
    pub use crate::key::float::Float;
    pub use crate::key::lend::{Lend, lend};
    pub use crate::key::lookup::Lookup;
    pub use crate::key::shape::{
        ArrayOf, FloatBits, KeyShape, OptionOf, Plain, PointerTo, SliceOf,
    };
    pub use crate::scope;
    #[cfg(feature = "tier")]
    pub use crate::tier::codec::Postcard;
    pub use crate::{
        __call as call, __call_at_once as call_at_once, __call_in_place as call_in_place,
        __controls_of_cache as controls_of_cache, __controls_that_ask as controls_that_ask,
        __controls_that_run as controls_that_run, __fallible as fallible, __is_cloned as is_cloned,
        __key_of as key_of, __kind as kind, __list_of_controls as list_of_controls,
        __single as single, __site as site, __stand_in as stand_in,
        __thread_single as thread_single, __thread_site as thread_site,
        __unshared_kind as unshared_kind,
    };
    pub use core;
    pub use std;
    // Flat, so that the paths of an expansion are short.
    pub use std::any::type_name;
    pub use std::borrow::{Cow, ToOwned};
    pub use std::clone::Clone;
    pub use std::future::Future;
    pub use std::marker::PhantomData;
    pub use std::ops::ControlFlow;
    pub use std::option::Option::{self, None, Some};
    pub use std::primitive::{bool, u64, usize};
    pub use std::result::Result::{self, Err, Ok};
    pub use std::string::String;
    pub use std::time::Duration;
    pub use std::vec::Vec;
}
