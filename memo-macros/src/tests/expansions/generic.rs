// #[memoize(skip(measure))]
// fn longest<T: Eq + Hash + Clone, F>(items: &[T], measure: F) -> Option<T>
// where T: Send + Sync + 'static, F: Fn(&T) -> usize { body }
// Without the body and the controls: 87 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(skip(measure))]`](https://docs.rs/memofn). Its controls: [`longest`](struct@longest)."
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
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
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
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl<T: Eq + Hash + Clone> longest<T>
where
    T: Send + Sync + 'static,
{
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::InstanceOf<Self>,
        ::memofn::__private::std::vec::Vec<T>,
        Option<T>,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::label(
                        "",
                        &::memofn::__private::function(
                            ::memofn::__private::std::any::type_name::<longest<T>>(),
                            "longest",
                        ),
                        "",
                        &[&::memofn::__private::std::any::type_name::<T>()],
                    ),
                )
        };
        ::memofn::__private::site!(
            "longest", __memofn_options, ::memofn::__private::InstanceOf:: < Self >
            ::new()
        )
            .call_site(
                ::memofn::__private::shared::<
                    ::memofn::__private::std::vec::Vec<T>,
                    _,
                >(),
                ::memofn::__private::stored::<
                    Option<T>,
                    _,
                    _,
                >(::memofn::__private::kind!(Option < T >).whole()),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        ::memofn::__private::std::vec::Vec<T>,
        Option<T>,
    > {
        <longest<T>>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        items: &&[T],
    ) -> impl ::memofn::__private::Lookup<Key = ::memofn::__private::std::vec::Vec<T>> {
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
    const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 6772792763261892423;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    fn cache_enable(__memofn_enabled: bool) {
        <longest<T>>::call_site().enable(__memofn_enabled)
    }
    #[inline]
    fn ask(
        __memofn_what: ::memofn::__private::Ask<Option<T>>,
        items: &[T],
    ) -> ::memofn::__private::std::option::Option<Option<T>> {
        <longest<T>>::call_site()
            .ask(__memofn_what, <longest<T>>::lookup(&items), &<longest<T>>::policy())
    }
    /// Looks for a call without counting, computing or touching recency.
    #[inline]
    fn cache_peek(items: &[T]) -> ::memofn::__private::std::option::Option<Option<T>> {
        Self::ask(::memofn::__private::Ask::Peek, items)
    }
    /// Forgets one call, and returns its result.
    #[inline]
    fn cache_remove(items: &[T]) -> ::memofn::__private::std::option::Option<Option<T>> {
        Self::ask(::memofn::__private::Ask::Remove, items)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    fn cache_expire(items: &[T]) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, items),
        )
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    fn cache_insert(items: &[T], __memofn_result: Option<T>) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), items);
    }
    #[inline]
    fn run<F>(
        __memofn_start: ::memofn::__private::Start,
        items: &[T],
        measure: F,
    ) -> ::memofn::__private::CacheCall<Option<T>>
    where
        F: Fn(&T) -> usize,
    {
        let __memofn_run = match <longest<T>>::call_site()
            .observe(
                __memofn_start,
                <longest<T>>::lookup(&items),
                <longest<T>>::policy(),
            )
        {
            ::memofn::__private::std::ops::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::std::ops::ControlFlow::Continue(__memofn_run) => {
                __memofn_run
            }
        };
        return __memofn_run.finish_call(<longest<T>>::uncached::<F>(items, measure));
    }
    /// Runs the body now and stores its result.
    #[inline]
    fn cache_refresh<F>(items: &[T], measure: F) -> Option<T>
    where
        F: Fn(&T) -> usize,
    {
        Self::run(::memofn::__private::Start::Anew, items, measure).value
    }
    /// Calls the function, and says how the call was answered.
    #[inline]
    fn cache_call<F>(
        items: &[T],
        measure: F,
    ) -> ::memofn::__private::CacheCall<Option<T>>
    where
        F: Fn(&T) -> usize,
    {
        Self::run(::memofn::__private::Start::IfAbsent, items, measure)
    }
}
