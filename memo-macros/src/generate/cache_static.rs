//! The static that holds the cache of a function, and the functions that return the cache.
//!
//! ```text
//! // The types of the cache can be spelled:
//! fn call_site() -> CallSite<OnlyInstance, String, f64, Shared> {
//!     let options = || CacheBuilder::new().name(..);
//!     single!("temperature", options, String, f64)
//!         .call_site(kept::<String, _>(), stored::<Result<f64, WeatherError>, _, _>(kind!(..)))
//! }
//! fn cache() -> &'static Cache<String, f64> { Self::call_site().cache() }
//!
//! // Only the compiler knows the type of the key:
//! fn site() -> Site<InstanceOf<Self>, Shared> { site!("page", options, InstanceOf::<Self>::new()) }
//! fn cache() -> &'static Cache<impl Hash + Eq + .., f64> {
//!     Self::site().cache_by(|(user,): (&User,)| shared_key(user.id), stored::<..>(..))
//! }
//! ```

use super::cache_access::has_call_site;
use super::cache_types::{Types, are_spelled, key_bounds, result_bounds, types, unbounded_types};
use super::helper::Helper;
use super::names::{hygienic, report_name};
use super::renewal;
use super::tier;
use crate::analyze::model::Model;
use crate::parse::option_row::{Scope, Value};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Expr;
use syn::ext::IdentExt;

