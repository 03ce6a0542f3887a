//! Modules that have the names of crates an expansion may use.

#![allow(dead_code)]

mod std {
    pub mod option {}
}
mod core {}
mod alloc {}
mod memofn {}
mod memo_runtime {}
mod proc_macro {}

use ::memofn::memoize;

#[memoize(ttl = "1h")]
fn square(n: u64) -> u64 {
    n * n
}

#[memoize(scope = "thread")]
fn length(text: Option<&str>) -> Result<usize, ()> {
    text.map(str::len).ok_or(())
}

mod inside {
    mod std {}
    mod core {}

    #[::memofn::memoize(key = text.len())]
    pub(super) fn length(text: &str) -> usize {
        text.len()
    }
}

fn main() {
    assert_eq!((square(3), square(3)), (9, 9));
    assert_eq!(square::cache_info().hits, 1);
    assert_eq!((length(Some("ab")), length(Some("ab")), length(None)), (Ok(2), Ok(2), Err(())));
    assert_eq!(length::cache_info().hits, 1);
    assert_eq!((inside::length("ab"), inside::length("cd")), (2, 2));
    assert_eq!(inside::length::cache_info().hits, 1);
}
