//! The tokens for a function that can be memoized.
//!
//! ```text
//! // Input:
//! #[memoize(ttl = "30m")]
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> { body }
//!
//! // Output:
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> {
//!     match enter(&<temperature>::cache(), leaf::<str, _>(city), policy(kind!(Result<..>))) {
//!         Step::Done(result) => result,
//!         Step::Run(run) => run.finish(<temperature>::uncached(city)),
//!     }
//! }
//! pub struct temperature {}
//! impl temperature { pub fn uncached(city: &str) -> Result<f64, WeatherError> { body } }
//! impl temperature {
//!     fn options() -> CacheBuilder { CacheBuilder::new().name(..).ttl(..) }
//!     fn site() -> &'static Site { static SITE: Site = Site::new(<temperature>::options); &SITE }
//!     pub fn cache() -> &'static Cache<String, f64> { Self::site().cache(..) }
//!     pub fn cache_info() -> CacheInfo { Self::cache().info() }
//!     ..
//! }
//! ```

use crate::model::{Argument, Model, nested};
use crate::options::{Maxsize, Scope, Ttl};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Meta, Pat, Safety};

pub(crate) fn expand(model: &Model) -> TokenStream {
    let function = memoized(model);
    let companion = companion(model);
    let original = original(model);
    let controls = controls(model);
    quote! { #function #companion #original #controls }
}

/// The function that callers see: all of it but its body.
fn memoized(model: &Model) -> TokenStream {
    let Model { runtime: p, controls, .. } = model;
    let mut sig = model.function.sig.clone();
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        if let FnArg::Typed(input) = input {
            let name = &argument.name;
            *input.pat = Pat::Verbatim(quote!(#name));
        }
    }
    let vis = &model.function.vis;
    let attrs = model.function.attrs.iter().map(written);
    let Access { setup, cache, lookup, policy } = access(model);
    let (result, pending) = (local("result"), local("run"));
    let names = model.arguments.iter().map(|argument| &argument.name);
    let mut run = quote!(<#controls>::uncached(#(#names),*));
    if let Safety::Unsafe(_) = sig.safety {
        run = quote!(unsafe { #run });
    }
    let body = quote! {
        #setup
        match #p::enter(#cache, #lookup, #policy) {
            #p::Step::Done(#result) => #result,
            #p::Step::Run(#pending) => #pending.finish(#run),
        }
    };
    // In the user's braces, so that lints like `dead_code` see a function of the user's.
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(model.function.body.span());
    let underscored = model.arguments.iter().any(|it| it.name.to_string().starts_with('_'));
    let underscored = underscored.then(|| quote!(#[allow(clippy::used_underscore_binding)]));
    quote! {
        #(#attrs)*
        #underscored
        #vis #sig #body
    }
}

/// The type that lends its name to the controls.
fn companion(model: &Model) -> TokenStream {
    let Model { controls, .. } = model;
    let vis = &model.function.vis;
    let (cfgs, allowed) = (model.cfgs(), allowed(model));
    let doc = format!(
        " The cache of [`{0}()`]({0}()): its counters and controls.",
        model.function.sig.ident
    );
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
        #(#allowed)*
        #vis struct #controls {}
    }
}

/// The body, under a name of its own. What there is to say of the signature is said of the function.
fn original(model: &Model) -> TokenStream {
    let Model { controls, .. } = model;
    let vis = &model.function.vis;
    let mut sig = model.function.sig.clone();
    sig.ident = format_ident!("uncached", span = sig.ident.span());
    sig.abi = None;
    let body = &model.function.body;
    let cfgs = model.cfgs();
    let attrs = model.function.attrs.iter().filter(|attr| concerns_body(attr)).map(written);
    let deprecated = model.function.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let deprecated = deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #(#cfgs)*
        #[allow(dead_code)]
        impl #controls {
            /// The function itself: runs its body and leaves the cache alone.
            #[allow(
                unreachable_pub, clippy::fn_params_excessive_bools,
                clippy::large_types_passed_by_value, clippy::missing_const_for_fn,
                clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::missing_safety_doc,
                clippy::must_use_candidate, clippy::needless_lifetimes,
                clippy::too_many_arguments, clippy::type_complexity
            )]
            #deprecated
            #(#attrs)*
            #vis #sig #body
        }
    }
}

/// An attribute as it goes on the items made of the function. What is expected of one would be
/// missed on another, so that it is allowed on all.
fn written(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) if attr.path().is_ident("expect") => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => attr.to_token_stream(),
    }
}

