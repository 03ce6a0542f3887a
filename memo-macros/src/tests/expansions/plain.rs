// #[memoize()]
// pub fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
// Without the body and the controls: 87 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize]`](https://docs.rs/memofn). Its controls: [`fib`](type@fib)."
)]
pub fn fib(n: u64) -> u64 {
    let __memofn_cache = ::memofn::__private::at(
        <__memofn_fib_function as ::memofn::__private::MemoizedFn<_>>::call_site,
    );
    return ::memofn::__private::call!(
        __memofn_cache.enter(< __memofn_fib_function as ::memofn::__private::MemoizedFn <
        _ >> ::lookup((& n,), ::memofn::__private::PhantomData),
        ::memofn::__private::Whole), < __memofn_fib_function > ::uncached(n)
    );
}
/// The cache of [`fib()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize]`](https://docs.rs/memofn). This type has no values: call its functions, as in `fib::cache_info()`."
)]
#[cfg_attr(
    doc,
    doc = ::memofn::__private::list_of_controls!(
        "fn",
        "n: u64",
        "n: u64, result: u64",
        "u64"
    )
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
pub type fib = ::memofn::__private::Controls<
    __memofn_fib_function,
    (::memofn::__private::OwnedArg<u64>,),
    u64,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_fib_controls = ::memofn::__private::Controls<
    __memofn_fib_function,
    (::memofn::__private::OwnedArg<u64>,),
    u64,
>;
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_copy_implementations,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::exhaustive_structs
)]
pub struct __memofn_fib_function {}
#[allow(dead_code, private_interfaces, unreachable_pub)]
impl __memofn_fib_function {
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
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedFn<__memofn_fib_controls> for __memofn_fib_function {
    type Key = u64;
    type Stored = u64;
    const CACHE_VERSION: ::memofn::__private::u64 = 16609729818005298040;
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <__memofn_fib_function as ::memofn::__private::MemoizedFn<
            __memofn_fib_controls,
        >>::Key,
        <__memofn_fib_function as ::memofn::__private::MemoizedFn<
            __memofn_fib_controls,
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<__memofn_fib_function>(),
                        "fib",
                    ),
                )
        };
        ::memofn::__private::single!(
            "fib", __memofn_options, < __memofn_fib_function as
            ::memofn::__private::MemoizedFn < __memofn_fib_controls >> ::Key, <
            __memofn_fib_function as ::memofn::__private::MemoizedFn <
            __memofn_fib_controls >> ::Stored
        )
            .call_site(
                ::memofn::__private::shared::<u64, _>(),
                ::memofn::__private::stored::<
                    u64,
                    _,
                    _,
                >(::memofn::__private::primitive::<u64, _>()),
            )
    }
    #[inline]
    fn lookup<'__memofn>(
        (n,): (&'__memofn u64,),
        _: ::memofn::__private::Lifetime<'__memofn>,
    ) -> impl ::memofn::__private::Lookup<Key = Self::Key> {
        ::memofn::__private::plain::<u64, _>(n)
    }
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<u64, Stored = Self::Stored> {
        ::memofn::__private::Whole
    }
    fn uncached<'__memofn>((n,): (u64,)) -> u64 {
        #[allow(deprecated)]
        let _ = fib;
        <__memofn_fib_function>::uncached(n)
    }
}
