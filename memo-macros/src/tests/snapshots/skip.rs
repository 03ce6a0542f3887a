// #[memoize(skip(db))]
// pub(crate) fn user(db: &mut Db, id: u64) -> Option<User> { db.load(id) }
// Beyond the body and the controls: 60 lines.

pub(crate) fn user(db: &mut Db, id: u64) -> Option<User> {
    let cache = ::memofn::__private::at(<user>::here);
    return ::memofn::__private::call!(
        cache.enter(::memofn::__private::leaf:: < u64, _ > (& id),
        ::memofn::__private::policy:: < Option < User >, _, _ >
        (::memofn::__private::kind!(Option < User >))), < user > ::uncached(db, id)
    );
}
/// The cache of [`user()`](user()): its counters and controls.
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(unreachable_pub)]
pub(crate) struct user {}
#[allow(dead_code, unreachable_pub)]
impl user {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::missing_errors_doc,
        clippy::missing_panics_doc,
        clippy::must_use_candidate,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    pub(crate) fn uncached(db: &mut Db, id: u64) -> Option<User> {
        db.load(id)
    }
}
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl user {
    #[doc(hidden)]
    fn here() -> ::memofn::__private::Here<
        ::memofn::__private::Only,
        u64,
        <Option<
            User,
        > as ::memofn::__private::Outcome<
            { ::memofn::__private::fallible!(Option < User >) },
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::std::concat!(
                        ::memofn::__private::std::module_path!(), "::user"
                    ),
                )
        };
        ::memofn::__private::single!(
            "user", options, u64, < Option < User > as ::memofn::__private::Outcome < {
            ::memofn::__private::fallible!(Option < User >) } >> ::Stored
        )
            .here(
                ::memofn::__private::kept::<u64, _>(),
                ::memofn::__private::kept_result::<
                    Option<User>,
                    _,
                    _,
                >(::memofn::__private::kind!(Option < User >)),
            )
    }
    /// The cache itself.
    pub(crate) fn cache() -> &'static ::memofn::__private::Cache<
        u64,
        <Option<
            User,
        > as ::memofn::__private::Outcome<
            { ::memofn::__private::fallible!(Option < User >) },
        >>::Stored,
    > {
        <user>::here().cache()
    }
    /// The counters and the size of the cache.
    pub(crate) fn cache_info() -> ::memofn::__private::CacheInfo {
        Self::cache().info()
    }
    /// Forgets every entry and zeroes the counters.
    pub(crate) fn cache_clear() {
        Self::cache().clear()
    }
    /// The options in force.
    pub(crate) fn cache_parameters() -> ::memofn::__private::CacheParameters {
        Self::cache().parameters()
    }
    fn ask(
        what: ::memofn::__private::Ask,
        id: u64,
    ) -> ::memofn::__private::std::option::Option<Option<User>> {
        ::memofn::__private::ask(
            &<user>::cache(),
            what,
            &::memofn::__private::leaf::<u64, _>(&id),
            &::memofn::__private::policy::<
                Option<User>,
                _,
                _,
            >(::memofn::__private::kind!(Option < User >)),
        )
    }
    /// Looks for a call without counting, computing or touching recency.
    pub(crate) fn cache_peek(
        id: u64,
    ) -> ::memofn::__private::std::option::Option<Option<User>> {
        Self::ask(::memofn::__private::Ask::Peek, id)
    }
    /// Forgets one call, and returns its result.
    pub(crate) fn cache_remove(
        id: u64,
    ) -> ::memofn::__private::std::option::Option<Option<User>> {
        Self::ask(::memofn::__private::Ask::Remove, id)
    }
    /// Stores a result as if it had been computed now.
    pub(crate) fn cache_insert(id: u64, result: Option<User>) {
        ::memofn::__private::insert(
            &<user>::cache(),
            ::memofn::__private::leaf::<u64, _>(&id),
            &::memofn::__private::policy::<
                Option<User>,
                _,
                _,
            >(::memofn::__private::kind!(Option < User >)),
            &result,
        )
    }
    /// Runs the body now and stores its result.
    pub(crate) fn cache_refresh(db: &mut Db, id: u64) -> Option<User> {
        ::memofn::__private::refresh(
                &<user>::cache(),
                ::memofn::__private::leaf::<u64, _>(&id),
                ::memofn::__private::policy::<
                    Option<User>,
                    _,
                    _,
                >(::memofn::__private::kind!(Option < User >)),
            )
            .finish(<user>::uncached(db, id))
    }
}
