//! Decides whether the controls of a function are an alias of a type in the runtime, or a type of their own.

use super::model::{Argument, Model};
use super::stored_type::StoredType;
use super::type_names::unwrapped;
use crate::parse::option_row::Scope;
use crate::tokens::search::{borrows, has_macro};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Safety, Type};

/// The runtime has controls for so many arguments.
const MOST_ARGUMENTS: usize = 6;

/// Whether the controls are an alias. The function stands in a module, has one cache in all, and the key is all of its
/// arguments.
pub(super) fn shares_controls(model: &Model) -> bool {
    let Model { function, options, arguments, .. } = model;
    model.context.is_module()
        && function.sig.generics.params.is_empty()
        && function.sig.generics.where_clause.is_none()
        && matches!(function.sig.safety, Safety::Default)
        && model.body_attributes().next().is_none()
        && options.cache().is_none()
        && options.tags().is_none()
        && options.scope() == Scope::Shared
        && model.key.is_none()
        && !matches!(model.stored_type, StoredType::Unspelled)
        && !borrows(&model.result)
        && !has_macro(&model.result)
        && arguments.len() <= MOST_ARGUMENTS
        && arguments.iter().all(fits)
}

/// Whether the argument is part of the key, and its type is `T` or `&T`.
fn fits(argument: &Argument) -> bool {
    let target = target(&argument.ty).unwrap_or(&argument.ty);
    argument.keyed && argument.attrs.is_empty() && is_owned(&target.to_token_stream())
}

/// The `T` of `&T`.
pub(crate) fn target(ty: &Type) -> Option<&Type> {
    match unwrapped(ty) {
        Type::Reference(it) if it.lifetime.is_none() && it.mutability.is_none() => Some(&it.elem),
        _ => None,
    }
}

/// Whether a type, as written, is the same in an alias, outside of any function: it has no lifetime, no reference, no
/// macro, and no word that makes the place matter.
fn is_owned(ty: &TokenStream) -> bool {
    ty.clone().into_iter().all(|token| match token {
        TokenTree::Group(group) => is_owned(&group.stream()),
        TokenTree::Ident(word) => !["dyn", "impl", "fn", "for", "_"].iter().any(|it| word == it),
        TokenTree::Punct(sign) => !['&', '\'', '!', '?'].contains(&sign.as_char()),
        TokenTree::Literal(_) => true,
    })
}
