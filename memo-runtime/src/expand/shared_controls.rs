//! The controls of most functions, as generic types. Their functions are checked here once, and not in the user's crate
//! for each memoized function.
//!
//! ```text
//! pub type fib = Controls<Marker, (OwnedArg<u64>,), u64>; // fib::cache_peek(n)
//! ```
//!
//! They are for a function in a module that has one cache in all, shared by all threads, whose key is all of its
//! arguments, and whose arguments are owned or behind one `&`. The others have [their own](crate::expand::companion).
//!
//! The types of the function are arguments of the type, and not associated types: a public function may have a private
//! type in its signature, and an associated type of a public type may not.

use crate::cache::cache::Cache;
use crate::call::cache_call::{CacheCall, Start};
use crate::call::call::Ask;
use crate::call::result_policy::Policy;
use crate::expand::call_site::CallSite;
use crate::expand::controls::observe_async;
use crate::expand::instances::OnlyInstance;
use crate::key::lookup::Lookup;
use crate::scope::scope::Shared;
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// An argument of the type `T`.
#[derive(Debug)]
pub struct OwnedArg<T>(PhantomData<T>);

/// An argument of the type `&T`.
#[derive(Debug)]
pub struct BorrowedArg<T: ?Sized>(PhantomData<T>);

/// An argument, or the tuple of all arguments, for each lifetime that it may have.
pub trait Argument {
    /// The argument of a call.
    type Of<'a>;
    /// A reference to it.
    type Lent<'q>;
    #[doc(hidden)]
    fn lend<'q>(argument: &'q Self::Of<'_>) -> Self::Lent<'q>;
}

impl<T: 'static> Argument for OwnedArg<T> {
    type Of<'a> = T;
    type Lent<'q> = &'q T;
    #[inline]
    fn lend<'q>(argument: &'q Self::Of<'_>) -> &'q T {
        argument
    }
}

impl<T: ?Sized + 'static> Argument for BorrowedArg<T> {
    type Of<'a> = &'a T;
    type Lent<'q> = &'q &'q T;
    #[inline]
    fn lend<'q>(argument: &'q Self::Of<'_>) -> &'q &'q T {
        argument
    }
}

/// The controls of a memoized function that is not async: its functions ask for the cache, and no value has this type.
///
/// `M` stands for the function, `A` is the tuple of its arguments, and `R` is what it returns. There is a block of functions
/// below for each number of arguments.
///
/// ```
/// use memofn::memoize;
///
/// #[memoize]
/// fn area(width: u64, label: &str) -> u64 {
///     width * label.len() as u64
/// }
///
/// area(2, "ab");
/// assert_eq!(area::cache_peek(2, "ab"), Some(4));
/// assert_eq!(area::cache_info().misses, 1);
/// assert_eq!(area::uncached(3, "ab"), 6);
/// ```
pub struct Controls<M, A, R>(PhantomData<(M, A, R)>);

/// The [controls](Controls) of a memoized function that is async. Those that run its body are async as well.
pub struct AsyncControls<M, A, R>(PhantomData<(M, A, R)>);

/// The types of a function, by the type of its controls.
pub trait Types {
    /// Its arguments.
    type Of<'a>;
    /// References to its arguments.
    type Lent<'q>;
    /// Its result.
    type Result;
    #[doc(hidden)]
    fn lend<'q>(arguments: &'q Self::Of<'_>) -> Self::Lent<'q>;
}

/// The result of a function with these controls.
pub type ResultOf<C> = <C as Types>::Result;
/// An argument that ties a lifetime to a function. Otherwise a function that returns `impl Trait` has the lifetime twice, and
/// for a future that holds such a value the compiler cannot tell that both are one: it would not be `Send`.
pub type Lifetime<'a> = PhantomData<&'a ()>;
type LentTo<'q, C> = <C as Types>::Lent<'q>;
type GivenTo<'a, C> = <C as Types>::Of<'a>;

