//! `get_many_or_compute`: one computation for all keys that are missing.

mod common;

use common::tasks::{Tasks, pauses};
use common::{all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join;
use memofn::{Cache, scope};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

fn tens(keys: &[u32]) -> Vec<u32> {
    keys.iter().map(|n| n * 10).collect()
}

fn never(keys: &[u32]) -> Vec<u32> {
    unreachable!("asked for {keys:?}")
}

/// Waits until the cache holds the key.
fn await_key(cache: &Cache<u32, u32>, key: u32) {
    while !cache.contains_key(&key) {
        thread::yield_now();
    }
}

#[test]
fn missing_keys_are_computed_at_once_and_in_order() {
    let cache: Cache<u32, u32> = Cache::new(10);
    cache.insert(3, 33);
    let calls = RefCell::new(Vec::new());
    let values = cache.get_many_or_compute([5, 3, 1, 5, 4, 1], |missing| {
        calls.borrow_mut().push(missing.to_vec());
        tens(missing)
    });
    assert_eq!(values, [50, 33, 10, 50, 40, 10]);
    assert_eq!(calls.into_inner(), [[5, 1, 4]]);
    assert_eq!(counts(cache.info()), (3, 3, Some(10), 4), "a repeated key is a hit");
    assert_eq!(cache.get_many_or_compute([1, 3, 4, 5], never), [10, 33, 40, 50]);
    assert_eq!(counts(cache.info()), (7, 3, Some(10), 4));
}

#[test]
fn without_missing_keys_nothing_is_computed() {
    let cache: Cache<u32, u32> = Cache::new(10);
    assert_eq!(cache.get_many_or_compute([], never), [0; 0]);
    cache.extend([(1, 1), (2, 2)]);
    assert_eq!(cache.get_many_or_compute(vec![2, 1, 2], never), [2, 1, 2]);
    let none: HashMap<u32, u32> = cache.get_many_or_compute(None, |_| unreachable!());
    assert!(none.is_empty());
    assert_eq!(cache.info().misses, 0);
}

#[test]
fn the_types_are_inferred() {
    let cache = Cache::new(10);
    let lens = cache.get_many_or_compute(["one", "three"], |names| {
        names.iter().map(|name| name.len()).collect::<Vec<_>>()
    });
    assert_eq!(lens, [3, 5]);
    let ids = [String::from("a")];
    let cache: Cache<String, usize> = Cache::new(10);
    let found: Vec<usize> = cache.get_many_or_compute(ids.iter().cloned(), |_| vec![7]);
    assert_eq!((found, cache.peek("a")), (vec![7], Some(7)));
}

#[test]
fn more_values_than_the_cache_holds_are_all_returned() {
    for maxsize in [0, 1, 7] {
        let cache: Cache<u32, u32> = Cache::new(maxsize);
        let values = cache.get_many_or_compute((0..100).chain([0]), tens);
        assert_eq!(values, (0..100).chain([0]).map(|n| n * 10).collect::<Vec<_>>());
        assert_eq!(counts(cache.info()), (1, 100, Some(maxsize), maxsize));
    }
}

#[test]
fn a_map_may_leave_keys_out_and_its_strangers_are_dropped() {
    let cache: Cache<u32, u32> = Cache::new(10);
    let load = |missing: &[u32]| -> HashMap<u32, u32> {
        missing.iter().filter(|n| **n != 4).map(|n| (*n, n * 10)).chain([(99, 990)]).collect()
    };
    let found = cache.get_many_or_compute([1, 4, 2, 4, 1], load);
    assert_eq!(found, HashMap::from([(1, 10), (2, 20)]));
    assert!(!cache.contains_key(&4) && !cache.contains_key(&99));
    let info = cache.info();
    assert_eq!(counts(info), (1, 4, Some(10), 2), "a key that was left out is a miss each time");
    assert_eq!(info.rejected, 1);
    let found: BTreeMap<u32, u32> = cache.get_many_or_compute([4, 1], |missing| {
        assert_eq!(missing, [4]);
        BTreeMap::from([(4, 40)])
    });
    assert_eq!(found, BTreeMap::from([(1, 10), (4, 40)]));
}

#[test]
fn a_wrong_number_of_values_panics_and_stores_nothing() {
    for values in [vec![], vec![1], vec![1, 2, 3]] {
        let cache: Cache<u32, u32> = Cache::new(10);
        let len = values.len();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            cache.get_many_or_compute([1, 2], |_| values.clone())
        }));
        let message = *panic.expect_err("it panics").downcast::<String>().expect("a message");
        assert_eq!(message, format!("{len} values were computed for 2 keys"));
        assert!(cache.is_empty());
        assert_eq!(cache.get_many_or_compute([1, 2], tens), [10, 20]);
    }
}

