//! What may not be combined, and what cannot be memoized. Every rule is here, each one once.

use crate::block::is_mark;
use crate::errors::Errors;
use crate::form::{Form, borrows};
use crate::function::Function;
use crate::home::Home;
use crate::model::is_keyed;
use crate::options::{EXCLUSIONS, Options};
use crate::suggest;
use crate::words::{find_own_type, find_word, spelled};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Expr, ReturnType, Type, Visibility};

pub(crate) fn check(options: &Options, function: &Function, home: &Home, errors: &mut Errors) {
    combinations(options, errors);
    qualifiers(function, home, errors);
    controls(options, home, errors);
    arguments(options, function, errors);
    key(options, function, errors);
    skipped(options, function, errors);
    result(function, errors);
}

/// The options of an impl block or a trait, as far as they are not those of its functions.
pub(crate) fn block(
    options: &Options,
    functions: &[&Function],
    in_trait_impl: bool,
    errors: &mut Errors,
) {
    combinations(options, errors);
    if functions.is_empty() {
        let message = "nothing here is to be memoized: put `#[memoize]` on the functions in the \
                       block as well";
        errors.push(syn::Error::new(Span::call_site(), message));
        return;
    }
    if let (Some(controls), false) = (&options.controls, in_trait_impl) {
        let message = "`controls` names the controls of one function: move it there";
        errors.at(&controls.name, message);
    }
    for skipped in options.skip.iter().flat_map(|skip| &skip.value) {
        let inputs = || functions.iter().flat_map(|function| function.inputs());
        if !inputs().any(|input| input.name.as_ref() == Some(skipped)) {
            errors.at(skipped, format!("no function memoized here has an argument `{skipped}`"));
        }
    }
}

/// Whether the compiler will refuse the function as it is, and say best why: `text: str`.
pub(crate) fn has_no_size(function: &Function) -> bool {
    let no_size = |ty: &Type| match unwrapped(ty) {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    };
    function.inputs().any(|input| no_size(&input.ty))
        || matches!(&function.sig.output, ReturnType::Type(_, ty) if no_size(ty))
}

fn combinations(options: &Options, errors: &mut Errors) {
    for (a, b, why) in EXCLUSIONS {
        if let (Some(one), Some(other)) = (a.of(options), b.of(options)) {
            let message = format!(
                "`{}` and `{}` exclude each other: {why}; remove one of the two",
                a.label, b.label
            );
            errors.at(one, &message);
            errors.at(other, &message);
        }
    }
}

fn qualifiers(function: &Function, home: &Home, errors: &mut Errors) {
    let sig = &function.sig;
    for attr in &function.attrs {
        if is_mark(attr) {
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
    if let Home::Module = home {
        let own_type = find_word(&sig.to_token_stream(), "Self")
            .or_else(|| find_own_type(&function.body.stream()));
        if let Some(word) = own_type {
            let message = "an associated function, it seems: put `#[memoize]` on the impl block as \
                           well, which alone tells where its cache can live";
            errors.at(word, message);
        }
    }
}

fn controls(options: &Options, home: &Home, errors: &mut Errors) {
    let Some(controls) = &options.controls else { return };
    if !matches!(controls.value.vis, Visibility::Inherited) {
        let message = match home {
            Home::TraitImpl { .. } => "who sees the controls is said on the impl block",
            _ => "the controls are as visible as the function: name them alone",
        };
        errors.at(&controls.value.vis, message);
    }
}

fn arguments(options: &Options, function: &Function, errors: &mut Errors) {
    for argument in function.inputs() {
        let name = argument.name.as_ref();
        if !is_keyed(options, name, argument.pat) || options.key.is_some() {
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

fn skipped(options: &Options, function: &Function, errors: &mut Errors) {
    let Some(skip) = &options.skip else { return };
    let names: Vec<Ident> = function.inputs().filter_map(|argument| argument.name).collect();
    for (i, skipped) in skip.value.iter().enumerate() {
        if skip.value[..i].contains(skipped) {
            errors.at(skipped, format!("`{skipped}` is skipped twice"));
        } else if !names.contains(skipped) {
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

fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        _ => ty,
    }
}
