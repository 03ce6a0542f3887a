//! Functions that have the names of items and calls in an expansion.

use ::memofn::memoize;

macro_rules! memoized {
    ($($name:ident)*) => {$(
        #[memoize(maxsize = 10)]
        fn $name(n: u64) -> u64 {
            n * 2
        }
    )*};
}

memoized! {
    uncached cache enter cache_info cache_clear cache_peek lookup policy key result run finish leaf
    parts nested kept filtered std core memofn site main_ arg0 some none
}

#[memoize]
#[allow(non_snake_case)]
fn SITE(n: u64) -> u64 {
    n * 2
}

fn main() {
    macro_rules! check {
        ($($name:ident)*) => {$(
            assert_eq!(($name(3), $name(3)), (6, 6));
            assert_eq!($name::cache_info().hits, 1);
            assert_eq!($name::uncached(4), 8);
            assert_eq!($name::cache().len(), 1);
        )*};
    }
    check! {
        uncached cache enter cache_info cache_clear cache_peek lookup policy key result run finish
        leaf parts nested kept filtered site main_ arg0 some none SITE
    }
    // A function and its controls share a name. Here `std::` and `core::` are the controls.
    assert_eq!((std(3), core(3), self::memofn(3)), (6, 6, 6));
}
