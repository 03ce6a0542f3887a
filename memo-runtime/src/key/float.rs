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
                if self.0.is_nan() { $float::NAN.to_bits() } else { self.0.to_bits() }
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
    )*};
}
float!(f32 f64);