#[test]
fn an_error_is_the_result_of_the_whole_call_and_stores_nothing() {
    let cache: Cache<u32, u32> = Cache::new(10);
    cache.insert(1, 10);
    let failed = cache.get_many_or_try_compute([1, 2, 3, 2], |missing| {
        assert_eq!(missing, [2, 3]);
        Err::<Vec<_>, _>("no connection")
    });
    assert_eq!(failed, Err("no connection"));
    assert_eq!(counts(cache.info()), (1, 3, Some(10), 1), "each key that was not found is a miss");
    assert_eq!(cache.info().rejected, 2);
    let found = cache.get_many_or_try_compute([3, 1], |missing| Ok::<_, ()>(tens(missing)));
    assert_eq!(found, Ok(vec![30, 10]));
    let map = cache.get_many_or_try_compute([3, 4], |_| Ok::<_, ()>(HashMap::new()));
    assert_eq!(map, Ok(HashMap::from([(3, 30)])));
}

#[test]
fn a_panic_stores_nothing_and_the_next_call_works() {
    let cache: Cache<u32, u32> = Cache::new(10);
    let panic = || cache.get_many_or_compute([1, 2], |_| -> Vec<u32> { panic_silently("load") });
    assert_eq!(panic_of(panic), "load");
    assert!(cache.is_empty());
    assert_eq!(cache.get_many_or_compute([2, 1], tens), [20, 10]);
}

#[test]
fn a_clone_that_panics_keeps_no_other_value_from_being_stored() {
    #[derive(PartialEq, Debug)]
    struct Fragile(u32);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            if self.0 == 2 { panic_silently("clone") } else { Self(self.0) }
        }
    }
    let cache: Cache<u32, Fragile> = Cache::new(10);
    let load = |keys: &[u32]| keys.iter().map(|n| Fragile(*n)).collect::<Vec<_>>();
    assert_eq!(panic_of(|| cache.get_many_or_compute([1, 2, 3], load)), "clone");
    assert!(cache.contains_key(&1) && !cache.contains_key(&2) && cache.contains_key(&3));
    assert_eq!(cache.get_many_or_compute([1, 3], load), [Fragile(1), Fragile(3)]);
}

#[test]
fn a_thread_cache_and_one_without_single_flight_have_it_too() {
    let cache: Cache<u32, Rc<u32>, scope::Thread> = Cache::builder().build_for_thread();
    let load = |keys: &[u32]| keys.iter().map(|n| Rc::new(*n)).collect::<Vec<_>>();
    let first = cache.get_many_or_compute([1, 2], load);
    let again = cache.get_many_or_compute([2, 3, 1], load);
    assert!(Rc::ptr_eq(&first[0], &again[2]) && Rc::ptr_eq(&first[1], &again[0]));
    let cache: Cache<u32, u32> = Cache::builder().single_flight(false).build();
    assert_eq!(cache.get_many_or_compute([1, 2, 1], tens), [10, 20, 10]);
    assert_eq!(
        block_on(cache.get_many_or_compute_async([3, 1], async |k: &[u32]| tens(k))),
        [30, 10]
    );
    assert_eq!(counts(cache.info()), (2, 3, Some(128), 3));
}

