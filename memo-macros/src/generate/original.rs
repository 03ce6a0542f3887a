//! The generated function that runs the original body: `uncached`, or `area_uncached` of a method.

use super::helper::{Helper, named_signature, shared_attribute};
use crate::analyze::model::{Argument, Model};
use crate::tokens::rewrite::replace_self_type;
use crate::tokens::search::{uses, words};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, FnArg, ReturnType, Safety, Signature, Type, Visibility, parse_quote};

pub(super) fn original(model: &Model) -> Helper {
    let deprecated = model.function.attrs.iter().any(|attr| attr.path().is_ident("deprecated"));
    let deprecated = deprecated.then(|| quote!(#[allow(deprecated)]));
    let cfgs = model.cfgs();
    let attrs = model.function.attrs.iter().filter(|attr| concerns_body(attr));
    let attrs = attrs.map(shared_attribute);
    let function = if model.context.is_module() {
        "The function".to_owned()
    } else {
        format!("[`{0}`](Self::{0})", model.function.sig.ident)
    };
    let doc = format!(" {function} itself: runs its body and leaves the cache alone.");
    let lints = signature_lints(model);
    let declared = uncached_signature(model, declared_signature(model));
    let signature = uncached_signature(model, model.function.sig.clone());
    Helper {
        doc: quote!(#[doc = #doc] #(#cfgs)*),
        attrs: quote! {
            #[allow(#(#lints),*)]
            #deprecated
            #(#attrs)*
        },
        vis: model.function.vis.to_token_stream(),
        name: model.uncached_fn(),
        signature: signature.to_token_stream(),
        declared: Some(declared.to_token_stream()),
        returns: None,
        // The user's braces: lints skip a block whose braces come from a macro.
        body: model.function.body.to_token_stream(),
    }
}

fn uncached_signature(model: &Model, mut sig: Signature) -> Signature {
    let cache = model.options.cache().map(ToTokens::to_token_stream);
    let body = model.function.body.stream();
    let is_in_body = |argument: &Argument| match &argument.pattern {
        Some(pattern) => words(&pattern.to_token_stream()).iter().all(|name| uses(&body, name)),
        None => uses(&body, &argument.name),
    };
    // The key, the cache or the tags use these arguments, so the user is not warned if the body does not.
    for (input, argument) in sig.inputs.iter_mut().zip(&model.arguments) {
        let used = argument.keyed
            || cache.as_ref().is_some_and(|it| uses(it, &argument.name))
            || model.options.tags().is_some_and(|tags| argument.is_used_in(tags));
        let only_there = used && !is_in_body(argument);
        if let (FnArg::Typed(input), true) = (input, only_there) {
            input.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    sig.ident = model.uncached_fn();
    sig.abi = None;
    if model.context.is_module() {
        sig.generics = model.other_params.generics();
    }
    sig
}

/// The signature in the controls' trait. `Self` is spelled out there: the trait does not know that its
/// `Self` is the user's type.
pub(super) fn declared_signature(model: &Model) -> Signature {
    let mut sig = named_signature(model);
    let Some(controls) = model.context.controls_trait() else { return sig };
    let replace = |ty: &mut Type| {
        *ty = Type::Verbatim(replace_self_type(&ty.to_token_stream(), &controls.self_type));
    };
    for input in &mut sig.inputs {
        if let FnArg::Typed(input) = input {
            replace(&mut input.ty);
        }
    }
    if let ReturnType::Type(_, ty) = &mut sig.output {
        replace(ty);
    }
    sig
}

/// The lints about a signature that the user already sees on the memoized function. Only those that can
/// apply are listed: the compiler looks each of them up for each function.
fn signature_lints(model: &Model) -> impl Iterator<Item = TokenStream> {
    let sig = &model.function.sig;
    let in_module = model.context.is_module();
    let visible = !matches!(model.function.vis, Visibility::Inherited);
    // A method in a trait has no visibility of its own.
    let exposed = visible || !in_module;
    let several = sig.inputs.len() > 1;
    // With `cache_if` a `Result` is stored whole.
    let may_fail = !model.stored_type.is_certainly_whole() || model.options.cache_if().is_some();
    let lints = [
        (false, "dead_code", !in_module),
        (false, "unreachable_pub", visible && !in_module),
        (true, "fn_params_excessive_bools", several),
        (true, "large_types_passed_by_value", !sig.inputs.is_empty()),
        (true, "missing_const_for_fn", !model.is_async()),
        (true, "missing_errors_doc", exposed && may_fail),
        (true, "missing_inline_in_public_items", exposed),
        (true, "missing_panics_doc", exposed),
        (true, "missing_safety_doc", exposed && matches!(sig.safety, Safety::Unsafe(_))),
        (true, "must_use_candidate", exposed && matches!(sig.output, ReturnType::Type(..))),
        (true, "needless_lifetimes", sig.generics.lifetimes().next().is_some()),
        (true, "too_many_arguments", several),
        (true, "type_complexity", true),
        (true, "unused_self", sig.receiver().is_some()),
    ];
    lints.into_iter().filter(|(.., can_apply)| *can_apply).map(|(is_clippy, name, _)| {
        let name = Ident::new(name, Span::mixed_site());
        if is_clippy { quote!(clippy::#name) } else { name.into_token_stream() }
    })
}

fn concerns_body(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid", "track_caller", "target_feature"]
        .iter()
        .any(|name| attr.path().is_ident(name))
        || attr.path().segments.first().is_some_and(|first| first.ident == "clippy")
}
