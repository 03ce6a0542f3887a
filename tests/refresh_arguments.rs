//! A refresh in the background runs the body with the arguments of the call, made from the key.
#![allow(
    clippy::cast_possible_truncation,
    clippy::many_single_char_names,
    clippy::needless_pass_by_value,
    clippy::ref_option,
    reason = "arguments of every kind"
)]

mod common;

use memofn::memoize;
use memofn::testing::Clock;
use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Checks that a second run, in the background, sees what the first one saw. `$call` returns the number of the run and
/// what it has seen.
macro_rules! assert_refreshed {
    ($call:expr) => {
        let clock = Clock::stop();
        let (first, seen) = $call;
        assert_eq!($call, (first, seen.clone()), "a hit");
        clock.advance(MINUTE);
        assert_eq!($call, (first, seen.clone()), "the old value");
        assert_eq!($call, (first + 1, seen), "the value of the run in the background");
    };
}

/// A function of these arguments, which is refreshed in the background.
macro_rules! refreshed {
    ($($test:ident($($arg:ident: $type:ty = $value:expr),*);)*) => {$(
        #[test]
        #[allow(clippy::too_many_arguments, clippy::type_complexity)]
        fn $test() {
            static RUNS: AtomicU32 = AtomicU32::new(0);

            #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
            fn f($($arg: $type),*) -> (u32, Vec<String>) {
                (RUNS.fetch_add(1, SeqCst), vec![$(format!("{:?}", $arg)),*])
            }

            assert_refreshed!(f($($value),*));
            assert_eq!(f::cache_info().refreshes, 1);
        }
    )*};
}

refreshed! {
    none();
    a_number(n: u64 = 7);
    a_text(text: &str = "Oslo");
    a_string(text: String = "Oslo".to_owned());
    a_reference_to_a_string(text: &String = &"Oslo".to_owned());
    a_reference_to_a_number(n: &u64 = &7);
    bytes(bytes: &[u8] = &[1, 2, 3]);
    a_reference_to_a_vector(numbers: &Vec<u8> = &vec![1, 2, 3]);
    a_vector(numbers: Vec<u32> = vec![1, 2, 3]);
    a_float(x: f64 = -0.5);
    a_zero_with_a_sign(x: f32 = -0.0);
    a_float_that_is_none(x: f64 = f64::NAN);
    a_reference_to_a_float(x: &f64 = &0.5);
    floats(all: &[f64] = &[0.5, f64::INFINITY]);
    a_vector_of_floats(all: Vec<f64> = vec![0.5, 1.5]);
    an_array_of_floats(all: [f32; 3] = [0.5, 1.5, 2.5]);
    a_reference_to_an_array(all: &[f32; 3] = &[0.5, 1.5, 2.5]);
    an_array_of_texts(all: [&str; 2] = ["a", "b"]);
    an_array_of_arrays(all: [[u8; 2]; 2] = [[1, 2], [3, 4]]);
    a_vector_of_texts(all: Vec<&str> = vec!["a", "b"]);
    an_optional_text(text: Option<&str> = Some("Oslo"));
    no_text(text: Option<&str> = None);
    an_optional_float(x: Option<f64> = Some(0.5));
    an_optional_string(text: Option<String> = Some("Oslo".to_owned()));
    a_reference_to_an_option(text: &Option<String> = &Some("Oslo".to_owned()));
    a_cow(text: Cow<'_, str> = Cow::Borrowed("Oslo"));
    a_cow_of_bytes(bytes: Cow<'_, [u8]> = Cow::Owned(vec![1, 2]));
    a_box(text: Box<str> = Box::from("Oslo"));
    a_box_of_a_number(n: Box<u64> = Box::new(7));
    a_box_of_a_float(x: Box<f64> = Box::new(0.5));
    an_arc_of_floats(all: Arc<[f64]> = Arc::from([0.5, 1.5]));
    a_cow_of_floats(all: Cow<'_, [f64]> = Cow::Borrowed(&[0.5, 1.5]));
    optional_floats(all: Option<&[f64]> = Some(&[0.5, 1.5]));
    an_arc_of_a_path(path: Arc<Path> = Arc::from(Path::new("/oslo")));
    an_arc(text: Arc<str> = Arc::from("Oslo"));
    an_arc_of_bytes(bytes: Arc<[u8]> = Arc::from([1, 2]));
    a_reference_to_an_arc(text: &Arc<str> = &Arc::from("Oslo"));
    a_path(path: &Path = Path::new("/oslo"));
    a_path_of_its_own(path: PathBuf = PathBuf::from("/oslo"));
    a_pair(pair: (u8, f64) = (1, 0.5));
    a_pair_with_a_text(pair: (&str, u8) = ("Oslo", 3));
    a_nested_tuple(all: (u8, (&str, Option<f32>), [u8; 2]) = (1, ("Oslo", Some(0.5)), [2, 3]));
    a_reference_to_a_tuple(pair: &(u8, String) = &(1, "Oslo".to_owned()));
    a_unit(unit: () = ());
    a_character(c: char = 'ø');
    a_result(result: Result<u8, String> = Err("down".to_owned()));
    a_function(f: fn(u8) -> u8 = u8::count_ones_of);
    a_duration(time: Duration = MINUTE);
    two(text: &str = "Oslo", x: f64 = 0.5);
    thirteen(
        a: u8 = 1, b: &str = "b", c: f64 = 0.5, d: Option<&str> = None, e: [u8; 2] = [1, 2], f: String = String::new(),
        g: &[u8] = &[7], h: u8 = 8, i: i8 = -9, j: Cow<'_, str> = "j".into(), k: Arc<str> = "k".into(), l: bool = true,
        m: (u8, f32) = (13, 0.5)
    );
}

trait CountOnes {
    fn count_ones_of(self) -> u8;
}

impl CountOnes for u8 {
    fn count_ones_of(self) -> u8 {
        self.count_ones() as u8
    }
}

#[test]
fn a_generic_function_refreshes_each_of_its_types() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
    fn shown<T: Debug + Clone + Eq + Hash + Send + Sync + 'static, const N: usize>(
        all: &[T],
        last: [T; N],
    ) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), format!("{all:?} {last:?}"))
    }

    {
        assert_refreshed!(shown(&["a", "b"], ["c"]));
    }
    assert_refreshed!(shown(&[1, 2], [3, 4]));
}

