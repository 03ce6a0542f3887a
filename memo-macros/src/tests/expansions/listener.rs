// #[memoize(on_evict = |key, value, why| gone(key, value, why))]
// fn user(id: u64, name: &str) -> Result<User, Error> { fetch(id, name) }
// Without the body and the controls: 111 lines.

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
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
struct user {}
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
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl user {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (u64, <str as ::memofn::__private::std::borrow::ToOwned>::Owned),
        <Result<
            User,
            Error,
        > as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Result < User, Error >) },
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::std::any::type_name::<user>(),
                        "user",
                    ),
                )
                .on_evict_of(
                    ::memofn::__private::thread::<
                        (u64, <str as ::memofn::__private::std::borrow::ToOwned>::Owned),
                    >(),
                    ::memofn::__private::thread::<
                        <Result<
                            User,
                            Error,
                        > as ::memofn::__private::ResultKind<
                            { ::memofn::__private::fallible!(Result < User, Error >) },
                        >>::Stored,
                    >(),
                    |key, value, why| gone(key, value, why),
                )
        };
        ::memofn::__private::single!(
            "user", __memofn_options, (u64, < str as
            ::memofn::__private::std::borrow::ToOwned > ::Owned), < Result < User, Error
            > as ::memofn::__private::ResultKind < {
            ::memofn::__private::fallible!(Result < User, Error >) } >> ::Stored
        )
            .call_site(
                (
                    ::memofn::__private::shared::<u64, _>(),
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
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
        (u64, <str as ::memofn::__private::std::borrow::ToOwned>::Owned),
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
        Key = (u64, <str as ::memofn::__private::std::borrow::ToOwned>::Owned),
    > {
        (
            ::memofn::__private::plain::<u64, _>(id),
            ::memofn::__private::plain::<str, _>(name),
        )
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<
        Result<User, Error>,
        { ::memofn::__private::fallible!(Result < User, Error >) },
    > {
        ::memofn::__private::policy::<
            Result<User, Error>,
            _,
            _,
        >(::memofn::__private::kind!(Result < User, Error >))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 4767690089966395966;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    fn cache_enable(__memofn_enabled: bool) {
        <user>::call_site().enable(__memofn_enabled)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    fn cache_expire(id: u64, name: &str) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, id, name),
        )
    }
}
