// #[memoize(key = request.id, cache_if = |page| !page.is_empty())]
// fn page(request: &Request, log: &Log) -> String { render(request, log) }
// Without the body and the controls: 53 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(key = request.id, cache_if = |page| !page.is_empty())]`](https://docs.rs/memofn). Its controls: [`page`](struct@page)."
)]
fn page(request: &Request, log: &Log) -> String {
    let key = ::memofn::__private::shared_key(request.id);
    let cache = <page>::static_site()
        .call_site_for(
            &key,
            ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
        );
    let request = request;
    return ::memofn::__private::call!(
        cache.enter(key, ::memofn::__private::policy_if:: < String, _ > (| page | ! page
        .is_empty())), < page > ::uncached(request, log)
    );
}
/// The cache of [`page()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(key = request.id, cache_if = |page| !page.is_empty())]`](https://docs.rs/memofn). This type has no values: call its functions, as in `page::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
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
    fn uncached(#[allow(unused_variables)] request: &Request, log: &Log) -> String {
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
        let options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::std::concat!(
                        ::memofn::__private::std::module_path!(), "::page"
                    ),
                )
        };
        ::memofn::__private::site!(
            "page", options, ::memofn::__private::InstanceOf:: < Self > ::new()
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
                    ::memofn::__private::shared_key(request.id)
                },
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            )
    }
    fn ask(
        what: ::memofn::__private::Ask,
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        let key = ::memofn::__private::shared_key(request.id);
        let cache = <page>::static_site()
            .cache_for(
                &key,
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            );
        ::memofn::__private::ask(
            &cache,
            what,
            key,
            &::memofn::__private::policy_if::<String, _>(|page| !page.is_empty()),
        )
    }
    /// Looks for a call without counting, computing or touching recency.
    fn cache_peek(
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        Self::ask(::memofn::__private::Ask::Peek, request)
    }
    /// Forgets one call, and returns its result.
    fn cache_remove(
        request: &Request,
    ) -> ::memofn::__private::std::option::Option<String> {
        Self::ask(::memofn::__private::Ask::Remove, request)
    }
    /// Stores a result as if it had been computed now.
    fn cache_insert(request: &Request, result: String) {
        let key = ::memofn::__private::shared_key(request.id);
        let cache = <page>::static_site()
            .cache_for(
                &key,
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            );
        ::memofn::__private::insert(
            &cache,
            key,
            &::memofn::__private::policy_if::<String, _>(|page| !page.is_empty()),
            &result,
        )
    }
    #[inline]
    fn run(
        start: ::memofn::__private::Start,
        request: &Request,
        log: &Log,
    ) -> ::memofn::__private::CacheCall<String> {
        let key = ::memofn::__private::shared_key(request.id);
        let cache = <page>::static_site()
            .cache_for(
                &key,
                ::memofn::__private::stored::<String, _, _>(::memofn::__private::Whole),
            );
        let cache = &cache;
        let run = match ::memofn::__private::observe(
            cache,
            start,
            key,
            ::memofn::__private::policy_if::<String, _>(|page| !page.is_empty()),
        ) {
            ::memofn::__private::std::ops::ControlFlow::Break(call) => return call,
            ::memofn::__private::std::ops::ControlFlow::Continue(run) => run,
        };
        return ::memofn::__private::missed(run.finish(<page>::uncached(request, log)));
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
