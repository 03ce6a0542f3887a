//! The key of a call: how it is looked up, and the type that the cache owns.

use crate::analyze::generics::unsized_types;
use crate::analyze::key_expression::{KeyPart, KnownType};
use crate::analyze::key_shape::KeyShape;
use crate::analyze::model::{Argument, Model};
use crate::analyze::type_names::{is_primitive, is_unsized_by_name, unwrapped};
use crate::parse::option_row::Scope;
use crate::tokens::rewrite::{infer_lifetimes, replace_self, respanned};
use crate::tokens::search::{find_lifetime, has_macro};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Index, Token, Type};

impl Model {
    /// The look-up of a call, which borrows its arguments.
    pub(super) fn lookup(&self) -> TokenStream {
        match &self.key {
            Some(key) => self.lookup_of(key),
            None => nested(self.keyed_arguments().map(|it| self.lookup_of_argument(it)).collect()),
        }
    }

    /// The look-up by arguments that are references to those of a call.
    pub(super) fn lookup_of_references(&self, arguments: &[Argument]) -> TokenStream {
        nested(arguments.iter().map(|it| self.lookup_by_shape(it, None)).collect())
    }

    /// The types of the parts of the key; `None` if only the compiler knows the type of `key = ..`.
    pub(super) fn key_types(&self) -> Option<Vec<TokenStream>> {
        match &self.key {
            Some(key) if key.is_spelled() => Some(vec![self.type_of(key)]),
            Some(_) => None,
            None => Some(self.keyed_arguments().map(|it| self.type_of_argument(it)).collect()),
        }
    }

    /// The type of the key of the given cache, `_` where only that cache decides.
    pub(super) fn given_key_type(&self) -> TokenStream {
        let part = |argument: &Argument| {
            if self.may_borrow_in_cache(argument) {
                quote!(_)
            } else {
                self.type_of_argument(argument)
            }
        };
        match &self.key {
            Some(_) => quote!(_),
            None => nested(self.keyed_arguments().map(part).collect()),
        }
    }

    /// Whether a given cache may have the argument as it is for a key, or the owned type: `&'s str` or
    /// `String`.
    fn may_borrow_in_cache(&self, argument: &Argument) -> bool {
        let ty = argument.ty.to_token_stream();
        let shape = KeyShape::of(&argument.ty);
        self.options.cache().is_some() && !shape.is_leaf() && find_lifetime(&ty)
    }

