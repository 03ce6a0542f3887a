//! The version of a function's code, as far as its own tokens tell it. A store that outlives the process has results of
//! older code, and they must not answer.

use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::tokens::hash::TokenHash;
use quote::{ToTokens, quote};

/// The version of a function: a hash of its signature, its body, and of what decides which results are stored and found.
/// The visibility does not count.
pub(crate) fn automatic(function: &Function, options: &Options) -> u64 {
    let Function { attrs, vis: _, sig, body } = function;
    let skip = options.skip();
    TokenHash::new()
        .with("attributes", &quote!(#(#attrs)*))
        .with("signature", &sig.to_token_stream())
        .with("body", &body.to_token_stream())
        .with("key", &options.key().to_token_stream())
        .with("skip", &quote!(#(#skip),*))
        .with("cache_if", &options.cache_if().to_token_stream())
        .finish()
}
