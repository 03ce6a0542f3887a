// #[memoize(on_evict = |key, value, why| gone(key, value, why))]
// fn user(id: u64, name: &str) -> Result<User, Error> { fetch(id, name) }
// Without the body and the controls: 116 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(on_evict = |key, value, why| gone(key, value, why))]`](https://docs.rs/memofn). Its controls: [`user`](struct@user)."
)]
fn user(id: u64, name: &str) -> Result<User, Error> {
    let __memofn_cache = ::memofn::__private::at(<user>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< user > ::lookup(& id, & name), < user > ::policy()), <
        user > ::uncached(id, name)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(on_evict = |key, value, why| gone(key, value, why))]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    clippy::exhaustive_structs,
    clippy::min_ident_chars
)]
struct user {}
#[doc(hidden)]
#[allow(dead_code, non_camel_case_types, clippy::all, clippy::pedantic)]
type __memofn_user_stored = <Result<
    User,
    Error,
> as ::memofn::__private::ResultKind<
    { ::memofn::__private::fallible!(Result < User, Error >) },
>>::Stored;
#[allow(dead_code, unreachable_pub)]
impl user {
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
#[allow(
    dead_code,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    clippy::all,
    clippy::pedantic
)]
impl user {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (u64, <str as ::memofn::__private::ToOwned>::Owned),
        __memofn_user_stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<user>(),
                        "user",
                    ),
                )
                .on_evict_of(
                    ::memofn::__private::thread::<
                        (u64, <str as ::memofn::__private::ToOwned>::Owned),
                    >(),
                    ::memofn::__private::thread::<__memofn_user_stored>(),
                    |key, value, why| gone(key, value, why),
                )
        };
        ::memofn::__private::single!(
            "user", __memofn_options, (u64, < str as ::memofn::__private::ToOwned >
            ::Owned), __memofn_user_stored
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
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        (u64, <str as ::memofn::__private::ToOwned>::Owned),
        <Result<
            User,
            Error,
        > as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Result < User, Error >) },
        >>::Stored,
    > {
        <user>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        id: &u64,
        name: &&str,
    ) -> impl ::memofn::__private::Lookup<
        Key = (u64, <str as ::memofn::__private::ToOwned>::Owned),
    > {
        (
            ::memofn::__private::plain::<u64, _>(id),
            ::memofn::__private::plain::<str, _>(name),
        )
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<
        Result<User, Error>,
        Stored = __memofn_user_stored,
    > {
        ::memofn::__private::policy::<
            Result<User, Error>,
            _,
            _,
        >(::memofn::__private::kind!(Result < User, Error >))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 4767690089966395966;
}