    fn lookup_of_argument(&self, argument: &Argument) -> TokenStream {
        let Argument { name, ty, .. } = argument;
        let p = &self.runtime;
        if self.may_borrow_in_cache(argument) {
            let shape = self.shape_type(&KeyShape::of(ty));
            return quote!(#p::given_part::<#ty, #shape, _, _>(&#name));
        }
        self.lookup_by_shape(argument, Some(Token![&](Span::call_site())))
    }

    fn type_of_argument(&self, argument: &Argument) -> TokenStream {
        self.owned_type(&KeyShape::of(&argument.ty))
    }

    fn argument(&self, name: &Ident) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name == *name)
    }

    fn type_of(&self, key: &KeyPart) -> TokenStream {
        let p = &self.runtime;
        match key {
            KeyPart::Argument(name) => {
                self.argument(name).map_or_else(|| quote!(_), |it| self.type_of_argument(it))
            }
            KeyPart::AsRef(_, target) => owned_pointee(target, p, &[]),
            KeyPart::Known(_, KnownType::String) => quote!(#p::String),
            KeyPart::Known(_, KnownType::Usize) => quote!(#p::usize),
            KeyPart::Known(_, KnownType::Written(ty)) => ty.to_token_stream(),
            KeyPart::Place(_) | KeyPart::Value(_) => quote!(_),
            KeyPart::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.type_of(part));
                quote!((#(#parts,)*))
            }
        }
    }

    fn lookup_of(&self, key: &KeyPart) -> TokenStream {
        let p = &self.runtime;
        let is_given = self.options.cache().is_some();
        let is_shared = self.options.scope() == Scope::Shared && !is_given;
        let kind = |expr: &Expr, value: TokenStream, method: &str| {
            // No expression of the user's is in the scope of this name.
            let span = expr.span();
            let method = if is_shared { format!("shared_{method}") } else { method.to_owned() };
            let (method, name) = (Ident::new(&method, span), Ident::new("__memofn_value", span));
            quote!(#p::key_of!(#name, #method, #value))
        };
        match key {
            KeyPart::Argument(name) => {
                // The name as the key has it, for its span.
                let argument =
                    self.argument(name).map(|it| Argument { name: name.clone(), ..it.clone() });
                argument.map_or_else(TokenStream::new, |it| self.lookup_of_argument(&it))
            }
            KeyPart::AsRef(expr, target) => {
                quote_spanned!(expr.span()=> #p::plain::<#target, _>(#expr))
            }
            KeyPart::Known(expr, _) if is_shared => {
                quote_spanned!(expr.span()=> #p::shared_key(#expr))
            }
            KeyPart::Known(expr, _) => quote_spanned!(expr.span()=> #p::key(#expr)),
            KeyPart::Place(expr) if is_given => {
                let place = self.place(expr);
                quote_spanned!(expr.span()=> #p::given_place(&#place))
            }
            KeyPart::Value(expr) if is_given => {
                quote_spanned!(expr.span()=> #p::given_value(#expr))
            }
            KeyPart::Place(expr) => {
                let place = self.place(expr);
                kind(expr, quote!(&#place), "place")
            }
            KeyPart::Value(expr) => kind(expr, expr.to_token_stream(), "value"),
            KeyPart::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.lookup_of(part));
                quote!((#(#parts,)*))
            }
        }
    }

    /// A closure from the arguments to the type of the key. It is never called: the compiler takes
    /// the type of the key from it.
    pub(super) fn key_closure(&self) -> TokenStream {
        // A closure has no `self`.
        const THIS: &str = "__self";
        let key = replace_self(&self.lookup(), THIS);
        let patterns = self.key_patterns();
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
        quote! {
            #[allow(unreachable_code, unused_variables)]
            |(#(#names,)*): (#(#types,)*)| {
                #hidden
                #p::std::unreachable!();
                #patterns
                #p::key_type(&#key)
            }
        }
    }

    /// Whether the key may borrow from an argument that the call of the body moves.
    pub(super) fn key_borrows_what_moves(&self) -> bool {
        let moves = |ty: &Type| match unwrapped(ty) {
            Type::Reference(reference) => reference.mutability.is_some(),
            Type::Path(path) => !path.path.get_ident().is_some_and(is_primitive),
            _ => true,
        };
        let borrows = self.borrows_patterns();
        self.keyed_arguments().any(|it| (it.pattern.is_none() || borrows) && moves(&it.ty))
    }

    /// Whether the key is made where it is used, and nowhere else: it is work, and it borrows from an argument that the
    /// call of the body moves, or from a value that lives no longer than the look-up.
    pub(super) fn key_is_made_in_place(&self) -> bool {
        self.key.as_ref().is_some_and(|key| {
            !key.is_pure() && (key.has_temporaries() || self.key_borrows_what_moves())
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
}

/// One part alone, several as a tuple. The parts after the eleventh form a tuple inside of it, since
/// the standard library compares tuples of at most twelve.
pub(super) fn nested(mut parts: Vec<TokenStream>) -> TokenStream {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    if parts.len() > MOST {
        let rest = nested(parts.split_off(MOST - 1));
        parts.push(rest);
    }
    quote!((#(#parts),*))
}

/// Expressions for the parts of a [`nested`] value with so many parts.
fn parts_of(whole: TokenStream, count: usize) -> Vec<TokenStream> {
    if count == 1 {
        return vec![whole];
    }
    let field = |i: usize| {
        let i = Index::from(i);
        quote!(#whole.#i)
    };
    if count > MOST {
        let rest = parts_of(field(MOST - 1), count - (MOST - 1));
        return (0..MOST - 1).map(field).chain(rest).collect();
    }
    (0..count).map(field).collect()
}

/// The most parts of one tuple.
const MOST: usize = 12;

impl Model {
    /// The look-up of an argument. `borrow` makes a reference of its name.
    fn lookup_by_shape(&self, argument: &Argument, borrow: Option<Token![&]>) -> TokenStream {
        let Argument { name, ty, .. } = argument;
        let p = &self.runtime;
        match (KeyShape::of(ty), ty) {
            (KeyShape::Leaf(ty), _) => quote!(#p::plain::<#ty, _>(#borrow #name)),
            (KeyShape::Pointer(leaf), Type::Reference(reference)) if leaf.is_leaf() => {
                let elem = &reference.elem;
                quote!(#p::plain::<#elem, _>(#name))
            }
            (KeyShape::Static(reference, target), Type::Reference(_))
                if self.is_cloned(reference).is_none() =>
            {
                quote!(#p::plain::<#target, _>(#name))
            }
            (shape, _) => {
                let shape = self.shape_type(&shape);
                quote!(#p::shaped::<#ty, #shape, _>(#borrow #name))
            }
        }
    }

    /// Expressions for the arguments that a stored key was made of. `key` is an expression for a reference to that.
    pub(super) fn lent_arguments(&self, key: TokenStream) -> Vec<TokenStream> {
        let p = &self.runtime;
        let arguments: Vec<_> = self.keyed_arguments().collect();
        let parts = match arguments.len() {
            1 => vec![key],
            count => parts_of(key, count).into_iter().map(|part| quote!(&#part)).collect(),
        };
        let lent = arguments.iter().zip(parts).map(|(argument, part)| {
            let Argument { name, ty, .. } = argument;
            let span = ty.span().resolved_at(name.span());
            let shape = respanned(&self.shape_type(&KeyShape::of(ty)), span);
            let ty =
                infer_lifetimes(&ty.to_token_stream(), |name| self.other_params.contains(name));
            quote_spanned!(span=> #p::lend::<#shape, #ty>(#part))
        });
        lent.collect()
    }

    /// The runtime's type for a shape.
    fn shape_type(&self, shape: &KeyShape<'_>) -> TokenStream {
        let p = &self.runtime;
        let (name, elem) = match shape {
            KeyShape::Leaf(_) => return quote!(#p::Plain),
            KeyShape::Float(_) => return quote!(#p::FloatBits),
            KeyShape::Tuple(elems) => {
                let elems = elems.iter().map(|elem| self.shape_type(elem));
                return quote!((#(#elems,)*));
            }
            KeyShape::Static(reference, _) => return self.shape_of_static(reference),
            KeyShape::Pointer(elem) => ("PointerTo", elem),
            KeyShape::Option(elem) => ("OptionOf", elem),
            KeyShape::Slice(elem) => ("SliceOf", elem),
            KeyShape::Array(elem, _) => ("ArrayOf", elem),
        };
        let (name, elem) = (Ident::new(name, Span::call_site()), self.shape_type(elem));
        quote!(#p::#name<#elem>)
    }

    fn shape_of_static(&self, reference: &Type) -> TokenStream {
        let p = &self.runtime;
        match self.is_cloned(reference) {
            // In a given cache the key may be the reference in any case.
            Some(is_cloned) if self.options.cache().is_none() => {
                quote!(<#reference as #p::StaticKey<{ #is_cloned }>>::Shape)
            }
            _ => quote!(#p::PointerTo<#p::Plain>),
        }
    }

    /// The type that a key owns for a shape.
    fn owned_type(&self, shape: &KeyShape<'_>) -> TokenStream {
        let p = &self.runtime;
        match shape {
            KeyShape::Leaf(ty) => ty.to_token_stream(),
            KeyShape::Float(ty) => quote!(#p::Float<#ty>),
            KeyShape::Static(reference, target) => match self.is_cloned(reference) {
                Some(is_cloned) => quote!(<#reference as #p::StaticKey<{ #is_cloned }>>::Owned),
                None => owned_pointee(target, p, &self.unsized_types()),
            },
            KeyShape::Pointer(elem) => match &**elem {
                KeyShape::Leaf(ty) => owned_pointee(ty, p, &self.unsized_types()),
                elem => self.owned_type(elem),
            },
            KeyShape::Option(elem) => {
                let elem = self.owned_type(elem);
                quote!(#p::Option<#elem>)
            }
            KeyShape::Slice(elem) => {
                let elem = self.owned_type(elem);
                quote!(#p::Vec<#elem>)
            }
            KeyShape::Array(elem, len) => {
                let elem = self.owned_type(elem);
                quote!([#elem; #len])
            }
            KeyShape::Tuple(elems) => {
                let elems = elems.iter().map(|elem| self.owned_type(elem));
                quote!((#(#elems,)*))
            }
        }
    }

    /// The parameters that may be unsized.
    fn unsized_types(&self) -> Vec<Ident> {
        let mut unsized_types = unsized_types(&self.function.sig.generics);
        unsized_types.extend(self.context.unsized_types().iter().cloned());
        unsized_types
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
            quote!(#p::Vec<#elem>)
        }
        _ if is_parameter || is_unsized_by_name(ty) => {
            quote!(<#ty as #p::ToOwned>::Owned)
        }
        _ => ty.to_token_stream(),
    }
}
