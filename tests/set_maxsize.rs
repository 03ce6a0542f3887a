//! `set_maxsize`: the limit of a cache that is in use.

mod common;

use common::{all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::testing::Clock;
use memofn::{Cache, memoize, scope};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

fn squares(maxsize: impl Into<Option<usize>>, entries: u32) -> Cache<u32, u32> {
    let builder = Cache::builder();
    let cache = match maxsize.into() {
        Some(maxsize) => builder.maxsize(maxsize),
        None => builder.unbounded(),
    }
    .build();
    cache.extend((0..entries).map(|n| (n, n * n)));
    cache
}

fn sorted_keys<V>(cache: &Cache<u32, V>) -> Vec<u32> {
    let mut keys: Vec<u32> = cache.iter().map(|entry| *entry.key()).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_lower_limit_evicts_the_least_recently_used_at_once() {
    let cache = squares(10, 10);
    cache.get(&0);
    cache.get_or_compute(3, || unreachable!("it is stored"));
    cache.set_maxsize(3);
    assert_eq!(sorted_keys(&cache), [0, 3, 9]);
    assert_eq!(counts(cache.info()), (2, 0, Some(3), 3));
    assert_eq!((cache.info().evictions, cache.parameters().maxsize), (7, Some(3)));
    cache.insert(10, 100);
    assert_eq!(sorted_keys(&cache), [0, 3, 10]);
}

#[test]
fn a_lower_limit_evicts_any_number() {
    for maxsize in [0, 1, 63, 64, 65, 999, 1_000, 1_001] {
        let cache = squares(1_000, 1_000);
        cache.set_maxsize(maxsize);
        let left = maxsize.min(1_000);
        assert_eq!((cache.len(), cache.info().maxsize), (left, Some(maxsize)));
        assert_eq!(cache.info().evictions, 1_000 - left as u64);
        let newest: Vec<u32> = (0..1_000).skip(1_000 - left).collect();
        assert_eq!(sorted_keys(&cache), newest);
    }
}

#[test]
fn a_higher_limit_keeps_all_and_has_room() {
    let cache = squares(2, 2);
    cache.set_maxsize(4);
    cache.extend([(2, 4), (3, 9)]);
    assert_eq!((sorted_keys(&cache), cache.info().evictions), (vec![0, 1, 2, 3], 0));
    cache.insert(4, 16);
    assert_eq!((sorted_keys(&cache), cache.info().evictions), (vec![1, 2, 3, 4], 1));
}

#[test]
fn a_limit_of_zero_empties_the_cache_and_can_be_lifted() {
    let cache = squares(4, 4);
    cache.set_maxsize(0);
    assert_eq!(counts(cache.info()), (0, 0, Some(0), 0));
    assert_eq!((cache.get_or_compute(1, || 1), cache.get_or_compute(1, || 1)), (1, 1));
    assert_eq!(counts(cache.info()), (0, 2, Some(0), 0));
    cache.set_maxsize(1);
    assert_eq!((cache.get_or_compute(1, || 1), cache.get_or_compute(1, || 2)), (1, 1));
    assert_eq!(counts(cache.info()), (1, 3, Some(1), 1));
}

#[test]
fn a_cache_from_the_limit_zero_grows() {
    let cache = squares(0, 5);
    cache.set_maxsize(Some(2));
    cache.extend([(1, 1), (2, 4), (3, 9)]);
    assert_eq!(sorted_keys(&cache), [2, 3]);
}

#[test]
fn an_unbounded_cache_gets_a_limit_and_keeps_recency_from_then_on() {
    let cache = squares(None, 500);
    cache.get(&0);
    cache.set_maxsize(200);
    assert_eq!(sorted_keys(&cache), (300..500).collect::<Vec<_>>(), "the last ones stored");
    cache.get(&300);
    cache.insert(500, 0);
    assert!(cache.contains_key(&300) && !cache.contains_key(&301));
    cache.set_maxsize(2);
    assert_eq!(sorted_keys(&cache), [300, 500]);
}

#[test]
fn a_limit_is_lifted_and_set_again() {
    let cache = squares(3, 3);
    cache.set_maxsize(None);
    assert_eq!((cache.info().maxsize, cache.parameters().maxsize), (None, None));
    cache.extend((3..100).map(|n| (n, n)));
    cache.get(&0);
    assert_eq!((cache.len(), cache.info().evictions), (100, 0));
    cache.set_maxsize(2);
    assert_eq!(sorted_keys(&cache), [0, 99]);
    cache.clear();
    cache.set_maxsize(None);
    cache.extend((0..9).map(|n| (n, n)));
    cache.set_maxsize(1);
    assert_eq!(sorted_keys(&cache), [8]);
}

#[test]
fn entries_that_expire_keep_their_deadlines() {
    let clock = Clock::stop();
    let cache: Cache<u32, u32> = Cache::builder().unbounded().ttl(Duration::from_secs(5)).build();
    cache.extend((0..100).map(|n| (n, n)));
    clock.advance(Duration::from_secs(3));
    cache.extend((100..200).map(|n| (n, n)));
    cache.set_maxsize(150);
    assert_eq!((cache.len(), cache.info().evictions), (150, 50));
    clock.advance(Duration::from_secs(2));
    cache.set_maxsize(99);
    assert_eq!((cache.len(), cache.info().maxsize), (99, Some(99)));
    assert_eq!(sorted_keys(&cache), (101..200).collect::<Vec<_>>());
    let info = cache.info();
    assert_eq!((info.evictions, info.expirations), (51, 50), "each entry left for one reason");
    clock.advance(Duration::from_secs(3));
    assert_eq!((cache.len(), cache.get(&150)), (0, None));
}

#[test]
fn a_thread_cache_has_it_too() {
    let cache: Cache<u32, Rc<u32>, scope::Thread> = Cache::builder().unbounded().build_for_thread();
    let first = Rc::new(0);
    cache.insert(0, Rc::clone(&first));
    cache.extend((1..100).map(|n| (n, Rc::new(n))));
    cache.set_maxsize(50);
    assert_eq!((cache.len(), Rc::strong_count(&first)), (50, 1));
    cache.get(&50);
    cache.insert(100, Rc::new(100));
    assert!(cache.contains_key(&50) && !cache.contains_key(&51));
}

#[test]
fn a_memoized_function_has_it_too() {
    #[memoize(maxsize = 100, name = "set_maxsize::half")]
    fn half(n: u32) -> u32 {
        n / 2
    }
    (0..100).for_each(|n| assert_eq!(half(n), n / 2));
    half::cache().set_maxsize(10);
    assert_eq!(counts(half::cache_info()), (0, 100, Some(10), 10));
    assert_eq!(half::cache_parameters().maxsize, Some(10));
    let status = memofn::caches().find(|status| status.name() == "set_maxsize::half");
    assert_eq!(
        status.map(|it| (it.parameters.maxsize, it.info.maxsize)),
        Some((Some(10), Some(10)))
    );
}

#[test]
fn a_run_under_way_is_stored_within_the_new_limit() {
    let cache = squares(10, 10);
    assert_eq!(
        cache.get_or_compute(100, || {
            cache.set_maxsize(2);
            7
        }),
        7
    );
    assert_eq!(sorted_keys(&cache), [9, 100]);
    assert_eq!(
        cache.get_or_compute(101, || {
            cache.set_maxsize(0);
            8
        }),
        8
    );
    assert!(cache.is_empty());
}

/// A value whose drop uses its cache.
#[derive(Clone)]
struct Reentrant(Arc<AtomicUsize>, Option<Cache<u32, Reentrant>>);

impl Drop for Reentrant {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
        if let Some(cache) = &self.1 {
            assert_eq!(cache.info().maxsize, Some(1), "nothing is dropped before the limit is set");
            cache.insert(1_000, Self(Arc::clone(&self.0), None));
            cache.set_maxsize(1);
        }
    }
}

#[test]
fn a_drop_may_use_the_cache() {
    finishes("drops that set the limit again", || {
        let drops = Arc::new(AtomicUsize::new(0));
        let cache = Cache::new(200);
        for n in 0..200 {
            cache.insert(n, Reentrant(Arc::clone(&drops), Some(cache.clone())));
        }
        cache.set_maxsize(1);
        assert_eq!((cache.len(), cache.contains_key(&1_000)), (1, true));
        // The values own the cache: without this they would keep each other alive.
        cache.clear();
    });
}

#[test]
fn a_drop_that_panics_leaves_the_limit_set() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if std::mem::take(&mut self.0) {
                panic_silently("drop");
            }
        }
    }
    let cache: Cache<u32, Bomb> = Cache::new(200);
    cache.extend((0..200).map(|n| (n, Bomb(n == 7))));
    assert_eq!(panic_of(|| cache.set_maxsize(3)), "drop");
    assert_eq!((sorted_keys(&cache), cache.info().maxsize), (vec![197, 198, 199], Some(3)));
    cache.insert(200, Bomb(false));
    assert_eq!(cache.len(), 3);
}

