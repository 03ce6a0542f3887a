// #[memoize(ttl = "7d", disk = "target/pages", depends(parse::<u8>, tables::RATES))]
// fn page(url: &str, size: u32) -> io::Result<Page> { fetch(url, size) }
// Without the body and the controls: 169 lines.

#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize(ttl = \"7days\", disk = \"target/pages\", depends(parse::<u8>, tables::RATES))]`](https://docs.rs/memofn). Its controls: [`page`](type@page)."
)]
fn page(url: &str, size: u32) -> io::Result<Page> {
    let __memofn_cache = ::memofn::__private::at(
        <__memofn_page_function as ::memofn::__private::MemoizedFn<_>>::call_site,
    );
    return ::memofn::__private::call!(
        __memofn_cache.enter_timed(< __memofn_page_function as
        ::memofn::__private::MemoizedFn < _ >> ::lookup((& url, & size,),
        ::memofn::__private::PhantomData), < __memofn_page_function as
        ::memofn::__private::MemoizedFn < _ >> ::policy()), < __memofn_page_function >
        ::uncached(url, size)
    );
}
/// The cache of [`page()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize(ttl = \"7days\", disk = \"target/pages\", depends(parse::<u8>, tables::RATES))]`](https://docs.rs/memofn). This type has no values: call its functions, as in `page::cache_info()`."
)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::min_ident_chars)]
type page = ::memofn::__private::Controls<
    __memofn_page_function,
    (::memofn::__private::BorrowedArg<str>, ::memofn::__private::OwnedArg<u32>),
    io::Result<Page>,
>;
#[doc(hidden)]
#[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
type __memofn_page_controls = ::memofn::__private::Controls<
    __memofn_page_function,
    (::memofn::__private::BorrowedArg<str>, ::memofn::__private::OwnedArg<u32>),
    io::Result<Page>,
>;
#[doc(hidden)]
#[allow(
    non_camel_case_types,
    dead_code,
    missing_copy_implementations,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::exhaustive_structs
)]
struct __memofn_page_function {}
#[allow(dead_code, private_interfaces, unreachable_pub)]
impl __memofn_page_function {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    fn uncached(url: &str, size: u32) -> io::Result<Page> {
        fetch(url, size)
    }
}
#[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
impl ::memofn::__private::MemoizedFn<__memofn_page_controls> for __memofn_page_function {
    type Key = (<str as ::memofn::__private::ToOwned>::Owned, u32);
    type Stored = <io::Result<
        Page,
    > as ::memofn::__private::ResultKind<
        { ::memofn::__private::fallible!(io::Result < Page >) },
    >>::Stored;
    const CACHE_VERSION: ::memofn::__private::u64 = ::memofn::__private::mixed(
        10135620434409244277,
        &[
            {
                #[allow(unused_imports)]
                use ::memofn::__private::no_version::*;
                {
                    #[allow(unused_imports)]
                    use parse as __memofn_item;
                    <__memofn_item<u8>>::CACHE_VERSION
                }
            },
            {
                #[allow(unused_imports)]
                use ::memofn::__private::no_version::*;
                {
                    #[allow(unused_imports)]
                    use tables::RATES as __memofn_item;
                    <__memofn_item>::CACHE_VERSION
                }
            },
        ],
    );
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        <__memofn_page_function as ::memofn::__private::MemoizedFn<
            __memofn_page_controls,
        >>::Key,
        <__memofn_page_function as ::memofn::__private::MemoizedFn<
            __memofn_page_controls,
        >>::Stored,
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<__memofn_page_function>(),
                        "page",
                    ),
                )
                .ttl(::memofn::__private::Duration::new(604800u64, 0u32))
                .below_of(
                    ::memofn::__private::kept(
                        ::memofn::__private::kept_keys(
                            ::memofn::__private::std::convert::identity(
                                ::memofn::__private::thread::<
                                    (<str as ::memofn::__private::ToOwned>::Owned, u32),
                                >(),
                            ),
                            ::memofn::__private::std::convert::identity(
                                ::memofn::__private::thread::<
                                    <__memofn_page_function as ::memofn::__private::MemoizedFn<
                                        __memofn_page_controls,
                                    >>::Stored,
                                >(),
                            ),
                        ),
                    ),
                    ::memofn::__private::Postcard,
                    ::memofn::__private::Origin::of_function(
                        ::memofn::__private::on_disk(
                            ::memofn::__private::std::option_env!("CARGO_PKG_NAME"),
                            ::memofn::__private::Some(
                                ::memofn::__private::std::convert::Into::into(
                                    "target/pages",
                                ),
                            ),
                        ),
                        <__memofn_page_function as ::memofn::__private::MemoizedFn<
                            _,
                        >>::CACHE_VERSION,
                        (
                            ::memofn::__private::std::module_path!(),
                            ::memofn::__private::std::line!(),
                        ),
                        ::memofn::__private::std::cfg!(test),
                    ),
                )
        };
        ::memofn::__private::single!(
            "page", __memofn_options, < __memofn_page_function as
            ::memofn::__private::MemoizedFn < __memofn_page_controls >> ::Key, <
            __memofn_page_function as ::memofn::__private::MemoizedFn <
            __memofn_page_controls >> ::Stored
        )
            .call_site(
                (
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::ToOwned>::Owned,
                        _,
                    >(),
                    ::memofn::__private::shared::<u32, _>(),
                ),
                ::memofn::__private::stored::<
                    io::Result<Page>,
                    _,
                    _,
                >(::memofn::__private::kind!(io::Result < Page >)),
            )
    }
    fn uncached<'__memofn>((url, size): (&'__memofn str, u32)) -> io::Result<Page> {
        #[allow(deprecated)]
        let _ = page;
        <__memofn_page_function>::uncached(url, size)
    }
}