/// The functions that return the call site (or the static alone) and the cache.
pub(super) fn cache_functions(model: &Model) -> Vec<Helper> {
    if model.options.cache().is_some() {
        return Vec::new();
    }
    let p = &model.runtime;
    let types = types(model);
    let (key, result) = (key_bounds(model), result_bounds(model));
    let (instance, instance_value) = instance(model);
    let static_item = static_item(model, &types, &instance_value);
    let scope = match model.options.scope() {
        Scope::Shared => quote!(#p::scope::Shared),
        Scope::Thread => quote!(#p::scope::Thread),
    };
    let has_call_site = has_call_site(model);
    let first = match (&types.key, &types.value, &key) {
        (Some(key_type), Some(value_type), Some(key)) if has_call_site => {
            let call_site = quote!(#p::CallSite<#instance, #key_type, #value_type, #scope>);
            let body = quote!({ #static_item.call_site(#key, #result) });
            function(model, model.call_site_fn(), &call_site, body)
        }
        _ => {
            let site = quote!(#p::Site<#instance, #scope>);
            function(model, model.static_fn(), &site, quote!({ #static_item }))
        }
    };
    let first_call = model.call(&first.name);
    let body = match key {
        _ if has_call_site => quote!({ #first_call.cache() }),
        Some(key) => quote!({ #first_call.cache(#key, #result) }),
        None => {
            let key = model.key_closure();
            quote!({ #first_call.cache_by(#key, #result) })
        }
    };
    if model.shares_controls {
        return vec![first];
    }
    vec![first, cache_function(model, types, body)]
}

fn cache_function(model: &Model, types: Types, body: TokenStream) -> Helper {
    let doc = if model.context.is_module() {
        " The cache itself.".to_owned()
    } else {
        format!(" The cache of [`{0}`](Self::{0}).", model.function.sig.ident)
    };
    let cfgs = model.cfgs();
    let is_associated_type = model.context.is_trait_impl() && are_spelled(model);
    let value = types.value.and_then(|_| model.spelled_stored_type());
    let returned = cache_type(model, Types { value, ..types });
    Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        vis: model.function.vis.to_token_stream(),
        returns: is_associated_type.then(|| returned.clone()),
        ..function(model, model.cache_fn(), &returned, body)
    }
}

/// A hidden function without arguments.
pub(super) fn function(
    model: &Model,
    name: Ident,
    returned: &TokenStream,
    body: TokenStream,
) -> Helper {
    let cfgs = model.cfgs();
    let (params, bounds, attrs) = if model.context.is_module() {
        (None, None, TokenStream::new())
    } else {
        let attrs = quote!(#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]);
        (model.instance.declared(), model.instance.clause(), attrs)
    };
    Helper {
        doc: quote!(#[doc(hidden)] #(#cfgs)*),
        attrs,
        vis: TokenStream::new(),
        signature: quote!(fn #name #params () -> #returned #bounds),
        name,
        declared: None,
        returns: None,
        body,
    }
}

/// The return type of the function `cache`.
fn cache_type(model: &Model, types: Types) -> TokenStream {
    let p = &model.runtime;
    let unspelled = |traits: TokenStream| {
        let shared = (model.options.scope() == Scope::Shared)
            .then(|| quote!(+ #p::std::marker::Send + #p::std::marker::Sync));
        quote!(impl #traits #shared + 'static)
    };
    let key =
        types.key.unwrap_or_else(|| unspelled(quote!(#p::std::hash::Hash + #p::std::cmp::Eq)));
    let value = types.value.unwrap_or_else(|| unspelled(quote!(#p::Clone)));
    match model.options.scope() {
        Scope::Shared => quote!(&'static #p::Cache<#key, #value>),
        Scope::Thread => quote!(#p::Cache<#key, #value, #p::scope::Thread>),
    }
}

/// The type that tells the instantiations of a generic function apart, and its value.
fn instance(model: &Model) -> (TokenStream, TokenStream) {
    let p = &model.runtime;
    if !model.context.is_module() {
        // The only type that belongs to a method is that of a closure. It cannot be spelled.
        let options = hygienic("options");
        (quote!(impl #p::Instance), quote!(#p::InstanceOf::closure(&#options)))
    } else if is_single(model) {
        (quote!(#p::OnlyInstance), TokenStream::new())
    } else {
        (quote!(#p::InstanceOf<Self>), quote!(#p::InstanceOf::<Self>::new()))
    }
}

/// Whether the function has exactly one cache: it is not generic, and its types are spelled. In types
/// that are not spelled a macro may hide a parameter.
fn is_single(model: &Model) -> bool {
    model.context.is_module() && model.instance.is_empty() && has_call_site(model)
}

/// The static, after the closure that builds the options. The closure stands outside of the runtime's
/// macro, so that the macro's names cannot shadow the user's.
fn static_item(model: &Model, types: &Types, instance: &TokenStream) -> TokenStream {
    let p = &model.runtime;
    let (options, builder) = (hygienic("options"), builder(model));
    let name = model.function.sig.ident.unraw().to_string();
    let (key, value) = (&types.key, &types.value);
    let site = match (is_single(model), model.options.scope()) {
        (true, Scope::Shared) => quote!(#p::single!(#name, #options, #key, #value)),
        (true, Scope::Thread) => quote!(#p::thread_single!(#name, #options, #key, #value)),
        (false, Scope::Shared) => quote!(#p::site!(#name, #options, #instance)),
        (false, Scope::Thread) => quote!(#p::thread_site!(#name, #options, #instance)),
    };
    quote! {
        let #options = || #builder;
        #site
    }
}

/// The builder with the options, in the order in which they are written.
fn builder(model: &Model) -> TokenStream {
    let Model { runtime: p, options, .. } = model;
    let name = report_name(model);
    let calls = options.builder_calls().map(|(method, row, value)| {
        if let Some(Value::Closure(closure)) = value {
            return by_value(model, method, closure);
        }
        let method = Ident::new(method, Span::call_site());
        let value = value.map(|value| builder_value(value, p));
        let result = &model.result;
        let failures = row.about_errors.then(|| quote!(#p::failures::<#result>(),));
        quote!(.#method(#failures #value))
    });
    let listener = options.on_evict().map(|listener| {
        let (key, value) = unbounded_types(model);
        quote!(.on_evict_of(#key, #value, #listener))
    });
    let renewal = renewal::builder_call(model);
    let tier = tier::builder_call(model);
    quote!(#p::CacheBuilder::new().name(#name) #(#calls)* #listener #renewal #tier)
}

/// The call of the builder's method for a closure over the value. The builder does not know the type of the value.
fn by_value(model: &Model, method: &str, closure: &Expr) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let (kind, method) = (model.result_kind(), format_ident!("{method}_of"));
    quote!(.#method(#p::life_of::<#result, _>(#kind, #closure)))
}

fn builder_value(value: &Value, p: &TokenStream) -> TokenStream {
    match value {
        Value::Duration(duration) => {
            let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
            quote!(#p::Duration::new(#secs, #nanos))
        }
        Value::Expr(expr) | Value::Closure(expr) => expr.to_token_stream(),
        Value::Part(part) => part.to_token_stream(),
        Value::Constant(path) => quote!(#p::constant(#path)),
        Value::Flag(on) => on.to_token_stream(),
        Value::Text(text) => text.to_token_stream(),
        Value::Path(path) => path.to_token_stream(),
        Value::NoLimit
        | Value::Caller
        | Value::Auto
        | Value::Alone
        | Value::Scope(_)
        | Value::Arguments(_)
        | Value::Items(_)
        | Value::Controls(_) => TokenStream::new(),
    }
}
