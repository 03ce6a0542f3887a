//! A `Cache` made by hand: a field of a struct, or a local of a function.

mod common;

use common::{all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::testing::Clock;
use memofn::{Cache, CacheBuilder, scope};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, LazyLock, OnceLock};
use std::time::Duration;

#[test]
fn a_field_of_a_struct_lives_and_dies_with_it() {
    struct Library {
        books: Cache<u32, String>,
        opened: AtomicU32,
    }
    impl Library {
        fn open(&self, number: u32) -> String {
            self.books.get_or_compute(number, || {
                self.opened.fetch_add(1, Relaxed);
                format!("book {number}")
            })
        }
    }

    let new = || Library { books: Cache::new(2), opened: AtomicU32::new(0) };
    let (one, other) = (new(), new());
    for number in [1, 2, 1, 3, 1, 2] {
        assert_eq!(one.open(number), format!("book {number}"));
    }
    assert_eq!(other.open(1), "book 1");
    assert_eq!((one.opened.load(Relaxed), other.opened.load(Relaxed)), (4, 1));
    assert_eq!(counts(one.books.info()), (2, 4, Some(2), 2));
    assert_eq!(counts(other.books.info()), (0, 1, Some(2), 1));
}

#[test]
fn the_builder_takes_every_option() {
    let plain: Cache<u32, u32> = Cache::builder().build();
    let defaults = plain.parameters();
    assert_eq!((defaults.maxsize, defaults.ttl), (Some(128), None));
    assert_eq!((defaults.name.as_ref(), defaults.scope), ("", "shared"));
    assert!(defaults.single_flight && defaults.patience.is_none());
    assert_eq!(Cache::<u32, u32>::default().parameters(), defaults);

    let cache: Cache<u32, u32> = Cache::builder()
        .maxsize(2)
        .unbounded()
        .ttl(Duration::from_secs(60))
        .single_flight(false)
        .unlimited_patience()
        .patience(Duration::from_secs(5))
        .name(format!("number {}", 1))
        .build();
    let all = cache.parameters();
    assert_eq!((all.maxsize, all.ttl), (None, Some(Duration::from_secs(60))));
    assert_eq!((all.name.as_ref(), all.single_flight), ("number 1", false));
    assert_eq!(all.patience, Some(Duration::from_secs(5)));
    assert_eq!(Cache::<u32, u32>::unbounded().info().maxsize, None);
}

#[test]
fn a_builder_takes_its_types_from_a_field() {
    struct Directory {
        users: Cache<u32, String>,
        drafts: Cache<u32, Rc<str>, scope::Thread>,
    }
    let directory = Directory {
        users: Cache::builder().maxsize(9).build(),
        drafts: Cache::builder().maxsize(8).build_for_thread(),
    };
    directory.users.insert(7, "Ada".to_owned());
    directory.drafts.insert(7, Rc::from("Dear Ada"));
    assert_eq!(counts(directory.users.info()), (0, 0, Some(9), 1));
    assert_eq!(counts(directory.drafts.info()), (0, 0, Some(8), 1));
}

#[test]
fn a_builder_takes_its_types_from_a_static() {
    static LAZY: LazyLock<Cache<u32, String>> =
        LazyLock::new(|| Cache::builder().maxsize(9).name("lazy").build());
    static ONCE: OnceLock<Cache<u32, String>> = OnceLock::new();
    thread_local! {
        static HERE: Cache<u32, Rc<str>, scope::Thread> = Cache::builder().build_for_thread();
    }
    LAZY.insert(7, "Ada".to_owned());
    ONCE.get_or_init(|| Cache::builder().maxsize(8).build()).insert(7, "Ada".to_owned());
    HERE.with(|here| here.insert(7, Rc::from("Ada")));
    assert_eq!((LAZY.info().maxsize, LAZY.parameters().name.as_ref()), (Some(9), "lazy"));
    assert_eq!(ONCE.get().and_then(|once| once.peek(&7)).as_deref(), Some("Ada"));
    assert_eq!(HERE.with(|here| here.peek(&7)).as_deref(), Some("Ada"));
}

#[test]
fn a_builder_takes_its_types_from_a_local() {
    let spelled: Cache<u32, &str> = Cache::builder().maxsize(9).build();
    let open: Cache<_, _> = Cache::builder().maxsize(9).build();
    let by_use = Cache::builder().maxsize(9).build();
    let of_the_thread = Cache::builder().maxsize(9).build_for_thread();
    spelled.insert(7, "Ada");
    open.insert(7_u32, "Ada");
    by_use.insert(7_u32, "Ada");
    of_the_thread.insert(7_u32, Rc::new("Ada"));
    assert_eq!(spelled.peek(&7), open.peek(&7));
    assert_eq!(by_use.peek(&7), of_the_thread.peek(&7).as_deref().copied());
}

#[test]
fn a_builder_takes_its_types_from_an_argument_and_a_returned_value() {
    fn named(name: &'static str) -> CacheBuilder<u32, String> {
        Cache::builder().name(name)
    }
    fn returned() -> Cache<u32, String> {
        CacheBuilder::new().maxsize(9).build()
    }
    fn stores(cache: &Cache<u32, String>) -> usize {
        cache.insert(7, "Ada".to_owned());
        cache.len()
    }
    assert_eq!(stores(&named("argument").unbounded().build()), 1);
    assert_eq!(stores(&Cache::builder().maxsize(9).build()), 1);
    assert_eq!(stores(&returned()), 1);
}

