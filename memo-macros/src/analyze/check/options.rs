//! Rules about options: their combinations, and what they say about the function.

use crate::analyze::context::Context;
use crate::analyze::generics::parameters;
use crate::parse::block::{Block, Kind};
use crate::parse::function::{Function, Input};
use crate::parse::options::{EXCLUSIONS, Options};
use crate::parse::suggest;
use crate::tokens::errors::Errors;
use crate::tokens::search::{find_word, has_parameter, uses, words};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::Visibility;

pub(super) fn combinations(options: &Options, errors: &mut Errors) {
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

pub(super) fn of_block(options: &Options, block: &Block, errors: &mut Errors) {
    if block.memoized().next().is_none() {
        let message = "nothing here is to be memoized: put `#[memoize]` on the functions in the \
                       block as well";
        errors.push(syn::Error::new(Span::call_site(), message));
        return;
    }
    let in_trait_impl = matches!(block.kind, Kind::TraitImpl(..));
    if let (Some(controls), false) = (&options.controls, in_trait_impl) {
        let message = "`controls` names the controls of one function: move it there";
        errors.at(&controls.name, message);
    }
    for skipped in options.skip.iter().flat_map(|skip| &skip.value) {
        let mut inputs = block.memoized().flat_map(|item| item.function.inputs());
        if !inputs.any(|input| input.name.as_ref() == Some(skipped)) {
            errors.at(skipped, format!("no function memoized here has an argument `{skipped}`"));
        }
    }
}

pub(super) fn visibility_of_controls(options: &Options, context: &Context, errors: &mut Errors) {
    let Some(controls) = &options.controls else { return };
    if !matches!(controls.value.vis, Visibility::Inherited) {
        let message = if context.is_trait_impl() {
            "who sees the controls is said on the impl block"
        } else {
            "the controls are as visible as the function: name them alone"
        };
        errors.at(&controls.value.vis, message);
    }
}

/// Controls that are not async evaluate the options as well, so no option may await.
pub(super) fn awaits(options: &Options, errors: &mut Errors) {
    for expression in options.expressions() {
        if let Some(word) = find_word(&expression.to_token_stream(), "await") {
            let message = "a call is looked up before anything is awaited; await it in the caller, \
                           and pass what it gives as an argument";
            errors.at(word, message);
        }
    }
}

pub(super) fn skipped(options: &Options, function: &Function, errors: &mut Errors) {
    let Some(skip) = &options.skip else { return };
    let names: Vec<Ident> = function.inputs().filter_map(|argument| argument.name).collect();
    for (i, skipped) in skip.value.iter().enumerate() {
        if skip.value[..i].contains(skipped) {
            errors.at(skipped, format!("`{skipped}` is skipped twice"));
        } else if function.inputs().any(|argument| is_part_of_pattern(&argument, skipped)) {
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

fn is_part_of_pattern(argument: &Input<'_>, name: &Ident) -> bool {
    argument.name.is_none() && words(&argument.pat.to_token_stream()).contains(name)
}

/// Refuses a given cache in which two instantiations would share the entries of equal keys.
pub(super) fn shared_cache(options: &Options, function: &Function, errors: &mut Errors) {
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
