//! Where the entries of a function are: the static it has for them, and the `cache()` control; or the
//! cache that is given with `cache = ..`.
//!
//! ```text
//! // A function whose types have names:
//! fn here() -> Here<Only, String, f64, Shared> {
//!     let options = || CacheBuilder::new().name(..);
//!     single!("temperature", options, String, f64)
//!         .here(kept::<String, _>(), kept_result::<Result<f64, WeatherError>, _, _>(kind!(..)))
//! }
//! fn cache() -> &'static Cache<String, f64> { Self::here().cache() }
//!
//! // One whose key is known to the compiler alone:
//! fn site() -> Site<Of<Self>, Shared> { site!("page", options, Of::<Self>::new()) }
//! fn cache() -> &'static Cache<impl Hash + Eq + .., f64> {
//!     Self::site().cache_by(|(user,): (&User,)| shared_key(user.id), kept_result::<..>(..))
//! }
//! ```

use crate::helper::{Helper, local};
use crate::home::{Home, Label};
use crate::model::{Model, nested};
use crate::values::{DurationValue, Maxsize, Patience, Scope};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// What the calls of the runtime's functions in one body have in common.
pub(crate) struct Access {
    /// Statements that come first.
    pub(crate) setup: TokenStream,
    pub(crate) cache: TokenStream,
    pub(crate) lookup: TokenStream,
    pub(crate) policy: TokenStream,
}

pub(crate) fn access(model: &Model) -> Access {
    access_to(model, false)
}

/// The same for a call of the function.
pub(crate) fn entrance(model: &Model) -> Access {
    access_to(model, !model.is_async())
}

/// Whether a call looks for a result at once, and does whatever else there is to do apart from that. What
/// is said of the body's own frame would not hold there.
pub(crate) fn goes_aside(model: &Model) -> bool {
    model.given().is_none() && !model.is_async() && model.of_bodies().next().is_none()
}

/// The cache of a call, where a function gives it. A trait cannot spell what that returns: the types may
/// depend on those of its implementation.
pub(crate) fn named_here(model: &Model) -> Option<TokenStream> {
    let is_named =
        model.given().is_none() && types(model).are_spelled() && !model.home.is_trait_impl();
    is_named.then(|| model.call(&model.here()))
}