/// What is allowed of the signature, which the items beside the function have as well.
fn allowed(model: &Model) -> impl Iterator<Item = TokenStream> {
    let allows =
        |attr: &&Attribute| ["allow", "expect"].iter().any(|name| attr.path().is_ident(name));
    model.function.attrs.iter().filter(allows).map(written)
}

fn concerns_body(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid", "track_caller"]
        .iter()
        .any(|name| attr.path().is_ident(name))
        || attr.path().segments.first().is_some_and(|first| first.ident == "clippy")
}

/// What the user can do with the cache.
fn controls(model: &Model) -> TokenStream {
    let Model { runtime: p, controls, result, .. } = model;
    let vis = &model.function.vis;
    let (cfgs, allowed) = (model.cfgs(), allowed(model));
    let (generics, bounds) = (model.generics(), &model.generics().where_clause);
    let Access { setup, cache, lookup, policy } = access(model);
    let value = local("result");
    let keyed: Vec<_> = model.keyed().map(parameter).collect();
    let all = model.arguments.iter().map(parameter);
    let names = model.arguments.iter().map(|argument| &argument.name);
    let (site, cache_fn) = (site(model), cache_fn(model));
    let (safety, run) = match model.function.sig.safety {
        Safety::Unsafe(_) => (Some(quote!(unsafe)), quote!(unsafe { Self::uncached(#(#names),*) })),
        _ => (None, quote!(Self::uncached(#(#names),*))),
    };
    quote! {
        #(#cfgs)*
        #[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
        #(#allowed)*
        impl #controls {
            #site
            #cache_fn
            /// The counters and the size of the cache.
            #vis fn cache_info() -> #p::CacheInfo {
                Self::cache().info()
            }
            /// Forgets every entry and zeroes the counters.
            #vis fn cache_clear() {
                Self::cache().clear()
            }
            /// The options in force.
            #vis fn cache_parameters() -> #p::CacheParameters {
                Self::cache().parameters()
            }
            /// Looks for a call without counting, computing or touching recency.
            #vis fn cache_peek #generics (#(#keyed),*) -> #p::std::option::Option<#result> #bounds {
                #setup
                #p::peek(#cache, &#lookup, &#policy)
            }
            /// Forgets one call, and returns its result.
            #vis fn cache_remove #generics (#(#keyed),*) -> #p::std::option::Option<#result> #bounds {
                #setup
                #p::remove(#cache, &#lookup, &#policy)
            }
            /// Stores a result as if it had been computed now.
            #vis fn cache_insert #generics (#(#keyed,)* #value: #result) #bounds {
                #setup
                #p::insert(#cache, #lookup, &#policy, &#value)
            }
            /// Runs the body now and stores its result.
            #vis #safety fn cache_refresh #generics (#(#all),*) -> #result #bounds {
                #setup
                #p::refresh(#cache, #lookup, #policy).finish(#run)
            }
        }
    }
}

