// #[memoize(on_evict = |key, value, why| gone(key, value, why))]
// fn user(id: u64, name: &str) -> Result<User, Error> { fetch(id, name) }
// Without the body and the controls: 120 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(on_evict = |key, value, why| gone(key, value, why))]`](https://docs.rs/memofn). Its controls: [`user`](type@user)."
)]
fn user(id: u64, name: &str) -> Result<User, Error> {
    let __memofn_cache = ::memofn::__private::at(
        <__memofn_user_function as ::memofn::__private::MemoizedFn<_>>::call_site,
    );
    return ::memofn::__private::call!(
        __memofn_cache.enter(< __memofn_user_function as ::memofn::__private::MemoizedFn
        < _ >> ::lookup((& id, & name,), ::memofn::__private::PhantomData), <
        __memofn_user_function as ::memofn::__private::MemoizedFn < _ >> ::policy()), <
        __memofn_user_function > ::uncached(id, name)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(on_evict = |key, value, why| gone(key, value, why))]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
type user = ::memofn::__private::Controls<
    __memofn_user_function,
    (::memofn::__private::OwnedArg<u64>, ::memofn::__private::BorrowedArg<str>),
    Result<User, Error>,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_user_controls = ::memofn::__private::Controls<
    __memofn_user_function,
    (::memofn::__private::OwnedArg<u64>, ::memofn::__private::BorrowedArg<str>),
    Result<User, Error>,
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
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(id: u64, name: &str) -> Result<User, Error> {
        fetch(id, name)
    }
}
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedFn<__memofn_user_controls> for __memofn_user_function {
    type Key = (u64, <str as ::memofn::__private::ToOwned>::Owned);
    type Stored = <Result<
        User,
        Error,
    > as ::memofn::__private::ResultKind<
        { ::memofn::__private::fallible!(Result < User, Error >) },
    >>::Stored;
    const CACHE_VERSION: ::memofn::__private::u64 = 4767690089966395966;
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
                .on_evict_of(
                    ::memofn::__private::thread::<
                        (u64, <str as ::memofn::__private::ToOwned>::Owned),
                    >(),
                    ::memofn::__private::thread::<
                        <__memofn_user_function as ::memofn::__private::MemoizedFn<
                            __memofn_user_controls,
                        >>::Stored,
                    >(),
                    |key, value, why| gone(key, value, why),
                )
        };
        ::memofn::__private::single!(
            "user", __memofn_options, < __memofn_user_function as
            ::memofn::__private::MemoizedFn < __memofn_user_controls >> ::Key, <
            __memofn_user_function as ::memofn::__private::MemoizedFn <
            __memofn_user_controls >> ::Stored
        )
            .call_site(
                (
                    ::memofn::__private::shared::<u64, _>(),
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::ToOwned>::Owned,
                        _,
                    >(),
                ),
                ::memofn::__private::stored::<
                    Result<User, Error>,
                    _,
                    _,
                >(::memofn::__private::kind!(Result < User, Error >)),
            )
    }
    #[inline]
    fn lookup<'__memofn>(
        (id, name): (&'__memofn u64, &'__memofn &'__memofn str),
        _: ::memofn::__private::Lifetime<'__memofn>,
    ) -> impl ::memofn::__private::Lookup<Key = Self::Key> {
        (
            ::memofn::__private::plain::<u64, _>(id),
            ::memofn::__private::plain::<str, _>(name),
        )
    }
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<
        Result<User, Error>,
        Stored = Self::Stored,
    > {
        ::memofn::__private::policy::<
            Result<User, Error>,
            _,
            _,
        >(::memofn::__private::kind!(Result < User, Error >))
    }
    fn uncached<'__memofn>((id, name): (u64, &'__memofn str)) -> Result<User, Error> {
        #[allow(deprecated)]
        let _ = user;
        <__memofn_user_function>::uncached(id, name)
    }
}
