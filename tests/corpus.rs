//! Memoized functions of many shapes: each compiles, runs and is cached.
//!
//! [`check::remembered`] makes the same claims for all shapes: the first call runs the body, the second does not,
//! and the controls find the entry.

#[path = "corpus/blocks.rs"]
mod blocks;
#[path = "corpus/check.rs"]
mod check;
mod common;
#[path = "corpus/corners.rs"]
mod corners;
#[path = "corpus/free.rs"]
mod free;
#[path = "corpus/generics.rs"]
mod generics;
#[path = "corpus/given.rs"]
mod given;
#[path = "corpus/macros.rs"]
mod macros;
#[path = "corpus/methods.rs"]
mod methods;
#[path = "corpus/patterns.rs"]
mod patterns;
#[path = "corpus/places.rs"]
mod places;
#[path = "corpus/qualifiers.rs"]
mod qualifiers;
#[path = "corpus/returns.rs"]
mod returns;
#[path = "corpus/traits.rs"]
mod traits;
#[path = "corpus/types.rs"]
mod types;
