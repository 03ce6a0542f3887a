//! Rules about the arguments in the key.

use crate::analyze::generics::unsized_types;
use crate::analyze::key_expression::KeyPart;
use crate::analyze::key_shape::KeyShape;
use crate::analyze::keyed::is_keyed;
use crate::analyze::type_names::unwrapped;
use crate::parse::function::{Function, Input};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::rewrite::spelled;
use crate::tokens::search::{borrows_without_a_name, find_mut_reference, find_word};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::Type;

pub(super) fn keyed(options: &Options, function: &Function, errors: &mut Errors) {
    let key = options.key().map(|key| KeyPart::of(key, function, options.cache().is_some()));
    for argument in function.inputs() {
        if is_keyed(options, argument.name.as_ref(), argument.pat) {
            let mistake = if let Some(key) = &key {
                mistake_beside_key_expression(key, &argument)
            } else {
                mistake(options, function, &argument)
            };
            if let Some((tokens, message)) = mistake {
                errors.at(tokens, message);
            }
        }
    }
}

fn mistake_beside_key_expression(
    key: &KeyPart,
    argument: &Input<'_>,
) -> Option<(TokenStream, String)> {
    if argument.name.as_ref().is_some_and(|name| !key.depends_on_type_of(name)) {
        return None;
    }
    let word = find_word(&argument.ty.to_token_stream(), "impl")?;
    let message = "`key` cannot use an argument whose type has no name; make the type a parameter: \
                   `fn f<T: ..>(x: T)`";
    Some((word.into_token_stream(), message.to_owned()))
}

/// `skip` is no advice for an iterator: the result depends on its items.
pub(super) const IS_ITERATOR: &str = "is an iterator, and its items would have to identify the call: \
                                      take them as a slice, `&[..]`, or as a `Vec`";

/// Whether a type is an iterator, as far as its traits say.
pub(super) fn is_iterator(ty: &TokenStream) -> bool {
    let traits = ["Iterator", "IntoIterator", "DoubleEndedIterator", "ExactSizeIterator"];
    traits.iter().any(|name| find_word(ty, name).is_some())
}

pub(super) const NOT_COMPARED: &str =
    "a function or a closure, cannot be compared with that of another call";

/// The name of an argument for messages, and what to do if it cannot be part of the key. `skip` comes last: with it a
/// call finds the result of other arguments.
pub(super) fn called_and_advice(argument: &Input<'_>) -> (String, String) {
    let (called, skip) = match &argument.name {
        Some(name) => (format!("`{name}`"), format!("`skip({name})`")),
        None => ("this argument".to_owned(), "name it and add `skip(name)`".to_owned()),
    };
    let advice = format!(
        "say with `key = ..` what identifies a call; or, if the result does not depend on it, {skip}"
    );
    (called, advice)
}

/// Why an argument cannot be part of the key, and the tokens that say so.
fn mistake(
    options: &Options,
    function: &Function,
    argument: &Input<'_>,
) -> Option<(TokenStream, String)> {
    let ty = argument.ty.to_token_stream();
    let (called, advice) = called_and_advice(argument);
    let is_named = ["impl", "dyn"].iter().all(|word| find_word(&ty, word).is_none());
    if !is_named && is_iterator(&ty) {
        return Some((ty, format!("{called} {IS_ITERATOR}")));
    }
    if let Some(reference) = find_mut_reference(&ty) {
        if argument.name.as_ref().is_some_and(|name| name == "self") {
            let message = format!(
                "`self` is `&mut`, and a hit would not change it: memoize a function of `&self` that \
                 computes the value, and change `self` in its caller; or {advice}"
            );
            return Some((reference, message));
        }
        let is = match unwrapped(&argument.ty) {
            Type::Reference(reference) if reference.mutability.is_some() => "is",
            _ => "holds a",
        };
        let message = format!(
            "{called} {is} `&mut`, and a hit would not change it: return the change as a part of the \
             result; or {advice}"
        );
        return Some((reference, message));
    }
    if find_word(&ty, "impl").is_some() {
        let is_function =
            ["Fn", "FnMut", "FnOnce"].iter().any(|name| find_word(&ty, name).is_some());
        let message = if is_function {
            format!("{called}, {NOT_COMPARED}: {advice}")
        } else {
            format!(
                "the type of {called} has no name, so it cannot be part of the key: make it a parameter, \
                 `fn f<T: ..>(x: T)`; or {advice}"
            )
        };
        return Some((ty, message));
    }
    if let Some(word) = find_word(&ty, "dyn") {
        let message = format!(
            "a trait object cannot be hashed, compared and cloned, so {called} cannot be part of the \
             key: {advice}"
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
    // A key in a given cache may borrow what outlives the cache. It has a name.
    if options.cache().is_some() && !borrows_without_a_name(&leaf.to_token_stream()) {
        return None;
    }
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
