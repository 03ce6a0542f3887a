//! The slot of a memoized function as its expansion sees it: a [`Site`] gives the cache, or the
//! [`CallSite`] of one call.
//!
//! This is where the types of keys and values come in, and where their bounds are checked.

use crate::cache::cache::Cache;
use crate::expand::bounds::shared::{CacheType, OfType, SharedCacheType};
use crate::expand::call_site::CallSite;
use crate::expand::copied::Copied;
use crate::expand::instances::{Instance, InstanceOf, OnlyInstance};
use crate::expand::options::Options;
use crate::expand::slot::{SharedSlot, SlotScope};
use crate::expand::thread_slot::ThreadSlot;
use crate::scope::scope::{Shared, Thread};
use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::thread::LocalKey;

/// Declares a [`SharedSlot`] and gives the [`site`] of one instantiation in it. The block keeps the name of the
/// static out of the user's way.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($name:literal, $options:ident, $instance:expr) => {{
        static __MEMOFN_SLOT: $crate::__private::SharedSlot =
            $crate::__private::SharedSlot::new($name);
        $crate::__private::site(&__MEMOFN_SLOT, $options, $instance)
    }};
}

/// [`__site`](crate::__site) with a [`ThreadSlot`] in each thread.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_site {
    ($name:literal, $options:ident, $instance:expr) => {{
        $crate::__private::std::thread_local! {
            static __MEMOFN_SLOT: $crate::__private::ThreadSlot =
                const { $crate::__private::ThreadSlot::new($name) };
        }
        $crate::__private::thread_site(&__MEMOFN_SLOT, $options, $instance)
    }};
}

/// Declares a [`TypedSlot`] and gives its [`OnlySite`].
///
/// A static cannot name type parameters of a function around it, so `$K` and `$V` are always the same types.
#[doc(hidden)]
#[macro_export]
macro_rules! __single {
    ($name:literal, $options:ident, $K:ty, $V:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::MaybeCopied as _;
        static __MEMOFN_SLOT: $crate::__private::TypedSlot<$K, $V> =
            $crate::__private::TypedSlot::new(
                $name,
                &$crate::__private::Copied::<$K, $V>::MEMOFN_KNOWN,
            );
        // A method of a trait in scope that takes `self` would be found before one of a reference.
        (&__MEMOFN_SLOT).with($options)
    }};
}

/// [`__single`](crate::__single) with a [`ThreadSlot`] in each thread. Only the macro of the standard library declares its
/// static. So that stands in a function, which cannot name type parameters of a function around it either.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_single {
    ($name:literal, $options:ident, $K:ty, $V:ty) => {{
        fn __memofn_single() -> $crate::__private::OnlySlot<$K, $V, $crate::__private::scope::Thread> {
            $crate::__private::std::thread_local! {
                static __MEMOFN_SLOT: $crate::__private::ThreadSlot =
                    const { $crate::__private::ThreadSlot::new($name) };
            }
            // SAFETY: the static is in this function, which is not generic, and names its types.
            unsafe { $crate::__private::OnlySlot::new(&__MEMOFN_SLOT) }
        }
        __memofn_single().with($options)
    }};
}

/// A slot as one instantiation of a function sees it, with the options for its cache.
///
/// `F` stands for the instantiation. For a function in a module it is the [instance](InstanceOf) of the companion
/// type. For any other function it is the instance of the closure that returns the options: Rust gives that closure a
/// type of its own for each set of generic arguments around it, also for those of an impl block or a trait
/// that the macro cannot see.
pub struct Site<F, S: SlotScope = Shared> {
    slot: &'static S::Slot,
    options: Options,
    instance: PhantomData<fn() -> F>,
}

impl<F, S: SlotScope> Site<F, S> {
    #[inline]
    fn new(slot: &'static S::Slot, options: Options) -> Self {
        Self { slot, options, instance: PhantomData }
    }
}

/// The site of an instantiation. The options are evaluated at its first use.
#[inline]
pub fn site<F>(
    slot: &'static SharedSlot,
    options: Options,
    _instance: InstanceOf<F>,
) -> Site<InstanceOf<F>> {
    Site::new(slot, options)
}

/// The site of an instantiation in each thread. The options are evaluated at its first use in a thread.
#[inline]
pub fn thread_site<F>(
    slot: &'static LocalKey<ThreadSlot>,
    options: Options,
    _instance: InstanceOf<F>,
) -> Site<InstanceOf<F>, Thread> {
    Site::new(slot, options)
}

/// The slot of a function that has exactly one cache, with keys `K` and values `V`. A call need not compare instances.
pub struct TypedSlot<K, V> {
    slot: SharedSlot,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> TypedSlot<K, V> {
    /// An empty slot for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str, copied: &Copied<K, V>) -> Self {
        Self { slot: SharedSlot::of(name, copied.are_copy), types: PhantomData }
    }

