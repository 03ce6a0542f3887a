//! Provided methods of traits, cached for each implementing type.

use crate::check::{ran, remembered, runs};
use memofn::memoize;
use std::fmt::Debug;
use std::hash::Hash;

/// The attribute is on each method.
trait Describe: Debug + Clone + Eq + Hash + Send + Sync + 'static {
    const KIND: &'static str;

    fn id(&self) -> u32;

    #[memoize]
    fn described(&self) -> String {
        ran(format!("{} {}", Self::KIND, self.id()))
    }
    #[memoize(key = self.id(), maxsize = 3)]
    fn by_id(&self) -> u32 {
        ran(self.id())
    }
    #[memoize(skip(self), scope = "thread")]
    fn skipped(&mut self, n: u32) -> u32 {
        ran(n)
    }
    #[memoize]
    fn copied(self) -> Self {
        ran(self)
    }
    #[memoize]
    fn found(&self, n: u32) -> Result<Self, String> {
        ran(if n == 0 { Err("zero".to_owned()) } else { Ok(self.clone()) })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cat(u32);
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Dog(u32);

impl Describe for Cat {
    const KIND: &'static str = "cat";
    fn id(&self) -> u32 {
        self.0
    }
}

impl Describe for Dog {
    const KIND: &'static str = "dog";
    fn id(&self) -> u32 {
        self.0
    }
    fn described(&self) -> String {
        ran("overridden".to_owned())
    }
}

#[test]
fn a_provided_method_is_remembered_for_each_type() {
    let (cat, dog) = (Cat(1), Dog(1));
    remembered(
        Cat::described_cache(),
        &mut || cat.described(),
        &mut || cat.described_uncached(),
        &"cat 1".to_owned(),
    );
    runs!(1, dog.described() => "overridden");
    runs!(1, dog.described() => "overridden");
    remembered(Cat::by_id_cache(), &mut || cat.by_id(), &mut || cat.by_id_uncached(), &1);
    remembered(Dog::by_id_cache(), &mut || dog.by_id(), &mut || dog.by_id_uncached(), &1);
    assert_eq!(Dog::by_id_cache().parameters().maxsize, Some(3));
    remembered(
        &Dog::skipped_cache(),
        &mut || Dog(1).skipped(7),
        &mut || Dog(2).skipped_uncached(7),
        &7,
    );
    remembered(
        Cat::copied_cache(),
        &mut || Cat(1).copied(),
        &mut || Cat(1).copied_uncached(),
        &Cat(1),
    );
    remembered(
        Cat::found_cache(),
        &mut || cat.found(1),
        &mut || cat.found_uncached(1),
        &Ok(Cat(1)),
    );
    runs!(1, cat.found(0) => Err::<(), _>("zero"));
    runs!(1, cat.found(0) => Err::<(), _>("zero"));
    let names: Vec<_> = memofn::caches().map(|cache| cache.name().to_owned()).collect();
    assert!(names.iter().any(|name| name.ends_with("Cat::by_id")), "{names:?}");
    assert!(names.iter().any(|name| name.ends_with("Dog::by_id")), "{names:?}");
}

/// The attribute is on the whole trait, so that functions without `self` are possible.
#[memoize(maxsize = 9)]
trait Made<T: Clone + Send + Sync + 'static>: Sized + Clone + Send + Sync + 'static {
    type Item: Clone + Send + Sync + 'static;

    fn item(n: u32) -> Self::Item;
    fn make(n: u32) -> Self;

    #[memoize]
    fn made(n: u32) -> Self {
        ran(Self::make(n))
    }
    #[memoize]
    fn listed(n: u32) -> Vec<Self::Item> {
        ran(vec![Self::item(n)])
    }
    #[memoize]
    fn first(n: u32) -> Self::Item {
        ran(Self::item(n))
    }
    #[memoize(skip(self, other))]
    fn paired(&self, other: &T, n: u32) -> Option<(Self, T)> {
        ran((n > 0).then(|| (self.clone(), other.clone())))
    }
}

impl Made<u8> for Cat {
    type Item = &'static str;

    fn item(_: u32) -> Self::Item {
        "purr"
    }
    fn make(n: u32) -> Self {
        Self(n)
    }
}

impl Made<u8> for Vec<u32> {
    type Item = u64;

    fn item(n: u32) -> Self::Item {
        n.into()
    }
    fn make(n: u32) -> Self {
        vec![n]
    }
}

#[test]
fn a_function_that_a_trait_provides_is_remembered_for_each_type() {
    remembered(Cat::made_cache(), &mut || Cat::made(1), &mut || Cat::made_uncached(1), &Cat(1));
    remembered(
        <Vec<u32> as Made<u8>>::made_cache(),
        &mut || <Vec<u32> as Made<u8>>::made(1),
        &mut || <Vec<u32> as Made<u8>>::made_uncached(1),
        &vec![1],
    );
    remembered(
        Cat::listed_cache(),
        &mut || Cat::listed(1),
        &mut || Cat::listed_uncached(1),
        &vec!["purr"],
    );
    remembered(Cat::first_cache(), &mut || Cat::first(1), &mut || Cat::first_uncached(1), &"purr");
    runs!(1, <Vec<u32> as Made<u8>>::first(7) => 7);
    runs!(0, <Vec<u32> as Made<u8>>::first(7) => 7);
    remembered(
        Cat::paired_cache(),
        &mut || Cat(1).paired(&2, 3),
        &mut || Cat(1).paired_uncached(&2, 3),
        &Some((Cat(1), 2)),
    );
    assert_eq!(Cat::paired_cache().parameters().maxsize, Some(9));
}
