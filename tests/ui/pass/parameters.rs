//! Parameters that have names an expansion may use.

use memofn::memoize;
use std::time::Duration;

#[memoize]
fn all(
    key: u64, cache: u64, value: u64, result: u64, run: u64, this: u64, entry: u64, arg0: u64,
    lookup: u64, policy: u64, kind: u64, me: u64,
) -> u64 {
    key + cache + value + result + run + this + entry + arg0 + lookup + policy + kind + me
}

#[memoize(key = key + cache)]
fn keyed(key: u64, cache: u64, result: &mut u64) -> u64 {
    *result += 1;
    key + cache
}

#[memoize(key = run + arg0 + arg2, cache_if = |result| *result > policy())]
fn patterns((run, _): (u64, u64), arg0: u64, [arg2, ..]: [u64; 2]) -> u64 {
    run + arg0 + arg2
}

fn policy() -> u64 {
    2
}

#[memoize(scope = "thread", skip(cache))]
fn skipped(result: &str, cache: &mut Vec<String>) -> usize {
    cache.push(result.to_owned());
    cache.len()
}

/// Its parameters have its own name and those of its controls.
#[memoize]
fn itself(itself: u64, uncached: u64, cache_info: u64, site: u64) -> u64 {
    itself + uncached + cache_info + site
}

const SITE: usize = 10;
const SLOT: Duration = Duration::from_secs(60);

/// Options that use names an expansion may give to its statics.
#[memoize(maxsize = SITE, ttl = SLOT)]
fn shared(n: u64) -> u64 {
    n
}

#[memoize(maxsize = SITE, ttl = SLOT, scope = "thread")]
fn local(n: u64) -> u64 {
    n
}

fn main() {
    for _ in 0..2 {
        assert_eq!(all(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
    }
    assert_eq!(all::cache_info().hits, 1);
    assert_eq!(all::uncached(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
    assert_eq!(all::cache_remove(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), Some(78));
    all::cache_insert(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 100);
    assert_eq!(all::cache_peek(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), Some(100));

    let mut runs = 0;
    assert_eq!((keyed(1, 2, &mut runs), keyed(2, 1, &mut runs)), (3, 3));
    assert_eq!(runs, 1);
    keyed::cache_insert(5, 5, 7);
    assert_eq!((keyed::cache_peek(4, 6), keyed::cache_remove(6, 4)), (Some(7), Some(7)));

    assert_eq!((patterns((1, 2), 3, [4, 5]), patterns((1, 9), 3, [4, 9])), (8, 8));
    assert_eq!(patterns::cache_info().hits, 1);
    assert_eq!(patterns::cache_refresh((1, 2), 3, [4, 5]), 8);

    let mut seen = Vec::new();
    assert_eq!((skipped("a", &mut seen), skipped("a", &mut seen)), (1, 1));
    assert_eq!((itself(1, 2, 3, 4), itself(1, 2, 3, 4)), (10, 10));
    assert_eq!(itself::cache_info().hits, 1);
    assert_eq!((shared(1), shared::cache_info().maxsize), (1, Some(10)));
    assert_eq!((local(1), local::cache_info().maxsize), (1, Some(10)));
}
