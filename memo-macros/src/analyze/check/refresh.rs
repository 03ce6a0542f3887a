//! Rules about `refresh_after`: what it needs, and what a run in the background cannot have.

use crate::parse::function::Function;
use crate::parse::option_row::{Scope, Value};
use crate::parse::options::{GivenOption, Options};
use crate::tokens::errors::Errors;
use quote::ToTokens;
use syn::{Safety, Type};

const BY_CALLER: &str =
    "or say `refresh_on = caller`, and the call that finds an old value runs the body";

/// Reports options and arguments that do not go with a refresh.
pub(super) fn combinations(options: &Options, function: &Function, errors: &mut Errors) {
    // A given cache has none of these options, which is reported already.
    if options.get("cache").is_some() {
        return;
    }
    if let (Some(retry), None, None) =
        (options.get("retry_after"), options.get("refresh_after"), options.get("stale_if_error"))
    {
        let message = "`retry_after` needs `refresh_after` or `stale_if_error`: without them there is nothing \
                       to retry; add `refresh_after = \"8m\"` or `stale_if_error = \"1h\"`";
        errors.at(&retry.name, message);
    }
    let Some(refresh) = options.get("refresh_after") else { return };
    marks(options, refresh, errors);
    if !options.renews_in_background() {
        return;
    }
    let sig = &function.sig;
    let has_runner = options.get("refresh_on").is_some() || options.is_misread("refresh_on");
    if sig.asyncness.is_some() && !has_runner {
        let message = "`refresh_after` of an `async fn` needs `refresh_on`: no runtime is assumed; add \
                       `refresh_on = tokio::spawn`, or another function that takes a future";
        return errors.at(&refresh.name, message);
    }
    let excluded = |why: &str, other: &str| {
        format!(
            "`refresh_after` and `{other}` exclude each other: {why}; remove one of the two, {BY_CALLER}"
        )
    };
    if let Some(skip) = options.get("skip") {
        let skipped = options.skip().first().map_or_else(String::new, ToString::to_string);
        let why = format!(
            "the body runs later with arguments made from the key, and `{skipped}` is not in it"
        );
        errors.at(&skip.name, excluded(&why, "skip"));
    }
    if let Some(key) = options.get("key") {
        let why = "the body runs later with arguments made from the key, and this key has not all of them";
        errors.at(&key.name, excluded(why, "key"));
    }
    if let (Some(scope), Scope::Thread) = (options.get("scope"), options.scope()) {
        let why = "the body runs on another thread, which has a cache of its own";
        errors.at(&scope.name, excluded(why, "scope = \"thread\""));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        let message = format!(
            "the body runs later, and its caller vouches for one call only; make the function safe, {BY_CALLER}"
        );
        errors.at(token, message);
    }
    // An option about the key may be about such an argument.
    let has_whole_key = options.get("skip").or(options.get("key")).is_none();
    for input in function.inputs().filter(|it| has_whole_key && is_static(&it.ty)) {
        let message = format!(
            "the body runs later with arguments made from the key, and nothing in it is `'static`; \
             take a reference without `'static`, {BY_CALLER}"
        );
        errors.at(&*input.ty, message);
    }
}

/// Whether the moments of a life come in their order, as far as that is known here.
fn marks(options: &Options, refresh: &GivenOption, errors: &mut Errors) {
    match (&refresh.value, options.get("ttl").map(|ttl| &ttl.value)) {
        (Value::Part(part), None) if !options.is_misread("ttl") => {
            let message = format!(
                "`refresh_after = {part}` needs `ttl`: it is a part of a life that ends; add `ttl = \"10m\"`"
            );
            errors.at(&refresh.name, message);
        }
        (Value::Duration(age), Some(Value::Duration(ttl))) if age >= ttl => {
            let message = "`refresh_after` is not less than `ttl`: an entry would expire before it is \
                           refreshed; make `refresh_after` shorter or `ttl` longer";
            errors.at(&refresh.name, message);
        }
        _ => {}
    }
}

/// Whether an argument of this type cannot be made from a key, as far as that is known here.
fn is_static(ty: &Type) -> bool {
    // A type without a name cannot be a part of the key.
    !matches!(ty, Type::ImplTrait(_)) && ty.to_token_stream().to_string().contains("'static")
}
