//! Rules about the signature: qualifiers, the name, `Self` and the result.

use crate::analyze::context::Context;
use crate::analyze::keyed::is_keyed;
use crate::analyze::model::result_type;
use crate::analyze::type_names::{is_primitive, unwrapped};
use crate::parse::function::{Function, is_memoize, is_versioned};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::rewrite::spelled;
use crate::tokens::search::{
    borrows, borrows_without_a_name, find_self_type_in_body, find_whole_self_type, find_word,
    has_parameter,
};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{FnArg, ReturnType, Signature, Type};

pub(super) fn qualifiers(
    options: &Options,
    function: &Function,
    context: &Context,
    errors: &mut Errors,
) {
    let sig = &function.sig;
    for attr in &function.attrs {
        if is_memoize(attr) {
            errors.at(attr, "the function is memoized twice; keep one of the two");
        }
        if is_versioned(attr) {
            errors.at(attr, "a memoized function has a version already; remove `#[versioned]`");
        }
    }
    if sig.ident.to_string().starts_with("__wasm_bindgen_generated") {
        let message = "`#[wasm_bindgen]` above `#[memoize]` has copied it to its own function: put \
                       `#[memoize]` above `#[wasm_bindgen]`";
        errors.at(&sig.ident, message);
        return;
    }
    if let Some(constness) = &sig.constness {
        errors.at(constness, "a `const fn` cannot look into a cache; remove `const`");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(
            variadic,
            "variadic arguments cannot be part of a key; wrap the function in one without them",
        );
    }
    if context.is_module() {
        let name = options.controls().map_or(&sig.ident, |controls| &controls.ident);
        if let Some(hidden) = hidden_type(name, sig) {
            let message = format!(
                "the controls are a type of this name, which would hide {hidden} `{name}`; give them \
                 another name: `controls = {}_cache`",
                name.unraw().to_string().to_lowercase()
            );
            errors.at(name, message);
        }
        let self_type = find_word(&sig.to_token_stream(), "Self")
            .or_else(|| find_self_type_in_body(&function.body.stream()));
        if let Some(word) = self_type {
            let message = "this looks like an associated function: put `#[memoize]` on the impl block \
                           as well; only the block shows what `Self` is";
            errors.at(word, message);
        }
    }
}

/// The type that controls of this name would hide in the module of the function, if one is known. Others
/// may be in scope, which the attribute cannot see.
fn hidden_type(name: &Ident, sig: &Signature) -> Option<&'static str> {
    let plain = name.unraw();
    let in_prelude = ["Box", "Option", "Result", "String", "Vec"];
    if is_primitive(&plain) || plain == "str" {
        Some("the primitive type")
    } else if in_prelude.iter().any(|it| plain == it) {
        Some("the type")
    } else {
        let Signature { generics, inputs, output, .. } = sig;
        let types = inputs.iter().map(|input| match input {
            FnArg::Typed(input) => input.ty.to_token_stream(),
            FnArg::Receiver(receiver) => receiver.to_token_stream(),
        });
        let clause = generics.where_clause.to_token_stream();
        let params = generics.params.to_token_stream();
        types
            .chain([output.to_token_stream(), clause, params])
            .any(|ty| has_parameter(&ty, name))
            .then_some("the type or module")
    }
}

/// Refuses a `Self` that borrows, in the key or in the result. Only the block shows what `Self` is.
pub(super) fn borrowing_self(
    options: &Options,
    function: &Function,
    self_type: &Type,
    errors: &mut Errors,
) {
    if options.cache().is_some() || !borrows(&self_type.to_token_stream()) {
        return;
    }
    let self_type = spelled(self_type);
    for argument in function.inputs() {
        let keyed = is_keyed(options, argument.name.as_ref(), argument.pat);
        let word = find_whole_self_type(&argument.ty.to_token_stream());
        if let (true, None, Some(word)) = (keyed, options.key(), word) {
            let skip = argument.name.map_or_else(|| "name".to_owned(), |name| name.to_string());
            let message = format!(
                "`{self_type}` borrows, and a key outlives the call: say with `key = ..` what identifies a \
                 call; or, if the result does not depend on it, `skip({skip})`"
            );
            errors.at(word, message);
        }
    }
    if let Some(word) = find_whole_self_type(&function.sig.output.to_token_stream()) {
        let message = format!(
            "a stored result outlives the call, and `{self_type}` borrows; return an \
             owned type"
        );
        errors.at(word, message);
    }
}

pub(super) fn result(options: &Options, function: &Function, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = &function.sig.output else { return };
    if let Type::Never(never) = &**ty {
        errors.at(never, "a function that never returns has no result to store");
    } else if let Some(word) = future(ty) {
        let message = if find_word(&ty.to_token_stream(), "async_trait").is_some() {
            "this was an `async fn` before `#[async_trait]` changed it: put `#[memoize]` above \
             `#[async_trait]`"
        } else {
            "a future can be awaited only once, so it cannot be stored; write an `async fn`: its \
             result is stored"
        };
        errors.at(word, message);
    } else if let Some(word) = find_word(&ty.to_token_stream(), "impl") {
        let message = "a cache must name the type it holds; return a named type, such as a `Vec` or \
                       an `Arc<dyn ..>`";
        errors.at(word, message);
    } else if options.cache().is_some() {
        // A result may borrow what outlives the given cache. Such a lifetime has a name.
        if borrows_without_a_name(&ty.to_token_stream()) {
            let message = "a stored result outlives the call; name the lifetime of what it borrows, \
                           which must outlive the cache, or return an owned type";
            errors.at(ty, message);
        }
    } else if borrows(&result_type(function, ty)) {
        let advice = match unwrapped(ty) {
            Type::Reference(reference) => match spelled(&reference.elem).as_str() {
                "str" => "return a `String`, or an `Arc<str>`, which is cheap to clone".to_owned(),
                elem if elem.starts_with('[') => {
                    format!("return a `Vec`, or an `Arc<{elem}>`, which is cheap to clone")
                }
                elem => format!("return `{elem}`, or an `Arc<{elem}>`, which is cheap to clone"),
            },
            _ => "return an owned type".to_owned(),
        };
        errors.at(ty, format!("a stored result outlives the call, so it cannot borrow; {advice}"));
    }
}

/// The word that makes a type a future. A bare `Future` counts only after `dyn` or `impl`: a type may
/// have that name.
fn future(ty: &Type) -> Option<Ident> {
    let ty = ty.to_token_stream();
    let of_trait = ["dyn", "impl"].iter().any(|word| find_word(&ty, word).is_some());
    let words = ["Future", "BoxFuture", "LocalBoxFuture"];
    let mut words = words.iter().filter(|word| of_trait || **word != "Future");
    words.find_map(|word| find_word(&ty, word))
}
