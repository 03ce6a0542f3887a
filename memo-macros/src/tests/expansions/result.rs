// #[memoize(maxsize = 128, ttl = "30m", skip(api))]
// pub(crate) fn temperature(api: &mut Api, city: &str) -> Result<f64, WeatherError> { api.fetch(city) }
// Without the body and the controls: 105 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(maxsize = 128, ttl = \"30m\", skip(api))]`](https://docs.rs/memofn). Its controls: [`temperature`](type@temperature)."
)]
pub(crate) fn temperature(api: &mut Api, city: &str) -> Result<f64, WeatherError> {
    let __memofn_cache = ::memofn::__private::at(<temperature>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< temperature > ::lookup(& city), < temperature >
        ::policy()), < temperature > ::uncached(api, city)
    );
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(maxsize = 128, ttl = \"30m\", skip(api))]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
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
pub(crate) struct temperature {}
#[doc(hidden)]
#[allow(dead_code, non_camel_case_types, clippy::all, clippy::pedantic)]
type __memofn_temperature_stored = <Result<
    f64,
    WeatherError,
> as ::memofn::__private::ResultKind<
    { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
>>::Stored;
#[allow(dead_code, unreachable_pub)]
impl temperature {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::missing_errors_doc,
        clippy::missing_inline_in_public_items,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    pub(crate) fn uncached(api: &mut Api, city: &str) -> Result<f64, WeatherError> {
        api.fetch(city)
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
impl temperature {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <str as ::memofn::__private::ToOwned>::Owned,
        __memofn_temperature_stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<temperature>(),
                        "temperature",
                    ),
                )
                .maxsize(128)
                .ttl(::memofn::__private::Duration::new(1800u64, 0u32))
        };
        ::memofn::__private::single!(
            "temperature", __memofn_options, < str as ::memofn::__private::ToOwned >
            ::Owned, __memofn_temperature_stored
        )
            .call_site(
                ::memofn::__private::shared::<
                    <str as ::memofn::__private::ToOwned>::Owned,
                    _,
                >(),
                ::memofn::__private::stored::<
                    Result<f64, WeatherError>,
                    _,
                    _,
                >(::memofn::__private::kind!(Result < f64, WeatherError >)),
            )
    }
    /// The cache itself.
    pub(crate) fn cache() -> &'static ::memofn::__private::Cache<
        <str as ::memofn::__private::ToOwned>::Owned,
        <Result<
            f64,
            WeatherError,
        > as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
        >>::Stored,
    > {
        <temperature>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        city: &&str,
    ) -> impl ::memofn::__private::Lookup<
        Key = <str as ::memofn::__private::ToOwned>::Owned,
    > {
        ::memofn::__private::plain::<str, _>(city)
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<
        Result<f64, WeatherError>,
        Stored = __memofn_temperature_stored,
    > {
        ::memofn::__private::policy::<
            Result<f64, WeatherError>,
            _,
            _,
        >(::memofn::__private::kind!(Result < f64, WeatherError >))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    pub(crate) const CACHE_VERSION: ::memofn::__private::u64 = 10797344027709507125;
    ::memofn::__private::controls_that_ask! {
        [pub (crate)] [] [] [city : & str] [city] [Result < f64, WeatherError >]
        __memofn_what { < temperature > ::call_site().ask(__memofn_what, < temperature >
        ::lookup(& city), & < temperature > ::policy()) } cache_peek cache_remove
        cache_expire
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    pub(crate) fn cache_insert(city: &str, __memofn_result: Result<f64, WeatherError>) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), city);
    }
    ::memofn::__private::controls_that_run! {
        [pub (crate)] [] [] [] [] [api : & mut Api, city : & str] [api, city] [Result <
        f64, WeatherError >] [#[allow(deprecated)] let _ = temperature;] __memofn_start {
        let __memofn_run = match < temperature > ::call_site().observe(__memofn_start, <
        temperature > ::lookup(& city), < temperature > ::policy()) {
        ::memofn::__private::ControlFlow::Break(__memofn_call) => return __memofn_call,
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run, };
        return __memofn_run.finish_call(< temperature > ::uncached(api, city)); }
        cache_refresh cache_call
    }
}
