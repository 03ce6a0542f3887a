//! User code that runs inside a cache: `Eq`, `Clone` and `Drop` that call the cache again or panic. Small enough for Miri.

use crate::Cache;
use crate::scope::scope::Thread;
use crate::tests::blocking::keys;
use crate::tests::watchdog::finishes;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Barrier, Mutex, OnceLock, Weak};
use std::thread;

/// A key whose hash may equal that of all others, and that may run a function when it is compared.
#[derive(Clone, Copy, Debug)]
struct Key {
    number: u8,
    hash: u8,
    compared: Option<fn()>,
}

impl Key {
    /// All these keys have one hash.
    fn colliding(number: u8) -> Self {
        Self { number, hash: 0, compared: None }
    }

    fn new(number: u8) -> Self {
        Self { number, hash: number, compared: None }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        if let Some(compared) = self.compared.or(other.compared) {
            compared();
        }
        self.number == other.number
    }
}

impl Eq for Key {}

#[test]
fn colliding_keys_are_told_apart_and_evicted_in_order() {
    let cache = Cache::new(3);
    for key in [1, 2, 3, 1, 4, 2] {
        cache.get_or_compute(Key::colliding(key), || key);
    }
    assert_eq!(cache.iter().map(|entry| *entry.value()).collect::<Vec<_>>(), [2, 4, 1]);
    assert_eq!(cache.info().hits, 1);
}

#[test]
fn eq_may_call_the_cache() {
    finishes("comparisons that clear the cache", || {
        static CACHE: OnceLock<Cache<Key, u8>> = OnceLock::new();
        let cache = CACHE.get_or_init(|| Cache::new(8));
        let key = |n| {
            let compared = || CACHE.get().into_iter().for_each(Cache::clear);
            Key { compared: Some(compared), ..Key::colliding(n) }
        };
        for n in [1, 2, 1, 2] {
            assert_eq!(cache.get_or_compute(key(n), || n), n);
        }
        cache.remove(&key(2));
        assert_eq!(cache.engine().engine().flights_under_way(), 0);
    });
}

#[test]
fn a_hit_counts_as_a_use_even_if_its_eq_makes_the_cache_renumber_entries() {
    finishes("a comparison that removes entries", || {
        static CACHE: OnceLock<Cache<Key, u8>> = OnceLock::new();
        let cache = CACHE.get_or_init(|| Cache::new(200));
        for n in 1..=200 {
            cache.insert(Key::new(n), n);
        }
        // The comparison removes nearly all entries, so that the rest is renumbered.
        let compared = || {
            for n in (1..=200).filter(|n| ![180, 199, 200].contains(n)) {
                let _ = CACHE.get().and_then(|cache| cache.remove(&Key::new(n)));
            }
        };
        assert_eq!(
            cache.get_or_compute(Key { compared: Some(compared), ..Key::new(180) }, || 0),
            180
        );
        assert_eq!(cache.iter().map(|entry| *entry.value()).collect::<Vec<_>>(), [180, 200, 199]);
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

/// Runs a function when it is cloned, and panics when it is dropped if `panics` is set.
struct Touchy {
    value: Box<u8>,
    cloned: fn(),
    panics: bool,
    /// Tells the test whether this value is alive.
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
fn a_panicking_drop_in_a_clear_leaves_entries_alone_that_are_read() {
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
            // Each thread has used the cache before the test begins, so that no thread counts as alone.
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
            // Both entries are stored before they are looked up.
            let read = scope.spawn(|| {
                hit(0);
                catch_unwind(AssertUnwindSafe(|| hit(1))).is_err()
            });
            READ.wait();
            // The reader is not done with it, and so it lingers.
            cache.retain(|key, _| *key != 1);
            READ.wait();
            assert!(read.join().unwrap());
            HELD.wait();
            HELD.wait();
            // The lingering entry is dropped now, while the other one is read.
            let _ = catch_unwind(AssertUnwindSafe(|| cache.clear()));
            HELD.wait();
            assert_eq!(held.join().unwrap(), 2);
        });
    });
}

/// In a thread's own cache only the thread itself can take out an entry that it reads: in the entry's `Clone`.
#[test]
fn a_thread_cache_drops_an_entry_that_its_clone_takes_out_after_the_clone() {
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
                // They evict both entries, also the one that is read; then one that is not read.
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
