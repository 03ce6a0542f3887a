//! The shape of a value: the names and kinds of all that it consists of.
//!
//! An encoded value does not say of which type it is. If the type changes between two builds of a program, the old bytes may
//! decode to wrong values without an error: two fields that changed places, a `u32` read as an `i32`. So a record has the
//! shape of its value. After decoding, the shape of what came out must be the same.
//!
//! The shape is that of the value and not of the type. It shows the variants that are there, and lengths, but no contents.

use serde::ser::{self, Serialize, Serializer};
use std::fmt::{self, Write};
use xxhash_rust::xxh3::xxh3_64;

/// The shape of a value. It is equal in all processes.
pub(crate) fn shape_of<T: Serialize + ?Sized>(value: &T) -> u64 {
    value.serialize(Shaper).unwrap_or(mix(START, Kind::Refused as u64))
}

/// The kinds of the data model of `serde`. The numbers are part of the format of records.
#[derive(Clone, Copy)]
enum Kind {
    Refused = 0,
    Bool = 1,
    I8 = 2,
    I16 = 3,
    I32 = 4,
    I64 = 5,
    I128 = 6,
    U8 = 7,
    U16 = 8,
    U32 = 9,
    U64 = 10,
    U128 = 11,
    F32 = 12,
    F64 = 13,
    Char = 14,
    Str = 15,
    Bytes = 16,
    None = 17,
    Some = 18,
    Unit = 19,
    UnitStruct = 20,
    UnitVariant = 21,
    NewtypeStruct = 22,
    NewtypeVariant = 23,
    Seq = 24,
    Tuple = 25,
    TupleStruct = 26,
    TupleVariant = 27,
    Map = 28,
    Struct = 29,
    StructVariant = 30,
}

const START: u64 = 0x6d65_6d6f_666e_0001;

