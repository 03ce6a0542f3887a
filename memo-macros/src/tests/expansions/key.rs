// #[memoize(key = request.id, cache_if = |page| !page.is_empty())]
// fn page(request: &Request, log: &Log) -> String { render(request, log) }
// Without the body and the controls: 79 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(key = request.id, cache_if = |page| !page.is_empty())]`](https://docs.rs/memofn). Its controls: [`page`](type@page)."
)]
fn page(request: &Request, log: &Log) -> String {
    let __memofn_key = ::memofn::__private::key_of!(
        __memofn_value, shared_place, & request.id
    );
    let __memofn_cache = <page>::static_site()
        .call_site_for(
            &__memofn_key,
            ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
        );
    return ::memofn::__private::call!(
        __memofn_cache.enter(__memofn_key, < page > ::policy()), < page >
        ::uncached(request, log)
    );
}
/// The cache of [`page()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(key = request.id, cache_if = |page| !page.is_empty())]`](https://docs.rs/memofn). This type has no values: call its functions, as in `page::cache_info()`."
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
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(request: &Request, log: &Log) -> String {
        render(request, log)
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
        };
        ::memofn::__private::site!(
            "page", __memofn_options, ::memofn::__private::InstanceOf:: < Self > ::new()
        )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        impl ::memofn::__private::std::hash::Hash + ::memofn::__private::std::cmp::Eq + ::memofn::__private::std::marker::Send + ::memofn::__private::std::marker::Sync + 'static,
        String,
    > {
        <page>::static_site()
            .cache_by(
                #[allow(unreachable_code, unused_variables)]
                |(request,): (&Request,)| {
                    ::memofn::__private::std::unreachable!();
                    ::memofn::__private::key_type(
                        &::memofn::__private::key_of!(
                            __memofn_value, shared_place, & request.id
                        ),
                    )
                },
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            )
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<String, false> {
        ::memofn::__private::policy_if::<String, _>(|page| !page.is_empty())
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 16347680867535914445;
    ::memofn::__private::controls_that_ask! {
        [] [] [] [request : & Request] [request] [String] __memofn_what { let
        __memofn_key = ::memofn::__private::key_of!(__memofn_value, shared_place, &
        request.id); let __memofn_cache = < page > ::static_site().cache_for(&
        __memofn_key, ::memofn::__private::stored:: < String, _, _ >
        (::memofn::__private::Whole)); ::memofn::__private::ask(& __memofn_cache,
        __memofn_what, __memofn_key, & < page > ::policy()) } cache_peek cache_remove
        cache_expire
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(request: &Request, __memofn_result: String) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), request);
    }
    ::memofn::__private::controls_that_run! {
        [] [] [] [] [] [request : & Request, log : & Log] [request, log] [String]
        [#[allow(deprecated)] let _ = page;] __memofn_start { let __memofn_key =
        ::memofn::__private::key_of!(__memofn_value, shared_place, & request.id); let
        __memofn_cache = < page > ::static_site().cache_for(& __memofn_key,
        ::memofn::__private::stored:: < String, _, _ > (::memofn::__private::Whole)); let
        __memofn_cache = & __memofn_cache; let __memofn_run = match
        ::memofn::__private::observe(__memofn_cache, __memofn_start, __memofn_key, < page
        > ::policy()) { ::memofn::__private::ControlFlow::Break(__memofn_call) => return
        __memofn_call, ::memofn::__private::ControlFlow::Continue(__memofn_run) =>
        __memofn_run, }; return __memofn_run.finish_call(< page > ::uncached(request,
        log)); } cache_refresh cache_call
    }
}
