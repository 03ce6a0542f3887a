//! Compact stores of both scopes. Nobody but a profiler can tell them from others.

use super::{cache, keys};
use crate::cache::cache::Cache;
use crate::scope::scope::{Scope, Shared, Thread};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

macro_rules! test_in_both_scopes {
    ($($name:ident)*) => {
        mod shared {
            $(#[test] fn $name() { super::$name::<super::Shared>(); })*
        }
        mod of_a_thread {
            $(#[test] fn $name() { super::$name::<super::Thread>(); })*
        }
    };
}
test_in_both_scopes! {
    values_are_found_after_the_cache_was_looked_through
    a_run_that_removes_its_own_key_is_not_stored
    a_run_that_clears_its_cache_is_not_stored
    runs_under_way_are_stored_after_the_cache_was_looked_through
    a_run_inside_a_run_of_its_key_is_the_one_that_is_stored
    an_error_and_a_panic_store_nothing
    eq_and_clone_may_do_anything_to_the_cache_that_calls_them
    a_limit_that_is_set_while_a_value_is_cloned_evicts_the_least_recently_used
    keys_that_collide_are_told_apart
    keys_and_values_of_all_alignments_are_found
    an_async_call_and_a_blocking_one_share_the_values
    random_calls_find_what_a_map_would
}

fn values_are_found_after_the_cache_was_looked_through<S: Scope>() {
    const KEYS: u32 = if cfg!(miri) { 60 } else { 1000 };
    let cache = cache::<_, _, S>();
    for n in 0..KEYS {
        assert_eq!(cache.get_or_compute(n, || u64::from(n) * 3), u64::from(n) * 3);
        if n == KEYS / 2 {
            assert_eq!(keys(&cache), (0..=n).rev().collect::<Vec<_>>());
        }
    }
    assert_eq!(keys(&cache), (0..KEYS).rev().collect::<Vec<_>>());
    for n in 0..KEYS {
        assert_eq!(cache.get_or_compute(n, || unreachable!("it is stored")), u64::from(n) * 3);
    }
    assert_eq!(cache.info().hits, u64::from(KEYS));
}

fn a_run_that_removes_its_own_key_is_not_stored<S: Scope>() {
    let cache = cache::<_, _, S>();
    cache.get_or_compute(2, || 2);
    let removed = cache.get_or_compute(1, || {
        assert_eq!(cache.remove(&1), None);
        1
    });
    assert_eq!((removed, cache.peek(&1), cache.peek(&2)), (1, None, Some(2)));
    assert_eq!(cache.info().outdated, 1);
}

fn a_run_that_clears_its_cache_is_not_stored<S: Scope>() {
    let cache = cache::<_, _, S>();
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

fn nested<S: Scope>(cache: &Cache<u32, u32, S>, depth: u32) -> u32 {
    cache.get_or_compute(depth, || {
        if depth == 0 {
            assert!(keys(cache).is_empty());
            return 0;
        }
        1 + nested(cache, depth - 1)
    })
}

fn runs_under_way_are_stored_after_the_cache_was_looked_through<S: Scope>() {
    let cache = cache::<_, _, S>();
    assert_eq!(nested(&cache, 40), 40);
    assert_eq!(keys(&cache), (0..=40).rev().collect::<Vec<_>>());
}

fn a_run_inside_a_run_of_its_key_is_the_one_that_is_stored<S: Scope>() {
    let cache = cache::<_, _, S>();
    let outer = cache.get_or_compute(1, || {
        assert_eq!(cache.get_or_compute(1, || 10), 10);
        11
    });
    assert_eq!((outer, cache.peek(&1)), (11, Some(10)));
    assert_eq!((cache.info().misses, cache.len()), (2, 1));
}

fn an_error_and_a_panic_store_nothing<S: Scope>() {
    let cache = cache::<u32, u32, S>();
    let calls = if cfg!(miri) { 20 } else { 300 };
    for n in 0..calls {
        assert_eq!(cache.get_or_try_compute(n, || Err("down")), Err("down"));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            cache.get_or_compute(n, || resume_unwind(Box::new(())))
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(
        (cache.info().failures, cache.info().misses, cache.len()),
        (2 * u64::from(calls), 2 * u64::from(calls), 0)
    );
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

impl Copy for Hooked {}

#[expect(
    clippy::expl_impl_clone_on_copy,
    clippy::non_canonical_clone_impl,
    reason = "its `Clone` calls the hook"
)]
impl Clone for Hooked {
    fn clone(&self) -> Self {
        call_hook();
        Self(self.0)
    }
}

type Doing<S> = fn(&Cache<Hooked, Hooked, S>);

/// Each of these is done to a cache with the keys 1 to 9 while a call compares a key or clones a value.
fn doings<S: Scope>() -> Vec<Doing<S>> {
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

fn eq_and_clone_may_do_anything_to_the_cache_that_calls_them<S: Scope>() {
    for act in doings() {
        for at_miss in [false, true] {
            let cache: Cache<Hooked, Hooked, S> = cache();
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

fn a_limit_that_is_set_while_a_value_is_cloned_evicts_the_least_recently_used<S: Scope>() {
    let cache: Cache<Hooked, Hooked, S> = cache();
    for n in 1..6 {
        cache.get_or_compute(Hooked(n), || Hooked(n));
    }
    let other = cache.clone();
    HOOK.set(Some(Box::new(move || other.set_maxsize(3))));
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    let numbers =
        |cache: &Cache<Hooked, Hooked, S>| cache.iter().map(|it| it.key().0).collect::<Vec<_>>();
    assert_eq!(numbers(&cache), [5, 4, 3]);
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    cache.get_or_compute(Hooked(6), || Hooked(6));
    assert_eq!(numbers(&cache), [6, 3, 5]);
    // From now on hits take no lock again.
    cache.set_maxsize(2);
    cache.get_or_compute(Hooked(3), || unreachable!("it is stored"));
    assert_eq!(numbers(&cache), [3, 6]);
}

fn keys_that_collide_are_told_apart<S: Scope>() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Colliding(u32);
    impl Hash for Colliding {
        fn hash<H: Hasher>(&self, state: &mut H) {
            (self.0 % 3).hash(state);
        }
    }
    let cache = cache::<_, _, S>();
    for round in 0..2 {
        for n in 0..30 {
            assert_eq!(cache.get_or_compute(Colliding(n), || n + round), n);
        }
    }
    assert_eq!((cache.info().hits, cache.len()), (30, 30));
}

fn keys_and_values_of_all_alignments_are_found<S: Scope>() {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[repr(align(64))]
    struct Line(u8);
    fn check<K: Hash + Eq + Copy, V: Copy + PartialEq + std::fmt::Debug, S: Scope>(
        key: fn(u8) -> K,
        value: fn(u8) -> V,
    ) {
        const KEYS: u8 = if cfg!(miri) { 20 } else { 100 };
        let cache = cache::<_, _, S>();
        for round in 0..2 {
            for n in 0..KEYS {
                assert_eq!(cache.get_or_compute(key(n), || value(n)), value(n));
                if round == 1 && n == KEYS / 2 {
                    assert_eq!(cache.iter().count(), usize::from(KEYS));
                }
            }
        }
        assert_eq!((cache.info().hits, cache.info().misses), (u64::from(KEYS), u64::from(KEYS)));
    }
    check::<_, _, S>(|n| n, |n| n);
    check::<_, _, S>(u128::from, |n| (n, u128::from(n)));
    check::<_, _, S>(|n| (n, u16::from(n)), Line);
    check::<_, _, S>(Line, |n| n);
    check::<_, _, S>(|n| [n; 40], |n| [u64::from(n); 100]);
    check::<_, _, S>(|n| n, |_| ());
    check::<_, _, S>(|n| (n, ()), |n| [n; 3]);
}

fn an_async_call_and_a_blocking_one_share_the_values<S: Scope>() {
    let cache = cache::<_, _, S>();
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
fn random_calls_find_what_a_map_would<S: Scope>() {
    let steps = if cfg!(miri) { 150 } else { 200_000 };
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let cache = cache::<u64, u64, S>();
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
