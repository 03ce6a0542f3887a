//! The type that the cache stores for a return type, and whether a signature can spell it.
//!
//! The cache stores only the `Ok` of a `Result`. The compiler decides by the type, even behind a type
//! alias. A signature can ask the compiler too, unless the type depends on a generic parameter: a constant in
//! a signature may not mention one. A method outside a memoized block does not show which names are
//! parameters. In these cases the name of the type decides how the type is spelled.

use crate::tokens::search::{has_macro, words};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{PathArguments, Type};

/// How the stored type is spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoredType {
    /// The return type, which is no `Result`.
    Whole,
    /// The return type, which has the name of a primitive. The compiler refuses another type of that
    /// name.
    Primitive,
    /// The return type, by its name. If it is a `Result` after all, the `Result` is stored.
    WholeByName,
    /// The `Ok` of the return type, by its name.
    OkByName,
    /// The type that the compiler finds.
    AskCompiler,
    /// It cannot be spelled.
    Unspelled,
}

impl StoredType {
    /// `parameters` are the names that depend on a generic parameter; `None` if they are not visible.
    pub(crate) fn of(ty: &Type, parameters: Option<&[Ident]>) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem, parameters),
            Type::Paren(paren) => Self::of(&paren.elem, parameters),
            Type::Path(path) => {
                if path.path.get_ident().is_some_and(is_primitive) {
                    return Self::Primitive;
                }
                let mentioned = words(&ty.to_token_stream());
                // The output of a macro may mention any parameter.
                let may_mention = |parameters: &[Ident]| {
                    has_macro(&ty.to_token_stream()) && !parameters.is_empty()
                        || mentioned.iter().any(|it| parameters.contains(it))
                };
                if parameters.is_some_and(|parameters| !may_mention(parameters)) {
                    return Self::AskCompiler;
                }
                match path.qself {
                    None => Self::by_name(&path.path, parameters.is_some()),
                    Some(_) => Self::Unspelled,
                }
            }
            Type::Macro(_) => Self::Unspelled,
            _ => Self::Whole,
        }
    }

    fn by_name(path: &syn::Path, is_generic: bool) -> Self {
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
            return Self::Unspelled;
        };
        let has_arguments = !matches!(last.arguments, PathArguments::None);
        let is_projection = path.segments.len() > 1 && first.ident == "Self";
        let name = last.ident.to_string();
        if is_projection {
            Self::Unspelled
        } else if name == "Result" && (has_arguments || path.segments.len() > 1) {
            Self::OkByName
        } else if name.ends_with("Result") {
            // A type parameter is not called so.
            if has_arguments || is_generic { Self::Unspelled } else { Self::AskCompiler }
        } else {
            Self::WholeByName
        }
    }

    /// Whether the type is no `Result` for certain.
    pub(crate) fn is_certainly_whole(self) -> bool {
        matches!(self, Self::Whole | Self::Primitive)
    }
}

/// Whether a name is that of a primitive type that is sized.
pub(crate) fn is_primitive(name: &Ident) -> bool {
    [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ]
    .iter()
    .any(|primitive| name == primitive)
}
