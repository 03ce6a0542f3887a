// #[memoize()]
// pub fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
// Without the body and the controls: 53 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize]`](https://docs.rs/memofn). Its controls: [`fib`](struct@fib)."
)]
pub fn fib(n: u64) -> u64 {
    let __memofn_cache = ::memofn::__private::at(<fib>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< fib > ::lookup(& n), ::memofn::__private::Whole), < fib >
        ::uncached(n)
    );
}
/// The cache of [`fib()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize]`](https://docs.rs/memofn). This type has no values: call its functions, as in `fib::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
pub struct fib {}
#[allow(dead_code, unreachable_pub)]
impl fib {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::missing_inline_in_public_items,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::type_complexity
    )]
    pub fn uncached(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
}
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl fib {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        u64,
        u64,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::std::any::type_name::<fib>(),
                        "fib",
                    ),
                )
        };
        ::memofn::__private::single!("fib", __memofn_options, u64, u64)
            .call_site(
                ::memofn::__private::shared::<u64, _>(),
                ::memofn::__private::stored::<
                    u64,
                    _,
                    _,
                >(::memofn::__private::primitive::<u64, _>()),
            )
    }
    /// The cache itself.
    pub fn cache() -> &'static ::memofn::__private::Cache<u64, u64> {
        <fib>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(n: &u64) -> impl ::memofn::__private::Lookup<Key = u64> {
        ::memofn::__private::plain::<u64, _>(n)
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    pub const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 16609729818005298040;
    /// The counters and the size of the cache.
    #[inline]
    pub fn cache_info() -> ::memofn::__private::CacheInfo {
        <fib>::call_site().info()
    }
    /// Forgets every entry and zeroes the counters.
    #[inline]
    pub fn cache_clear() {
        <fib>::call_site().clear()
    }
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    pub fn cache_enable(__memofn_enabled: bool) {
        <fib>::call_site().enable(__memofn_enabled)
    }
    /// The options in force.
    #[inline]
    pub fn cache_parameters() -> ::memofn::__private::CacheParameters {
        <fib>::call_site().parameters()
    }
    #[inline]
    fn ask(
        __memofn_what: ::memofn::__private::Ask<u64>,
        n: u64,
    ) -> ::memofn::__private::std::option::Option<u64> {
        <fib>::call_site()
            .ask(__memofn_what, <fib>::lookup(&n), &::memofn::__private::Whole)
    }
    /// Looks for a call without counting, computing or touching recency.
    #[inline]
    pub fn cache_peek(n: u64) -> ::memofn::__private::std::option::Option<u64> {
        Self::ask(::memofn::__private::Ask::Peek, n)
    }
    /// Forgets one call, and returns its result.
    #[inline]
    pub fn cache_remove(n: u64) -> ::memofn::__private::std::option::Option<u64> {
        Self::ask(::memofn::__private::Ask::Remove, n)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    pub fn cache_expire(n: u64) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, n),
        )
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    pub fn cache_insert(n: u64, __memofn_result: u64) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), n);
    }
    #[inline]
    fn run(
        __memofn_start: ::memofn::__private::Start,
        n: u64,
    ) -> ::memofn::__private::CacheCall<u64> {
        let __memofn_run = match <fib>::call_site()
            .observe(__memofn_start, <fib>::lookup(&n), ::memofn::__private::Whole)
        {
            ::memofn::__private::std::ops::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::std::ops::ControlFlow::Continue(__memofn_run) => {
                __memofn_run
            }
        };
        return __memofn_run.finish_call(<fib>::uncached(n));
    }
    /// Runs the body now and stores its result.
    #[inline]
    pub fn cache_refresh(n: u64) -> u64 {
        Self::run(::memofn::__private::Start::Anew, n).value
    }
    /// Calls the function, and says how the call was answered.
    #[inline]
    pub fn cache_call(n: u64) -> ::memofn::__private::CacheCall<u64> {
        #[allow(deprecated)]
        let _ = fib;
        Self::run(::memofn::__private::Start::IfAbsent, n)
    }
}
