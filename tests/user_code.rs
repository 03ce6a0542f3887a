//! Rule 3: `Hash`, `Eq`, `Clone`, `Drop` and `cache_if` may call the same cache again.

mod common;

use common::finishes;
use futures::executor::block_on;
use memofn::memoize;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;
use std::thread;

/// The user code that makes the call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hook {
    Hash,
    Eq,
    CloneKey,
    CloneValue,
    DropKey,
    DropValue,
    CacheIf,
}

/// A hook, and the function that it calls.
type Callback = (Hook, fn());

thread_local! {
    /// Called whenever its hook runs on this thread, except from within itself.
    static CALLBACK: Cell<Option<Callback>> = const { Cell::new(None) };
    static CALLBACKS: Cell<u64> = const { Cell::new(0) };
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

fn run(hook: Hook) {
    let callback = CALLBACK.take();
    if let Some((_, call)) = callback.filter(|(wanted, _)| *wanted == hook) {
        CALLBACKS.set(CALLBACKS.get() + 1);
        call();
    }
    CALLBACK.set(callback);
}

#[derive(Debug, PartialOrd)]
struct Key(u32);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        run(Hook::Hash);
        // Pairs of keys collide, so that keys are compared.
        (self.0 / 2).hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        run(Hook::Eq);
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Self {
        run(Hook::CloneKey);
        Self(self.0)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        run(Hook::DropKey);
    }
}

#[derive(Debug)]
struct Value(u32);

