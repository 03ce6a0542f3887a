// #[memoize(scope = "thread", maxsize = unbounded)]
// fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }
// Beyond the body and the controls: 66 lines.

fn distance(a: &[char], b: &[char]) -> usize {
    let cache = ::memofn::__private::at(<distance>::here);
    return ::memofn::__private::call!(
        cache.enter((::memofn::__private::leaf:: < [char], _ > (a),
        ::memofn::__private::leaf:: < [char], _ > (b)), ::memofn::__private::primitive::
        < usize, _ > ()), < distance > ::uncached(a, b)
    );
}
/// The cache of [`distance()`](distance()): its counters and controls.
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
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
    fn here() -> ::memofn::__private::Here<
        ::memofn::__private::Only,
        (
            ::memofn::__private::std::vec::Vec<char>,
            ::memofn::__private::std::vec::Vec<char>,
        ),
        usize,
        ::memofn::__private::scope::Thread,
    > {
        let options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::std::concat!(
                        ::memofn::__private::std::module_path!(), "::distance"
                    ),
                )
                .unbounded()
        };
        ::memofn::__private::thread_single!(
            "distance", options, (::memofn::__private::std::vec::Vec < char >,
            ::memofn::__private::std::vec::Vec < char >), usize
        )
            .here(
                (
                    ::memofn::__private::kept_here::<
                        ::memofn::__private::std::vec::Vec<char>,
                    >(),
                    ::memofn::__private::kept_here::<
                        ::memofn::__private::std::vec::Vec<char>,
                    >(),
                ),
                ::memofn::__private::kept_result_here::<
                    usize,
                    _,
                >(::memofn::__private::Whole),
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
        <distance>::here().cache()
    }
    /// The counters and the size of the cache.
    fn cache_info() -> ::memofn::__private::CacheInfo {
        Self::cache().info()
    }
    /// Forgets every entry and zeroes the counters.
    fn cache_clear() {
        Self::cache().clear()
    }
    /// The options in force.
    fn cache_parameters() -> ::memofn::__private::CacheParameters {
        Self::cache().parameters()
    }
    fn ask(
        what: ::memofn::__private::Ask,
        a: &[char],
        b: &[char],
    ) -> ::memofn::__private::std::option::Option<usize> {
        ::memofn::__private::ask(
            &<distance>::cache(),
            what,
            &(
                ::memofn::__private::leaf::<[char], _>(a),
                ::memofn::__private::leaf::<[char], _>(b),
            ),
            &::memofn::__private::primitive::<usize, _>(),
        )
    }
    /// Looks for a call without counting, computing or touching recency.
    fn cache_peek(
        a: &[char],
        b: &[char],
    ) -> ::memofn::__private::std::option::Option<usize> {
        Self::ask(::memofn::__private::Ask::Peek, a, b)
    }
    /// Forgets one call, and returns its result.
    fn cache_remove(
        a: &[char],
        b: &[char],
    ) -> ::memofn::__private::std::option::Option<usize> {
        Self::ask(::memofn::__private::Ask::Remove, a, b)
    }
    /// Stores a result as if it had been computed now.
    fn cache_insert(a: &[char], b: &[char], result: usize) {
        ::memofn::__private::insert(
            &<distance>::cache(),
            (
                ::memofn::__private::leaf::<[char], _>(a),
                ::memofn::__private::leaf::<[char], _>(b),
            ),
            &::memofn::__private::primitive::<usize, _>(),
            &result,
        )
    }
    /// Runs the body now and stores its result.
    fn cache_refresh(a: &[char], b: &[char]) -> usize {
        ::memofn::__private::refresh(
                &<distance>::cache(),
                (
                    ::memofn::__private::leaf::<[char], _>(a),
                    ::memofn::__private::leaf::<[char], _>(b),
                ),
                ::memofn::__private::primitive::<usize, _>(),
            )
            .finish(<distance>::uncached(a, b))
    }
}
