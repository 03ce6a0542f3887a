//! The key of a call: how it is looked up, and the type that the cache owns.

use crate::analyze::generics::unsized_types;
use crate::analyze::key_shape::KeyShape;
use crate::analyze::model::{Argument, Model};
use crate::analyze::type_names::is_unsized_by_name;
use crate::parse::option_row::Scope;
use crate::tokens::rewrite::{infer_lifetimes, replace_self};
use crate::tokens::search::has_macro;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

impl Model {
    /// The look-up of a call, which borrows its arguments.
    pub(super) fn lookup(&self) -> TokenStream {
        match self.key_expression() {
            Some(key) => key,
            None => nested(
                self.keyed_arguments().map(|argument| lookup(argument, &self.runtime)).collect(),
            ),
        }
    }

    /// The types of the parts of the key; `None` with `key = ..`, whose type only the compiler knows.
    pub(super) fn key_types(&self) -> Option<Vec<TokenStream>> {
        let mut unsized_types = unsized_types(&self.function.sig.generics);
        unsized_types.extend(self.context.unsized_types().iter().cloned());
        let owned = |argument: &Argument| {
            owned_type(&KeyShape::of(&argument.ty), &self.runtime, &unsized_types)
        };
        self.options.key().is_none().then(|| self.keyed_arguments().map(owned).collect())
    }

