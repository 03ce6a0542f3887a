//! Values that were written by one build of a program, and are read by another whose types have changed.

use super::shape_of;
use crate::tier::codec::{Codec, Postcard};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What the new type makes of a value of the old one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    /// The codec alone finds out that something is wrong.
    Refused,
    /// The codec reads a value, and its shape is another one.
    Misread,
    /// The value answers.
    Answers,
}

fn read<Old, New>(old: &Old) -> Read
where
    Postcard: Codec<Old> + Codec<New>,
{
    let bytes = Postcard.encode(old).unwrap();
    let new: Option<New> = Postcard.decode(&bytes);
    match new {
        None => Read::Refused,
        Some(new) if Postcard.shape(&new) == Postcard.shape(old) => Read::Answers,
        Some(_) => Read::Misread,
    }
}

/// Types in two builds. Each has a type `T`, and perhaps others beside it.
macro_rules! drifts {
    ($($what:literal: {$($old:item)*} $value:expr => {$($new:item)*})*) => {
        &[$(($what, || {
            mod old {
                #[allow(unused_imports)]
                use super::*;
                $(#[derive(Serialize, Deserialize)] $old)*
                pub(super) fn value() -> T {
                    $value
                }
            }
            mod new {
                #[allow(unused_imports)]
                use super::*;
                $(#[derive(Serialize, Deserialize)] $new)*
            }
            read::<old::T, new::T>(&old::value())
        })),*]
    };
}

type Drift = (&'static str, fn() -> Read);

const OF_STRUCTS: &[Drift] = drifts! {
    "fields of one type change places":
        { pub struct T { net: u32, gross: u32 } } T { net: 1, gross: 2 }
        => { pub struct T { gross: u32, net: u32 } }
    "fields of other types change places":
        { pub struct T { id: u32, count: u64 } } T { id: 1, count: 2 }
        => { pub struct T { count: u64, id: u32 } }
    "a field gets another name":
        { pub struct T { net: u32 } } T { net: 1 }
        => { pub struct T { gross: u32 } }
    "a field gets another name by an attribute":
        { pub struct T { net: u32 } } T { net: 1 }
        => { pub struct T { #[serde(rename = "gross")] net: u32 } }
    "all fields get other names by an attribute":
        { pub struct T { net_price: u32 } } T { net_price: 1 }
        => { #[serde(rename_all = "camelCase")] pub struct T { net_price: u32 } }
    "two fields exchange their names":
        { pub struct T { a: String, b: String } } T { a: "a".into(), b: "b".into() }
        => { pub struct T { b: String, a: String } }
    "the last field goes":
        { pub struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { pub struct T { a: u8 } }
    "the first field goes":
        { pub struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { pub struct T { b: u8 } }
    "a field of no bytes goes":
        { pub struct T { a: u8, b: () } } T { a: 1, b: () }
        => { pub struct T { a: u8 } }
    "a field of no bytes comes":
        { pub struct T { a: u8 } } T { a: 1 }
        => { pub struct T { a: u8, b: () } }
    "a field with a default comes last":
        { pub struct T { a: u8 } } T { a: 1 }
        => { pub struct T { a: u8, #[serde(default)] b: u8 } }
    "a field with a default comes first":
        { pub struct T { a: u8 } } T { a: 1 }
        => { pub struct T { #[serde(default)] b: u8, a: u8 } }
    "a field with a default takes a byte of the next one":
        { pub struct T { a: u8, b: u16 } } T { a: 1, b: 300 }
        => { pub struct T { a: u8, #[serde(default)] c: u8, b: u8 } }
    "a field comes in each item of a list":
        { pub struct T { items: Vec<Item> } pub struct Item { a: u8, b: u8 } }
        T { items: vec![Item { a: 1, b: 2 }, Item { a: 0, b: 0 }] }
        => { pub struct T { items: Vec<Item>, more: u8 } pub struct Item { a: u8 } }
    "a list of small items becomes one of large items":
        { pub struct T { items: Vec<Item>, rest: Vec<Item> } pub struct Item { a: u8 } }
        T { items: vec![Item { a: 1 }], rest: vec![Item { a: 2 }] }
        => { pub struct T { items: Vec<Item> } pub struct Item { a: u8, b: u8, c: u8 } }
    "a field is skipped, and what follows moves":
        { pub struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { pub struct T { #[serde(skip)] a: u8, b: u8, c: u8 } }
    "fields go into a struct of their own":
        { pub struct T { a: u8, b: u8, c: u8 } } T { a: 1, b: 2, c: 3 }
        => { pub struct T { a: u8, rest: Rest } pub struct Rest { b: u8, c: u8 } }
    "an inner struct is dissolved":
        { pub struct T { a: u8, rest: Rest } pub struct Rest { b: u8, c: u8 } }
        T { a: 1, rest: Rest { b: 2, c: 3 } }
        => { pub struct T { a: u8, b: u8, c: u8 } }
    "fields move between inner structs":
        { pub struct T { x: X, y: Y } pub struct X { a: u8, b: u8 } pub struct Y { c: u8 } }
        T { x: X { a: 1, b: 2 }, y: Y { c: 3 } }
        => { pub struct T { x: X, y: Y } pub struct X { a: u8 } pub struct Y { b: u8, c: u8 } }
    "an inner struct is another one of the same form":
        { pub struct T { length: Metres } pub struct Metres(u32); } T { length: Metres(1) }
        => { pub struct T { length: Feet } pub struct Feet(u32); }
    "a struct gets another name":
        { pub struct T(X); pub struct X { a: u8 } } T(X { a: 1 })
        => { pub struct T(Y); pub struct Y { a: u8 } }
    "a struct becomes a tuple struct":
        { pub struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { pub struct T(u8, u8); }
    "a tuple struct becomes a struct":
        { pub struct T(u8, u8); } T(1, 2)
        => { pub struct T { a: u8, b: u8 } }
    "a newtype becomes a struct":
        { pub struct T(u8); } T(1)
        => { pub struct T { a: u8 } }
    "a newtype becomes transparent":
        { pub struct T(u8); } T(1)
        => { #[serde(transparent)] pub struct T(u8); }
    "a unit struct becomes one with an empty tuple":
        { pub struct T; } T
        => { pub struct T(()); }
    "a unit struct becomes one without fields":
        { pub struct T; } T
        => { pub struct T {} }
    "a tuple becomes a struct inside":
        { pub struct T { at: (u8, u8) } } T { at: (1, 2) }
        => { pub struct T { at: At } pub struct At { x: u8, y: u8 } }
    "a bool field becomes an enum":
        { pub struct T { on: bool } } T { on: true }
        => { pub struct T { on: On } pub enum On { Off, On } }
};

const OF_ENUMS: &[Drift] = drifts! {
    "unit variants change places":
        { #[allow(dead_code)] pub enum T { A, B } } T::A
        => { pub enum T { B, A } }
    "variants of one type change places":
        { #[allow(dead_code)] pub enum T { Net(u32), Gross(u32) } } T::Net(1)
        => { pub enum T { Gross(u32), Net(u32) } }
    "a variant comes first":
        { #[allow(dead_code)] pub enum T { A, B } } T::A
        => { pub enum T { New, A, B } }
    "the first variant goes":
        { #[allow(dead_code)] pub enum T { Old, A, B } } T::A
        => { pub enum T { A, B } }
    "a variant gets another name":
        { #[allow(dead_code)] pub enum T { A, B } } T::A
        => { pub enum T { C, B } }
    "the last variant goes":
        { #[allow(dead_code)] pub enum T { A, B } } T::B
        => { pub enum T { A } }
    "an enum gets another name":
        { pub struct T(X); #[allow(dead_code)] pub enum X { A, B } } T(X::A)
        => { pub struct T(Y); pub enum Y { A, B } }
    "a variant gets an empty tuple":
        { pub enum T { A } } T::A
        => { pub enum T { A(()) } }
    "a newtype variant gets a named field":
        { pub enum T { A(u8) } } T::A(1)
        => { pub enum T { A { a: u8 } } }
    "a tuple variant gets named fields":
        { pub enum T { A(u8, u8) } } T::A(1, 2)
        => { pub enum T { A { a: u8, b: u8 } } }
    "a tuple variant becomes one of a tuple":
        { pub enum T { A(u8, u8) } } T::A(1, 2)
        => { pub enum T { A((u8, u8)) } }
    "the fields of a variant change places":
        { pub enum T { A { a: u8, b: u8 } } } T::A { a: 1, b: 2 }
        => { pub enum T { A { b: u8, a: u8 } } }
    "a field of a variant gets another type":
        { pub enum T { A { a: u32 } } } T::A { a: 1 }
        => { pub enum T { A { a: i32 } } }
    "an enum becomes its number":
        { #[allow(dead_code)] pub enum T { A, B } } T::B
        => { pub struct T(u8); }
    "an enum becomes an option":
        { pub struct T(X); #[allow(dead_code)] pub enum X { A, B(u8) } } T(X::B(7))
        => { pub struct T(Option<u8>); }
    "a struct becomes an enum":
        { pub struct T { a: u8, b: u8 } } T { a: 0, b: 1 }
        => { pub enum T { X(u8) } }
};

/// Types without a declaration of their own.
const OF_OTHERS: &[Drift] = &[
    ("u8 to bool", || read::<_, bool>(&1_u8)),
    ("bool to u8", || read::<_, u8>(&true)),
    ("u8 to i8", || read::<_, i8>(&200_u8)),
    ("u16 to u32", || read::<_, u32>(&300_u16)),
    ("u64 to u128", || read::<_, u128>(&300_u64)),
    ("u32 to i32", || read::<_, i32>(&2_u32)),
    ("i64 to u64", || read::<_, u64>(&-1_i64)),
    ("i16 to i64", || read::<_, i64>(&-1_i16)),
    ("i128 to u128", || read::<_, u128>(&-1_i128)),
    ("u8 to f32", || read::<_, f32>(&[1_u8, 2, 3, 4])),
    ("f32 to four bytes", || read::<_, [u8; 4]>(&1.5_f32)),
    ("f64 to f32 twice", || read::<_, (f32, f32)>(&1.5_f64)),
    ("f32 twice to f64", || read::<_, f64>(&(1.5_f32, 2.5_f32))),
    ("char to text", || read::<_, String>(&'ä')),
    ("text to char", || read::<_, char>(&"ä".to_owned())),
    ("text to bytes", || read::<_, Vec<u8>>(&"text".to_owned())),
    ("bytes to text", || read::<_, String>(&b"text".to_vec())),
    ("a path to text", || read::<_, Vec<u8>>(&std::path::PathBuf::from("a/b"))),
    ("an option of unit to bool", || read::<_, bool>(&Some(()))),
    ("an option to a list", || read::<_, Vec<u8>>(&Some(7_u8))),
    ("a list to an option", || read::<_, Option<u8>>(&vec![7_u8])),
    ("an option to what is in it, after a number", || read::<_, (u8, u8)>(&Some(7_u8))),
    ("a value to an option", || read::<_, Option<u8>>(&(1_u8, 7_u8))),
    ("one more option", || read::<_, Option<Option<u8>>>(&(Some(1_u8), 7_u8))),
    ("one option less", || read::<_, Option<u8>>(&Some(None::<u8>))),
    ("a result to an option", || read::<_, Option<u8>>(&Err::<u8, u8>(7))),
    ("ok and error change places", || {
        #[derive(Serialize, Deserialize)]
        enum Swapped {
            Err(u8),
            Ok(u8),
        }
        read::<_, Swapped>(&Ok::<u8, u8>(7))
    }),
    ("a tuple to a nested one", || read::<_, ((u8, u8), u8)>(&(1_u8, 2_u8, 3_u8))),
    ("a nested tuple to another", || read::<_, (u8, (u8, u8))>(&((1_u8, 2_u8), 3_u8))),
    ("a tuple to a list", || read::<_, Vec<u8>>(&(2_u8, 7_u8, 8_u8))),
    ("a list to a tuple", || read::<_, (u8, u8, u8)>(&vec![7_u8, 8])),
    ("a list of pairs to a map", || read::<_, BTreeMap<u8, u8>>(&vec![(1_u8, 2_u8)])),
    ("a map to a list of pairs", || read::<_, Vec<(u8, u8)>>(&BTreeMap::from([(1_u8, 2_u8)]))),
    ("keys and values of a map", || read::<_, BTreeMap<u16, u8>>(&BTreeMap::from([(1_u8, 2_u16)]))),
    ("a list that is cut in two", || read::<_, (Vec<u8>, u8)>(&(vec![1_u8], 2_u16))),
    ("lists whose bounds move", || {
        read::<_, (Vec<(u8, u8)>, Vec<u8>)>(&(vec![1_u8], vec![9_u8, 0]))
    }),
    ("unit to nothing at all", || read::<_, [u8; 0]>(&())),
    ("a duration to two numbers", || read::<_, (u64, u32)>(&std::time::Duration::new(1, 2))),
    ("a range to another", || read::<_, std::ops::RangeInclusive<u8>>(&(1_u8..2))),
    ("an address to a number", || read::<_, [u8; 5]>(&std::net::IpAddr::from([127, 0, 0, 1]))),
];

#[test]
fn a_type_that_has_drifted_never_gives_a_wrong_value() {
    let drifts = || [OF_STRUCTS, OF_ENUMS, OF_OTHERS].into_iter().flatten();
    for (what, read) in drifts() {
        assert_ne!(read(), Read::Answers, "{what}");
    }
    // The others are refused without a shape.
    let misread = drifts().filter(|(_, read)| read() == Read::Misread).count();
    assert!(drifts().count() >= 80 && misread >= 60, "{misread} of {}", drifts().count());
}

#[test]
fn a_type_that_means_the_same_still_answers() {
    fn answers<Old, New>(old: Old)
    where
        Postcard: Codec<Old> + Codec<New>,
    {
        assert_eq!(read::<Old, New>(&old), Read::Answers);
    }
    answers::<_, u64>(7_usize);
    answers::<_, Arc<str>>("text".to_owned());
    answers::<_, Box<u8>>(7_u8);
    answers::<_, Arc<[u8]>>(vec![7_u8]);
    answers::<_, Rc<Vec<u8>>>(VecDeque::from([7_u8]));
    answers::<_, HashMap<u8, u8>>(BTreeMap::from([(1_u8, 2_u8)]));
    answers::<_, HashSet<u8>>(BTreeSet::from([1_u8]));
    answers::<_, (u8, u8)>([1_u8, 2]);
    answers::<_, Option<String>>(None::<u8>);
    answers::<_, Vec<String>>(Vec::<u8>::new());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    map: HashMap<String, Option<Box<Everything>>>,
    set: HashSet<u64>,
    choice: Vec<Choice>,
    floats: (f32, f64),
    text: Arc<str>,
    at: std::net::Ipv4Addr,
    unit: (),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Unit,
    Newtype(char),
    Tuple(i128, u128),
    Struct { flag: bool, option: Option<Option<()>> },
}

fn everything(depth: usize) -> Everything {
    let items = if cfg!(miri) { 4 } else { 40 };
    let inner =
        |index: usize| (depth > 0 && index % 10 == 0).then(|| Box::new(everything(depth - 1)));
    Everything {
        map: (0..items).map(|index| (format!("key {index}"), inner(index))).collect(),
        set: (0..items as u64).map(|index| index * index).collect(),
        choice: vec![
            Choice::Unit,
            Choice::Newtype('ä'),
            Choice::Tuple(i128::MIN, u128::MAX),
            Choice::Struct { flag: true, option: Some(None) },
            Choice::Struct { flag: false, option: None },
        ],
        floats: (f32::MIN, f64::INFINITY),
        text: "text".into(),
        at: [127, 0, 0, 1].into(),
        unit: (),
    }
}

#[test]
fn a_value_comes_back_with_its_shape_whatever_the_order_of_its_maps() {
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        let value = everything(1);
        let bytes = Postcard.encode(&value).unwrap();
        let back: Everything = Postcard.decode(&bytes).unwrap();
        assert_eq!(back, value);
        assert_eq!(shape_of(&back), shape_of(&value));
    }
}

#[test]
fn the_shape_shows_variants_and_lengths_but_no_contents() {
    assert_eq!(shape_of(&1_u8), shape_of(&2_u8));
    assert_eq!(shape_of("ab"), shape_of("cd"));
    assert_ne!(shape_of("ab"), shape_of("abc"));
    assert_ne!(shape_of(&[Some(1)]), shape_of(&[None::<i32>]));
    assert_ne!(shape_of(&vec![1, 2]), shape_of(&vec![1]));
    assert_ne!(shape_of(&Choice::Unit), shape_of(&Choice::Newtype('a')));
}

#[test]
fn text_that_is_formatted_has_the_shape_of_text() {
    struct Formatted(u32);

    impl Serialize for Formatted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("number {}", self.0))
        }
    }

    assert_eq!(shape_of(&Formatted(7)), shape_of("number 7"));
}

#[test]
fn a_value_that_serde_refuses_is_not_kept_and_has_a_shape_of_its_own() {
    #[derive(Deserialize)]
    struct Refuses;

    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it refuses"))
        }
    }

    assert_eq!(Postcard.encode(&Refuses), None);
    assert_eq!(shape_of(&Refuses), shape_of(&vec![Refuses]));
    assert_ne!(shape_of(&Refuses), shape_of(&()));
}

#[test]
fn the_shape_is_that_of_other_releases() {
    #[derive(Serialize)]
    struct Price {
        net: u32,
        gross: u32,
        currency: &'static str,
        reduced: Option<Vec<f64>>,
    }

    let price = Price { net: 1, gross: 2, currency: "EUR", reduced: Some(vec![0.5]) };
    assert_eq!(shape_of(&price), 0);
    assert_eq!(shape_of(&price.net), 0);
}
