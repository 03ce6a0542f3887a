//! Where the caches of a memoized function live.
//!
//! A static must name its type, and a macro cannot always do that: the type of a `key = ..`
//! expression is known to the compiler alone, and a generic function has a cache for each of its
//! instantiations but, as Rust has it, one static for all. So the static is a *slot*, which knows no
//! types, and holds caches of the types that the calls ask for. A *site* is the slot as one
//! instantiation sees it.

use crate::builder::CacheBuilder;
use crate::cache::Cache;
use crate::here::{Caches, Here, SharedHere, ThreadHere};
use crate::instances::Node;
use crate::kept::{Keeps, Kept, SharedKept};
use crate::scope::{Shared, Thread};
use crate::slots::ThreadSlot;
use std::any::type_name;
use std::borrow::Borrow;
use std::fmt;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::thread::LocalKey;

/// What a function's static holds: its caches for the whole process.
#[derive(Default)]
pub struct Slot(OnceLock<Node<Shared>>);

impl Slot {
    /// Without a cache yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }
}

/// The [`Site`] of an instantiation in a static that is a [`Slot`]. The static is in a block of its
/// own, where its name is in nobody's way.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($options:ident) => {{
        static SLOT: $crate::__private::Slot = $crate::__private::Slot::new();
        $crate::__private::site(&SLOT, $options)
    }};
}

/// The [`Site`] of an instantiation in a static that is a [`ThreadSlot`] in each thread.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_site {
    ($options:ident) => {{
        $crate::__private::std::thread_local! {
            static SLOT: $crate::__private::ThreadSlot =
                const { $crate::__private::ThreadSlot::new() };
        }
        $crate::__private::site(&SLOT, $options)
    }};
}

/// The place of the cache of one instantiation of a function: in a [`Slot`], or in each thread's own
/// [`ThreadSlot`].
///
/// The type of the closure that gives the options stands for the instantiation. It is another one for
/// each type and constant that the function around it is generic over, those of its impl block and
/// its trait included, which a macro does not always see.
pub struct Site<F, P: 'static = Slot> {
    place: &'static P,
    options: F,
}

/// The options of a function's caches.
pub trait Options: Fn() -> CacheBuilder + Copy {}

impl<F: Fn() -> CacheBuilder + Copy> Options for F {}

/// The place of an instantiation's cache, whose options are asked for at its first use (in each
/// thread).
#[inline]
#[must_use]
pub const fn site<F: Fn() -> CacheBuilder + Copy, P>(place: &'static P, options: F) -> Site<F, P> {
    Site { place, options }
}

impl<K, V> Caches<K, V> for Slot {
    type Scope = Shared;
    type Owned = Forever<K, V>;

    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[inline]
    unsafe fn lend<F, R>(&'static self, to: impl FnOnce(&Cache<K, V>) -> R) -> Option<R> {
        // SAFETY: by the condition of this.
        unsafe { Node::<Shared>::first::<F, _>(&self.0) }.map(to)
    }
}

/// A cache that is there as long as the process, where nothing is said of its types.
pub struct Forever<K, V>(NonNull<Cache<K, V>>);

impl<K, V> Borrow<Cache<K, V>> for Forever<K, V> {
    fn borrow(&self) -> &Cache<K, V> {
        #[expect(unsafe_code, reason = "a reference says of its types how long they live")]
        // SAFETY: it was made of a reference to a cache that lives forever.
        unsafe {
            self.0.as_ref()
        }
    }
}

impl Slot {
    /// The cache of the instantiation that `F` stands for.
    fn cache<F: Options, K, V>(&'static self, options: F) -> &'static Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        Node::<Shared>::find::<F, _>(&self.0, || options().build())
    }

    fn own<F: Options, K, V>(&'static self, options: F) -> Forever<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        Forever(NonNull::from(self.cache(options)))
    }
}

impl<F: Options, K, V> SharedHere<F, K, V> {
    /// The cache.
    pub fn cache(&self) -> &'static Cache<K, V> {
        #[expect(unsafe_code, reason = "a reference says of its types how long they live")]
        // SAFETY: it was made of a reference to a cache that lives forever.
        unsafe {
            self.own().0.as_ref()
        }
    }
}

impl<F: Options, K, V> ThreadHere<F, K, V> {
    /// The cache.
    pub fn cache(&self) -> Cache<K, V, Thread> {
        self.own()
    }
}

