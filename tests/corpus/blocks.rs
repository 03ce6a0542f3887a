//! Impl blocks and traits with the attribute on the whole block: associated functions, trait impls, defaults.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "points stand for something larger")]

use crate::check::{ran, remembered, runs};
use memofn::{Cache, memoize};
use std::fmt::Debug;
use std::hash::Hash;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Point {
    x: u32,
}

/// `function!(cache, call, original => result)`.
macro_rules! function {
    ($cache:expr, $call:expr, $uncached:expr => $result:expr) => {
        remembered(&$cache, &mut || $call, &mut || $uncached, &$result)
    };
}

#[memoize(maxsize = 10, ttl = "1h", name = "points")]
impl Point {
    /// Not a function.
    const ORIGIN: Self = Self { x: 0 };

    #[memoize]
    fn at(x: u32) -> Self {
        ran(Self { x })
    }
    #[memoize(maxsize = unbounded, name = "parse")]
    fn parsed(text: &str) -> Result<Self, ParseIntError> {
        ran(text.parse().map(|x| Self { x }))
    }
    #[memoize(key = (first.x, second.x), cache_if = Option::is_some)]
    fn between(first: &Self, second: &Self) -> Option<Self> {
        ran((first.x != second.x).then_some(Self { x: first.x.midpoint(second.x) }))
    }
    #[memoize]
    fn origin() -> Self {
        ran(Self::ORIGIN)
    }
    #[memoize]
    fn moved(&self, by: u32) -> Self {
        ran(Self { x: self.x + by })
    }
    #[memoize(controls = tally)]
    fn counted<T: Clone + Eq + Hash + Send + Sync + 'static, const N: usize>(
        _items: [T; N],
    ) -> usize {
        ran(N)
    }
    #[memoize]
    fn named(name: &str) -> String {
        ran(Self::unmarked(name))
    }
    #[memoize]
    #[must_use]
    pub(crate) fn seen(#[cfg(test)] n: u32, #[cfg(not(test))] gone: Missing) -> u32 {
        ran(n)
    }
    /// # Safety
    ///
    /// There is nothing to mind.
    #[memoize]
    unsafe fn risky(n: u32) -> u32 {
        ran(n)
    }
    #[memofn::memoize]
    fn by_path(n: u32) -> u32 {
        ran(n)
    }
    fn unmarked(name: &str) -> String {
        name.to_uppercase()
    }
}

#[test]
fn an_associated_function_is_remembered() {
    let point = |x| Point { x };
    function!(Point::at_cache(), Point::at(1), Point::at_uncached(1) => point(1));
    function!(Point::parsed_cache(), Point::parsed("7"), Point::parsed_uncached("7") => Ok(point(7)));
    runs!(1, Point::parsed("x").is_err() => true);
    runs!(1, Point::parsed("x").is_err() => true);
    function!(Point::between_cache(), Point::between(&point(2), &point(4)),
        Point::between_uncached(&point(2), &point(4)) => Some(point(3)));
    runs!(1, Point::between(&point(2), &point(2)) => None::<()>);
    runs!(1, Point::between(&point(2), &point(2)) => None::<()>);
    function!(Point::origin_cache(), Point::origin(), Point::origin_uncached() => point(0));
    function!(Point::moved_cache(), point(1).moved(2), point(1).moved_uncached(2) => point(3));
    function!(Point::tally_cache::<u8, 2>(), Point::counted([1_u8, 2]), Point::tally_uncached([1_u8, 2]) => 2);
    function!(Point::named_cache(), Point::named("a"), Point::named_uncached("a") => "A".to_owned());
    function!(Point::seen_cache(), Point::seen(1), Point::seen_uncached(1) => 1);
    function!(Point::by_path_cache(), Point::by_path(1), Point::by_path_uncached(1) => 1);
    // SAFETY: there is nothing to mind.
    unsafe { function!(Point::risky_cache(), Point::risky(1), Point::risky_uncached(1) => 1) };
    let _: &Cache<u32, Point> = Point::at_cache();
    let _: &Cache<String, Point> = Point::parsed_cache();
}

#[test]
fn a_block_says_what_its_functions_do_not() {
    let hour = Some(Duration::from_secs(3600));
    let (at, parsed) = (Point::at_cache().parameters(), Point::parsed_cache().parameters());
    assert_eq!((&*at.name, at.maxsize, at.ttl), ("points::at", Some(10), hour));
    assert_eq!((&*parsed.name, parsed.maxsize, parsed.ttl), ("parse", None, hour));
}