/// A memoized function that is not async, with the controls `C`.
pub trait MemoizedFn<C: Types> {
    /// The key of its cache.
    type Key: 'static;
    /// The value that its cache holds.
    type Stored: 'static;
    /// The version of the code.
    const CACHE_VERSION: u64;
    #[doc(hidden)]
    fn call_site() -> CallSite<OnlyInstance, Self::Key, Self::Stored, Shared>;
    #[doc(hidden)]
    fn lookup<'q>(arguments: LentTo<'q, C>, lifetime: Lifetime<'q>)
    -> impl Lookup<Key = Self::Key>;
    #[doc(hidden)]
    fn policy() -> impl Policy<C::Result, Stored = Self::Stored>;
    #[doc(hidden)]
    fn uncached(arguments: GivenTo<'_, C>) -> C::Result;
}

/// A memoized function that is async, with the controls `C`.
pub trait MemoizedAsyncFn<C: Types> {
    /// The key of its cache.
    type Key: 'static;
    /// The value that its cache holds.
    type Stored: 'static;
    /// The version of the code.
    const CACHE_VERSION: u64;
    #[doc(hidden)]
    fn call_site() -> CallSite<OnlyInstance, Self::Key, Self::Stored, Shared>;
    #[doc(hidden)]
    fn lookup<'q>(arguments: LentTo<'q, C>, lifetime: Lifetime<'q>)
    -> impl Lookup<Key = Self::Key>;
    #[doc(hidden)]
    fn policy() -> impl Policy<C::Result, Stored = Self::Stored>;
    #[doc(hidden)]
    fn uncached<'a>(
        arguments: GivenTo<'a, C>,
        lifetime: Lifetime<'a>,
    ) -> impl Future<Output = C::Result>;
}

macro_rules! whole_cache_controls {
    ($Controls:ident $Memoized:ident) => {
        impl<M, A, R> fmt::Debug for $Controls<M, A, R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($Controls))
            }
        }

        impl<M, A: Argument, R> Types for $Controls<M, A, R> {
            type Of<'a> = A::Of<'a>;
            type Lent<'q> = A::Lent<'q>;
            type Result = R;
            #[inline]
            fn lend<'q>(arguments: &'q Self::Of<'_>) -> Self::Lent<'q> {
                A::lend(arguments)
            }
        }

        impl<M: $Memoized<Self>, A: Argument, R> $Controls<M, A, R> {
            /// The version of the code. Results that a tier keeps of other versions do not answer.
            pub const CACHE_VERSION: u64 = M::CACHE_VERSION;

            /// The cache itself.
            #[must_use]
            pub fn cache() -> &'static Cache<M::Key, M::Stored> {
                M::call_site().cache()
            }
            $crate::__controls_of_cache! {
                [pub] CallSite [M::call_site()] cache_info cache_clear cache_enable cache_parameters
            }
        }
    };
}
whole_cache_controls!(Controls MemoizedFn);
whole_cache_controls!(AsyncControls MemoizedAsyncFn);

/// Runs the body of a call or a refresh, or does without.
#[inline]
fn run<C: Types, M: MemoizedFn<C>>(
    start: Start,
    arguments: GivenTo<'_, C>,
) -> CacheCall<C::Result> {
    let lookup = M::lookup(C::lend(&arguments), PhantomData);
    let run = match M::call_site().observe(start, lookup, M::policy()) {
        ControlFlow::Break(call) => return call,
        ControlFlow::Continue(run) => run,
    };
    run.finish_call(M::uncached(arguments))
}

/// [`run`], for an async function.
async fn run_async<C: Types, M: MemoizedAsyncFn<C>>(
    start: Start,
    arguments: GivenTo<'_, C>,
) -> CacheCall<C::Result> {
    let cache = M::call_site().own();
    let lookup = M::lookup(C::lend(&arguments), PhantomData);
    let run = match observe_async(&cache, start, lookup, M::policy()).await {
        ControlFlow::Break(call) => return call,
        ControlFlow::Continue(run) => run,
    };
    run.drive_call(M::uncached(arguments, PhantomData)).await
}