fn parameter(Argument { name, ty, attrs, .. }: &Argument) -> TokenStream {
    quote!(#(#attrs)* #name: #ty)
}

/// What the calls of the runtime's functions in one body have in common.
struct Access {
    /// Statements that come first.
    setup: TokenStream,
    cache: TokenStream,
    lookup: TokenStream,
    policy: TokenStream,
}

fn access(model: &Model) -> Access {
    let controls = &model.controls;
    let (lookup, policy) = (model.lookup(), model.policy());
    if model.key_types().is_some() {
        return Access {
            setup: TokenStream::new(),
            cache: quote!(&<#controls>::cache()),
            lookup,
            policy,
        };
    }
    // The look-up tells the type of the key.
    let (key, cache) = (local("key"), local("cache"));
    let value = shared_value(model);
    let setup = quote! {
        let #key = #lookup;
        let #cache = <#controls>::site().cache_for(&#key, #value);
    };
    Access { setup, cache: quote!(&#cache), lookup: key.to_token_stream(), policy }
}

/// A name of our own, which no argument and no expression of the user's can collide with.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// What the site of a shared cache wants to know of the stored type.
fn shared_value(model: &Model) -> Option<TokenStream> {
    let Model { runtime: p, result, .. } = model;
    let fallible = model.fallible();
    (model.scope() == Scope::Shared).then(|| quote!(#p::kept_result::<#result, #fallible, _>()))
}

/// `cache()`, with its types spelled out where they have names.
fn cache_fn(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let vis = &model.function.vis;
    let (value, fallible) = (shared_value(model), model.fallible());
    let (key, body) = if let Some(types) = model.key_types() {
        let kept = nested(types.iter().map(|ty| quote!(#p::kept::<#ty, _>())).collect());
        let body = match model.scope() {
            Scope::Shared => quote!(Self::site().cache(#kept, #value)),
            Scope::Thread => quote!(Self::site().cache()),
        };
        (nested(types), body)
    } else {
        let key = model.key_expression();
        let names = model.keyed().map(|argument| &argument.name);
        let types = model.keyed().map(|argument| &argument.ty);
        let shared = (model.scope() == Scope::Shared)
            .then(|| quote!(+ #p::std::marker::Send + #p::std::marker::Sync));
        (
            quote!(impl #p::std::hash::Hash + #p::std::cmp::Eq #shared + use<>),
            quote!(Self::site().cache_by(|(#(#names,)*): (#(#types,)*)| #key, #value)),
        )
    };
    let stored = quote!(<#result as #p::Outcome<#fallible>>::Stored);
    let cache = match model.scope() {
        Scope::Shared => quote!(&'static #p::Cache<#key, #stored>),
        Scope::Thread => quote!(#p::Cache<#key, #stored, #p::scope::Thread>),
    };
    quote! {
        /// The cache itself.
        #vis fn cache() -> #cache {
            #body
        }
    }
}

/// The static that is the cache, or that has one for each thread. The options stand beside it, where
/// no name of ours can be in the way of the user's expressions.
fn site(model: &Model) -> TokenStream {
    let Model { runtime: p, controls, .. } = model;
    let options = builder(model);
    let (site, slot, local) = match model.scope() {
        Scope::Shared => (quote!(Site), None, None),
        Scope::Thread => {
            let slot = quote! {
                #p::std::thread_local! {
                    static SLOT: #p::ThreadSlot = const { #p::ThreadSlot::new() };
                }
            };
            (quote!(ThreadSite), Some(slot), Some(quote!(, &SLOT)))
        }
    };
    quote! {
        fn options() -> #p::CacheBuilder {
            #options
        }
        #[inline]
        fn site() -> &'static #p::#site {
            #slot
            static SITE: #p::#site = #p::#site::new(<#controls>::options #local);
            &SITE
        }
    }
}

fn builder(model: &Model) -> TokenStream {
    let Model { runtime: p, options, .. } = model;
    let name = if let Some(name) = &options.name {
        name.value.to_token_stream()
    } else {
        let name = format!("::{}", model.function.sig.ident.unraw());
        quote!(#p::std::concat!(#p::std::module_path!(), #name))
    };
    let maxsize = options.maxsize.as_ref().map(|maxsize| match &maxsize.value {
        Maxsize::Unbounded => quote!(.unbounded()),
        Maxsize::At(size) => quote!(.maxsize(#size)),
    });
    let ttl = options.ttl.as_ref().map(|ttl| match &ttl.value {
        Ttl::Computed(ttl) => quote!(.ttl(#ttl)),
        Ttl::Written(ttl) => {
            let (secs, nanos) = (ttl.as_secs(), ttl.subsec_nanos());
            quote!(.ttl(#p::std::time::Duration::new(#secs, #nanos)))
        }
    });
    let single_flight = options.single_flight.as_ref().map(|single_flight| {
        let on = single_flight.value;
        quote!(.single_flight(#on))
    });
    quote!(#p::CacheBuilder::new().name(#name) #maxsize #ttl #single_flight)
}
