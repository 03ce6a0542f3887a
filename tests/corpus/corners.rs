//! Shapes that an earlier version of the attribute got wrong.

use memofn::{Cache, memoize};
use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;

#[derive(Debug)]
struct Unit;

trait Made<T: 'static> {
    #[memoize(skip(self))]
    fn width(&self) -> usize {
        size_of::<T>()
    }
}

impl Made<u8> for Unit {}
impl Made<u64> for Unit {}

trait Width<T> {
    fn width(&self) -> usize;
}

#[memoize]
impl<T: 'static> Width<T> for Unit {
    #[memoize(skip(self))]
    fn width(&self) -> usize {
        size_of::<T>()
    }
}

#[test]
fn parameters_that_only_the_trait_has_tell_instantiations_apart() {
    assert_eq!((Made::<u8>::width(&Unit), Made::<u64>::width(&Unit)), (1, 8));
    assert_eq!((Width::<u8>::width(&Unit), Width::<u64>::width(&Unit)), (1, 8));
}

#[memoize(skip(from))]
fn converted<T, U>(n: u32, from: T) -> U
where
    U: From<T> + Clone + Send + Sync + 'static,
{
    let _ = n;
    U::from(from)
}

#[test]
fn one_bound_among_several_may_mention_what_is_skipped() {
    assert_eq!((converted::<u8, u64>(1, 2), converted::<u8, u64>(1, 3)), (2, 2));
}

impl Unit {
    #[memoize(key = format!("{self:?}"))]
    fn name(&self) -> usize {
        format!("{self:?}").len()
    }
}

#[test]
fn a_key_may_name_self_inside_of_text() {
    assert_eq!((Unit.name(), Unit.name()), (4, 4));
    assert_eq!(Unit::name_cache().info().hits, 1);
    assert_eq!(Unit.name_remove(), Some(4));
}

#[derive(Default)]
struct Counter {
    cache: Cache<u32, u32>,
    sum: u32,
}

impl Counter {
    #[memoize(cache = self.cache)]
    fn add(&mut self, n: u32) -> u32 {
        self.sum += n;
        self.sum
    }

    #[memoize(cache = self.cache)]
    fn plus(self: Arc<Self>, n: u32) -> u32 {
        self.sum + n
    }
}

#[test]
fn what_holds_the_cache_may_be_changed_or_moved() {
    let mut counter = Counter::default();
    assert_eq!((counter.add(2), counter.add(2), counter.sum), (2, 2, 2));
    let counter = Arc::new(counter);
    assert_eq!((Arc::clone(&counter).plus(3), Arc::clone(&counter).plus(3)), (5, 5));
    assert_eq!(counter.cache.info().hits, 2);
}

trait Make {
    fn make(n: u32) -> Option<Self>
    where
        Self: Sized;
}

#[memoize]
impl Make for u16 {
    #[memoize]
    fn make(n: u32) -> Option<Self> {
        n.try_into().ok()
    }
}

trait Weight {
    fn weight(&self) -> usize;
}

#[memoize]
impl Weight for u8 {
    #[memoize]
    fn weight(&self) -> usize {
        1
    }
}

#[memoize]
impl Weight for [u8; 3] {
    #[memoize]
    fn weight(&self) -> usize {
        3
    }
}

#[memoize]
impl Weight for str {
    #[memoize]
    fn weight(&self) -> usize {
        self.len()
    }
}

#[memoize]
impl Weight for [String] {
    #[memoize]
    fn weight(&self) -> usize {
        self.len()
    }
}

#[test]
fn traits_of_types_with_and_without_a_size() {
    assert_eq!((u16::make(7), u16::make(70_000)), (Some(7), None));
    assert_eq!(("abc".weight(), "abc".weight()), (3, 3));
    assert_eq!(<str>::weight_cache().peek("abc"), Some(3));
    let words = [String::from("a"), String::from("b")];
    assert_eq!((words.weight(), words.weight()), (2, 2));
    assert_eq!(<[String]>::weight_cache().info().hits, 1);
    assert_eq!((1_u8.weight(), [1_u8, 2, 3].weight()), (1, 3));
}

#[memoize]
#[track_caller]
fn line(_n: u32) -> u32 {
    Location::caller().line()
}

#[test]
fn the_caller_is_known_to_a_refresh_too() {
    assert_eq!((line(1), line::cache_refresh(1)), (line!(), line!()));
    assert_eq!(line::uncached(1), line!());
}

#[memoize(key = text.len())]
fn by_length(text: &str) -> u32 {
    1
}

#[memoize]
fn owned(n: u32) -> <str as ToOwned>::Owned {
    n.to_string()
}

#[test]
fn arguments_of_the_key_alone_and_types_by_their_traits() {
    assert_eq!((by_length("a"), by_length("b")), (1, 1));
    assert_eq!(owned(1), "1");
    assert_eq!(owned::cache().peek(&1), Some(String::from("1")));
}
