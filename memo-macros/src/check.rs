//! What may not be combined, and what cannot be memoized. Every rule is here, each one once.

use crate::errors::Errors;
use crate::form::{Form, borrows};
use crate::function::{Function, Input, is_mark};
use crate::home::Home;
use crate::model::is_keyed;
use crate::options::{EXCLUSIONS, Options};
use crate::params::{parameters, unsized_types};
use crate::stored::is_primitive;
use crate::suggest;
use crate::words::{
    find_own_type, find_own_type_itself, find_word, has_parameter, spelled, uses, words,
};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::borrow::Cow;
use syn::{Expr, ReturnType, Type, Visibility};

pub(crate) fn check(options: &Options, function: &Function, home: &Home, errors: &mut Errors) {
    combinations(options, errors);
    qualifiers(options, function, home, errors);
    controls(options, home, errors);
    awaits(options, errors);
    arguments(options, function, errors);
    key(options, function, errors);
    skipped(options, function, errors);
    shared_instances(options, function, errors);
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

/// Refuses to keep a `Self` that borrows, of which the block around tells.
pub(crate) fn own_type(
    options: &Options,
    function: &Function,
    own_type: &Type,
    errors: &mut Errors,
) {
    if !borrows(&own_type.to_token_stream()) {
        return;
    }
    let own_type = spelled(own_type);
    for argument in function.inputs() {
        let keyed = is_keyed(options, argument.name.as_ref(), argument.pat);
        let word = find_own_type_itself(&argument.ty.to_token_stream());
        if let (true, None, Some(word)) = (keyed, &options.key, word) {
            let skip = argument.name.map_or_else(|| "name".to_owned(), |name| name.to_string());
            let message = format!(
                "`{own_type}` borrows, and a key outlives the call; add `skip({skip})`, or say what \
                 counts with `key = ..`"
            );
            errors.at(word, message);
        }
    }
    if let Some(word) = find_own_type_itself(&function.sig.output.to_token_stream()) {
        let message = format!(
            "a stored result outlives the call, and `{own_type}` borrows; return something that owns \
             what it holds"
        );
        errors.at(word, message);
    }
}

/// The function without a cache, if the compiler will refuse it as it is, and say best why: `text: str`.
pub(crate) fn without_size(function: &Function, krate: &TokenStream) -> Option<TokenStream> {
    let is_text = |ty: &Type| matches!(ty, Type::Path(path) if path.path.is_ident("str"));
    let no_size = |ty: &Type| {
        matches!(unwrapped(ty), Type::Slice(_) | Type::TraitObject(_)) || is_text(unwrapped(ty))
    };
    let result = match &function.sig.output {
        ReturnType::Type(_, ty) => Some(Cow::Borrowed(&**ty)),
        ReturnType::Default => None,
    };
    let mut types = function.inputs().map(|input| input.ty).chain(result);
    let ty = types.find(|ty| no_size(ty))?;
    let Function { attrs, vis, sig, body } = function;
    // Another type may have the name. It is refused, or the function would go without a cache silently.
    let claim = is_text(unwrapped(&ty)).then(|| quote!(#krate::__private::no_size::<#ty>();));
    let body = body.stream();
    Some(quote!(#(#attrs)* #vis #sig { #claim #body }))
}

fn combinations(options: &Options, errors: &mut Errors) {
    let mut told: Vec<&Ident> = Vec::new();
    for (a, b, why) in EXCLUSIONS {
        if let (Some(one), Some(other)) = (a.of(options), b.of(options)) {
            let message = format!(
                "`{}` and `{}` exclude each other: {why}; remove one of the two",
                a.label, b.label
            );
            for name in [one, other] {
                if !told.contains(&name) {
                    errors.at(name, &message);
                    told.push(name);
                }
            }
        }
    }
}

fn qualifiers(options: &Options, function: &Function, home: &Home, errors: &mut Errors) {
    let sig = &function.sig;
    for attr in &function.attrs {
        if is_mark(attr) {
            errors.at(attr, "the function is memoized twice; keep one of the two");
        }
    }
    if let Some(constness) = &sig.constness {
        errors.at(constness, "a `const fn` cannot look into a cache; remove `const`");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "variadic arguments cannot be a key; wrap the function in one without");
    }
    if let Home::Module = home {
        let name = options.controls.as_ref().map_or(&sig.ident, |controls| &controls.value.ident);
        if is_primitive(name) || name == "str" {
            let message = format!(
                "the controls are a type of this name, which would hide the primitive type `{name}`; give \
                 them another name: `controls = {name}_cache`"
            );
            errors.at(name, message);
        }
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

/// Options are looked at by controls that are not async.
fn awaits(options: &Options, errors: &mut Errors) {
    for expression in options.expressions() {
        if let Some(word) = find_word(&expression.to_token_stream(), "await") {
            let message = "a call is looked up before anything is awaited; await it in the caller, \
                           and pass what it gives as an argument";
            errors.at(word, message);
        }
    }
}

fn arguments(options: &Options, function: &Function, errors: &mut Errors) {
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
        if let Some(mutability) = find_mut(&argument.ty.to_token_stream()) {
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
        if let Some(leaf) = Form::of(&argument.ty).borrowing_leaf() {
            let message = format!(
                "{called} borrows inside `{}`, and a key outlives the call; {advice}",
                spelled(leaf)
            );
            errors.at(leaf, message);
        }
    }
}

/// The `mut` of a `&mut`, which may be inside of something: `Option<&mut Log>`.
fn find_mut(ty: &TokenStream) -> Option<Ident> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            // What a function pointer takes is not there yet.
            TokenTree::Ident(word) if word == "fn" => return None,
            TokenTree::Group(group) => find_mut(&group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                if tokens.next_if(|it| it.to_string() == "'").is_some() {
                    tokens.next();
                }
                match tokens.peek() {
                    Some(TokenTree::Ident(word)) if word == "mut" => Some(word.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The parameter that is pointed at, is `?Sized`, and cannot be owned.
fn unsized_pointee<'t>(function: &Function, ty: &'t Type) -> Option<&'t Ident> {
    let Type::Reference(reference) = unwrapped(ty) else { return None };
    let Type::Path(path) = unwrapped(&reference.elem) else { return None };
    let generics = &function.sig.generics;
    let (params, clause) = (generics.to_token_stream(), generics.where_clause.to_token_stream());
    let owned = [params, clause].iter().any(|tokens| find_word(tokens, "ToOwned").is_some());
    path.path.get_ident().filter(|param| !owned && unsized_types(generics).contains(param))
}

/// Refuses `key = name` where `name` is a reference, and what is known to borrow from it.
fn key(options: &Options, function: &Function, errors: &mut Errors) {
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

/// `city.trim()`, of an argument that is text.
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

fn skipped(options: &Options, function: &Function, errors: &mut Errors) {
    let Some(skip) = &options.skip else { return };
    let names: Vec<Ident> = function.inputs().filter_map(|argument| argument.name).collect();
    for (i, skipped) in skip.value.iter().enumerate() {
        if skip.value[..i].contains(skipped) {
            errors.at(skipped, format!("`{skipped}` is skipped twice"));
        } else if function.inputs().any(|argument| takes_apart(&argument, skipped)) {
            let message = format!(
                "`{skipped}` is a part of an argument; give the argument a name to skip, and take it \
                 apart in the body"
            );
            errors.at(skipped, message);
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

/// Refuses to put what different instantiations compute into one cache under equal keys.
fn shared_instances(options: &Options, function: &Function, errors: &mut Errors) {
    if options.cache.is_none() {
        return;
    }
    for param in parameters(&function.sig.generics) {
        let in_arguments =
            function.inputs().any(|argument| has_parameter(&argument.ty.to_token_stream(), param));
        let in_result = has_parameter(&function.sig.output.to_token_stream(), param);
        let in_key =
            options.key.as_ref().is_some_and(|it| uses(&it.value.to_token_stream(), param));
        if !(in_arguments || in_result || in_key) {
            let message = format!(
                "calls that differ in `{param}` alone would share what is in the cache; let `key = ..` \
                 tell them apart"
            );
            errors.at(param, message);
        }
    }
}

fn takes_apart(argument: &Input<'_>, name: &Ident) -> bool {
    argument.name.is_none() && words(&argument.pat.to_token_stream()).contains(name)
}

fn result(function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.sig.output else { return };
    if let Type::Never(never) = &**ty {
        errors.at(never, "a function that never returns has no result to store");
    } else if let Some(word) = future(ty) {
        let message = if find_word(&ty.to_token_stream(), "async_trait").is_some() {
            "this was an `async fn` before `#[async_trait]` changed it: put `#[memoize]` above that"
        } else {
            "a future is used up by the first who awaits it, so it cannot be stored; write an \
             `async fn`, of which the result is stored"
        };
        errors.at(word, message);
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

/// The word that makes a type that of a future. A type may be called `Future`, but the trait is not a type.
fn future(ty: &Type) -> Option<Ident> {
    let ty = ty.to_token_stream();
    let of_trait = ["dyn", "impl"].iter().any(|word| find_word(&ty, word).is_some());
    let words = ["Future", "BoxFuture", "LocalBoxFuture"];
    let mut words = words.iter().filter(|word| of_trait || **word != "Future");
    words.find_map(|word| find_word(&ty, word))
}

fn unwrapped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => unwrapped(&group.elem),
        Type::Paren(paren) => unwrapped(&paren.elem),
        _ => ty,
    }
}
