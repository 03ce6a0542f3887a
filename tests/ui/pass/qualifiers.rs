//! `unsafe`, `extern`, and every visibility.

#![deny(warnings, unsafe_op_in_unsafe_fn)]

use memofn::memoize;

/// # Safety
///
/// `n` is below 10.
#[memoize]
pub unsafe fn digit(n: u32) -> char {
    unsafe { char::from_u32_unchecked(u32::from('0') + n) }
}

#[memoize]
extern "C" fn square(n: u64) -> u64 {
    n * n
}

/// # Safety
///
/// None.
#[memoize(key = n)]
pub unsafe extern "C" fn cube(n: u64) -> u64 {
    n * n * n
}

#[memoize]
#[unsafe(no_mangle)]
pub extern "C" fn memofn_test_exported(n: u64) -> u64 {
    n + 1
}

mod a {
    pub(crate) mod b {
        use memofn::memoize;

        #[memoize]
        pub(crate) fn crates(n: u64) -> u64 {
            n
        }
        #[memoize]
        pub(in crate::a) fn paths(n: u64) -> u64 {
            n
        }
        #[memoize]
        pub(super) fn parents(n: u64) -> u64 {
            n
        }
        #[memoize]
        pub(self) fn own(n: u64) -> u64 {
            n
        }
        pub fn hits() -> u64 {
            (own(1), own(1));
            own::cache_info().hits
        }
    }
    pub fn hits() -> u64 {
        ((b::paths(1), b::paths(1)), (b::parents(1), b::parents(1)));
        b::paths::cache_info().hits + b::parents::cache_info().hits
    }
}

/// One `use` imports the function and its controls.
mod importer {
    use crate::a::b::crates;
    use crate::a::b::crates as renamed;

    pub fn hits() -> u64 {
        (crates(1), renamed(1));
        assert_eq!(renamed::cache_info().hits, 1);
        crates::cache_info().hits
    }
}

/// Types that are as private as the function.
mod private_types {
    use memofn::memoize;

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Private(u64);

    #[memoize]
    fn twice(n: Private) -> Private {
        Private(n.0 * 2)
    }

    pub fn six() -> u64 {
        twice(Private(3)).0
    }
}

fn main() {
    // SAFETY: 7 is below 10.
    assert_eq!(unsafe { (digit(7), digit(7), digit::uncached(7)) }, ('7', '7', '7'));
    assert_eq!(unsafe { digit::cache_refresh(7) }, '7');
    assert_eq!(digit::cache_info().hits, 1);
    let pointer: extern "C" fn(u64) -> u64 = square;
    assert_eq!((pointer(3), square(3)), (9, 9));
    assert_eq!(square::cache_info().hits, 1);
    let pointer: unsafe extern "C" fn(u64) -> u64 = cube;
    assert_eq!(unsafe { (pointer(3), cube(3)) }, (27, 27));
    assert_eq!((memofn_test_exported(3), memofn_test_exported(3)), (4, 4));
    assert_eq!((a::b::hits(), a::hits(), importer::hits()), (1, 2, 1));
    assert_eq!((private_types::six(), private_types::six()), (6, 6));
}
