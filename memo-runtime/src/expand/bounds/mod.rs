//! The bounds that an expansion puts on the user's types.
//!
//! A missing bound is *one* error, in our words, at the type that misses it. Each bound is a trait with
//! `#[diagnostic::on_unimplemented]`, and one function that asks for it: `plain`, `shaped`, `key`,
//! `shared_key` for keys; `policy`, `policy_if`, `primitive` for results; `shared`, `stored` for
//! `Send` and `Sync`; `kept_keys`, `kept`, `kept_oks`, `kept_errors` for tiers; `tag`, `tags_of` for tags. Nothing else in an expansion puts a bound on a user's type. Two tricks keep the compiler
//! from reporting more than that:
//!
//! - The function returns a *parameter* of the trait, not an associated type. If the bound is not met, the
//!   parameter stays unknown, and the compiler reports nothing about the uses of the value.
//! - A trait with a blanket implementation has a [twin](Impossible) of it that never applies. Given one candidate, the
//!   compiler selects it and reports each of its unmet bounds. Given two, it finds that neither applies, and
//!   reports the trait.
//!
//! It knows the traits of keys, results and tags. It must not know caches.

use std::convert::Infallible;

#[cfg(feature = "tier")]
pub(crate) mod kept;
pub(crate) mod key;
pub(crate) mod key_value;
pub(crate) mod result;
pub(crate) mod result_kind;
pub(crate) mod shared;
pub(crate) mod tags;

/// A bound that no type meets: that of the implementations that never apply.
pub trait Impossible {
    #[doc(hidden)]
    fn never() -> Never;
}

/// The type that an implementation returns if it never applies.
#[allow(unreachable_pub, reason = "a parameter of public traits")]
pub type Never = Infallible;
