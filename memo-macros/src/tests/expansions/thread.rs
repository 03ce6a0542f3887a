// #[memoize(scope = "thread", maxsize = unbounded)]
// fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }
// Without the body and the controls: 83 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(scope = \"thread\", maxsize = unbounded)]`](https://docs.rs/memofn). Its controls: [`distance`](type@distance)."
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
#[allow(
    non_camel_case_types,
    dead_code,
    missing_copy_implementations,
    missing_debug_implementations,
    unreachable_pub,
    clippy::exhaustive_structs,
    clippy::min_ident_chars
)]
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
#[allow(
    dead_code,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    clippy::all,
    clippy::pedantic
)]
impl distance {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (::memofn::__private::Vec<char>, ::memofn::__private::Vec<char>),
        usize,
        ::memofn::__private::scope::Thread,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<distance>(),
                        "distance",
                    ),
                )
                .unbounded()
        };
        ::memofn::__private::thread_single!(
            "distance", __memofn_options, (::memofn::__private::Vec < char >,
            ::memofn::__private::Vec < char >), usize
        )
            .call_site(
                (
                    ::memofn::__private::thread::<::memofn::__private::Vec<char>>(),
                    ::memofn::__private::thread::<::memofn::__private::Vec<char>>(),
                ),
                ::memofn::__private::thread_stored::<
                    usize,
                    _,
                >(::memofn::__private::primitive::<usize, _>()),
            )
    }
    /// The cache itself.
    fn cache() -> ::memofn::__private::Cache<
        (::memofn::__private::Vec<char>, ::memofn::__private::Vec<char>),
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
        Key = (::memofn::__private::Vec<char>, ::memofn::__private::Vec<char>),
    > {
        (
            ::memofn::__private::plain::<[char], _>(a),
            ::memofn::__private::plain::<[char], _>(b),
        )
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 2914492278602098387;
}
