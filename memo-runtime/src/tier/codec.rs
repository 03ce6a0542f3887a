//! How a value becomes bytes and comes back, and what a key needs.

use crate::tier::shape::shape_of;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::Hash;

/// Turns values into bytes and back, for a tier.
///
/// Without the option `codec` this is done by `serde`, for all values that are `Serialize` and `DeserializeOwned`. A codec of
/// your own is for other values, or for another form of the bytes:
///
/// ```
/// use memofn::tier::Codec;
///
/// /// From another crate, and without `serde`.
/// #[derive(Clone, Debug, PartialEq)]
/// struct Color {
///     red: u8,
///     green: u8,
///     blue: u8,
/// }
///
/// struct Rgb;
///
/// impl Codec<Color> for Rgb {
///     fn encode(&self, color: &Color) -> Option<Vec<u8>> {
///         Some(vec![color.red, color.green, color.blue])
///     }
///
///     fn decode(&self, bytes: &[u8]) -> Option<Color> {
///         let &[red, green, blue] = bytes else { return None };
///         Some(Color { red, green, blue })
///     }
///
///     // The number of this form. Another number is for another form, and records of the old one no longer answer.
///     fn shape(&self, _: &Color) -> u64 {
///         1
///     }
/// }
///
/// let color = Color { red: 255, green: 127, blue: 0 };
/// let bytes = Rgb.encode(&color).unwrap();
/// assert_eq!(Rgb.decode(&bytes), Some(color));
/// assert_eq!(Rgb.decode(&bytes[1..]), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep values of type `{V}`",
    label = "it needs `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or give `codec = ..`"
)]
pub trait Codec<V>: Send + Sync + 'static {
    /// Writes a value. `None` if it cannot be kept: then it is returned to the caller all the same, and counted as refused.
    fn encode(&self, value: &V) -> Option<Vec<u8>>;

    /// Reads a value. `None` if these are not the bytes of one: then the call runs the body.
    ///
    /// The bytes are those that [`encode`](Self::encode) wrote, perhaps in another build of the program.
    fn decode(&self, bytes: &[u8]) -> Option<V>;

    /// A number for the form of this very value. A record answers only if the value that comes out of it has the number of the
    /// value that went in.
    ///
    /// The codec by `serde` takes the names and kinds of all fields and variants that the value consists of. So a type that has
    /// changed since is not misread. The default is 0 for all values: then [`decode`](Self::decode) has to find out what is wrong.
    fn shape(&self, value: &V) -> u64 {
        let _ = value;
        0
    }
}

/// The codec by `serde` and `postcard`.
#[derive(Debug, Clone, Copy)]
pub struct Postcard;

#[diagnostic::do_not_recommend]
impl<V: Serialize + DeserializeOwned> Codec<V> for Postcard {
    fn encode(&self, value: &V) -> Option<Vec<u8>> {
        postcard::to_stdvec(value).ok()
    }

    fn decode(&self, bytes: &[u8]) -> Option<V> {
        let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(value)
    }

    fn shape(&self, value: &V) -> u64 {
        shape_of(value)
    }
}

/// A key that a tier can tell from others.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep results under keys of type `{Self}`",
    label = "it needs `serde::Serialize`",
    note = "derive `serde::Serialize`, leave the argument out with `skip(..)`, or give `key = ..`"
)]
pub trait KeptKey: Hash + Serialize {}

#[diagnostic::do_not_recommend]
impl<K: Hash + Serialize + ?Sized> KeptKey for K {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_belong_to_the_value() {
        let mut bytes = Postcard.encode(&(1_u8, "text".to_owned())).unwrap();
        assert_eq!(Postcard.decode(&bytes), Some((1_u8, "text".to_owned())));
        bytes.push(0);
        assert_eq!(Codec::<(u8, String)>::decode(&Postcard, &bytes), None);
        bytes.truncate(bytes.len() - 2);
        assert_eq!(Codec::<(u8, String)>::decode(&Postcard, &bytes), None);
    }

    #[test]
    fn a_codec_of_ones_own_needs_no_shape() {
        struct Own;

        impl Codec<u8> for Own {
            fn encode(&self, value: &u8) -> Option<Vec<u8>> {
                Some(vec![*value])
            }

            fn decode(&self, bytes: &[u8]) -> Option<u8> {
                bytes.first().copied()
            }
        }

        assert_eq!(Own.shape(&1), Own.shape(&2));
        assert_eq!(Own.decode(&Own.encode(&1).unwrap()), Some(1));
    }
}
