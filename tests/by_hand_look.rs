//! A cache by hand: `get` and `contains_key`, and a cache as a collection.

mod common;

use common::{all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::testing::Clock;
use memofn::{Cache, CacheIter, scope};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn keys<K: Copy, V>(cache: &Cache<K, V>) -> Vec<K> {
    cache.into_iter().map(|entry| *entry.key()).collect()
}

#[test]
fn a_get_is_a_hit_or_a_miss() {
    let cache: Cache<String, u32> = Cache::new(2);
    assert_eq!(cache.get("Oslo"), None);
    cache.insert("Oslo".to_owned(), 4);
    assert_eq!(cache.get("Oslo"), Some(4));
    assert_eq!(cache.get(&"Oslo".to_owned()), Some(4));
    assert_eq!(counts(cache.info()), (2, 1, Some(2), 1));
    assert_eq!(cache.info().hit_ratio(), Some(2.0 / 3.0));
}

#[test]
fn a_get_is_a_use_and_a_look_is_none() {
    for look in [
        (|cache| cache.get(&1).is_some()) as fn(&Cache<u32, u32>) -> bool,
        |cache| cache.peek(&1).is_some(),
        |cache| cache.contains_key(&1),
    ] {
        let cache = Cache::new(2);
        cache.extend([(1, 10), (2, 20)]);
        assert!(look(&cache));
        cache.insert(3, 30);
        let hits = cache.info().hits;
        assert_eq!(cache.contains_key(&1), hits == 1, "the least recently used one is evicted");
        assert_eq!(cache.info().misses, 0);
    }
}

#[test]
fn a_get_of_a_thread_cache_counts_and_touches_too() {
    let cache: Cache<u32, Rc<str>, scope::Thread> = Cache::builder().maxsize(2).build_for_thread();
    cache.extend([(1, Rc::from("one")), (2, Rc::from("two"))]);
    assert_eq!(cache.get(&1).as_deref(), Some("one"));
    cache.insert(3, Rc::from("three"));
    assert_eq!((cache.get(&2), cache.get(&1).as_deref()), (None, Some("one")));
    assert_eq!(counts(cache.info()), (2, 1, Some(2), 2));
}

#[test]
fn an_expired_entry_is_not_found() {
    let clock = Clock::stop();
    let cache: Cache<u32, u32> = Cache::builder().ttl(Duration::from_secs(5)).build();
    cache.insert(1, 10);
    assert!(cache.contains_key(&1));
    clock.advance(Duration::from_secs(4));
    assert_eq!(cache.get(&1), Some(10));
    clock.advance(Duration::from_secs(1));
    assert!(!cache.contains_key(&1));
    assert_eq!(cache.get(&1), None, "a hit does not prolong a life");
    assert_eq!(counts(cache.info()), (1, 1, Some(128), 0));
    assert_eq!(cache.info().expirations, 1);
}

#[test]
fn a_get_waits_for_no_run() {
    finishes("a get beside a run", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let (started, is_started) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let runner = thread::spawn({
            let cache = cache.clone();
            move || {
                cache.get_or_compute(1, || {
                    started.send(()).expect("the test waits");
                    may_go_on.recv().expect("the test sends");
                    10
                })
            }
        });
        is_started.recv().expect("it runs");
        assert_eq!((cache.get(&1), cache.contains_key(&1)), (None, false));
        go_on.send(()).expect("it waits");
        assert_eq!(runner.join().expect("it returns"), 10);
        assert_eq!(cache.get(&1), Some(10));
        assert_eq!(counts(cache.info()), (1, 2, Some(10), 1));
    });
}

#[test]
fn gets_of_many_threads_are_counted_exactly() {
    finishes("eight threads that get", || {
        let cache: Cache<u32, u32> = Cache::new(64);
        cache.extend((0..64).map(|n| (n, n)));
        all_return(side_by_side((0..8).collect::<Vec<u32>>(), |thread| {
            for n in 0..1_000 {
                let key = (n * 7 + thread) % 128;
                assert_eq!(cache.get(&key), (key < 64).then_some(key));
            }
        }));
        let info = cache.info();
        assert_eq!(info.hits + info.misses, 8_000);
        assert!(info.hits > 3_000 && info.misses > 3_000);
        assert_eq!((info.currsize, info.evictions), (64, 0));
    });
}

#[test]
fn a_clone_that_panics_in_a_get_leaves_the_entry() {
    #[derive(Debug)]
    struct Fragile(bool);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            if self.0 { panic_silently("clone") } else { Self(self.0) }
        }
    }
    let cache = Cache::new(2);
    cache.insert(1, Fragile(true));
    assert_eq!(panic_of(|| cache.get(&1)), "clone");
    assert!(cache.contains_key(&1));
    assert_eq!(cache.remove(&2).map(|it| it.0), None);
}

#[test]
fn a_loop_over_a_cache_shows_its_entries() {
    let cache = Cache::new(3);
    cache.extend([(1, "one"), (2, "two"), (3, "three")]);
    cache.get(&1);
    let mut shown = Vec::new();
    for entry in &cache {
        // The iterator borrows nothing: the loop may change the cache.
        cache.remove(entry.key());
        shown.push((*entry.key(), *entry.value()));
    }
    assert_eq!(shown, [(1, "one"), (3, "three"), (2, "two")]);
    assert!(cache.is_empty());
}

#[test]
fn an_iterator_of_entries_knows_its_length_and_goes_both_ways() {
    let cache = Cache::new(3);
    cache.extend([(1, "one"), (2, "two"), (3, "three")]);
    let mut entries: CacheIter<i32, &str> = cache.iter();
    cache.clear();
    assert_eq!((entries.len(), entries.size_hint()), (3, (3, Some(3))));
    assert_eq!(entries.next_back().map(|it| *it.key()), Some(1));
    assert_eq!(entries.next().map(|it| *it.key()), Some(3));
    assert_eq!(entries.map(|it| *it.value()).collect::<Vec<_>>(), ["two"]);
}

#[test]
fn a_cache_is_extended_by_pairs() {
    fn fill(target: &mut impl Extend<(i32, &'static str)>) {
        target.extend([(4, "four")]);
    }

    let mut cache = Cache::new(3);
    cache.extend([(1, "one"), (2, "zwei"), (2, "two")]);
    cache.extend(HashMap::from([(3, "three")]));
    assert_eq!((cache.peek(&2), keys(&cache)), (Some("two"), vec![3, 2, 1]));
    fill(&mut &cache);
    fill(&mut cache);
    assert_eq!(keys(&cache), [4, 3, 2]);
    assert_eq!(counts(cache.info()), (0, 0, Some(3), 3));
}

#[test]
fn a_collected_cache_holds_all_pairs() {
    let cache: Cache<u32, u32> = (0..1_000).map(|n| (n, n * 2)).collect();
    assert_eq!(counts(cache.info()), (0, 0, None, 1_000));
    assert_eq!(cache.get(&999), Some(1_998));
    let (even, odd): (Cache<u32, u32>, Cache<u32, u32>) = (Cache::default(), Cache::unbounded());
    for entry in &cache {
        (if entry.key() % 2 == 0 { &even } else { &odd }).insert(*entry.key(), *entry.value());
    }
    assert_eq!((even.len(), odd.len()), (128, 500));
}

#[test]
fn an_iterator_that_panics_has_inserted_what_came_before() {
    let cache = Cache::new(10);
    let pairs = (0..5).map(|n| if n == 3 { panic_silently("next") } else { (n, n) });
    assert_eq!(panic_of(|| cache.extend(pairs)), "next");
    assert_eq!(keys(&cache), [2, 1, 0]);
}
