//! Arguments of every type that can be a key.

#![expect(
    clippy::boxed_local,
    clippy::redundant_allocation,
    reason = "owned arguments are one of the shapes"
)]

use crate::check::{called, memoized, ran, runs};
use memofn::{Cache, memoize};
use std::any::TypeId;
use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{CStr, OsStr};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, Wrapping};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Metres(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Dot,
    Circle(u32),
    Square { side: u32 },
}

impl Shape {
    fn area(self) -> u32 {
        match self {
            Self::Dot => 0,
            Self::Circle(radius) => 3 * radius * radius,
            Self::Square { side } => side * side,
        }
    }
}

/// Statics, so that each function has one address.
static COUNT_ZEROS: fn(u32) -> u32 = u32::count_zeros;
static TRIM: for<'a> fn(&'a str) -> &'a str = str::trim;

/// Something with an associated type.
trait Unit {
    type Number;
}

impl Unit for Metres {
    type Number = u32;
}

#[test]
fn from_no_argument_to_fourteen() {
    macro_rules! arities {
        ($($f:ident($($arg:ident)*);)*) => {$(
            #[memoize]
            #[allow(clippy::too_many_arguments, clippy::many_single_char_names, reason = "how many")]
            fn $f($($arg: u64),*) -> u64 {
                ran(0 $(+ $arg)*)
            }
            let [$($arg),*] = [$(u64::from(stringify!($arg).as_bytes()[0])),*];
            memoized!($f($($arg),*) => [0u64 $(, $arg)*].iter().sum::<u64>());
        )*};
    }
    arities! {
        one(a);
        two(a b);
        three(a b c);
        four(a b c d);
        five(a b c d e);
        six(a b c d e f);
        seven(a b c d e f g);
        eight(a b c d e f g h);
        nine(a b c d e f g h i);
        ten(a b c d e f g h i j);
        eleven(a b c d e f g h i j k);
        twelve(a b c d e f g h i j k l);
        thirteen(a b c d e f g h i j k l m);
        fourteen(a b c d e f g h i j k l m n);
    }
    #[memoize]
    fn none() -> u64 {
        ran(7)
    }
    memoized!(none() => 7);
    let _: &Cache<(), u64> = none::cache();
    let _: &Cache<u64, u64> = one::cache();
}

