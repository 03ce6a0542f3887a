//! `caches()`, `report()` and `clear_all()`: they cover every cache that has been used.

mod common;

use common::{counts, panic_of, panic_silently};
use memofn::EvictionCause::Cleared;
use memofn::{Cache, CacheStatus, memoize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// `clear_all` clears the caches of other tests, too. The tests run one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listed(name: &str) -> Vec<CacheStatus> {
    memofn::caches().filter(|status| status.name() == name).collect()
}

#[test]
fn a_cache_is_listed_from_its_first_use_on() {
    #[memoize(name = "first use")]
    fn f(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    assert_eq!(listed("first use"), []);
    let _ = (f(1), f(1), f(2));
    let [status] = &listed("first use")[..] else { panic!("listed once") };
    assert_eq!(counts(status.info), (1, 2, Some(128), 2));
    assert_eq!(status.parameters, f::cache_parameters());
}

#[memoize]
fn at_the_top(n: u32) -> u32 {
    n
}

mod inner {
    #[memofn::memoize(controls = other_name)]
    pub(super) fn in_a_module<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static>(n: T) -> T {
        n
    }
}

#[test]
fn functions_are_named_by_their_path() {
    let _alone = alone();
    let _ = (at_the_top(1), inner::in_a_module(1_u8));
    assert_eq!(listed("registry::at_the_top").len(), 1);
    assert_eq!(listed("registry::inner::in_a_module<u8>").len(), 1);
}

fn one(n: u32) -> u32 {
    #[memoize]
    fn nested(n: u32) -> u32 {
        n
    }
    nested(n)
}

fn other(n: u32) -> u32 {
    #[memoize]
    fn nested(n: u32) -> u32 {
        n + 1
    }
    nested(n)
}

#[test]
fn functions_of_one_name_inside_of_two_functions_are_told_apart() {
    let _alone = alone();
    let _ = (one(1), one(1), other(1));
    assert_eq!(listed("registry::one::nested")[0].info.hits, 1);
    assert_eq!(listed("registry::other::nested")[0].info.hits, 0);
}

#[memoize]
fn memoized(n: u32) -> u32 {
    struct Local;
    impl Local {
        #[memoize(skip(self))]
        fn method(&self, n: u32) -> u32 {
            n
        }
    }
    #[memoize]
    fn nested(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn generic<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static>(n: T) -> T {
        n
    }
    nested(n) + Local.method(n) + generic(n)
}

#[test]
fn functions_inside_of_a_memoized_function_are_named_by_its_path() {
    let _alone = alone();
    assert_eq!(memoized(1), 3);
    for name in ["nested", "Local::method", "generic<u32>"] {
        assert_eq!(listed(&format!("registry::memoized::{name}")).len(), 1, "{name}");
    }
}

#[memoize]
trait Priced {
    #[memoize]
    fn make(n: u32) -> u32 {
        n
    }
}

#[memoize]
trait Stocked<T> {
    #[memoize]
    fn make(n: u32) -> u32 {
        n + 1
    }
}

impl Priced for u8 {}
impl Stocked<u16> for u8 {}

#[test]
fn methods_of_one_name_of_two_traits_are_told_apart() {
    let _alone = alone();
    assert_eq!(<u8 as Priced>::make(1) + <u8 as Stocked<u16>>::make(1), 3);
    assert_eq!(listed("<u8 as Priced>::make").len(), 1);
    assert_eq!(listed("<u8 as Stocked<T>>::make").len(), 1);
}

#[test]
fn an_endless_ttl_is_shown_as_forever() {
    #[memoize(name = "endless", ttl = Duration::MAX)]
    fn f(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    f(1);
    let report = memofn::report().to_string();
    let row = report.lines().find(|row| row.starts_with("endless")).expect("listed");
    assert!(row.ends_with("forever"), "{row}");
    assert!(f::cache_parameters().to_string().contains("forever"));
}

#[test]
fn a_cache_made_by_hand_is_listed_by_name_as_long_as_it_lives() {
    let _alone = alone();
    let unnamed = Cache::<u32, u32>::new(3);
    let named: Cache<u32, u32> = Cache::builder().name("by hand").maxsize(3).build();
    let handle = named.clone();
    named.insert(1, 1);
    unnamed.insert(1, 1);
    assert_eq!(listed(""), []);
    assert_eq!(listed("by hand").len(), 1);
    assert_eq!(listed("by hand")[0].info.currsize, 1);
    drop(named);
    assert_eq!(listed("by hand").len(), 1, "a handle is left");
    drop(handle);
    // A test that goes through all caches may own it for a moment.
    common::finishes("the drop of a cache", || {
        while !listed("by hand").is_empty() {
            thread::yield_now();
        }
    });
}

#[test]
fn a_threads_cache_is_listed_on_that_thread() {
    #[memoize(name = "mine", scope = "thread")]
    fn f(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    f(1);
    let other = thread::spawn(|| {
        let before = listed("mine").len();
        let _ = (f(1), f(2));
        (before, listed("mine").iter().map(|status| status.info.misses).collect::<Vec<_>>())
    });
    assert_eq!(other.join().expect("no panic"), (0, vec![2]));
    assert_eq!(listed("mine")[0].info.misses, 1);
    assert!(memofn::report().to_string().contains("mine (this thread)"));
}

#[test]
fn clear_all_clears_every_cache() {
    #[memoize]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(scope = "thread", key = n / 2)]
    fn local(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    let by_hand: Cache<u32, u32> = Cache::builder().name("cleared").build();
    by_hand.insert(1, 1);
    let _ = (f(1), local(1));
    memofn::clear_all();
    assert_eq!(counts(f::cache_info()), (0, 0, Some(128), 0));
    assert_eq!(counts(local::cache_info()), (0, 0, Some(128), 0));
    assert!(by_hand.is_empty());
    assert!(memofn::caches().all(|status| status.info.currsize == 0));
}

#[test]
fn clear_all_clears_every_cache_although_listeners_panic() {
    #[memoize(on_evict = |_, _, why| panic_silently(if why == Cleared { "one" } else { "?" }))]
    fn one(n: u32) -> u32 {
        n
    }
    #[memoize(on_evict = |_, _, why| panic_silently(if why == Cleared { "other" } else { "?" }))]
    fn other(n: u32) -> u32 {
        n
    }

    let _alone = alone();
    let _ = (one(1), one(2), other(1));
    assert!(["one", "other"].contains(&panic_of(memofn::clear_all)));
    assert_eq!((one::cache_info().currsize, other::cache_info().currsize), (0, 0));
}

#[test]
fn the_report_is_a_table_of_all_caches() {
    #[memoize(name = "report::a", maxsize = 1, ttl = "90s")]
    fn a(n: u32) -> u32 {
        n
    }
    #[memoize(name = "report::b", maxsize = unbounded)]
    fn b(n: u32) -> Result<u32, String> {
        if n > 1 { Err("large".to_owned()) } else { Ok(n) }
    }

    let _alone = alone();
    let _ = (a(1), a(1), a(2), a(2));
    let _ = (b(1), b(2));
    let report = memofn::report();
    let status = |name: &str| report.caches().iter().find(|status| status.name() == name);
    let (a, b) = (status("report::a").expect("listed"), status("report::b").expect("listed"));
    assert_eq!((a.info.evictions, a.parameters.ttl), (1, Some(Duration::from_secs(90))));
    assert_eq!(b.info.rejected, 1);

    let table = report.to_string();
    let columns: Vec<&str> = table.lines().next().unwrap_or_default().split("  ").collect();
    assert_eq!(columns[0].trim(), "cache");
    let title = table.lines().next().expect("a title");
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).expect("a row");
    assert!(row("report::a").ends_with("1m 30s") && row("report::a").contains("50.0 %"));
    assert!(row("report::b").contains("unbounded"));
    assert!(title.contains("evicted") && title.contains("rejected"));
    let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "aligned:\n{table}");
}
