//! Where the caches of a memoized function live.
//!
//! A static must name its type, and a macro cannot always do that: the type of a `key = ..`
//! expression is known to the compiler alone, and a generic function has a cache for each of its
//! instantiations but, as Rust has it, one static for all. So the static is a *slot*, which knows no
//! types, and holds caches of the types that the calls ask for. A *site* is the slot as one
//! instantiation sees it.

use crate::base::sync;
use crate::cache::builder::CacheBuilder;
use crate::cache::cache::Cache;
use crate::expand::bounds::shared::{CacheType, OfType, SharedCacheType};
use crate::expand::call_site::{Here, Places};
use crate::expand::instances::{Instance, Node, Of, Only};
use crate::expand::thread_slot::ThreadSlot;
use crate::scope::scope::{Shared, Thread};
use std::any::{TypeId, type_name};
use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::thread::LocalKey;

/// What a function's static holds: its caches for the whole process.
pub struct Slot {
    name: &'static str,
    caches: OnceLock<Node<Shared>>,
}

impl Slot {
    /// Without a cache yet, for the function of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, caches: OnceLock::new() }
    }
}

/// The [`site`] of an instantiation in a static that is a [`Slot`]. The static is in a block of its own,
/// where its name is in nobody's way.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($name:literal, $options:ident, $instance:expr) => {{
        static SLOT: $crate::__private::Slot = $crate::__private::Slot::new($name);
        $crate::__private::site(&SLOT, $options, $instance)
    }};
}

/// The [`thread_site`] of an instantiation in a static that is a [`ThreadSlot`] in each thread.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_site {
    ($name:literal, $options:ident, $instance:expr) => {{
        $crate::__private::std::thread_local! {
            static SLOT: $crate::__private::ThreadSlot =
                const { $crate::__private::ThreadSlot::new($name) };
        }
        $crate::__private::thread_site(&SLOT, $options, $instance)
    }};
}

/// The [`Single`] of a static that is a [`Slot`].
///
/// What makes it is a function of its own, which cannot name the parameters of one around it: so the compiler
/// sees to it that the types are the same whenever the static is asked for.
#[doc(hidden)]
#[macro_export]
macro_rules! __single {
    ($name:literal, $options:ident, $K:ty, $V:ty) => {{
        fn single() -> $crate::__private::Single<$K, $V, $crate::__private::scope::Shared> {
            static SLOT: $crate::__private::Slot = $crate::__private::Slot::new($name);
            // SAFETY: the static is in this function, which is not generic, and names its types.
            unsafe { $crate::__private::Single::new(&SLOT) }
        }
        single().with($options)
    }};
}

/// The same, of a static that is a [`ThreadSlot`] in each thread.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_single {
    ($name:literal, $options:ident, $K:ty, $V:ty) => {{
        fn single() -> $crate::__private::Single<$K, $V, $crate::__private::scope::Thread> {
            $crate::__private::std::thread_local! {
                static SLOT: $crate::__private::ThreadSlot =
                    const { $crate::__private::ThreadSlot::new($name) };
            }
            // SAFETY: as of a static for all threads.
            unsafe { $crate::__private::Single::new(&SLOT) }
        }
        single().with($options)
    }};
}

/// The place of the cache of one instantiation of a function: in a [`Slot`], or in each thread's own
/// [`ThreadSlot`].
///
/// `F` stands for the instantiation. Where there are others, it is [that](crate::expand::instances::Of) of the
/// companion type, for a function in a module. For any other function it is that of the closure that gives
/// the options, whose type is another one for each type and constant that the function around it is
/// generic over, those of its impl block and its trait included, which a macro does not always see.
pub struct Site<F, S: Places = Shared> {
    place: &'static S::Place,
    options: Options,
    instance: PhantomData<fn() -> F>,
}

/// The place of the cache of a function that has but one, of keys `K` and values `V`.
pub struct Single<K, V, S: Places> {
    place: &'static S::Place,
    types: PhantomData<fn() -> (K, V)>,
}

