//! Async functions in a crate that denies many lints.

#![deny(
    warnings, missing_docs, unreachable_pub, missing_debug_implementations, rust_2018_idioms,
    unused_qualifications, unused_lifetimes, unused_results, single_use_lifetimes, let_underscore,
    elided_lifetimes_in_paths, keyword_idents, non_ascii_idents, trivial_casts,
    trivial_numeric_casts, unused_extern_crates, unused_import_braces, variant_size_differences,
    missing_copy_implementations, redundant_lifetimes, unit_bindings, explicit_outlives_requirements,
    absolute_paths_not_starting_with_crate, macro_use_extern_crate, meta_variable_misuse,
    clippy::all, clippy::pedantic, clippy::nursery
)]

use futures::executor::block_on;
use memofn::memoize;
use std::future::ready;
use std::hash::Hash;

/// A square.
#[memoize]
#[must_use]
pub async fn square(n: u64) -> u64 {
    ready(n * n).await
}

/// A length.
///
/// # Errors
///
/// If there is no text.
#[memoize(maxsize = 10, ttl = "1h", cache_if = Result::is_ok)]
pub async fn length(text: Option<&str>) -> Result<usize, String> {
    ready(text.map(str::len)).await.ok_or_else(|| "none".to_owned())
}

/// A sum.
#[memoize(skip(log), scope = "thread")]
pub async fn sum(items: &[f64], log: &mut Vec<usize>) -> f64 {
    log.push(ready(items.len()).await);
    items.iter().sum()
}

/// Does nothing.
#[memoize]
pub async fn nothing() {
    ready(()).await;
}

#[memoize]
async fn patterns((a, b): (u64, u64), _: u64, mut c: u64, r#type: u64) -> u64 {
    c += ready(a * b).await + r#type;
    c
}

#[memoize]
async fn names(cache: u64, key: u64, result: u64, run: u64, query: &str, policy: &str) -> u64 {
    ready(cache + key + result + run).await + (query.len() + policy.len()) as u64
}

#[memoize]
async unsafe fn dangerous(n: u64) -> u64 {
    ready(n).await
}

#[memoize(key = n % 10, single_flight = false)]
async fn last_digit(n: u64) -> u64 {
    ready(n % 10).await
}

#[memoize]
async fn generic<T, const N: usize>(items: [T; N]) -> Option<T>
where
    T: Ord + Hash + Clone + Send + Sync + 'static,
{
    ready(items.into_iter().max()).await
}

macro_rules! made {
    ($name:ident, $arg:ident: $type:ty, $body:expr) => {
        #[memoize]
        async fn $name($arg: $type) -> $type {
            ready($body).await
        }
    };
}
made!(plus_one, n: u64, n + 1);

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client<'a> {
    base: &'a str,
}

#[memoize]
impl Client<'_> {
    /// A page.
    #[memoize(key = (self.base.len(), path.to_owned()))]
    #[must_use]
    pub async fn page(&self, path: &str) -> String {
        ready(format!("{}/{path}", self.base)).await
    }

    #[memoize(skip(self))]
    async fn consumed(self, n: u64) -> u64 {
        ready(n).await
    }
}

/// Loads.
pub trait Load {
    /// A page.
    fn load(&self, path: &str) -> impl Future<Output = String> + Send;
}

#[memoize]
impl Load for Client<'_> {
    #[memoize(skip(self))]
    async fn load(&self, path: &str) -> String {
        ready(path.to_owned()).await
    }
}

fn main() {
    block_on(async {
        assert_eq!((square(3).await, square(3).await), (9, 9));
        assert_eq!(length(Some("ab")).await, Ok(2));
        assert_eq!(length(None).await, Err("none".to_owned()));
        let mut log = Vec::new();
        assert!(sum(&[0.5, 1.0], &mut log).await > 1.0);
        nothing().await;
        assert_eq!(patterns((1, 2), 3, 4, 5).await, 11);
        assert_eq!(names(1, 2, 3, 4, "a", "b").await, 12);
        assert_eq!(unsafe { dangerous(1).await + dangerous::uncached(1).await }, 2);
        assert_eq!((last_digit(13).await, last_digit(23).await), (3, 3));
        assert_eq!(generic([1, 3, 2]).await, Some(3));
        assert_eq!(plus_one(1).await, 2);
        let base = String::from("http");
        let client = Client { base: &base };
        assert_eq!(client.page("a").await, "http/a");
        assert_eq!(client.load("a").await, "a");
        assert_eq!(client.consumed(1).await, 1);
        assert_eq!(nothing::cache_info().misses + square::cache_refresh(3).await, 10);
    });
}