#[test]
fn a_key_that_is_removed_meanwhile_is_returned_and_not_stored() {
    let cache: Cache<u32, u32> = Cache::new(10);
    let values = cache.get_many_or_compute([1, 2, 3], |missing| {
        cache.remove(&2);
        cache.insert(3, 33);
        tens(missing)
    });
    assert_eq!(values, [10, 20, 30]);
    assert_eq!((cache.peek(&1), cache.peek(&2), cache.peek(&3)), (Some(10), None, Some(33)));
    let values = cache.get_many_or_compute([4, 5], |missing| {
        cache.clear();
        tens(missing)
    });
    assert_eq!((values, cache.len()), (vec![40, 50], 0));
}

#[test]
fn a_computation_may_ask_for_its_own_keys() {
    finishes("a batch inside of itself", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let depth = Cell::new(0);
        let values = cache.get_many_or_compute([1, 2], |missing| {
            depth.set(depth.get() + 1);
            assert_eq!(cache.get_or_compute(2, || 7), 7);
            assert_eq!(cache.get_many_or_compute([2, 3, 1], tens), [7, 30, 10]);
            tens(missing)
        });
        assert_eq!((values, depth.get()), (vec![10, 20], 1));
        assert_eq!(cache.peek(&3), Some(30));
        let info = cache.info();
        assert_eq!((info.hits + info.misses, info.helped), (6, 0));
    });
}

#[test]
fn a_call_for_one_key_waits_for_the_computation_of_many() {
    finishes("a call for one key beside a batch", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let (started, is_started) = mpsc::channel();
        thread::scope(|scope| {
            let cache = &cache;
            let batch = scope.spawn(move || {
                cache.get_many_or_compute([1, 2], |missing| {
                    started.send(()).expect("the test waits");
                    (0..1_000).for_each(|_| thread::yield_now());
                    tens(missing)
                })
            });
            is_started.recv().expect("it runs");
            assert_eq!(cache.get_or_compute(2, || unreachable!("it is under way")), 20);
            assert_eq!(block_on(cache.get_or_compute_async(1, async || unreachable!())), 10);
            assert_eq!(batch.join().expect("it returns"), [10, 20]);
        });
        assert_eq!(counts(cache.info()), (2, 2, Some(10), 2));
    });
}

/// A batch of the keys 1, 2 and 3 beside computations of 1 and 2, which `end` when the batch has computed 3. Returns
/// the batch's values and the keys of each of its computations.
fn beside_runs(end: impl Fn(u32) + Sync) -> (Vec<u32>, Vec<Vec<u32>>, Cache<u32, u32>) {
    let cache: Cache<u32, u32> = Cache::new(10);
    let calls = Mutex::new(Vec::new());
    let start = Barrier::new(3);
    let values = thread::scope(|scope| {
        for key in [1, 2] {
            let (cache, start, end) = (&cache, &start, &end);
            scope.spawn(move || {
                catch_unwind(AssertUnwindSafe(|| {
                    cache.get_or_try_compute(key, || {
                        start.wait();
                        // The batch has landed its own keys before it waits.
                        await_key(cache, 3);
                        end(key);
                        if key < 10 { Ok(key * 100) } else { Err(()) }
                    })
                }))
            });
        }
        start.wait();
        cache.get_many_or_compute([1, 2, 3], |missing| {
            calls.lock().expect("no panic").push(missing.to_vec());
            tens(missing)
        })
    });
    (values, calls.into_inner().expect("no panic"), cache)
}

#[test]
fn keys_that_others_compute_are_waited_for_after_the_own_run() {
    let (values, calls, cache) = finishes("a batch that waits", || beside_runs(|_| {}));
    assert_eq!((values, calls), (vec![100, 200, 30], vec![vec![3]]));
    assert_eq!(counts(cache.info()), (2, 3, Some(10), 3));
    assert_eq!(cache.info().helped, 0);
}

#[test]
fn keys_that_others_left_without_a_value_are_computed_together() {
    let (values, calls, cache) =
        finishes("a batch beside panics", || beside_runs(|_| panic_silently("the other")));
    assert_eq!((values, calls), (vec![10, 20, 30], vec![vec![3], vec![1, 2]]));
    assert_eq!(cache.len(), 3);
    let info = cache.info();
    assert_eq!((info.hits, info.misses, info.helped), (0, 5, 0));
}

