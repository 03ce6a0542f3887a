//! The controls that are not [shared](super::shared_controls): the companion type of a function, and the functions that
//! look up, remove, insert or refresh one call.

use super::cache_access::{self, CacheAccess, call_site};
use super::docs;
use super::helper::{Helper, allowed_lints, named_signature};
use super::names::hygienic;
use super::original::declared_signature;
use super::version;
use crate::analyze::model::{Argument, Model};
use crate::tokens::rewrite::replace_self_type;
use crate::tokens::search::uses;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericParam, ReturnType, Signature, parse_quote};

/// The companion type of a function in a module, with all controls. The first helper runs the original
/// body; it stands in a block of its own, so that lints apply to it.
pub(super) fn controls(model: &Model, helpers: &[Helper]) -> TokenStream {
    let companion = companion(model);
    let (original, cache) = (helpers[0].inherent(), helpers[1..].iter().map(Helper::inherent));
    let name = &model.controls_name;
    let (declared, arguments, clause) =
        (model.instance.declared(), model.instance.arguments(), model.instance.clause());
    let (cfgs, more_cfgs) = (model.cfgs(), model.cfgs());
    let allowed = allowed_lints(model);
    let version = version::constant(model);
    let stored_alias = model.stored_alias_item();
    let whole_cache = whole_cache_controls(model);
    let one_call = one_call_controls(model);
    quote! {
        #companion
        #stored_alias
        #(#cfgs)*
        #[allow(dead_code, unreachable_pub)]
        impl #declared #name #arguments #clause {
            #original
        }
        #(#more_cfgs)*
        #[allow(
            dead_code, non_snake_case, private_interfaces, unreachable_pub, clippy::all, clippy::pedantic
        )]
        #(#allowed)*
        impl #declared #name #arguments #clause {
            #(#cache)*
            #version
            #whole_cache
            #one_call
        }
    }
}

