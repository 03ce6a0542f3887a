// #[memoize(ttl = "1h")]
// impl Load for Client {
// type Page = String;
// #[memoize(skip(self))]
// fn load(&self, path: &str) -> Self::Page { self.get(path) }
// }
// Without the body and the controls: 114 lines.

impl Load for Client {
    type Page = String;
    fn load(&self, path: &str) -> Self::Page {
        let __memofn_cache = <Self as ClientLoadControls>::load_cache_static_site()
            .call_site(
                ::memofn::__private::shared::<
                    <str as ::memofn::__private::ToOwned>::Owned,
                    _,
                >(),
                ::memofn::__private::stored::<
                    Self::Page,
                    _,
                    _,
                >(::memofn::__private::kind!(Self::Page)),
            );
        return ::memofn::__private::call!(
            __memofn_cache.enter_timed(< Self as ClientLoadControls >
            ::load_cache_lookup(& path), ::memofn::__private::policy:: < Self::Page, _, _
            > (::memofn::__private::kind!(Self::Page))), < Self as ClientLoadControls >
            ::load_uncached(self, path)
        );
    }
}
/// The controls of the memoized functions that `Client` has as `Load`.
#[allow(
    dead_code,
    non_camel_case_types,
    private_bounds,
    private_interfaces,
    clippy::all,
    clippy::pedantic
)]
trait ClientLoadControls: Load {
    /// [`load`](Self::load) itself: runs its body and leaves the cache alone.
    fn load_uncached(&self, path: &str) -> Self::Page;
    #[doc(hidden)]
    fn load_cache_static_site() -> ::memofn::__private::Site<
        impl ::memofn::__private::Instance,
        ::memofn::__private::scope::Shared,
    >;
    /// The cache of [`load`](Self::load).
    type load_cache;
    /// The cache of [`load`](Self::load).
    fn load_cache() -> Self::load_cache;
    #[doc(hidden)]
    fn load_cache_lookup(
        path: &&str,
    ) -> impl ::memofn::__private::Lookup<
        Key = <str as ::memofn::__private::ToOwned>::Owned,
    >;
    /// Forgets one call of [`load`](Self::load), and returns its result.
    fn load_remove(path: &str) -> ::memofn::__private::Option<Self::Page>;
    /// Calls [`load`](Self::load), and says how the call was answered.
    fn load_call(&self, path: &str) -> ::memofn::__private::CacheCall<Self::Page>;
}
#[allow(non_camel_case_types)]
impl ClientLoadControls for Client {
    /// [`load`](Self::load) itself: runs its body and leaves the cache alone.
    #[allow(
        dead_code,
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::missing_errors_doc,
        clippy::missing_inline_in_public_items,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::too_many_arguments,
        clippy::type_complexity,
        clippy::unused_self
    )]
    fn load_uncached(&self, path: &str) -> Self::Page {
        self.get(path)
    }
    #[doc(hidden)]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn load_cache_static_site() -> ::memofn::__private::Site<
        impl ::memofn::__private::Instance,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::label(
                        "<",
                        ::memofn::__private::type_name::<Self>(),
                        " as Load>::load",
                        &[],
                    ),
                )
                .ttl(::memofn::__private::Duration::new(3600u64, 0u32))
        };
        ::memofn::__private::site!(
            "load", __memofn_options, ::memofn::__private::InstanceOf::closure(&
            __memofn_options)
        )
    }
    /// The cache of [`load`](Self::load).
    type load_cache = &'static ::memofn::__private::Cache<
        <str as ::memofn::__private::ToOwned>::Owned,
        <Self::Page as ::memofn::__private::ResultKind<
            { ::memofn::__private::fallible!(Self::Page) },
        >>::Stored,
    >;
    /// The cache of [`load`](Self::load).
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn load_cache() -> Self::load_cache {
        <Self as ClientLoadControls>::load_cache_static_site()
            .cache(
                ::memofn::__private::shared::<
                    <str as ::memofn::__private::ToOwned>::Owned,
                    _,
                >(),
                ::memofn::__private::stored::<
                    Self::Page,
                    _,
                    _,
                >(::memofn::__private::kind!(Self::Page)),
            )
    }
    #[doc(hidden)]
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn load_cache_lookup(
        path: &&str,
    ) -> impl ::memofn::__private::Lookup<
        Key = <str as ::memofn::__private::ToOwned>::Owned,
    > {
        ::memofn::__private::plain::<str, _>(path)
    }
    /// Forgets one call of [`load`](Self::load), and returns its result.
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn load_remove(path: &str) -> ::memofn::__private::Option<Self::Page> {
        let __memofn_cache = <Self as ClientLoadControls>::load_cache();
        ::memofn::__private::ask(
            &__memofn_cache,
            ::memofn::__private::Ask::Remove,
            <Self as ClientLoadControls>::load_cache_lookup(&path),
            &::memofn::__private::policy::<
                Self::Page,
                _,
                _,
            >(::memofn::__private::kind!(Self::Page)),
        )
    }
    /// Calls [`load`](Self::load), and says how the call was answered.
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn load_call(&self, path: &str) -> ::memofn::__private::CacheCall<Self::Page> {
        let __memofn_cache = <Self as ClientLoadControls>::load_cache();
        let __memofn_cache = &__memofn_cache;
        let __memofn_run = match ::memofn::__private::observe(
            __memofn_cache,
            ::memofn::__private::Start::IfAbsent,
            <Self as ClientLoadControls>::load_cache_lookup(&path),
            ::memofn::__private::policy::<
                Self::Page,
                _,
                _,
            >(::memofn::__private::kind!(Self::Page)),
        ) {
            ::memofn::__private::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
        };
        return __memofn_run
            .finish_call(<Self as ClientLoadControls>::load_uncached(self, path));
    }
}
