// #[memoize(cache = self.users)]
// fn user(&self, id: u64) -> io::Result<User> { self.fetch(id) }
// Without the body and the controls: 18 lines.

impl Rectangle {
    #[cfg_attr(
        doc,
        doc = "",
        doc = " Cached by [`#[memoize(cache = self.users)]`](https://docs.rs/memofn)."
    )]
    fn user(&self, id: u64) -> io::Result<User> {
        let __memofn_cache: &::memofn::__private::Cache<u64, _, _> = ::memofn::__private::holding(
            ::memofn::__private::thread_stored::<
                io::Result<User>,
                _,
            >(::memofn::__private::kind!(io::Result < User >)),
            &self.users,
        );
        let __memofn_cache = ::memofn::__private::GivenCache::new(__memofn_cache);
        return ::memofn::__private::call_in_place!(
            __memofn_cache.enter(::memofn::__private::plain:: < u64, _ > (& id),
            ::memofn::__private::policy:: < io::Result < User >, _, _ >
            (::memofn::__private::kind!(io::Result < User >))), Self::user_uncached(self,
            id)
        );
    }
    /// [`user`](Self::user) itself: runs its body and leaves the cache alone.
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
    fn user_uncached(&self, id: u64) -> io::Result<User> {
        self.fetch(id)
    }
    /// Calls [`user`](Self::user), and says how the call was answered.
    #[inline]
    #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
    fn user_call(&self, id: u64) -> ::memofn::__private::CacheCall<io::Result<User>> {
        let __memofn_cache: &::memofn::__private::Cache<u64, _, _> = ::memofn::__private::holding(
            ::memofn::__private::thread_stored::<
                io::Result<User>,
                _,
            >(::memofn::__private::kind!(io::Result < User >)),
            &self.users,
        );
        let __memofn_cache = __memofn_cache;
        let __memofn_run = match ::memofn::__private::observe(
            __memofn_cache,
            ::memofn::__private::Start::IfAbsent,
            ::memofn::__private::plain::<u64, _>(&id),
            ::memofn::__private::policy::<
                io::Result<User>,
                _,
                _,
            >(::memofn::__private::kind!(io::Result < User >)),
        ) {
            ::memofn::__private::ControlFlow::Break(__memofn_call) => {
                return __memofn_call;
            }
            ::memofn::__private::ControlFlow::Continue(__memofn_run) => __memofn_run,
        };
        return __memofn_run.finish_call(Self::user_uncached(self, id));
    }
}
