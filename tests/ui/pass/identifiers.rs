//! Raw identifiers, and identifiers in other alphabets.

#![deny(warnings)]
#![allow(mixed_script_confusables, uncommon_codepoints)]

use memofn::memoize;

#[memoize]
fn r#match(r#type: u64, r#fn: &str) -> u64 {
    r#type + r#fn.len() as u64
}


#[memoize(key = r#in.len())]
fn r#loop(r#in: &str, r#mut: u64) -> u64 {
    r#in.len() as u64 + r#mut
}

#[memoize(skip(r#dyn))]
fn r#struct(r#dyn: &dyn std::fmt::Display, r#use: u64) -> String {
    format!("{}{}", r#dyn, r#use)
}

#[memoize(controls = r#while)]
fn r#for(n: u64) -> u64 {
    n
}

#[memoize(key = größe * 2)]
fn fläche(größe: u64) -> u64 {
    größe * größe
}

// `type__cache` is no fault of the user's.
struct Node;

#[memoize]
impl Node {
    #[memoize(skip(self))]
    fn type_(&self, in_: u64) -> u64 {
        in_
    }

    #[memoize]
    fn ref_(in_: u64) -> u64 {
        in_
    }
}

trait Edge {
    fn use_(&self, in_: &str) -> usize;
}

#[memoize]
impl Edge for Node {
    #[memoize(skip(self))]
    fn use_(&self, in_: &str) -> usize {
        in_.len()
    }
}

#[memoize(crate = ::r#memofn)]
fn raw_path(n: u64) -> u64 {
    n
}

fn main() {
    assert_eq!((r#match(1, "a"), r#match(1, "a")), (2, 2));
    assert_eq!(r#match::cache_info().hits, 1);
    assert!(r#match::cache_parameters().name.ends_with("::match"));
    assert_eq!((r#loop("ab", 1), r#loop("cd", 2)), (3, 3));
    assert_eq!((r#struct(&1, 2), r#struct(&3, 2)), ("12".to_owned(), "12".to_owned()));
    assert_eq!((r#for(3), r#for(3), r#while::cache_info().hits), (3, 3, 1));
    assert_eq!((fläche(3), fläche(3)), (9, 9));
    assert_eq!((Node.type_(3), Node.type_(3), Node::type__cache().info().hits), (3, 3, 1));
    assert_eq!((Node::ref_(3), Node.use_("ab")), (3, 2));
    assert_eq!(raw_path(1), 1);
}
