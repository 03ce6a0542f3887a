//! Qualifiers, visibility and attributes of a function.

use crate::check::{memoized, ran, remembered, runs};
use memofn::memoize;
use std::panic::Location;

#[test]
fn functions_may_be_unsafe() {
    /// # Safety
    ///
    /// `n` is below 10.
    #[memoize]
    unsafe fn digit(n: u32) -> char {
        // SAFETY: as above.
        ran(unsafe { char::from_u32_unchecked(u32::from('0') + n) })
    }

    // SAFETY: 7 and 8 are below 10.
    let (call, uncached) = (&mut || unsafe { digit(7) }, &mut || unsafe { digit::uncached(7) });
    remembered(digit::cache(), call, uncached, &'7');
    assert_eq!((digit::cache_peek(7), digit::cache_remove(7)), (Some('7'), Some('7')));
    digit::cache_insert(8, 'x');
    // SAFETY: 8 is below 10.
    unsafe {
        runs!(0, digit(8) => 'x');
        runs!(1, digit::cache_refresh(8) => '8');
    }
    let pointer: unsafe fn(u32) -> char = digit;
    // SAFETY: 8 is below 10.
    runs!(0, unsafe { pointer(8) } => '8');
}

#[test]
fn functions_may_have_another_abi() {
    #[memoize]
    extern "C" fn c(n: u32) -> u32 {
        ran(n * n)
    }
    #[memoize]
    extern "system" fn system(n: u32) -> u32 {
        ran(n * n)
    }
    #[memoize]
    extern "Rust" fn rust(n: u32) -> u32 {
        ran(n * n)
    }
    /// # Safety
    ///
    /// There is nothing to mind.
    #[memoize(key = n % 10)]
    unsafe extern "C" fn last_digit(n: u32) -> u32 {
        ran(n % 10)
    }

    memoized!(c(3) => 9);
    memoized!(system(3) => 9);
    memoized!(rust(3) => 9);
    let pointer: extern "C" fn(u32) -> u32 = c;
    runs!(0, pointer(3) => 9);
    // SAFETY: there is nothing to mind.
    unsafe {
        runs!(1, last_digit(13) => 3);
        runs!(0, last_digit(23) => 3);
    }
}

mod visible {
    pub(super) mod deeper {
        use crate::check::ran;
        use memofn::memoize;

        #[memoize]
        pub(crate) fn in_the_crate(n: u32) -> u32 {
            ran(n)
        }
        #[memoize]
        pub(in crate::qualifiers) fn in_a_path(n: u32) -> u32 {
            ran(n)
        }
        #[memoize]
        pub(super) fn in_the_parent(n: u32) -> u32 {
            ran(own(n))
        }
        #[memoize]
        fn own(n: u32) -> u32 {
            n + u32::from(own::cache_parameters().single_flight)
        }
    }

    #[test]
    fn a_parent_sees_what_is_for_it() {
        use crate::check::memoized;
        use deeper::in_the_parent;

        memoized!(in_the_parent(1) => 2);
    }

    pub(super) use deeper::in_the_crate as renamed;
}

#[test]
fn one_use_brings_a_function_and_its_controls() {
    use visible::deeper::in_a_path;
    use visible::deeper::*;

    memoized!(in_a_path(1) => 1);
    memoized!(in_the_crate(1) => 1);
    runs!(0, visible::renamed(1) => 1);
    assert_eq!(visible::renamed::cache_info(), in_the_crate::cache_info());
    assert_eq!(visible::renamed::cache_peek(1), Some(1));
}

