//! Rules about options: their combinations, and what they say about the function.

use crate::analyze::context::Context;
use crate::analyze::generics::parameters;
use crate::parse::block::{Block, Kind, MemoizedItem};
use crate::parse::function::{Function, Input};
use crate::parse::option_row::{OnBlock, Relation, Value};
use crate::parse::option_table::OPTIONS;
use crate::parse::options::Options;
use crate::parse::suggest;
use crate::tokens::errors::Errors;
use crate::tokens::search::{find_variable, find_word, has_parameter, uses, words};
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, ReturnType, Visibility};

/// Reports options that exclude each other, and options that lack another.
pub(crate) fn combinations(options: &Options, errors: &mut Errors) {
    exclusions(options, errors);
    for given in options.iter().filter(|given| options.excluded_by(given.row).next().is_none()) {
        for relation in given.row.needs {
            if options.related(relation).is_none() && !options.is_misread(relation.name()) {
                let needed = OPTIONS.iter().find(|row| row.name == relation.name());
                let message = format!(
                    "`{}` needs `{}`: {}; add `{}`",
                    given.row.name,
                    relation.option,
                    why_needed(options, given.row.name, relation),
                    needed.map_or(relation.option, |row| row.example)
                );
                errors.at(&given.name, message);
            }
        }
    }
}

/// Why an option needs another. A time to idle is no time to live.
fn why_needed(options: &Options, option: &str, relation: &Relation) -> &'static str {
    match option {
        "jitter" if options.get("tti").is_some() => "idle times differ by themselves",
        "stale_if_error" if options.get("tti").is_some() => "an idle entry is not kept",
        _ => relation.why,
    }
}

/// Reports options that exclude each other, once at the second of the two.
pub(super) fn exclusions(options: &Options, errors: &mut Errors) {
    for (i, given) in options.iter().enumerate() {
        for (other, relation) in options.excluded_by(given.row) {
            let message = format!(
                "`{}` and `{}` exclude each other: {}; remove one of the two",
                given.row.name, relation.option, relation.why
            );
            let is_second = options.iter().take(i).any(|it| std::ptr::eq(it, other));
            errors.at(if is_second { &given.name } else { &other.name }, message);
        }
    }
}

/// Refuses a jitter that may leave entries no life, where both durations are known.
pub(super) fn jitter(options: &Options, errors: &mut Errors) {
    let duration = |option| match options.get(option).map(|given| &given.value) {
        Some(Value::Duration(duration)) => Some(*duration),
        _ => None,
    };
    let (Some(ttl), Some(jitter)) = (duration("ttl"), duration("jitter")) else { return };
    if let Some(given) = options.get("jitter").filter(|_| jitter >= ttl) {
        let message = "`jitter` is not less than `ttl`: entries would have no life; shorten it";
        errors.at(&given.name, message);
    }
}

/// Refuses an option about errors where nothing is returned. The compiler refuses it for other types that are no `Result`.
pub(super) fn fallible(options: &Options, function: &Function, errors: &mut Errors) {
    if let (Some(given), ReturnType::Default) = (options.errors_option(), &function.sig.output) {
        let message = format!(
            "only a `Result` can fail: `{}` needs a function that returns a `Result`",
            given.row.name
        );
        errors.at(&function.sig.ident, message);
    }
}

pub(super) fn of_block(options: &Options, block: &Block, errors: &mut Errors) {
    if block.memoized().next().is_none() {
        let message = if matches!(block.kind, Kind::Trait(..)) && !block.has_body() {
            "`#[memoize]` on a trait needs a default method, which has a body; put it where the \
             functions are implemented: on the impl block, and on the functions in it"
        } else {
            "no function in this block is memoized: put `#[memoize]` on the functions in it as well"
        };
        errors.push(syn::Error::new(Span::call_site(), message));
        return;
    }
    let mut named = Vec::new();
    for MemoizedItem { function, options } in block.memoized() {
        // Mistakes in the options are reported with the function.
        let own = Options::parse(options.clone(), &mut Errors::default());
        let Some(controls) = own.controls() else { continue };
        let is_chosen = function.attrs.iter().any(|attr| attr.path().is_ident("cfg"));
        if named.contains(&controls.ident) && !is_chosen {
            let name = &controls.ident;
            let message = format!(
                "two functions of this block have the controls `{name}`; give one another name"
            );
            errors.at(name, message);
        }
        named.push(controls.ident.clone());
    }
    let in_trait_impl = matches!(block.kind, Kind::TraitImpl(..));
    for given in options.iter() {
        if let (OnBlock::OfTraitImpl(message), false) = (given.row.on_block, in_trait_impl) {
            errors.at(&given.name, message);
        }
    }
    for skipped in options.skip() {
        let mut inputs = block.memoized().flat_map(|item| item.function.inputs());
        if !inputs.any(|input| input.name.as_ref() == Some(skipped)) {
            errors.at(skipped, format!("no function memoized here has an argument `{skipped}`"));
        }
    }
}

