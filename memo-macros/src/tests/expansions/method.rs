// #[memoize()]
// pub fn area(&self, unit: Unit) -> f64 { self.width * self.height * unit.factor() }
// Without the body and the controls: 54 lines.

impl Rectangle {
    #[cfg_attr(
        doc,
        doc = "",
        doc = " Cached by [`#[memoize]`](https://docs.rs/memofn). Its cache: [`area_cache`](Self::area_cache)."
    )]
    pub fn area(&self, unit: Unit) -> f64 {
        let __memofn_cache = ::memofn::__private::at(Self::area_cache_call_site);
        return ::memofn::__private::call!(
            __memofn_cache.enter(Self::area_cache_lookup(& self, & unit),
            ::memofn::__private::Whole), Self::area_uncached(self, unit)
        );
    }
    /// [`area`](Self::area) itself: runs its body and leaves the cache alone.
    #[allow(
        dead_code,
        unreachable_pub,
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::missing_inline_in_public_items,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::too_many_arguments,
        clippy::type_complexity,
        clippy::unused_self
    )]
    pub fn area_uncached(&self, unit: Unit) -> f64 {
        self.width * self.height * unit.factor()
    }
    #[doc(hidden)]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn area_cache_call_site() -> ::memofn::__private::CallSite<
        impl ::memofn::__private::Instance,
        (Self, Unit),
        f64,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(::memofn::__private::method::<Self>("area"))
        };
        ::memofn::__private::site!(
            "area", __memofn_options, ::memofn::__private::InstanceOf::closure(&
            __memofn_options)
        )
            .call_site(
                (
                    ::memofn::__private::shared::<Self, _>(),
                    ::memofn::__private::shared::<Unit, _>(),
                ),
                ::memofn::__private::stored::<
                    f64,
                    _,
                    _,
                >(::memofn::__private::primitive::<f64, _>()),
            )
    }
    /// The cache of [`area`](Self::area).
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    pub fn area_cache() -> &'static ::memofn::__private::Cache<(Self, Unit), f64> {
        Self::area_cache_call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn area_cache_lookup(
        __memofn_self: &&Self,
        unit: &Unit,
    ) -> impl ::memofn::__private::Lookup<Key = (Self, Unit)> {
        (
            ::memofn::__private::plain::<Self, _>(__memofn_self),
            ::memofn::__private::plain::<Unit, _>(unit),
        )
    }
    /// Forgets one call of [`area`](Self::area), and returns its result.
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    pub fn area_remove(self: &Self, unit: Unit) -> ::memofn::__private::Option<f64> {
        Self::area_cache_call_site()
            .ask(
                ::memofn::__private::Ask::Remove,
                Self::area_cache_lookup(&self, &unit),
                &::memofn::__private::Whole,
            )
    }
    /// Calls [`area`](Self::area), and says how the call was answered.
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    pub fn area_call(&self, unit: Unit) -> ::memofn::__private::CacheCall<f64> {
        let __memofn_run = match Self::area_cache_call_site()
            .observe(
                ::memofn::__private::Start::IfAbsent,
                Self::area_cache_lookup(&self, &unit),
                ::memofn::__private::Whole,
            )
        {
            ::memofn::__private::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
        };
        return __memofn_run.finish_call(Self::area_uncached(self, unit));
    }
}
