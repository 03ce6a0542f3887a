//! The version of a function's code, as an expression.
//!
//! ```text
//! // #[memoize(depends(parse, TABLE))]
//! pub const CACHE_VERSION: u64 =
//!     mixed(11400714819323198485, &[<parse>::CACHE_VERSION, <TABLE>::CACHE_VERSION]);
//! ```

use crate::analyze::model::Model;
use crate::analyze::version::automatic;
use crate::parse::options::Options;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

/// The name of the constant in the type beside an item.
pub(super) fn constant_name() -> Ident {
    Ident::new("CACHE_VERSION", Span::call_site())
}

/// The constant in the controls.
pub(super) fn constant(model: &Model) -> TokenStream {
    let Model { runtime: p, function, .. } = model;
    let (vis, name, version) = (&function.vis, constant_name(), of_function(model));
    quote! {
        /// The version of the code. Results that a tier keeps of other versions do not answer.
        #vis const #name: #p::std::primitive::u64 = #version;
    }
}

/// The version of a function, with those of the items it depends on.
pub(super) fn of_function(model: &Model) -> TokenStream {
    let Model { options, function, .. } = model;
    with_dependencies(options, automatic(function, options))
}

/// A version, which the options may replace, with those of the items that they name.
pub(super) fn with_dependencies(options: &Options, automatic: u64) -> TokenStream {
    let own = match options.version() {
        Some(version) => version.to_token_stream(),
        None => Literal::u64_unsuffixed(automatic).into_token_stream(),
    };
    if options.depends().is_empty() {
        return own;
    }
    let (p, name) = (options.runtime(), constant_name());
    let versions = options.depends().iter().map(|path| {
        let at = name.span().located_at(path.span());
        quote_spanned!(at=> <#path>::#name)
    });
    quote! {
        #p::mixed(#own, &{
            #[allow(unused_imports)]
            use #p::Unversioned as _;
            [#(#versions),*]
        })
    }
}
