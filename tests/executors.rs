//! Async functions need no particular runtime: the same calls on several runtimes.

mod common;

use common::finishes;
use futures::executor::{LocalPool, block_on};
use futures::future::join_all;
use futures::task::LocalSpawnExt;
use memofn::memoize;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const TASKS: u64 = 2000;
const KEYS: u64 = 20;

/// A memoized function for each test. It counts its runs, and pauses before it is ready.
macro_rules! counted {
    ($name:ident, $pause:expr) => {
        static RUNS: AtomicU64 = AtomicU64::new(0);

        #[memoize]
        async fn $name(key: u64) -> u64 {
            RUNS.fetch_add(1, SeqCst);
            $pause.await;
            key * 10
        }
    };
}

/// Checks that each key was computed once and each call was counted.
macro_rules! assert_once {
    ($name:ident) => {
        let info = $name::cache_info();
        assert_eq!(RUNS.load(SeqCst), KEYS);
        assert_eq!((info.misses, info.hits), (KEYS, TASKS - KEYS));
    };
}

#[test]
fn tokio_on_one_thread() {
    counted!(slow, tokio::time::sleep(Duration::from_millis(5)));

    finishes("tokio, current thread", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let tasks = (0..TASKS).map(|i| tokio::spawn(slow(i % KEYS)));
            for (i, result) in join_all(tasks).await.into_iter().enumerate() {
                assert_eq!(result.unwrap(), i as u64 % KEYS * 10);
            }
        });
        assert_once!(slow);
    });
}

#[test]
fn tokio_on_several_threads() {
    counted!(slow, tokio::time::sleep(Duration::from_millis(5)));

    finishes("tokio, multi thread", || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let tasks = (0..TASKS).map(|i| tokio::spawn(slow(i % KEYS)));
            for (i, result) in join_all(tasks).await.into_iter().enumerate() {
                assert_eq!(result.unwrap(), i as u64 % KEYS * 10);
            }
        });
        assert_once!(slow);
    });
}

#[test]
fn async_executor_on_several_threads() {
    counted!(slow, common::tasks::pauses(20));

    finishes("async-executor", || {
        let executor = async_executor::Executor::new();
        let tasks: Vec<_> = (0..TASKS).map(|i| executor.spawn(slow(i % KEYS))).collect();
        let all = join_all(tasks);
        let (stop, stopped) = futures::channel::oneshot::channel::<()>();
        let stopped = futures::FutureExt::shared(stopped);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| block_on(executor.run(stopped.clone())));
            }
            let results = block_on(executor.run(all));
            stop.send(()).unwrap();
            assert!(results.into_iter().zip(0..).all(|(result, i)| result == i % KEYS * 10));
        });
        assert_once!(slow);
    });
}

#[test]
fn a_local_pool() {
    counted!(slow, common::tasks::pauses(5));

    finishes("futures' LocalPool", || {
        let mut pool = LocalPool::new();
        for i in 0..TASKS {
            pool.spawner()
                .spawn_local(async move { assert_eq!(slow(i % KEYS).await, i % KEYS * 10) })
                .unwrap();
        }
        pool.run();
        assert_once!(slow);
    });
}

#[test]
fn threads_that_block() {
    counted!(slow, common::tasks::pauses(5));

    finishes("threads that block on a future each", || {
        thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for i in (0..TASKS).filter(|i| i % 8 == thread) {
                        assert_eq!(block_on(slow(i % KEYS)), i % KEYS * 10);
                    }
                });
            }
        });
        assert_once!(slow);
    });
}

#[test]
fn tasks_of_a_thread_share_the_runs_of_its_cache() {
    #[memoize(scope = "thread", skip(runs))]
    async fn slow(name: Rc<str>, runs: Rc<AtomicU64>) -> Rc<str> {
        runs.fetch_add(1, SeqCst);
        common::tasks::pauses(3).await;
        name
    }

    let runs = Rc::new(AtomicU64::new(0));
    let mut pool = LocalPool::new();
    for _ in 0..10 {
        let runs = Rc::clone(&runs);
        pool.spawner()
            .spawn_local(async move { assert_eq!(&*slow("a".into(), runs).await, "a") })
            .unwrap();
    }
    pool.run();
    assert_eq!((runs.load(SeqCst), slow::cache_info().coalesced), (1, 9));
}
