// #[memoize()]
// pub fn area(&self, unit: Unit) -> f64 { self.width * self.height * unit.factor() }
// Without the body and the controls: 39 lines.

impl Rectangle {
    pub fn area(&self, unit: Unit) -> f64 {
        let cache = ::memofn::__private::at(Self::area_cache_here);
        return ::memofn::__private::call!(
            cache.enter((::memofn::__private::leaf:: < Self, _ > (self),
            ::memofn::__private::leaf:: < Unit, _ > (& unit)),
            ::memofn::__private::primitive:: < f64, _ > ()), Self::area_uncached(self,
            unit)
        );
    }
    /// [`area`](Self::area) itself: runs its body and leaves the cache alone.
    #[allow(
        dead_code,
        unreachable_pub,
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
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
    fn area_cache_here() -> ::memofn::__private::Here<
        impl ::memofn::__private::Instance,
        (Self, Unit),
        f64,
        ::memofn::__private::scope::Shared,
    > {
        let options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(::memofn::__private::method::<Self>("area"))
        };
        ::memofn::__private::site!(
            "area", options, ::memofn::__private::Of::closure(& options)
        )
            .here(
                (
                    ::memofn::__private::kept::<Self, _>(),
                    ::memofn::__private::kept::<Unit, _>(),
                ),
                ::memofn::__private::kept_result::<f64, _, _>(::memofn::__private::Whole),
            )
    }
    /// The cache of [`area`](Self::area).
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    pub fn area_cache() -> &'static ::memofn::__private::Cache<(Self, Unit), f64> {
        Self::area_cache_here().cache()
    }
}
