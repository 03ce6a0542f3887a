// #[memoize(key = request.id, cache_if = |page| !page.is_empty())]
// fn page(request: &Request, log: &Log) -> String { render(request, log) }
// Without the body and the controls: 67 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(key = request.id, cache_if = |page| !page.is_empty())]`](https://docs.rs/memofn). Its controls: [`page`](struct@page)."
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
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
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
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
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
                        ::memofn::__private::std::any::type_name::<page>(),
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
    const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 16347680867535914445;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    fn cache_enable(__memofn_enabled: bool) {
        ::memofn::__private::Cache::enable(&Self::cache(), __memofn_enabled)
    }
    #[inline]
    fn ask(
        __memofn_what: ::memofn::__private::Ask<String>,
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        let __memofn_key = ::memofn::__private::key_of!(
            __memofn_value, shared_place, & request.id
        );
        let __memofn_cache = <page>::static_site()
            .cache_for(
                &__memofn_key,
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            );
        ::memofn::__private::ask(
            &__memofn_cache,
            __memofn_what,
            __memofn_key,
            &<page>::policy(),
        )
    }
    /// Looks for a call without counting, computing or touching recency.
    #[inline]
    fn cache_peek(
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        Self::ask(::memofn::__private::Ask::Peek, request)
    }
    /// Forgets one call, and returns its result.
    #[inline]
    fn cache_remove(
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        Self::ask(::memofn::__private::Ask::Remove, request)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    fn cache_expire(request: &Request) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, request),
        )
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(request: &Request, __memofn_result: String) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), request);
    }
    #[inline]
    fn run(
        __memofn_start: ::memofn::__private::Start,
        request: &Request,
        log: &Log,
    ) -> ::memofn::__private::CacheCall<String> {
        let __memofn_key = ::memofn::__private::key_of!(
            __memofn_value, shared_place, & request.id
        );
        let __memofn_cache = <page>::static_site()
            .cache_for(
                &__memofn_key,
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            );
        let __memofn_cache = &__memofn_cache;
        let __memofn_run = match ::memofn::__private::observe(
            __memofn_cache,
            __memofn_start,
            __memofn_key,
            <page>::policy(),
        ) {
            ::memofn::__private::std::ops::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::std::ops::ControlFlow::Continue(__memofn_run) => {
                __memofn_run
            }
        };
        return __memofn_run.finish_call(<page>::uncached(request, log));
    }
    /// Runs the body now and stores its result.
    #[inline]
    fn cache_refresh(request: &Request, log: &Log) -> String {
        Self::run(::memofn::__private::Start::Anew, request, log).value
    }
    /// Calls the function, and says how the call was answered.
    #[inline]
    fn cache_call(
        request: &Request,
        log: &Log,
    ) -> ::memofn::__private::CacheCall<String> {
        #[allow(deprecated)]
        let _ = page;
        Self::run(::memofn::__private::Start::IfAbsent, request, log)
    }
}
