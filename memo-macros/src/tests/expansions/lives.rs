// #[memoize(ttl = |found| found.lifetime(), jitter = "1m", err_ttl = "5s")]
// fn user(id: u64) -> io::Result<User> { fetch(id) }
// Without the body and the controls: 76 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = |found| found.lifetime(), jitter = \"1m\", err_ttl = \"5s\")]`](https://docs.rs/memofn). Its controls: [`user`](struct@user)."
)]
fn user(id: u64) -> io::Result<User> {
    let __memofn_cache = ::memofn::__private::at(<user>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< user > ::lookup(& id), < user > ::policy()), < user
        > ::uncached(id)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = |found| found.lifetime(), jitter = \"1m\", err_ttl = \"5s\")]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
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
#[allow(dead_code, unreachable_pub)]
impl user {
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
        u64,
        io::Result<User>,
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
        ::memofn::__private::single!("user", __memofn_options, u64, io::Result < User >)
            .call_site(
                ::memofn::__private::shared::<u64, _>(),
                ::memofn::__private::stored_with_errors::<io::Result<User>, _>(),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<u64, io::Result<User>> {
        <user>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(id: &u64) -> impl ::memofn::__private::Lookup<Key = u64> {
        ::memofn::__private::plain::<u64, _>(id)
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<io::Result<User>, false> {
        ::memofn::__private::policy_with_errors::<io::Result<User>, _>()
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 7812702345650420651;
    ::memofn::__private::controls_that_ask! {
        [] [] [] [id : u64] [id] [io::Result < User >] __memofn_what { < user >
        ::call_site().ask(__memofn_what, < user > ::lookup(& id), & < user > ::policy())
        } cache_peek cache_remove cache_expire
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(id: u64, __memofn_result: io::Result<User>) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), id);
    }
    ::memofn::__private::controls_that_run! {
        [] [] [] [] [] [id : u64] [id] [io::Result < User >] [#[allow(deprecated)] let _
        = user;] __memofn_start { let __memofn_run = match < user > ::call_site()
        .observe(__memofn_start, < user > ::lookup(& id), < user > ::policy()) {
        ::memofn::__private::ControlFlow::Break(__memofn_call) => return __memofn_call,
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run, };
        return __memofn_run.finish_call(< user > ::uncached(id)); } cache_refresh
        cache_call
    }
}
