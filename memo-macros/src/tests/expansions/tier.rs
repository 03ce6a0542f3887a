// #[memoize(tier = SHELF, codec = Json, version = 2, key = id.0)]
// async fn page(id: Id) -> Page { fetch(id).await }
// Without the body and the controls: 139 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(tier = SHELF, codec = Json, version = 2, key = id.0)]`](https://docs.rs/memofn). Its controls: [`page`](type@page)."
)]
async fn page(id: Id) -> Page {
    let __memofn_key = ::memofn::__private::key_of!(
        __memofn_value, shared_place, & id.0
    );
    let __memofn_cache = <page>::static_site()
        .cache_for(
            &__memofn_key,
            ::memofn::__private::stored::<Page, _, _>(::memofn::__private::kind!(Page)),
        );
    let __memofn_policy = <page>::policy();
    let __memofn_miss = match ::memofn::__private::GivenCache::new(&__memofn_cache)
        .hit(&__memofn_key, &__memofn_policy)
    {
        ::memofn::__private::Ok(__memofn_result) => return __memofn_result,
        ::memofn::__private::Err(__memofn_miss) => __memofn_miss,
    };
    let __memofn_run = match ::memofn::__private::go_on(
            &__memofn_cache,
            __memofn_miss,
            __memofn_key,
            __memofn_policy,
        )
        .await
    {
        ::memofn::__private::ControlFlow::Break(__memofn_result) => {
            return __memofn_result;
        }
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
    };
    return __memofn_run.drive(<page>::uncached(id)).await;
}
/// The cache of [`page()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(tier = SHELF, codec = Json, version = 2, key = id.0)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `page::cache_info()`."
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
struct page {}
#[allow(dead_code, unreachable_pub)]
impl page {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(clippy::large_types_passed_by_value, clippy::type_complexity)]
    async fn uncached(id: Id) -> Page {
        fetch(id).await
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
impl page {
    #[doc(hidden)]
    fn static_site() -> ::memofn::__private::Site<
        ::memofn::__private::InstanceOf<Self>,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<page>(),
                        "page",
                    ),
                )
                .below_of_by(
                    ::memofn::__private::kept_keys(
                        ::memofn::__private::std::convert::identity(
                            ::memofn::__private::type_by(
                                #[allow(unreachable_code, unused_variables)]
                                |(id,): (Id,)| {
                                    ::memofn::__private::std::unreachable!();
                                    ::memofn::__private::key_type(
                                        &::memofn::__private::key_of!(
                                            __memofn_value, shared_place, & id.0
                                        ),
                                    )
                                },
                            ),
                        ),
                        ::memofn::__private::std::convert::identity(
                            ::memofn::__private::thread::<
                                <Page as ::memofn::__private::ResultKind<
                                    { ::memofn::__private::fallible!(Page) },
                                >>::Stored,
                            >(),
                        ),
                    ),
                    Json,
                    ::memofn::__private::Origin::of_function(
                        ::memofn::__private::Below::own(&SHELF),
                        <page>::CACHE_VERSION,
                        (
                            ::memofn::__private::std::module_path!(),
                            ::memofn::__private::std::line!(),
                        ),
                        ::memofn::__private::std::cfg!(test),
                    ),
                )
        };
        ::memofn::__private::site!(
            "page", __memofn_options, ::memofn::__private::InstanceOf:: < Self > ::new()
        )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        impl ::memofn::__private::std::hash::Hash + ::memofn::__private::std::cmp::Eq + ::memofn::__private::std::marker::Send + ::memofn::__private::std::marker::Sync + 'static,
        <Page as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Page) },
        >>::Stored,
    > {
        <page>::static_site()
            .cache_by(
                #[allow(unreachable_code, unused_variables)]
                |(id,): (Id,)| {
                    ::memofn::__private::std::unreachable!();
                    ::memofn::__private::key_type(
                        &::memofn::__private::key_of!(
                            __memofn_value, shared_place, & id.0
                        ),
                    )
                },
                ::memofn::__private::stored::<
                    Page,
                    _,
                    _,
                >(::memofn::__private::kind!(Page)),
            )
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<
        Page,
        { ::memofn::__private::fallible!(Page) },
    > {
        ::memofn::__private::policy::<Page, _, _>(::memofn::__private::kind!(Page))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 2;
}