    /// The look-up of `key = ..`. It begins with the patterns that the expression uses.
    fn key_expression(&self) -> Option<TokenStream> {
        let key = self.options.key()?;
        let p = &self.runtime;
        let own = match self.options.scope() {
            Scope::Shared if self.options.cache().is_none() => quote!(#p::shared_key),
            _ => quote!(#p::key),
        };
        let patterns: Vec<_> = self
            .keyed_arguments()
            .filter_map(|Argument { name, pattern, .. }| {
                let pattern = pattern.as_ref()?;
                let argument = quote_spanned!(name.span()=> &#name);
                Some(quote!(#[allow(unused)] let #pattern = #p::std::clone::Clone::clone(#argument);))
            })
            .collect();
        Some(if patterns.is_empty() {
            quote_spanned!(key.span()=> #own(#key))
        } else {
            quote_spanned!(key.span()=> { #(#patterns)* #own(#key) })
        })
    }

    /// A closure from the arguments to the key of `key = ..`. It is never called: the compiler takes
    /// the type of the key from it.
    pub(super) fn key_closure(&self) -> Option<TokenStream> {
        // A closure has no `self`.
        const THIS: &str = "__self";
        let key = replace_self(&self.key_expression()?, THIS);
        let names = self
            .keyed_arguments()
            .map(|argument| replace_self(&argument.name.to_token_stream(), THIS));
        let types = self.keyed_arguments().map(|argument| {
            infer_lifetimes(&argument.ty.to_token_stream(), |name| self.other_params.contains(name))
        });
        let p = &self.runtime;
        let hidden = self.hidden_parameters();
        // The compiler gives unreachable code a type, and does not report what it moves or borrows a
        // second time.
        Some(quote! {
            #[allow(unreachable_code, unused_variables)]
            |(#(#names,)*): (#(#types,)*)| {
                #hidden
                #p::std::unreachable!();
                #key
            }
        })
    }

    /// Items that shadow the parameters which must not tell the caches apart. If a macro in the key
    /// mentions one of them, the compiler reports it here. Without these items the name might mean
    /// something else outside the function, and the controls would find a cache of another type.
    fn hidden_parameters(&self) -> Option<TokenStream> {
        let key = self.options.key()?;
        let hides = has_macro(&key.to_token_stream());
        let hidden = self.other_params.names().map(|name| {
            let is_type = self.other_params.types().any(|it| it == name);
            if is_type {
                quote!(type #name<MentionItInKeyOutsideOfTheMacro> = MentionItInKeyOutsideOfTheMacro;)
            } else {
                quote! {
                    struct MentionItInKeyOutsideOfTheMacro;
                    const #name: MentionItInKeyOutsideOfTheMacro = MentionItInKeyOutsideOfTheMacro;
                }
            }
        });
        hides.then(|| quote!(#(#[allow(dead_code, non_camel_case_types)] #hidden)*))
    }

    /// Uses of the keyed arguments by name, so that the compiler reports an argument that the key has
    /// moved there.
    pub(super) fn use_keyed_arguments(&self) -> TokenStream {
        let names = self.keyed_arguments().map(|it| &it.name).filter(|name| *name != "self");
        quote!(#(#[allow(clippy::shadow_same)] let #names = #names;)*)
    }
}

/// One part alone, several as a tuple. The parts after the eleventh form a tuple inside of it, since
/// the standard library compares tuples of at most twelve.
pub(super) fn nested(mut parts: Vec<TokenStream>) -> TokenStream {
    const MOST: usize = 12;
    if parts.len() == 1 {
        return parts.remove(0);
    }
    if parts.len() > MOST {
        let rest = nested(parts.split_off(MOST - 1));
        parts.push(rest);
    }
    quote!((#(#parts),*))
}

fn lookup(Argument { name, ty, .. }: &Argument, p: &TokenStream) -> TokenStream {
    match (KeyShape::of(ty), ty) {
        (KeyShape::Leaf(ty), _) => quote!(#p::plain::<#ty, _>(&#name)),
        (KeyShape::Pointer(leaf), Type::Reference(reference)) if leaf.is_leaf() => {
            let elem = &reference.elem;
            quote!(#p::plain::<#elem, _>(#name))
        }
        (shape, _) => {
            let shape = shape_type(&shape, p);
            quote!(#p::shaped::<#ty, #shape, _>(&#name))
        }
    }
}

/// The runtime's type for a shape.
fn shape_type(shape: &KeyShape<'_>, p: &TokenStream) -> TokenStream {
    let (name, elem) = match shape {
        KeyShape::Leaf(_) => return quote!(#p::Plain),
        KeyShape::Float(_) => return quote!(#p::FloatBits),
        KeyShape::Tuple(elems) => {
            let elems = elems.iter().map(|elem| shape_type(elem, p));
            return quote!((#(#elems,)*));
        }
        KeyShape::Pointer(elem) => ("PointerTo", elem),
        KeyShape::Option(elem) => ("OptionOf", elem),
        KeyShape::Slice(elem) => ("SliceOf", elem),
        KeyShape::Array(elem, _) => ("ArrayOf", elem),
    };
    let (name, elem) = (Ident::new(name, Span::call_site()), shape_type(elem, p));
    quote!(#p::#name<#elem>)
}

/// The type that a key owns for a shape. `unsized_types` are parameters.
fn owned_type(shape: &KeyShape<'_>, p: &TokenStream, unsized_types: &[Ident]) -> TokenStream {
    let inner = |elem: &KeyShape<'_>| owned_type(elem, p, unsized_types);
    match shape {
        KeyShape::Leaf(ty) => ty.to_token_stream(),
        KeyShape::Float(ty) => quote!(#p::Float<#ty>),
        KeyShape::Pointer(elem) => match &**elem {
            KeyShape::Leaf(ty) => owned_pointee(ty, p, unsized_types),
            elem => inner(elem),
        },
        KeyShape::Option(elem) => {
            let elem = inner(elem);
            quote!(#p::std::option::Option<#elem>)
        }
        KeyShape::Slice(elem) => {
            let elem = inner(elem);
            quote!(#p::std::vec::Vec<#elem>)
        }
        KeyShape::Array(elem, len) => {
            let elem = inner(elem);
            quote!([#elem; #len])
        }
        KeyShape::Tuple(elems) => {
            let elems = elems.iter().map(inner);
            quote!((#(#elems,)*))
        }
    }
}

/// The type that a key owns for the target of a pointer. A type that may be sized is owned as itself:
/// its `ToOwned::Owned` would add a second error where `Clone` is missing.
fn owned_pointee(ty: &Type, p: &TokenStream, unsized_types: &[Ident]) -> TokenStream {
    let is_parameter = matches!(ty, Type::Path(path)
        if path.path.get_ident().is_some_and(|name| unsized_types.contains(name)));
    match ty {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            quote!(#p::std::vec::Vec<#elem>)
        }
        _ if is_parameter || is_unsized_by_name(ty) => {
            quote!(<#ty as #p::std::borrow::ToOwned>::Owned)
        }
        _ => ty.to_token_stream(),
    }
}
