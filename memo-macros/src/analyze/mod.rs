//! Decides what a function is: its key, its cached type, its generic parameters, where its controls
//! go; and refuses a function that cannot be memoized.
//!
//! This room knows Rust's types and signatures. It must not know the runtime, nor generate code.

pub(crate) mod check;
pub(crate) mod context;
pub(crate) mod generics;
pub(crate) mod key_expression;
pub(crate) mod key_shape;
pub(crate) mod keyed;
pub(crate) mod model;
pub(crate) mod shared_controls;
pub(crate) mod stored_type;
pub(crate) mod type_names;
pub(crate) mod version;