#[test]
fn an_eviction_waits_for_no_reader_and_frees_nothing_that_is_read() {
    /// A value whose clone waits.
    struct Slow(Arc<str>, Option<(mpsc::Sender<()>, Arc<Barrier>)>);
    impl Clone for Slow {
        fn clone(&self) -> Self {
            if let Some((cloning, go_on)) = &self.1 {
                cloning.send(()).expect("the test waits");
                go_on.wait();
            }
            Self(Arc::clone(&self.0), None)
        }
    }
    finishes("a limit set beside a reader", || {
        let (cloning, is_cloning) = mpsc::channel();
        let go_on = Arc::new(Barrier::new(2));
        let cache = Cache::new(100);
        cache.insert(0, Slow(Arc::from("zero"), Some((cloning, Arc::clone(&go_on)))));
        cache.extend((1..100).map(|n| (n, Slow(Arc::from("other"), None))));
        let reader = thread::spawn({
            let cache = cache.clone();
            move || cache.get(&0).map(|it| it.0)
        });
        is_cloning.recv().expect("it clones");
        cache.set_maxsize(1);
        cache.set_maxsize(0);
        assert_eq!(cache.len(), 0);
        go_on.wait();
        assert_eq!(reader.join().expect("it returns").as_deref(), Some("zero"));
    });
}