#[test]
fn a_key_whose_other_run_fails_is_computed() {
    finishes("a batch beside an error", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let start = Barrier::new(2);
        let calls = Mutex::new(Vec::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let failed = cache.get_many_or_try_compute([1, 2], |_| {
                    start.wait();
                    await_key(&cache, 3);
                    Err::<Vec<u32>, _>("failed")
                });
                assert_eq!(failed, Err("failed"));
            });
            start.wait();
            let values = cache.get_many_or_compute([2, 3, 1, 2], |missing| {
                calls.lock().expect("no panic").push(missing.to_vec());
                tens(missing)
            });
            assert_eq!(values, [20, 30, 10, 20]);
        });
        let calls = calls.into_inner().expect("no panic");
        assert_eq!(calls.concat().len(), 3, "{calls:?}");
        let info = cache.info();
        assert_eq!((info.hits + info.misses, info.currsize), (6, 3));
    });
}

#[test]
fn a_key_left_out_elsewhere_is_computed() {
    finishes("a batch beside one that leaves a key out", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let found: HashMap<u32, u32> = cache.get_many_or_compute([1, 2], |_| {
                    start.wait();
                    await_key(&cache, 3);
                    HashMap::from([(1, 10)])
                });
                assert_eq!(found, HashMap::from([(1, 10)]));
            });
            start.wait();
            assert_eq!(cache.get_many_or_compute([1, 2, 3], tens), [10, 20, 30]);
        });
        assert_eq!(cache.len(), 3);
    });
}

#[test]
fn batches_with_overlapping_keys_in_any_order_compute_each_key_once() {
    finishes("eight threads with overlapping batches", || {
        const KEYS: u32 = 60;
        for round in 0..40 {
            let cache: Cache<u32, u32> = Cache::unbounded();
            let runs: Vec<AtomicU32> = (0..KEYS).map(|_| AtomicU32::new(0)).collect();
            let start = Barrier::new(8);
            let load = |missing: &[u32]| {
                for n in missing {
                    runs[*n as usize].fetch_add(1, Relaxed);
                }
                thread::yield_now();
                tens(missing)
            };
            let results = all_return(side_by_side((0..8_u32).collect(), |thread| {
                let mut keys: Vec<u32> = (0..KEYS).collect();
                if thread % 2 == 1 {
                    keys.reverse();
                }
                keys.rotate_left((thread * 7 + round) as usize % KEYS as usize);
                start.wait();
                let values = cache.get_many_or_compute(keys.iter().copied(), load);
                values == tens(&keys)
            }));
            assert_eq!(results, [true; 8]);
            assert!(runs.iter().all(|runs| runs.load(Relaxed) == 1));
            let info = cache.info();
            assert_eq!((info.hits, info.misses, info.helped), (7 * 60, 60, 0));
        }
    });
}

#[test]
fn batches_cross_on_the_workers_of_a_pool() {
    finishes("batches on rayon", || {
        for workers in [2, 8] {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool");
            let cache: Cache<u32, u32> = Cache::new(50);
            pool.scope(|scope| {
                for job in 0..64_u32 {
                    let cache = &cache;
                    scope.spawn(move |_| {
                        let keys: Vec<u32> = (0..40).map(|n| (n * 7 + job * 13) % 64).collect();
                        assert_eq!(cache.get_many_or_compute(keys.clone(), tens), tens(&keys));
                    });
                }
            });
            let info = cache.info();
            assert_eq!((info.hits + info.misses, info.helped), (64 * 40, 0));
        }
    });
}

#[test]
fn patience_ends_a_wait_of_a_batch() {
    finishes("a batch beside a run that does not end", || {
        let cache: Cache<u32, u32> = Cache::builder().patience(Duration::from_millis(20)).build();
        let (started, is_started) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let cache = &cache;
            let blocked = scope.spawn(move || {
                cache.get_or_compute(1, || {
                    started.send(()).expect("the test waits");
                    may_end.recv().expect("the test sends");
                    100
                })
            });
            is_started.recv().expect("it runs");
            let calls = RefCell::new(Vec::new());
            let values = cache.get_many_or_compute([2, 1], |missing| {
                calls.borrow_mut().push(missing.to_vec());
                tens(missing)
            });
            assert_eq!((values, calls.into_inner()), (vec![20, 10], vec![vec![2], vec![1]]));
            assert_eq!((cache.peek(&1), cache.info().helped), (Some(10), 1));
            end.send(()).expect("it waits");
            assert_eq!(blocked.join().expect("it returns"), 100);
        });
        assert_eq!(cache.peek(&1), Some(10), "the first value stays");
    });
}