/// A [`Single`] with its options.
pub struct OptedSingle<K, V, S: Places> {
    place: &'static S::Place,
    options: Options,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V, S: Places> Single<K, V, S> {
    /// # Safety
    ///
    /// Whoever else makes one of this place makes it of the same types, and nobody makes a [`Site`] of it.
    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[inline]
    #[must_use]
    pub const unsafe fn new(place: &'static S::Place) -> Self {
        Self { place, types: PhantomData }
    }

    /// The same, with the options that are asked for at the first use.
    #[inline]
    #[must_use]
    pub fn with(self, options: Options) -> OptedSingle<K, V, S> {
        OptedSingle { place: self.place, options, types: PhantomData }
    }
}

/// Gives the options of a function's caches. It is code of users.
pub(crate) type Options = fn() -> CacheBuilder;

sync::thread_local! {
    /// The caches whose options the thread evaluates, each from within the one before.
    static EVALUATED: RefCell<Vec<(usize, TypeId)>> = const { RefCell::new(Vec::new()) };
}

/// Options that are being evaluated.
struct Evaluation;

impl Drop for Evaluation {
    fn drop(&mut self) {
        let _ = EVALUATED.try_with(|evaluated| evaluated.borrow_mut().pop());
    }
}

/// Evaluates the options of a cache, which is that of an instance in the slot at this address.
pub(crate) fn evaluate(
    options: Options,
    function: &str,
    slot: usize,
    instance: TypeId,
) -> CacheBuilder {
    let cache = (slot, instance);
    let begin = |evaluated: &RefCell<Vec<_>>| {
        let mut evaluated = evaluated.borrow_mut();
        let is_new = !evaluated.contains(&cache);
        if is_new {
            evaluated.push(cache);
        }
        is_new
    };
    // The thread may be about to end.
    let Ok(is_new) = EVALUATED.try_with(begin) else { return options() };
    assert!(is_new, "the options of `{function}` call `{function}`: its cache is made of them");
    let _evaluation = Evaluation;
    options()
}

impl<F, S: Places> Site<F, S> {
    #[inline]
    fn new(place: &'static S::Place, options: Options) -> Self {
        Self { place, options, instance: PhantomData }
    }
}

/// The place of an instantiation's cache, whose options are asked for at its first use.
#[inline]
pub fn site<F>(place: &'static Slot, options: Options, _instance: Of<F>) -> Site<Of<F>> {
    Site::new(place, options)
}

/// The place of an instantiation's cache in each thread, whose options are asked for at its first use there.
#[inline]
pub fn thread_site<F>(
    place: &'static LocalKey<ThreadSlot>,
    options: Options,
    _instance: Of<F>,
) -> Site<Of<F>, Thread> {
    Site::new(place, options)
}

impl Places for Shared {
    type Place = Slot;
    type Owned<K, V> = Forever<K, V>;

    #[expect(unsafe_code, reason = "what is kept has no type")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn lend<'c, F: Instance, K, V>(place: &'static Slot) -> Option<&'c Cache<K, V>> {
        // SAFETY: by the condition of this.
        unsafe { Node::<Self>::first::<F, _>(&place.caches) }
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
    fn cache<F: Instance, K, V>(&'static self, options: Options) -> &'static Cache<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        Node::<Shared>::find::<F, _>(&self.caches, self.name, options, CacheBuilder::build)
    }

    fn own<F: Instance, K, V>(&'static self, options: Options) -> Forever<K, V>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        Forever(NonNull::from(self.cache::<F, _, _>(options)))
    }
}

impl<F: Instance, K, V> Here<F, K, V, Shared> {
    /// The cache.
    #[must_use]
    pub fn cache(self) -> &'static Cache<K, V> {
        #[expect(unsafe_code, reason = "a reference says of its types how long they live")]
        // SAFETY: it was made of a reference to a cache that lives forever.
        unsafe {
            self.own().0.as_ref()
        }
    }
}

