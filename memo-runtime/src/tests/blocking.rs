//! The protocol of the engine, on caches made by hand: small enough to run under Miri.

use crate::scope::scope::{Scope, Thread};
use crate::tests::watchdog::finishes;
use crate::{Cache, testing::Clock};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, Weak, mpsc};
use std::thread;
use std::time::Duration;

fn keys<K: Copy, V, S: Scope>(cache: &Cache<K, V, S>) -> Vec<K> {
    cache.iter().map(|entry| *entry.key()).collect()
}

/// A key whose hash is that of all others, and which may do something whenever it is compared.
#[derive(Clone, Copy, Debug)]
struct Crowded(u8, Option<fn()>);

impl Hash for Crowded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0_u8.hash(state);
    }
}

impl PartialEq for Crowded {
    fn eq(&self, other: &Self) -> bool {
        if let Some(compared) = self.1.or(other.1) {
            compared();
        }
        self.0 == other.0
    }
}

impl Eq for Crowded {}

#[test]
fn the_least_recently_used_entry_is_evicted() {
    let cache = Cache::new(2);
    for key in [1, 2, 1, 3] {
        cache.get_or_compute(key, || key * 10);
    }
    assert_eq!(keys(&cache), [3, 1]);
    assert_eq!((cache.info().hits, cache.info().misses, cache.info().evictions), (1, 3, 1));
}

#[test]
fn a_cache_of_a_thread_behaves_alike() {
    let cache: Cache<u8, u8, Thread> = Cache::builder().maxsize(2).build_for_thread();
    for key in [1, 2, 1, 3] {
        cache.get_or_compute(key, || key * 10);
    }
    assert_eq!(keys(&cache), [3, 1]);
    assert_eq!(cache.engine().flights_under_way(), 0);
}

#[test]
fn keys_of_one_hash_are_told_apart_and_evicted_in_order() {
    let cache = Cache::new(3);
    for key in [1, 2, 3, 1, 4, 2] {
        cache.get_or_compute(Crowded(key, None), || key);
    }
    assert_eq!(cache.iter().map(|entry| *entry.value()).collect::<Vec<_>>(), [2, 4, 1]);
    assert_eq!(cache.info().hits, 1);
}

