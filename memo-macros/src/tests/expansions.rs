//! Expansions compared with the files in `expansions/`.
//!
//! After a change of the expansion: `UPDATE_EXPECT=1 cargo test -p memo-macros`, and read the diff.
//! `plain.rs` shows everything. The other files leave out what repeats it.

use super::{memoized, parsed};
use crate::generate::versioned;
use expect_test::{ExpectFile, expect_file};
use quote::quote;
use syn::{Attribute, File, Ident, ImplItem, Item};

/// The controls that are the same for every function.
const REPEATED: &[&str] = &["controls_of_cache"];

/// The controls that repeat each other, besides those that are the same for every function.
const CONTROLS: &[&str] =
    &["controls_of_cache", "controls_that_ask", "controls_that_run", "cache_insert"];

/// Compares the expansion of a function with a file, which leaves out some of the functions.
fn compare_function(options: &str, item: &str, left_out: &[&str], expected: &ExpectFile) {
    let expansion = parsed(memoized(options, item));
    let code = prettyplease::unparse(&expansion);
    let looked_up = ["plain::", "shaped::", "key_of!"];
    let arguments: usize =
        looked_up.iter().map(|it| code.matches(&format!("__private::{it}")).count()).sum();
    let renewal = if code.contains("renew_by") { 45 } else { 0 };
    let tier = if code.contains("below_of") { 24 } else { 0 };
    let dependencies = 10 * code.matches("no_version").count();
    let lines = counted_lines(&expansion);
    assert!(lines <= 130 + 10 * arguments + renewal + tier + dependencies, "{lines} lines");
    compare(options, item, expansion, left_out, expected);
}

