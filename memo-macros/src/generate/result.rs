//! The result of a call: which part of it the cache stores, and the type of that part.

use crate::analyze::model::Model;
use crate::analyze::stored_type::StoredType;
use proc_macro2::TokenStream;
use quote::quote;

impl Model {
    /// The kind of result that there is to store, as a value.
    pub(super) fn result_kind(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        match self.stored_type {
            StoredType::Whole | StoredType::Primitive => quote!(#p::Whole),
            StoredType::WholeByName => quote!(#p::kind!(#result).whole()),
            _ => quote!(#p::kind!(#result)),
        }
    }

    /// The policy that decides what to store of a result, as a value.
    pub(super) fn result_policy(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        if let Some(accept) = &self.options.cache_if {
            let accept = &accept.value;
            quote!(#p::policy_if::<#result, _>(#accept))
        } else if self.stored_type == StoredType::Primitive {
            quote!(#p::primitive::<#result, _>())
        } else {
            let kind = self.result_kind();
            quote!(#p::policy::<#result, _, _>(#kind))
        }
    }

    /// The stored type, if a signature can spell it.
    pub(super) fn stored_type(&self) -> Option<TokenStream> {
        let Self { runtime: p, result, .. } = self;
        match self.stored_type {
            StoredType::Whole | StoredType::Primitive | StoredType::WholeByName => {
                Some(result.clone())
            }
            StoredType::OkByName => Some(quote!(<#result as #p::Outcome<true>>::Stored)),
            StoredType::AskCompiler => {
                Some(quote!(<#result as #p::Outcome<{ #p::fallible!(#result) }>>::Stored))
            }
            StoredType::Unspelled => None,
        }
    }
}