/// The type with the function's name.
fn companion(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let (name, vis) = (&model.controls_name, &model.function.vis);
    let (cfgs, allowed) = (model.cfgs(), allowed_lints(model));
    let docs = docs::of_controls(model);
    let params = (!model.instance.is_empty()).then(|| {
        let sized = quote!(#p::std::marker::Sized);
        let params: Vec<_> = model.instance.unbounded(&sized).collect();
        quote!(<#(#params),*>)
    });
    let mut types = model.instance.types().peekable();
    let marker = types.peek().is_some().then(|| {
        let marker = hygienic("instance");
        quote!(#marker: #p::std::marker::PhantomData<(#(fn(&#types),)*)>)
    });
    quote! {
        #(#cfgs)*
        #docs
        #[allow(
            non_camel_case_types, dead_code, missing_copy_implementations, missing_debug_implementations, unreachable_pub,
            clippy::exhaustive_structs, clippy::min_ident_chars
        )]
        #(#allowed)*
        #vis struct #name #params { #marker }
    }
}

/// The controls of the whole cache. A given cache has them itself.
fn whole_cache_controls(model: &Model) -> Option<TokenStream> {
    let (p, vis) = (&model.runtime, &model.function.vis);
    let cache = call_site(model)
        .map_or_else(|| quote!(Cache[&Self::cache()]), |call_site| quote!(CallSite [#call_site]));
    model.options.cache().is_none().then(|| {
        quote! {
            #p::controls_of_cache! {
                [#vis] #cache cache_info cache_clear cache_enable cache_parameters
            }
        }
    })
}

/// The controls of one call.
fn one_call_controls(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let vis = &model.function.vis;
    let (what, start) = (hygienic("what"), hygienic("start"));
    let asked = ask_of_call(model, cache_access::of_control(model), &what.to_token_stream());
    let identifying = model.identifying_arguments().map(parameter);
    let names = model.identifying_arguments().map(|argument| &argument.name);
    let identified = model.params_of(model.identifying_arguments());
    let (some_params, some_bounds) = (identified.declared(), identified.clause());
    let insertion = insertion(model);
    let all = model.arguments.iter().map(parameter);
    let all_names = model.arguments.iter().map(|argument| &argument.name);
    let (all_params, all_bounds) = (model.other_params.declared(), model.other_params.clause());
    let safety = match model.function.sig.safety {
        syn::Safety::Unsafe(_) => Some(quote!(unsafe)),
        _ => None,
    };
    let asyncness = &model.function.sig.asyncness;
    let body_attributes = model.body_attributes();
    let mention = mention(model);
    let run = run_of_call(model, &start.to_token_stream());
    quote! {
        #p::controls_that_ask! {
            [#vis] [#some_params] [#some_bounds] [#(#identifying),*] [#(#names),*] [#result]
            #what { #asked } cache_peek cache_remove cache_expire
        }
        #insertion
        #p::controls_that_run! {
            #asyncness [#vis] [#(#body_attributes)*] [#safety] [#all_params] [#all_bounds] [#(#all),*]
            [#(#all_names),*] [#result] [#mention] #start #run cache_refresh cache_call
        }
    }
}

/// `cache_insert`. It takes the arguments of the tags as well, and no other control of one call does.
fn insertion(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let (vis, value) = (&model.function.vis, hygienic("result"));
    let arguments: Vec<_> = model.filing_arguments().map(parameter).collect();
    let params = model.params_of(model.filing_arguments());
    let (params, bounds) = (params.declared(), params.clause());
    let insert = quote!(#p::Ask::Insert(#value));
    let asked = if model.options.tags().is_some() {
        ask_of_call(model, cache_access::of_filing(model), &insert)
    } else {
        let names = model.identifying_arguments().map(|argument| &argument.name);
        quote!(Self::ask(#insert, #(#names),*))
    };
    quote! {
        /// Stores a result as if it had been computed now.
        #[inline]
        #vis fn cache_insert #params (#(#arguments,)* #value: #result) #bounds { #asked; }
    }
}

/// Asks the cache about one call: statements, and an expression of the type `Option<Return>`.
fn ask_of_call(model: &Model, access: CacheAccess, what: &TokenStream) -> TokenStream {
    let p = &model.runtime;
    let lookup = access.tagged_lookup(p);
    let CacheAccess { key, setup, cache, policy, .. } = access;
    if let Some(call_site) = call_site(model) {
        return quote!(#key #call_site.ask(#what, #lookup, &#policy));
    }
    quote!(#key #setup #p::ask(#cache, #what, #lookup, &#policy))
}

/// The body of a function that makes a call or a refresh, and says how it was answered.
fn run_of_call(model: &Model, start: &TokenStream) -> TokenStream {
    let p = &model.runtime;
    let access = cache_access::of_filing(model);
    let lookup = access.tagged_lookup(p);
    let CacheAccess { key, setup, cache, policy, .. } = access;
    let (cache_name, call, pending) = (hygienic("cache"), hygienic("call"), hygienic("run"));
    let run = model.call_original();
    let (observe, run) = if model.is_async() {
        let observe = quote!(#p::observe_async(#cache_name, #start, #lookup, #policy).await);
        (observe, quote!(drive_call(#run).await))
    } else {
        (quote!(#p::observe(#cache_name, #start, #lookup, #policy)), quote!(finish_call(#run)))
    };
    if let Some(call_site) = call_site(model).filter(|_| !model.is_async()) {
        return quote!({
            #key
            let #pending = match #call_site.observe(#start, #lookup, #policy) {
                #p::ControlFlow::Break(#call) => return #call,
                #p::ControlFlow::Continue(#pending) => #pending,
            };
            return #pending.#run;
        });
    }
    // The borrows of the key and of the look-up end before the body takes the arguments.
    quote!({
        #key
        #setup
        let #cache_name = #cache;
        let #pending = match #observe {
            #p::ControlFlow::Break(#call) => return #call,
            #p::ControlFlow::Continue(#pending) => #pending,
        };
        return #pending.#run;
    })
}

/// Names the function, so that the compiler sees a use of it. It would warn of a function that is called through
/// `cache_call` alone. A generic function cannot be named without its types, and a method of a trait may share its name.
pub(super) fn mention(model: &Model) -> Option<TokenStream> {
    let sig = &model.function.sig;
    let any = Ident::new("impl", Span::call_site());
    let is_generic = sig.generics.params.iter().any(|it| !matches!(it, GenericParam::Lifetime(_)))
        || model.arguments.iter().any(|it| uses(&it.ty.to_token_stream(), &any));
    if is_generic || !model.context.is_module() {
        return None;
    }
    let name = &sig.ident;
    Some(quote!(#[allow(deprecated)] let _ = #name;))
}

/// `area_call`: what `cache_call` is for a function, for a method.
pub(super) fn observed(model: &Model) -> Option<Helper> {
    if model.context.is_module() {
        return None;
    }
    let p = &model.runtime;
    let name = model.observed_fn();
    let with_status = |mut sig: Signature| {
        sig.ident = name.clone();
        sig.abi = None;
        if let Some(sized) = &model.sized_self {
            sig.generics.make_where_clause().predicates.push(sized.clone());
        }
        sig.output = match sig.output {
            ReturnType::Default => parse_quote!(-> #p::CacheCall<()>),
            ReturnType::Type(arrow, ty) => parse_quote!(#arrow #p::CacheCall<#ty>),
        };
        sig.into_token_stream()
    };
    let doc = format!(
        " Calls [`{0}`](Self::{0}), and says how the call was answered.",
        model.function.sig.ident
    );
    let (cfgs, body_attributes) = (model.cfgs(), model.body_attributes());
    Some(Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        attrs: quote! {
            #[inline]
            #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
            #(#body_attributes)*
        },
        vis: model.function.vis.to_token_stream(),
        signature: with_status(named_signature(model)),
        declared: Some(with_status(declared_signature(model))),
        name,
        returns: None,
        body: run_of_call(model, &quote!(#p::Start::IfAbsent)),
    })
}

/// `area_remove` of a method: it takes the arguments, where `Type::area_cache().remove(..)` takes an owned key. With
/// `key = ..` the type of the key cannot even be named.
pub(super) fn removal(model: &Model) -> Option<Helper> {
    // A given cache has `remove` itself, and its owner knows the type of the key.
    if model.context.is_module() || model.options.cache().is_some() {
        return None;
    }
    let Model { runtime: p, result, .. } = model;
    let name = model.remove_fn();
    let asked = ask_of_call(model, cache_access::of_control(model), &quote!(#p::Ask::Remove));
    let identifying = model.identifying_arguments().map(parameter);
    let generics = model.params_of(model.identifying_arguments()).and(&model.instance);
    let (params, bounds) = (generics.declared(), generics.clause());
    let doc = format!(
        " Forgets one call of [`{0}`](Self::{0}), and returns its result.",
        model.function.sig.ident
    );
    let cfgs = model.cfgs();
    let signature = quote! {
        fn #name #params (#(#identifying),*) -> #p::Option<#result> #bounds
    };
    let declared = match model.context.controls_trait() {
        Some(controls) => {
            let self_type = &controls.self_type;
            let identifying = model.identifying_arguments().map(|argument| {
                if argument.name == "self" {
                    return parameter(argument);
                }
                replace_self_type(&parameter(argument), self_type)
            });
            let result = replace_self_type(result, self_type);
            quote! {
                fn #name #params (#(#identifying),*) -> #p::Option<#result> #bounds
            }
        }
        None => signature.clone(),
    };
    Some(Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        attrs: quote!(#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]),
        vis: model.function.vis.to_token_stream(),
        signature,
        name,
        declared: Some(declared),
        returns: None,
        body: quote!({ #asked }),
    })
}

fn parameter(Argument { name, ty, attrs, .. }: &Argument) -> TokenStream {
    quote!(#(#attrs)* #name: #ty)
}
