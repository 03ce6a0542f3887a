// #[memoize()]
// pub fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
// Without the body and the controls: 64 lines.

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
#[allow(
    non_camel_case_types,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    clippy::exhaustive_structs,
    clippy::min_ident_chars
)]
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
#[allow(
    dead_code,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    clippy::all,
    clippy::pedantic
)]
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
                        ::memofn::__private::type_name::<fib>(),
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
    pub const CACHE_VERSION: ::memofn::__private::u64 = 16609729818005298040;
    ::memofn::__private::controls_of_cache! {
        [pub] CallSite[< fib > ::call_site()] cache_info cache_clear cache_enable
        cache_parameters
    }
    ::memofn::__private::controls_that_ask! {
        [pub] [] [] [n : u64] [n] [u64] __memofn_what { < fib > ::call_site()
        .ask(__memofn_what, < fib > ::lookup(& n), & ::memofn::__private::Whole) }
        cache_peek cache_remove cache_expire
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    pub fn cache_insert(n: u64, __memofn_result: u64) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), n);
    }
    ::memofn::__private::controls_that_run! {
        [pub] [] [] [] [] [n : u64] [n] [u64] [#[allow(deprecated)] let _ = fib;]
        __memofn_start { let __memofn_run = match < fib > ::call_site()
        .observe(__memofn_start, < fib > ::lookup(& n), ::memofn::__private::Whole) {
        ::memofn::__private::ControlFlow::Break(__memofn_call) => return __memofn_call,
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run, };
        return __memofn_run.finish_call(< fib > ::uncached(n)); } cache_refresh
        cache_call
    }
}
