// #[versioned(depends(TABLE))]

pub fn parse(text: &str) -> u64 {
    body
}
/// The version of `parse`, for the results of functions that depend on it.
#[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
#[allow(unreachable_pub, clippy::all, clippy::pedantic, clippy::exhaustive_structs)]
pub struct parse {}
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
impl parse {
    /// The version of `parse`, for the results of functions that depend on it.
    pub const CACHE_VERSION: ::memofn::__private::u64 = ::memofn::__private::mixed(
        6073553289418095116,
        &[
            {
                #[allow(unused_imports)]
                use ::memofn::__private::no_version::*;
                {
                    #[allow(unused_imports)]
                    use TABLE as __memofn_item;
                    <__memofn_item>::CACHE_VERSION
                }
            },
        ],
    );
}

// #[versioned(7)]

#[cfg(unix)]
struct Pair<T: Copy, const N: usize>(
    [T; N],
)
where
    T: Eq;
#[cfg(unix)]
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
impl<T: Copy, const N: usize> Pair<T, N>
where
    T: Eq,
{
    /// The version of `Pair`, for the results of functions that depend on it.
    const CACHE_VERSION: ::memofn::__private::u64 = 7;
}
