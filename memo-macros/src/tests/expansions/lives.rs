// #[memoize(ttl = |found| found.lifetime(), jitter = "1m", err_ttl = "5s")]
// fn user(id: u64) -> io::Result<User> { fetch(id) }
// Without the body and the controls: 99 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = |found| found.lifetime(), jitter = \"1m\", err_ttl = \"5s\")]`](https://docs.rs/memofn). Its controls: [`user`](type@user)."
)]
fn user(id: u64) -> io::Result<User> {
    let __memofn_cache = ::memofn::__private::at(
        <__memofn_user_function as ::memofn::__private::MemoizedFn<_>>::call_site,
    );
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< __memofn_user_function as
        ::memofn::__private::MemoizedFn < _ >> ::lookup((& id,),
        ::memofn::__private::PhantomData), < __memofn_user_function as
        ::memofn::__private::MemoizedFn < _ >> ::policy()), < __memofn_user_function >
        ::uncached(id)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = |found| found.lifetime(), jitter = \"1m\", err_ttl = \"5s\")]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
type user = ::memofn::__private::Controls<
    __memofn_user_function,
    (::memofn::__private::OwnedArg<u64>,),
    io::Result<User>,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_user_controls = ::memofn::__private::Controls<
    __memofn_user_function,
    (::memofn::__private::OwnedArg<u64>,),
    io::Result<User>,
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
struct __memofn_user_function {}
#[allow(dead_code, private_interfaces, unreachable_pub)]
impl __memofn_user_function {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::type_complexity
    )]
    fn uncached(id: u64) -> io::Result<User> {
        fetch(id)
    }
}
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedFn<__memofn_user_controls> for __memofn_user_function {
    type Key = u64;
    type Stored = io::Result<User>;
    const CACHE_VERSION: ::memofn::__private::u64 = 7812702345650420651;
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <__memofn_user_function as ::memofn::__private::MemoizedFn<
            __memofn_user_controls,
        >>::Key,
        <__memofn_user_function as ::memofn::__private::MemoizedFn<
            __memofn_user_controls,
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<__memofn_user_function>(),
                        "user",
                    ),
                )
                .ttl_of(
                    ::memofn::__private::life_of::<
                        io::Result<User>,
                        _,
                    >(::memofn::__private::Whole, |found| found.lifetime()),
                )
                .jitter(::memofn::__private::Duration::new(60u64, 0u32))
                .err_ttl(
                    ::memofn::__private::failures::<io::Result<User>>(),
                    ::memofn::__private::Duration::new(5u64, 0u32),
                )
        };
        ::memofn::__private::single!(
            "user", __memofn_options, < __memofn_user_function as
            ::memofn::__private::MemoizedFn < __memofn_user_controls >> ::Key, <
            __memofn_user_function as ::memofn::__private::MemoizedFn <
            __memofn_user_controls >> ::Stored
        )
            .call_site(
                ::memofn::__private::shared::<u64, _>(),
                ::memofn::__private::stored_with_errors::<io::Result<User>, _>(),
            )
    }
    #[inline]
    fn lookup<'__memofn>(
        (id,): (&'__memofn u64,),
        _: ::memofn::__private::Lifetime<'__memofn>,
    ) -> impl ::memofn::__private::Lookup<Key = Self::Key> {
        ::memofn::__private::plain::<u64, _>(id)
    }
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<
        io::Result<User>,
        Stored = Self::Stored,
    > {
        ::memofn::__private::policy_with_errors::<io::Result<User>, _>()
    }
    fn uncached<'__memofn>((id,): (u64,)) -> io::Result<User> {
        #[allow(deprecated)]
        let _ = user;
        <__memofn_user_function>::uncached(id)
    }
}
