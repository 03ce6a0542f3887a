//! The versions of functions and items: what changes them, what they are made of, and who can name them.

use memofn::{memoize, versioned};

/// Two functions of one name, each in a module of its own.
macro_rules! versions_of {
    ($($name:ident: { $($item:tt)* })*) => {
        [$({
            #[allow(dead_code, unreachable_pub)]
            mod $name {
                #[allow(unused_imports)]
                use memofn::{memoize, versioned};
                $($item)*
            }
            $name::f::CACHE_VERSION
        }),*]
    };
}

fn all_equal(versions: &[u64]) -> bool {
    versions.windows(2).all(|pair| pair[0] == pair[1])
}

fn all_different(versions: &[u64]) -> bool {
    versions.iter().enumerate().all(|(i, version)| !versions[..i].contains(version))
}

#[test]
#[rustfmt::skip]
fn whitespace_and_comments_do_not_change_the_version() {
    let versions = versions_of! {
        a: {
            #[memoize(key = (n % 10, flag))]
            pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } }
        }
        b: {
            /// Documentation.
            #[memoize( key=( n%10,flag ) )]
            #[doc(alias = "g")]
            pub fn f( // a comment
                n : u64 ,
                flag:bool
            )->u64{
                /* another */ if flag
                { n } else { n+1 }
            }
        }
        c: {
            #[memoize(key = (n % 10, flag), maxsize = 3, ttl = "1h", name = "another")]
            pub(crate) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } }
        }
    };
    assert!(all_equal(&versions), "{versions:?}");
}