#[test]
fn attributes_stay_with_the_function() {
    /// Documented above.
    #[must_use]
    #[inline]
    #[memoize]
    /// Documented below.
    #[cfg_attr(test, doc = "Documented with a condition.")]
    #[doc(alias = "reckoned")]
    #[cold]
    fn counted(n: u32) -> u32 {
        ran(n)
    }
    #[memoize]
    #[must_use = "it is what you asked for"]
    #[inline(never)]
    #[rustfmt::skip]
    fn reasoned( n : u32 ) -> u32 { ran(n) }
    #[deprecated(since = "0.1.0", note = "call `counted`")]
    #[memoize]
    fn old(n: u32) -> u32 {
        ran(n)
    }

    #[expect(unused_must_use, reason = "that it must be used is what is told")]
    {
        counted(2);
        reasoned(2);
    }
    memoized!(counted(1) => 1);
    memoized!(reasoned(1) => 1);
    #[expect(deprecated, reason = "that it is deprecated is what is told")]
    {
        runs!(1, old(1) => 1);
        runs!(0, old(1) => 1);
    }
}

#[test]
fn lints_are_allowed_and_expected_where_they_are_written() {
    #[memoize]
    #[allow(unused_variables, reason = "the shape")]
    fn allowed(n: u32, unused: u32) -> u32 {
        let unused_too = 1;
        ran(n)
    }
    #[expect(clippy::cast_possible_truncation, reason = "the shape")]
    #[memoize]
    fn expected(n: u32) -> u8 {
        ran(n as u8)
    }
    #[memoize]
    #[warn(clippy::unwrap_used)]
    #[expect(clippy::unwrap_used, clippy::fn_params_excessive_bools, reason = "the shape")]
    fn several(a: bool, b: bool, c: bool, d: bool) -> u32 {
        ran([a, b, c, d].into_iter().map(u32::from).max().unwrap())
    }
    #[memoize]
    #[allow(non_snake_case, reason = "the shape")]
    fn Capital(N: u32) -> u32 {
        ran(N)
    }

    memoized!(allowed(1, 2) => 1);
    memoized!(expected(257) => 1);
    memoized!(several(false, true, false, false) => 1);
    memoized!(Capital(1) => 1);
}

#[test]
fn a_body_knows_its_caller() {
    #[track_caller]
    #[memoize]
    fn line(_n: u32) -> u32 {
        ran(Location::caller().line())
    }
    #[memoize]
    #[track_caller]
    fn file(_n: u32) -> &'static str {
        ran(Location::caller().file())
    }

    assert_eq!((line(1), line!()), (line!(), line(1)));
    assert_eq!((line::uncached(1), line::cache_peek(1)), (line!(), Some(line!() - 1)));
    assert_eq!((file(1), file(1)), (file!(), file!()));
}

#[test]
fn functions_and_arguments_may_depend_on_the_configuration() {
    #[cfg(test)]
    #[memoize]
    fn either(n: u32) -> u32 {
        ran(n)
    }
    #[cfg(not(test))]
    #[memoize]
    fn either(n: Missing) -> Missing {
        n
    }
    #[memoize]
    #[cfg(any(unix, windows, not(test)))]
    #[cfg(not(test))]
    fn never(n: Missing) -> Missing {
        n
    }
    #[memoize]
    fn arguments(n: u32, #[cfg(test)] there: u32, #[cfg(not(test))] gone: Missing) -> u32 {
        ran(n + there)
    }
    #[memoize(skip(log))]
    fn skipped(#[cfg(not(test))] gone: Missing, n: u32, #[cfg(test)] log: &mut u32) -> u32 {
        *log += 1;
        ran(n)
    }
    #[memoize]
    fn attributed(#[allow(unused)] n: u32, #[allow(unused_mut)] mut m: u32) -> u32 {
        ran(m)
    }
    #[cfg_attr(test, memoize(maxsize = 7))]
    fn conditionally(n: u32) -> u32 {
        ran(n)
    }

    memoized!(either(1) => 1);
    memoized!(arguments(1, 2) => 3);
    memoized!(skipped(1, &mut 0), found by (1) => 1);
    memoized!(attributed(1, 2) => 2);
    memoized!(conditionally(1) => 1);
    assert_eq!(conditionally::cache_parameters().maxsize, Some(7));
}