impl<F: Instance, K, V> Here<F, K, V, Thread> {
    /// The cache.
    #[must_use]
    pub fn cache(self) -> Cache<K, V, Thread> {
        self.own().into_cache()
    }
}

/// The methods of a site in places of one kind, for what is [held](crate::expand::bounds::shared) there.
macro_rules! site {
    ($scope:ty, $kept:ident, $own:expr, $own_single:expr, |$key:ident, $value:ident| $cache:ty) => {
        impl<F: Instance> Site<F, $scope> {
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
                self.cache(OfType::<$key::Type>::default(), value)
            }

            /// [`cache`](Self::cache), for one call.
            #[inline]
            pub fn here<$key: $kept, $value: $kept>(
                self,
                _key: $key,
                _value: $value,
            ) -> Here<F, $key::Type, $value::Type, $scope> {
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
            ) -> Here<F, $key::Type, $value::Type, $scope> {
                self.here(OfType::<$key::Type>::default(), value)
            }
        }

        impl<K: 'static, V: 'static> OptedSingle<K, V, $scope> {
            /// The cache, for one call.
            #[inline]
            pub fn here<$key: $kept<Type = K>, $value: $kept<Type = V>>(
                self,
                _key: $key,
                _value: $value,
            ) -> Here<Only, K, V, $scope> {
                #[expect(unsafe_code, reason = "what is kept has no type")]
                // SAFETY: as of a site; and the place has no other instantiation, as was promised when this
                // was made.
                unsafe {
                    Here::new(self.place, self.options, $own_single)
                }
            }
        }
    };
}
site!(Shared, SharedCacheType, Slot::own::<F, _, _>, Slot::own::<Only, _, _>, |Key, Value| &'static Cache<Key::Type, Value::Type>);
site!(Thread, CacheType, ThreadSlot::own::<F, _, _>, ThreadSlot::own::<Only, _, _>, |Key, Value| Cache<Key::Type, Value::Type, Thread>);

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
    (F, S: Places) Site Site<F, S>;
    (K, V, S: Places) Single Single<K, V, S>;
    (K, V, S: Places) OptedSingle OptedSingle<K, V, S>;
    (K, V) Forever Forever<K, V>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::bounds::shared::shared_type;

    fn of<F>(closure: &F, slot: &'static Slot, options: Options) -> Site<Of<F>> {
        site(slot, options, Of::closure(closure))
    }

    fn cache_of<const N: usize>(slot: &'static Slot) -> &'static Cache<usize, usize> {
        let options = || CacheBuilder::new().name(N.to_string());
        of(&options, slot, options).cache(shared_type::<usize, _>(), shared_type::<usize, _>())
    }

    macro_rules! caches {
        ($slot:expr, $($n:literal)*) => {[$(cache_of::<$n>($slot)),*]};
    }

    #[test]
    fn each_instantiation_has_a_cache_of_its_own_and_finds_it_again() {
        static SLOT: Slot = Slot::new("f");
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
        static SLOT: Slot = Slot::new("f");
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
            let options = || CacheBuilder::new().unbounded();
            of(&options, slot, options).cache(shared_type::<u8, _>(), shared_type::<u8, _>())
        }
    }

    impl<T> Named<T> for &str {}

    #[test]
    fn whatever_is_around_the_function_tells_instantiations_apart() {
        static SLOT: Slot = Slot::new("f");
        let (one, other) = (<&str as Named<u8>>::cache(&SLOT), <&str as Named<u16>>::cache(&SLOT));
        assert!(!std::ptr::eq(one, other));
    }

    #[test]
    fn types_that_differ_in_lifetimes_alone_are_one_instantiation() {
        fn same<'a>(_: &'a str, slot: &'static Slot) -> &'static Cache<u8, u8> {
            <&'a str as Named<u8>>::cache(slot)
        }
        static SLOT: Slot = Slot::new("f");
        let local = String::from("local");
        assert!(std::ptr::eq(same(&local, &SLOT), same("static", &SLOT)));
    }
}
