//! Claims about what rustdoc shows of a memoized function.

use super::{memoized, parsed};
use quote::{ToTokens, quote};
use syn::{Attribute, Item, Meta};

/// The documentation that the expansion adds to the function and to the type of its controls.
fn added(options: &str, item: &str) -> (String, String) {
    let (mut function, mut controls) = (String::new(), String::new());
    for item in parsed(memoized(options, item)).items {
        match item {
            Item::Fn(item) => function = texts(&item.attrs),
            Item::Struct(item) => controls += &texts(&item.attrs),
            Item::Type(item) => controls += &texts(&item.attrs),
            _ => {}
        }
    }
    (function, controls)
}

/// The attributes that only rustdoc sees.
fn texts(attrs: &[Attribute]) -> String {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg_attr"))
        .map(Attribute::to_token_stream)
        .fold(String::new(), |all, attr| all + &attr.to_string().replace("\\\"", "\""))
}

#[test]
fn the_page_of_a_function_names_the_options_and_links_to_the_controls() {
    let (function, controls) = added(
        r#"maxsize = unbounded, ttl = "90m", skip(db, log), scope = "thread", name = "n""#,
        "fn user(id: u64, db: &Db, log: &Log) -> String { todo!() }",
    );
    let memoize =
        r#"`#[memoize(maxsize = unbounded, ttl = "1h 30m", skip(db, log), scope = "thread")]`"#;
    assert!(function.contains(memoize) && controls.contains(memoize), "{function}\n{controls}");
    assert!(function.contains("[`user`](type@user)"), "{function}");
    assert!(controls.contains("`user::cache_info()`"), "{controls}");
}

#[test]
fn expressions_are_shown_as_people_write_them_unless_they_are_long() {
    let of = |option: &str| added(option, "fn f(user: &User) -> Vec<u8> { todo!() }").0;
    let closure = of("cache_if = |found| !found.is_empty()");
    assert!(closure.contains("(cache_if = |found| !found.is_empty())"), "{closure}");
    let key = of("key = (user.id, user.names().len())");
    assert!(key.contains("(key = (user.id, user.names().len()))"), "{key}");
    let long = of("key = (user.a_long_name, user.another_long_name, user.a_third_long_name)");
    assert!(long.contains("(key = ..)"), "{long}");
}

#[test]
fn only_rustdoc_sees_the_text_so_that_missing_documentation_is_still_reported() {
    let expansion = parsed(memoized("", "pub fn f() -> u8 { 1 }"));
    let Item::Fn(function) = &expansion.items[0] else { panic!("the function comes first") };
    assert!(!function.attrs.iter().any(|attr| attr.path().is_ident("doc")));
}

#[test]
fn a_raw_name_is_linked_without_its_prefix_and_other_controls_by_their_name() {
    let (function, _) = added("", "fn r#match(n: u8) -> u8 { n }");
    assert!(function.contains("[`match`](type@match)"), "{function}");
    let (function, controls) = added("controls = matches", "fn r#match(n: u8) -> u8 { n }");
    assert!(function.contains("[`matches`](type@matches)"), "{function}");
    assert!(controls.contains("`matches::cache_info()`"), "{controls}");
}

#[test]
fn the_controls_of_a_hidden_function_are_hidden() {
    let is_hidden = |item: &str| {
        let mut items = parsed(memoized("", item)).items.into_iter();
        let controls = items.find_map(|item| match item {
            Item::Type(controls) => Some(controls),
            _ => None,
        });
        let hidden =
            |attr: &Attribute| matches!(&attr.meta, Meta::List(list) if list.path.is_ident("doc"));
        controls.expect("there are controls").attrs.iter().any(hidden)
    };
    assert!(is_hidden("#[doc(hidden)] pub fn f() -> u8 { 1 }"));
    assert!(!is_hidden("#[doc(alias = \"g\")] pub fn f() -> u8 { 1 }"));
}

#[test]
fn a_method_of_a_trait_keeps_the_documentation_that_the_trait_has() {
    let added = |doc: &str| {
        let method = format!("{doc}\n#[memoize] fn load(&self) -> u8 {{ 1 }}");
        let block = memoized("", &format!("impl Load for Page {{ {method} }}"));
        let items = parsed(block).items;
        let Item::Impl(block) = &items[0] else { panic!("the block comes first") };
        block.items.iter().map(|item| quote!(#item).to_string()).any(|it| it.contains("Cached by"))
    };
    assert!(!added(""));
    assert!(added("/// Loads it from the disk."));
}
