// #[memoize(ttl = "30m", refresh_after = "24m", refresh_on = tokio::spawn)]
// async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }
// Without the body and the controls: 171 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"30m\", refresh_after = \"24m\", refresh_on = tokio::spawn)]`](https://docs.rs/memofn). Its controls: [`temperature`](type@temperature)."
)]
async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let __memofn_policy = <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
        _,
    >>::policy();
    let __memofn_miss = match <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
        _,
    >>::call_site()
        .hit_timed(
            &<__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
                _,
            >>::lookup((&city,), ::memofn::__private::PhantomData),
            &__memofn_policy,
        )
    {
        ::memofn::__private::Ok(__memofn_result) => return __memofn_result,
        ::memofn::__private::Err(__memofn_miss) => __memofn_miss,
    };
    let __memofn_cache = <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
        _,
    >>::call_site()
        .own();
    let __memofn_run = match ::memofn::__private::go_on(
            &__memofn_cache,
            __memofn_miss,
            <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
                _,
            >>::lookup((&city,), ::memofn::__private::PhantomData),
            __memofn_policy,
        )
        .await
    {
        ::memofn::__private::ControlFlow::Break(__memofn_result) => {
            return __memofn_result;
        }
        ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
    };
    return __memofn_run.drive(<__memofn_temperature_function>::uncached(city)).await;
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"30m\", refresh_after = \"24m\", refresh_on = tokio::spawn)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
type temperature = ::memofn::__private::AsyncControls<
    __memofn_temperature_function,
    (::memofn::__private::BorrowedArg<str>,),
    Result<f64, WeatherError>,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_temperature_controls = ::memofn::__private::AsyncControls<
    __memofn_temperature_function,
    (::memofn::__private::BorrowedArg<str>,),
    Result<f64, WeatherError>,
>;
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_copy_implementations,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::exhaustive_structs
)]
struct __memofn_temperature_function {}
#[allow(dead_code, private_interfaces, unreachable_pub)]
impl __memofn_temperature_function {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(clippy::large_types_passed_by_value, clippy::type_complexity)]
    async fn uncached(city: &str) -> Result<f64, WeatherError> {
        fetch(city).await
    }
}
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedAsyncFn<__memofn_temperature_controls>
for __memofn_temperature_function {
    type Key = <str as ::memofn::__private::ToOwned>::Owned;
    type Stored = <Result<
        f64,
        WeatherError,
    > as ::memofn::__private::ResultKind<
        { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
    >>::Stored;
    const CACHE_VERSION: ::memofn::__private::u64 = 18194154247522945644;
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
            __memofn_temperature_controls,
        >>::Key,
        <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
            __memofn_temperature_controls,
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<
                            __memofn_temperature_function,
                        >(),
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
                                ) = __memofn_renewal
                                    .start(
                                        <__memofn_temperature_function as ::memofn::__private::MemoizedAsyncFn<
                                            _,
                                        >>::policy(),
                                    )
                                {
                                    __memofn_run
                                        .drive(
                                            <__memofn_temperature_function>::uncached(
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
            "temperature", __memofn_options, < __memofn_temperature_function as
            ::memofn::__private::MemoizedAsyncFn < __memofn_temperature_controls >>
            ::Key, < __memofn_temperature_function as
            ::memofn::__private::MemoizedAsyncFn < __memofn_temperature_controls >>
            ::Stored
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
    #[inline]
    fn policy() -> impl ::memofn::__private::Policy<
        Result<f64, WeatherError>,
        Stored = Self::Stored,
    > {
        ::memofn::__private::policy::<
            Result<f64, WeatherError>,
            _,
            _,
        >(::memofn::__private::kind!(Result < f64, WeatherError >))
    }
    fn uncached<'__memofn>(
        (city,): (&'__memofn str,),
        _: ::memofn::__private::Lifetime<'__memofn>,
    ) -> impl ::memofn::__private::Future<Output = Result<f64, WeatherError>> {
        #[allow(deprecated)]
        let _ = temperature;
        <__memofn_temperature_function>::uncached(city)
    }
}