macro_rules! controls {
    ($(($($A:ident $a:ident)*))*) => {$(
        impl<$($A: Argument),*> Argument for ($($A,)*) {
            type Of<'a> = ($($A::Of<'a>,)*);
            type Lent<'q> = ($($A::Lent<'q>,)*);
            #[inline]
            #[allow(clippy::unused_unit, reason = "for any number of arguments")]
            fn lend<'q>(($($a,)*): &'q Self::Of<'_>) -> Self::Lent<'q> {
                ($($A::lend($a),)*)
            }
        }

        #[allow(clippy::elidable_lifetime_names, clippy::extra_unused_lifetimes, reason = "for any number of arguments")]
        impl<M: MemoizedFn<Self>, $($A: Argument,)* R>
            Controls<M, ($($A,)*), R>
        {
            /// The function itself: runs its body and leaves the cache alone.
            #[inline]
            pub fn uncached<'a>($($a: $A::Of<'a>),*) -> R {
                M::uncached(($($a,)*))
            }
            $crate::__controls_that_ask! {
                [pub] [<'a>] [] [$($a: $A::Of<'a>),*] [$($a),*] [R] what {
                    let lookup = M::lookup(($($A::lend(&$a),)*), PhantomData);
                    M::call_site().ask(what, lookup, &M::policy())
                }
                cache_peek cache_remove cache_expire
            }
            /// Stores a result as if it had been computed now.
            #[inline]
            pub fn cache_insert<'a>($($a: $A::Of<'a>,)* result: R) {
                Self::ask(Ask::Insert(result), $($a),*);
            }
            $crate::__controls_that_run! {
                [pub] [] [] [<'a>] [] [$($a: $A::Of<'a>),*] [$($a),*] [R] []
                start { run::<Self, M>(start, ($($a,)*)) } cache_refresh cache_call
            }
        }

        #[allow(clippy::elidable_lifetime_names, clippy::extra_unused_lifetimes, reason = "for any number of arguments")]
        impl<M: MemoizedAsyncFn<Self>, $($A: Argument,)* R>
            AsyncControls<M, ($($A,)*), R>
        {
            /// The function itself: runs its body and leaves the cache alone.
            #[inline]
            pub fn uncached<'a>($($a: $A::Of<'a>),*) -> impl Future<Output = R> {
                M::uncached(($($a,)*), PhantomData)
            }
            $crate::__controls_that_ask! {
                [pub] [<'a>] [] [$($a: $A::Of<'a>),*] [$($a),*] [R] what {
                    let lookup = M::lookup(($($A::lend(&$a),)*), PhantomData);
                    M::call_site().ask(what, lookup, &M::policy())
                }
                cache_peek cache_remove cache_expire
            }
            /// Stores a result as if it had been computed now.
            #[inline]
            pub fn cache_insert<'a>($($a: $A::Of<'a>,)* result: R) {
                Self::ask(Ask::Insert(result), $($a),*);
            }
            /// Runs the body now and stores its result.
            pub fn cache_refresh<'a>($($a: $A::Of<'a>),*) -> impl Future<Output = R> {
                $crate::expand::controls::value_of(
                    run_async::<Self, M>(Start::Anew, ($($a,)*))
                )
            }
            /// Calls the function, and says how the call was answered.
            pub fn cache_call<'a>($($a: $A::Of<'a>),*) -> impl Future<Output = CacheCall<R>> {
                run_async::<Self, M>(Start::IfAbsent, ($($a,)*))
            }
        }
    )*};
}
// On one line: the compiler quotes it where it explains a control with wrong arguments.
controls!(() (A a) (A a B b) (A a B b C c) (A a B b C c D d) (A a B b C c D d E e) (A a B b C c D d E e F f));

/// The text about the controls on the page of the alias. rustdoc does not show the functions of a type that another crate
/// declares.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_of_controls {
    ($fn:literal, $arguments:literal, $and_result:literal, $R:literal) => {
        $crate::__private::std::concat!(
            "\n```text\n",
            "fn cache_info() -> CacheInfo\n",
            "fn cache_clear()\n",
            "fn cache_enable(enabled: bool)\n",
            "fn cache_parameters() -> CacheParameters\n",
            "fn cache() -> &'static Cache<..>\n",
            "fn cache_peek(",
            $arguments,
            ") -> Option<",
            $R,
            ">\n",
            "fn cache_remove(",
            $arguments,
            ") -> Option<",
            $R,
            ">\n",
            "fn cache_expire(",
            $arguments,
            ") -> bool\n",
            "fn cache_insert(",
            $and_result,
            ")\n",
            $fn,
            " cache_refresh(",
            $arguments,
            ") -> ",
            $R,
            "\n",
            $fn,
            " cache_call(",
            $arguments,
            ") -> CacheCall<",
            $R,
            ">\n",
            $fn,
            " uncached(",
            $arguments,
            ") -> ",
            $R,
            "\n",
            "const CACHE_VERSION: u64\n",
            "```\n",
        )
    };
}
