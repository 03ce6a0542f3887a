//! Shapes for which earlier versions of the attribute had bugs.

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

struct Page(u64);

impl Page {
    #[memoize(key = self.0)]
    fn load(&self) -> u64 {
        1
    }
}

trait Load {
    fn load(&self) -> u64;
}

#[memoize]
impl Load for Page {
    #[memoize(key = self.0)]
    fn load(&self) -> u64 {
        2
    }
}

trait Scale<T> {
    fn scale(&self) -> T;
}

#[memoize]
impl Scale<u64> for Page {
    #[memoize(key = self.0)]
    fn scale(&self) -> u64 {
        self.0
    }
}

#[memoize]
impl Scale<u8> for Page {
    #[memoize(key = self.0)]
    fn scale(&self) -> u8 {
        1
    }
}

#[test]
fn methods_of_one_name_have_caches_of_their_own() {
    let page = Page(7);
    assert_eq!((page.load(), Load::load(&page)), (1, 2));
    assert_eq!(<Page as PageLoadControls>::load_cache().info().misses, 1);
    assert_eq!((Scale::<u64>::scale(&page), Scale::<u8>::scale(&page)), (7, 1));
}

#[memoize(skip(it))]
fn size<Item>(n: usize, it: impl Iterator<Item = u32>) -> usize {
    n * size_of::<Item>() + it.count()
}

mod other {
    pub(super) struct T;
}

#[memoize(skip(_x))]
fn times<T>(n: usize, _x: &other::T) -> usize {
    n * size_of::<T>()
}

#[test]
fn a_parameter_is_not_what_has_its_name_elsewhere() {
    assert_eq!((size::<u8>(1, [1].into_iter()), size::<u64>(1, [1].into_iter())), (2, 9));
    assert_eq!((times::<u8>(1, &other::T), times::<u64>(1, &other::T)), (1, 8));
}

#[memoize(key = (id, size_of::<T>()))]
fn by_size<T>(id: usize, _x: &T) -> usize {
    id * size_of::<T>()
}

#[memoize(skip(_x), maxsize = N)]
fn bounded<const N: usize>(n: usize, _x: [u8; N]) -> usize {
    n
}

#[memoize(key = format!("{self_id}"))]
fn named(self_id: u32) -> u32 {
    self_id
}

#[test]
fn what_the_options_mention_counts() {
    assert_eq!((by_size(1, &1_u8), by_size(1, &1_u64), by_size(1, &2_u64)), (1, 8, 8));
    assert_eq!(by_size::<u64>::cache_info().hits, 1);
    assert_eq!(bounded(1, [0; 3]), 1);
    assert_eq!(bounded::<3>::cache_parameters().maxsize, Some(3));
    assert_eq!(named(3), 3);
}

struct Word(String);

#[memoize]
impl From<&str> for Word {
    #[memoize(cache_if = |_| false)]
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Clone for Word {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Client<'c>(&'c str);

trait Fetch {
    type Page;
    fn fetch(&self, path: &str) -> Self::Page;
}

#[memoize]
impl Fetch for Client<'_> {
    type Page = usize;

    #[memoize(skip(self))]
    fn fetch(&self, path: &str) -> Self::Page {
        self.0.len() + path.len()
    }
}

struct Boxed<T: Clone>(T);

trait Wrap<T> {
    fn wrap(&self) -> T;
}

#[memoize]
impl Wrap<Boxed<Self>> for Word {
    #[memoize(key = self.0.clone(), cache_if = |_| true)]
    fn wrap(&self) -> Boxed<Self> {
        Boxed(self.clone())
    }
}

impl<T: Clone> Clone for Boxed<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[derive(Debug, Clone, PartialEq)]
struct UrlPath(u32);

#[memoize]
impl Make for UrlPath {
    #[memoize]
    fn make(n: u32) -> Option<Self> {
        Some(Self(n))
    }
}

#[test]
fn traits_whose_heads_leave_lifetimes_out() {
    assert_eq!((Word::from("a").0, Word::from("a").0), ("a".to_owned(), "a".to_owned()));
    let text = String::from("abc");
    assert_eq!((Client(&text).fetch("a"), Client("abcd").fetch("a")), (4, 4));
    let word: Boxed<Word> = Word::from("b").wrap();
    assert_eq!(word.0.0, "b");
    assert_eq!((UrlPath::make(1), UrlPath::make(1)), (Some(UrlPath(1)), Some(UrlPath(1))));
}

struct Sized8<const N: usize>;

struct Plain;

#[memoize(maxsize = 7)]
impl Plain {
    fn array() -> Sized8<{ 1 + 1 }> {
        Sized8
    }

    #[memoize]
    fn answer(n: u32) -> u32 {
        n
    }
}

#[test]
fn braces_in_a_signature_do_not_end_a_function() {
    let Sized8 = Plain::array();
    assert_eq!(Plain::answer(1), 1);
    assert_eq!(Plain::answer_cache().parameters().maxsize, Some(7));
}
