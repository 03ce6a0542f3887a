//! Tests of whole expansions: on input that is not finished, and on input that is.

mod documentation;
mod expansions;
mod half_typed;
mod options;

use crate::generate::expand;
use proc_macro2::TokenStream;
use syn::File;

/// Expands `#[memoize(options)] item`. Both are source text.
fn memoized(options: &str, item: &str) -> TokenStream {
    expand(options.parse().expect("the options lex"), &item.parse().expect("the item lexes"))
}

fn parsed(tokens: TokenStream) -> File {
    syn::parse2(tokens).expect("the expansion is Rust")
}

#[test]
fn the_body_is_not_parsed() {
    let output = memoized("", "fn f(n: u64) -> u64 { this is <- not Rust @ all }").to_string();
    assert!(!output.contains("compile_error"), "{output}");
    assert!(output.contains("{ this is <- not Rust @ all }"), "{output}");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let output = memoized(
        "maxsise = 1, ttl = 60, skip(x), scope = thread, maxsize = -1",
        "const fn f(n: &mut u64) -> &str { n }",
    );
    assert_eq!(output.to_string().matches("compile_error").count(), 8, "{output}");
}

#[test]
fn the_original_need_not_document_its_errors_again() {
    let allows = |options, item| memoized(options, item).to_string().contains("missing_errors_doc");
    assert!(allows("", "pub fn f(n: u64) -> io::Result<u64> { g(n) }"));
    assert!(allows("cache_if = Result::is_ok", "pub fn f(n: u64) -> Result<u64, E> { g(n) }"));
    assert!(!allows("", "pub fn f(n: u64) -> u64 { n }"));
}
