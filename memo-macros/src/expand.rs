//! The tokens for a function that can be memoized.
//!
//! ```text
//! // Input:
//! #[memoize(ttl = "30m")]
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> { body }
//!
//! // Output, in a module:
//! pub fn temperature(city: &str) -> Result<f64, WeatherError> {
//!     let cache = at(<temperature>::here);
//!     return call!(
//!         cache.enter_in_time(leaf::<str, _>(city), policy(kind!(Result<..>))),
//!         <temperature>::uncached(city)
//!     );
//! }
//! pub struct temperature {}
//! impl temperature {
//!     pub fn uncached(city: &str) -> Result<f64, WeatherError> { body }
//!     pub fn cache() -> &'static Cache<String, f64> { .. }
//!     pub fn cache_info() -> CacheInfo { Self::cache().info() }
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
//!     let cache = Given::new(cache);
//!     return call_in_place!(
//!         cache.enter(leaf::<Shape, _>(&of), policy(kind!(f64))),
//!         Self::area_uncached(self, of)
//!     );
//! }
//! pub fn area_uncached(&self, of: Shape) -> f64 { body }
//!
//! // Input:
//! #[memoize]
//! async fn temperature(city: &str) -> f64 { body }
//!
//! // Output, beside what it is without `async`:
//! async fn temperature(city: &str) -> f64 {
//!     let missed = match <temperature>::here().at_once(&leaf::<str, _>(city), policy(kind!(f64))) {
//!         Ok(result) => return result,
//!         Err(missed) => missed,
//!     };
//!     let cache = <temperature>::cache();
//!     let open = match missed.open(&cache, leaf::<str, _>(city)) {
//!         Entered::Hit(result) => return result,
//!         Entered::Open(open) => open,
//!     };
//!     let run = match open.step().await {
//!         Step::Done(result) => return result,
//!         Step::Run(run) => run,
//!     };
//!     return run.drive(<temperature>::uncached(city)).await;
//! }
//! ```

use crate::controls::{controls, removal};
use crate::helper::{Helper, local, written};
use crate::home::Home;
use crate::model::Model;
use crate::place::{Access, cache_functions, entrance, goes_aside, named_here};
use crate::stored::Stored;
use crate::words::{uses, without_own_type};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, Pat, ReceiverKind, ReturnType, Safety, Signature, Type, Visibility,
    parse_quote,
};

/// What a function becomes: itself, and functions of ours beside it.
pub(crate) struct Expansion {
    pub(crate) memoized: TokenStream,
    pub(crate) helpers: Vec<Helper>,
}

