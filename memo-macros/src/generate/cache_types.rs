//! The types of the key and of the stored result: as a signature spells them, and as the bounds and the
//! policy that the runtime is given.

use super::helper::allowed_lints;
use super::key::nested;
use crate::analyze::key_expression::KeyPart;
use crate::analyze::model::Model;
use crate::analyze::stored_type::{StandIns, StoredType, stand_ins};
use crate::parse::option_row::Scope;
use crate::tokens::rewrite::{infer_lifetimes, replace_self_type};
use crate::tokens::search::{borrows, has_macro, has_parameter};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;

impl Model {
    /// The kind of result that there is to store, as a value.
    pub(super) fn result_kind(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        let kind = if self.shares_errors {
            quote!(#p::kind!(#result))
        } else {
            quote!(#p::unshared_kind!(#result))
        };
        match &self.stored_type {
            StoredType::Whole | StoredType::Primitive => quote!(#p::Whole),
            StoredType::WholeByName => quote!(#kind.whole()),
            StoredType::AskCompiler(stand_ins) if !stand_ins.is_empty() => {
                let stored = self.stored_type();
                quote!(#kind.storing::<#result, #stored>())
            }
            _ => kind,
        }
    }

    /// The policy that decides what to store of a result, as a value.
    pub(super) fn result_policy(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        if let Some(accept) = self.options.cache_if() {
            quote!(#p::policy_if::<#result, _>(#accept))
        } else if self.options.store_errors() {
            quote!(#p::policy_with_errors::<#result, _>())
        } else if matches!(self.stored_type, StoredType::Primitive) {
            // The bounds of a cache of its own ask whether it is a primitive.
            if self.options.cache().is_none() { quote!(#p::Whole) } else { self.primitive() }
        } else {
            let kind = self.result_kind();
            quote!(#p::policy::<#result, _, _>(#kind))
        }
    }

    /// The policy of a type that has the name of a primitive. The compiler refuses another type.
    fn primitive(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        quote!(#p::primitive::<#result, _>())
    }

    /// The stored type, if a signature can spell it.
    pub(super) fn stored_type(&self) -> Option<TokenStream> {
        if self.shares_controls {
            return Some(self.type_of_marker("Stored"));
        }
        if let Some(alias) = self.stored_alias() {
            return Some(alias.into_token_stream());
        }
        self.spelled_stored_type()
    }

    /// The alias of the stored type, if there is one. Without it the compiler is asked whether the result is a `Result` in each
    /// signature, and each question is a constant to check and to evaluate.
    pub(super) fn stored_alias(&self) -> Option<Ident> {
        let is_aliased = !self.shares_controls
            && matches!(self.stored_type, StoredType::AskCompiler(_))
            && self.context.is_module()
            && self.instance.is_empty()
            && self.options.cache().is_none()
            && !borrows(&self.result)
            && !self.may_hide_lifetime();
        is_aliased.then(|| format_ident!("__memofn_{}_stored", self.controls_name.unraw()))
    }

    /// Whether the result may have a lifetime that is left out: it is a type without arguments. Each signature and alias that
    /// spells it would be one more error about that.
    fn may_hide_lifetime(&self) -> bool {
        !matches!(self.stored_type, StoredType::Primitive)
            && !self.result.clone().into_iter().any(|token| token.to_string() == "<")
    }

    /// The result in the signatures of a function whose controls are an alias. The alias spells it already, but to spell it again
    /// takes the compiler less than to look there.
    pub(super) fn result_in_signatures(&self) -> TokenStream {
        let (p, controls) = (&self.runtime, self.controls_alias());
        if self.may_hide_lifetime() { quote!(#p::ResultOf<#controls>) } else { self.result.clone() }
    }

    /// The item that declares the alias.
    pub(super) fn stored_alias_item(&self) -> Option<TokenStream> {
        let (alias, cfgs, allowed) = (self.stored_alias()?, self.cfgs(), allowed_lints(self));
        let stored = self.spelled_stored_type();
        Some(quote! {
            #(#cfgs)*
            #[doc(hidden)]
            #[allow(dead_code, non_camel_case_types, clippy::all, clippy::pedantic)]
            #(#allowed)*
            type #alias = #stored;
        })
    }

    /// The stored type as the documentation shows it.
    pub(super) fn spelled_stored_type(&self) -> Option<TokenStream> {
        let Self { runtime: p, result, .. } = self;
        match &self.stored_type {
            StoredType::Whole | StoredType::Primitive | StoredType::WholeByName => {
                Some(result.clone())
            }
            _ => self
                .is_result()
                .map(|is_result| quote!(<#result as #p::ResultKind<#is_result>>::Stored)),
        }
    }

    /// Whether only the `Ok` of the result is stored, as a constant argument, if a signature can spell it.
    pub(super) fn is_result(&self) -> Option<TokenStream> {
        match &self.stored_type {
            StoredType::Whole | StoredType::Primitive | StoredType::WholeByName => {
                Some(quote!(false))
            }
            StoredType::OkByName => Some(quote!(true)),
            StoredType::AskCompiler(stand_ins) => {
                let answer = self.ask(stand_ins, &self.result, &quote!(fallible));
                Some(quote!({ #answer }))
            }
            StoredType::Unspelled => None,
        }
    }

    /// Asks whether the target of a `&'static` can be cloned, as a constant. `None` if that depends on a
    /// parameter.
    pub(super) fn is_cloned(&self, reference: &Type) -> Option<TokenStream> {
        let bounds = self.context.bounds(&self.function.sig.generics);
        let tokens = reference.to_token_stream();
        let depends = bounds.names().any(|param| has_parameter(&tokens, param));
        let stand_ins = stand_ins(reference, &bounds, self.context.sees_parameters())?;
        let can_ask = !(depends || stand_ins.self_type || has_macro(&tokens));
        can_ask.then(|| self.ask(&stand_ins, &tokens, &quote!(is_cloned)))
    }

    /// Asks the compiler about a type in a constant, which may mention no parameter.
    fn ask(&self, stand_ins: &StandIns, ty: &TokenStream, question: &TokenStream) -> TokenStream {
        let p = &self.runtime;
        let mut asked = infer_lifetimes(ty, |name| name != "static");
        if stand_ins.self_type {
            asked = replace_self_type(&asked, &quote!(#p::StandIn));
        }
        if stand_ins.types.is_empty() && stand_ins.constants.is_empty() {
            return quote!(#p::#question!(#asked));
        }
        let types = &stand_ins.types;
        let constants = stand_ins.constants.iter().map(|(name, ty)| {
            quote!(#[allow(dead_code, non_upper_case_globals)] const #name: #ty = #p::stand_in!(#ty);)
        });
        let module = stand_ins.behind_module.then(|| {
            quote!(
                #[allow(unused_imports, clippy::all, clippy::pedantic)]
                use self::*;
            )
        });
        quote! {
            #(#[allow(dead_code, non_camel_case_types)] type #types = #p::StandIn;)*
            #(#constants)*
            { #module #p::#question!(#asked) }
        }
    }
}

/// The types of a cache, if a signature can spell them.
pub(super) struct Types {
    pub(super) key: Option<TokenStream>,
    pub(super) value: Option<TokenStream>,
}

/// Whether a signature can spell both types.
pub(super) fn are_spelled(model: &Model) -> bool {
    let spelled = model.key.as_ref().is_none_or(KeyPart::is_spelled)
        && !matches!(model.stored_type, StoredType::Unspelled);
    spelled && (model.instance.is_empty() || !model.context.is_trait_impl())
}

pub(super) fn types(model: &Model) -> Types {
    // In a trait either both are spelled, or the whole type is `impl Trait`.
    if model.context.is_trait_impl() && !are_spelled(model) {
        return Types { key: None, value: None };
    }
    if model.shares_controls {
        let key = Some(model.type_of_marker("Key"));
        return Types { key, value: model.stored_type() };
    }
    Types { key: model.key_types().map(nested), value: model.stored_type() }
}

/// The bounds of the key, as a value; `None` if only the compiler knows its type.
pub(super) fn key_bounds(model: &Model) -> Option<TokenStream> {
    let p = &model.runtime;
    let bounds = |ty: &TokenStream| match model.options.scope() {
        Scope::Shared => quote!(#p::shared::<#ty, _>()),
        Scope::Thread => quote!(#p::thread::<#ty>()),
    };
    model.key_types().map(|types| nested(types.iter().map(bounds).collect()))
}

/// The types of the key and of the stored result, as values. They ask for no bounds: where the cache is made, they are
/// asked for already.
pub(super) fn unbounded_types(model: &Model) -> (TokenStream, TokenStream) {
    let Model { runtime: p, result, .. } = model;
    let key = if let Some(key) = model.key_types().map(nested) {
        quote!(#p::thread::<#key>())
    } else {
        let key = model.key_closure();
        quote!(#p::type_by(#key))
    };
    let value = if let Some(value) = model.stored_type() {
        quote!(#p::thread::<#value>())
    } else {
        let kind = model.result_kind();
        quote!(#p::thread_stored::<#result, _>(#kind))
    };
    (key, value)
}

/// The bounds of the stored type, as a value.
pub(super) fn result_bounds(model: &Model) -> TokenStream {
    let Model { runtime: p, result, .. } = model;
    let kind = match model.stored_type {
        StoredType::Primitive => model.primitive(),
        _ => model.result_kind(),
    };
    match model.options.scope() {
        Scope::Shared if model.options.store_errors() => {
            quote!(#p::stored_with_errors::<#result, _>())
        }
        Scope::Shared => quote!(#p::stored::<#result, _, _>(#kind)),
        Scope::Thread => quote!(#p::thread_stored::<#result, _>(#kind)),
    }
}