impl Clone for Value {
    fn clone(&self) -> Self {
        run(Hook::CloneValue);
        Self(self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        run(Hook::DropValue);
    }
}

fn accept(value: &Value) -> bool {
    run(Hook::CacheIf);
    value.0 != 50
}

macro_rules! callbacks {
    ($($name:ident, $scope:literal;)*) => {$(
        mod $name {
            use super::*;

            #[memoize(maxsize = 4, scope = $scope, cache_if = accept)]
            fn look(key: &Key) -> Value {
                Value(key.0 * 10)
            }

            fn looks_right(n: u32) {
                LOOKS.set(LOOKS.get() + 1);
                assert_eq!(look(&Key(n)).0, n * 10);
            }

            /// Runs every control, on keys with and without an entry, with evictions, and with 5, which is
            /// never stored.
            fn finishes_with(hook: Hook, callback: fn()) {
                // The shared cache has one user at a time, so that the counters are known.
                static ALONE: Mutex<()> = Mutex::new(());
                let alone = ALONE.lock();
                finishes(stringify!($name), move || {
                    look::cache_clear();
                    CALLBACK.set(Some((hook, callback)));
                    [1, 1, 2, 3, 1, 4, 5, 6, 7, 1, 5, 4, 4, 3, 2].into_iter().for_each(looks_right);
                    assert!(look::cache_peek(&Key(2)).is_some_and(|value| value.0 == 20));
                    look::cache_insert(&Key(6), Value(60));
                    look::cache_insert(&Key(5), Value(50));
                    LOOKS.set(LOOKS.get() + 1);
                    assert_eq!(look::cache_refresh(&Key(2)).0, 20);
                    look::cache_remove(&Key(6));
                    [6, 1, 2, 3].into_iter().for_each(looks_right);
                    let (info, looks) = (look::cache_info(), LOOKS.get());
                    look::cache().retain(|key, _| key.0 != 1);
                    look::cache().remove_if(|key| key.0 == 2);
                    CALLBACK.set(None);

                    assert!(CALLBACKS.get() > 0, "{hook:?} was never run");
                    assert_eq!(info.hits + info.misses, looks, "{hook:?}: {info:?}");
                    assert!(info.currsize <= 4);

                    CALLBACK.set(Some((hook, callback)));
                    look::cache_clear();
                    CALLBACK.set(None);
                    look::cache_clear();
                    assert_eq!(look::cache_info().currsize, 0);
                });
                drop(alone);
            }

            fn same_and_other_keys() {
                [1, 2, 3, 5].into_iter().for_each(looks_right);
            }

            #[test]
            fn hash_may_call_the_cache() {
                finishes_with(Hook::Hash, same_and_other_keys);
            }

            #[test]
            fn eq_may_call_the_cache() {
                finishes_with(Hook::Eq, same_and_other_keys);
            }

            #[test]
            fn clone_of_a_key_may_call_the_cache() {
                finishes_with(Hook::CloneKey, same_and_other_keys);
            }

            #[test]
            fn clone_of_a_value_may_call_the_cache() {
                finishes_with(Hook::CloneValue, same_and_other_keys);
            }

            #[test]
            fn drop_of_a_key_may_call_the_cache() {
                finishes_with(Hook::DropKey, same_and_other_keys);
            }

            #[test]
            fn drop_of_a_value_may_call_the_cache() {
                finishes_with(Hook::DropValue, same_and_other_keys);
            }

            #[test]
            fn cache_if_may_call_the_cache() {
                finishes_with(Hook::CacheIf, same_and_other_keys);
            }

            #[test]
            fn drop_may_clear_the_cache() {
                #[memoize(maxsize = 2, scope = $scope)]
                fn small(n: u32) -> Value {
                    Value(n * 10)
                }
                finishes("a destructor that clears", || {
                    CALLBACK.set(Some((Hook::DropValue, small::cache_clear)));
                    for n in [1, 2, 3, 1, 2, 3, 3, 4, 1] {
                        assert_eq!(small(n).0, n * 10);
                    }
                    CALLBACK.set(None);
                    assert!(small::cache_info().currsize <= 2);
                });
            }

            #[test]
            fn an_eq_that_evicts_what_it_is_compared_with_finishes() {
                #[memoize(maxsize = 1, scope = $scope)]
                fn single(key: &Key) -> u32 {
                    key.0 * 10
                }
                finishes("Eq evicts and recomputes", || {
                    single(&Key(1));
                    CALLBACK.set(Some((Hook::Eq, || {
                        assert_eq!((single(&Key(8)), single(&Key(1))), (80, 10));
                    })));
                    assert_eq!(single(&Key(1)), 10);
                    CALLBACK.set(None);
                });
            }
        }
    )*};
}
callbacks! {
    shared, "shared";
    one_thread, "thread";
}

#[test]
fn a_value_dropped_at_the_end_of_its_thread_may_call_its_cache() {
    #[memoize(scope = "thread")]
    fn local(n: u32) -> Value {
        Value(n * 10)
    }

    finishes("values dropped with their thread", || {
        let ended = thread::spawn(|| {
            local(1);
            local(2);
            CALLBACK.set(Some((Hook::DropValue, || {
                assert_eq!((local(1).0, local(3).0), (10, 30));
            })));
        });
        ended.join().expect("no panic");
    });
}

#[test]
fn each_call_hashes_its_key_once() {
    thread_local!(static HASHES: Cell<u32> = const { Cell::new(0) });

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Counted<T>(T);

    impl<T: Hash> Hash for Counted<T> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            HASHES.set(HASHES.get() + 1);
            self.0.hash(state);
        }
    }

    #[memoize]
    fn shared(key: &Counted<u32>) -> u32 {
        key.0
    }
    #[memoize(scope = "thread", maxsize = 2)]
    fn local(key: &Counted<u32>) -> u32 {
        key.0
    }
    #[memoize(ttl = "1h")]
    fn expiring(key: &Counted<u32>) -> u32 {
        key.0
    }
    #[memoize(key = Counted(n))]
    fn by_key(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn generic<T: Clone + Eq + Hash + Send + Sync + 'static>(key: Counted<T>) -> Counted<T> {
        key
    }
    #[memoize]
    #[allow(clippy::unused_async, reason = "what is memoized is async")]
    async fn awaited(key: &Counted<u32>) -> u32 {
        key.0
    }

    type Call = (&'static str, fn(u32));
    let calls: [Call; 7] = [
        ("shared", |n| assert_eq!(shared(&Counted(n)), n)),
        ("local", |n| assert_eq!(local(&Counted(n)), n)),
        ("expiring", |n| assert_eq!(expiring(&Counted(n)), n)),
        ("by_key", |n| assert_eq!(by_key(n), n)),
        ("generic", |n| assert_eq!(generic(Counted(n)).0, n)),
        ("generic, another instantiation", |n| assert_eq!(generic(Counted([n])).0, [n])),
        ("awaited", |n| assert_eq!(block_on(awaited(&Counted(n))), n)),
    ];
    for (name, call) in calls {
        for n in [1, 1, 2, 2, 3, 1] {
            HASHES.set(0);
            call(n);
            assert_eq!(HASHES.get(), 1, "{name} {n}");
        }
    }
}
