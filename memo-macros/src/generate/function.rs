//! The memoized function: its signature is the user's, its body asks the cache.
//!
//! ```text
//! // Input:
//! #[memoize(ttl = "30m")]
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> { body }
//!
//! // Output, in a module:
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> {
//!     let cache = at(<temperature>::call_site);
//!     return call!(
//!         cache.enter_timed(<temperature>::lookup(&city), <temperature>::policy()),
//!         <temperature>::uncached(city)
//!     );
//! }
//! pub struct temperature {} // or an alias: see `shared_controls`
//! impl temperature {
//!     pub fn uncached(city: &str) -> Result<f64, WeatherError> { body }
//!     pub fn cache() -> &'static Cache<String, f64> { .. }
//!     fn lookup(city: &&str) -> impl Lookup<Key = String> { plain::<str, _>(city) }
//!     fn policy() -> impl PolicyFor<Result<..>, true> { policy(kind!(Result<..>)) }
//!     pub fn cache_info() -> CacheInfo { Self::call_site().info() }
//!     ..
//! }
//!
//! // Input, in an impl block:
//! #[memoize(cache = self.areas)]
//! pub fn area(&self, of: Shape) -> f64 { body }
//!
//! // Output:
//! pub fn area(&self, of: Shape) -> f64 {
//!     let cache: &Cache<Shape, f64, _> = &self.areas;
//!     let cache = GivenCache::new(cache);
//!     return call_in_place!(
//!         cache.enter(plain::<Shape, _>(&of), policy(kind!(f64))),
//!         Self::area_uncached(self, of)
//!     );
//! }
//! pub fn area_uncached(&self, of: Shape) -> f64 { body }
//!
//! // Input:
//! #[memoize]
//! async fn temperature(city: &str) -> f64 { body }
//!
//! // Output. The controls are as above:
//! async fn temperature(city: &str) -> f64 {
//!     let policy = Whole;
//!     let miss = match <temperature>::call_site().hit(&<temperature>::lookup(&city), &policy) {
//!         Ok(result) => return result,
//!         Err(miss) => miss,
//!     };
//!     let cache = <temperature>::call_site().own();
//!     let run = match go_on(&cache, miss, <temperature>::lookup(&city), policy).await {
//!         ControlFlow::Break(result) => return result,
//!         ControlFlow::Continue(run) => run,
//!     };
//!     return run.drive(<temperature>::uncached(city)).await;
//! }
//! ```

use super::cache_access::{self, CacheAccess, call_site, is_split_call};
use super::cache_static::cache_functions;
use super::controls::{controls, observed, removal};
use super::docs;
use super::helper::{Helper, named_signature, shared_attribute};
use super::names::hygienic;
use super::original::original;
use super::shared::shared_functions;
use super::shared_controls::shared_controls;
use crate::analyze::key_expression::KeyPart;
use crate::analyze::model::Model;
use crate::analyze::type_names::{is_str, is_unsized};
use crate::parse::function::Function;
use proc_macro2::{Delimiter, Group, TokenStream};
use quote::quote;
use std::borrow::Cow;
use syn::ReturnType;

/// The memoized function, and the functions beside it. The first of these runs the original body.
pub(super) struct Expansion {
    pub(super) memoized: TokenStream,
    pub(super) helpers: Vec<Helper>,
}

impl Expansion {
    pub(super) fn of(model: &Model) -> Self {
        let mut helpers = vec![original(model)];
        helpers.extend(cache_functions(model));
        helpers.extend(shared_functions(model));
        helpers.extend(removal(model));
        helpers.extend(observed(model));
        Self { memoized: memoized(model), helpers }
    }
}

/// Everything that a function outside of a memoized block becomes.
pub(super) fn expand(model: &Model) -> TokenStream {
    let Expansion { memoized, helpers } = Expansion::of(model);
    if model.shares_controls {
        let controls = shared_controls(model, &helpers);
        quote!(#memoized #controls)
    } else if model.context.is_module() {
        let controls = controls(model, &helpers);
        quote!(#memoized #controls)
    } else {
        let helpers = helpers.iter().map(Helper::inherent);
        quote!(#memoized #(#helpers)*)
    }
}

/// The function without a cache, if an argument or its result is unsized: `text: str`. The compiler
/// refuses such a function, and its message is better than one about the generated code.
pub(super) fn without_cache_if_unsized(
    function: &Function,
    runtime: &TokenStream,
) -> Option<TokenStream> {
    let result = match &function.sig.output {
        ReturnType::Type(_, ty) => Some(Cow::Borrowed(&**ty)),
        ReturnType::Default => None,
    };
    let mut types = function.inputs().map(|input| input.ty).chain(result);
    let ty = types.find(|ty| is_unsized(ty))?;
    let Function { attrs, vis, sig, body } = function;
    // A sized type may be called `str`. It is refused, since the function would silently have no cache.
    let check = is_str(&ty).then(|| quote!(#runtime::is_str::<#ty>();));
    let body = body.stream();
    Some(quote!(#(#attrs)* #vis #sig { #check #body }))
}

/// The function that callers see.
fn memoized(model: &Model) -> TokenStream {
    let body = if model.is_async() { async_body(model) } else { body(model) };
    let sig = named_signature(model);
    let vis = &model.function.vis;
    let attrs = model.function.attrs.iter().map(shared_attribute);
    let docs = docs::of_function(model);
    // The user's braces: lints such as `dead_code` then treat the function as the user's.
    let mut braces = Group::new(Delimiter::Brace, body);
    braces.set_span(model.function.body.span());
    let underscored = model.arguments.iter().any(|it| it.name.to_string().starts_with('_'));
    let underscored = underscored.then(|| quote!(#[allow(clippy::used_underscore_binding)]));
    quote! {
        #(#attrs)*
        #docs
        #underscored
        #vis #sig #braces
    }
}

// Both bodies end with a `return` statement. Before the 2024 edition a final expression drops its
// temporaries after the arguments that they borrow.

fn body(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let CacheAccess { setup, cache, lookup, tags, policy, .. } = cache_access::of_call(model);
    let tagged = tags.map(|tags| quote!(.tagged(#tags)));
    let enter = if can_expire(model) { quote!(enter_timed) } else { quote!(enter) };
    let call = if model.key.as_ref().is_some_and(KeyPart::has_temporaries) {
        quote!(call_at_once)
    } else if is_split_call(model) {
        quote!(call)
    } else {
        quote!(call_in_place)
    };
    let run = model.call_original();
    quote! {
        #setup
        return #p::#call!(#cache.#enter(#lookup, #policy) #tagged, #run);
    }
}

fn async_body(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let access = cache_access::of_call(model);
    let tagged_lookup = access.tagged_lookup(p);
    let CacheAccess { key, setup, cache, lookup, policy, .. } = access;
    let (result, miss, pending) = (hygienic("result"), hygienic("miss"), hygienic("run"));
    let policy_name = hygienic("policy");
    let run = model.call_original();
    let hit = if can_expire(model) { quote!(hit_timed) } else { quote!(hit) };
    // A call site looks the call up before the cache is there. The cache may have to be made.
    let (before, looked_up, after) = match call_site(model) {
        Some(call_site) => (None, quote!(#call_site.#hit), Some(&setup)),
        None => (Some(&setup), quote!(#p::GivenCache::new(#cache).hit), None),
    };
    // No result is held across the `.await` of the body, so the result need not be `Send`.
    quote! {
        #key
        #before
        let #policy_name = #policy;
        let #miss = match #looked_up(&#lookup, &#policy_name) {
            #p::Ok(#result) => return #result,
            #p::Err(#miss) => #miss,
        };
        #after
        let #pending = match #p::go_on(#cache, #miss, #tagged_lookup, #policy_name).await {
            #p::ControlFlow::Break(#result) => return #result,
            #p::ControlFlow::Continue(#pending) => #pending,
        };
        return #pending.drive(#run).await;
    }
}

/// Whether the function's own cache has entries that expire. A given cache finds out for itself.
fn can_expire(model: &Model) -> bool {
    model.options.expire() && model.options.cache().is_none()
}