#[test]
#[rustfmt::skip]
fn each_changed_token_does() {
    let versions = versions_of! {
        a: { #[memoize] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
        body: { #[memoize] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 2 } } }
        sign: { #[memoize] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n - 1 } } }
        argument: { #[memoize] pub(super) fn f(n: u64, other: bool) -> u64 { if other { n } else { n + 1 } } }
        arguments: { #[memoize] pub(super) fn f(flag: bool, n: u64) -> u64 { if flag { n } else { n + 1 } } }
        result: { #[memoize] pub(super) fn f(n: u32, flag: bool) -> u32 { if flag { n } else { n + 1 } } }
        key: { #[memoize(key = (n, flag))] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
        skip: { #[memoize(skip(flag))] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
        stored: { #[memoize(cache_if = |n| *n > 1)] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
        attribute: { #[memoize] #[must_use] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
        marked: { #[versioned] pub(super) fn f(n: u64, flag: bool) -> u64 { if flag { n } else { n + 1 } } }
    };
    assert!(all_different(&versions), "{versions:?}");
}

#[test]
fn a_number_replaces_the_hash() {
    const NEXT: u64 = 6;

    #[memoize(version = 5)]
    fn five() -> u64 {
        1
    }

    #[memoize(version = NEXT + 1)]
    fn seven() -> u64 {
        1
    }

    #[memoize(version = auto)]
    fn automatic() -> u64 {
        1
    }

    #[versioned(8)]
    const EIGHT: u64 = 1;

    #[versioned(version = 9)]
    struct Nine;

    let _ = Nine;
    assert_eq!(five() + seven() + automatic() + EIGHT, 4);
    assert_eq!((five::CACHE_VERSION, seven::CACHE_VERSION), (5, 7));
    assert_eq!((EIGHT::CACHE_VERSION, Nine::CACHE_VERSION), (8, 9));
    assert!(all_different(&[automatic::CACHE_VERSION, 0, 1, 2]));
}

#[test]
#[rustfmt::skip]
fn a_version_has_those_of_its_dependencies_in_it() {
    let versions = versions_of! {
        none: { #[memoize] pub(super) fn f() -> u64 { 1 } }
        one: {
            #[memoize(version = 1)] fn g() -> u64 { 1 }
            #[memoize(depends(g))] pub(super) fn f() -> u64 { 1 }
        }
        changed: {
            #[memoize(version = 2)] fn g() -> u64 { 1 }
            #[memoize(depends(g))] pub(super) fn f() -> u64 { 1 }
        }
        dependency_of_dependency: {
            #[versioned(3)] const TABLE: u64 = 1;
            #[memoize(version = 1, depends(TABLE))] fn g() -> u64 { TABLE }
            #[memoize(depends(g))] pub(super) fn f() -> u64 { 1 }
        }
        two: {
            #[memoize(version = 1)] fn g() -> u64 { 1 }
            #[memoize(version = 2)] fn h() -> u64 { 1 }
            #[memoize(depends(g, h))] pub(super) fn f() -> u64 { 1 }
        }
        other_order: {
            #[memoize(version = 1)] fn g() -> u64 { 1 }
            #[memoize(version = 2)] fn h() -> u64 { 1 }
            #[memoize(depends(h, g))] pub(super) fn f() -> u64 { 1 }
        }
        with_a_number: {
            #[memoize(version = 1)] fn g() -> u64 { 1 }
            #[memoize(version = 1, depends(g))] pub(super) fn f() -> u64 { 1 }
        }
    };
    assert!(all_different(&versions), "{versions:?}");
    let again = versions_of! {
        moved: {
            mod inner { #[super::memoize(version = 1)] pub(super) fn g() -> u64 { 1 } }
            #[memoize(depends(inner::g))] pub(super) fn f() -> u64 { 1 }
        }
    };
    assert_eq!(again[0], versions[1]);
}

#[test]
#[rustfmt::skip]
fn small_numbers_that_are_raised_together_give_another_version() {
    let versions = versions_of! {
        a: { #[versioned(3)] const D: u64 = 1; #[memoize(version = 2, depends(D))] pub(super) fn f() -> u64 { D } }
        both: { #[versioned(5)] const D: u64 = 1; #[memoize(version = 4, depends(D))] pub(super) fn f() -> u64 { D } }
        swapped: { #[versioned(2)] const D: u64 = 1; #[memoize(version = 3, depends(D))] pub(super) fn f() -> u64 { D } }
    };
    assert!(all_different(&versions), "{versions:?}");
}

mod elsewhere {
    use memofn::versioned;

    #[versioned]
    pub(super) static NAMES: [&str; 2] = ["a", "b"];

    #[versioned]
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(super) struct Pair<T: Copy, const N: usize>(pub(super) [T; N])
    where
        T: PartialEq;

    #[versioned(depends(NAMES, Pair<u8, 2>))]
    pub(super) enum Kind {
        Small,
        Large(u8),
    }

    #[versioned]
    pub(super) union Bits {
        pub(super) number: u32,
        pub(super) bytes: [u8; 4],
    }

    #[versioned]
    pub(super) async fn later<T: Copy>(it: T) -> T {
        it
    }

    #[versioned]
    pub(super) const unsafe extern "C" fn native(it: u8) -> u8 {
        it
    }
}

#[test]
fn every_kind_of_item_has_a_version_and_stays_as_it_is() {
    use elsewhere::{Bits, Kind, NAMES, Pair, later, native};

    #[memoize(depends(
        NAMES, elsewhere::Pair::<u8, 2>, Kind, self::elsewhere::Bits, later, native, generic::<u32>, borrowing
    ))]
    fn f() -> u64 {
        1
    }

    assert_eq!(f(), 1);
    let versions = [
        NAMES::CACHE_VERSION,
        Pair::<u8, 2>::CACHE_VERSION,
        Kind::CACHE_VERSION,
        Bits::CACHE_VERSION,
        later::CACHE_VERSION,
        native::CACHE_VERSION,
        generic::<u32>::CACHE_VERSION,
        borrowing::CACHE_VERSION,
        f::CACHE_VERSION,
    ];
    assert!(all_different(&versions), "{versions:?}");
    let bits = Bits { number: 1 };
    assert_eq!(NAMES[0], "a");
    assert_eq!(Pair([1, 2]), Pair([1, 2]));
    assert!(matches!((Kind::Small, Kind::Large(1)), (Kind::Small, Kind::Large(1))));
    assert_eq!(unsafe { bits.bytes }, 1_u32.to_ne_bytes());
    assert_eq!(unsafe { native(3) }, 3);
    assert_eq!(futures::executor::block_on(later(4)), 4);
}

#[memoize]
fn generic<T: Into<u64> + std::hash::Hash + Eq + Clone + Send + Sync + 'static>(it: T) -> u64 {
    it.into()
}

#[memoize]
fn borrowing(text: &str, other: Option<&str>) -> usize {
    text.len() + other.map_or(0, str::len)
}

#[test]
fn a_generic_function_has_one_version_for_all_its_types() {
    assert_eq!((generic(1_u8), generic(1_u32)), (1, 1));
    assert_eq!(generic::<u8>::CACHE_VERSION, generic::<u32>::CACHE_VERSION);
}

#[test]
fn a_parameter_can_be_in_a_dependency() {
    #[memoize(depends(generic::<T>), skip(_seed))]
    fn twice<T: Into<u64> + std::hash::Hash + Eq + Clone + Send + Sync + 'static>(
        n: u64,
        _seed: T,
    ) -> u64 {
        2 * n
    }

    assert_eq!(twice(2, 1_u8), 4);
    assert_ne!(twice::<u8>::CACHE_VERSION, generic::<u8>::CACHE_VERSION);
}

#[test]
fn a_version_is_known_to_the_compiler_and_a_function_with_a_given_cache_has_one() {
    #[memoize(cache = CACHE, version = 3)]
    fn f(n: u64) -> u64 {
        n
    }

    static CACHE: std::sync::LazyLock<memofn::Cache<u64, u64>> =
        std::sync::LazyLock::new(|| memofn::Cache::new(8));
    const VERSION: u64 = f::CACHE_VERSION;
    assert_eq!((f(1), VERSION), (1, 3));
}

#[test]
fn versions_of_methods_are_accepted() {
    struct Client;

    impl Client {
        #[memoize(version = 2, depends(borrowing), skip(self))]
        fn size(&self, text: &str) -> usize {
            borrowing(text, None)
        }
    }

    assert_eq!(Client.size("abc"), 3);
}
