// #[memoize(cache = self.users, tags = user.tags())]
// fn name(&self, user: &User) -> String { self.fetch(user) }
// Without the body and the controls: 13 lines.

impl Rectangle {
    #[cfg_attr(
        doc,
        doc = "",
        doc = " Cached by [`#[memoize(cache = self.users, tags = user.tags())]`](https://docs.rs/memofn)."
    )]
    fn name(&self, user: &User) -> String {
        let __memofn_cache: &::memofn::__private::Cache<User, String, _> = &self.users;
        let __memofn_cache = ::memofn::__private::GivenCache::new(__memofn_cache);
        return ::memofn::__private::call_in_place!(
            __memofn_cache.enter(::memofn::__private::plain:: < User, _ > (user),
            ::memofn::__private::policy:: < String, _, _ >
            (::memofn::__private::kind!(String) .whole())).tagged(|| {
            ::memofn::__private::tags_in(::memofn::__private::tags_of(user.tags()),
            __memofn_cache) }), Self::name_uncached(self, user)
        );
    }
    /// [`name`](Self::name) itself: runs its body and leaves the cache alone.
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
    fn name_uncached(&self, user: &User) -> String {
        self.fetch(user)
    }
    /// Calls [`name`](Self::name), and says how the call was answered.
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn name_call(&self, user: &User) -> ::memofn::__private::CacheCall<String> {
        let __memofn_cache: &::memofn::__private::Cache<User, String, _> = &self.users;
        let __memofn_cache = __memofn_cache;
        let __memofn_run = match ::memofn::__private::observe(
            __memofn_cache,
            ::memofn::__private::Start::IfAbsent,
            ::memofn::__private::tagged(
                ::memofn::__private::plain::<User, _>(user),
                || {
                    ::memofn::__private::tags_in(
                        ::memofn::__private::tags_of(user.tags()),
                        ::memofn::__private::GivenCache::new(__memofn_cache),
                    )
                },
            ),
            ::memofn::__private::policy::<
                String,
                _,
                _,
            >(::memofn::__private::kind!(String).whole()),
        ) {
            ::memofn::__private::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
        };
        return __memofn_run.finish_call(Self::name_uncached(self, user));
    }
}
