//! Unbounded caches of one thread whose keys and values own nothing. They store entries without headers until something needs
//! the headers: see `docs/design.md`. Nobody but a profiler can tell.

use memofn::scope::Thread;
use memofn::{Cache, memoize};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type ThreadCache<K, V> = Cache<K, V, Thread>;

fn unbounded<K: 'static, V: 'static>() -> ThreadCache<K, V> {
    Cache::builder().unbounded().build_for_thread()
}

fn keys<K: Copy + Hash + Eq, V: Clone>(cache: &ThreadCache<K, V>) -> Vec<K> {
    cache.iter().map(|entry| *entry.key()).collect()
}

#[memoize(scope = "thread", maxsize = unbounded)]
fn fib(n: u64) -> u128 {
    if n < 2 { u128::from(n) } else { fib(n - 1) + fib(n - 2) }
}

#[test]
fn a_recursion_computes_each_value_once_and_lists_them_in_the_order_of_storing() {
    assert_eq!(fib(100), 354_224_848_179_261_915_075);
    let info = fib::cache_info();
    assert_eq!((info.misses, info.hits, info.currsize), (101, 98, 101));
    let listed: Vec<_> = fib::cache().iter().map(|entry| *entry.key()).collect();
    let stored: Vec<_> = (2..=100).rev().chain([0, 1]).collect();
    assert_eq!(listed, stored);
    assert_eq!((fib(100), fib::cache_info().misses), (354_224_848_179_261_915_075, 101));
    fib::cache_clear();
    assert_eq!((fib(50), fib::cache_info().misses), (12_586_269_025, 51));
}

#[test]
fn values_are_found_after_the_cache_was_looked_through() {
    let cache = unbounded();
    for n in 0..1000_u32 {
        assert_eq!(cache.get_or_compute(n, || u64::from(n) * 3), u64::from(n) * 3);
        if n == 500 {
            assert_eq!(keys(&cache), (0..=500).rev().collect::<Vec<_>>());
        }
    }
    assert_eq!(keys(&cache), (0..1000).rev().collect::<Vec<_>>());
    for n in 0..1000 {
        assert_eq!(cache.get_or_compute(n, || unreachable!("it is stored")), u64::from(n) * 3);
    }
    assert_eq!(cache.info().hits, 1000);
}

#[test]
fn a_run_that_removes_its_own_key_is_not_stored() {
    let cache = unbounded();
    cache.get_or_compute(2, || 2);
    let removed = cache.get_or_compute(1, || {
        assert_eq!(cache.remove(&1), None);
        1
    });
    assert_eq!((removed, cache.peek(&1), cache.peek(&2)), (1, None, Some(2)));
    assert_eq!(cache.info().outdated, 1);
}

#[test]
fn a_run_that_clears_its_cache_is_not_stored() {
    let cache = unbounded();
    cache.get_or_compute(2, || 2);
    cache.get_or_compute(1, || {
        cache.clear();
        cache.get_or_compute(3, || 3);
        1
    });
    assert_eq!(keys(&cache), [3]);
    cache.get_or_compute(1, || 1);
    assert_eq!(keys(&cache), [1, 3]);
}

fn nested(cache: &ThreadCache<u32, u32>, depth: u32) -> u32 {
    cache.get_or_compute(depth, || {
        if depth == 0 {
            assert!(keys(cache).is_empty());
            return 0;
        }
        1 + nested(cache, depth - 1)
    })
}

#[test]
fn runs_under_way_are_stored_after_the_cache_was_looked_through() {
    let cache = unbounded();
    assert_eq!(nested(&cache, 40), 40);
    assert_eq!(keys(&cache), (0..=40).rev().collect::<Vec<_>>());
}

#[test]
fn a_run_inside_a_run_of_its_key_is_the_one_that_is_stored() {
    let cache = unbounded();
    let outer = cache.get_or_compute(1, || {
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        11
    });
    assert_eq!((outer, cache.peek(&1)), (11, Some(10)));
    assert_eq!((cache.info().misses, cache.len()), (2, 1));
}

