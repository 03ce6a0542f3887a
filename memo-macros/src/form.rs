//! How the type of an argument, as written, is looked up and owned as a part of a key.
//!
//! ```text
//! u64, Point            Leaf                    u64, Point
//! &str, Cow<'_, str>    Via<Leaf>               String
//! f64                   Bits                    Float<f64>
//! Option<&str>          Opt<Via<Leaf>>          Option<String>
//! &[(f64, &str)]        Via<Seq<(Bits, ..)>>    Vec<(Float<f64>, String)>
//! ```
//!
//! What is not understood is a leaf: hashed, compared and cloned whole. Only types that hold
//! borrows or floats inside well-known containers are taken apart.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, GenericArgument, Ident, PathArguments, Type};

/// The shape of an argument's type, with the types of its leaves.
pub(crate) enum Form<'t> {
    Leaf(&'t Type),
    Bits(&'t Type),
    Via(Box<Form<'t>>),
    Opt(Box<Form<'t>>),
    Seq(Box<Form<'t>>),
    Arr(Box<Form<'t>>, &'t Expr),
    Tuple(Vec<Form<'t>>),
}

impl<'t> Form<'t> {
    pub(crate) fn of(ty: &'t Type) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem),
            Type::Paren(paren) => Self::of(&paren.elem),
            Type::Reference(reference) => Self::via(Self::of(&reference.elem)),
            Type::Slice(slice) => Self::of(&slice.elem).or_leaf(ty, Self::seq),
            Type::Array(array) => {
                Self::of(&array.elem).or_leaf(ty, |elem| Self::Arr(Box::new(elem), &array.len))
            }
            Type::Tuple(tuple) => {
                let elems: Vec<_> = tuple.elems.iter().map(Self::of).collect();
                if elems.iter().all(Self::is_leaf) { Self::Leaf(ty) } else { Self::Tuple(elems) }
            }
            Type::Path(path) if path.qself.is_none() => Self::of_path(ty, &path.path),
            _ => Self::Leaf(ty),
        }
    }

    fn of_path(ty: &'t Type, path: &'t syn::Path) -> Self {
        let Some(last) = path.segments.last() else { return Self::Leaf(ty) };
        let elem = match &last.arguments {
            PathArguments::None => None,
            PathArguments::AngleBracketed(arguments) => {
                let mut types = arguments.args.iter().filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                });
                types.next().filter(|_| types.next().is_none())
            }
            PathArguments::Parenthesized(_) => return Self::Leaf(ty),
        };
        match (last.ident.to_string().as_str(), elem) {
            ("f32" | "f64", None) => Self::Bits(ty),
            ("Option", Some(elem)) => Self::of(elem).or_leaf(ty, |elem| Self::Opt(Box::new(elem))),
            ("Vec", Some(elem)) => Self::of(elem).or_leaf(ty, |elem| Self::via(Self::seq(elem))),
            ("Box" | "Rc" | "Arc", Some(elem)) => Self::of(elem).or_leaf(ty, Self::via),
            ("Cow", Some(elem)) => Self::via(Self::of(elem)),
            _ => Self::Leaf(ty),
        }
    }

    fn via(elem: Self) -> Self {
        Self::Via(Box::new(elem))
    }

    fn seq(elem: Self) -> Self {
        Self::Seq(Box::new(elem))
    }

    /// A container of leaves is itself a leaf.
    fn or_leaf(self, ty: &'t Type, container: impl FnOnce(Self) -> Self) -> Self {
        if self.is_leaf() { Self::Leaf(ty) } else { container(self) }
    }

    fn is_leaf(&self) -> bool {
        matches!(self, Self::Leaf(_))
    }

    /// The argument `name`, of type `ty`, as it is looked up.
    pub(crate) fn lookup(&self, p: &TokenStream, name: &Ident, ty: &Type) -> TokenStream {
        match (self, ty) {
            (Self::Leaf(ty), _) => quote!(#p::leaf::<#ty, _>(&#name)),
            (Self::Via(leaf), Type::Reference(reference)) if leaf.is_leaf() => {
                let elem = &reference.elem;
                quote!(#p::leaf::<#elem, _>(#name))
            }
            _ => {
                let form = self.form(p);
                quote!(#p::parts::<#ty, #form, _>(&#name))
            }
        }
    }

    /// The runtime's type for this form.
    fn form(&self, p: &TokenStream) -> TokenStream {
        let inner = |form: &Self| form.form(p);
        match self {
            Self::Leaf(_) => quote!(#p::Leaf),
            Self::Bits(_) => quote!(#p::Bits),
            Self::Via(elem) => {
                let elem = inner(elem);
                quote!(#p::Via<#elem>)
            }
            Self::Opt(elem) => {
                let elem = inner(elem);
                quote!(#p::Opt<#elem>)
            }
            Self::Seq(elem) => {
                let elem = inner(elem);
                quote!(#p::Seq<#elem>)
            }
            Self::Arr(elem, _) => {
                let elem = inner(elem);
                quote!(#p::Arr<#elem>)
            }
            Self::Tuple(elems) => {
                let elems = elems.iter().map(inner);
                quote!((#(#elems,)*))
            }
        }
    }

    /// The type of what is kept of the argument. The `unsized_types` are parameters.
    pub(crate) fn owned(&self, p: &TokenStream, unsized_types: &[Ident]) -> TokenStream {
        let inner = |form: &Self| form.owned(p, unsized_types);
        match self {
            Self::Leaf(ty) => ty.to_token_stream(),
            Self::Bits(ty) => quote!(#p::Float<#ty>),
            Self::Via(elem) => match &**elem {
                Self::Leaf(ty) => pointee_owned(ty, p, unsized_types),
                elem => inner(elem),
            },
            Self::Opt(elem) => {
                let elem = inner(elem);
                quote!(#p::std::option::Option<#elem>)
            }
            Self::Seq(elem) => {
                let elem = inner(elem);
                quote!(#p::std::vec::Vec<#elem>)
            }
            Self::Arr(elem, len) => {
                let elem = inner(elem);
                quote!([#elem; #len])
            }
            Self::Tuple(elems) => {
                let elems = elems.iter().map(inner);
                quote!((#(#elems,)*))
            }
        }
    }

    /// A leaf that would have to outlive what it borrows from.
    pub(crate) fn borrowing_leaf(&self) -> Option<&'t Type> {
        match self {
            Self::Leaf(ty) => borrows(&ty.to_token_stream()).then_some(*ty),
            Self::Bits(_) => None,
            Self::Via(elem) | Self::Opt(elem) | Self::Seq(elem) | Self::Arr(elem, _) => {
                elem.borrowing_leaf()
            }
            Self::Tuple(elems) => elems.iter().find_map(Self::borrowing_leaf),
        }
    }
}

/// What is kept of something that is pointed at. That of a type nobody knows here is the type itself,
/// rather than its `ToOwned::Owned`, which would be one error more where `Clone` is missing.
fn pointee_owned(ty: &Type, p: &TokenStream, unsized_types: &[Ident]) -> TokenStream {
    let is_parameter = matches!(ty, Type::Path(path)
        if path.path.get_ident().is_some_and(|name| unsized_types.contains(name)));
    match ty {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            quote!(#p::std::vec::Vec<#elem>)
        }
        _ if is_parameter || has_no_size(ty) => quote!(<#ty as #p::std::borrow::ToOwned>::Owned),
        _ => ty.to_token_stream(),
    }
}

/// Whether a type is one without a size, by its name.
pub(crate) fn has_no_size(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name == "str" || name.ends_with("Str") || name.ends_with("Path")
        }),
        _ => false,
    }
}

/// Whether a type, as written, borrows from anything that is not `'static`.
pub(crate) fn borrows(ty: &TokenStream) -> bool {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let borrows = match token {
            // What a function pointer takes and returns is not borrowed by the pointer.
            TokenTree::Ident(word) if word == "fn" || word == "for" => return false,
            TokenTree::Group(group) => borrows(&group.stream()),
            // A reference without a lifetime; one with a lifetime is judged by that.
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'')
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                !matches!(tokens.next(), Some(TokenTree::Ident(name)) if name == "static")
            }
            _ => false,
        };
        if borrows {
            return true;
        }
    }
    false
}
