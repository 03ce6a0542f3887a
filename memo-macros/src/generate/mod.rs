//! Writes the code that replaces a memoized function: the function, its cache, its controls.
//!
//! This room knows the paths and signatures of the runtime. It must not look for mistakes, nor read
//! the user's tokens again: the model has the facts.

mod block;
mod cache_access;
mod cache_static;
mod cache_types;
mod controls;
mod docs;
mod function;
mod helper;
mod key;
mod names;
mod original;
mod patterns;
mod renewal;
mod shared;
mod shared_controls;
mod tags;
mod tier;
mod version;
pub(crate) mod versioned;

use crate::analyze::check;
use crate::analyze::context::Context;
use crate::analyze::model::Model;
use crate::parse::block::{Block, unparsed_original};
use crate::parse::function::{Function, is_closure};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use proc_macro2::TokenStream;
use quote::quote;
use std::rc::Rc;

/// Expands `#[memoize(options)] item`.
///
/// After a mistake the output is the errors and the item as it was, so that its callers compile and an
/// editor still understands it.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    match Block::parse(item) {
        Some(Ok(block)) => block::expand(&options, block, errors),
        Some(Err(error)) => {
            errors.push(error);
            let errors = errors.into_compile_errors();
            let block = unparsed_original(item);
            quote! { #errors #block }
        }
        None => expand_function(&options, item, errors),
    }
}

fn expand_function(options: &Options, item: &TokenStream, mut errors: Errors) -> TokenStream {
    let Some(function) = errors.ok(syn::parse2::<Function>(item.clone())) else {
        let errors = errors.into_compile_errors();
        // A closure is an expression, so the output is one too.
        return if is_closure(item.clone()) {
            quote!({ #errors #item })
        } else {
            quote!(#errors #item)
        };
    };
    if let Some(uncached) = function::without_cache_if_unsized(&function, &options.runtime()) {
        return uncached;
    }
    let is_method = function.sig.receiver().is_some();
    let context = if is_method { Context::Method } else { Context::Module };
    check::function(options, &function, &context, &mut errors);
    if let Some(errors) = errors.into_compile_errors() {
        return quote! { #errors #item };
    }
    let context = Rc::new(context);
    let expand_variant =
        |variant| function::expand(&Model::new(options.clone(), variant, Rc::clone(&context)));
    function.cfg_variants().into_iter().map(expand_variant).collect()
}
