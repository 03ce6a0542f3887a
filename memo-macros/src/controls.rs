//! The controls of a function in a module: a type that lends them its name, and what can be done
//! with the cache one call at a time.

use crate::helper::{Helper, allowed, local};
use crate::home::Home;
use crate::model::{Argument, Model};
use crate::place::{Access, access};
use crate::words::without_own_type;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

pub(crate) fn controls(model: &Model, helpers: &[Helper]) -> TokenStream {
    let companion = companion(model);
    let (original, cache) = (helpers[0].inherent(), helpers[1..].iter().map(Helper::inherent));
    let name = &model.base;
    let (declared, arguments, clause) =
        (model.instance.declared(), model.instance.arguments(), model.instance.clause());
    let (cfgs, more_cfgs) = (model.cfgs(), model.cfgs());
    let allowed = allowed(model);
    let of_all = of_all_calls(model);
    let of_one = of_one_call(model);
    quote! {
        #companion
        #(#cfgs)*
        #[allow(dead_code, unreachable_pub)]
        impl #declared #name #arguments #clause {
            #original
        }
        #(#more_cfgs)*
        #[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
        #[allow(unreachable_pub)]
        #(#allowed)*
        impl #declared #name #arguments #clause {
            #(#cache)*
            #of_all
            #of_one
        }
    }
}

/// The type that lends its name to the controls.
fn companion(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let (name, vis) = (&model.base, &model.function.vis);
    let (cfgs, allowed) = (model.cfgs(), allowed(model));
    let doc = format!(
        " The cache of [`{0}()`]({0}()): its counters and controls.",
        model.function.sig.ident
    );
    let params = (!model.instance.is_empty()).then(|| {
        let params = model.instance.unbounded(p);
        quote!(<#(#params),*>)
    });
    let mut types = model.instance.types().peekable();
    let marker = types.peek().is_some().then(|| {
        let marker = local("instance");
        quote!(#marker: #p::std::marker::PhantomData<(#(fn(&#types),)*)>)
    });
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
        #[allow(unreachable_pub)]
        #(#allowed)*
        #vis struct #name #params { #marker }
    }
}

/// What needs no more than the cache, and so a cache of the function's own.
fn of_all_calls(model: &Model) -> Option<TokenStream> {
    let (p, vis) = (&model.runtime, &model.function.vis);
    model.given().is_none().then(|| {
        quote! {
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
        }
    })
}

/// What is done with one call.
fn of_one_call(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let vis = &model.function.vis;
    let Access { setup, cache, lookup, policy } = access(model);
    let (what, value) = (local("what"), local("result"));
    let identifying: Vec<_> = model.identifying().map(parameter).collect();
    let names: Vec<_> = model.identifying().map(|argument| &argument.name).collect();
    let all = model.arguments.iter().map(parameter);
    let lifetimes = model.rest.lifetimes();
    let (some_params, some_bounds) = (lifetimes.declared(), lifetimes.clause());
    let (all_params, all_bounds) = (model.rest.declared(), model.rest.clause());
    let safety = match model.function.sig.safety {
        syn::Safety::Unsafe(_) => Some(quote!(unsafe)),
        _ => None,
    };
    let run = model.call_original();
    let asyncness = &model.function.sig.asyncness;
    let refresh = if model.is_async() {
        quote!(return #p::refresh_async(#cache, #lookup, #policy).drive(#run).await;)
    } else {
        quote!(#p::refresh(#cache, #lookup, #policy).finish(#run))
    };
    let of_bodies = model.of_bodies();
    quote! {
        // What the next two have in common is checked by the compiler once.
        fn ask #some_params (#what: #p::Ask, #(#identifying),*)
            -> #p::std::option::Option<#result> #some_bounds
        {
            #setup
            #p::ask(#cache, #what, &#lookup, &#policy)
        }
        /// Looks for a call without counting, computing or touching recency.
        #vis fn cache_peek #some_params (#(#identifying),*)
            -> #p::std::option::Option<#result> #some_bounds
        {
            Self::ask(#p::Ask::Peek, #(#names),*)
        }
        /// Forgets one call, and returns its result.
        #vis fn cache_remove #some_params (#(#identifying),*)
            -> #p::std::option::Option<#result> #some_bounds
        {
            Self::ask(#p::Ask::Remove, #(#names),*)
        }
        /// Stores a result as if it had been computed now.
        #vis fn cache_insert #some_params (#(#identifying,)* #value: #result) #some_bounds {
            #setup
            #p::insert(#cache, #lookup, &#policy, &#value)
        }
        /// Runs the body now and stores its result.
        #(#of_bodies)*
        #vis #asyncness #safety fn cache_refresh #all_params (#(#all),*) -> #result #all_bounds {
            #setup
            #refresh
        }
    }
}

/// For a method: forgetting one call, where nobody could name its key to the cache.
pub(crate) fn removal(model: &Model) -> Option<Helper> {
    if model.home.is_module() || model.given().is_some() || model.key_types().is_some() {
        return None;
    }
    let Model { runtime: p, result, .. } = model;
    let name = model.remove();
    let Access { setup, cache, lookup, policy } = access(model);
    let identifying = model.identifying().map(parameter);
    let (instance, lifetimes) = (&model.instance, model.rest.lifetimes());
    let generics = lifetimes.and(instance);
    let (params, bounds) = (generics.declared(), generics.clause());
    let doc = format!(
        " Forgets one call of [`{0}`](Self::{0}), and returns its result.",
        model.function.sig.ident
    );
    let cfgs = model.cfgs();
    let signature = quote! {
        fn #name #params (#(#identifying),*) -> #p::std::option::Option<#result> #bounds
    };
    let declared = match &*model.home {
        Home::TraitImpl { own_type, .. } => {
            let identifying = model.identifying().map(|argument| {
                if argument.name == "self" {
                    return parameter(argument);
                }
                without_own_type(&parameter(argument), own_type)
            });
            let result = without_own_type(result, own_type);
            quote! {
                fn #name #params (#(#identifying),*) -> #p::std::option::Option<#result> #bounds
            }
        }
        _ => signature.clone(),
    };
    Some(Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        attrs: quote!(#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]),
        vis: model.function.vis.to_token_stream(),
        signature,
        name,
        declared: Some(declared),
        returns: None,
        body: quote!({
            #setup
            #p::ask(#cache, #p::Ask::Remove, &#lookup, &#policy)
        }),
    })
}

fn parameter(Argument { name, ty, attrs, .. }: &Argument) -> TokenStream {
    quote!(#(#attrs)* #name: #ty)
}