#[test]
fn async_batches_have_the_same_results_and_counters() {
    block_on(async {
        let cache: Cache<u32, u32> = Cache::new(10);
        let load = async |missing: &[u32]| {
            pauses(2).await;
            tens(missing)
        };
        assert_eq!(cache.get_many_or_compute_async([2, 1, 2], load).await, [20, 10, 20]);
        assert_eq!(cache.get_many_or_compute_async([1, 3], load).await, [10, 30]);
        assert_eq!(counts(cache.info()), (2, 3, Some(10), 3));
        assert_eq!(cache.get_many_or_compute_async([], load).await, [0; 0]);
        let map = cache
            .get_many_or_try_compute_async([1, 4, 5], async |missing: &[u32]| {
                pauses(1).await;
                assert_eq!(missing, [4, 5]);
                Ok::<_, ()>(HashMap::from([(5, 50)]))
            })
            .await;
        assert_eq!(map, Ok(HashMap::from([(1, 10), (5, 50)])));
        let failed = cache
            .get_many_or_try_compute_async([6, 6], async |_: &[u32]| Err::<Vec<u32>, _>("no"))
            .await;
        assert_eq!(failed, Err("no"));
        assert_eq!(counts(cache.info()), (3, 7, Some(10), 4));
    });
}

#[test]
fn the_future_of_a_batch_can_be_sent() {
    async fn load(missing: &[u32]) -> Vec<u32> {
        tokio::task::yield_now().await;
        tens(missing)
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let cache: Cache<u32, u32> = Cache::new(100);
    runtime.expect("a runtime").block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|task| {
                let cache = cache.clone();
                tokio::spawn(async move {
                    let mut keys: Vec<u32> = (0..30).collect();
                    keys.rotate_left(task);
                    let found = cache.get_many_or_compute_async(keys.iter().copied(), load).await;
                    let tried = cache
                        .get_many_or_try_compute_async(keys.iter().copied(), async |k: &[u32]| {
                            Ok::<_, ()>(load(k).await)
                        })
                        .await;
                    found == tens(&keys) && tried == Ok(found)
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.expect("no panic"));
        }
    });
    assert_eq!(counts(cache.info()), (1_170, 30, Some(100), 30));
    assert_eq!(cache.info().helped, 0);
}

#[test]
fn async_batches_cross_in_one_task_and_in_two() {
    let batch = |cache: Cache<u32, u32>, keys: [u32; 2]| async move {
        let load = async |missing: &[u32]| {
            pauses(3).await;
            tens(missing)
        };
        cache.get_many_or_compute_async(keys, load).await
    };
    let cache: Cache<u32, u32> = Cache::new(10);
    let both = join(batch(cache.clone(), [1, 2]), batch(cache.clone(), [2, 1]));
    assert_eq!(block_on(both), (vec![10, 20], vec![20, 10]));
    assert_eq!(counts(cache.info()), (2, 2, Some(10), 2));

    cache.clear();
    let mut tasks = Tasks::new();
    let crossing: Vec<_> =
        [[1, 2], [2, 3], [3, 1]].map(|keys| (tasks.spawn(batch(cache.clone(), keys)), keys)).into();
    tasks.run();
    for (task, keys) in crossing {
        assert_eq!(tasks.result(task), Some(&tens(&keys)));
    }
    assert_eq!(counts(cache.info()), (3, 3, Some(10), 3));
}

