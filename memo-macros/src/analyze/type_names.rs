//! Judges types by how they are written. The compiler may know better: any type can have any name.

use proc_macro2::Ident;
use syn::Type;

/// The type without parentheses and invisible groups.
pub(crate) fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        _ => ty,
    }
}

/// Whether a type is unsized for certain, or called `str`. The compiler refuses it as an argument.
pub(crate) fn is_unsized(ty: &Type) -> bool {
    matches!(unwrapped(ty), Type::Slice(_) | Type::TraitObject(_)) || is_str(ty)
}

/// Whether a type is called `str`. Another type may have that name.
pub(crate) fn is_str(ty: &Type) -> bool {
    matches!(unwrapped(ty), Type::Path(path) if path.path.is_ident("str"))
}

/// Whether a type is unsized, judged by its name: `OsStr` and `Path` too.
pub(crate) fn is_unsized_by_name(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name == "str" || name.ends_with("Str") || name.ends_with("Path")
        }),
        _ => false,
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
