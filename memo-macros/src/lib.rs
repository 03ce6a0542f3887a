//! The `#[memoize]` attribute of [`memofn`](https://docs.rs/memofn), where it is documented.
//!
//! One file a step:
//!
//! ```text
//! tokens ──► options, function   what is written, every mistake noted
//!        ──► check               what may not be combined or cannot be memoized
//!        ──► model               what this function is: keyed arguments, key, result
//!        ──► expand              tokens
//! ```
//!
//! After any mistake the errors are emitted together with the function as it was, so that its
//! callers compile and an editor still understands it. The body is never parsed.

mod check;
mod duration;
mod errors;
mod expand;
mod form;
mod function;
mod model;
mod options;
mod suggest;

use errors::Errors;
use function::Function;
use model::Model;
use options::Options;
use proc_macro2::TokenStream;
use quote::quote;

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
    let function = errors.note(syn::parse2::<Function>(item.clone()));
    if let Some(function) = &function {
        if check::has_no_size(function) {
            return item.clone();
        }
        check::check(&options, function, &mut errors);
    }
    match (function, errors.into_compile_errors()) {
        (Some(function), None) => {
            let case = |case| expand::expand(&Model::new(options.clone(), case));
            function.cases().into_iter().map(case).collect()
        }
        (_, errors) => quote! { #errors #item },
    }
}

#[cfg(test)]
mod tests;
