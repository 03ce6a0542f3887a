//! The expansion of `#[versioned]`.
//!
//! ```text
//! // Input:
//! #[versioned]
//! const TABLE: [u8; 2] = [1, 2];
//!
//! // Output. A constant and a type may share a name:
//! const TABLE: [u8; 2] = [1, 2];
//! struct TABLE {}
//! impl TABLE { const CACHE_VERSION: u64 = 11400714819323198485; }
//! ```

use super::version::{constant_name, with_dependencies};
use crate::analyze::check;
use crate::parse::options::Options;
use crate::parse::versioned::VersionedItem;
use crate::tokens::errors::Errors;
use crate::tokens::hash::TokenHash;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// Expands `#[versioned(options)] item`. After a mistake the output is the errors and the item.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let is_number = matches!(options.clone().into_iter().next(), Some(TokenTree::Literal(_)));
    let options = if is_number { quote!(version = #options) } else { options };
    let options = Options::parse(options, &mut errors);
    let parsed = errors.ok(syn::parse2::<VersionedItem>(item.clone()));
    if let Some(parsed) = &parsed {
        check::versioned(&options, &parsed.name, &mut errors);
    }
    match (errors.into_compile_errors(), parsed) {
        (None, Some(parsed)) => {
            let version = version(&options, &parsed);
            quote!(#item #version)
        }
        (errors, _) => quote!(#errors #item),
    }
}

/// The constant with the version, and the type that has it.
fn version(options: &Options, item: &VersionedItem) -> TokenStream {
    let VersionedItem { attrs, vis, name, type_generics, tokens } = item;
    let p = options.runtime();
    let automatic =
        TokenHash::new().with("attributes", &quote!(#(#attrs)*)).with("item", tokens).finish();
    let version = with_dependencies(options, automatic);
    let constant = constant_name();
    let cfgs: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let doc = format!(" The version of `{name}`, for the results of functions that depend on it.");
    let companion = type_generics.is_none().then(|| {
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
            #[allow(unreachable_pub, clippy::all, clippy::pedantic, clippy::exhaustive_structs)]
            #vis struct #name {}
        }
    });
    let generics = type_generics.clone().unwrap_or_default();
    let (params, arguments, clause) = generics.split_for_impl();
    quote! {
        #companion
        #(#cfgs)*
        #[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
        impl #params #name #arguments #clause {
            #[doc = #doc]
            #vis const #constant: #p::u64 = #version;
        }
    }
}