#[test]
fn comparing_keys_may_use_the_cache() {
    finishes("comparisons that clear the cache", || {
        static CACHE: OnceLock<Cache<Crowded, u8>> = OnceLock::new();
        let cache = CACHE.get_or_init(|| Cache::new(8));
        let key = |n| {
            let compared = || CACHE.get().into_iter().for_each(Cache::clear);
            Crowded(n, Some(compared))
        };
        for n in [1, 2, 1, 2] {
            assert_eq!(cache.get_or_compute(key(n), || n), n);
        }
        cache.remove(&key(2));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

/// A key that may do something whenever it is compared.
#[derive(Clone, Copy, Debug)]
struct Busy(u8, Option<fn()>);

impl Hash for Busy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Busy {
    fn eq(&self, other: &Self) -> bool {
        self.1.or(other.1).into_iter().for_each(|compared| compared());
        self.0 == other.0
    }
}

impl Eq for Busy {}

#[test]
fn a_hit_is_a_use_of_the_entry_wherever_it_was_moved_meanwhile() {
    finishes("a comparison that removes entries", || {
        static CACHE: OnceLock<Cache<Busy, u8>> = OnceLock::new();
        let cache = CACHE.get_or_init(|| Cache::new(200));
        for n in 1..=200 {
            cache.insert(Busy(n, None), n);
        }
        // What is compared removes nearly all, so that the rest is renumbered.
        let compared = || {
            for n in (1..=200).filter(|n| ![180, 199, 200].contains(n)) {
                let _ = CACHE.get().and_then(|cache| cache.remove(&Busy(n, None)));
            }
        };
        assert_eq!(cache.get_or_compute(Busy(180, Some(compared)), || 0), 180);
        assert_eq!(cache.iter().map(|entry| *entry.value()).collect::<Vec<_>>(), [180, 200, 199]);
    });
}

#[test]
fn entries_expire_and_are_given_back() {
    let clock = Clock::stop();
    let ttl = Duration::from_secs(10);
    let cache: Cache<u32, Arc<u32>> = Cache::builder().unbounded().ttl(ttl).build();
    let first = cache.get_or_compute(0, || Arc::new(0));
    for key in 1..200 {
        cache.get_or_compute(key, || Arc::new(key));
    }
    clock.advance(ttl);
    assert_eq!(cache.info().currsize, 0);
    assert_eq!(cache.info().expirations, 200);
    assert_eq!(Arc::strong_count(&first), 1);
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    let none = Cache::new(0);
    let never: Cache<u8, u8> = Cache::builder().ttl(Duration::ZERO).build();
    for cache in [none, never] {
        for _ in 0..3 {
            cache.get_or_compute(1, || 2);
        }
        assert_eq!((cache.info().misses, cache.info().currsize), (3, 0));
    }
}

#[test]
fn a_result_computed_before_a_clear_is_not_stored_after_it() {
    let cache = Cache::new(8);
    cache.get_or_compute(1, || cache.clear());
    cache.get_or_compute(2, || assert_eq!(cache.remove(&2), None));
    assert_eq!((cache.info().currsize, cache.info().invalidated), (0, 2));
}

#[test]
fn what_is_inserted_outlives_older_computations() {
    let cache = Cache::new(8);
    let computed = cache.get_or_compute(1, || {
        cache.insert(1, "inserted");
        "computed"
    });
    assert_eq!((computed, cache.peek(&1)), ("computed", Some("inserted")));
}

#[test]
fn a_call_of_the_same_key_from_within_finishes() {
    finishes("a call of a key from within", || {
        let cache = Cache::new(8);
        let value = cache.get_or_compute(1, || cache.get_or_compute(1, || 10) + 1);
        assert_eq!((value, cache.peek(&1)), (11, Some(10)));
        assert_eq!((cache.info().misses, cache.info().currsize), (2, 1));
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn a_panic_leaves_no_flight_behind() {
    let cache = Cache::new(8);
    let call = AssertUnwindSafe(|| cache.get_or_compute(1, || panic!("expected")));
    catch_unwind(call).unwrap_err();
    assert_eq!(cache.engine().flights_under_way(), 0);
    assert_eq!(cache.get_or_compute(1, || 2), 2);
    assert_eq!((cache.info().misses, cache.info().hits), (2, 0));
}

#[test]
fn errors_are_not_stored() {
    let cache = Cache::new(8);
    assert_eq!(cache.get_or_try_compute(1, || Err("no")), Err("no"));
    assert_eq!(cache.get_or_try_compute(1, || Ok::<_, &str>(2)), Ok(2));
    assert_eq!((cache.info().misses, cache.info().rejected), (2, 1));
}

#[test]
fn callers_of_one_key_share_one_run() {
    finishes("callers of one key", || {
        const CALLERS: usize = 3;
        let cache = Cache::new(8);
        let runs = AtomicUsize::new(0);
        let ready = Barrier::new(CALLERS);
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    ready.wait();
                    let value = cache.get_or_compute(1, || runs.fetch_add(1, Ordering::Relaxed));
                    assert_eq!(value, 0);
                });
            }
        });
        let info = cache.info();
        assert_eq!((info.misses, info.hits), (1, CALLERS as u64 - 1));
    });
}

#[test]
fn threads_that_need_each_others_keys_finish() {
    finishes("threads that need each other's keys", || {
        let cache = Cache::new(8);
        let both_lead = Barrier::new(2);
        thread::scope(|scope| {
            for (mine, other) in [(1, 2), (2, 1)] {
                let (cache, both_lead) = (&cache, &both_lead);
                scope.spawn(move || {
                    cache.get_or_compute(mine, || {
                        both_lead.wait();
                        cache.get_or_compute(other, || 0) + 1
                    })
                });
            }
        });
        assert_eq!(cache.engine().flights_under_way(), 0);
        assert_eq!(cache.len(), 2);
    });
}

#[test]
fn those_who_wait_for_a_panic_go_on() {
    finishes("a run that panics", || {
        let cache = Cache::new(8);
        let (leads, led) = mpsc::channel();
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                let call = AssertUnwindSafe(|| {
                    cache.get_or_compute(1, || {
                        leads.send(()).unwrap();
                        panic!("expected")
                    })
                });
                catch_unwind(call).unwrap_err();
            });
            led.recv().unwrap();
            assert_eq!(cache.get_or_compute(1, || 2), 2);
            leader.join().unwrap();
        });
        assert_eq!(cache.engine().flights_under_way(), 0);
    });
}

#[test]
fn clearing_while_others_compute_keeps_values_right() {
    finishes("clears while others compute", || {
        let cache = Cache::new(4);
        thread::scope(|scope| {
            for thread in 0..3_u32 {
                let cache = &cache;
                scope.spawn(move || {
                    for i in 0..20 {
                        let key = (thread + i) % 6;
                        assert_eq!(cache.get_or_compute(key, || key * 2), key * 2);
                        assert!(cache.len() <= 4);
                    }
                });
            }
            for _ in 0..10 {
                cache.clear();
            }
        });
    });
}

#[test]
fn values_are_dropped_outside_the_lock() {
    type Noises = Cache<u8, Arc<Noisy>>;
    struct Noisy(Weak<Noises>, Arc<Mutex<Vec<usize>>>);
    impl Drop for Noisy {
        fn drop(&mut self) {
            let size = self.0.upgrade().map_or(0, |cache| cache.len());
            self.1.lock().unwrap().push(size);
        }
    }
    let cache = Arc::new(Noises::new(1));
    let sizes = Arc::new(Mutex::new(Vec::new()));
    for key in 0..3 {
        let noisy = || Arc::new(Noisy(Arc::downgrade(&cache), Arc::clone(&sizes)));
        cache.get_or_compute(key, noisy);
    }
    cache.clear();
    assert_eq!(*sizes.lock().unwrap(), [1, 1, 0]);
}