#[test]
fn an_error_and_a_panic_store_nothing() {
    let cache = unbounded::<u32, u32>();
    for n in 0..300 {
        assert_eq!(cache.get_or_try_compute(n, || Err("down")), Err("down"));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            cache.get_or_compute(n, || resume_unwind(Box::new(())))
        }));
        assert!(panicked.is_err());
    }
    assert_eq!((cache.info().failures, cache.info().misses, cache.len()), (600, 600, 0));
    assert_eq!(cache.get_or_compute(7, || 7), 7);
    assert_eq!(keys(&cache), [7]);
}

thread_local! {
    /// Called once by the next `Clone` or `Eq` of a [`Hooked`].
    static HOOK: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A plain type whose `Clone` and `Eq` are user code.
#[derive(Debug, Eq)]
struct Hooked(u32);

impl Hash for Hooked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

fn call_hook() {
    if let Some(hook) = HOOK.take() {
        hook();
    }
}

impl PartialEq for Hooked {
    fn eq(&self, other: &Self) -> bool {
        call_hook();
        self.0 == other.0
    }
}

impl Clone for Hooked {
    fn clone(&self) -> Self {
        call_hook();
        Self(self.0)
    }
}

type HookedCache = ThreadCache<Hooked, Hooked>;

/// Each of these is done to a cache with the keys 1 to 9 while a call compares a key or clones a value.
fn doings() -> Vec<fn(&HookedCache)> {
    vec![
        |cache| cache.set_maxsize(3),
        |cache| cache.clear(),
        |cache| assert_eq!(cache.iter().count(), 9),
        |cache| {
            cache.remove(&Hooked(1));
        },
        |cache| cache.retain(|key, _| key.0 > 5),
        |cache| cache.insert(Hooked(1), Hooked(1)),
        |cache| cache.enable(false),
        |cache| {
            assert_eq!(cache.get_or_compute(Hooked(1), || Hooked(1)), Hooked(1));
            assert_eq!(cache.get_or_compute(Hooked(10), || Hooked(10)), Hooked(10));
        },
        |cache| {
            cache.set_maxsize(5);
            for n in 20..40 {
                cache.get_or_compute(Hooked(n), || Hooked(n));
            }
        },
    ]
}

#[test]
fn eq_and_clone_may_do_anything_to_the_cache_that_calls_them() {
    for act in doings() {
        for at_miss in [false, true] {
            let cache: HookedCache = unbounded();
            for n in 1..10 {
                cache.get_or_compute(Hooked(n), || Hooked(n));
            }
            let other = cache.clone();
            HOOK.set(Some(Box::new(move || act(&other))));
            let key = if at_miss { 50 } else { 4 };
            assert_eq!(cache.get_or_compute(Hooked(key), || Hooked(key)).0, key);
            cache.enable(true);
            for n in 1..10 {
                assert_eq!(cache.get_or_compute(Hooked(n), || Hooked(n)).0, n);
                assert_eq!(cache.get_or_compute(Hooked(n), || Hooked(99)).0, n);
            }
            let limit = cache.info().maxsize.unwrap_or(usize::MAX);
            assert!(cache.len() <= limit);
        }
    }
}

#[test]
fn a_limit_that_is_set_while_a_value_is_cloned_evicts_the_least_recently_used() {
    let cache: HookedCache = unbounded();
    for n in 1..6 {
        cache.get_or_compute(Hooked(n), || Hooked(n));
    }
    let other = cache.clone();
    HOOK.set(Some(Box::new(move || other.set_maxsize(3))));
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    let numbers = |cache: &HookedCache| cache.iter().map(|it| it.key().0).collect::<Vec<_>>();
    assert_eq!(numbers(&cache), [5, 4, 3]);
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    cache.get_or_compute(Hooked(6), || Hooked(6));
    assert_eq!(numbers(&cache), [6, 3, 5]);
    // From now on hits take no lock again.
    cache.set_maxsize(2);
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    assert_eq!(numbers(&cache), [3, 6]);
}

#[test]
fn keys_that_collide_are_told_apart() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Colliding(u32);
    impl Hash for Colliding {
        fn hash<H: Hasher>(&self, state: &mut H) {
            (self.0 % 3).hash(state);
        }
    }
    let cache = unbounded();
    for round in 0..2 {
        for n in 0..30 {
            assert_eq!(cache.get_or_compute(Colliding(n), || n + round), n);
        }
    }
    assert_eq!((cache.info().hits, cache.len()), (30, 30));
}

