//! The rules: which options exclude each other, and which functions cannot be memoized. Each rule
//! stands here once. Every violation is reported, not only the first.

mod arguments;
mod bounds;
mod options;
mod refresh;
mod signature;
mod tiers;

use super::context::Context;
use crate::parse::block::Block;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
pub(crate) use options::combinations;
use proc_macro2::Ident;
use syn::Type;

/// Checks one function and its options.
pub(crate) fn function(
    options: &Options,
    function: &Function,
    context: &Context,
    errors: &mut Errors,
) {
    combinations(options, errors);
    options::jitter(options, errors);
    options::fallible(options, function, errors);
    signature::qualifiers(options, function, context, errors);
    options::visibility_of_controls(options, context, errors);
    options::awaits(options, errors);
    options::listener(options, function, errors);
    options::receiver(options, function, errors);
    arguments::keyed(options, function, errors);
    bounds::of_function(options, function, errors);
    options::skipped(options, function, errors);
    options::shared_cache(options, function, errors);
    refresh::combinations(options, function, errors);
    tiers::combinations(options, errors);
    tiers::result(options, function, errors);
    tiers::depends(options, &function.sig.ident, errors);
    signature::result(options, function, errors);
}

/// Checks the options of an item under `#[versioned]`.
pub(crate) fn versioned(options: &Options, name: &Ident, errors: &mut Errors) {
    tiers::of_versioned(options, errors);
    tiers::depends(options, name, errors);
}

/// Checks the options of an impl block or a trait. Its functions are checked on their own.
pub(crate) fn block(options: &Options, block: &Block, errors: &mut Errors) {
    options::exclusions(options, errors);
    options::of_block(options, block, errors);
}

/// Checks the parameters of a block. Its functions have these options.
pub(crate) fn parameters(block: &Block, options: &[Options], errors: &mut Errors) {
    bounds::of_block(block, options, errors);
}

/// Checks a function of a block whose `Self` may borrow.
pub(crate) fn self_type(options: &Options, function: &Function, ty: &Type, errors: &mut Errors) {
    signature::borrowing_self(options, function, ty, errors);
}
