//! The attributes `#[memoize]` and `#[versioned]` of [`memofn`](https://docs.rs/memofn), where they are documented.
//!
//! An attribute and its item pass through four rooms. Imports run downwards only.
//!
//! ```text
//! generate   code: the function, its cache, its controls
//! analyze    facts and rules: the key, the stored type, what cannot be memoized
//! parse      syntax: options, functions, blocks
//! tokens     token streams and errors
//! ```
//!
//! The body of the function is never parsed.

mod analyze;
mod generate;
mod parse;
mod tokens;

#[cfg(test)]
mod tests;

// rustdoc would append a line here to the documentation that `memofn` has at its re-export.
#[expect(missing_docs, reason = "`memofn` documents it")]
#[proc_macro_attribute]
pub fn memoize(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    generate::expand(options.into(), &item.into()).into()
}

#[expect(missing_docs, reason = "`memofn` documents it")]
#[proc_macro_attribute]
pub fn versioned(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    generate::versioned::expand(options.into(), &item.into()).into()
}
