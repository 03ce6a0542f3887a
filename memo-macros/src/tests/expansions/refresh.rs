// #[memoize(ttl = "30m", refresh_after = 0.8)]
// fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> { fetch(city, day) }
// Without the body and the controls: 126 lines.

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
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
struct temperature {}
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
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl temperature {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (<str as ::memofn::__private::std::borrow::ToOwned>::Owned, u16),
        <Result<
            f64,
            WeatherError,
        > as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::std::any::type_name::<temperature>(),
                        "temperature",
                    ),
                )
                .ttl(::memofn::__private::std::time::Duration::new(1800u64, 0u32))
                .refresh_part(0.8)
                .renew_by(
                    ::memofn::__private::renews::<
                        (<str as ::memofn::__private::std::borrow::ToOwned>::Owned, u16),
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
            "temperature", __memofn_options, (< str as
            ::memofn::__private::std::borrow::ToOwned > ::Owned, u16), < Result < f64,
            WeatherError > as ::memofn::__private::ResultKind < {
            ::memofn::__private::fallible!(Result < f64, WeatherError >) } >> ::Stored
        )
            .call_site(
                (
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
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
        (<str as ::memofn::__private::std::borrow::ToOwned>::Owned, u16),
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
    fn policy() -> impl ::memofn::__private::PolicyFor<
        Result<f64, WeatherError>,
        { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
    > {
        ::memofn::__private::policy::<
            Result<f64, WeatherError>,
            _,
            _,
        >(::memofn::__private::kind!(Result < f64, WeatherError >))
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 11680431475994972272;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    fn cache_enable(__memofn_enabled: bool) {
        <temperature>::call_site().enable(__memofn_enabled)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    fn cache_expire(city: &str, day: u16) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, city, day),
        )
    }
}
