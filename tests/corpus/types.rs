//! Methods of every kind of type: enums, generic types, types that borrow.

use crate::check::{method, ran, runs};
use memofn::memoize;
use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Tree {
    Leaf(u32),
    Node(Box<(Tree, Tree)>),
}

impl Tree {
    #[memoize]
    fn depth(&self) -> u32 {
        ran(match self {
            Self::Leaf(_) => 0,
            Self::Node(both) => 1 + both.0.depth().max(both.1.depth()),
        })
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Pair(u32, &'static str);

impl Pair {
    #[memoize]
    fn swapped(&self) -> (&'static str, u32) {
        ran((self.1, self.0))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Unit;

impl Unit {
    #[memoize]
    #[expect(clippy::unused_self, reason = "the shape")]
    fn one(self) -> u32 {
        ran(1)
    }
}

#[test]
fn every_kind_of_type_has_methods() {
    let node = Tree::Node(Box::new((Tree::Leaf(1), Tree::Leaf(1))));
    let tree = Tree::Node(Box::new((node.clone(), Tree::Leaf(2))));
    runs!(4, tree.depth() => 2);
    runs!(0, node.depth() => 1);
    method!(Pair::swapped_cache(), Pair(1, "a"), swapped swapped_uncached() => ("a", 1));
    method!(Unit::one_cache(), Unit, one one_uncached() => 1);
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wrapper<T>(T);

impl<T: Debug + Clone + Eq + Hash + Send + Sync + 'static> Wrapper<T> {
    #[memoize]
    fn shown(&self) -> String {
        ran(format!("{:?}", self.0))
    }
    #[memoize]
    fn inner(&self) -> T {
        ran(self.0.clone())
    }
    #[memoize]
    fn with<U>(&self, other: &U) -> Option<(T, U)>
    where
        U: Clone + Eq + Hash + Send + Sync + 'static,
    {
        ran(Some((self.0.clone(), other.clone())))
    }
}

impl<T> Wrapper<T>
where
    T: Copy + Into<u64>,
{
    #[memoize(key = self.0.into(), scope = "thread")]
    fn number(&self) -> u64 {
        ran(self.0.into())
    }
}

impl<const N: usize> Wrapper<[u32; N]> {
    #[memoize]
    fn total(&self) -> u32 {
        ran(self.0.iter().sum())
    }
}

#[test]
fn a_generic_type_has_a_cache_for_each_instantiation() {
    let (one, a) = (Wrapper(1_u32), Wrapper("a".to_owned()));
    method!(Wrapper::<u32>::shown_cache(), one, shown shown_uncached() => "1".to_owned());
    method!(Wrapper::<String>::shown_cache(), a, shown shown_uncached() => "\"a\"".to_owned());
    method!(Wrapper::<u32>::inner_cache(), one, inner inner_uncached() => 1);
    method!(Wrapper::<u32>::with_cache::<u8>(), one, with with_uncached(&1_u8) => Some((1, 1)));
    method!(Wrapper::<u32>::with_cache::<char>(), one, with with_uncached(&'a') => Some((1, 'a')));
    method!(Wrapper::<u32>::number_cache(), one, number number_uncached() => 1);
    method!(Wrapper::<[u32; 2]>::total_cache(), Wrapper([1, 2]), total total_uncached() => 3);
    method!(Wrapper::<[u32; 1]>::total_cache(), Wrapper([3]), total total_uncached() => 3);
    assert_eq!(Wrapper::<u32>::shown_cache().len(), 1);
    let names: Vec<_> = memofn::caches().map(|cache| cache.name().to_owned()).collect();
    assert!(names.iter().any(|name| name.contains("Wrapper<u32>")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("with<char>")), "{names:?}");
}

struct Parser<'a> {
    text: &'a str,
}

impl<'a> Parser<'a> {
    #[memoize(skip(self))]
    fn first(&self, n: usize) -> String {
        ran(self.text[..n].to_owned())
    }
    #[memoize(key = self.text.to_owned())]
    fn length(&self, _other: &'a str) -> usize {
        ran(self.text.len())
    }
    #[memoize(key = (self.text.to_owned(), other.to_string()))]
    #[expect(clippy::needless_pass_by_value, reason = "the shape")]
    fn joined(&self, other: Cow<'a, str>) -> String {
        ran(format!("{}{other}", self.text))
    }
    #[memoize(skip(self))]
    fn compared<'b>(&'b self, other: &'b str) -> bool
    where
        'a: 'b,
    {
        let both: [&'b str; 2] = [self.text, other];
        ran(both[0] == both[1])
    }
}

#[test]
fn a_type_may_borrow_if_it_is_no_key() {
    let text = "abc".to_owned();
    let parser = Parser { text: &text };
    method!(Parser::first_cache(), parser, first first_uncached(2) => "ab".to_owned());
    method!(Parser::length_cache(), parser, length length_uncached(&text) => 3);
    method!(Parser::joined_cache(), parser, joined joined_uncached("d".into()) => "abcd".to_owned());
    method!(Parser::compared_cache(), parser, compared compared_uncached("abc") => true);
}