#[test]
fn an_async_batch_dropped_at_any_point_leaves_its_keys_to_others() {
    for at in 0..5 {
        let cache: Cache<u32, u32> = Cache::new(10);
        let runs = Cell::new(0);
        let load = async |missing: &[u32]| {
            runs.set(runs.get() + 1);
            pauses(4).await;
            tens(missing)
        };
        let mut tasks = Tasks::new();
        let leader = tasks.spawn(cache.get_many_or_compute_async([1, 2, 3], load));
        let followers = [
            (tasks.spawn(cache.get_many_or_compute_async([3, 1], load)), vec![30, 10]),
            (tasks.spawn(cache.get_or_compute_async(2, async || 20).map(|it| vec![it])), vec![20]),
        ];
        while tasks.polls(leader) < at {
            let next = tasks.next_woken().expect("somebody is awake");
            tasks.poll(next, false);
        }
        tasks.cancel(leader);
        tasks.run();
        for (task, values) in followers {
            assert_eq!(tasks.result(task), Some(&values), "dropped at {at}");
        }
        assert!(runs.get() >= 1);
    }
}

#[test]
fn a_batch_that_its_own_task_no_longer_polls_holds_up_no_call() {
    finishes("a call beside a batch that is not polled", || {
        let cache: Cache<u32, u32> = Cache::builder().unlimited_patience().build();
        block_on(async {
            let load = async |_: &[u32]| -> Vec<u32> { std::future::pending().await };
            let mut stalled = Box::pin(cache.get_many_or_compute_async([1, 2, 3], load));
            assert_eq!(futures::poll!(stalled.as_mut()), Poll::Pending);
            // Each of its keys, the first and the others.
            assert_eq!(cache.get_or_compute_async(2, async || 22).await, 22);
            let values = cache.get_many_or_compute_async([3, 1], async |k: &[u32]| tens(k)).await;
            assert_eq!(values, [30, 10]);
        });
        assert_eq!(cache.info().helped, 3);
    });
}

#[test]
fn a_blocking_batch_waits_for_an_async_one() {
    finishes("blocking and async batches", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let (started, is_started) = mpsc::channel();
        thread::scope(|scope| {
            let cache = &cache;
            let polled = scope.spawn(move || {
                block_on(cache.get_many_or_compute_async([1, 2], async |missing: &[u32]| {
                    started.send(()).expect("the test waits");
                    await_key(cache, 3);
                    tens(missing)
                }))
            });
            is_started.recv().expect("it runs");
            assert_eq!(cache.get_many_or_compute([2, 3, 1], tens), [20, 30, 10]);
            assert_eq!(polled.join().expect("it returns"), [10, 20]);
        });
        assert_eq!(counts(cache.info()), (2, 3, Some(10), 3));
    });
}

#[test]
fn an_async_batch_may_ask_for_its_own_keys() {
    finishes("an async batch inside of itself", || {
        let cache: Cache<u32, u32> = Cache::new(10);
        let values =
            block_on(cache.get_many_or_compute_async([1, 2], async |missing: &[u32]| {
                pauses(1).await;
                assert_eq!(cache.get_or_compute(2, || 7), 7);
                assert_eq!(cache.get_or_compute_async(1, async || 8).await, 8);
                let inner = cache.get_many_or_compute_async([2, 3], async |k: &[u32]| tens(k));
                assert_eq!(inner.await, [7, 30]);
                tens(missing)
            }));
        assert_eq!(values, [10, 20]);
        assert_eq!(cache.peek(&3), Some(30));
    });
}

#[test]
fn a_batch_of_many_keys_wakes_its_task_through_any_of_them() {
    finishes("a batch of 2,000 keys", || {
        let cache: Cache<u32, u32> = Cache::unbounded();
        let (send, receive) = futures::channel::oneshot::channel::<()>();
        let receive = RefCell::new(Some(receive));
        let mut tasks = Tasks::new();
        let batch = tasks.spawn(cache.get_many_or_compute_async(0..2_000, async |k: &[u32]| {
            let receive = receive.borrow_mut().take().expect("it runs once");
            receive.await.expect("the test sends");
            tens(k)
        }));
        let follower =
            tasks.spawn(cache.get_or_compute_async(1_999, async || 0).map(|it| vec![it]));
        tasks.run();
        assert_eq!(tasks.unfinished(), [batch, follower]);
        send.send(()).expect("it waits");
        tasks.run();
        assert_eq!(tasks.result(batch).map(Vec::len), Some(2_000));
        assert_eq!(tasks.result(follower), Some(&vec![19_990]));
    });
}
