//! A generated function beside the user's, and what it takes from the user's: attributes and the
//! signature.

use crate::analyze::model::Model;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, FnArg, Meta, Pat, ReceiverKind, Signature, parse_quote};

/// A generated function. It stands in an impl block, or in a trait and its implementation.
pub(super) struct Helper {
    /// Its documentation and its `#[cfg(..)]`.
    pub(super) doc: TokenStream,
    /// Its other attributes. A trait does not repeat them.
    pub(super) attrs: TokenStream,
    pub(super) vis: TokenStream,
    pub(super) name: Ident,
    pub(super) signature: TokenStream,
    /// The signature in a trait, if it is another one.
    pub(super) declared: Option<TokenStream>,
    /// The return type, if a trait declares it as an associated type.
    pub(super) returns: Option<TokenStream>,
    /// In braces.
    pub(super) body: TokenStream,
}

impl Helper {
    /// The function in an impl block.
    pub(super) fn inherent(&self) -> TokenStream {
        let Self { doc, attrs, vis, signature, body, .. } = self;
        let lint = self.name_lint();
        quote!(#doc #attrs #lint #vis #signature #body)
    }

    /// The function as a trait declares it.
    pub(super) fn declaration(&self) -> TokenStream {
        let Self { doc, name, .. } = self;
        let lint = self.name_lint();
        if self.returns.is_some() {
            return quote!(#doc type #name; #doc #lint fn #name() -> Self::#name;);
        }
        let signature = self.declared.as_ref().unwrap_or(&self.signature);
        quote!(#doc #lint #signature;)
    }

    /// The function in the implementation of a trait that rustdoc does not show.
    pub(super) fn hidden_implementation(&self) -> TokenStream {
        let Self { attrs, signature, body, .. } = self;
        quote!(#attrs #signature #body)
    }

    /// A method called `type_` has the control `type__cache`.
    fn name_lint(&self) -> Option<TokenStream> {
        let has_two = self.name.to_string().contains("__");
        has_two.then(|| quote!(#[allow(non_snake_case)]))
    }

    /// The function in the implementation of that trait.
    pub(super) fn implementation(&self) -> TokenStream {
        let Self { doc, attrs, name, signature, body, .. } = self;
        if let Some(ty) = &self.returns {
            return quote!(#doc type #name = #ty; #doc #attrs fn #name() -> Self::#name #body);
        }
        quote!(#doc #attrs #signature #body)
    }
}

/// An attribute for several generated items. `expect` becomes `allow`: one of the items may not cause
/// the expected lint.
pub(super) fn shared_attribute(attr: &Attribute) -> Attribute {
    match &attr.meta {
        Meta::List(list) if attr.path().is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => attr.clone(),
    }
}

/// The lints that the user allows on the function. They apply to the items beside it as well.
pub(super) fn allowed_lints(model: &Model) -> impl Iterator<Item = Attribute> {
    let allows =
        |attr: &&Attribute| ["allow", "expect"].iter().any(|name| attr.path().is_ident(name));
    model.function.attrs.iter().filter(allows).map(shared_attribute)
}

/// The signature with a name for each argument, and without `mut`, which only the body needs.
pub(super) fn named_signature(model: &Model) -> Signature {
    let mut sig = model.function.sig.clone();
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        match input {
            FnArg::Typed(input) => {
                let name = &argument.name;
                *input.pat = Pat::Verbatim(quote!(#name));
                input.attrs = input.attrs.iter().map(shared_attribute).collect();
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
