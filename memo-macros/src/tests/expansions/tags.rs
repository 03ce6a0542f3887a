// #[memoize(skip(db), tags = [format!("user:{id}"), db.name, "users"])]
// fn user(id: u64, db: &Db) -> String { db.user(id) }
// Without the body and the controls: 61 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(skip(db), tags = ..)]`](https://docs.rs/memofn). Its controls: [`user`](struct@user)."
)]
fn user(id: u64, db: &Db) -> String {
    let __memofn_cache = ::memofn::__private::at(<user>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(::memofn::__private::plain:: < u64, _ > (& id),
        ::memofn::__private::policy:: < String, _, _ >
        (::memofn::__private::kind!(String))).tagged(|| {
        ::memofn::__private::tags([::memofn::__private::tag(format!("user:{id}")),
        ::memofn::__private::tag_place(& db.name),
        ::memofn::__private::std::borrow::Cow::Borrowed("users")]) }), < user >
        ::uncached(id, db)
    );
}
/// The cache of [`user()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(skip(db), tags = ..)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `user::cache_info()`."
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
    fn uncached(id: u64, db: &Db) -> String {
        db.user(id)
    }
}
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
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
                        ::memofn::__private::std::any::type_name::<user>(),
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
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(id: u64, db: &Db, __memofn_result: String) {
        ::memofn::__private::ask(
            &<user>::cache(),
            ::memofn::__private::Ask::Insert(__memofn_result),
            ::memofn::__private::tagged(
                ::memofn::__private::plain::<u64, _>(&id),
                || {
                    ::memofn::__private::tags([
                        ::memofn::__private::tag(format!("user:{id}")),
                        ::memofn::__private::tag_place(&db.name),
                        ::memofn::__private::std::borrow::Cow::Borrowed("users"),
                    ])
                },
            ),
            &::memofn::__private::policy::<
                String,
                _,
                _,
            >(::memofn::__private::kind!(String)),
        );
    }
}
