//! Methods with the attribute on the method: every receiver, every kind of type.

#![expect(clippy::needless_arbitrary_self_type, reason = "the shape")]

use crate::check::{method, ran, runs};
use memofn::scope::Thread;
use memofn::{Cache, memoize};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Tile {
    side: u32,
}

/// Neither `Clone` nor `Hash`.
#[derive(Debug)]
struct Robot {
    id: u32,
    steps: u32,
}

impl Tile {
    const MOST: usize = 5;

    #[memoize]
    fn by_value(self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn by_reference(&self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn changed(mut self, by: u32) -> Self {
        self.side += by;
        ran(self)
    }
    #[memoize]
    fn typed(self: &Self, by: u32) -> u32 {
        ran(self.side * by)
    }
    #[memoize]
    fn typed_value(self: Tile) -> u32 {
        ran(self.side)
    }
    #[memoize]
    #[expect(clippy::boxed_local, reason = "the shape")]
    fn boxed(self: Box<Self>) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn boxed_and_changed(mut self: Box<Self>) -> Box<Self> {
        self.side += 1;
        ran(self)
    }
    #[memoize]
    fn counted(self: Arc<Self>) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn counted_by_reference(self: &Arc<Self>) -> u32 {
        ran(self.side)
    }
    #[memoize(scope = "thread")]
    fn counted_here(self: Rc<Self>) -> u32 {
        ran(self.side)
    }
    #[memoize(key = self.side)]
    fn pinned(self: Pin<&Self>) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn alive<'a>(&'a self, name: &'a str, by: &'a Self) -> String {
        ran(format!("{name} {}", self.side * by.side))
    }
    #[memoize(maxsize = Self::MOST, ttl = "1h", name = "tiles")]
    fn limited(&self) -> u32 {
        ran(self.side)
    }
    #[memoize(ttl = Duration::from_secs(Self::MOST as u64), single_flight = false, maxsize = unbounded)]
    fn expiring(&self) -> u32 {
        ran(self.side)
    }
    #[memoize(controls = surface)]
    fn area(&self) -> u32 {
        ran(self.side * self.side)
    }
    #[memoize(cache_if = |area| *area > 0)]
    fn positive(&self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn halved(&self) -> Result<Self, String> {
        ran(if self.side % 2 == 0 { Ok(Self { side: self.side / 2 }) } else { Err("odd".into()) })
    }
    #[memoize]
    fn smaller(&self) -> Option<Self> {
        ran(self.side.checked_sub(1).map(|side| Self { side }))
    }
    #[memoize]
    fn taken_apart(&self, (a, _): (u32, u32), [b, ..]: [u32; 2], mut c: u32) -> u32 {
        c += a + b;
        ran(self.side + c)
    }
    #[memoize]
    fn r#type(&self, r#in: u32) -> u32 {
        ran(self.side + r#in)
    }
    #[memoize]
    fn several(&self, name: &str, scale: f64, tags: &[&str]) -> String {
        ran(format!("{} {name} {scale} {tags:?}", self.side))
    }
    /// A method of the same name on another type.
    #[memoize]
    fn name(&self) -> &'static str {
        ran("tile")
    }
    /// # Safety
    ///
    /// There is nothing to mind.
    #[memoize]
    unsafe fn risky(&self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    extern "C" fn foreign(&self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    #[must_use]
    #[inline]
    pub(crate) fn seen(&self) -> u32 {
        ran(self.side)
    }
    #[memoize]
    fn sum(&self, n: u32) -> u32 {
        ran(if n == 0 { 0 } else { self.side + self.sum(n - 1) })
    }
}

#[test]
fn every_receiver_is_looked_up() {
    let tile = || Tile { side: 3 };
    method!(Tile::by_value_cache(), tile(), by_value by_value_uncached() => 3);
    method!(Tile::by_reference_cache(), tile(), by_reference by_reference_uncached() => 3);
    method!(Tile::changed_cache(), tile(), changed changed_uncached(1) => Tile { side: 4 });
    method!(Tile::typed_cache(), tile(), typed typed_uncached(2) => 6);
    method!(Tile::typed_value_cache(), tile(), typed_value typed_value_uncached() => 3);
    method!(Tile::boxed_cache(), Box::new(tile()), boxed boxed_uncached() => 3);
    method!(Tile::boxed_and_changed_cache(), Box::new(tile()),
        boxed_and_changed boxed_and_changed_uncached() => Box::new(Tile { side: 4 }));
    method!(Tile::counted_cache(), Arc::new(tile()), counted counted_uncached() => 3);
    method!(Tile::counted_by_reference_cache(), Arc::new(tile()),
        counted_by_reference counted_by_reference_uncached() => 3);
    method!(Tile::counted_here_cache(), Rc::new(tile()), counted_here counted_here_uncached() => 3);
    method!(Tile::pinned_cache(), Pin::new(&tile()), pinned pinned_uncached() => 3);

    let _: &Cache<Tile, u32> = Tile::by_reference_cache();
    let _: &Cache<(Tile, u32), Tile> = Tile::changed_cache();
    let _: &Cache<Arc<Tile>, u32> = Tile::counted_by_reference_cache();
    let _: Cache<Rc<Tile>, u32, Thread> = Tile::counted_here_cache();
    assert_eq!(Tile::by_value_cache().remove(&tile()), Some(3));
    Tile::by_value_cache().insert(tile(), 30);
    runs!(0, tile().by_value() => 30);
}

#[test]
fn arguments_and_results_are_as_those_of_functions() {
    let tile = Tile { side: 3 };
    method!(Tile::alive_cache(), tile, alive alive_uncached("a", &tile) => "a 9".to_owned());
    method!(Tile::smaller_cache(), tile, smaller smaller_uncached() => Some(Tile { side: 2 }));
    method!(Tile::smaller_cache(), Tile::default(), smaller smaller_uncached() => None);
    method!(Tile::halved_cache(), Tile { side: 2 }, halved halved_uncached() => Ok(Tile { side: 1 }));
    runs!(1, tile.halved() => Err::<(), _>("odd"));
    runs!(1, tile.halved() => Err::<(), _>("odd"));
    method!(Tile::taken_apart_cache(), tile, taken_apart taken_apart_uncached((1, 2), [3, 4], 5) => 12);
    method!(Tile::type_cache(), tile, r#type type_uncached(1) => 4);
    method!(Tile::several_cache(), tile, several several_uncached("a", 0.5, &["b"])
        => "3 a 0.5 [\"b\"]".to_owned());
    method!(Tile::name_cache(), tile, name name_uncached() => "tile");
    method!(Robot::name_cache(), Robot { id: 1, steps: 2 }, name name_uncached() => "robot".to_owned());
    method!(Tile::foreign_cache(), tile, foreign foreign_uncached() => 3);
    method!(Tile::seen_cache(), tile, seen seen_uncached() => 3);
    // SAFETY: there is nothing to mind.
    unsafe { method!(Tile::risky_cache(), tile, risky risky_uncached() => 3) };
    runs!(4, tile.sum(3) => 9);
    runs!(1, tile.sum(4) => 12);
}

#[test]
fn options_are_as_those_of_functions() {
    let tile = Tile { side: 3 };
    method!(Tile::limited_cache(), tile, limited limited_uncached() => 3);
    let parameters = Tile::limited_cache().parameters();
    assert_eq!((&*parameters.name, parameters.maxsize), ("tiles", Some(5)));
    assert_eq!(parameters.ttl, Some(Duration::from_secs(3600)));
    method!(Tile::expiring_cache(), tile, expiring expiring_uncached() => 3);
    let parameters = Tile::expiring_cache().parameters();
    assert_eq!((parameters.maxsize, parameters.single_flight), (None, false));
    assert_eq!(parameters.ttl, Some(Duration::from_secs(5)));
    method!(Tile::surface_cache(), tile, area surface_uncached() => 9);
    method!(Tile::positive_cache(), tile, positive positive_uncached() => 3);
    runs!(1, Tile::default().positive() => 0);
    runs!(1, Tile::default().positive() => 0);
    let names: Vec<_> = memofn::caches().map(|cache| cache.name().to_owned()).collect();
    assert!(names.iter().any(|name| name == "tiles"));
    assert!(names.iter().any(|name| name.ends_with("Tile::area")), "{names:?}");
}

impl Robot {
    #[memoize(skip(self))]
    fn step(&mut self, by: u32) -> u32 {
        self.steps += by;
        ran(by)
    }
    #[memoize(key = self.id)]
    fn told(&self, _log: &mut Vec<u32>) -> u32 {
        ran(self.steps)
    }
    #[memoize(key = (self.id, text.len()))]
    fn lettered(&mut self, text: &str) -> Result<u32, std::io::Error> {
        self.steps += 1;
        ran(if text.is_empty() { Err(std::io::ErrorKind::Other.into()) } else { Ok(self.steps) })
    }
    #[memoize(skip(self, log))]
    fn alone(self, log: &mut Vec<u32>) -> u32 {
        log.push(self.id);
        ran(7)
    }
    #[memoize(key = format!("{:?}", self))]
    fn name(&self) -> String {
        ran("robot".to_owned())
    }
    #[memoize(skip(self))]
    fn made<T: Default + Clone + Send + Sync + 'static, const N: usize>(&self) -> (T, usize) {
        ran((T::default(), N))
    }
    #[memoize(skip(self, f))]
    fn applied<F: Fn(u32) -> u32>(&self, n: u32, f: F) -> u32 {
        ran(f(n))
    }
    #[memoize(skip(self), scope = "thread", maxsize = 1)]
    fn kept(&self, text: Rc<str>) -> Rc<str> {
        ran(text)
    }
}

#[test]
fn a_receiver_that_does_not_count_may_be_anything() {
    let mut robot = Robot { id: 1, steps: 0 };
    runs!(1, robot.step(2) => 2);
    runs!(0, robot.step(2) => 2);
    runs!(1, robot.step_uncached(2) => 2);
    assert_eq!((robot.steps, Robot::step_cache().peek(&2)), (4, Some(2)));
    method!(Robot::told_cache(), robot, told told_uncached(&mut Vec::new()) => 4);
    runs!(1, robot.lettered("ab").ok() => Some(5));
    runs!(0, Robot { id: 1, steps: 9 }.lettered("cd").ok() => Some(5));
    runs!(1, Robot { id: 2, steps: 9 }.lettered("cd").ok() => Some(10));
    let robot = || Robot { id: 1, steps: 0 };
    method!(Robot::alone_cache(), robot(), alone alone_uncached(&mut Vec::new()) => 7);
    method!(Robot::applied_cache(), robot(), applied applied_uncached(1, |n| n + 1) => 2);
    runs!(1, robot().made::<u8, 3>() => (0, 3));
    runs!(0, robot().made::<u8, 3>() => (0, 3));
    runs!(1, robot().made::<u8, 4>() => (0, 4));
    runs!(1, robot().made::<String, 3>() => ("", 3));
    assert_eq!(Robot::made_cache::<u8, 3>().info().hits, 1);
    method!(Robot::kept_cache(), robot(), kept kept_uncached("a".into()) => Rc::<str>::from("a"));
}
