// #[memoize(ttl = "30m", refresh_after = "24m", refresh_on = tokio::spawn)]
// async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }
// Without the body and the controls: 151 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"30m\", refresh_after = \"24m\", refresh_on = tokio::spawn)]`](https://docs.rs/memofn). Its controls: [`temperature`](struct@temperature)."
)]
async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let __memofn_policy = <temperature>::policy();
    let __memofn_miss = match <temperature>::call_site()
        .hit_timed(&<temperature>::lookup(&city), &__memofn_policy)
    {
        ::memofn::__private::Ok(__memofn_result) => return __memofn_result,
        ::memofn::__private::Err(__memofn_miss) => __memofn_miss,
    };
    let __memofn_cache = <temperature>::call_site().own();
    let __memofn_run = match ::memofn::__private::go_on(
            &__memofn_cache,
            __memofn_miss,
            <temperature>::lookup(&city),
            __memofn_policy,
        )
        .await
    {
        ::memofn::__private::ControlFlow::Break(__memofn_result) => {
            return __memofn_result;
        }
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
    };
    return __memofn_run.drive(<temperature>::uncached(city)).await;
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"30m\", refresh_after = \"24m\", refresh_on = tokio::spawn)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
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
    #[allow(clippy::large_types_passed_by_value, clippy::type_complexity)]
    async fn uncached(city: &str) -> Result<f64, WeatherError> {
        fetch(city).await
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
                .ttl(::memofn::__private::Duration::new(1800u64, 0u32))
                .refresh_after(::memofn::__private::Duration::new(1440u64, 0u32))
                .renew_by(
                    ::memofn::__private::renews::<
                        <str as ::memofn::__private::ToOwned>::Owned,
                        Result<f64, WeatherError>,
                        _,
                    >(
                        ::memofn::__private::kind!(Result < f64, WeatherError >),
                        |__memofn_renewal| {
                            let ::memofn::__private::Some(__memofn_renewal) = __memofn_renewal
                                .take() else { return };
                            let _ = tokio::spawn(async move {
                                if let ::memofn::__private::Some(
                                    (__memofn_key, __memofn_run),
                                ) = __memofn_renewal.start(<temperature>::policy())
                                {
                                    __memofn_run
                                        .drive(
                                            <temperature>::uncached(
                                                ::memofn::__private::lend::<
                                                    ::memofn::__private::PointerTo<::memofn::__private::Plain>,
                                                    &str,
                                                >(__memofn_key.get()),
                                            ),
                                        )
                                        .await
                                }
                            });
                        },
                    ),
                )
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
    fn cache() -> &'static ::memofn::__private::Cache<
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
    const CACHE_VERSION: ::memofn::__private::u64 = 18194154247522945644;
}
