// #[memoize(skip(db), tags = [format!("user:{id}"), db.name, "users"])]
// fn user(id: u64, db: &Db) -> String { db.user(id) }
// Without the body and the controls: 85 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(skip(db), tags = ..)]`](https://docs.rs/memofn). Its controls: [`user`](type@user)."
)]
fn user(id: u64, db: &Db) -> String {
    let __memofn_cache = ::memofn::__private::at(<user>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< user > ::lookup(& id), < user > ::policy()).tagged(|| {
        ::memofn::__private::tags([::memofn::__private::tag(format!("user:{id}")),
        ::memofn::__private::tag_place(& db.name),
        ::memofn::__private::Cow::Borrowed("users")]) }), < user > ::uncached(id, db)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(skip(db), tags = ..)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_copy_implementations,
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
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(id: u64, db: &Db) -> String {
        db.user(id)
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
        <String as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(String) },
        >>::Stored,
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
        };
        ::memofn::__private::single!(
            "user", __memofn_options, u64, < String as ::memofn::__private::ResultKind <
            { ::memofn::__private::fallible!(String) } >> ::Stored
        )
            .call_site(
                ::memofn::__private::shared::<u64, _>(),
                ::memofn::__private::stored::<
                    String,
                    _,
                    _,
                >(::memofn::__private::kind!(String)),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        u64,
        <String as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(String) },
        >>::Stored,
    > {
        <user>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(id: &u64) -> impl ::memofn::__private::Lookup<Key = u64> {
        ::memofn::__private::plain::<u64, _>(id)
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<
        String,
        { ::memofn::__private::fallible!(String) },
    > {
        ::memofn::__private::policy::<String, _, _>(::memofn::__private::kind!(String))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 2272434515336346280;
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(id: u64, db: &Db, __memofn_result: String) {
        <user>::call_site()
            .ask(
                ::memofn::__private::Ask::Insert(__memofn_result),
                ::memofn::__private::tagged(
                    <user>::lookup(&id),
                    || {
                        ::memofn::__private::tags([
                            ::memofn::__private::tag(format!("user:{id}")),
                            ::memofn::__private::tag_place(&db.name),
                            ::memofn::__private::Cow::Borrowed("users"),
                        ])
                    },
                ),
                &<user>::policy(),
            );
    }
}