/// All that a function outside of any block that is seen becomes.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let Expansion { memoized, helpers } = expansion(model);
    if model.home.is_module() {
        let controls = controls(model, &helpers);
        quote!(#memoized #controls)
    } else {
        let helpers = helpers.iter().map(Helper::inherent);
        quote!(#memoized #(#helpers)*)
    }
}

pub(crate) fn expansion(model: &Model) -> Expansion {
    let mut helpers = vec![original(model)];
    helpers.extend(cache_functions(model));
    helpers.extend(removal(model));
    Expansion { memoized: memoized(model), helpers }
}

/// The function that callers see: all of it but its body.
fn memoized(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let sig = normalized(model);
    let vis = &model.function.vis;
    let attrs = model.function.attrs.iter().map(written);
    let Access { setup, cache, lookup, policy } = entrance(model);
    let (result, open, pending) = (local("result"), local("open"), local("run"));
    let run = model.call_original();
    // A statement: before the 2024 edition, what a final expression borrows has to outlive the body.
    let in_time = model.options.ttl.is_some() && model.given().is_none();
    let (enter, at_once) = if in_time {
        (quote!(enter_in_time), quote!(at_once_in_time))
    } else {
        (quote!(enter), quote!(at_once))
    };
    let body = if model.is_async() {
        let missed = local("missed");
        let (looked_up, entered) = match named_here(model) {
            Some(here) => {
                let looked_up = quote! {
                    let #missed = match #here.#at_once(&#lookup, #policy) {
                        #p::std::result::Result::Ok(#result) => return #result,
                        #p::std::result::Result::Err(#missed) => #missed,
                    };
                };
                (Some(looked_up), quote!(#missed.open(#cache, #lookup)))
            }
            None => (None, quote!(#p::enter_async(#cache, #lookup, #policy))),
        };
        // The result is not held while the body is awaited: it need not be `Send`.
        quote! {
            #looked_up
            #setup
            let #open = match #entered {
                #p::Entered::Hit(#result) => return #result,
                #p::Entered::Open(#open) => #open,
            };
            let #pending = match #open.step().await {
                #p::Step::Done(#result) => return #result,
                #p::Step::Run(#pending) => #pending,
            };
            return #pending.drive(#run).await;
        }
    } else {
        let call = if goes_aside(model) { quote!(call) } else { quote!(call_in_place) };
        quote! {
            #setup
            return #p::#call!(#cache.#enter(#lookup, #policy), #run);
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

/// The signature, with names for all arguments and nothing that is the body's concern.
fn normalized(model: &Model) -> Signature {
    let mut sig = model.function.sig.clone();
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        match input {
            FnArg::Typed(input) => {
                let name = &argument.name;
                *input.pat = Pat::Verbatim(quote!(#name));
                input.attrs = input.attrs.iter().map(written).collect();
            }
            FnArg::Receiver(receiver) => {
                if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                    receiver.mutability = None;
                }
            }
        }
    }
    sig
}

/// The signature as our trait has it, of whose own `Self` nobody knows what this one is.
fn with_own_type(mut sig: Signature, model: &Model) -> Signature {
    let Home::TraitImpl { own_type, .. } = &*model.home else { return sig };
    for input in &mut sig.inputs {
        if let FnArg::Typed(input) = input {
            let ty = without_own_type(&input.ty.to_token_stream(), own_type);
            *input.ty = Type::Verbatim(ty);
        }
    }
    if let ReturnType::Type(_, ty) = &mut sig.output {
        **ty = Type::Verbatim(without_own_type(&ty.to_token_stream(), own_type));
    }
    sig
}

/// The body, under a name of its own. What there is to say of the signature is said of the function.
fn original(model: &Model) -> Helper {
    let name = model.uncached();
    let options = [&model.options.cache, &model.options.key];
    let uncached = |mut sig: Signature| {
        // An argument that is there for the cache or the key is not unused.
        for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
            let used = options
                .iter()
                .copied()
                .flatten()
                .any(|it| uses(&it.value.to_token_stream(), &argument.name));
            if let (FnArg::Typed(input), true) = (input, used) {
                input.attrs.push(parse_quote!(#[allow(unused_variables)]));
            }
        }
        sig.ident = name.clone();
        sig.abi = None;
        if model.home.is_module() {
            sig.generics = model.rest.generics();
        }
        sig
    };
    let cfgs = model.cfgs();
    let attrs = model.function.attrs.iter().filter(|attr| concerns_body(attr)).map(written);
    let deprecated = model.function.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let deprecated = deprecated.then(|| quote!(#[allow(deprecated)]));
    let function = if model.home.is_module() {
        "The function".to_owned()
    } else {
        format!("[`{0}`](Self::{0})", model.function.sig.ident)
    };
    let doc = format!(" {function} itself: runs its body and leaves the cache alone.");
    let lints = lints_of_signature(model);
    let declared = uncached(with_own_type(normalized(model), model)).to_token_stream();
    Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        attrs: quote! {
            #[allow(#(#lints),*)]
            #deprecated
            #(#attrs)*
        },
        vis: model.function.vis.to_token_stream(),
        name: name.clone(),
        signature: uncached(model.function.sig.clone()).to_token_stream(),
        declared: Some(declared),
        returns: None,
        // In the user's braces: lints pass over what a macro has braced.
        body: model.function.body.to_token_stream(),
    }
}

/// The lints that might say of the original's signature what they say of the function's: not all there are,
/// for the compiler looks each of them up for each function.
fn lints_of_signature(model: &Model) -> impl Iterator<Item = TokenStream> {
    let sig = &model.function.sig;
    let visible = !matches!(model.function.vis, Visibility::Inherited);
    // In a trait nothing is said of who sees it.
    let exposed = visible || !model.home.is_module();
    let several = sig.inputs.len() > 1;
    // With a condition, a `Result` is stored whole as well.
    let is_whole = matches!(model.stored, Stored::Whole | Stored::Primitive);
    let may_fail = !is_whole || model.options.cache_if.is_some();
    let lints = [
        (false, "dead_code", !model.home.is_module()),
        (false, "unreachable_pub", visible && !model.home.is_module()),
        (true, "fn_params_excessive_bools", several),
        (true, "large_types_passed_by_value", !sig.inputs.is_empty()),
        (true, "missing_const_for_fn", !model.is_async()),
        (true, "missing_errors_doc", exposed && may_fail),
        (true, "missing_panics_doc", exposed),
        (true, "missing_safety_doc", exposed && matches!(sig.safety, Safety::Unsafe(_))),
        (true, "must_use_candidate", exposed && matches!(sig.output, ReturnType::Type(..))),
        (true, "needless_lifetimes", sig.generics.lifetimes().next().is_some()),
        (true, "too_many_arguments", several),
        (true, "type_complexity", true),
        (true, "unused_self", sig.receiver().is_some()),
    ];
    lints.into_iter().filter(|(.., concerns)| *concerns).map(|(is_clippys, name, _)| {
        let name = Ident::new(name, Span::mixed_site());
        if is_clippys { quote!(clippy::#name) } else { name.into_token_stream() }
    })
}

fn concerns_body(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid", "track_caller", "target_feature"]
        .iter()
        .any(|name| attr.path().is_ident(name))
        || attr.path().segments.first().is_some_and(|first| first.ident == "clippy")
}
