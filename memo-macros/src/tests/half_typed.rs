//! Input as an editor sends it, half-typed or not Rust at all: the macro does not panic, and the user's
//! function stays in the output.

use super::parsed;
use crate::generate::{expand, versioned};
use proc_macro2::TokenStream;
use proptest::prelude::*;
use quote::quote;
use syn::Item;

/// Each prefix of `text` that lexes.
fn prefixes(text: &str) -> impl Iterator<Item = TokenStream> {
    text.char_indices()
        .map(|(i, _)| &text[..i])
        .chain([text])
        .filter_map(|prefix| prefix.parse().ok())
}

const ITEM: &str = "/// Documented.
    #[inline]
    pub(crate) fn find(a: &User, b: Option<&str>, (c, _): (u64, f64)) -> io::Result<String> {
        let found = a.look(b?, c);
        not even(valid <- yet
    }";

#[test]
fn a_half_typed_item_with_a_version_stays_as_it_was() {
    for item in [
        "/// Documented.\n#[inline] pub const unsafe fn find<T>(a: &User, b: T) -> u8 { not(valid <- }",
        "pub(crate) static mut TABLE: [u8; 2] = [1, 2];",
        "#[derive(Debug)] struct Pair<T: Copy, const N: usize = 2>([T; N]) where T: Into<u8>;",
        "union Bits { a: u8 }",
    ] {
        for item in prefixes(item) {
            let output = versioned::expand(quote!(depends(a::b)), &item).to_string();
            assert!(output.contains(&item.to_string()), "{output}");
            assert!(
                output.contains("CACHE_VERSION") != output.contains("compile_error"),
                "{output}"
            );
        }
    }
}

#[test]
fn half_typed_options_leave_the_function_as_it_was() {
    let (mut good, mut bad) = (0, 0);
    for options in [
        r#"maxsize = 128, ttl = "30m", scope = "shared", single_flight = false, name = "users""#,
        r#"patience = "5s", maxsize = 1"#,
        "maxsize = LIMIT * 2, ttl = Duration::from_secs(60), skip(a, b), controls = found,",
        "key = (a.id, b.map(str::to_owned), c), cache_if = |r| r.is_some(), crate = ::my::memofn",
        "key = { let k = a.id; k % 10 }, maxsize = unbounded, cache_if = Result::is_ok",
        r#"disk = "target/pages", version = 2, depends(parse, tables::RATES, of::<u8>), codec = Json"#,
        r#"max_size = -1, ttl = 30, scope = thread, skip, key = "a", = , , 7 cache_if |r| r"#,
    ] {
        for options in prefixes(options) {
            let item: TokenStream = ITEM.replace("not even(valid <- yet", "").parse().unwrap();
            let output = expand(options.clone(), &item);
            let file = parsed(output.clone());
            let functions: Vec<_> = file
                .items
                .iter()
                .filter_map(|item| match item {
                    Item::Fn(function) => Some(function.sig.ident.to_string()),
                    _ => None,
                })
                .collect();
            assert_eq!(functions, ["find"], "{options}");
            let output = output.to_string();
            if output.contains("compile_error") {
                bad += 1;
                assert!(output.ends_with(&item.to_string()), "{options}: {output}");
            } else {
                good += 1;
                assert!(output.contains("uncached"), "{options}: {output}");
            }
        }
    }
    assert!(good > 20 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn half_typed_functions_are_given_back() {
    for item in prefixes(ITEM) {
        let output = expand(TokenStream::new(), &item).to_string();
        if output.contains("compile_error") {
            assert!(output.ends_with(&item.to_string()), "{item}: {output}");
        }
    }
}

#[test]
fn half_typed_blocks_leave_their_functions() {
    let block = r#"#[cfg(unix)]
        impl<'a, T: Load> Shape<T> for Circle<'a> where T: 'a {
            type Out = f64; const N: u8 = { 3 };
            other! { fn x() }
            /// Documented.
            #[memoize(skip(self), ttl = "1h")]
            pub fn area(&self, n: u8) -> Self::Out { let x = [n; 3]; self.radius * x[0] }
            fn plain(&self) -> [u8; 2] { [1, 2] }
            #[memofn::memoize]
            fn load(path: &Path) -> io::Result<Self> { read(path) }
        }"#;
    for item in prefixes(block) {
        let output = expand(TokenStream::new(), &item).to_string();
        if output.contains("compile_error") {
            let functions = |text: &str| text.matches("fn area").count();
            assert_eq!(functions(&output), functions(&item.to_string()), "{item}: {output}");
        }
    }
    for options in prefixes(r#"maxsize = 10, skip(self), controls = pub(crate) Areas, name = "a""#)
    {
        let output = expand(options.clone(), &block.parse().unwrap()).to_string();
        assert!(output.contains("fn area") && output.contains("fn load"), "{options}: {output}");
        assert!(!output.contains("# [memo"), "the marks are gone: {options}: {output}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_options_make_the_macro_panic(options in token_streams()) {
        let item: TokenStream = "fn find(a: &User, b: u8) -> Found { body }".parse().unwrap();
        let output = expand(options, &item).to_string();
        prop_assert!(output.contains("fn find"), "{output}");
    }

    #[test]
    fn no_item_makes_the_macro_panic(options in token_streams(), item in token_streams()) {
        expand(options, &item);
    }

    #[test]
    fn no_block_makes_the_macro_panic(options in token_streams(), items in token_streams()) {
        expand(options.clone(), &quote!(impl Circle { #items }));
        expand(TokenStream::new(), &quote!(impl Shape for Circle { #[memoize(#options)] fn area(#items) -> u8 {} }));
    }
}

/// Tokens of options and signatures in any order, with groups inside groups.
fn token_streams() -> impl Strategy<Value = TokenStream> {
    let word = prop::sample::select(
        "maxsize ttl scope key skip cache_if single_flight patience unlimited cache name controls crate unbounded size \
         max_size self Self fn impl for where pub unsafe async const dyn mut static struct trait a b \
         User r#type"
            .split_whitespace()
            .collect::<Vec<_>>(),
    );
    let literal = prop::sample::select(vec![
        "0",
        "128",
        "-1",
        "1.5",
        "\"30m\"",
        "\"\"",
        "\"thread\"",
        "'a'",
        "b\"x\"",
        "true",
        "99999999999999999999",
    ]);
    let sign = prop::sample::select(
        "= == , ; : :: -> => . .. ..= & && | < > ? ! # * + - 'a #[memoize] #[cfg(a)]"
            .split_whitespace()
            .collect::<Vec<_>>(),
    );
    let token = prop_oneof![4 => word, 2 => literal, 4 => sign]
        .prop_map(|token| token.parse::<TokenStream>().expect("a token lexes"));
    token.prop_recursive(4, 64, 8, |inner| {
        (prop::collection::vec(inner, 0..8), 0..5_u8).prop_map(|(tokens, group)| {
            let tokens: TokenStream = tokens.into_iter().collect();
            match group {
                0 => quote!((#tokens)),
                1 => quote!([#tokens]),
                2 => quote!({ #tokens }),
                _ => tokens,
            }
        })
    })
}