/// Items of every kind.
trait Source {
    type Item;
    type Failure;
    const FIRST: u32;

    fn item(&self, n: u32) -> Self::Item;
    fn fallible(&self, n: u32) -> Result<Self::Item, Self::Failure>;
    fn made(n: u32) -> Self;
    fn provided(&self) -> u32 {
        Self::FIRST
    }
    fn generic<T: Clone + Eq + Hash + Send + Sync + 'static>(&self, item: T) -> (u32, T);
}

#[memoize(maxsize = 10)]
impl Source for Point {
    type Item = Option<Self>;
    type Failure = String;
    const FIRST: u32 = 7;

    #[memoize]
    fn item(&self, n: u32) -> Self::Item {
        ran(self.x.checked_sub(n).map(|x| Self { x }))
    }
    #[memoize]
    fn fallible(&self, n: u32) -> Result<Self::Item, Self::Failure> {
        ran(if n == 0 { Err("zero".to_owned()) } else { Ok(Some(Self { x: n })) })
    }
    #[memoize]
    fn made(n: u32) -> Self {
        ran(Self { x: n + Self::FIRST })
    }
    #[memoize(key = self.x)]
    fn provided(&self) -> u32 {
        ran(<Self as Source>::FIRST + 1)
    }
    #[memoize]
    fn generic<T: Clone + Eq + Hash + Send + Sync + 'static>(&self, item: T) -> (u32, T) {
        ran((self.x, item))
    }
}

#[test]
fn a_method_of_a_trait_is_remembered() {
    let point = Point { x: 5 };
    function!(Point::item_cache(), point.item(2), point.item_uncached(2) => Some(Point { x: 3 }));
    function!(Point::fallible_cache(), point.fallible(1), point.fallible_uncached(1) => Ok(Some(Point { x: 1 })));
    runs!(1, point.fallible(0) => Err::<(), _>("zero"));
    runs!(1, point.fallible(0) => Err::<(), _>("zero"));
    function!(Point::made_cache(), Point::made(1), Point::made_uncached(1) => Point { x: 8 });
    function!(Point::provided_cache(), point.provided(), point.provided_uncached() => 8);
    function!(Point::generic_cache::<char>(), point.generic('a'), point.generic_uncached('a') => (5, 'a'));
    function!(Point::generic_cache::<u8>(), point.generic(1_u8), point.generic_uncached(1_u8) => (5, 1));
    assert_eq!(Point::item_cache().parameters().maxsize, Some(10));
    assert!(memofn::caches().any(|cache| cache.name().ends_with("Point as Source>::item")));
}

trait Measure {
    fn measure(&self) -> usize;
    fn scaled(&self, by: usize) -> usize;
}

#[memoize]
impl Measure for str {
    #[memoize(key = self.to_owned())]
    fn measure(&self) -> usize {
        ran(self.len())
    }
    #[memoize(key = (self.len(), by))]
    fn scaled(&self, by: usize) -> usize {
        ran(self.len() * by)
    }
}

#[memoize]
impl Measure for u32 {
    #[memoize]
    fn measure(&self) -> usize {
        ran(self.count_ones() as usize)
    }
    fn scaled(&self, by: usize) -> usize {
        by
    }
}

#[memoize(controls = pub(crate) MeasuredVec)]
impl<T> Measure for Vec<T>
where
    T: Clone + Eq + Hash + Send + Sync + 'static,
{
    #[memoize]
    fn measure(&self) -> usize {
        ran(self.len())
    }
    #[memoize(skip(self))]
    fn scaled(&self, by: usize) -> usize {
        ran(self.len() * by)
    }
}

#[memoize]
impl<T: Clone + Eq + Hash + Send + Sync + 'static, const N: usize> Measure for [T; N] {
    #[memoize]
    fn measure(&self) -> usize {
        ran(N)
    }
    #[memoize(skip(self))]
    fn scaled(&self, by: usize) -> usize {
        ran(N * by)
    }
}

#[memoize]
impl Measure for (u32, &'static str) {
    #[memoize]
    fn measure(&self) -> usize {
        ran(self.1.len())
    }
    #[memoize]
    fn scaled(&self, by: usize) -> usize {
        ran(by)
    }
}