/// One memoized function for each type, with the calls that it caches.
macro_rules! of_each_type {
    ($($(#[$attr:meta])* $name:ident: $ty:ty, |$arg:ident| $body:expr, { $($given:expr => $result:expr),+ })*) => {$(
        #[test]
        fn $name() {
            $(#[$attr])*
            fn function($arg: $ty) -> u32 {
                ran($body)
            }
            $(called!(function($given), found by ($given) => $result);)+
        }
    )*};
}

/// The length of anything that has one.
fn length(len: usize) -> u32 {
    u32::try_from(len).expect("a short one")
}

of_each_type! {
    #[memoize] a_str: &str, |text| length(text.len()), { "Oslo" => 4, "" => 0 }
    #[memoize] a_static_str: &'static str, |text| length(text.len()), { "Oslo" => 4, "" => 0 }
    #[memoize] a_string: String, |text| length(text.len()), { "Oslo".to_owned() => 4 }
    #[memoize] #[expect(clippy::ptr_arg, reason = "the shape")]
    a_reference_to_a_string: &String, |text| length(text.len()), { &"Oslo".to_owned() => 4 }
    #[memoize] references_to_references: &&&str, |text| length(text.len()), { &&"Oslo" => 4 }
    #[memoize] a_boxed_str: Box<str>, |text| length(text.len()), { "Oslo".into() => 4 }
    #[memoize] a_box_of_a_str: Box<&str>, |text| length(text.len()), { Box::new("Oslo") => 4 }
    #[memoize] an_arc_str: Arc<str>, |text| length(text.len()), { "Oslo".into() => 4 }
    #[memoize] a_reference_to_an_arc: &Arc<str>, |text| length(text.len()), { &"Oslo".into() => 4 }
    #[memoize] a_cow: Cow<'_, str>, |text| length(text.len()), { "Oslo".into() => 4 }
    #[memoize] a_cow_of_a_slice: Cow<'_, [u8]>, |list| length(list.len()), { Cow::from(b"ab") => 2 }
    #[memoize] a_cow_of_floats: Cow<'_, [f64]>, |list| length(list.len()), { vec![0.5].into() => 1 }
    #[memoize] an_optional_str: Option<&str>, |text| text.map_or(9, |text| length(text.len())),
    { Some("ab") => 2, None => 9 }
    #[memoize] #[expect(clippy::option_option, reason = "the shape")]
    an_option_of_an_option: Option<Option<&str>>, |text| u32::from(text.is_some()),
    { Some(Some("ab")) => 1, Some(None) => 1, None => 0 }
    #[memoize] an_optional_slice: Option<&[u8]>, |list| list.map_or(9, |it| length(it.len())),
    { Some(b"ab") => 2, None => 9 }
    #[memoize] an_optional_path: ::std::option::Option<&Path>, |path| u32::from(path.is_some()),
    { Some(Path::new("a")) => 1, None => 0 }
    #[memoize] an_optional_reference: Option<&Metres>, |it| it.map_or(0, |Metres(n)| *n),
    { Some(&Metres(3)) => 3 }
    #[memoize] an_optional_box: Option<Box<str>>, |text| text.map_or(0, |it| length(it.len())),
    { Some("ab".into()) => 2, None => 0 }
    #[memoize] a_slice: &[u32], |list| list.iter().sum(), { &[1, 2] => 3, &[] => 0 }
    #[memoize] a_slice_of_strs: &[&str], |list| length(list.len()), { &["a", "b"] => 2, &["ab"] => 1 }
    #[memoize] a_slice_of_strings: &[String], |list| length(list.len()), { &["a".to_owned()] => 1 }
    #[memoize] a_slice_of_slices: &[&[u8]], |list| length(list.len()), { &[b"a", b"bc"] => 2 }
    #[memoize] a_slice_of_arrays: &[[u8; 2]], |list| length(list.len()), { &[[1, 2]] => 1 }
    #[memoize] a_static_slice: &'static [u8], |list| length(list.len()), { b"abc" => 3 }
    #[memoize] an_array_of_strs: [&str; 2], |list| length(list.concat().len()), { ["a", "bc"] => 3 }
    #[memoize] an_array: [u8; 64], |list| length(list.len()), { [1; 64] => 64, [2; 64] => 64 }
    #[memoize] an_empty_array: [u8; 0], |list| length(list.len()), { [] => 0 }
    #[memoize] a_reference_to_an_array: &[u8; 3], |list| u32::from(list[0]), { b"abc" => 97 }
    #[memoize] a_vec: Vec<u8>, |list| length(list.len()), { vec![1, 2] => 2 }
    #[memoize] a_vec_of_strs: Vec<&str>, |list| length(list.len()), { vec!["a", "b"] => 2 }
    #[memoize] a_boxed_slice: Box<[String]>, |list| length(list.len()), { Box::from([String::new()]) => 1 }
    #[memoize] a_path: &Path, |path| length(path.components().count()), { Path::new("a/b") => 2 }
    #[memoize] a_path_buf: PathBuf, |path| length(path.components().count()), { PathBuf::from("a/b") => 2 }
    #[memoize] an_os_str: &OsStr, |name| length(name.len()), { OsStr::new("ab") => 2 }
    #[memoize] a_c_str: &CStr, |name| length(name.count_bytes()), { c"abc" => 3 }
    #[memoize] a_char: char, |letter| u32::from(letter), { 'a' => 97, 'ø' => 0xf8 }
    #[memoize] a_bool: bool, |flag| u32::from(flag), { true => 1, false => 0 }
    #[memoize] an_i128: i128, |n| n.trailing_zeros(), { i128::MIN => 127, 1 => 0 }
    #[memoize] a_u128: u128, |n| n.count_ones(), { u128::MAX => 128 }
    #[memoize] an_isize: isize, |n| n.count_ones(), { 7 => 3, -1 => isize::BITS }
    #[memoize] a_reference_to_a_number: &u32, |n| *n, { &7 => 7, &8 => 8 }
    #[memoize] a_nonzero: NonZeroU32, |n| n.get(), { NonZeroU32::MIN => 1 }
    #[memoize] a_wrapping_number: Wrapping<u32>, |n| (n + Wrapping(1)).0, { Wrapping(u32::MAX) => 0 }
    #[memoize] a_reversed_number: Reverse<u32>, |n| n.0, { Reverse(1) => 1 }
    #[memoize] an_ordering: Ordering, |order| u32::from(order.is_lt()), { Ordering::Less => 1 }
    #[memoize] a_range: Range<u32>, |range| range.sum(), { 1..4 => 6, 1..3 => 3 }
    #[memoize] a_duration: Duration, |time| time.subsec_millis(), { Duration::from_millis(1250) => 250 }
    #[memoize] a_time: SystemTime, |time| u32::from(time == SystemTime::UNIX_EPOCH), { SystemTime::UNIX_EPOCH => 1 }
    #[memoize] an_ip_address: IpAddr, |ip| u32::from(ip.is_loopback()), { Ipv4Addr::LOCALHOST.into() => 1 }
    #[memoize] a_socket_address: &SocketAddr, |it| it.port().into(), { &([127, 0, 0, 1], 80).into() => 80 }
    #[memoize] a_type_id: TypeId, |id| u32::from(id == TypeId::of::<u8>()), { TypeId::of::<u8>() => 1 }
    #[memoize] a_phantom: PhantomData<u8>, |it| length(size_of_val(&it)), { PhantomData => 0 }
    #[memoize] #[expect(clippy::match_single_binding, reason = "the shape")]
    a_unit: (), |unit| match unit { () => 1 }, { () => 1 }
    #[memoize] a_newtype: Metres, |it| it.0, { Metres(3) => 3, Metres(4) => 4 }
    #[memoize] a_reference_to_a_newtype: &Metres, |it| it.0, { &Metres(3) => 3 }
    #[memoize] an_enum: Shape, |shape| shape.area(),
    { Shape::Dot => 0, Shape::Circle(1) => 3, Shape::Square { side: 1 } => 1 }
    #[memoize] a_result: Result<u32, String>, |it| it.unwrap_or(0), { Ok(1) => 1, Err("1".to_owned()) => 0 }
    #[memoize] an_associated_type: <Metres as Unit>::Number, |n| n + 1, { 1 => 2 }
    #[memoize] an_owned_slice: <[u8] as ToOwned>::Owned, |list| length(list.len()), { vec![1] => 1 }
    #[memoize] a_map: &BTreeMap<String, Vec<u8>>, |map| length(map.len()),
    { &BTreeMap::from([("a".to_owned(), vec![1])]) => 1, &BTreeMap::new() => 0 }
    #[memoize] a_set: BTreeSet<u32>, |set| set.into_iter().sum(), { BTreeSet::from([1, 2]) => 3 }
    #[memoize] a_queue: &VecDeque<u8>, |queue| length(queue.len()), { &VecDeque::from([1]) => 1 }
    #[memoize] a_function: fn(u32) -> u32, |f| f(1), { COUNT_ZEROS => 31 }
    #[memoize] a_function_of_references: for<'a> fn(&'a str) -> &'a str, |f| length(f(" a ").len()),
    { TRIM => 1 }
    #[memoize] a_float: f64, |x| u32::from(x.is_nan()), { 0.5 => 0, f64::NAN => 1, -0.0 => 0, 0.0 => 0 }
    #[memoize] a_small_float: f32, |x| x.to_bits(), { 1.0 => 0x3f80_0000 }
    #[memoize] a_reference_to_a_float: &f64, |x| u32::from(*x > 0.0), { &0.5 => 1 }
    #[memoize] an_optional_pair_of_floats: Option<(f64, f32)>, |it| u32::from(it.is_some()),
    { Some((0.5, 0.25)) => 1, None => 0 }
    #[memoize] floats: &[f64], |list| length(list.len()), { &[0.5, f64::NAN] => 2 }
    #[memoize] a_matrix: [[f64; 2]; 2], |rows| length(rows.len()), { [[0.0, 1.0], [2.0, 3.0]] => 2 }
    #[memoize] a_ragged_matrix: Vec<Vec<f64>>, |rows| length(rows.len()), { vec![vec![0.5], vec![]] => 2 }
    #[memoize] shared_floats: Arc<[f64]>, |list| length(list.len()), { Arc::from([0.5]) => 1 }
    #[memoize] a_boxed_float: Box<f64>, |x| u32::from(*x > 0.0), { Box::new(0.5) => 1 }
    #[memoize] named_floats: &[(String, f64)], |list| length(list.len()), { &[("a".to_owned(), 0.5)] => 1 }
    #[memoize] nested_tuples: (u8, (i16, (char, bool))), |it| it.0.into(), { (1, (2, ('a', true))) => 1 }
    #[memoize] a_tuple_of_borrows: (&str, &[u8], Option<&str>), |it| length(it.0.len() + it.1.len()),
    { ("a", b"bc", None) => 3, ("ab", b"c", None) => 3, ("ab", b"c", Some("")) => 3 }
    #[memoize] a_reference_to_a_tuple: &(u8, String), |it| it.0.into(), { &(1, String::new()) => 1 }
    #[memoize] a_tuple_of_one: (f64,), |it| u32::from(it.0 > 0.0), { (0.5,) => 1 }
    #[memoize(scope = "thread")] an_rc: Rc<str>, |text| length(text.len()), { "ab".into() => 2 }
    #[memoize(scope = "thread")] a_pointer: *const u8, |it| u32::from(it.is_null()), { std::ptr::null() => 1 }
}

#[test]
fn two_arguments_of_kinds_that_are_looked_up_differently() {
    #[memoize]
    fn described(x: f64, name: &str, tags: &[&str], at: Option<(f32, &Path)>) -> String {
        ran(format!("{x} {name} {tags:?} {at:?}"))
    }

    let home = Some((0.5, Path::new("home")));
    memoized!(described(1.5, "a", &["b"], home) => r#"1.5 a ["b"] Some((0.5, "home"))"#.to_owned());
    memoized!(described(1.5, "a", &["b"], None) => r#"1.5 a ["b"] None"#.to_owned());
    assert_eq!(described::cache_info().currsize, 2);
}