#[test]
fn a_retained_cache_forgets_the_rest() {
    let cache = Cache::new(8);
    (0..6).for_each(|key| cache.insert(key, key * key));
    cache.retain(|_, square| square % 2 == 0);
    assert_eq!(keys(&cache), [4, 2, 0]);
}

/// Who has read one cache and goes on to another must have left the first one for good.
#[test]
fn threads_that_go_from_cache_to_cache_leave_nothing_half_read() {
    finishes("threads that use two caches", || {
        let caches = [Cache::new(1), Cache::new(1)];
        thread::scope(|scope| {
            for thread in 0..2_u32 {
                let caches = &caches;
                scope.spawn(move || {
                    for i in 0..20 {
                        let key = if thread == 0 { 0 } else { i / 4 % 2 };
                        for cache in caches {
                            let value = cache.get_or_compute(key, || key.to_string());
                            assert_eq!(value, key.to_string());
                        }
                    }
                });
            }
        });
    });
}

/// Does something when it is cloned, and panics when it is dropped if it is to.
struct Touchy {
    value: Box<u8>,
    cloned: fn(),
    panics: bool,
    /// Is there as long as this is.
    alive: Option<Arc<()>>,
}

impl Touchy {
    fn new(value: u8, cloned: fn(), panics: bool) -> Self {
        Self { value: Box::new(value), cloned, panics, alive: None }
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        (self.cloned)();
        Self::new(*self.value, || {}, false)
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        if self.panics {
            resume_unwind(Box::new("dropped"));
        }
    }
}

#[test]
fn a_drop_that_panics_while_a_cache_is_cleared_leaves_alone_what_is_read() {
    static READ: Barrier = Barrier::new(2);
    static HELD: Barrier = Barrier::new(2);

    fn pause(at: &Barrier) {
        at.wait();
        at.wait();
    }

    finishes("a drop that panics while another entry is read", || {
        let cache = Cache::<u8, Touchy>::new(8);
        cache.insert(0, Touchy::new(0, || {}, false));
        let hit = |key| cache.get_or_compute(key, || unreachable!("it is there"));
        thread::scope(|scope| {
            // Each has met the cache before it reads, so that nobody is alone.
            let held = scope.spawn(|| {
                hit(0);
                pause(&HELD);
                *hit(2).value
            });
            HELD.wait();
            let panics_in_clone = || {
                pause(&READ);
                resume_unwind(Box::new("cloned"))
            };
            cache.insert(1, Touchy::new(1, panics_in_clone, true));
            cache.insert(2, Touchy::new(2, || pause(&HELD), false));
            // Both entries are there before anybody asks for them.
            let read = scope.spawn(|| {
                hit(0);
                catch_unwind(AssertUnwindSafe(|| hit(1))).is_err()
            });
            READ.wait();
            // It is read by one who will not be done, and so lingers.
            cache.retain(|key, _| *key != 1);
            READ.wait();
            assert!(read.join().unwrap());
            HELD.wait();
            HELD.wait();
            // What lingered is dropped now, while the other one is read.
            let _ = catch_unwind(AssertUnwindSafe(|| cache.clear()));
            HELD.wait();
            assert_eq!(held.join().unwrap(), 2);
        });
    });
}

/// What a thread reads of its own cache, nobody but itself can drop: as it is cloned.
#[test]
fn what_a_clone_takes_out_of_a_threads_own_cache_is_dropped_once_it_was_read() {
    finishes("clones that evict", || {
        type Own = Cache<u8, Touchy, Thread>;
        thread_local! {
            static CACHE: Own = Cache::builder().maxsize(2).build_for_thread();
        }
        fn hit(key: u8) -> u8 {
            CACHE.with(|cache| *cache.get_or_compute(key, || unreachable!("it is there")).value)
        }
        fn take_out() {
            CACHE.with(|cache| {
                // Evicts both, the one that is read among them; then another that nobody reads.
                for key in [3, 4, 5] {
                    cache.insert(key, Touchy::new(key, || {}, false));
                }
                assert_eq!(hit(5), 5);
            });
        }
        fn take_out_and_panic() {
            take_out();
            resume_unwind(Box::new("cloned"));
        }

        let outcomes: [(fn(), Option<u8>); 2] = [(take_out, Some(1)), (take_out_and_panic, None)];
        for (cloned, outcome) in outcomes {
            let alive = Arc::new(());
            CACHE.with(|cache| {
                let mut first = Touchy::new(1, cloned, false);
                first.alive = Some(Arc::clone(&alive));
                cache.insert(1, first);
                cache.insert(2, Touchy::new(2, || {}, false));
            });
            assert_eq!(catch_unwind(|| hit(1)).ok(), outcome);
            assert_eq!(Arc::strong_count(&alive), 1);
            CACHE.with(|cache| assert_eq!(keys(cache), [5, 4]));
            assert_eq!((hit(4), hit(5)), (4, 5));
        }
    });
}
