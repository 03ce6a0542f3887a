//! The tier below the cache of a function.
//!
//! ```text
//! // #[memoize(disk = "target/pages")]
//! CacheBuilder::new().name(..).below_of(
//!     kept(kept_keys(thread::<String>(), thread::<Vec<u8>>())), Postcard,
//!     Origin::of_function(
//!         on_disk(option_env!("CARGO_PKG_NAME"), Some(Into::into("target/pages"))),
//!         <page>::CACHE_VERSION, (module_path!(), line!()), cfg!(test),
//!     ),
//! )
//!
//! // #[memoize(tier = SHELF)]
//!     Below::own(&SHELF),
//! ```

use super::cache_types::unbounded_types;
use super::version::{constant_name, of_function};
use crate::analyze::model::Model;
use crate::parse::option_row::Value;
use crate::tokens::rewrite::underlining;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, PathArguments, ReturnType, Token, Type};

/// The call of the builder that puts a tier below the cache, if there is one.
pub(super) fn builder_call(model: &Model) -> Option<TokenStream> {
    let Model { runtime: p, options, function, .. } = model;
    let tier = match (options.tier(), options.disk()) {
        (Some(tier), _) => own(p, tier),
        (None, Some(place)) => on_disk(p, place),
        (None, None) if options.has_tier() => quote!(#p::in_redis()),
        (None, None) => return None,
    };
    let version =
        if model.context.is_module() { model.path(&constant_name()) } else { of_function(model) };
    // Errors about the types point at the user's.
    let result = match &function.sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => function.sig.ident.to_token_stream(),
    };
    let keyed = model.keyed_arguments().map(|it| &it.ty);
    let identified = options.key().map_or_else(|| quote!(#(#keyed)*), ToTokens::to_token_stream);
    let (key, value) = unbounded_types(model);
    let at =
        |types: TokenStream, place| underlining(quote!(#p::std::convert::identity(#types)), place);
    let (key, value) = (at(key, &identified), at(value, &result));
    let types = quote!(#p::kept_keys(#key, #value));
    let (method, types, codec) = match options.codec() {
        Some(codec) => (quote!(below_of_by), types, codec.to_token_stream()),
        None => (quote!(below_of), kept_by_serde(model, types, &result), quote!(#p::Postcard)),
    };
    // Only functions in the bodies of others can share a path.
    let line = if model.context.is_module() { quote!(#p::std::line!()) } else { quote!(0) };
    let site = quote!((#p::std::module_path!(), #line));
    let origin = quote!(#p::Origin::of_function(#tier, #version, #site, #p::std::cfg!(test)));
    Some(quote!(.#method(#types, #codec, #origin)))
}

/// The question whether values can be kept by `serde`. If errors are stored as well, each part of the result is asked for, and an
/// error points at it.
fn kept_by_serde(model: &Model, types: TokenStream, result: &TokenStream) -> TokenStream {
    let p = &model.runtime;
    if !model.options.store_errors() {
        let types = underlining(types, result);
        return quote!(#p::kept(#types));
    }
    let (ok, error) =
        parts_of(&model.function.sig.output).unwrap_or((result.clone(), result.clone()));
    let types = underlining(types, &ok);
    let types = underlining(quote!(#p::kept_oks(#types)), &error);
    quote!(#p::kept_errors(#types))
}

/// The two types that a result is written with, if it is.
fn parts_of(output: &ReturnType) -> Option<(TokenStream, TokenStream)> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(path) = &**ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().map(ToTokens::to_token_stream);
    let (Some(ok), Some(error), None) = (types.next(), types.next(), types.next()) else {
        return None;
    };
    Some((ok, error))
}

/// A tier of the user's. A static stays where it is.
fn own(p: &TokenStream, tier: &Expr) -> TokenStream {
    let tier = match tier {
        Expr::Path(path) => {
            let and = Token![&](Span::call_site().located_at(path.span()));
            quote!(#and #path)
        }
        tier => tier.to_token_stream(),
    };
    quote!(#p::Below::own(#tier))
}

fn on_disk(p: &TokenStream, place: &Value) -> TokenStream {
    let path = if let Some(path) = place.expr() {
        quote!(#p::Some(#p::std::convert::Into::into(#path)))
    } else {
        quote!(#p::Option::None)
    };
    quote!(#p::on_disk(#p::std::option_env!("CARGO_PKG_NAME"), #path))
}
