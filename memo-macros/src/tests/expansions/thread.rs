// #[memoize(scope = "thread", maxsize = unbounded)]
// fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }
// Without the body and the controls: 84 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(scope = \"thread\", maxsize = unbounded)]`](https://docs.rs/memofn). Its controls: [`distance`](struct@distance)."
)]
fn distance(a: &[char], b: &[char]) -> usize {
    let __memofn_cache = ::memofn::__private::at(<distance>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< distance > ::lookup(& a, & b),
        ::memofn::__private::Whole), < distance > ::uncached(a, b)
    );
}
/// The cache of [`distance()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(scope = \"thread\", maxsize = unbounded)]`](https://docs.rs/memofn). This type has no values: call its functions, as in `distance::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(clippy::exhaustive_structs, clippy::min_ident_chars)]
#[allow(unreachable_pub)]
struct distance {}
#[allow(dead_code, unreachable_pub)]
impl distance {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(a: &[char], b: &[char]) -> usize {
        edits(a, b)
    }
}
#[allow(dead_code, non_snake_case, private_interfaces, clippy::all, clippy::pedantic)]
#[allow(unreachable_pub)]
impl distance {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (
            ::memofn::__private::std::vec::Vec<char>,
            ::memofn::__private::std::vec::Vec<char>,
        ),
        usize,
        ::memofn::__private::scope::Thread,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::std::any::type_name::<distance>(),
                        "distance",
                    ),
                )
                .unbounded()
        };
        ::memofn::__private::thread_single!(
            "distance", __memofn_options, (::memofn::__private::std::vec::Vec < char >,
            ::memofn::__private::std::vec::Vec < char >), usize
        )
            .call_site(
                (
                    ::memofn::__private::thread::<
                        ::memofn::__private::std::vec::Vec<char>,
                    >(),
                    ::memofn::__private::thread::<
                        ::memofn::__private::std::vec::Vec<char>,
                    >(),
                ),
                ::memofn::__private::thread_stored::<
                    usize,
                    _,
                >(::memofn::__private::primitive::<usize, _>()),
            )
    }
    /// The cache itself.
    fn cache() -> ::memofn::__private::Cache<
        (
            ::memofn::__private::std::vec::Vec<char>,
            ::memofn::__private::std::vec::Vec<char>,
        ),
        usize,
        ::memofn::__private::scope::Thread,
    > {
        <distance>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        a: &&[char],
        b: &&[char],
    ) -> impl ::memofn::__private::Lookup<
        Key = (
            ::memofn::__private::std::vec::Vec<char>,
            ::memofn::__private::std::vec::Vec<char>,
        ),
    > {
        (
            ::memofn::__private::plain::<[char], _>(a),
            ::memofn::__private::plain::<[char], _>(b),
        )
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::std::primitive::u64 = 2914492278602098387;
    /// Turns the cache off, or on again. Off, each call runs the body.
    #[inline]
    fn cache_enable(__memofn_enabled: bool) {
        <distance>::call_site().enable(__memofn_enabled)
    }
    /// Ends the time in which the result of a call answers: it is renewed by the next call, kept for calls that fail, or
    /// forgotten, as the options say. Returns whether it did answer.
    #[inline]
    fn cache_expire(
        a: &[char],
        b: &[char],
    ) -> ::memofn::__private::std::primitive::bool {
        ::memofn::__private::std::option::Option::is_some(
            &Self::ask(::memofn::__private::Ask::Expire, a, b),
        )
    }
}
