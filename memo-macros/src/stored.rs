//! What a cache holds of a return type, and how that is spelled.
//!
//! The compiler knows whether a return type is a `Result`, of which the `Ok` alone is stored. It can
//! say so in a signature unless the type depends on a parameter; and of a method alone, without its
//! impl block, nobody can tell what is a parameter. Then the name of the type has to do. Nothing but
//! the spelling of a control's type hangs on it: what is stored is decided by the type.

use crate::words::{has_macro, words};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{PathArguments, Type};

/// How the stored type is spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The return type: it is no `Result`.
    Whole,
    /// The return type: a primitive, by its name. The compiler refuses any other type of that name.
    Primitive,
    /// The return type, by its name. Should it be a `Result`, it is stored in one.
    TakenWhole,
    /// The `Ok` of the return type, by its name.
    Ok,
    /// As the compiler finds.
    Probed,
    /// Not at all.
    Unnamed,
}

impl Stored {
    /// `parameters` are the words that a constant in a signature may not mention, if they are known.
    pub(crate) fn of(ty: &Type, parameters: Option<&[Ident]>) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem, parameters),
            Type::Paren(paren) => Self::of(&paren.elem, parameters),
            Type::Path(path) => {
                if path.path.get_ident().is_some_and(is_primitive) {
                    return Self::Primitive;
                }
                let mentioned = words(&ty.to_token_stream());
                // A macro may mention a parameter that is not seen.
                let may_mention = |known: &[Ident]| {
                    has_macro(&ty.to_token_stream()) && !known.is_empty()
                        || mentioned.iter().any(|it| known.contains(it))
                };
                if parameters.is_some_and(|known| !may_mention(known)) {
                    return Self::Probed;
                }
                match path.qself {
                    None => Self::by_name(&path.path, parameters.is_some()),
                    Some(_) => Self::Unnamed,
                }
            }
            Type::Macro(_) => Self::Unnamed,
            _ => Self::Whole,
        }
    }

    fn by_name(path: &syn::Path, is_generic: bool) -> Self {
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
            return Self::Unnamed;
        };
        let has_arguments = !matches!(last.arguments, PathArguments::None);
        let is_projection = path.segments.len() > 1 && first.ident == "Self";
        let name = last.ident.to_string();
        if is_projection {
            Self::Unnamed
        } else if name == "Result" && (has_arguments || path.segments.len() > 1) {
            Self::Ok
        } else if name.ends_with("Result") {
            // No parameter is called so.
            if has_arguments || is_generic { Self::Unnamed } else { Self::Probed }
        } else {
            Self::TakenWhole
        }
    }

    /// The type, in a signature.
    pub(crate) fn spelled(self, p: &TokenStream, ty: &TokenStream) -> Option<TokenStream> {
        match self {
            Self::Whole | Self::Primitive | Self::TakenWhole => Some(ty.clone()),
            Self::Ok => Some(quote!(<#ty as #p::Outcome<true>>::Stored)),
            Self::Probed => Some(quote!(<#ty as #p::Outcome<{ #p::fallible!(#ty) }>>::Stored)),
            Self::Unnamed => None,
        }
    }
}

/// Whether a type has the name of a primitive one that has a size.
pub(crate) fn is_primitive(name: &Ident) -> bool {
    [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ]
    .iter()
    .any(|primitive| name == primitive)
}
