//! Functions of ours beside the user's, and what goes on them of the user's attributes.

use crate::model::Model;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Meta, parse_quote};

/// A function of ours, for the block that the user's function is in or for a trait of ours.
pub(crate) struct Helper {
    /// What it is, and whether it is.
    pub(crate) doc: TokenStream,
    /// What is allowed of it.
    pub(crate) attrs: TokenStream,
    pub(crate) vis: TokenStream,
    pub(crate) name: Ident,
    pub(crate) signature: TokenStream,
    /// The signature as a trait has it, where it is not the same.
    pub(crate) declared: Option<TokenStream>,
    /// The type returned, where a trait has to leave it to its implementation.
    pub(crate) returns: Option<TokenStream>,
    /// In braces.
    pub(crate) body: TokenStream,
}

impl Helper {
    /// In an impl block or a trait of the user's.
    pub(crate) fn inherent(&self) -> TokenStream {
        let Self { doc, attrs, vis, signature, body, .. } = self;
        quote!(#doc #attrs #vis #signature #body)
    }

    /// In a trait of ours.
    pub(crate) fn declaration(&self) -> TokenStream {
        let Self { doc, name, .. } = self;
        if self.returns.is_some() {
            return quote!(#doc type #name; #doc fn #name() -> Self::#name;);
        }
        let signature = self.declared.as_ref().unwrap_or(&self.signature);
        quote!(#doc #signature;)
    }

    /// In its implementation.
    pub(crate) fn implementation(&self) -> TokenStream {
        let Self { doc, attrs, name, signature, body, .. } = self;
        if let Some(ty) = &self.returns {
            return quote!(#doc type #name = #ty; #doc #attrs fn #name() -> Self::#name #body);
        }
        quote!(#doc #attrs #signature #body)
    }
}

/// An attribute as it goes on the items made of the function. What is expected of one would be
/// missed on another, so that it is allowed on all.
pub(crate) fn written(attr: &Attribute) -> Attribute {
    match &attr.meta {
        Meta::List(list) if attr.path().is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => attr.clone(),
    }
}

/// What is allowed of the signature, which the items beside the function have as well.
pub(crate) fn allowed(model: &Model) -> impl Iterator<Item = Attribute> {
    let allows =
        |attr: &&Attribute| ["allow", "expect"].iter().any(|name| attr.path().is_ident(name));
    model.function.attrs.iter().filter(allows).map(written)
}

/// A name of our own, which no argument and no expression of the user's can collide with.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
