//! How an expansion demands something of the user's types, so that what is missing is *one* error,
//! in our words, at the type that misses it.
//!
//! Every demand is a trait with `#[diagnostic::on_unimplemented]`, and one function that has it for
//! a bound: `leaf` and `parts` for arguments, `key` for `key = ..`, `policy` for what is returned,
//! `kept` for `Send` and `Sync`. Nothing else an expansion calls demands anything. Two things keep
//! the compiler from saying more than that:
//!
//! - The function returns a *parameter* of the trait, and not an associated type. When the demand is
//!   not met the parameter stays unknown, and all that is done with the value is passed over in
//!   silence.
//! - The trait has a second implementation that never applies. With one alone the compiler takes it
//!   for granted and complains about its bounds, one by one; with two it weighs them, finds that
//!   neither holds, and complains about the trait.

use std::convert::Infallible;

/// A bound that nothing meets.
pub trait Never {
    #[doc(hidden)]
    fn never() -> Nothing;
}

/// What the implementations that never apply would return.
#[allow(unreachable_pub, reason = "a parameter of public traits")]
pub type Nothing = Infallible;
