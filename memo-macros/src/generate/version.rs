//! The version of a function's code, as an expression.
//!
//! ```text
//! // #[memoize(depends(parse))]
//! pub const CACHE_VERSION: u64 = mixed(11400714819323198485, &[{
//!     use no_version::*; // has a type `item`: it is found if there is no type called `parse`
//!     { use parse as item; <item>::CACHE_VERSION }
//! }]);
//! ```

use super::names::hygienic;
use crate::analyze::model::Model;
use crate::analyze::version::automatic;
use crate::parse::options::Options;
use crate::tokens::rewrite::underlining;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;
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
        #vis const #name: #p::u64 = #version;
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
    let p = options.runtime();
    let versions = options.depends().iter().map(|path| dependency(&p, path));
    quote!(#p::mixed(#own, &[#(#versions),*]))
}

/// The version of an item. An error about it points at its path.
fn dependency(p: &TokenStream, path: &Path) -> TokenStream {
    let mut imported = path.clone();
    let arguments = imported.segments.last_mut().map(|last| std::mem::take(&mut last.arguments));
    let (mut item, mut name) = (hygienic("item"), constant_name());
    for word in [&mut item, &mut name] {
        word.set_span(word.span().located_at(path.span()));
    }
    let version = underlining(quote!(<#item #arguments>::#name), &path.to_token_stream());
    quote!({
        #[allow(unused_imports)]
        use #p::no_version::*;
        {
            #[allow(unused_imports)]
            use #imported as #item;
            #version
        }
    })
}
