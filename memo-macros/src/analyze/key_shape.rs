//! The shape of an argument's type: how the argument is looked up, and what the key owns of it.
//!
//! ```text
//! argument              shape                   owned by the key
//! u64, Point            Leaf                    u64, Point
//! &str, Cow<'_, str>    Pointer<Leaf>           String
//! f64                   Float                   Float<f64>
//! Option<&str>          Option<Pointer<Leaf>>   Option<String>
//! &[(f64, &str)]        Pointer<Slice<(..)>>    Vec<(Float<f64>, String)>
//! &'static Point        Static<Point>           Point, or &'static Point without `Clone`
//! ```
//!
//! A leaf is hashed, compared and cloned as a whole. Every type that is not understood is a leaf: only
//! references and floats inside well-known containers are treated part by part.

use super::type_names::is_str;
use crate::tokens::search::borrows;
use quote::ToTokens;
use syn::{Expr, GenericArgument, PathArguments, Type, TypeReference};

pub(crate) enum KeyShape<'t> {
    Leaf(&'t Type),
    Float(&'t Type),
    /// A reference or a smart pointer.
    Pointer(Box<KeyShape<'t>>),
    /// A reference that lives forever, and its target, a leaf. If that has no `Clone`, the key owns the reference.
    Static(&'t Type, &'t Type),
    Option(Box<KeyShape<'t>>),
    /// A slice or a vector.
    Slice(Box<KeyShape<'t>>),
    Array(Box<KeyShape<'t>>, &'t Expr),
    Tuple(Vec<KeyShape<'t>>),
}

impl<'t> KeyShape<'t> {
    pub(crate) fn of(ty: &'t Type) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem),
            Type::Paren(paren) => Self::of(&paren.elem),
            Type::Reference(reference) => match Self::of(&reference.elem) {
                Self::Leaf(target) if is_static(reference) && !is_str(target) => {
                    Self::Static(ty, target)
                }
                target => Self::pointer(target),
            },
            Type::Slice(slice) => Self::of(&slice.elem).or_leaf(ty, Self::slice),
            Type::Array(array) => {
                Self::of(&array.elem).or_leaf(ty, |elem| Self::Array(Box::new(elem), &array.len))
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
            ("f32" | "f64", None) => Self::Float(ty),
            ("Option", Some(elem)) => {
                Self::of(elem).or_leaf(ty, |elem| Self::Option(Box::new(elem)))
            }
            ("Vec", Some(elem)) => {
                Self::of(elem).or_leaf(ty, |elem| Self::pointer(Self::slice(elem)))
            }
            ("Box" | "Rc" | "Arc", Some(elem)) => Self::of(elem).or_leaf(ty, Self::pointer),
            ("Cow", Some(elem)) => Self::pointer(Self::of(elem)),
            _ => Self::Leaf(ty),
        }
    }

    fn pointer(elem: Self) -> Self {
        Self::Pointer(Box::new(elem))
    }

    fn slice(elem: Self) -> Self {
        Self::Slice(Box::new(elem))
    }

    /// The container of this element. A container of a leaf is itself a leaf.
    fn or_leaf(self, ty: &'t Type, container: impl FnOnce(Self) -> Self) -> Self {
        if self.is_leaf() { Self::Leaf(ty) } else { container(self) }
    }

    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self, Self::Leaf(_))
    }

    /// The first leaf that borrows, so that a key cannot own it.
    pub(crate) fn borrowing_leaf(&self) -> Option<&'t Type> {
        match self {
            Self::Leaf(ty) | Self::Static(_, ty) => borrows(&ty.to_token_stream()).then_some(*ty),
            Self::Float(_) => None,
            Self::Pointer(elem) | Self::Option(elem) | Self::Slice(elem) | Self::Array(elem, _) => {
                elem.borrowing_leaf()
            }
            Self::Tuple(elems) => elems.iter().find_map(Self::borrowing_leaf),
        }
    }
}

fn is_static(reference: &TypeReference) -> bool {
    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
}
