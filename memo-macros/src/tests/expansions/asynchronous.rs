// #[memoize(ttl = "30m")]
// pub async fn temperature(city: &str) -> Result<f64, WeatherError> { fetch(city).await }
// Without the body and the controls: 112 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"30m\")]`](https://docs.rs/memofn). Its controls: [`temperature`](struct@temperature)."
)]
pub async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let __memofn_policy = <temperature>::policy();
    let __memofn_miss = match <temperature>::call_site()
        .hit_timed(&<temperature>::lookup(&city), &__memofn_policy)
    {
        ::memofn::__private::std::result::Result::Ok(__memofn_result) => {
            return __memofn_result;
        }
        ::memofn::__private::std::result::Result::Err(__memofn_miss) => __memofn_miss,
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
        ::memofn::__private::std::ops::ControlFlow::Break(__memofn_result) => {
            return __memofn_result;
        }
        ::memofn::__private::std::ops::ControlFlow::Continue(__memofn_run) => {
            __memofn_run
        }
    };
    return __memofn_run.drive(<temperature>::uncached(city)).await;
}
/// The cache of [`temperature()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"30m\")]`](https://docs.rs/memofn). This type has no values: call its functions, as in `temperature::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
pub struct temperature {}
#[allow(dead_code, unreachable_pub)]
impl temperature {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::large_types_passed_by_value,
        clippy::missing_errors_doc,
        clippy::missing_inline_in_public_items,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::type_complexity
    )]
    pub async fn uncached(city: &str) -> Result<f64, WeatherError> {
        fetch(city).await
    }
}
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl temperature {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
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
        };
        ::memofn::__private::single!(
            "temperature", __memofn_options, < str as
            ::memofn::__private::std::borrow::ToOwned > ::Owned, < Result < f64,
            WeatherError > as ::memofn::__private::ResultKind < {
            ::memofn::__private::fallible!(Result < f64, WeatherError >) } >> ::Stored
        )
            .call_site(
                ::memofn::__private::shared::<
                    <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
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
    pub fn cache() -> &'static ::memofn::__private::Cache<
        <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
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
        Key = <str as ::memofn::__private::std::borrow::ToOwned>::Owned,
    > {
        ::memofn::__private::plain::<str, _>(city)
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
    pub const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 18194154247522945644;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    pub fn cache_enable(__memofn_enabled: bool) {
        <temperature>::call_site().enable(__memofn_enabled)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    pub fn cache_expire(city: &str) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, city),
        )
    }
    /// Stores a result as if it had been computed now.
    #[inline]
    pub fn cache_insert(city: &str, __memofn_result: Result<f64, WeatherError>) {
        Self::ask(::memofn::__private::Ask::Insert(__memofn_result), city);
    }
    #[inline]
    async fn run(
        __memofn_start: ::memofn::__private::Start,
        city: &str,
    ) -> ::memofn::__private::CacheCall<Result<f64, WeatherError>> {
        let __memofn_cache = <temperature>::call_site().own();
        let __memofn_cache = &__memofn_cache;
        let __memofn_run = match ::memofn::__private::observe_async(
                __memofn_cache,
                __memofn_start,
                <temperature>::lookup(&city),
                <temperature>::policy(),
            )
            .await
        {
            ::memofn::__private::std::ops::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::std::ops::ControlFlow::Continue(__memofn_run) => {
                __memofn_run
            }
        };
        return __memofn_run.drive_call(<temperature>::uncached(city)).await;
    }
    /// Runs the body now and stores its result.
    #[inline]
    pub async fn cache_refresh(city: &str) -> Result<f64, WeatherError> {
        Self::run(::memofn::__private::Start::Anew, city).await.value
    }
    /// Calls the function, and says how the call was answered.
    #[inline]
    pub async fn cache_call(
        city: &str,
    ) -> ::memofn::__private::CacheCall<Result<f64, WeatherError>> {
        #[allow(deprecated)]
        let _ = temperature;
        Self::run(::memofn::__private::Start::IfAbsent, city).await
    }
}
