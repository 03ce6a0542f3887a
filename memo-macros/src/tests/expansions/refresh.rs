// #[memoize(ttl = "30m", refresh_after = 0.8)]
// fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> { fetch(city, day) }
// Without the body and the controls: 144 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"30m\", refresh_after = 0.8)]`](https://docs.rs/memofn). Its controls: [`temperature`](type@temperature)."
)]
fn temperature(city: &str, day: u16) -> Result<f64, WeatherError> {
    let __memofn_cache = ::memofn::__private::at(
        <__memofn_temperature_function as ::memofn::__private::MemoizedFn<_>>::call_site,
    );
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< __memofn_temperature_function as
        ::memofn::__private::MemoizedFn < _ >> ::lookup((& city, & day,),
        ::memofn::__private::PhantomData), < __memofn_temperature_function as
        ::memofn::__private::MemoizedFn < _ >> ::policy()), <
        __memofn_temperature_function > ::uncached(city, day)
    );
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"30m\", refresh_after = 0.8)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
type temperature = ::memofn::__private::Controls<
    __memofn_temperature_function,
    (::memofn::__private::BorrowedArg<str>, ::memofn::__private::OwnedArg<u16>),
    Result<f64, WeatherError>,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_temperature_controls = ::memofn::__private::Controls<
    __memofn_temperature_function,
    (::memofn::__private::BorrowedArg<str>, ::memofn::__private::OwnedArg<u16>),
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
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedFn<__memofn_temperature_controls>
for __memofn_temperature_function {
    type Key = (<str as ::memofn::__private::ToOwned>::Owned, u16);
    type Stored = <Result<
        f64,
        WeatherError,
    > as ::memofn::__private::ResultKind<
        { ::memofn::__private::fallible!(Result < f64, WeatherError >) },
    >>::Stored;
    const CACHE_VERSION: ::memofn::__private::u64 = 11680431475994972272;
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <__memofn_temperature_function as ::memofn::__private::MemoizedFn<
            __memofn_temperature_controls,
        >>::Key,
        <__memofn_temperature_function as ::memofn::__private::MemoizedFn<
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
                                    <__memofn_temperature_function as ::memofn::__private::MemoizedFn<
                                        _,
                                    >>::policy(),
                                    |__memofn_key| <__memofn_temperature_function>::uncached(
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
            "temperature", __memofn_options, < __memofn_temperature_function as
            ::memofn::__private::MemoizedFn < __memofn_temperature_controls >> ::Key, <
            __memofn_temperature_function as ::memofn::__private::MemoizedFn <
            __memofn_temperature_controls >> ::Stored
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
        (city, day): (&'__memofn str, u16),
    ) -> Result<f64, WeatherError> {
        #[allow(deprecated)]
        let _ = temperature;
        <__memofn_temperature_function>::uncached(city, day)
    }
}