#[test]
fn a_builder_is_a_constant_and_can_be_used_again() {
    const SMALL: CacheBuilder<u32, String> = Cache::builder().maxsize(2).unlimited_patience();
    // Another test moves the clock of the process.
    let _clock = Clock::stop();
    let builder = SMALL.ttl(Duration::from_secs(5));
    let (one, other) = (builder.clone().build(), builder.build());
    one.insert(7, "Ada".to_owned());
    assert_eq!((one.len(), other.len()), (1, 0));
    assert_eq!(one.parameters(), other.parameters());
}

#[test]
fn entries_are_looked_at_stored_and_forgotten_by_borrowed_keys() {
    let cache: Cache<String, usize> = Cache::new(10);
    assert_eq!(cache.get_or_compute_by_ref("Oslo", || 4), 4);
    assert_eq!(cache.get_or_compute_by_ref("Oslo", || unreachable!()), 4);
    assert_eq!(cache.get_or_compute("Oslo".to_owned(), || unreachable!()), 4);
    cache.insert("Bergen".to_owned(), 6);
    assert_eq!((cache.peek("Bergen"), cache.peek("Rome")), (Some(6), None));
    assert_eq!((cache.remove("Bergen"), cache.remove("Bergen")), (Some(6), None));
    assert_eq!(counts(cache.info()), (2, 1, Some(10), 1));
    let clone = cache.clone();
    clone.clear();
    assert!(cache.is_empty());
    assert_eq!(format!("{cache:?}"), format!("{clone:?}"));
}

#[test]
fn an_error_and_a_panic_are_not_stored() {
    let cache: Cache<u32, u32> = Cache::new(10);
    assert_eq!(cache.get_or_try_compute(1, || Err("no")), Err("no"));
    assert_eq!(panic_of(|| cache.get_or_compute(1, || panic_silently("compute"))), "compute");
    assert_eq!(cache.get_or_try_compute(1, || Ok::<_, ()>(10)), Ok(10));
    assert_eq!(cache.get_or_try_compute(1, || Err("unused")), Ok(10));
    assert_eq!(counts(cache.info()), (1, 3, Some(10), 1));
    assert_eq!(cache.info().rejected, 1);
}

#[test]
fn entries_expire() {
    let clock = Clock::stop();
    let cache: Cache<u32, u32> = Cache::builder().ttl(Duration::from_secs(5)).build();
    cache.insert(1, 1);
    clock.advance(Duration::from_secs(4));
    cache.insert(2, 2);
    clock.advance(Duration::from_secs(1));
    assert_eq!((cache.peek(&1), cache.peek(&2), cache.len()), (None, Some(2), 1));
    assert_eq!(cache.iter().map(|entry| *entry.key()).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_held_entry_outlives_its_eviction() {
    let cache: Cache<u32, String> = Cache::new(1);
    cache.insert(1, "one".to_owned());
    let held = cache.iter().next().expect("one entry");
    cache.insert(2, "two".to_owned());
    cache.clear();
    assert_eq!((*held.key(), held.value().as_str()), (1, "one"));
}

#[test]
fn threads_that_share_a_cache_compute_each_key_once() {
    finishes("eight threads and 100 keys", || {
        let runs = AtomicU32::new(0);
        let cache: Cache<u32, u32> = Cache::unbounded();
        let start = Barrier::new(8);
        let calls = side_by_side((0..8).collect::<Vec<u32>>(), |_| {
            start.wait();
            for n in 0..100 {
                let value = cache.get_or_compute(n, || {
                    runs.fetch_add(1, Relaxed);
                    n * 10
                });
                assert_eq!(value, n * 10);
            }
        });
        all_return(calls);
        assert_eq!(runs.load(Relaxed), 100);
        assert_eq!(counts(cache.info()), (700, 100, None, 100));
    });
}

#[test]
fn a_computation_may_use_its_own_cache() {
    fn fib(cache: &Cache<u32, u64>, n: u32) -> u64 {
        cache.get_or_compute(n, || {
            if n < 2 { u64::from(n) } else { fib(cache, n - 1) + fib(cache, n - 2) }
        })
    }

    finishes("a cache of fib(0..=15), and a key computed within itself", || {
        let cache = Cache::unbounded();
        assert_eq!(fib(&cache, 15), 610);
        assert_eq!(counts(cache.info()), (13, 16, None, 16));
        assert_eq!(cache.get_or_compute(99, || cache.get_or_compute(99, || 1)), 1);
        assert_eq!(cache.peek(&99), Some(1));
    });
}

#[test]
fn a_cache_for_one_thread_holds_what_cannot_be_sent() {
    let cache: Cache<u32, Rc<Cell<u32>>, scope::Thread> =
        Cache::builder().maxsize(2).build_for_thread();
    let first = cache.get_or_compute(1, || Rc::new(Cell::new(0)));
    cache.get_or_compute(1, || unreachable!()).set(7);
    assert_eq!(first.get(), 7);
    cache.insert(2, Rc::default());
    cache.insert(3, Rc::default());
    assert_eq!(Rc::strong_count(&first), 1, "evicted, and dropped");
    assert_eq!(cache.parameters().scope, "thread");
}

#[test]
fn retain_removes_refused_entries_and_may_use_the_cache() {
    let cache: Cache<u32, u32> = Cache::new(10);
    (0..10).for_each(|n| cache.insert(n, n * n));
    finishes("a closure of retain that uses the cache", {
        let cache = cache.clone();
        move || cache.retain(|key, value| cache.peek(key) == Some(*value) && key % 2 == 0)
    });
    let mut left: Vec<u32> = cache.iter().map(|entry| *entry.key()).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 2, 4, 6, 8]);
}