    /// Adds the options, which are evaluated at the first use.
    #[inline]
    #[must_use]
    pub fn with(&'static self, options: Options) -> OnlySite<K, V, Shared> {
        OnlySite { slot: &self.slot, options, types: PhantomData }
    }
}

/// A [`TypedSlot`] of any scope, whose types its maker guarantees.
pub struct OnlySlot<K, V, S: SlotScope> {
    slot: &'static S::Slot,
    types: PhantomData<fn() -> (K, V)>,
}

/// The slot of one cache, with the options for that.
pub struct OnlySite<K, V, S: SlotScope> {
    slot: &'static S::Slot,
    options: Options,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, S: SlotScope> OnlySlot<K, V, S> {
    /// # Safety
    ///
    /// Every other `OnlySlot` of this slot has the same types, and no [`Site`] is made of the slot.
    #[expect(unsafe_code, reason = "a slot has no types")]
    #[inline]
    #[must_use]
    pub const unsafe fn new(slot: &'static S::Slot) -> Self {
        Self { slot, types: PhantomData }
    }

    /// Adds the options, which are evaluated at the first use.
    #[inline]
    #[must_use]
    pub fn with(self, options: Options) -> OnlySite<K, V, S> {
        OnlySite { slot: self.slot, options, types: PhantomData }
    }
}

/// Defines the methods of the sites of one scope. `$kept` is the bound on keys and values there.
macro_rules! sites {
    ($scope:ty, $kept:ident, |$key:ident, $value:ident| $cache:ty) => {
        impl<F: Instance> Site<F, $scope> {
            /// The cache.
            pub fn cache<$key: $kept, $value: $kept>(self, key: $key, value: $value) -> $cache {
                self.call_site(key, value).cache()
            }

            /// [`cache`](Self::cache) for the type of this key.
            pub fn cache_for<$key: $kept, $value: $kept>(
                self,
                key: &$key,
                value: $value,
            ) -> $cache {
                self.call_site_for(key, value).cache()
            }

            /// [`cache`](Self::cache) for the type of the key that `key` returns. It does not call `key`.
            pub fn cache_by<A, $key: $kept, $value: $kept>(
                self,
                _key: impl FnOnce(A) -> $key,
                value: $value,
            ) -> $cache {
                self.cache(OfType::<$key::Type>::default(), value)
            }

            /// The call site of one call, for the type of the key that `key` returns. It does not call `key`.
            #[inline]
            pub fn call_site_by<A, $key: $kept, $value: $kept>(
                self,
                _key: impl FnOnce(A) -> $key,
                value: $value,
            ) -> CallSite<F, $key::Type, $value::Type, $scope> {
                self.call_site(OfType::<$key::Type>::default(), value)
            }

            /// The call site of one call.
            #[inline]
            pub fn call_site<$key: $kept, $value: $kept>(
                self,
                _key: $key,
                _value: $value,
            ) -> CallSite<F, $key::Type, $value::Type, $scope> {
                #[expect(unsafe_code, reason = "a slot has no types")]
                // SAFETY: `$kept` says that the types have no lifetimes, and in a slot of all threads that threads
                // can share them.
                unsafe {
                    CallSite::new(self.slot, self.options)
                }
            }

            /// [`call_site`](Self::call_site) for the type of this key.
            #[inline]
            pub fn call_site_for<$key: $kept, $value: $kept>(
                self,
                _key: &$key,
                value: $value,
            ) -> CallSite<F, $key::Type, $value::Type, $scope> {
                self.call_site(OfType::<$key::Type>::default(), value)
            }
        }

        impl<K: 'static, V: 'static> OnlySite<K, V, $scope> {
            /// The call site of one call.
            #[inline]
            pub fn call_site<$key: $kept<Type = K>, $value: $kept<Type = V>>(
                self,
                _key: $key,
                _value: $value,
            ) -> CallSite<OnlyInstance, K, V, $scope> {
                #[expect(unsafe_code, reason = "a slot has no types")]
                // SAFETY: as for a `Site`. The slot has no other instantiation: its type or its maker says so.
                unsafe {
                    CallSite::new(self.slot, self.options)
                }
            }
        }
    };
}
sites!(Shared, SharedCacheType, |Key, Value| &'static Cache<Key::Type, Value::Type>);
sites!(Thread, CacheType, |Key, Value| Cache<Key::Type, Value::Type, Thread>);

/// The name of a method in reports: `<type>::<name>`.
#[must_use]
pub fn method<T: ?Sized>(name: &str) -> String {
    [&in_written_functions(type_name::<T>()), "::", name].concat()
}

/// A path as the user has written it: an item inside of the body of `f` is in a function of the type that
/// [stands for](crate::expand::shared_controls::MemoizedFn) `f`.
fn in_written_functions(path: &str) -> String {
    const END: &str = "_function::uncached";
    let mut parts = path.split("__memofn_");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(END) {
            Some((name, rest)) => written.extend([name, rest]),
            None => written.extend(["__memofn_", part]),
        }
    }
    written
}

/// The path of a function in reports. Its companion type stands where the function does, also inside of another function,
/// but may have another name.
#[must_use]
pub fn function(companion: &str, name: &str) -> String {
    let mut depth = 0_usize;
    let mut before = ' ';
    // The arguments of the companion are left out, from the end: `->` in them ends no list.
    let mut signs = companion.char_indices().rev().peekable();
    let mut end = companion.len();
    while let Some((at, sign)) = signs.next() {
        let is_arrow = sign == '>' && signs.peek().is_some_and(|(_, next)| *next == '-');
        match sign {
            '>' if !is_arrow => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && before == ':' => {
                end = at;
                break;
            }
            _ => {}
        }
        before = sign;
    }
    [&in_written_functions(&companion[..end]), "::", name].concat()
}

/// The name of an instantiation or of a trait's method in reports: `<path as Trait>::name<u32>`.
#[must_use]
pub fn label(prefix: &str, path: &str, suffix: &str, parameters: &[&dyn fmt::Display]) -> String {
    let mut label = in_written_functions(&[prefix, path, suffix].concat());
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
    (F, S: SlotScope) Site Site<F, S>;
    (K, V) TypedSlot TypedSlot<K, V>;
    (K, V, S: SlotScope) OnlySlot OnlySlot<K, V, S>;
    (K, V, S: SlotScope) OnlySite OnlySite<K, V, S>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::builder::CacheBuilder;
    use crate::expand::bounds::shared::shared;

    fn of<F>(closure: &F, slot: &'static SharedSlot, options: Options) -> Site<InstanceOf<F>> {
        site(slot, options, InstanceOf::closure(closure))
    }

    fn cache_of<const N: usize>(slot: &'static SharedSlot) -> &'static Cache<usize, usize> {
        let options = || CacheBuilder::new().name(N.to_string());
        of(&options, slot, options).cache(shared::<usize, _>(), shared::<usize, _>())
    }

    macro_rules! caches {
        ($slot:expr, $($n:literal)*) => {[$(cache_of::<$n>($slot)),*]};
    }

    #[test]
    fn the_path_of_a_function_is_that_of_its_companion() {
        assert_eq!(function("a::square", "square"), "a::square");
        assert_eq!(function("a::outer::other_name", "square"), "a::outer::square");
        assert_eq!(function("a::f<b::C<u8>, fn(u8) -> d::E>", "f"), "a::f");
        assert_eq!(function("<a::T<u8> as a::Tr>::m::f<u8>", "f"), "<a::T<u8> as a::Tr>::m::f");
    }

    #[test]
    fn a_function_inside_of_another_one_is_named_as_it_is_written() {
        let inner = "a::__memofn_one_function::uncached::__memofn_two_function::uncached::f";
        assert_eq!(function(inner, "f"), "a::one::two::f");
        assert_eq!(in_written_functions("a::__memofn_else::T"), "a::__memofn_else::T");
    }

    #[test]
    fn each_instantiation_has_a_cache_of_its_own_and_finds_it_again() {
        static SLOT: SharedSlot = SharedSlot::new("f");
        let all = || caches!(&SLOT, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27);
        for (i, cache) in all().into_iter().enumerate() {
            cache.insert(0, i);
        }
        for (i, cache) in all().into_iter().enumerate() {
            assert_eq!(cache.peek(&0), Some(i));
        }
    }

    #[test]
    fn several_threads_add_instantiations() {
        static SLOT: SharedSlot = SharedSlot::new("f");
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
        fn cache(slot: &'static SharedSlot) -> &'static Cache<u8, u8> {
            let options = || CacheBuilder::new().unbounded();
            of(&options, slot, options).cache(shared::<u8, _>(), shared::<u8, _>())
        }
    }

    impl<T> Named<T> for &str {}

    #[test]
    fn generic_parameters_around_the_function_tell_instantiations_apart() {
        static SLOT: SharedSlot = SharedSlot::new("f");
        let (one, other) = (<&str as Named<u8>>::cache(&SLOT), <&str as Named<u16>>::cache(&SLOT));
        assert!(!std::ptr::eq(one, other));
    }

    #[test]
    fn types_that_differ_only_in_lifetimes_are_one_instantiation() {
        fn same<'a>(_: &'a str, slot: &'static SharedSlot) -> &'static Cache<u8, u8> {
            <&'a str as Named<u8>>::cache(slot)
        }
        static SLOT: SharedSlot = SharedSlot::new("f");
        let local = String::from("local");
        assert!(std::ptr::eq(same(&local, &SLOT), same("static", &SLOT)));
    }
}