/// Both halves of a product, as in wyhash. The order counts.
#[inline]
const fn mix(shape: u64, part: u64) -> u64 {
    let product = (shape ^ 0xa076_1d64_78bd_642f) as u128 * (part ^ 0xe703_7ed1_a0b4_28db) as u128;
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

#[inline]
const fn kind(kind: Kind) -> u64 {
    mix(START, kind as u64)
}

#[inline]
fn sized(of: Kind, len: usize) -> u64 {
    mix(kind(of), len as u64)
}

#[inline]
fn named(of: Kind, name: &str) -> u64 {
    mix(kind(of), xxh3_64(name.as_bytes()))
}

#[inline]
fn variant(of: Kind, name: &str, index: u32, variant: &str) -> u64 {
    mix(mix(named(of, name), u64::from(index)), xxh3_64(variant.as_bytes()))
}

/// A serializer that writes nothing. What it returns is the shape.
struct Shaper;

/// A shape, and the parts that follow it in a fixed order.
struct Ordered(u64);

/// The parts of a sequence or a map. They are added, since the order of a `HashMap` is another one in each process.
struct Unordered {
    kind: Kind,
    count: u64,
    sum: u64,
    /// The shape of the key whose value comes next.
    key: u64,
}

impl Ordered {
    #[inline]
    fn add<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Refused> {
        self.0 = mix(self.0, part.serialize(Shaper)?);
        Ok(())
    }

    #[inline]
    fn add_field<T: Serialize + ?Sized>(&mut self, name: &str, part: &T) -> Result<(), Refused> {
        self.0 = mix(self.0, xxh3_64(name.as_bytes()));
        self.add(part)
    }
}

impl Unordered {
    #[inline]
    fn new(kind: Kind) -> Self {
        Self { kind, count: 0, sum: 0, key: 0 }
    }

    #[inline]
    fn add(&mut self, shape: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(shape);
    }

    #[inline]
    fn shape(&self) -> u64 {
        mix(mix(kind(self.kind), self.count), self.sum)
    }
}

macro_rules! primitives {
    ($($method:ident $ty:ty: $kind:ident,)*) => {$(
        #[inline]
        fn $method(self, _: $ty) -> Result<u64, Refused> {
            Ok(const { kind(Kind::$kind) })
        }
    )*};
}

impl Serializer for Shaper {
    type Ok = u64;
    type Error = Refused;
    type SerializeSeq = Unordered;
    type SerializeTuple = Ordered;
    type SerializeTupleStruct = Ordered;
    type SerializeTupleVariant = Ordered;
    type SerializeMap = Unordered;
    type SerializeStruct = Ordered;
    type SerializeStructVariant = Ordered;

    primitives! {
        serialize_bool bool: Bool,
        serialize_i8 i8: I8,
        serialize_i16 i16: I16,
        serialize_i32 i32: I32,
        serialize_i64 i64: I64,
        serialize_i128 i128: I128,
        serialize_u8 u8: U8,
        serialize_u16 u16: U16,
        serialize_u32 u32: U32,
        serialize_u64 u64: U64,
        serialize_u128 u128: U128,
        serialize_f32 f32: F32,
        serialize_f64 f64: F64,
        serialize_char char: Char,
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<u64, Refused> {
        Ok(sized(Kind::Str, text.len()))
    }

    /// Nothing is allocated, as the default would.
    fn collect_str<T: fmt::Display + ?Sized>(self, text: &T) -> Result<u64, Refused> {
        let mut len = Len(0);
        write!(len, "{text}").map_err(|fmt::Error| Refused)?;
        Ok(sized(Kind::Str, len.0))
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Result<u64, Refused> {
        Ok(sized(Kind::Bytes, bytes.len()))
    }

    #[inline]
    fn serialize_none(self) -> Result<u64, Refused> {
        Ok(kind(Kind::None))
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, Refused> {
        Ok(mix(kind(Kind::Some), value.serialize(self)?))
    }

    #[inline]
    fn serialize_unit(self) -> Result<u64, Refused> {
        Ok(kind(Kind::Unit))
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<u64, Refused> {
        Ok(named(Kind::UnitStruct, name))
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        of: &'static str,
    ) -> Result<u64, Refused> {
        Ok(variant(Kind::UnitVariant, name, index, of))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<u64, Refused> {
        Ok(mix(named(Kind::NewtypeStruct, name), value.serialize(self)?))
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        of: &'static str,
        value: &T,
    ) -> Result<u64, Refused> {
        Ok(mix(variant(Kind::NewtypeVariant, name, index, of), value.serialize(self)?))
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Unordered, Refused> {
        Ok(Unordered::new(Kind::Seq))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Ordered, Refused> {
        Ok(Ordered(sized(Kind::Tuple, len)))
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Ordered, Refused> {
        Ok(Ordered(mix(named(Kind::TupleStruct, name), len as u64)))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        of: &'static str,
        len: usize,
    ) -> Result<Ordered, Refused> {
        Ok(Ordered(mix(variant(Kind::TupleVariant, name, index, of), len as u64)))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Unordered, Refused> {
        Ok(Unordered::new(Kind::Map))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Ordered, Refused> {
        Ok(Ordered(mix(named(Kind::Struct, name), len as u64)))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        of: &'static str,
        len: usize,
    ) -> Result<Ordered, Refused> {
        Ok(Ordered(mix(variant(Kind::StructVariant, name, index, of), len as u64)))
    }

    /// As the codec says it: some types have one form for people and one for programs.
    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! ordered {
    ($($trait:ident $method:ident($($name:ident)?) $add:ident,)*) => {$(
        impl ser::$trait for Ordered {
            type Ok = u64;
            type Error = Refused;

            #[inline]
            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                part: &T,
            ) -> Result<(), Refused> {
                self.$add($($name,)? part)
            }

            #[inline]
            fn end(self) -> Result<u64, Refused> {
                Ok(self.0)
            }
        }
    )*};
}
ordered! {
    SerializeTuple serialize_element() add,
    SerializeTupleStruct serialize_field() add,
    SerializeTupleVariant serialize_field() add,
    SerializeStruct serialize_field(name) add_field,
    SerializeStructVariant serialize_field(name) add_field,
}

impl ser::SerializeSeq for Unordered {
    type Ok = u64;
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Refused> {
        self.add(part.serialize(Shaper)?);
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<u64, Refused> {
        Ok(self.shape())
    }
}

impl ser::SerializeMap for Unordered {
    type Ok = u64;
    type Error = Refused;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = key.serialize(Shaper)?;
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.add(mix(self.key, value.serialize(Shaper)?));
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<u64, Refused> {
        Ok(self.shape())
    }
}

/// Counts the bytes of a text.
struct Len(usize);

impl Write for Len {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// The value did not want to be serialized.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value was not serialized")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod drift;
