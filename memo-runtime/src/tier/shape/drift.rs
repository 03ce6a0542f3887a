//! Values that were written by one build of a program, and are read by another whose types have changed.

use super::shape_of;
use crate::tier::codec::{Codec, Postcard};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// The outcome of reading a value of the old type as one of the new type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    /// The codec alone finds out that something is wrong.
    Refused,
    /// The codec reads a value, and its shape is another one.
    Misread,
    /// The value answers.
    Answers,
}

/// The bytes of a value, and its shape.
struct Written(Vec<u8>, u64);

fn write<Old>(old: &Old) -> Written
where
    Postcard: Codec<Old>,
{
    Written(Postcard.encode(old).unwrap(), Postcard.shape(old))
}

impl Written {
    fn read<New>(&self) -> Read
    where
        Postcard: Codec<New>,
    {
        let new: Option<New> = Postcard.decode(&self.0);
        match new {
            None => Read::Refused,
            Some(new) if Postcard.shape(&new) == self.1 => Read::Answers,
            Some(_) => Read::Misread,
        }
    }
}

/// Types in two builds. Each has a type `T`, and perhaps others beside it.
macro_rules! drifts {
    ($($what:literal: {$($old:item)*} $value:expr => {$($new:item)*})*) => {
        &[$(($what, || {
            let written = {
                $(#[derive(Serialize, Deserialize)] $old)*
                let value: T = $value;
                write(&value)
            };
            {
                $(#[derive(Serialize, Deserialize)] $new)*
                written.read::<T>()
            }
        })),*]
    };
}

type Drift = (&'static str, fn() -> Read);

const OF_STRUCTS: &[Drift] = drifts! {
    "fields of one type change places":
        { struct T { net: u32, gross: u32 } } T { net: 1, gross: 2 }
        => { struct T { gross: u32, net: u32 } }
    "fields of other types change places":
        { struct T { id: u32, count: u64 } } T { id: 1, count: 2 }
        => { struct T { count: u64, id: u32 } }
    "a field gets another name":
        { struct T { net: u32 } } T { net: 1 }
        => { struct T { gross: u32 } }
    "a field gets another name by an attribute":
        { struct T { net: u32 } } T { net: 1 }
        => { struct T { #[serde(rename = "gross")] net: u32 } }
    "all fields get other names by an attribute":
        { struct T { net_price: u32 } } T { net_price: 1 }
        => { #[serde(rename_all = "camelCase")] struct T { net_price: u32 } }
    "two fields exchange their names":
        { struct T { a: String, b: String } } T { a: "a".into(), b: "b".into() }
        => { struct T { b: String, a: String } }
    "the last field goes":
        { struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { struct T { a: u8 } }
    "the first field goes":
        { struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { struct T { b: u8 } }
    "a field of no bytes goes":
        { struct T { a: u8, b: () } } T { a: 1, b: () }
        => { struct T { a: u8 } }
    "a field of no bytes comes":
        { struct T { a: u8 } } T { a: 1 }
        => { struct T { a: u8, b: () } }
    "a field with a default comes last":
        { struct T { a: u8 } } T { a: 1 }
        => { struct T { a: u8, #[serde(default)] b: u8 } }
    "a field with a default comes first":
        { struct T { a: u8 } } T { a: 1 }
        => { struct T { #[serde(default)] b: u8, a: u8 } }
    "a field with a default takes a byte of the next one":
        { struct T { a: u8, b: u16 } } T { a: 1, b: 300 }
        => { struct T { a: u8, #[serde(default)] c: u8, b: u8 } }
    "a field comes in each item of a list":
        { struct T { items: Vec<Item> } struct Item { a: u8, b: u8 } }
        T { items: vec![Item { a: 1, b: 2 }, Item { a: 0, b: 0 }] }
        => { struct T { items: Vec<Item>, more: u8 } struct Item { a: u8 } }
    "a list of small items becomes one of large items":
        { struct T { items: Vec<Item>, rest: Vec<Item> } struct Item { a: u8 } }
        T { items: vec![Item { a: 1 }], rest: vec![Item { a: 2 }] }
        => { struct T { items: Vec<Item> } struct Item { a: u8, b: u8, c: u8 } }
    "a field is skipped, and what follows moves":
        { struct T { _a: u8, b: u8 } } T { _a: 1, b: 2 }
        => { struct T { #[serde(skip)] _a: u8, b: u8, c: u8 } }
    "fields go into a struct of their own":
        { struct T { a: u8, b: u8, c: u8 } } T { a: 1, b: 2, c: 3 }
        => { struct T { a: u8, rest: Rest } struct Rest { b: u8, c: u8 } }
    "an inner struct is dissolved":
        { struct T { a: u8, rest: Rest } struct Rest { b: u8, c: u8 } }
        T { a: 1, rest: Rest { b: 2, c: 3 } }
        => { struct T { a: u8, b: u8, c: u8 } }
    "fields move between inner structs":
        { struct T { x: X, y: Y } struct X { a: u8, b: u8 } struct Y { c: u8 } }
        T { x: X { a: 1, b: 2 }, y: Y { c: 3 } }
        => { struct T { x: X, y: Y } struct X { a: u8 } struct Y { b: u8, c: u8 } }
    "an inner struct is another one of the same form":
        { struct T { length: Metres } struct Metres(u32); } T { length: Metres(1) }
        => { struct T { length: Feet } struct Feet(u32); }
    "a struct gets another name":
        { struct T(X); struct X { a: u8 } } T(X { a: 1 })
        => { struct T(Y); struct Y { a: u8 } }
    "a struct becomes a tuple struct":
        { struct T { a: u8, b: u8 } } T { a: 1, b: 2 }
        => { struct T(u8, u8); }
    "a tuple struct becomes a struct":
        { struct T(u8, u8); } T(1, 2)
        => { struct T { a: u8, b: u8 } }
    "a newtype becomes a struct":
        { struct T(u8); } T(1)
        => { struct T { a: u8 } }
    "a newtype becomes transparent":
        { struct T(u8); } T(1)
        => { #[serde(transparent)] struct T(u8); }
    "a unit struct becomes one with an empty tuple":
        { struct T; } T
        => { struct T(()); }
    "a unit struct becomes one without fields":
        { struct T; } T
        => { struct T {} }
    "a tuple becomes a struct inside":
        { struct T { at: (u8, u8) } } T { at: (1, 2) }
        => { struct T { at: At } struct At { x: u8, y: u8 } }
    "a bool field becomes an enum":
        { struct T { on: bool } } T { on: true }
        => { struct T { on: On } enum On { Off, On } }
};

const OF_ENUMS: &[Drift] = drifts! {
    "unit variants change places":
        { enum T { A, B } } T::A
        => { enum T { B, A } }
    "variants of one type change places":
        { enum T { Net(u32), Gross(u32) } } T::Net(1)
        => { enum T { Gross(u32), Net(u32) } }
    "a variant comes first":
        { enum T { A, B } } T::A
        => { enum T { New, A, B } }
    "the first variant goes":
        { enum T { Old, A, B } } T::A
        => { enum T { A, B } }
    "a variant gets another name":
        { enum T { A, B } } T::A
        => { enum T { C, B } }
    "the last variant goes":
        { enum T { A, B } } T::B
        => { enum T { A } }
    "an enum gets another name":
        { struct T(X); enum X { A, B } } T(X::A)
        => { struct T(Y); enum Y { A, B } }
    "a variant gets an empty tuple":
        { enum T { A } } T::A
        => { enum T { A(()) } }
    "a newtype variant gets a named field":
        { enum T { A(u8) } } T::A(1)
        => { enum T { A { a: u8 } } }
    "a tuple variant gets named fields":
        { enum T { A(u8, u8) } } T::A(1, 2)
        => { enum T { A { a: u8, b: u8 } } }
    "a tuple variant becomes one of a tuple":
        { enum T { A(u8, u8) } } T::A(1, 2)
        => { enum T { A((u8, u8)) } }
    "the fields of a variant change places":
        { enum T { A { a: u8, b: u8 } } } T::A { a: 1, b: 2 }
        => { enum T { A { b: u8, a: u8 } } }
    "a field of a variant gets another type":
        { enum T { A { a: u32 } } } T::A { a: 1 }
        => { enum T { A { a: i32 } } }
    "an enum becomes its number":
        { enum T { A, B } } T::B
        => { struct T(u8); }
    "an enum becomes an option":
        { struct T(X); enum X { A, B(u8) } } T(X::B(7))
        => { struct T(Option<u8>); }
    "a struct becomes an enum":
        { struct T { a: u8, b: u8 } } T { a: 0, b: 1 }
        => { enum T { X(u8) } }
};

/// Types without a declaration of their own.
const OF_OTHERS: &[Drift] = &[
    ("u8 to bool", || write(&1_u8).read::<bool>()),
    ("bool to u8", || write(&true).read::<u8>()),
    ("u8 to i8", || write(&200_u8).read::<i8>()),
    ("u16 to u32", || write(&300_u16).read::<u32>()),
    ("u64 to u128", || write(&300_u64).read::<u128>()),
    ("u32 to i32", || write(&2_u32).read::<i32>()),
    ("i64 to u64", || write(&-1_i64).read::<u64>()),
    ("i16 to i64", || write(&-1_i16).read::<i64>()),
    ("i128 to u128", || write(&-1_i128).read::<u128>()),
    ("u8 to f32", || write(&[1_u8, 2, 3, 4]).read::<f32>()),
    ("f32 to four bytes", || write(&1.5_f32).read::<[u8; 4]>()),
    ("f64 to f32 twice", || write(&1.5_f64).read::<(f32, f32)>()),
    ("f32 twice to f64", || write(&(1.5_f32, 2.5_f32)).read::<f64>()),
    ("char to text", || write(&'ä').read::<String>()),
    ("text to char", || write(&"ä".to_owned()).read::<char>()),
    ("text to bytes", || write(&"text".to_owned()).read::<Vec<u8>>()),
    ("bytes to text", || write(&b"text".to_vec()).read::<String>()),
    ("a path to text", || write(&std::path::PathBuf::from("a/b")).read::<Vec<u8>>()),
    ("an option of unit to bool", || write(&Some(())).read::<bool>()),
    ("an option to a list", || write(&Some(7_u8)).read::<Vec<u8>>()),
    ("a list to an option", || write(&vec![7_u8]).read::<Option<u8>>()),
    ("an option to what is in it, after a number", || write(&Some(7_u8)).read::<(u8, u8)>()),
    ("a value to an option", || write(&(1_u8, 7_u8)).read::<Option<u8>>()),
    ("one more option", || write(&(Some(1_u8), 7_u8)).read::<Option<Option<u8>>>()),
    ("one option less", || write(&Some(None::<u8>)).read::<Option<u8>>()),
    ("a result to an option", || write(&Err::<u8, u8>(7)).read::<Option<u8>>()),
    ("ok and error change places", || {
        #[derive(Serialize, Deserialize)]
        enum Swapped {
            Err(u8),
            Ok(u8),
        }
        write(&Ok::<u8, u8>(7)).read::<Swapped>()
    }),
    ("a tuple to a nested one", || write(&(1_u8, 2_u8, 3_u8)).read::<((u8, u8), u8)>()),
    ("a nested tuple to another", || write(&((1_u8, 2_u8), 3_u8)).read::<(u8, (u8, u8))>()),
    ("a tuple to a list", || write(&(2_u8, 7_u8, 8_u8)).read::<Vec<u8>>()),
    ("a list to a tuple", || write(&vec![7_u8, 8]).read::<(u8, u8, u8)>()),
    ("a list of pairs to a map", || write(&vec![(1_u8, 2_u8)]).read::<BTreeMap<u8, u8>>()),
    ("a map to a list of pairs", || write(&BTreeMap::from([(1_u8, 2_u8)])).read::<Vec<(u8, u8)>>()),
    ("keys and values of a map", || {
        write(&BTreeMap::from([(1_u8, 2_u16)])).read::<BTreeMap<u16, u8>>()
    }),
    ("a list that is cut in two", || write(&(vec![1_u8], 2_u16)).read::<(Vec<u8>, u8)>()),
    ("lists whose bounds move", || {
        write(&(vec![1_u8], vec![9_u8, 0])).read::<(Vec<(u8, u8)>, Vec<u8>)>()
    }),
    ("unit to nothing at all", || write(&()).read::<[u8; 0]>()),
    ("a duration to two numbers", || write(&std::time::Duration::new(1, 2)).read::<(u64, u32)>()),
    ("a range to another", || write(&(1_u8..2)).read::<std::ops::RangeInclusive<u8>>()),
    ("an address to a number", || write(&std::net::IpAddr::from([127, 0, 0, 1])).read::<[u8; 5]>()),
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
    fn answers<New>(written: &Written)
    where
        Postcard: Codec<New>,
    {
        assert_eq!(written.read::<New>(), Read::Answers);
    }
    answers::<u64>(&write(&7_usize));
    answers::<Arc<str>>(&write(&"text".to_owned()));
    answers::<Box<u8>>(&write(&7_u8));
    answers::<Arc<[u8]>>(&write(&vec![7_u8]));
    answers::<Rc<Vec<u8>>>(&write(&VecDeque::from([7_u8])));
    answers::<HashMap<u8, u8>>(&write(&BTreeMap::from([(1_u8, 2_u8)])));
    answers::<HashSet<u8>>(&write(&BTreeSet::from([1_u8])));
    answers::<(u8, u8)>(&write(&[1_u8, 2]));
    answers::<Option<String>>(&write(&None::<u8>));
    answers::<Vec<String>>(&write(&Vec::<u8>::new()));
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
#[expect(clippy::option_option, reason = "users have them, and they must come back")]
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
    assert_eq!(shape_of(&price), 0x19bc_79ba_f546_6e04);
    assert_eq!(shape_of(&price.net), 0x5bf9_8856_56d5_db38);
    let choices = BTreeMap::from([
        ('a', vec![Choice::Unit, Choice::Newtype('a'), Choice::Tuple(1, 2)]),
        ('b', vec![Choice::Struct { flag: true, option: Some(None) }]),
    ]);
    assert_eq!(shape_of(&choices), 0xe5ac_fb3f_09ee_fdf5);
}
