// #[memoize(scope = "thread", maxsize = unbounded)]
// fn distance(a: &[char], b: &[char]) -> usize { edits(a, b) }
// Without the body and the controls: 66 lines.

fn distance(a: &[char], b: &[char]) -> usize {
    let cache = ::memofn::__private::at(<distance>::call_site);
    return ::memofn::__private::call!(
        cache.enter((::memofn::__private::plain:: < [char], _ > (a),
        ::memofn::__private::plain:: < [char], _ > (b)), ::memofn::__private::primitive::
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
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
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
        <distance>::call_site().cache()
    }
}