#[test]
fn the_limit_is_never_exceeded_while_threads_store_and_others_set_it() {
    finishes("stores beside limits", || {
        let cache: Cache<u32, u32> = Cache::new(300);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 0..3_u32 {
                let (cache, is_over) = (&cache, &is_over);
                scope.spawn(move || {
                    let mut n = thread;
                    while !is_over.load(Relaxed) {
                        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let key = n >> 22;
                        assert_eq!(cache.get_or_compute(key, || key + 1), key + 1);
                        let info = cache.info();
                        assert!(info.currsize <= info.maxsize.unwrap_or(1_024), "{info}");
                    }
                });
            }
            for round in 0..200 {
                let maxsize = [Some(5), Some(300), None, Some(64), Some(0), Some(1)][round % 6];
                cache.set_maxsize(maxsize);
                let info = cache.info();
                assert_eq!(info.maxsize, maxsize);
                assert!(info.currsize <= maxsize.unwrap_or(1_024));
            }
            is_over.store(true, Relaxed);
        });
        cache.set_maxsize(10);
        assert!(cache.len() <= 10);
    });
}

#[test]
fn of_two_limits_set_side_by_side_one_is_in_force() {
    finishes("two threads that set limits", || {
        for _ in 0..50 {
            let cache = squares(2_000, 2_000);
            let start = Barrier::new(2);
            all_return(side_by_side(vec![7_usize, 1_500], |maxsize| {
                start.wait();
                cache.set_maxsize(maxsize);
            }));
            let info = cache.info();
            assert!(matches!(info.maxsize, Some(7 | 1_500)));
            assert!(Some(info.currsize) <= info.maxsize);
            assert_eq!(info.evictions, 2_000 - info.currsize as u64);
        }
    });
}

/// Random operations on a cache and on the `lru` crate, which agree after each of them.
fn agrees_with_lru<S: scope::Scope>(cache: &Cache<u32, u32, S>, mut seed: u64) {
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((seed >> 33) % below).expect("it is small")
    };
    let size = |maxsize: u32| NonZeroUsize::new(maxsize as usize).expect("it is not 0");
    let mut oracle = lru::LruCache::new(size(50));
    cache.set_maxsize(50);
    for step in 0..6_000_u32 {
        let key = random(300);
        match random(100) {
            0 => {
                let maxsize = random(200) + 1;
                cache.set_maxsize(maxsize as usize);
                oracle.resize(size(maxsize));
            }
            1 => {
                // No limit: of all keys none is evicted.
                cache.set_maxsize(None);
                oracle.resize(size(1_000));
            }
            2..=39 => {
                cache.insert(key, step);
                oracle.put(key, step);
            }
            40..=44 => assert_eq!(cache.remove(&key), oracle.pop(&key)),
            45..=49 => assert_eq!(cache.contains_key(&key), oracle.contains(&key)),
            _ => assert_eq!(cache.get(&key), oracle.get(&key).copied()),
        }
        if step % 32 == 0 {
            let entries = cache.iter().map(|entry| (*entry.key(), *entry.value()));
            assert!(entries.eq(oracle.iter().map(|(key, value)| (*key, *value))), "step {step}");
        }
    }
}

#[test]
fn the_order_of_eviction_is_exact_under_changing_limits() {
    for seed in 0..4 {
        agrees_with_lru(&Cache::new(0), seed);
        agrees_with_lru(&Cache::unbounded(), seed);
        agrees_with_lru(&Cache::builder().build_for_thread(), seed);
        agrees_with_lru(&Cache::builder().ttl(Duration::from_secs(3_600)).build(), seed);
    }
}
