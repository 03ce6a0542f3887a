//! The controls of a function in a module, as macros: what is the same for all functions is written here, and not by
//! the attribute. [`shared_controls`](crate::expand::shared_controls) calls these macros for most functions at once.
//!
//! A proc macro is built without optimization, so each token that it makes costs the user's build more than one that is
//! made here. The attribute passes the names of the controls and all that is the user's. So errors point at the attribute or at
//! the user's code, and not at this file.
//!
//! The names of arguments have a prefix, because hygiene does not hide the user's constants.

/// The controls of the whole cache. `$Cache` has the methods, and `$cache` is its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __controls_of_cache {
    (
        [$($vis:tt)*] $Cache:ident [$($cache:tt)*]
        $cache_info:ident $cache_clear:ident $cache_enable:ident $cache_parameters:ident
    ) => {
        /// The counters and the size of the cache.
        #[inline]
        $($vis)* fn $cache_info() -> $crate::__private::CacheInfo {
            $crate::__private::$Cache::info($($cache)*)
        }
        /// Forgets every entry and zeroes the counters.
        #[inline]
        $($vis)* fn $cache_clear() {
            $crate::__private::$Cache::clear($($cache)*);
        }
        /// Turns the cache off, or on again. Off, each call runs the body.
        #[inline]
        $($vis)* fn $cache_enable(__memofn_enabled: $crate::__private::bool) {
            $crate::__private::$Cache::enable($($cache)*, __memofn_enabled);
        }
        /// The options in force.
        #[inline]
        $($vis)* fn $cache_parameters() -> $crate::__private::CacheParameters {
            $crate::__private::$Cache::parameters($($cache)*)
        }
    };
}

/// The controls that look for one call. They share the function `ask`: the compiler checks the bounds once. `$body` asks
/// the cache for `$what`.
#[doc(hidden)]
#[macro_export]
macro_rules! __controls_that_ask {
    (
        [$($vis:tt)*] [$($params:tt)*] [$($bounds:tt)*] [$($arguments:tt)*] [$($names:tt)*] [$($R:tt)*]
        $what:ident $body:tt $cache_peek:ident $cache_remove:ident $cache_expire:ident
    ) => {
        #[inline]
        fn ask $($params)* ($what: $crate::__private::Ask<$($R)*>, $($arguments)*)
            -> $crate::__private::Option<$($R)*> $($bounds)*
        $body
        /// Looks for a call without counting, computing or touching recency.
        #[inline]
        $($vis)* fn $cache_peek $($params)* ($($arguments)*)
            -> $crate::__private::Option<$($R)*> $($bounds)*
        {
            Self::ask($crate::__private::Ask::Peek, $($names)*)
        }
        /// Forgets one call, and returns its result.
        #[inline]
        $($vis)* fn $cache_remove $($params)* ($($arguments)*)
            -> $crate::__private::Option<$($R)*> $($bounds)*
        {
            Self::ask($crate::__private::Ask::Remove, $($names)*)
        }
        /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
        /// forgotten, as the options say. Returns whether it did answer.
        #[inline]
        $($vis)* fn $cache_expire $($params)* ($($arguments)*) -> $crate::__private::bool $($bounds)* {
            $crate::__private::Option::is_some(&Self::ask($crate::__private::Ask::Expire, $($names)*))
        }
    };
}

/// The controls that run the body. They share the function `run`, whose body is `$body`. `$fn` are the words before the name
/// of a function, and `$attrs` the attributes of the body.
///
/// Only `run` is `async`: the compiler makes three bodies of an `async fn`, and takes as long for it as for five others.
#[doc(hidden)]
#[macro_export]
macro_rules! __controls_that_run {
    (
        [$($vis:tt)*] [$($attrs:tt)*] [$($safety:tt)?] [$($params:tt)*] [$($bounds:tt)*] [$($arguments:tt)*]
        [$($names:tt)*] [$($R:tt)*] [$($mention:tt)*] $start:ident $body:tt $cache_refresh:ident $cache_call:ident
    ) => {
        #[inline]
        $($attrs)*
        $($safety)? fn run $($params)* ($start: $crate::__private::Start, $($arguments)*)
            -> $crate::__private::CacheCall<$($R)*> $($bounds)*
        $body
        /// Runs the body now and stores its result.
        #[inline]
        $($attrs)*
        $($vis)* $($safety)? fn $cache_refresh $($params)* ($($arguments)*) -> $($R)* $($bounds)* {
            $crate::__run!([$($safety)?] Anew, $($names)*).value
        }
        /// Calls the function, and says how the call was answered.
        #[inline]
        $($attrs)*
        $($vis)* $($safety)? fn $cache_call $($params)* ($($arguments)*)
            -> $crate::__private::CacheCall<$($R)*> $($bounds)*
        {
            $($mention)*
            $crate::__run!([$($safety)?] IfAbsent, $($names)*)
        }
    };
    (
        async
        [$($vis:tt)*] [$($attrs:tt)*] [$($safety:tt)?] [$($params:tt)*] [$($bounds:tt)*] [$($arguments:tt)*]
        [$($names:tt)*] [$($R:tt)*] [$($mention:tt)*] $start:ident $body:tt $cache_refresh:ident $cache_call:ident
    ) => {
        #[inline]
        $($attrs)*
        async $($safety)? fn run $($params)* ($start: $crate::__private::Start, $($arguments)*)
            -> $crate::__private::CacheCall<$($R)*> $($bounds)*
        $body
        /// Runs the body now and stores its result.
        #[inline]
        $($attrs)*
        $($vis)* $($safety)? fn $cache_refresh $($params)* ($($arguments)*)
            -> impl $crate::__private::Future<Output = $($R)*> $($bounds)*
        {
            $crate::__private::value_of($crate::__run!([$($safety)?] Anew, $($names)*))
        }
        /// Calls the function, and says how the call was answered.
        #[inline]
        $($attrs)*
        $($vis)* $($safety)? fn $cache_call $($params)* ($($arguments)*)
            -> impl $crate::__private::Future<Output = $crate::__private::CacheCall<$($R)*>> $($bounds)*
        {
            $($mention)*
            $crate::__run!([$($safety)?] IfAbsent, $($names)*)
        }
    };
}

/// The call of `run`.
#[doc(hidden)]
#[macro_export]
macro_rules! __run {
    ([] $start:ident, $($names:tt)*) => {
        Self::run($crate::__private::Start::$start, $($names)*)
    };
    ([unsafe] $start:ident, $($names:tt)*) => {
        unsafe { Self::run($crate::__private::Start::$start, $($names)*) }
    };
}
