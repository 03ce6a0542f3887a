//! The expansion of `#[memoize]` on an impl block or a trait.
//!
//! ```text
//! // Input:
//! #[memoize(ttl = "1h")]
//! impl Load for Client {
//!     type Page = String;
//!     #[memoize(skip(self))]
//!     fn load(&self, path: &str) -> Self::Page { body }
//! }
//!
//! // Output. The impl block of a trait can hold only what the trait declares, so the controls are in
//! // another trait:
//! impl Load for Client {
//!     type Page = String;
//!     fn load(&self, path: &str) -> Self::Page { return call!(..); }
//! }
//! trait ClientLoadControls: Load {
//!     fn load_uncached(&self, path: &str) -> Self::Page;
//!     type load_cache; fn load_cache() -> Self::load_cache;
//! }
//! impl ClientLoadControls for Client { .. }
//! ```

use super::function::{Expansion, without_cache_if_unsized};
use super::helper::Helper;
use crate::analyze::check;
use crate::analyze::context::{Context, ControlsTrait};
use crate::analyze::generics::arguments;
use crate::analyze::model::Model;
use crate::parse::block::{Block, Item, Kind, MemoizedItem};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::rewrite::spelled;
use proc_macro2::TokenStream;
use quote::quote;
use std::rc::Rc;
use syn::{ItemImpl, Path};

pub(super) fn expand(options: &Options, mut block: Block, mut errors: Errors) -> TokenStream {
    for item in &mut block.items {
        if let Item::Memoized(memoized) = item {
            let uncached = without_cache_if_unsized(&memoized.function, &options.runtime());
            if let Some(uncached) = uncached {
                *item = Item::Other(uncached);
            }
        }
    }
    check::block(options, &block, &mut errors);
    let context = Rc::new(Context::of_block(&block, options));
    let mut function_options = Vec::new();
    for MemoizedItem { function, options: own } in block.memoized() {
        let own = Options::parse(own.clone(), &mut errors).or_defaults(options, function);
        check::function(&own, function, &context, &mut errors);
        if let Some(self_type) = block.self_type() {
            check::self_type(&own, function, self_type, &mut errors);
        }
        function_options.push(own);
    }
    check::parameters(&block, &function_options, &mut errors);
    if let Some(errors) = errors.into_compile_errors() {
        let block = block.original();
        return quote!(#errors #block);
    }
    let mut function_options = function_options.into_iter();
    let mut helpers = Vec::new();
    let mut items = TokenStream::new();
    for item in &block.items {
        match item {
            Item::Other(tokens) => items.extend(tokens.clone()),
            Item::Memoized(memoized) => {
                let options = function_options.next().unwrap_or_default();
                for variant in memoized.function.clone().cfg_variants() {
                    let model = Model::new(options.clone(), variant, Rc::clone(&context));
                    let expansion = Expansion::of(&model);
                    items.extend(expansion.memoized);
                    helpers.extend(expansion.helpers);
                }
            }
        }
    }
    if let (Kind::TraitImpl(implementation, path), Some(controls)) =
        (&block.kind, context.controls_trait())
    {
        let implemented = block.with_items(items);
        let controls = controls_trait(options, controls, implementation, path, &helpers);
        quote!(#implemented #controls)
    } else {
        items.extend(helpers.iter().map(Helper::inherent));
        block.with_items(items)
    }
}

/// The trait with the controls, and its implementation.
fn controls_trait(
    options: &Options,
    controls: &ControlsTrait,
    block: &ItemImpl,
    path: &Path,
    helpers: &[Helper],
) -> TokenStream {
    let ControlsTrait { name, self_type, implemented, .. } = controls;
    let arguments = arguments(&block.generics);
    let vis = options.controls().map(|controls| &controls.vis);
    let clause = &block.generics.where_clause;
    let cfgs: Vec<_> = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let doc = format!(
        " The controls of the memoized functions that `{}` has as `{implemented}`.",
        spelled(self_type),
    );
    let declarations = helpers.iter().map(Helper::declaration);
    let implementations = helpers.iter().map(Helper::implementation);
    let params = (!block.generics.params.is_empty()).then(|| {
        let params = &block.generics;
        quote!(#params)
    });
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[allow(
            dead_code, non_camel_case_types, private_bounds, private_interfaces, clippy::all,
            clippy::pedantic
        )]
        #vis trait #name #params: #path #clause { #(#declarations)* }
        #(#cfgs)*
        #[allow(non_camel_case_types)]
        impl #params #name #arguments for #self_type #clause { #(#implementations)* }
    }
}
