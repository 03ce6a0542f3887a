// #[memoize(ttl = "30m", refresh_after = 0.8)]
// fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> { fetch(city, day) }
// Without the body and the controls: 138 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"30m\", refresh_after = 0.8)]`](https://docs.rs/memofn). Its controls: [`temperature`](struct@temperature)."
)]
fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> {
    let __memofn_cache = ::memofn::__private::at(<temperature>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< temperature > ::lookup(& city, & day), < temperature
        > ::policy()), < temperature > ::uncached(city, day)
    );
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"30m\", refresh_after = 0.8)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    clippy::exhaustive_structs,
    clippy::min_ident_chars
)]
struct temperature {}
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
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(city: &str, day: u16) -> Result<f64, WeatherError> {
        fetch(city, day)
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
        (<str as ::memofn::__private::ToOwned>::Owned, u16),
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
                .ttl(::memofn::__private::Duration::new(1800u64, 0u32))
                .refresh_part(0.8)
                .renew_by(
                    ::memofn::__private::renews::<
                        (<str as ::memofn::__private::ToOwned>::Owned, u16),
                        Result<f64, WeatherError>,
                        _,
                    >(
                        ::memofn::__private::kind!(Result < f64, WeatherError >),
                        |__memofn_renewal| {
                            ::memofn::__private::on_own_threads(
                                ::memofn::__private::renewal_job(
                                    __memofn_renewal,
                                    <temperature>::policy(),
                                    |__memofn_key| <temperature>::uncached(
                                        ::memofn::__private::lend::<
                                            ::memofn::__private::PointerTo<::memofn::__private::Plain>,
                                            &str,
                                        >(&__memofn_key.0),
                                        ::memofn::__private::lend::<
                                            ::memofn::__private::Plain,
                                            u16,
                                        >(&__memofn_key.1),
                                    ),
                                ),
                            );
                        },
                    ),
                )
        };
        ::memofn::__private::single!(
            "temperature", __memofn_options, (< str as ::memofn::__private::ToOwned >
            ::Owned, u16), __memofn_temperature_stored
        )
            .call_site(
                (
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::ToOwned>::Owned,
                        _,
                    >(),
                    ::memofn::__private::shared::<u16, _>(),
                ),
                ::memofn::__private::stored::<
                    Result<f64, WeatherError>,
                    _,
                    _,
                >(::memofn::__private::kind!(Result < f64, WeatherError >)),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        (<str as ::memofn::__private::ToOwned>::Owned, u16),
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
    const CACHE_VERSION: ::memofn::__private::u64 = 11680431475994972272;
}