#[test]
fn a_trait_is_remembered_for_types_from_elsewhere() {
    let list = vec![1_u8, 2];
    function!(str::measure_cache(), "abc".measure(), "abc".measure_uncached() => 3);
    function!(str::scaled_cache(), "abc".scaled(2), "abc".scaled_uncached(2) => 6);
    function!(u32::measure_cache(), 7_u32.measure(), 7_u32.measure_uncached() => 3);
    function!(Vec::<u8>::measure_cache(), list.measure(), MeasuredVec::measure_uncached(&list) => 2);
    function!(Vec::<u8>::scaled_cache(), list.scaled(2), list.scaled_uncached(2) => 4);
    runs!(1, vec!["a"].scaled(2) => 2);
    function!(<[u8; 2]>::measure_cache(), [1_u8, 2].measure(), [1_u8, 2].measure_uncached() => 2);
    function!(<[u8; 3]>::measure_cache(), [1_u8; 3].measure(), [1_u8; 3].measure_uncached() => 3);
    function!(<[u8; 3]>::scaled_cache(), [1_u8; 3].scaled(2), [1_u8; 3].scaled_uncached(2) => 6);
    let pair = (1, "ab");
    function!(<(u32, &'static str)>::measure_cache(), pair.measure(), pair.measure_uncached() => 2);
    function!(<(u32, &'static str)>::scaled_cache(), pair.scaled(3), pair.scaled_uncached(3) => 3);
}

trait Convert<T>: Sized {
    fn convert(&self) -> T;
    fn all(items: &[Self]) -> Vec<T>;
}

#[memoize]
impl Convert<String> for Point {
    #[memoize]
    fn convert(&self) -> String {
        ran(self.x.to_string())
    }
    #[memoize]
    fn all(items: &[Self]) -> Vec<String> {
        ran(items.iter().map(|item| item.x.to_string()).collect())
    }
}

#[memoize]
impl Convert<u64> for Point {
    #[memoize]
    fn convert(&self) -> u64 {
        ran(self.x.into())
    }
    #[memoize]
    fn all(items: &[Self]) -> Vec<u64> {
        ran(items.iter().map(|item| item.x.into()).collect())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wrapper<T>(T);

#[memoize]
impl<T> Convert<Option<u64>> for Wrapper<T>
where
    T: Clone + Eq + Hash + Send + Sync + 'static + Into<u64>,
{
    #[memoize]
    fn convert(&self) -> Option<u64> {
        ran(Some(self.0.clone().into()))
    }
    #[memoize]
    fn all(items: &[Self]) -> Vec<Option<u64>> {
        ran(items.iter().map(|item| Some(item.0.clone().into())).collect())
    }
}

#[memoize]
impl FromStr for Wrapper<u32> {
    type Err = ParseIntError;

    #[memoize]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ran(text.parse().map(Self))
    }
}

#[memoize]
impl From<u32> for Wrapper<String> {
    #[memoize]
    fn from(n: u32) -> Self {
        ran(Self(n.to_string()))
    }
}

#[test]
fn a_generic_trait_is_remembered_for_each_of_its_arguments() {
    type ToText = dyn Fn(&Point) -> String;
    let (point, wrapper) = (Point { x: 1 }, Wrapper(1_u8));
    let text: &ToText = &Convert::convert;
    runs!(1, text(&point) => "1");
    runs!(0, text(&point) => "1");
    runs!(1, <Point as Convert<u64>>::convert(&point) => 1);
    runs!(0, <Point as Convert<u64>>::convert(&point) => 1);
    runs!(1, <Point as Convert<String>>::all(&[point]) => ["1"]);
    runs!(0, <Point as Convert<String>>::all(&[point]) => ["1"]);
    runs!(1, <Point as Convert<u64>>::all(&[point]) => [1]);
    assert_eq!(<Point as PointConvertStringControls>::convert_cache().info().hits, 1);
    assert_eq!(<Point as PointConvertU64Controls>::convert_cache().info().misses, 1);
    runs!(1, wrapper.convert() => Some(1));
    runs!(0, wrapper.convert() => Some(1));
    runs!(1, Wrapper(1_u32).convert() => Some(1));
    runs!(1, Wrapper::all(&[wrapper]) => [Some(1)]);
    assert_eq!(Wrapper::<u8>::convert_cache().info().hits, 1);
}

#[test]
fn a_trait_of_the_standard_library_is_remembered() {
    function!(Wrapper::<u32>::from_str_cache(), "7".parse::<Wrapper<u32>>(),
        Wrapper::<u32>::from_str_uncached("7") => Ok(Wrapper(7)));
    runs!(1, "x".parse::<Wrapper<u32>>().is_err() => true);
    runs!(1, "x".parse::<Wrapper<u32>>().is_err() => true);
    function!(Wrapper::<String>::from_cache(), Wrapper::from(7), Wrapper::<String>::from_uncached(7)
        => Wrapper("7".to_owned()));
}
