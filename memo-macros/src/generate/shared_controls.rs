//! The controls of most functions: an alias of a type in the runtime, whose functions are checked there once.
//!
//! ```text
//! pub type temperature = Controls<Marker, (BorrowedArg<str>,), Result<f64, WeatherError>>;
//! pub struct Marker {}
//! impl Marker {
//!     fn uncached(city: &str) -> Result<f64, WeatherError> { body }
//! }
//! impl MemoizedFn<temperature> for Marker {
//!     type Key = String;
//!     type Stored = f64;
//!     const CACHE_VERSION: u64 = ..;
//!     fn call_site() -> CallSite<OnlyInstance, Self::Key, Self::Stored, Shared> { .. }
//!     fn lookup<'a>((city,): (&'a &'a str,), _: Lifetime<'a>) -> impl Lookup<Key = Self::Key> { .. }
//!     fn policy() -> impl Policy<Result<..>, Stored = Self::Stored> { .. }
//!     fn uncached<'a>((city,): (&'a str,)) -> Result<..> { <Marker>::uncached(city) }
//! }
//! ```

use super::controls::mention;
use super::docs;
use super::helper::{Helper, allowed_lints};
use super::key::nested;
use super::version;
use crate::analyze::model::Model;
use crate::analyze::shared_controls::target;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Type;

/// The alias, and the type that stands for the function. The first helper runs the original body; it stands in a block of
/// its own, so that lints apply to it. The others are functions of the trait.
pub(super) fn shared_controls(model: &Model, helpers: &[Helper]) -> TokenStream {
    let Model { runtime: p, result, controls_name: name, .. } = model;
    let (vis, marker, memoized) = (&model.function.vis, model.marker(), model.marker_trait());
    let cfgs: Vec<_> = model.cfgs().collect();
    let allowed: Vec<_> = allowed_lints(model).collect();
    let (docs, list) = (docs::of_controls(model), docs::list_of_controls(model));
    let alias = model.controls_alias();
    let controls = if model.is_async() { quote!(AsyncControls) } else { quote!(Controls) };
    let kinds = model.arguments.iter().map(|it| kind(&it.ty, p));
    let (key, stored) = (model.key_types().map(nested), model.spelled_stored_type());
    let aliased = quote!(#p::#controls<#marker, (#(#kinds,)*), #result>);
    let original = helpers[0].inherent();
    let functions = helpers[1..].iter().map(Helper::hidden_implementation);
    let (version_name, version) = (version::constant_name(), version::of_function(model));
    let names: Vec<_> = model.arguments.iter().map(|it| &it.name).collect();
    let given = model.arguments.iter().map(|it| given_type(&it.ty));
    let returned = model.result_in_signatures();
    let lifetime = model.is_async().then(|| quote!(, _: #p::Lifetime<'__memofn>));
    let returned =
        if model.is_async() { quote!(impl #p::Future<Output = #returned>) } else { returned };
    let (uncached, mention, run) = (model.uncached_fn(), mention(model), model.call_original());
    quote! {
        #(#cfgs)*
        #docs
        #list
        #[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
        #(#allowed)*
        #vis type #name = #aliased;
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
        #(#allowed)*
        type #alias = #aliased;
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(
            non_camel_case_types, dead_code, missing_copy_implementations, missing_debug_implementations, unreachable_pub, clippy::all,
            clippy::pedantic, clippy::exhaustive_structs
        )]
        #vis struct #marker {}
        #(#cfgs)*
        #[allow(dead_code, private_interfaces, unreachable_pub)]
        impl #marker {
            #original
        }
        #(#cfgs)*
        #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
        #(#allowed)*
        impl #memoized<#alias> for #marker {
            type Key = #key;
            type Stored = #stored;
            const #version_name: #p::u64 = #version;
            #(#functions)*
            fn #uncached<'__memofn>((#(#names,)*): (#(#given,)*) #lifetime) -> #returned {
                #mention
                #run
            }
        }
    }
}

impl Model {
    /// A type in the implementation of the trait. There the user's types are written once, so that a mistake in one is
    /// not an error in each place that has them.
    pub(super) fn type_of_marker(&self, name: &str) -> TokenStream {
        let (marker, of, controls) = (self.marker(), self.marker_trait(), self.controls_alias());
        let name = Ident::new(name, Span::call_site());
        quote!(<#marker as #of<#controls>>::#name)
    }
}

/// The type that stands for an argument in the alias.
fn kind(ty: &Type, p: &TokenStream) -> TokenStream {
    target(ty).map_or_else(|| quote!(#p::OwnedArg<#ty>), |target| quote!(#p::BorrowedArg<#target>))
}

/// The type of an argument.
fn given_type(ty: &Type) -> TokenStream {
    target(ty).map_or_else(|| quote!(#ty), |target| quote!(&'__memofn #target))
}

/// The type of a reference to an argument.
pub(super) fn lent_type(ty: &Type) -> TokenStream {
    let given = given_type(ty);
    quote!(&'__memofn #given)
}
