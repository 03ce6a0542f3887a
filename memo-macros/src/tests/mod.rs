//! The macro as an editor meets it, on half-typed input, and what it makes of finished input.
//!
//! After a change of the expansion: `UPDATE_EXPECT=1 cargo test -p memo-macros`, and read the diff.

use crate::generate::expand;
use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use proptest::prelude::*;
use quote::quote;
use syn::{File, ImplItem, Item};

/// Expands `#[memoize(options)] item`; both are source text.
fn memoized(options: &str, item: &str) -> TokenStream {
    expand(options.parse().expect("options lex"), &item.parse().expect("the item lexes"))
}

fn parsed(tokens: TokenStream) -> File {
    syn::parse2(tokens).expect("what comes out is Rust")
}

/// Every beginning of `text` that lexes.
fn beginnings(text: &str) -> impl Iterator<Item = TokenStream> {
    text.char_indices()
        .map(|(i, _)| &text[..i])
        .chain([text])
        .filter_map(|beginning| beginning.parse().ok())
}

const ITEM: &str = "/// Documented.
    #[inline]
    pub(crate) fn find(a: &User, b: Option<&str>, (c, _): (u64, f64)) -> io::Result<String> {
        let found = a.look(b?, c);
        not even(valid <- yet
    }";

#[test]
fn half_typed_options_leave_the_function_as_it_was() {
    let (mut good, mut bad) = (0, 0);
    for options in [
        r#"maxsize = 128, ttl = "30m", scope = "shared", single_flight = false, name = "users""#,
        r#"patience = "5s", maxsize = 1"#,
        "maxsize = LIMIT * 2, ttl = Duration::from_secs(60), skip(a, b), controls = found,",
        "key = (a.id, b.map(str::to_owned), c), cache_if = |r| r.is_some(), crate = ::my::memofn",
        "key = { let k = a.id; k % 10 }, maxsize = unbounded, cache_if = Result::is_ok",
        r#"max_size = -1, ttl = 30, scope = thread, skip, key = "a", = , , 7 cache_if |r| r"#,
    ] {
        for options in beginnings(options) {
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
    for item in beginnings(ITEM) {
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
    for item in beginnings(block) {
        let output = expand(TokenStream::new(), &item).to_string();
        if output.contains("compile_error") {
            let functions = |text: &str| text.matches("fn area").count();
            assert_eq!(functions(&output), functions(&item.to_string()), "{item}: {output}");
        }
    }
    for options in
        beginnings(r#"maxsize = 10, skip(self), controls = pub(crate) Areas, name = "a""#)
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

/// Streams of what stands in options and signatures, in any order, with groups inside groups.
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
fn what_can_fail_need_not_document_its_errors_twice() {
    let allows = |options, item| memoized(options, item).to_string().contains("missing_errors_doc");
    assert!(allows("", "pub fn f(n: u64) -> io::Result<u64> { g(n) }"));
    assert!(allows("cache_if = Result::is_ok", "pub fn f(n: u64) -> Result<u64, E> { g(n) }"));
    assert!(!allows("", "pub fn f(n: u64) -> u64 { n }"));
}

/// Compares an expansion with `snapshots/<name>.rs`, and its length with what a reader bears.
fn snapshot(options: &str, item: &str, snapshot: &ExpectFile) {
    let (lines, arguments) = compare(options, item, parsed(memoized(options, item)), snapshot);
    assert!(lines <= 40 + 9 * arguments, "{lines} lines");
}

/// The same for a method, which is no item on its own.
fn snapshot_of_method(options: &str, item: &str, snapshot: &ExpectFile) {
    let expansion = memoized(options, item);
    let expansion = parsed(quote!(impl Rectangle { #expansion }));
    let (lines, _) = compare(options, item, expansion, snapshot);
    assert!(lines <= 40, "{lines} lines");
}

fn compare(options: &str, item: &str, expansion: File, snapshot: &ExpectFile) -> (usize, usize) {
    let code = prettyplease::unparse(&expansion);
    let arguments =
        code.split("__private::leaf::").count() + code.split("__private::parts::").count();
    let lines = lines_that_matter(expansion);
    let item = item.lines().map(str::trim).collect::<Vec<_>>().join("\n// ");
    snapshot.assert_eq(&format!(
        "// #[memoize({options})]\n// {item}\n// Beyond the body and the controls: {lines} lines.\n\n{code}"
    ));
    (lines, arguments)
}

/// The lines of the function, its companion and its cache's place, formatted: without the body and
/// the controls, each of which is a line or two, with what they have in common.
fn lines_that_matter(mut file: File) -> usize {
    let matters = |name: &syn::Ident| {
        let name = name.to_string();
        let control = name.strip_prefix("cache_").is_some_and(|control| control != "site");
        !control && name != "ask" && !name.ends_with("uncached")
    };
    for item in &mut file.items {
        if let Item::Impl(block) = item {
            block.items.retain(|item| match item {
                ImplItem::Fn(function) => matters(&function.sig.ident),
                _ => true,
            });
        }
    }
    file.items.retain(|item| !matches!(item, Item::Impl(block) if block.items.is_empty()));
    prettyplease::unparse(&file).lines().count()
}

#[test]
fn snapshot_of_a_plain_function() {
    snapshot(
        "",
        "pub fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
        &expect_file!["snapshots/plain.rs"],
    );
}

#[test]
fn snapshot_with_a_borrowed_argument_and_a_result() {
    snapshot(
        r#"maxsize = 128, ttl = "30m""#,
        "fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city) }",
        &expect_file!["snapshots/result.rs"],
    );
}

#[test]
fn snapshot_in_thread_scope() {
    snapshot(
        r#"scope = "thread", maxsize = unbounded"#,
        "fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }",
        &expect_file!["snapshots/thread.rs"],
    );
}

#[test]
fn snapshot_of_an_async_function() {
    snapshot(
        r#"ttl = "30m""#,
        "pub async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }",
        &expect_file!["snapshots/asynchronous.rs"],
    );
}

#[test]
fn snapshot_with_a_skipped_argument() {
    snapshot(
        "skip(db)",
        "pub(crate) fn user(db: &mut Db, id: u64) -> Option<User> { db.load(id) }",
        &expect_file!["snapshots/skip.rs"],
    );
}

#[test]
fn snapshot_with_a_key_and_a_condition() {
    snapshot(
        "key = request.id, cache_if = |page| !page.is_empty()",
        "fn page(request: &Request, log: &Log) -> String { render(request, log) }",
        &expect_file!["snapshots/key.rs"],
    );
}

#[test]
fn snapshot_of_many_arguments_and_patterns() {
    snapshot(
        "",
        "#[must_use]
        #[expect(clippy::too_many_arguments)]
        unsafe fn many(
            a: u8, mut b: f64, _: Option<&str>, (c, d): (u8, f32), Point { x, .. }: Point, e: &[&str],
            f: Cow<'_, str>, g: [f64; 3], h: &Path, i: Vec<u8>, j: char, k: bool, r#type: i8, l: i16,
        ) { body }",
        &expect_file!["snapshots/many.rs"],
    );
}

#[test]
fn snapshot_in_an_impl_block() {
    snapshot_of_method(
        "",
        "pub fn area(&self, unit: Unit) -> f64 { self.width * self.height * unit.factor() }",
        &expect_file!["snapshots/method.rs"],
    );
}

#[test]
fn snapshot_of_a_generic_function() {
    snapshot(
        "skip(measure)",
        "fn longest<T: Eq + Hash + Clone, F>(items: &[T], measure: F) -> Option<T>
        where T: Send + Sync + 'static, F: Fn(&T) -> usize { body }",
        &expect_file!["snapshots/generic.rs"],
    );
}

#[test]
fn snapshot_with_a_cache_that_is_given() {
    snapshot_of_method(
        "cache = self.users",
        "fn user(&self, id: u64) -> io::Result<User> { self.fetch(id) }",
        &expect_file!["snapshots/given.rs"],
    );
}

#[test]
fn snapshot_of_a_trait_implementation() {
    let (options, item) = (
        r#"ttl = "1h""#,
        "impl Load for Client {
        type Page = String;
        #[memoize(skip(self))]
        fn load(&self, path: &str) -> Self::Page { self.get(path) }
        }",
    );
    let expansion = parsed(memoized(options, item));
    compare(options, item, expansion, &expect_file!["snapshots/trait_impl.rs"]);
}
