//! What may not be combined, and what cannot be memoized. Every rule is here, each one once.

use crate::errors::Errors;
use crate::form::{Form, borrows};
use crate::function::Function;
use crate::model::plain_name;
use crate::options::{Options, Scope};
use crate::suggest;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, FnArg, GenericParam, Ident, PatType, ReturnType, Type};

pub(crate) fn check(options: &Options, function: &Function, errors: &mut Errors) {
    combinations(options, errors);
    qualifiers(function, errors);
    generics(function, errors);
    arguments(options, function, errors);
    key(options, function, errors);
    skipped(options, function, errors);
    result(function, errors);
}

/// Whether the compiler will refuse the function as it is, and say best why: `text: str`.
pub(crate) fn has_no_size(function: &Function) -> bool {
    let no_size = |ty: &Type| match unwrapped(ty) {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    };
    typed_arguments(function).any(|argument| no_size(&argument.ty))
        || matches!(&function.sig.output, ReturnType::Type(_, ty) if no_size(ty))
}

fn combinations(options: &Options, errors: &mut Errors) {
    if let (Some(key), Some(skip)) = (&options.key, &options.skip) {
        let message = "`skip` and `key` exclude each other: a key expression already says which \
                       arguments count; remove one of the two";
        errors.at(&key.name, message);
        errors.at(&skip.name, message);
    }
    if let (Some(scope), Some(flight)) = (&options.scope, &options.single_flight) {
        if scope.value == Scope::Thread {
            let message = "`single_flight` and `scope = \"thread\"` exclude each other: a thread \
                           has nobody to wait for; remove one of the two";
            errors.at(&flight.name, message);
            errors.at(&scope.name, message);
        }
    }
}

fn qualifiers(function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    for attr in &function.attrs {
        if attr.path().segments.last().is_some_and(|last| last.ident == "memoize") {
            errors.at(attr, "the function is memoized twice; keep one of the two");
        }
    }
    if let Some(constness) = &sig.constness {
        errors.at(constness, "a `const fn` cannot look into a cache; remove `const`");
    }
    if let Some(asyncness) = &sig.asyncness {
        errors.at(asyncness, "`#[memoize]` does not support `async fn` yet");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "variadic arguments cannot be a key; wrap the function in one without");
    }
    if let Some(receiver) = sig.receiver() {
        let message = "`#[memoize]` does not support methods yet; memoize a free function that \
                       takes what the result depends on, and call it from the method";
        errors.at(receiver, message);
    } else if let Some(word) = find_word(&sig.to_token_stream(), "Self") {
        let message = "`#[memoize]` does not support associated functions yet; memoize a free \
                       function and call it from here";
        errors.at(word, message);
    }
}

fn generics(function: &Function, errors: &mut Errors) {
    for param in &function.sig.generics.params {
        match param {
            GenericParam::Lifetime(_) => {}
            GenericParam::Type(param) => errors.at(
                &param.ident,
                "`#[memoize]` does not support generic functions yet; memoize one for each type",
            ),
            GenericParam::Const(param) => errors.at(
                &param.ident,
                "`#[memoize]` does not support generic functions yet; make it an argument",
            ),
        }
    }
}

fn arguments(options: &Options, function: &Function, errors: &mut Errors) {
    for argument in typed_arguments(function) {
        let name = plain_name(&argument.pat);
        let skipped = name.is_some_and(|name| {
            options.skip.as_ref().is_some_and(|skip| skip.value.contains(name))
        });
        if skipped || options.key.is_some() {
            continue;
        }
        let called = name.map_or_else(|| "this argument".to_owned(), |name| format!("`{name}`"));
        let advice = name.map_or_else(
            || "name it and add `skip(name)`, or say what counts with `key = ..`".to_owned(),
            |name| format!("add `skip({name})`, or say what counts with `key = ..`"),
        );
        if let Type::Reference(reference) = unwrapped(&argument.ty) {
            if let Some(mutability) = &reference.mutability {
                let message = format!(
                    "{called} is `&mut`: what the function does to it would happen on the first \
                     call only, so it cannot be part of the key; {advice}"
                );
                errors.at(mutability, message);
                continue;
            }
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
        if let Some(leaf) = Form::of(&argument.ty).borrowing_leaf() {
            let message = format!(
                "{called} borrows inside `{}`, and a key outlives the call; {advice}",
                spelled(leaf)
            );
            errors.at(leaf, message);
        }
    }
}

/// Refuses `key = name` where `name` is a reference.
fn key(options: &Options, function: &Function, errors: &mut Errors) {
    let parts = match options.key.as_ref().map(|key| &key.value) {
        Some(Expr::Tuple(tuple)) => tuple.elems.iter().collect(),
        Some(key) => vec![key],
        None => return,
    };
    for part in parts {
        let Expr::Path(path) = part else { continue };
        let borrowed = typed_arguments(function).find(|argument| {
            plain_name(&argument.pat).is_some_and(|name| path.path.is_ident(name))
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

fn skipped(options: &Options, function: &Function, errors: &mut Errors) {
    let Some(skip) = &options.skip else { return };
    let names: Vec<&Ident> =
        typed_arguments(function).filter_map(|argument| plain_name(&argument.pat)).collect();
    for (i, skipped) in skip.value.iter().enumerate() {
        if skip.value[..i].contains(skipped) {
            errors.at(skipped, format!("`{skipped}` is skipped twice"));
        } else if !names.contains(&skipped) {
            let spelled: Vec<String> = names.iter().map(ToString::to_string).collect();
            let nearest =
                suggest::nearest(&skipped.to_string(), spelled.iter().map(String::as_str));
            let message = match (nearest, spelled.is_empty()) {
                (Some(meant), _) => format!("no argument `{skipped}`; did you mean `{meant}`?"),
                (None, false) => {
                    format!("no argument `{skipped}`; the arguments are {}", spelled.join(", "))
                }
                (None, true) => format!("no argument `{skipped}`; the function has none to skip"),
            };
            errors.at(skipped, message);
        }
    }
}

fn result(function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.sig.output else { return };
    if let Type::Never(never) = &**ty {
        errors.at(never, "a function that never returns has no result to store");
    } else if let Some(word) = find_word(&ty.to_token_stream(), "impl") {
        let message = "a cache has to name the type it holds; return a named type, like a `Vec`, or \
                       an `Arc<dyn ..>`";
        errors.at(word, message);
    } else if borrows(&ty.to_token_stream()) {
        let advice = match unwrapped(ty) {
            Type::Reference(reference) => match spelled(&reference.elem).as_str() {
                "str" => "return a `String`, or an `Arc<str>`, which is cheap to clone".to_owned(),
                elem if elem.starts_with('[') => {
                    format!("return a `Vec`, or an `Arc<{elem}>`, which is cheap to clone")
                }
                elem => format!("return `{elem}`, or an `Arc<{elem}>`, which is cheap to clone"),
            },
            _ => "return something that owns what it holds".to_owned(),
        };
        errors.at(ty, format!("a stored result outlives the call, so it cannot borrow; {advice}"));
    }
}

fn typed_arguments(function: &Function) -> impl Iterator<Item = &PatType> {
    function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    })
}

fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        _ => ty,
    }
}

fn find_word(tokens: &TokenStream, word: &str) -> Option<Ident> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == word => Some(ident),
        TokenTree::Group(group) => find_word(&group.stream(), word),
        _ => None,
    })
}

/// A type as its author would write it.
fn spelled(ty: &Type) -> String {
    let spaced = ty.to_token_stream().to_string();
    [(" < ", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" :: ", "::"), (" <", "<")]
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}
