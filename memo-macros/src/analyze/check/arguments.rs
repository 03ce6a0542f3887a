//! Rules about the arguments in the key, and about the expression of `key = ..`.

use super::unwrapped;
use crate::analyze::generics::unsized_types;
use crate::analyze::key_shape::KeyShape;
use crate::analyze::keyed::is_keyed;
use crate::parse::function::{Function, Input};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::rewrite::spelled;
use crate::tokens::search::{borrows, find_mut_reference, find_word};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Expr, Type};

pub(super) fn keyed(options: &Options, function: &Function, errors: &mut Errors) {
    for argument in function.inputs() {
        if is_keyed(options, argument.name.as_ref(), argument.pat) {
            let mistake = if options.key().is_some() {
                mistake_beside_key_expression(&argument)
            } else {
                mistake(function, &argument)
            };
            if let Some((tokens, message)) = mistake {
                errors.at(tokens, message);
            }
        }
    }
}

fn mistake_beside_key_expression(argument: &Input<'_>) -> Option<(TokenStream, String)> {
    let word = find_word(&argument.ty.to_token_stream(), "impl")?;
    let message = "`key` cannot use an argument whose type has no name; make the type a parameter: \
                   `fn f<T: ..>(x: T)`";
    Some((word.into_token_stream(), message.to_owned()))
}

/// Why an argument cannot be part of the key, and the tokens that say so.
fn mistake(function: &Function, argument: &Input<'_>) -> Option<(TokenStream, String)> {
    let ty = argument.ty.to_token_stream();
    let (called, skip) = match &argument.name {
        Some(name) => (format!("`{name}`"), format!("add `skip({name})`")),
        None => ("this argument".to_owned(), "name it and add `skip(name)`".to_owned()),
    };
    let advice = format!("{skip}, or choose the key with `key = ..`");
    if let Some(word) = find_mut_reference(&ty) {
        let is = match unwrapped(&argument.ty) {
            Type::Reference(reference) if reference.mutability.is_some() => "is",
            _ => "holds a",
        };
        let message = format!(
            "{called} {is} `&mut`: only the first call would change it, so it cannot be part of the \
             key; {advice}"
        );
        return Some((word.into_token_stream(), message));
    }
    if let Some(word) = find_word(&ty, "impl") {
        let message = format!(
            "the type of {called} has no name, so it cannot be part of the key; name the type, or \
             {advice}"
        );
        return Some((word.into_token_stream(), message));
    }
    if let Some(word) = find_word(&ty, "dyn") {
        let message = format!(
            "a trait object cannot be hashed, compared and cloned, so {called} cannot be part of the \
             key; {advice}"
        );
        return Some((word.into_token_stream(), message));
    }
    if let Some(param) = unsized_pointee(function, &argument.ty) {
        let message = format!(
            "`{param}` may be unsized, and a key owns its parts; remove `?Sized`, add the bound \
             `{param}: ToOwned`, or {advice}"
        );
        return Some((param.into_token_stream(), message));
    }
    let leaf = KeyShape::of(&argument.ty).borrowing_leaf()?;
    let spelled = spelled(leaf);
    let message =
        format!("{called} borrows inside `{spelled}`, and a key outlives the call; {advice}");
    Some((leaf.into_token_stream(), message))
}

/// The parameter behind a reference that is `?Sized` and without `ToOwned`.
fn unsized_pointee<'t>(function: &Function, ty: &'t Type) -> Option<&'t Ident> {
    let Type::Reference(reference) = unwrapped(ty) else { return None };
    let Type::Path(path) = unwrapped(&reference.elem) else { return None };
    let generics = &function.sig.generics;
    let (params, clause) = (generics.to_token_stream(), generics.where_clause.to_token_stream());
    let owned = [params, clause].iter().any(|tokens| find_word(tokens, "ToOwned").is_some());
    path.path.get_ident().filter(|param| !owned && unsized_types(generics).contains(param))
}

/// Refuses `key = name` if `name` is a reference, and methods that are known to borrow from text.
pub(super) fn key_expression(options: &Options, function: &Function, errors: &mut Errors) {
    let parts = match options.key() {
        Some(Expr::Tuple(tuple)) => tuple.elems.iter().collect(),
        Some(key) => vec![key],
        None => return,
    };
    for part in parts {
        if is_reference(function, part) || is_part_of_text(function, part) {
            let written = part.to_token_stream().to_string().replace(" . ", ".").replace(" (", "(");
            let message = format!(
                "a key outlives the call, and `{written}` borrows; write `{written}.to_owned()`"
            );
            errors.at(part, message);
        }
    }
}

/// Whether an expression is an argument that is a reference.
fn is_reference(function: &Function, key: &Expr) -> bool {
    let Expr::Path(path) = key else { return false };
    function.inputs().any(|argument| {
        argument.name.as_ref().is_some_and(|name| path.path.is_ident(name))
            && matches!(unwrapped(&argument.ty), Type::Reference(_))
            && borrows(&argument.ty.to_token_stream())
    })
}

/// Whether an expression borrows from an argument that is text: `city.trim()`.
fn is_part_of_text(function: &Function, key: &Expr) -> bool {
    let Expr::MethodCall(call) = key else { return false };
    let borrows = ["as_str", "as_bytes", "trim", "trim_start", "trim_end"];
    if !borrows.iter().any(|method| call.method == method) {
        return false;
    }
    let Expr::Path(path) = &*call.receiver else {
        return is_part_of_text(function, &call.receiver);
    };
    function.inputs().any(|argument| {
        argument.name.as_ref().is_some_and(|name| path.path.is_ident(name))
            && ["& str", "& String", "String"]
                .iter()
                .any(|text| unwrapped(&argument.ty).to_token_stream().to_string() == *text)
    })
}
