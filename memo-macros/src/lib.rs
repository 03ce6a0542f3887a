//! The `#[memoize]` attribute of [`memofn`](https://docs.rs/memofn), where it is documented.
//!
//! One file a step:
//!
//! ```text
//! tokens ──► options, function, block   what is written, every mistake noted
//!            (values, duration, suggest: each option's value, and what was meant by a wrong one)
//!        ──► check                      what may not be combined or cannot be memoized
//!        ──► model                      what this function is: keyed arguments, key, result
//!            (form, params, stored, home: how an argument is looked up, which instantiations
//!            have a cache each, what of a result is kept, where the controls go)
//!        ──► expand, place, controls    tokens
//! ```
//!
//! After any mistake the errors are emitted together with the function as it was, so that its
//! callers compile and an editor still understands it. The body is never parsed.

mod block;
mod check;
mod controls;
mod duration;
mod errors;
mod expand;
mod form;
mod function;
mod helper;
mod home;
mod model;
mod options;
mod params;
mod place;
mod stored;
mod suggest;
mod values;
mod words;

use block::Block;
use errors::Errors;
use function::Function;
use home::Home;
use model::Model;
use options::Options;
use proc_macro2::TokenStream;
use quote::quote;
use std::rc::Rc;

/// Caches a function: documented as `memofn::memoize`.
#[proc_macro_attribute]
pub fn memoize(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(options.into(), &item.into()).into()
}

fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    match Block::parse(item) {
        Some(Ok(block)) => block::expand(&options, &block, errors),
        Some(Err(error)) => {
            errors.push(error);
            let errors = errors.into_compile_errors();
            let block = block::without_marks(item);
            quote! { #errors #block }
        }
        None => expand_function(&options, item, errors),
    }
}

fn expand_function(options: &Options, item: &TokenStream, mut errors: Errors) -> TokenStream {
    let function = errors.note(syn::parse2::<Function>(item.clone()));
    let has_receiver = |function: &Function| function.sig.receiver().is_some();
    let home =
        if function.as_ref().is_some_and(has_receiver) { Home::Method } else { Home::Module };
    if let Some(function) = &function {
        if let Some(function) = check::without_size(function, &options.krate()) {
            return function;
        }
        check::check(options, function, &home, &mut errors);
    }
    match (function, errors.into_compile_errors()) {
        (Some(function), None) => {
            let home = Rc::new(home);
            let case = |case| expand::expand(&Model::new(options.clone(), case, Rc::clone(&home)));
            function.cases().into_iter().map(case).collect()
        }
        (_, errors) => quote! { #errors #item },
    }
}

#[cfg(test)]
mod tests;
