// #[memoize()]
// #[must_use]
// #[expect(clippy::too_many_arguments)]
// unsafe fn many(
// a: u8, mut b: f64, _: Option<&str>, (c, d): (u8, f32), Point { x, .. }: Point, e: &[&str],
// f: Cow<'_, str>, g: [f64; 3], h: &Path, i: Vec<u8>, j: char, k: bool, r#type: i8, l: i16,
// ) { body }
// Without the body and the controls: 237 lines.

#[must_use]
#[allow(clippy::too_many_arguments)]
#[cfg_attr(
    doc,
    doc = "",
    doc = " Cached by [`#[memoize]`](https://docs.rs/memofn). Its controls: [`many`](type@many)."
)]
#[allow(clippy::used_underscore_binding)]
unsafe fn many(
    a: u8,
    b: f64,
    __memofn_arg2: Option<&str>,
    __memofn_arg3: (u8, f32),
    __memofn_arg4: Point,
    e: &[&str],
    f: Cow<'_, str>,
    g: [f64; 3],
    h: &Path,
    i: Vec<u8>,
    j: char,
    k: bool,
    r#type: i8,
    l: i16,
) {
    let __memofn_cache = ::memofn::__private::at(<many>::call_site);
    return ::memofn::__private::call!(
        __memofn_cache.enter(< many > ::lookup(& a, & b, & __memofn_arg2, &
        __memofn_arg3, & __memofn_arg4, & e, & f, & g, & h, & i, & j, & k, & r#type, &
        l), < many > ::policy()), unsafe { < many > ::uncached(a, b, __memofn_arg2,
        __memofn_arg3, __memofn_arg4, e, f, g, h, i, j, k, r#type, l) }
    );
}
/// The cache of [`many()`]: its counters and controls.
#[cfg_attr(
    doc,
    doc = "",
    doc = " The function is cached by [`#[memoize]`](https://docs.rs/memofn). This type has no values: call its functions, as in `many::cache_info()`."
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
#[allow(clippy::too_many_arguments)]
struct many {}
#[allow(dead_code, unreachable_pub)]
impl many {
    /// The function itself: runs its body and leaves the cache alone.
    #[allow(
        clippy::fn_params_excessive_bools,
        clippy::large_types_passed_by_value,
        clippy::missing_const_for_fn,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    #[allow(clippy::too_many_arguments)]
    unsafe fn uncached(
        #[allow(unused_variables)]
        a: u8,
        #[allow(unused_variables)]
        mut b: f64,
        #[allow(unused_variables)]
        _: Option<&str>,
        #[allow(unused_variables)]
        (c, d): (u8, f32),
        #[allow(unused_variables)]
        Point { x, .. }: Point,
        #[allow(unused_variables)]
        e: &[&str],
        #[allow(unused_variables)]
        f: Cow<'_, str>,
        #[allow(unused_variables)]
        g: [f64; 3],
        #[allow(unused_variables)]
        h: &Path,
        #[allow(unused_variables)]
        i: Vec<u8>,
        #[allow(unused_variables)]
        j: char,
        #[allow(unused_variables)]
        k: bool,
        #[allow(unused_variables)]
        r#type: i8,
        #[allow(unused_variables)]
        l: i16,
    ) {
        body
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
#[allow(clippy::too_many_arguments)]
impl many {
    #[doc(hidden)]
    fn call_site() -> ::memofn::__private::CallSite<
        ::memofn::__private::OnlyInstance,
        (
            u8,
            ::memofn::__private::Float<f64>,
            ::memofn::__private::Option<<str as ::memofn::__private::ToOwned>::Owned>,
            (u8, ::memofn::__private::Float<f32>),
            Point,
            ::memofn::__private::Vec<<str as ::memofn::__private::ToOwned>::Owned>,
            <str as ::memofn::__private::ToOwned>::Owned,
            [::memofn::__private::Float<f64>; 3],
            <Path as ::memofn::__private::ToOwned>::Owned,
            Vec<u8>,
            char,
            (bool, i8, i16),
        ),
        (),
        ::memofn::__private::scope::Shared,
    > {
        let __memofn_options = || {
            ::memofn::__private::CacheBuilder::new()
                .name(
                    ::memofn::__private::function(
                        ::memofn::__private::type_name::<many>(),
                        "many",
                    ),
                )
        };
        ::memofn::__private::single!(
            "many", __memofn_options, (u8, ::memofn::__private::Float < f64 >,
            ::memofn::__private::Option < < str as ::memofn::__private::ToOwned > ::Owned
            >, (u8, ::memofn::__private::Float < f32 >,), Point, ::memofn::__private::Vec
            < < str as ::memofn::__private::ToOwned > ::Owned >, < str as
            ::memofn::__private::ToOwned > ::Owned, [::memofn::__private::Float < f64 >;
            3], < Path as ::memofn::__private::ToOwned > ::Owned, Vec < u8 >, char,
            (bool, i8, i16)), ()
        )
            .call_site(
                (
                    ::memofn::__private::shared::<u8, _>(),
                    ::memofn::__private::shared::<::memofn::__private::Float<f64>, _>(),
                    ::memofn::__private::shared::<
                        ::memofn::__private::Option<
                            <str as ::memofn::__private::ToOwned>::Owned,
                        >,
                        _,
                    >(),
                    ::memofn::__private::shared::<
                        (u8, ::memofn::__private::Float<f32>),
                        _,
                    >(),
                    ::memofn::__private::shared::<Point, _>(),
                    ::memofn::__private::shared::<
                        ::memofn::__private::Vec<
                            <str as ::memofn::__private::ToOwned>::Owned,
                        >,
                        _,
                    >(),
                    ::memofn::__private::shared::<
                        <str as ::memofn::__private::ToOwned>::Owned,
                        _,
                    >(),
                    ::memofn::__private::shared::<
                        [::memofn::__private::Float<f64>; 3],
                        _,
                    >(),
                    ::memofn::__private::shared::<
                        <Path as ::memofn::__private::ToOwned>::Owned,
                        _,
                    >(),
                    ::memofn::__private::shared::<Vec<u8>, _>(),
                    ::memofn::__private::shared::<char, _>(),
                    (
                        ::memofn::__private::shared::<bool, _>(),
                        ::memofn::__private::shared::<i8, _>(),
                        ::memofn::__private::shared::<i16, _>(),
                    ),
                ),
                ::memofn::__private::stored::<(), _, _>(::memofn::__private::Whole),
            )
    }
    /// The cache itself.
    fn cache() -> &'static ::memofn::__private::Cache<
        (
            u8,
            ::memofn::__private::Float<f64>,
            ::memofn::__private::Option<<str as ::memofn::__private::ToOwned>::Owned>,
            (u8, ::memofn::__private::Float<f32>),
            Point,
            ::memofn::__private::Vec<<str as ::memofn::__private::ToOwned>::Owned>,
            <str as ::memofn::__private::ToOwned>::Owned,
            [::memofn::__private::Float<f64>; 3],
            <Path as ::memofn::__private::ToOwned>::Owned,
            Vec<u8>,
            char,
            (bool, i8, i16),
        ),
        (),
    > {
        <many>::call_site().cache()
    }
    #[doc(hidden)]
    #[inline]
    fn lookup(
        a: &u8,
        b: &f64,
        __memofn_arg2: &Option<&str>,
        __memofn_arg3: &(u8, f32),
        __memofn_arg4: &Point,
        e: &&[&str],
        f: &Cow<'_, str>,
        g: &[f64; 3],
        h: &&Path,
        i: &Vec<u8>,
        j: &char,
        k: &bool,
        r#type: &i8,
        l: &i16,
    ) -> impl ::memofn::__private::Lookup<
        Key = (
            u8,
            ::memofn::__private::Float<f64>,
            ::memofn::__private::Option<<str as ::memofn::__private::ToOwned>::Owned>,
            (u8, ::memofn::__private::Float<f32>),
            Point,
            ::memofn::__private::Vec<<str as ::memofn::__private::ToOwned>::Owned>,
            <str as ::memofn::__private::ToOwned>::Owned,
            [::memofn::__private::Float<f64>; 3],
            <Path as ::memofn::__private::ToOwned>::Owned,
            Vec<u8>,
            char,
            (bool, i8, i16),
        ),
    > {
        (
            ::memofn::__private::plain::<u8, _>(a),
            ::memofn::__private::shaped::<f64, ::memofn::__private::FloatBits, _>(b),
            ::memofn::__private::shaped::<
                Option<&str>,
                ::memofn::__private::OptionOf<
                    ::memofn::__private::PointerTo<::memofn::__private::Plain>,
                >,
                _,
            >(__memofn_arg2),
            ::memofn::__private::shaped::<
                (u8, f32),
                (::memofn::__private::Plain, ::memofn::__private::FloatBits),
                _,
            >(__memofn_arg3),
            ::memofn::__private::plain::<Point, _>(__memofn_arg4),
            ::memofn::__private::shaped::<
                &[&str],
                ::memofn::__private::PointerTo<
                    ::memofn::__private::SliceOf<
                        ::memofn::__private::PointerTo<::memofn::__private::Plain>,
                    >,
                >,
                _,
            >(e),
            ::memofn::__private::shaped::<
                Cow<'_, str>,
                ::memofn::__private::PointerTo<::memofn::__private::Plain>,
                _,
            >(f),
            ::memofn::__private::shaped::<
                [f64; 3],
                ::memofn::__private::ArrayOf<::memofn::__private::FloatBits>,
                _,
            >(g),
            ::memofn::__private::plain::<Path, _>(h),
            ::memofn::__private::plain::<Vec<u8>, _>(i),
            ::memofn::__private::plain::<char, _>(j),
            (
                ::memofn::__private::plain::<bool, _>(k),
                ::memofn::__private::plain::<i8, _>(r#type),
                ::memofn::__private::plain::<i16, _>(l),
            ),
        )
    }
    #[doc(hidden)]
    #[inline]
    fn policy() -> impl ::memofn::__private::PolicyFor<(), false> {
        ::memofn::__private::policy::<(), _, _>(::memofn::__private::Whole)
    }
    /// The version of the code. Results that a tier keeps of other versions do not answer.
    const CACHE_VERSION: ::memofn::__private::u64 = 11004426569004665680;
}