/// The same for a method, which is not an item on its own.
fn compare_method(options: &str, item: &str, expected: &ExpectFile) {
    let expansion = memoized(options, item);
    let expansion = parsed(quote!(impl Rectangle { #expansion }));
    let lines = counted_lines(&expansion);
    assert!(lines <= 55, "{lines} lines");
    compare(options, item, expansion, &[], expected);
}

fn compare(
    options: &str,
    item: &str,
    mut expansion: File,
    left_out: &[&str],
    expected: &ExpectFile,
) {
    let lines = counted_lines(&expansion);
    keep_functions(&mut expansion, |name| !left_out.contains(&&*name.to_string()));
    let code = prettyplease::unparse(&expansion);
    let item = item.lines().map(str::trim).collect::<Vec<_>>().join("\n// ");
    expected.assert_eq(&format!(
        "// #[memoize({options})]\n// {item}\n// Without the body and the controls: {lines} lines.\n\n{code}"
    ));
}

/// The lines without the original body, the controls and what only rustdoc sees.
fn counted_lines(file: &File) -> usize {
    let mut file = file.clone();
    for item in &mut file.items {
        leave_out_documentation(item);
    }
    keep_functions(&mut file, |name| {
        let name = name.to_string();
        let is_control = name.strip_prefix("cache_").is_some_and(|control| control != "site");
        let of_method =
            ["uncached", "_remove", "_call"].iter().any(|control| name.ends_with(control));
        !is_control && !name.starts_with("controls_") && !of_method
    });
    prettyplease::unparse(&file).lines().count()
}

fn leave_out_documentation(item: &mut Item) {
    let compiled = |attr: &Attribute| !attr.path().is_ident("cfg_attr");
    match item {
        Item::Fn(function) => function.attrs.retain(compiled),
        Item::Struct(controls) => controls.attrs.retain(compiled),
        Item::Type(controls) => controls.attrs.retain(compiled),
        Item::Impl(block) => {
            for item in &mut block.items {
                if let ImplItem::Fn(function) = item {
                    function.attrs.retain(compiled);
                }
            }
        }
        _ => {}
    }
}

fn keep_functions(file: &mut File, keep: impl Fn(&Ident) -> bool) {
    for item in &mut file.items {
        if let Item::Impl(block) = item {
            block.items.retain(|item| match item {
                ImplItem::Fn(function) => keep(&function.sig.ident),
                // The runtime's macros write the controls that are the same for all functions.
                ImplItem::Macro(call) => {
                    call.mac.path.segments.last().is_none_or(|last| keep(&last.ident))
                }
                _ => true,
            });
        }
    }
    file.items.retain(|item| !matches!(item, Item::Impl(block) if block.items.is_empty()));
}

#[test]
fn a_plain_function() {
    compare_function(
        "",
        "pub fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
        &[],
        &expect_file!["expansions/plain.rs"],
    );
}

#[test]
fn a_result_a_borrowed_and_a_skipped_argument() {
    compare_function(
        r#"maxsize = 128, ttl = "30m", skip(api)"#,
        "pub(crate) fn temperature(api: &mut Api, city: &str) -> Result<f64, WeatherError> { api.fetch(city) }",
        REPEATED,
        &expect_file!["expansions/result.rs"],
    );
}

#[test]
fn thread_scope() {
    compare_function(
        r#"scope = "thread", maxsize = unbounded"#,
        "fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }",
        CONTROLS,
        &expect_file!["expansions/thread.rs"],
    );
}

#[test]
fn a_listener() {
    compare_function(
        "on_evict = |key, value, why| gone(key, value, why)",
        "fn user(id: u64, name: &str) -> Result<User, Error> { fetch(id, name) }",
        CONTROLS,
        &expect_file!["expansions/listener.rs"],
    );
}

#[test]
fn an_async_function() {
    compare_function(
        r#"ttl = "30m""#,
        "pub async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }",
        &["controls_of_cache", "controls_that_ask"],
        &expect_file!["expansions/asynchronous.rs"],
    );
}

#[test]
fn a_refresh_on_threads_of_the_crate() {
    compare_function(
        r#"ttl = "30m", refresh_after = 0.8"#,
        "fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> { fetch(city, day) }",
        &[&["lookup"], CONTROLS].concat(),
        &expect_file!["expansions/refresh.rs"],
    );
}

#[test]
fn a_refresh_on_a_runtime() {
    compare_function(
        r#"ttl = "30m", refresh_after = "24m", refresh_on = tokio::spawn"#,
        "async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }",
        &[&["lookup", "here"], CONTROLS].concat(),
        &expect_file!["expansions/asynchronous_refresh.rs"],
    );
}

#[test]
fn a_key_and_a_condition() {
    compare_function(
        "key = request.id, cache_if = |page| !page.is_empty()",
        "fn page(request: &Request, log: &Log) -> String { render(request, log) }",
        REPEATED,
        &expect_file!["expansions/key.rs"],
    );
}

#[test]
fn lives_by_value_and_lives_of_errors() {
    compare_function(
        r#"ttl = |found| found.lifetime(), jitter = "1m", err_ttl = "5s""#,
        "fn user(id: u64) -> io::Result<User> { fetch(id) }",
        REPEATED,
        &expect_file!["expansions/lives.rs"],
    );
}

#[test]
fn many_arguments_and_patterns() {
    compare_function(
        "",
        "#[must_use]
        #[expect(clippy::too_many_arguments)]
        unsafe fn many(
            a: u8, mut b: f64, _: Option<&str>, (c, d): (u8, f32), Point { x, .. }: Point, e: &[&str],
            f: Cow<'_, str>, g: [f64; 3], h: &Path, i: Vec<u8>, j: char, k: bool, r#type: i8, l: i16,
        ) { body }",
        CONTROLS,
        &expect_file!["expansions/many.rs"],
    );
}

#[test]
fn a_generic_function() {
    compare_function(
        "skip(measure)",
        "fn longest<T: Eq + Hash + Clone, F>(items: &[T], measure: F) -> Option<T>
        where T: Send + Sync + 'static, F: Fn(&T) -> usize { body }",
        REPEATED,
        &expect_file!["expansions/generic.rs"],
    );
}

#[test]
fn a_method() {
    compare_method(
        "",
        "pub fn area(&self, unit: Unit) -> f64 { self.width * self.height * unit.factor() }",
        &expect_file!["expansions/method.rs"],
    );
}

#[test]
fn a_given_cache() {
    compare_method(
        "cache = self.users",
        "fn user(&self, id: u64) -> io::Result<User> { self.fetch(id) }",
        &expect_file!["expansions/given.rs"],
    );
}

#[test]
fn tags() {
    let but_insertion: Vec<_> =
        CONTROLS.iter().copied().filter(|control| *control != "cache_insert").collect();
    compare_function(
        r#"skip(db), tags = [format!("user:{id}"), db.name, "users"]"#,
        "fn user(id: u64, db: &Db) -> String { db.user(id) }",
        &but_insertion,
        &expect_file!["expansions/tags.rs"],
    );
}

#[test]
fn tags_in_a_given_cache() {
    compare_method(
        "cache = self.users, tags = user.tags()",
        "fn name(&self, user: &User) -> String { self.fetch(user) }",
        &expect_file!["expansions/given_tags.rs"],
    );
}

#[test]
fn results_on_disk() {
    compare_function(
        r#"ttl = "7d", disk = "target/pages", depends(parse::<u8>, tables::RATES)"#,
        "fn page(url: &str, size: u32) -> io::Result<Page> { fetch(url, size) }",
        &[&["lookup", "policy", "cache"], CONTROLS].concat(),
        &expect_file!["expansions/disk.rs"],
    );
}

#[test]
fn a_tier_of_the_users() {
    compare_function(
        "tier = SHELF, codec = Json, version = 2, key = id.0",
        "async fn page(id: Id) -> Page { fetch(id).await }",
        &[&["lookup", "here"], CONTROLS].concat(),
        &expect_file!["expansions/tier.rs"],
    );
}

#[test]
fn items_with_versions() {
    let items = [
        ("depends(TABLE)", "pub fn parse(text: &str) -> u64 { body }"),
        ("7", "#[cfg(unix)] struct Pair<T: Copy, const N: usize>([T; N]) where T: Eq;"),
    ];
    let expand = |(options, item): (&str, &str)| {
        let tokens = versioned::expand(options.parse().unwrap(), &item.parse().unwrap());
        format!("// #[versioned({options})]\n\n{}", prettyplease::unparse(&parsed(tokens)))
    };
    let code = items.map(expand).join("\n");
    expect_file!["expansions/versioned.rs"].assert_eq(&code);
}

#[test]
fn an_impl_block_of_a_trait() {
    let (options, item) = (
        r#"ttl = "1h""#,
        "impl Load for Client {
        type Page = String;
        #[memoize(skip(self))]
        fn load(&self, path: &str) -> Self::Page { self.get(path) }
        }",
    );
    let expansion = parsed(memoized(options, item));
    compare(options, item, expansion, &[], &expect_file!["expansions/trait_impl.rs"]);
}
