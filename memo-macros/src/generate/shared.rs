//! The functions that a call and its controls share: one makes the look-up, the other the policy.
//!
//! The compiler checks the bounds on arguments and results in these functions alone. Their callers see `impl Lookup` and
//! `impl PolicyFor`. So a missing bound is one error, also where the compiler does not join equal errors of several
//! functions.
//!
//! ```text
//! fn lookup(city: &&str, day: &u32) -> impl Lookup<Key = (String, u32)> {
//!     (plain::<str, _>(city), plain::<u32, _>(day))
//! }
//! fn policy() -> impl PolicyFor<Result<f64, WeatherError>, true> {
//!     policy::<Result<f64, WeatherError>, _, _>(kind!(..))
//! }
//! ```

use super::cache_static::function;
use super::helper::Helper;
use super::key::nested;
use super::names::hygienic;
use super::shared_controls::lent_type;
use crate::analyze::model::{Argument, Model};
use crate::analyze::stored_type::StoredType;
use crate::tokens::rewrite::replace_self_type;
use crate::tokens::search::borrows;
use proc_macro2::TokenStream;
use quote::quote;

/// The look-up of a call: by the shared function, if there is one.
pub(super) fn lookup(model: &Model) -> TokenStream {
    if !has_lookup_function(model) {
        return model.lookup();
    }
    let path = model.path(&model.lookup_fn());
    let arguments = model.keyed_arguments().map(|it| &it.name);
    if model.shares_controls {
        let p = &model.runtime;
        return quote!(#path((#(&#arguments,)*), #p::PhantomData));
    }
    quote!(#path(#(&#arguments),*))
}

/// The policy for the result: by the shared function, if there is one.
pub(super) fn policy(model: &Model) -> TokenStream {
    if has_policy_function(model) { model.call(&model.policy_fn()) } else { model.result_policy() }
}

/// The shared functions.
pub(super) fn shared_functions(model: &Model) -> impl Iterator<Item = Helper> {
    let lookup = has_lookup_function(model).then(|| lookup_function(model));
    let has_policy = has_policy_function(model) || model.shares_controls;
    let policy = has_policy.then(|| policy_function(model));
    lookup.into_iter().chain(policy)
}

fn lookup_function(model: &Model) -> Helper {
    let p = &model.runtime;
    let argument = |it: &Argument| {
        let name = if it.name == "self" { hygienic("self") } else { it.name.clone() };
        Argument { name, ..it.clone() }
    };
    let arguments: Vec<_> = model.keyed_arguments().map(argument).collect();
    let parameters =
        arguments.iter().map(|Argument { name, ty, attrs, .. }| quote!(#(#attrs)* #name: &#ty));
    let mut generics = model.params_of(model.keyed_arguments());
    if !model.context.is_module() {
        generics = generics.and(&model.instance);
    }
    let (params, bounds) = (generics.declared(), generics.clause());
    let key = model.key_types().map(nested);
    let lookup = model.lookup_of_references(&arguments);
    let helper = function(model, model.lookup_fn(), &TokenStream::new(), quote!({ #lookup }));
    let name = &helper.name;
    if model.shares_controls {
        let names = arguments.iter().map(|it| &it.name);
        let lent = arguments.iter().map(|it| lent_type(&it.ty));
        let signature = quote! {
            fn #name<'__memofn>((#(#names,)*): (#(#lent,)*), _: #p::Lifetime<'__memofn>) -> impl #p::Lookup<Key = Self::Key>
        };
        return shared(model, Helper { signature, ..helper });
    }
    let signature = quote! {
        fn #name #params (#(#parameters),*) -> impl #p::Lookup<Key = #key> #bounds
    };
    shared(model, Helper { signature, ..helper })
}

fn policy_function(model: &Model) -> Helper {
    let Model { runtime: p, result, .. } = model;
    let policy = model.result_policy();
    let returned = if model.shares_controls {
        let result = model.result_in_signatures();
        quote!(impl #p::Policy<#result, Stored = Self::Stored>)
    } else if let Some(stored) = model.stored_alias() {
        quote!(impl #p::Policy<#result, Stored = #stored>)
    } else {
        let is_result = model.is_result();
        quote!(impl #p::PolicyFor<#result, #is_result>)
    };
    shared(model, function(model, model.policy_fn(), &returned, quote!({ #policy })))
}

fn shared(model: &Model, helper: Helper) -> Helper {
    let Helper { attrs, signature, .. } = &helper;
    let controls = model.context.controls_trait();
    let declared = controls.map(|controls| replace_self_type(signature, &controls.self_type));
    Helper { attrs: quote!(#[inline] #attrs), declared, ..helper }
}

/// A given cache may have keys that borrow, for a lifetime that only the call knows. The key expression of `key = ..` stands
/// where it is used.
fn has_lookup_function(model: &Model) -> bool {
    model.shares_controls
        || can_share(model) && model.key.is_none() && model.keyed_arguments().next().is_some()
}

/// A primitive needs no check. A stored type that cannot be spelled is that of the policy where it is used. A trait cannot
/// declare the function: whether the return type is a `Result` is a constant, and there it depends on `Self`.
fn has_policy_function(model: &Model) -> bool {
    can_share(model)
        && !model.context.is_trait_impl()
        && !matches!(model.stored_type, StoredType::Primitive | StoredType::Unspelled)
        && !borrows(&model.result)
}

/// Whether the types of the cache have no lifetime.
fn can_share(model: &Model) -> bool {
    model.options.cache().is_none()
}
