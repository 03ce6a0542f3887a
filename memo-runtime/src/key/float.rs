//! Floating point numbers that can be compared and hashed.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A floating point number as a key. Two of them are equal if their bits are.
///
/// All NaN are equal to each other; `-0.0` and `0.0` are different keys. In the key type of a memoized function it
/// replaces each `f32` and `f64` of the argument types.
///
/// ```
/// use memofn::Float;
///
/// assert_eq!(Float(f64::NAN), Float(-f64::NAN));
/// assert_ne!(Float(0.0), Float(-0.0));
/// assert_eq!(Float(0.5).0, 0.5);
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub struct Float<T>(pub T);

impl<T> Float<T> {
    /// The numbers as they are.
    pub(crate) fn numbers(floats: &[Self]) -> &[T] {
        #[expect(unsafe_code, reason = "a slice changes its type")]
        // SAFETY: a `Float<T>` has the layout of a `T`, and any `T` in one is valid.
        unsafe {
            &*(std::ptr::from_ref(floats) as *const [T])
        }
    }
}

impl<T: fmt::Display> fmt::Display for Float<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> From<T> for Float<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

macro_rules! float {
    ($($float:ident)*) => {$(
        impl Float<$float> {
            #[inline]
            fn key(self) -> impl Hash + Eq {
                self.normal().to_bits()
            }

            /// The number, with one NaN for all of them.
            #[inline]
            fn normal(self) -> $float {
                if self.0.is_nan() { $float::NAN } else { self.0 }
            }
        }

        impl PartialEq for Float<$float> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for Float<$float> {}

        impl Hash for Float<$float> {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }

        /// The number. All NaN are written alike.
        #[cfg(feature = "tier")]
        #[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
        impl serde::Serialize for Float<$float> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.normal().serialize(serializer)
            }
        }
    )*};
}
float!(f32 f64);

#[cfg(feature = "tier")]
#[cfg_attr(docsrs, doc(cfg(feature = "tier")))]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Float<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(all(test, feature = "tier"))]
mod tests {
    use super::*;
    use crate::tier::codec::{Codec, Postcard};

    fn bytes<T: serde::Serialize>(value: T) -> Vec<u8> {
        postcard::to_stdvec(&value).unwrap()
    }

    #[test]
    fn equal_floats_have_equal_bytes_and_others_have_others() {
        let other_nan = f64::from_bits(f64::NAN.to_bits() | 1);
        let floats = [
            0.0,
            -0.0,
            1.5,
            -1.5,
            f64::INFINITY,
            f64::MIN_POSITIVE,
            f64::NAN,
            -f64::NAN,
            other_nan,
        ];
        for one in floats.map(Float) {
            for two in floats.map(Float) {
                assert_eq!(one == two, bytes(one) == bytes(two), "{one} and {two}");
            }
        }
        assert_eq!(bytes(Float(f32::NAN)), bytes(Float(-f32::NAN)));
        assert_ne!(bytes(Float(0_f32)), bytes(Float(-0_f32)));
    }

    #[test]
    fn a_float_that_was_kept_comes_back() {
        for float in [0.0, -0.0, 1.5, f64::MAX, f64::NAN].map(Float) {
            let bytes = Postcard.encode(&float).unwrap();
            assert_eq!(Postcard.decode(&bytes), Some(float));
        }
    }
}
