// #[memoize(skip(measure))]
// fn longest<T: Eq + Hash + Clone, F>(items: &[T], measure: F) -> Option<T>
// where T: Send + Sync + 'static, F: Fn(&T) -> usize { body }
// Without the body and the controls: 96 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(skip(measure))]`](https://docs.rs/memofn). Its controls: [`longest`](type@longest)."
)]
fn longest<T: Eq + Hash + Clone, F>(items: &[T], measure: F) -> Option<T>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> usize,
{
    let __memofn_cache = ::memofn::__private::at(<longest<T>>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< longest < T > > ::lookup(& items), < longest < T > >
        ::policy()), < longest < T > > ::uncached:: < F > (items, measure)
    );
}
/// The cache of [`longest()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(skip(measure))]`](https://docs.rs/memofn). This type has no values: call its functions, as in `longest::cache_info()`."
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
struct longest<T: ?::memofn::__private::std::marker::Sized> {
    __memofn_instance: ::memofn::__private::std::marker::PhantomData<(fn(&T),)>,
}
#[allow(dead_code, unreachable_pub)]
impl<T: Eq + Hash + Clone> longest<T>
where
    T: Send + Sync + 'static,
{
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached<F>(#[allow(unused_variables)] items: &[T], measure: F) -> Option<T>
    where
        F: Fn(&T) -> usize,
    {
        body
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
impl<T: Eq + Hash + Clone> longest<T>
where
    T: Send + Sync + 'static,
{
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::InstanceOf<Self>,
        ::memofn::__private::Vec<T>,
        Option<T>,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::label(
                        "",
                        &::memofn::__private::function(
                            ::memofn::__private::type_name::<longest<T>>(),
                            "longest",
                        ),
                        "",
                        &[&::memofn::__private::type_name::<T>()],
                    ),
                )
        };
        ::memofn::__private::site!(
            "longest", __memofn_options, ::memofn::__private::InstanceOf:: < Self >
            ::new()
        )
            .call_site(
                ::memofn::__private::shared::<::memofn::__private::Vec<T>, _>(),
                ::memofn::__private::stored::<
                    Option<T>,
                    _,
                    _,
                >(::memofn::__private::kind!(Option < T >).whole()),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        ::memofn::__private::Vec<T>,
        Option<T>,
    > {
        <longest<T>>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        items: &&[T],
    ) -> impl ::memofn::__private::Lookup<Key = ::memofn::__private::Vec<T>> {
        ::memofn::__private::plain::<[T], _>(items)
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<Option<T>, false> {
        ::memofn::__private::policy::<
            Option<T>,
            _,
            _,
        >(::memofn::__private::kind!(Option < T >).whole())
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 6772792763261892423;
    ::memofn::__private::controls_that_ask! {
        [] [] [] [items : & [T]] [items] [Option < T >] __memofn_what { < longest < T > >
        ::call_site().ask(__memofn_what, < longest < T > > ::lookup(& items), & < longest
        < T > > ::policy()) } cache_peek cache_remove cache_expire
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(items: &[T], __memofn_result: Option<T>) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), items);
    }
    ::memofn::__private::controls_that_run! {
        [] [] [] [< F >] [where F : Fn(& T) -> usize] [items : & [T], measure : F]
        [items, measure] [Option < T >] [] __memofn_start { let __memofn_run = match <
        longest < T > > ::call_site().observe(__memofn_start, < longest < T > >
        ::lookup(& items), < longest < T > > ::policy()) {
        ::memofn::__private::ControlFlow::Break(__memofn_call) => return __memofn_call,
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run, };
        return __memofn_run.finish_call(< longest < T > > ::uncached:: < F > (items,
        measure)); } cache_refresh cache_call
    }
}
