//! One call, from its arguments to its result, with the body in the middle.
//!
//! It knows results and policies, blocking and polled. It must not know the macro, or whose cache it is.

pub(crate) mod answer;
pub(crate) mod ask_below;
pub(crate) mod ask_many;
pub(crate) mod async_call;
pub(crate) mod async_run;
pub(crate) mod cache_call;
pub(crate) mod call;
pub(crate) mod in_place;
pub(crate) mod many;
mod polled_body;
pub(crate) mod renewal;
pub(crate) mod result_policy;
pub(crate) mod run;
pub(crate) mod run_guard;
pub(crate) mod slow_path;
pub(crate) mod span;