/// What tells the instantiations of a function apart, as a type and as a value.
fn instance(model: &Model) -> (TokenStream, TokenStream) {
    let p = &model.runtime;
    if !model.home.is_module() {
        // There is no type beside a method but that of a closure, which has no name.
        let options = local("options");
        return (quote!(impl #p::Instance), quote!(#p::Of::closure(&#options)));
    }
    if is_single(model) {
        (quote!(#p::Only), TokenStream::new())
    } else {
        (quote!(#p::Of<Self>), quote!(#p::Of::<Self>::new()))
    }
}

/// Whether there is but one cache. Where one function that is not generic spells the types, there is no other
/// instantiation. Where they have no names, nobody can tell: what a macro hides may depend on a parameter that
/// is not seen.
fn is_single(model: &Model) -> bool {
    model.home.is_module() && model.instance.is_empty() && named_here(model).is_some()
}

/// With `of_call`, the cache is something that looks a call up.
fn access_to(model: &Model, of_call: bool) -> Access {
    let p = &model.runtime;
    let (lookup, policy) = (model.lookup(), model.policy());
    let cache = local("cache");
    let used = |cache: &Ident| if of_call { cache.to_token_stream() } else { quote!(&#cache) };
    if let Some(given) = model.given() {
        let unknown = || quote!(_);
        let key = model.key_types().map_or_else(unknown, nested);
        let value = model.stored.spelled(p, &model.result).unwrap_or_else(unknown);
        let given = quote_spanned!(given.span()=> &#given);
        let mut setup = quote!(let #cache: &#p::Cache<#key, #value, _> = #given;);
        let mut cache_used = cache.to_token_stream();
        if !model.holder_is_lent() {
            // The function takes what the cache is in: a handle of one's own stays.
            setup.extend(quote!(let #cache = #p::std::clone::Clone::clone(#cache);));
            cache_used = quote!(&#cache);
        }
        if of_call {
            setup.extend(quote!(let #cache = #p::Given::new(#cache_used);));
            cache_used = cache.to_token_stream();
        }
        return Access { setup, cache: cache_used, lookup, policy };
    }
    if named_here(model).is_some() && of_call {
        let here = model.path(&model.here());
        let setup = quote!(let #cache = #p::at(#here););
        return Access { setup, cache: used(&cache), lookup, policy };
    }
    if types(model).are_spelled() && !of_call {
        let call = model.call(&model.cache());
        if model.is_async() {
            // It is used by more than one statement.
            let setup = quote!(let #cache = #call;);
            return Access { setup, cache: used(&cache), lookup, policy };
        }
        return Access { setup: TokenStream::new(), cache: quote!(&#call), lookup, policy };
    }
    let site = model.call(&model.site());
    let kept = kept_result(model);
    let (of, for_key) = if of_call { ("here", "here_for") } else { ("cache", "cache_for") };
    let (of, for_key) = (format_ident!("{of}"), format_ident!("{for_key}"));
    if let Some(key) = kept_key(model) {
        let setup = quote!(let #cache = #site.#of(#key, #kept););
        return Access { setup, cache: used(&cache), lookup, policy };
    }
    // The look-up tells the type of the key.
    let key = local("key");
    // What the key has moved is missed here, at its name, and not where it goes aside.
    let aside = of_call && goes_aside(model);
    let moved = model.keyed().map(|it| &it.name).filter(|name| aside && *name != "self");
    let setup = quote! {
        let #key = #lookup;
        let #cache = #site.#for_key(&#key, #kept);
        #(let #moved = #moved;)*
    };
    Access { setup, cache: used(&cache), lookup: key.to_token_stream(), policy }
}

/// The types of a cache, as a signature spells them, where it can.
struct Types {
    key: Option<TokenStream>,
    value: Option<TokenStream>,
}

impl Types {
    fn are_spelled(&self) -> bool {
        self.key.is_some() && self.value.is_some()
    }
}

fn types(model: &Model) -> Types {
    let in_trait_impl = model.home.is_trait_impl();
    if in_trait_impl && !model.instance.is_empty() {
        return Types { key: None, value: None };
    }
    let key = model.key_types().map(nested);
    let value = model.stored.spelled(&model.runtime, &model.result);
    // What a trait does not spell must be `impl Trait` there, and all of it.
    match (key, value) {
        (Some(key), Some(value)) => Types { key: Some(key), value: Some(value) },
        _ if in_trait_impl => Types { key: None, value: None },
        (key, value) => Types { key, value },
    }
}

/// `cache()`, and the function that gives the cache of a call, or where its types have no names its place.
pub(crate) fn cache_functions(model: &Model) -> Vec<Helper> {
    if model.given().is_some() {
        return Vec::new();
    }
    let Model { runtime: p, .. } = model;
    let types = types(model);
    let (key, kept) = (kept_key(model), kept_result(model));
    let (instance, instance_value) = instance(model);
    let place = place(model, &types, &instance_value);
    let scope = scope(model);
    let names_here = named_here(model).is_some();
    let first = match (&types.key, &types.value, &key) {
        (Some(key_type), Some(value_type), Some(key)) if names_here => {
            let here = quote!(#p::Here<#instance, #key_type, #value_type, #scope>);
            function(model, model.here(), &here, quote!({ #place.here(#key, #kept) }))
        }
        _ => {
            let site = quote!(#p::Site<#instance, #scope>);
            function(model, model.site(), &site, quote!({ #place }))
        }
    };
    let is_spelled = types.are_spelled();
    let given = model.call(&first.name);
    let cache = match (key, model.key_function()) {
        _ if names_here => quote!({ #given.cache() }),
        (Some(key), _) => quote!({ #given.cache(#key, #kept) }),
        (None, key) => quote!({ #given.cache_by(#key, #kept) }),
    };
    let doc = if model.home.is_module() {
        " The cache itself.".to_owned()
    } else {
        format!(" The cache of [`{0}`](Self::{0}).", model.function.sig.ident)
    };
    let cfgs = model.cfgs();
    let returned = returned(model, types);
    let in_trait_impl = model.home.is_trait_impl();
    let cache = Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        vis: model.function.vis.to_token_stream(),
        returns: (in_trait_impl && is_spelled).then(|| returned.clone()),
        ..function(model, model.cache(), &returned, cache)
    };
    vec![first, cache]
}

/// A function without arguments.
fn function(model: &Model, name: Ident, returned: &TokenStream, body: TokenStream) -> Helper {
    let cfgs = model.cfgs();
    let (params, bounds, attrs) = if model.home.is_module() {
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

/// What `cache()` returns.
fn returned(model: &Model, types: Types) -> TokenStream {
    let p = &model.runtime;
    let unnamed = |traits: TokenStream| {
        let shared = (model.scope() == Scope::Shared)
            .then(|| quote!(+ #p::std::marker::Send + #p::std::marker::Sync));
        quote!(impl #traits #shared + 'static)
    };
    let key = types.key.unwrap_or_else(|| unnamed(quote!(#p::std::hash::Hash + #p::std::cmp::Eq)));
    let value = types.value.unwrap_or_else(|| unnamed(quote!(#p::std::clone::Clone)));
    match model.scope() {
        Scope::Shared => quote!(&'static #p::Cache<#key, #value>),
        Scope::Thread => quote!(#p::Cache<#key, #value, #p::scope::Thread>),
    }
}

/// What the site wants to know of the key, unless only the compiler knows its type.
fn kept_key(model: &Model) -> Option<TokenStream> {
    let p = &model.runtime;
    let kept = |ty: &TokenStream| match model.scope() {
        Scope::Shared => quote!(#p::kept::<#ty, _>()),
        Scope::Thread => quote!(#p::kept_here::<#ty>()),
    };
    model.key_types().map(|types| nested(types.iter().map(kept).collect()))
}

/// What the site wants to know of the stored type.
fn kept_result(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let kind = model.kind();
    match model.scope() {
        Scope::Shared => quote!(#p::kept_result::<#result, _, _>(#kind)),
        Scope::Thread => quote!(#p::kept_result_here::<#result, _>(#kind)),
    }
}

/// The place of the cache, after the options, which are out of the reach of names of ours.
fn place(model: &Model, types: &Types, instance: &TokenStream) -> TokenStream {
    let p = &model.runtime;
    let (options, builder) = (local("options"), builder(model));
    let name = model.function.sig.ident.unraw().to_string();
    let site = match (is_single(model), model.scope()) {
        (true, scope) => {
            let single = match scope {
                Scope::Shared => quote!(single),
                Scope::Thread => quote!(thread_single),
            };
            let (key, value) = (&types.key, &types.value);
            quote!(#p::#single!(#name, #options, #key, #value))
        }
        (false, Scope::Shared) => quote!(#p::site!(#name, #options, #instance)),
        (false, Scope::Thread) => quote!(#p::thread_site!(#name, #options, #instance)),
    };
    quote! {
        let #options = || #builder;
        #site
    }
}

/// The type that stands for the scope.
fn scope(model: &Model) -> TokenStream {
    let p = &model.runtime;
    match model.scope() {
        Scope::Shared => quote!(#p::scope::Shared),
        Scope::Thread => quote!(#p::scope::Thread),
    }
}

fn builder(model: &Model) -> TokenStream {
    let Model { runtime: p, options, .. } = model;
    let name = name(model);
    let maxsize = options.maxsize.as_ref().map(|maxsize| match &maxsize.value {
        Maxsize::Unbounded => quote!(.unbounded()),
        Maxsize::At(size) => quote!(.maxsize(#size)),
    });
    let duration = |value: &DurationValue| match value {
        DurationValue::Computed(it) => it.to_token_stream(),
        DurationValue::Written(it) => {
            let (secs, nanos) = (it.as_secs(), it.subsec_nanos());
            quote!(#p::std::time::Duration::new(#secs, #nanos))
        }
    };
    let ttl = options.ttl.as_ref().map(|ttl| {
        let ttl = duration(&ttl.value);
        quote!(.ttl(#ttl))
    });
    let single_flight = options.single_flight.as_ref().map(|single_flight| {
        let on = single_flight.value;
        quote!(.single_flight(#on))
    });
    let patience = options.patience.as_ref().map(|patience| match &patience.value {
        Patience::Unlimited => quote!(.unlimited_patience()),
        Patience::For(value) => {
            let patience = duration(value);
            quote!(.patience(#patience))
        }
    });
    quote!(#p::CacheBuilder::new().name(#name) #maxsize #ttl #single_flight #patience)
}

/// The name in reports; that of a generic function has the instantiation's types.
fn name(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let function = model.function.sig.ident.unraw().to_string();
    let is_generic = !model.instance.is_empty();
    match (&model.options.name, &*model.home) {
        (Some(name), _) if !is_generic => return name.value.to_token_stream(),
        (None, Home::Module) if !is_generic => {
            let function = format!("::{function}");
            return quote!(#p::std::concat!(#p::std::module_path!(), #function));
        }
        (None, Home::Method | Home::Block { label: None, .. }) if !is_generic => {
            return quote!(#p::method::<Self>(#function));
        }
        _ => {}
    }
    let Label { prefix, path, suffix } = match &model.options.name {
        Some(name) => Label::text(name.value.value()),
        None => model.home.label(p, &function),
    };
    let types: Vec<_> = model.instance.types().collect();
    let parameters = model.instance.names().map(|name| {
        if types.contains(&name) {
            quote!(&#p::std::any::type_name::<#name>())
        } else {
            quote!(&#name)
        }
    });
    quote!(#p::label(#prefix, #path, #suffix, &[#(#parameters),*]))
}
