//! Memoized functions made by `macro_rules!`, from fragments of every kind.

use crate::check::{memoized, ran, remembered, runs};
use memofn::{Cache, memoize};
use std::time::Duration;

/// Every part of a function.
macro_rules! function {
    ($(#[$attr:meta])* $vis:vis $name:ident($($arg:ident: $ty:ty),*) -> $result:ty $body:block) => {
        $(#[$attr])*
        $vis fn $name($($arg: $ty),*) -> $result $body
    };
}

function!(#[memoize] pub(crate) added(a: u32, b: u32) -> u32 { ran(a + b) });
function!(#[memoize] joined(words: &[&str], x: f64) -> String { ran(format!("{words:?} {x}")) });
function!(#[memoize(skip(log))] logged(n: u32, log: &mut Vec<u32>) -> Result<u32, String> {
    log.push(n);
    ran(if n == 0 { Err("zero".to_owned()) } else { Ok(n) })
});
function!(#[memoize(key = text.len())] #[inline] keyed(text: &str) -> usize { ran(text.len()) });

#[test]
fn a_function_may_be_put_together_by_a_macro() {
    memoized!(added(1, 2) => 3);
    memoized!(joined(&["a"], 0.5) => "[\"a\"] 0.5".to_owned());
    memoized!(logged(1, &mut Vec::new()), found by (1) => Ok::<_, String>(1));
    for _ in 0..2 {
        runs!(1, logged(0, &mut Vec::new()) => Err::<(), _>("zero"));
    }
    memoized!(keyed("abc") => 3);
    let _: &Cache<(Vec<String>, memofn::Float<f64>), String> = joined::cache();
}

/// Options that are fragments.
macro_rules! with_options {
    ($name:ident, $size:expr, $ttl:literal, $label:literal, $by:expr, $if:expr) => {
        #[memoize(maxsize = $size, ttl = $ttl, name = $label, cache_if = $if)]
        fn $name(n: u32) -> u32 {
            ran(n * $by)
        }
    };
}

#[test]
fn options_may_be_fragments() {
    with_options!(five, 2 + 3, "1h", "five", 2 + 3, |n| *n > 0);

    memoized!(five(2) => 10);
    for _ in 0..2 {
        runs!(1, five(0) => 0);
    }
    let parameters = five::cache_parameters();
    assert_eq!((&*parameters.name, parameters.maxsize), ("five", Some(5)));
    assert_eq!(parameters.ttl, Some(Duration::from_secs(3600)));
}

/// Names of the macro beside names of its caller.
macro_rules! hygienic {
    ($name:ident, $n:ident, $body:expr) => {
        #[memoize]
        fn $name($n: u32, n: u32) -> u32 {
            ran($body + n)
        }
    };
}

#[test]
fn a_name_of_the_macro_is_not_that_of_its_caller() {
    hygienic!(both, n, n * 100);

    memoized!(both(1, 2) => 102);
    memoized!(both(2, 1) => 201);
}

/// Parameters that are fragments.
macro_rules! generic {
    ($name:ident<$($life:lifetime,)? $param:ident: $($bound:path)|+, const $n:ident: $of:ty>($arg:ident: $ty:ty) -> $result:ty $body:block) => {
        #[memoize]
        fn $name<$($life,)? $param: $($bound +)+ Clone + Eq + std::hash::Hash + 'static, const $n: $of>(
            $arg: $ty,
        ) -> $result $body
    };
}

#[test]
fn a_generic_function_may_be_put_together_by_a_macro() {
    generic!(longest<'a, T: Ord | Send | Sync, const N: usize>(items: &'a [T]) -> Option<T> {
        ran(items.iter().take(N).max().cloned())
    });

    memoized!(longest::<u32, 2>(&[1, 2, 3]) => Some(2));
    memoized!(longest::<u32, 3>(&[1, 2, 3]) => Some(3));
    memoized!(longest::<char, 3>(&['a']) => Some('a'));
}

/// A type with its methods.
macro_rules! newtype {
    ($vis:vis $name:ident($inner:ty), $method:ident($this:ident $(, $arg:ident: $arg_ty:ty)*) -> $result:ty $body:block) => {
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        $vis struct $name($inner);

        impl $name {
            #[memoize]
            fn $method(&$this $(, $arg: $arg_ty)*) -> $result $body
        }

        #[memoize(maxsize = 4)]
        impl $name {
            #[memoize]
            fn made(inner: $inner) -> Self {
                ran(Self(inner))
            }
        }

        #[memoize]
        impl From<$inner> for $name {
            #[memoize]
            fn from(inner: $inner) -> Self {
                ran(Self(inner))
            }
        }
    };
}

newtype!(pub(crate) Metres(u32), plus(self, by: u32) -> u32 { ran(self.0 + by) });
newtype!(Name(String), shout(self) -> String { ran(self.0.to_uppercase()) });

#[test]
fn impl_blocks_may_be_put_together_by_a_macro() {
    let (one, ada) = (Metres(1), Name("Ada".to_owned()));
    remembered(Metres::plus_cache(), &mut || one.plus(2), &mut || one.plus_uncached(2), &3);
    remembered(
        Name::shout_cache(),
        &mut || ada.shout(),
        &mut || ada.shout_uncached(),
        &"ADA".to_owned(),
    );
    remembered(
        Metres::made_cache(),
        &mut || Metres::made(1),
        &mut || Metres::made_uncached(1),
        &one,
    );
    remembered(
        Name::from_cache(),
        &mut || Name::from("Ada".to_owned()),
        &mut || Name::from_uncached("Ada".to_owned()),
        &ada,
    );
    runs!(1, Name::made("Ada".to_owned()) => ada);
    assert_eq!(Name::made_cache().parameters().maxsize, Some(4));
}

/// A trait for a list of types. The list gives the method of each implementation.
macro_rules! for_each_type {
    ($($ty:ty => $width:expr),+ $(,)?) => {$(
        #[memoize]
        impl Width for $ty {
            #[memoize]
            fn width(&self) -> u32 {
                ran($width)
            }
        }
    )+};
}

trait Width {
    fn width(&self) -> u32;
}

for_each_type!(u8 => u8::BITS, char => 32, Option<bool> => 1, (u8, u16) => 8 + 16, [u16; 3] => 3 * 16);

#[test]
fn a_trait_may_be_remembered_for_a_list_of_types() {
    remembered(u8::width_cache(), &mut || 1_u8.width(), &mut || 1_u8.width_uncached(), &8);
    remembered(char::width_cache(), &mut || 'a'.width(), &mut || 'a'.width_uncached(), &32);
    let it = Some(true);
    remembered(Option::width_cache(), &mut || it.width(), &mut || it.width_uncached(), &1);
    let it = (1_u8, 2_u16);
    remembered(<(u8, u16)>::width_cache(), &mut || it.width(), &mut || it.width_uncached(), &24);
    let it = [1_u16, 2, 3];
    remembered(<[u16; 3]>::width_cache(), &mut || it.width(), &mut || it.width_uncached(), &48);
}

/// A function in a function. The attribute comes from the macro and the text from the caller.
macro_rules! memoized_here {
    ($($item:tt)*) => {
        #[memoize]
        $($item)*
    };
}

#[test]
fn a_macro_may_pass_a_whole_item_on() {
    memoized_here! {
        /// Documented.
        #[must_use]
        fn inner(text: &str, n: u32) -> u32 {
            ran(u32::from(text.is_empty()) + n)
        }
    }
    macro_rules! item {
        ($item:item) => {
            $item
        };
    }
    item! {
        #[memoize]
        fn whole(n: u32) -> u32 {
            ran(n)
        }
    }
    macro_rules! typed {
        () => { u32 };
        ($($pat:pat => $name:ident)*) => {$(
            #[memoize]
            fn $name($pat: (u32, u32)) -> typed!() {
                ran(1)
            }
        )*};
    }
    typed!((_, 0 | _) => pattern (..) => rest);

    memoized!(inner("", 1) => 2);
    memoized!(whole(1) => 1);
    memoized!(pattern((1, 0)) => 1);
    memoized!(rest((1, 2)) => 1);
}