/// The methods of a site in places of one kind, for what is [`kept`](crate::kept) there.
macro_rules! site {
    ($place:ty, $kept:ident, $own:expr, |$key:ident, $value:ident| $cache:ty) => {
        impl<F: Options> Site<F, $place> {
            /// The cache.
            pub fn cache<$key: $kept, $value: $kept>(self, key: $key, value: $value) -> $cache {
                self.here(key, value).cache()
            }

            /// [`cache`](Self::cache), for the type of a key.
            pub fn cache_for<$key: $kept, $value: $kept>(
                self,
                key: &$key,
                value: $value,
            ) -> $cache {
                self.here_for(key, value).cache()
            }

            /// [`cache`](Self::cache), for the type of the key that `key` returns. Does not call it.
            pub fn cache_by<A, $key: $kept, $value: $kept>(
                self,
                _key: impl FnOnce(A) -> $key,
                value: $value,
            ) -> $cache {
                self.cache(Keeps::<$key::Type>::default(), value)
            }

            /// [`cache`](Self::cache), for one call.
            #[inline]
            pub fn here<$key: $kept, $value: $kept>(
                self,
                _key: $key,
                _value: $value,
            ) -> Here<F, $place, $key::Type, $value::Type> {
                #[expect(unsafe_code, reason = "what is kept has no type")]
                // SAFETY: what is kept is of types without lifetimes, which threads can share where
                // they do.
                unsafe {
                    Here::new(self.place, self.options, $own)
                }
            }

            /// [`here`](Self::here), for the type of a key.
            #[inline]
            pub fn here_for<$key: $kept, $value: $kept>(
                self,
                _key: &$key,
                value: $value,
            ) -> Here<F, $place, $key::Type, $value::Type> {
                self.here(Keeps::<$key::Type>::default(), value)
            }
        }
    };
}
site!(Slot, SharedKept, Slot::own, |K, V| &'static Cache<K::Type, V::Type>);
site!(LocalKey<ThreadSlot>, Kept, ThreadSlot::own, |K, V| Cache<K::Type, V::Type, Thread>);

/// The name in reports of a method: `<type>::<name>`.
#[must_use]
pub fn method<T: ?Sized>(name: &str) -> String {
    [type_name::<T>(), "::", name].concat()
}

/// The name in reports of an instantiation, or of a trait's method: `<path as Trait>::name<u32>`.
#[must_use]
pub fn label(prefix: &str, path: &str, suffix: &str, parameters: &[&dyn fmt::Display]) -> String {
    let mut label = [prefix, path, suffix].concat();
    if !parameters.is_empty() {
        let parameters: Vec<_> = parameters.iter().map(ToString::to_string).collect();
        label.extend(["<", &parameters.join(", "), ">"]);
    }
    label
}

macro_rules! opaque {
    ($(($($generics:tt)*) $name:ident $type:ty;)*) => {$(
        impl<$($generics)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
opaque! {
    () Slot Slot;
    (F, P) Site Site<F, P>;
    (K, V) Forever Forever<K, V>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::kept;

    fn cache_of<const N: usize>(slot: &'static Slot) -> &'static Cache<usize, usize> {
        site(slot, || CacheBuilder::new().name(N.to_string()))
            .cache(kept::<usize, _>(), kept::<usize, _>())
    }

    macro_rules! caches {
        ($slot:expr, $($n:literal)*) => {[$(cache_of::<$n>($slot)),*]};
    }

    #[test]
    fn each_instantiation_has_a_cache_of_its_own_and_finds_it_again() {
        static SLOT: Slot = Slot::new();
        let all = || caches!(&SLOT, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27);
        for (i, cache) in all().into_iter().enumerate() {
            cache.insert(0, i);
        }
        for (i, cache) in all().into_iter().enumerate() {
            assert_eq!(cache.peek(&0), Some(i));
        }
    }

    #[test]
    fn instantiations_are_added_by_several_threads() {
        static SLOT: Slot = Slot::new();
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    for (i, cache) in caches!(&SLOT, 0 1 2 3 4 5 6 7).into_iter().enumerate() {
                        assert_eq!(cache.get_or_compute(0, || i), i);
                    }
                });
            }
        });
        let misses: u64 = caches!(&SLOT, 0 1 2 3 4 5 6 7).iter().map(|c| c.info().misses).sum();
        assert_eq!(misses, 8);
    }

    trait Named<T> {
        fn cache(slot: &'static Slot) -> &'static Cache<u8, u8> {
            site(slot, || CacheBuilder::new().unbounded()).cache(kept::<u8, _>(), kept::<u8, _>())
        }
    }

    impl<T> Named<T> for &str {}

    #[test]
    fn whatever_is_around_the_function_tells_instantiations_apart() {
        static SLOT: Slot = Slot::new();
        let (one, other) = (<&str as Named<u8>>::cache(&SLOT), <&str as Named<u16>>::cache(&SLOT));
        assert!(!std::ptr::eq(one, other));
    }

    #[test]
    fn types_that_differ_in_lifetimes_alone_are_one_instantiation() {
        fn same<'a>(_: &'a str, slot: &'static Slot) -> &'static Cache<u8, u8> {
            <&'a str as Named<u8>>::cache(slot)
        }
        static SLOT: Slot = Slot::new();
        let local = String::from("local");
        assert!(std::ptr::eq(same(&local, &SLOT), same("static", &SLOT)));
    }
}