#[test]
fn keys_and_values_of_all_alignments_are_found() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[repr(align(64))]
    struct Line(u8);
    fn check<K: Hash + Eq + Clone + 'static, V: Clone + PartialEq + std::fmt::Debug + 'static>(
        key: fn(u8) -> K,
        value: fn(u8) -> V,
    ) {
        let cache = unbounded();
        for round in 0..2 {
            for n in 0..100 {
                assert_eq!(cache.get_or_compute(key(n), || value(n)), value(n));
                if round == 1 && n == 50 {
                    assert_eq!(cache.iter().count(), 100);
                }
            }
        }
        assert_eq!((cache.info().hits, cache.info().misses), (100, 100));
    }
    check(|n| n, |n| n);
    check(u128::from, |n| (n, u128::from(n)));
    check(|n| (n, u16::from(n)), Line);
    check(Line, |n| n);
    check(|n| [n; 40], |n| [u64::from(n); 100]);
    check(|n| n, |_| ());
    check(|n| (n, ()), |n| [n; 3]);
}

#[test]
fn an_async_call_and_a_blocking_one_share_the_values() {
    let cache = unbounded();
    for n in 0..10 {
        cache.get_or_compute(n, || n * 2);
    }
    let answers = futures::executor::block_on(async {
        let mut answers = Vec::new();
        for n in 5..15 {
            answers.push(cache.get_or_compute_async(n, async || n * 2).await);
        }
        answers
    });
    assert_eq!(answers, (5..15).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!((cache.info().hits, cache.len()), (5, 15));
}

/// Random calls, of which some nest, fail or panic, and rarely something else, compared with a map.
#[test]
fn random_calls_find_what_a_map_would() {
    let steps = if cfg!(miri) { 400 } else { 200_000 };
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let cache = unbounded::<u64, u64>();
    let mut model = HashMap::new();
    let runs = Cell::new(0_u64);
    let (mut order, mut expected_runs) = (Vec::new(), 0);
    for step in 0..steps {
        let (key, nested) = (next(400), next(400));
        match next(1000) {
            0 => {
                cache.clear();
                model.clear();
                order.clear();
            }
            1 => {
                assert_eq!(cache.remove(&key), model.remove(&key));
                order.retain(|it| *it != key);
            }
            2 => assert_eq!(keys(&cache), order.iter().rev().copied().collect::<Vec<_>>()),
            3 => assert_eq!(cache.peek(&key), model.get(&key).copied()),
            4..100 => {
                let failed = cache.get_or_try_compute(key, || Err(()));
                assert_eq!(failed, model.get(&key).copied().ok_or(()));
            }
            100..150 => {
                let run = || cache.get_or_compute(key, || resume_unwind(Box::new(())));
                let panicked = catch_unwind(AssertUnwindSafe(run));
                assert_eq!(panicked.ok(), model.get(&key).copied());
            }
            _ => {
                let call = |key, value: &dyn Fn() -> u64| {
                    cache.get_or_compute(key, || {
                        runs.set(runs.get() + 1);
                        value()
                    })
                };
                let inner = |value| call(nested, &|| value);
                let found = call(key, &|| {
                    inner(step);
                    step
                });
                if !model.contains_key(&key) {
                    expected_runs += 1 + u64::from(!model.contains_key(&nested));
                    for stored in [nested, key] {
                        model.entry(stored).or_insert_with(|| {
                            order.push(stored);
                            step
                        });
                    }
                }
                assert_eq!(found, model[&key]);
            }
        }
        assert_eq!((cache.len(), runs.get()), (model.len(), expected_runs));
    }
}