#[test]
fn an_argument_of_any_type_with_a_trait_is_cloned_from_the_key() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
    fn shown<P: AsRef<Path> + Clone + Eq + Hash + Send + Sync + 'static>(
        path: P,
    ) -> (u32, PathBuf) {
        (RUNS.fetch_add(1, SeqCst), path.as_ref().to_owned())
    }

    {
        assert_refreshed!(shown("/oslo"));
    }
    assert_refreshed!(shown(PathBuf::from("/oslo")));
}

#[test]
fn a_pattern_and_a_mutable_argument_are_made_anew() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
    fn f((a, b): (u8, u8), mut list: Vec<u8>) -> (u32, Vec<u8>) {
        list.extend([a, b]);
        (RUNS.fetch_add(1, SeqCst), list)
    }

    assert_refreshed!(f((1, 2), vec![0]));
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shop {
    name: String,
}

#[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
impl Shop {
    #[memoize]
    fn price(&self, article: &str, factor: f64) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), format!("{} {article} {factor}", self.name))
    }

    #[memoize]
    fn into_name(self) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), self.name)
    }

    #[memoize]
    fn shared(self: Arc<Self>) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), self.name.clone())
    }

    #[memoize]
    fn rate(currency: &str) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), currency.to_owned())
    }
}

trait Priced {
    fn price_of(&self, article: &str) -> (u32, String);
    fn rate_of(currency: &str) -> (u32, String);
}

#[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
impl Priced for Shop {
    #[memoize]
    fn price_of(&self, article: &str) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), format!("{} {article}", self.name))
    }

    #[memoize]
    fn rate_of(currency: &str) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), currency.to_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shelf<T>(Vec<T>);

impl<T: Debug + Clone + Eq + Hash + Send + Sync + 'static> Shelf<T> {
    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
    fn shown(&self, first: &T) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), format!("{first:?} {:?}", self.0))
    }
}

#[test]
fn methods_and_associated_functions_are_refreshed() {
    let shop = || Shop { name: "Corner".to_owned() };
    {
        assert_refreshed!(shop().price("milk", 0.5));
    }
    {
        assert_refreshed!(shop().into_name());
    }
    {
        assert_refreshed!(Arc::new(shop()).shared());
    }
    assert_refreshed!(Shop::rate("EUR"));
}

#[test]
fn methods_of_a_trait_are_refreshed() {
    let shop = Shop { name: "Corner".to_owned() };
    {
        assert_refreshed!(shop.price_of("milk"));
    }
    assert_refreshed!(Shop::rate_of("EUR"));
}

#[test]
fn methods_of_a_generic_type_are_refreshed() {
    {
        assert_refreshed!(Shelf(vec![1, 2]).shown(&0));
    }
    assert_refreshed!(Shelf(vec!["a"]).shown(&"b"));
}

struct Tariff<'n>(&'n str);

#[memoize(ttl = "10m", refresh_after = "1m", refresh_on = |run| run())]
impl Tariff<'_> {
    // `Self` borrows, and the run in the background does not.
    #[memoize]
    fn rate(currency: &str) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), currency.to_owned())
    }

    fn own(&self) -> (u32, String) {
        Self::rate(self.0)
    }
}

#[test]
fn associated_functions_of_a_type_that_borrows_are_refreshed() {
    let currency = "EUR".to_owned();
    assert_refreshed!(Tariff(&currency).own());
}

mod inner {
    use super::*;

    #[memoize(ttl = "10m", refresh_after = "1m", refresh_on = at_once)]
    pub(crate) fn rate(currency: &str) -> (u32, String) {
        (RUNS.fetch_add(1, SeqCst), currency.to_owned())
    }
}

fn at_once(run: impl FnOnce() + Send + 'static) {
    run();
}

#[test]
fn a_function_of_a_module_is_refreshed() {
    assert_refreshed!(inner::rate("EUR"));
}
