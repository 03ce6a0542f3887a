//! A module in which the prelude's names mean something else.

mod shadows {
    #![allow(dead_code, non_upper_case_globals, non_snake_case)]

    use memofn::memoize;

    pub struct Option;
    pub struct Result;
    pub struct Vec;
    pub struct String;
    pub struct Box;
    pub struct Default;
    pub struct Send;
    pub struct Sync;
    pub trait Clone {}
    pub trait Hash {}
    pub trait Eq {}
    pub trait PartialEq {}
    pub trait Fn {}
    pub trait ToOwned {}
    pub trait Into {}
    pub const Some: () = ();
    pub const None: () = ();
    pub const Ok: () = ();
    pub const Err: () = ();
    pub fn drop() {}

    #[memoize(maxsize = 10, ttl = "1h", name = "squares")]
    pub fn square(n: u64) -> u64 {
        n * n
    }

    #[memoize(scope = "thread", cache_if = |length| *length > 0)]
    pub fn length(text: &str, more: &[f64]) -> usize {
        text.len() + more.len()
    }

    #[memoize(key = n % 10)]
    pub fn parse(n: u32) -> ::std::result::Result<u32, ::std::string::String> {
        ::std::result::Result::Ok(n % 10)
    }

    #[memoize]
    pub fn first(words: &[&str], or: ::std::option::Option<&str>) -> ::std::string::String {
        words.first().copied().or(or).unwrap_or_default().to_owned()
    }
}

fn main() {
    assert_eq!((shadows::square(3), shadows::square(3)), (9, 9));
    assert_eq!(shadows::square::cache_info().hits, 1);
    assert_eq!((shadows::length("ab", &[0.5]), shadows::length("ab", &[0.5])), (3, 3));
    assert_eq!(shadows::length::cache_info().hits, 1);
    assert_eq!((shadows::parse(12), shadows::parse(22)), (Ok(2), Ok(2)));
    assert_eq!(shadows::parse::cache_info().hits, 1);
    assert_eq!(shadows::first(&["a"], Some("b")), "a");
    assert_eq!(shadows::first::cache_peek(&["a"], Some("b")).as_deref(), Some("a"));
}
