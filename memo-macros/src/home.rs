//! Where a function is defined, as far as the attribute can see, and so where its controls go.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

pub(crate) enum Home {
    /// A module, or the body of a function. The controls belong to a type of the function's name.
    Module,
    /// An impl block or a trait, of which nothing but this method is seen. The controls stand beside
    /// the method, and so they do in a block that is seen.
    Method,
    /// An impl block or a trait.
    Block {
        /// The words that are parameters there.
        parameters: Vec<Ident>,
        /// What the names in reports begin with, if it is said.
        label: Option<String>,
        /// The types that may be without a size there: parameters, and `Self` if it is like `str`.
        unsized_types: Vec<Ident>,
    },
    /// The impl block of a trait, which can hold nothing but what the trait has.
    TraitImpl {
        /// The words that are parameters there.
        parameters: Vec<Ident>,
        /// What the names in reports begin with, if it is said.
        label: Option<String>,
        /// The types that may be without a size there: parameters, and `Self` if it is like `str`.
        unsized_types: Vec<Ident>,
        /// `Self`, spelled out.
        own_type: TokenStream,
        /// The trait, as it is written.
        implements: String,
        /// The trait of ours that holds the controls, with its arguments.
        extension: TokenStream,
    },
}

impl Home {
    pub(crate) fn is_module(&self) -> bool {
        matches!(self, Self::Module)
    }

    /// The words that may be parameters of what is around the function, if that is seen.
    pub(crate) fn parameters(&self) -> Option<&[Ident]> {
        match self {
            Self::Module => Some(&[]),
            Self::Method => None,
            Self::Block { parameters, .. } | Self::TraitImpl { parameters, .. } => Some(parameters),
        }
    }

    pub(crate) fn is_trait_impl(&self) -> bool {
        matches!(self, Self::TraitImpl { .. })
    }

    /// The types around the function that may be without a size, as far as they are seen.
    pub(crate) fn unsized_types(&self) -> &[Ident] {
        match self {
            Self::Module | Self::Method => &[],
            Self::Block { unsized_types, .. } | Self::TraitImpl { unsized_types, .. } => {
                unsized_types
            }
        }
    }

    /// The name in reports of what is called `function` here.
    pub(crate) fn label(&self, p: &TokenStream, function: &str) -> Label {
        let function = format!("::{function}");
        let own_type = quote!(#p::std::any::type_name::<Self>());
        match self {
            Self::Module => Label {
                prefix: String::new(),
                path: quote!(#p::std::module_path!()),
                suffix: function,
            },
            Self::Block { label: Some(label), .. } | Self::TraitImpl { label: Some(label), .. } => {
                Label::text(label.clone() + &function)
            }
            Self::Method | Self::Block { .. } => {
                Label { prefix: String::new(), path: own_type, suffix: function }
            }
            Self::TraitImpl { implements, .. } => Label {
                prefix: "<".to_owned(),
                path: own_type,
                suffix: format!(" as {implements}>{function}"),
            },
        }
    }
}

/// A name in reports: text, around a path that only the compiler knows.
pub(crate) struct Label {
    pub(crate) prefix: String,
    pub(crate) path: TokenStream,
    pub(crate) suffix: String,
}

impl Label {
    pub(crate) fn text(text: String) -> Self {
        Self { prefix: text, path: quote!(""), suffix: String::new() }
    }
}
