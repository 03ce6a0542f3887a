//! Reads the attribute and the item under it, and notes each mistake in a single option or item.
//!
//! This room knows the syntax of options, functions and blocks. It must not know which function can
//! be memoized, nor what is generated.

pub(crate) mod block;
mod duration;
pub(crate) mod function;
pub(crate) mod option_row;
pub(crate) mod option_table;
pub(crate) mod options;
pub(crate) mod suggest;
mod values;
pub(crate) mod versioned;