pub(super) fn visibility_of_controls(options: &Options, context: &Context, errors: &mut Errors) {
    let Some(controls) = options.controls() else { return };
    if !matches!(controls.vis, Visibility::Inherited) {
        let message = if context.is_trait_impl() {
            "write the visibility of the controls on the impl block"
        } else {
            "the controls have the visibility of the function: write only a name"
        };
        errors.at(&controls.vis, message);
    }
}

/// Controls that are not async evaluate the options as well, so no option may await. A listener may: it can start a
/// task, which is no part of a call.
pub(super) fn awaits(options: &Options, errors: &mut Errors) {
    let given = options.iter().filter(|given| given.row.name != "on_evict");
    for expression in given.filter_map(|given| given.value.expr()) {
        if let Some(word) = find_word(&expression.to_token_stream(), "await") {
            let message = "a call is looked up before anything is awaited; await this in the \
                           caller, and pass the result as an argument";
            errors.at(word, message);
        }
    }
}

/// Refuses `self` in the options of a function that has none.
pub(super) fn receiver(options: &Options, function: &Function, errors: &mut Errors) {
    if function.sig.receiver().is_some() {
        return;
    }
    let this = Ident::new("self", Span::call_site());
    for expr in [options.key(), options.cache(), options.tags()].into_iter().flatten() {
        if let Some(word) = find_variable(&expr.to_token_stream(), &this) {
            let message = "there is no `self` here: name an argument, or make the function a method, \
                           `fn f(&self, ..)`";
            errors.at(word, message);
        }
    }
}

/// Refuses a listener that uses an argument. It is made before any call, with the cache.
pub(super) fn listener(options: &Options, function: &Function, errors: &mut Errors) {
    let (own, body) = match options.on_evict() {
        Some(Expr::Closure(it)) => (it.inputs.to_token_stream(), it.body.to_token_stream()),
        Some(other) => (TokenStream::new(), other.to_token_stream()),
        None => return,
    };
    let own = words(&own);
    let arguments = function.inputs().filter_map(|argument| argument.name);
    for argument in arguments.filter(|it| !own.contains(it)) {
        if let Some(used) = find_variable(&body, &argument) {
            let message = format!(
                "`{argument}` belongs to one call, and the listener to the cache: it hears of what \
                 other calls have stored; take what it needs from `key` and `value`, or from a static"
            );
            errors.at(used, message);
        }
    }
}

pub(super) fn skipped(options: &Options, function: &Function, errors: &mut Errors) {
    let names: Vec<Ident> = function.inputs().filter_map(|argument| argument.name).collect();
    for (i, skipped) in options.skip().iter().enumerate() {
        if options.skip()[..i].contains(skipped) {
            errors.at(skipped, format!("`{skipped}` is skipped twice"));
        } else if function.inputs().any(|argument| is_part_of_pattern(&argument, skipped)) {
            let message = format!(
                "`{skipped}` is part of a pattern; give the whole argument a name, skip that, and \
                 destructure it in the body"
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

fn is_part_of_pattern(argument: &Input<'_>, name: &Ident) -> bool {
    argument.name.is_none() && words(&argument.pat.to_token_stream()).contains(name)
}

/// Refuses a given cache in which two instantiations would share the entries of equal keys.
pub(super) fn shared_cache(options: &Options, function: &Function, errors: &mut Errors) {
    if options.cache().is_none() {
        return;
    }
    for param in parameters(&function.sig.generics) {
        let in_arguments =
            function.inputs().any(|argument| has_parameter(&argument.ty.to_token_stream(), param));
        let in_result = has_parameter(&function.sig.output.to_token_stream(), param);
        let in_key = options.key().is_some_and(|key| uses(&key.to_token_stream(), param));
        if !(in_arguments || in_result || in_key) {
            let message = format!(
                "calls that differ only in `{param}` would share their entries; tell them apart with \
                 `key = ..`"
            );
            errors.at(param, message);
        }
    }
}
