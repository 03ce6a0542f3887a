//! Rules about the arguments in the key, and about the expression of `key = ..`.

use super::unwrapped;
use crate::analyze::generics::unsized_types;
use crate::analyze::key_shape::KeyShape;
use crate::analyze::keyed::is_keyed;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::rewrite::spelled;
use crate::tokens::search::{borrows, find_mut_reference, find_word};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, Type};

pub(super) fn keyed(options: &Options, function: &Function, errors: &mut Errors) {
    for argument in function.inputs() {
        let name = argument.name.as_ref();
        if !is_keyed(options, name, argument.pat) {
            continue;
        }
        if options.key.is_some() {
            if let Some(word) = find_word(&argument.ty.to_token_stream(), "impl") {
                let message = "a type without a name cannot be used by `key`; make it a parameter: \
                               `fn f<T: ..>(x: T)`";
                errors.at(word, message);
            }
            continue;
        }
        let called = name.map_or_else(|| "this argument".to_owned(), |name| format!("`{name}`"));
        let advice = name.map_or_else(
            || "name it and add `skip(name)`, or say what counts with `key = ..`".to_owned(),
            |name| format!("add `skip({name})`, or say what counts with `key = ..`"),
        );
        if let Some(mutability) = find_mut_reference(&argument.ty.to_token_stream()) {
            let is = match unwrapped(&argument.ty) {
                Type::Reference(reference) if reference.mutability.is_some() => "is",
                _ => "holds a",
            };
            let message = format!(
                "{called} {is} `&mut`: what the function does to it would happen on the first call \
                 only, so it cannot be part of the key; {advice}"
            );
            errors.at(mutability, message);
            continue;
        }
        if let Some(word) = find_word(&argument.ty.to_token_stream(), "impl") {
            let message = format!(
                "the type of {called} has no name, so it cannot be part of the key; name the type, \
                 or {advice}"
            );
            errors.at(word, message);
            continue;
        }
        if let Some(word) = find_word(&argument.ty.to_token_stream(), "dyn") {
            let message = format!(
                "a trait object cannot be hashed, compared and cloned, so {called} cannot be part \
                 of the key; {advice}"
            );
            errors.at(word, message);
            continue;
        }
        if let Some(param) = unsized_pointee(function, &argument.ty) {
            let message = format!(
                "`{param}` may be without a size, and a key owns what it holds; remove `?Sized`, or \
                 ask for `{param}: ToOwned`, or {advice}"
            );
            errors.at(param, message);
            continue;
        }
        if let Some(leaf) = KeyShape::of(&argument.ty).borrowing_leaf() {
            let message = format!(
                "{called} borrows inside `{}`, and a key outlives the call; {advice}",
                spelled(leaf)
            );
            errors.at(leaf, message);
        }
    }
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
    let parts = match options.key.as_ref().map(|key| &key.value) {
        Some(Expr::Tuple(tuple)) => tuple.elems.iter().collect(),
        Some(key) => vec![key],
        None => return,
    };
    for part in parts {
        if is_part_of_text(function, part) {
            let written = part.to_token_stream().to_string().replace(" . ", ".").replace(" (", "(");
            let message = format!(
                "a key outlives the call, and `{written}` borrows; write `{written}.to_owned()`"
            );
            errors.at(part, message);
        }
        let Expr::Path(path) = part else { continue };
        let borrowed = function.inputs().find(|argument| {
            argument.name.as_ref().is_some_and(|name| path.path.is_ident(name))
                && matches!(unwrapped(&argument.ty), Type::Reference(_))
                && borrows(&argument.ty.to_token_stream())
        });
        if borrowed.is_some() {
            let name = path.to_token_stream();
            let message =
                format!("a key outlives the call, and `{name}` borrows; write `{name}.to_owned()`");
            errors.at(path, message);
        }
    }
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
