//! A function of a value, of a type that its caller does not know.

use std::any::TypeId;
use std::fmt;
use std::mem::transmute;
use std::ptr::NonNull;

/// A function of values of one type, which it remembers at run time only.
pub struct OfValue<X> {
    /// A `fn(&V) -> X`, for `call` alone.
    function: fn(),
    call: unsafe fn(fn(), NonNull<()>) -> X,
    value_type: fn() -> TypeId,
}

impl<X> OfValue<X> {
    pub(crate) const fn new<V>(function: fn(&V) -> X) -> Self {
        #[expect(unsafe_code, reason = "a function forgets the type of its argument")]
        // SAFETY: pointers to functions have one size. It is called as what it was: see `call`.
        let function = unsafe { transmute::<fn(&V) -> X, fn()>(function) };
        Self { function, call: call::<V, X>, value_type: typeid::of::<V> }
    }

    /// Whether it takes values of this type, apart from lifetimes.
    pub(crate) fn takes(&self, value_type: TypeId) -> bool {
        (self.value_type)() == value_type
    }

    /// Calls the function, which is user code.
    ///
    /// # Safety
    ///
    /// There is a value of the function's type, which lives until this returns.
    #[expect(unsafe_code, reason = "the value has no type")]
    pub(crate) unsafe fn call(&self, value: NonNull<()>) -> X {
        // SAFETY: by the condition above. `new` has made the two functions for one type.
        unsafe { (self.call)(self.function, value) }
    }
}

/// # Safety
///
/// `function` was a `fn(&V) -> X`, and there is a `V` at `value`.
#[expect(unsafe_code, reason = "a function gets its type back")]
unsafe fn call<V, X>(function: fn(), value: NonNull<()>) -> X {
    // SAFETY: by the condition above.
    unsafe {
        let function = transmute::<fn(), fn(&V) -> X>(function);
        function(value.cast::<V>().as_ref())
    }
}

impl<X> Copy for OfValue<X> {}

impl<X> Clone for OfValue<X> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<X> fmt::Debug for OfValue<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfValue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_called_with_the_value_and_knows_its_type() {
        let len = OfValue::new(|text: &String| text.len());
        let text = "Oslo".to_owned();
        #[expect(unsafe_code, reason = "the value has no type")]
        // SAFETY: it is a `String`.
        let found = unsafe { len.call(NonNull::from(&text).cast()) };
        assert_eq!(found, 4);
        assert!(len.takes(TypeId::of::<String>()) && !len.takes(TypeId::of::<&str>()));
    }
}
