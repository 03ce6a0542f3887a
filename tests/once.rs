//! Rule 6: a busy runtime, a slow body and a stopped process cause no second run. A leader that its own task
//! holds without polling it is detected on every runtime, idle or busy.
//!
//! With `MEMOFN_STRESS=full` the loads are as large as those that once showed the fault.

mod common;

use common::{finishes_within, tasks::pauses};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::{LocalPool, block_on};
use futures::future::{BoxFuture, Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::task::LocalSpawnExt;
use memofn::{Cache, memoize};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, yield_now};

const MS: Duration = Duration::from_millis(1);

/// The watchdog.
const LIMIT: Duration = Duration::from_secs(300);

/// A cache whose bodies take a while.
#[derive(Clone)]
struct Paid {
    cache: Arc<Cache<u64, u64>>,
    runs: Arc<AtomicU64>,
}

impl Paid {
    fn new() -> Self {
        Self { cache: Arc::new(Cache::new(128)), runs: Arc::default() }
    }

    async fn call(&self, key: u64) -> u64 {
        self.call_for(50 * MS, key).await
    }

    async fn call_for(&self, time: Duration, key: u64) -> u64 {
        let body = async || {
            self.runs.fetch_add(1, SeqCst);
            nap(time).await;
            key * 10
        };
        self.cache.get_or_compute_async(key, body).await
    }

    /// Checks that each key was computed once and each call was counted.
    fn is_settled(&self, keys: u64, calls: u64) {
        let info = self.cache.info();
        assert_eq!((self.runs.load(SeqCst), info.misses, info.helped), (keys, keys, 0));
        assert_eq!((info.hits, info.currsize as u64), (calls - keys, keys));
    }
}

/// Sleeps on any executor: a thread wakes the task. The first poll is always pending.
async fn nap(time: Duration) {
    pauses(1).await;
    let (tell, told) = oneshot::channel();
    let sleeper = thread::spawn(move || {
        thread::sleep(time);
        tell.send(())
    });
    told.await.expect("it wakes up");
    let _ = sleeper.join();
}

/// Keeps its thread busy.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {}
}

/// A number of tasks. Each spins, calls with one of the keys, and spins again.
#[derive(Clone, Copy)]
struct Load {
    tasks: u64,
    spin: Duration,
    keys: u64,
}

impl Load {
    /// A load with a number of keys.
    const fn of(tasks: u64, millis: u32, keys: u64) -> Self {
        Self { tasks, spin: Duration::from_millis(millis as u64), keys }
    }

    fn scaled(mut self, fewer: u64, shorter: u32) -> Self {
        if std::env::var("MEMOFN_STRESS").is_err() {
            self.tasks /= fewer;
            self.spin /= shorter;
        }
        self
    }

    fn tasks(self, paid: &Paid) -> impl Iterator<Item = BoxFuture<'static, ()>> + use<> {
        let paid = paid.clone();
        (0..self.tasks).map(move |i| {
            let paid = paid.clone();
            async move {
                spin(self.spin);
                let key = i % self.keys;
                assert_eq!(paid.call(key).await, key * 10);
                spin(self.spin);
            }
            .boxed()
        })
    }
}

/// Runs tasks concurrently to their end.
type Runs = fn(Vec<BoxFuture<'static, ()>>);

fn tokio_of(builder: &mut Builder) -> Runtime {
    builder.enable_time().build().expect("a runtime can be built")
}

fn on_tokio(runtime: &Runtime, tasks: Vec<BoxFuture<'static, ()>>) {
    runtime.block_on(async {
        let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
    });
}

fn current_thread(tasks: Vec<BoxFuture<'static, ()>>) {
    on_tokio(&tokio_of(&mut Builder::new_current_thread()), tasks);
}

fn two_workers(tasks: Vec<BoxFuture<'static, ()>>) {
    on_tokio(&tokio_of(Builder::new_multi_thread().worker_threads(2)), tasks);
}

fn local_set(tasks: Vec<BoxFuture<'static, ()>>) {
    let runtime = tokio_of(&mut Builder::new_current_thread());
    LocalSet::new().block_on(&runtime, async {
        let tasks: Vec<_> = tasks.into_iter().map(tokio::task::spawn_local).collect();
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
    });
}

fn executor_of_two(tasks: Vec<BoxFuture<'static, ()>>) {
    let executor = async_executor::Executor::new();
    let all = join_all(tasks.into_iter().map(|task| executor.spawn(task)).collect::<Vec<_>>());
    let (stop, stopped) = oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| block_on(executor.run(stopped)));
        block_on(executor.run(all));
        stop.send(()).expect("the other thread goes on");
    });
}

fn local_executor(tasks: Vec<BoxFuture<'static, ()>>) {
    let executor = async_executor::LocalExecutor::new();
    let all = join_all(tasks.into_iter().map(|task| executor.spawn(task)).collect::<Vec<_>>());
    block_on(executor.run(all));
}

fn local_pool(tasks: Vec<BoxFuture<'static, ()>>) {
    let mut pool = LocalPool::new();
    for task in tasks {
        pool.spawner().spawn_local(task).expect("it is there");
    }
    pool.run();
}

const RUNTIMES: [(&str, Runs); 6] = [
    ("tokio, current thread", current_thread),
    ("tokio, two workers", two_workers),
    ("tokio's LocalSet", local_set),
    ("async-executor, two threads", executor_of_two),
    ("async-executor's LocalExecutor", local_executor),
    ("futures' LocalPool", local_pool),
];

fn runs_once(what: &'static str, runs: Runs, load: Load) {
    finishes_within(LIMIT, what, move || {
        let paid = Paid::new();
        runs(load.tasks(&paid).collect());
        paid.is_settled(load.keys, load.tasks);
    });
}

macro_rules! once_under_load {
    ($($test:ident: $runs:ident, $load:expr;)*) => {$(
        #[test]
        fn $test() {
            runs_once(stringify!($test), $runs, $load);
        }
    )*};
}

once_under_load! {
    a_body_runs_once_for_100_tasks_of_5_ms: current_thread, Load::of(100, 5, 1);
    a_body_runs_once_for_100_tasks_of_20_ms: current_thread, Load::of(100, 20, 1).scaled(2, 1);
    a_body_runs_once_for_200_tasks_of_10_ms: current_thread, Load::of(200, 10, 1).scaled(2, 1);
    a_body_runs_once_for_1000_tasks_of_5_ms: current_thread, Load::of(1000, 5, 1).scaled(1, 5);
    five_bodies_run_once_on_two_workers: two_workers, Load::of(1000, 2, 5);
    a_body_runs_once_in_a_local_set: local_set, Load::of(200, 5, 2).scaled(2, 1);
    a_body_runs_once_on_an_executor_of_two_threads: executor_of_two, Load::of(200, 5, 2);
    a_body_runs_once_on_a_local_executor: local_executor, Load::of(200, 5, 2).scaled(2, 1);
    a_body_runs_once_in_a_local_pool: local_pool, Load::of(200, 5, 2).scaled(2, 1);
}

#[test]
fn a_body_runs_once_on_runtimes_that_are_idle() {
    for (what, runs) in RUNTIMES {
        runs_once(what, runs, Load::of(50, 0, 5));
    }
}

/// Adds tasks that are always busy until the first one has ended.
fn beside(
    count: usize,
    busy: Duration,
    first: BoxFuture<'static, ()>,
) -> Vec<BoxFuture<'static, ()>> {
    let is_over = Arc::new(AtomicBool::new(false));
    let others = (0..count).map(|_| {
        let is_over = Arc::clone(&is_over);
        async move {
            while !is_over.load(SeqCst) {
                spin(busy);
                pauses(1).await;
            }
        }
        .boxed()
    });
    let mut tasks: Vec<_> = others.collect();
    let over = Over(Arc::clone(&is_over));
    tasks.push(first.map(move |()| drop(over)).boxed());
    tasks
}

/// Ends the other tasks, even if a check has failed.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Runs the scenario on each runtime, alone and with ten other tasks that keep the runtime busy.
fn everywhere(scenario: fn() -> BoxFuture<'static, ()>) {
    for (what, runs) in RUNTIMES {
        for others in [0, 10] {
            finishes_within(LIMIT, what, move || runs(beside(others, 2 * MS, scenario())));
        }
    }
}

#[test]
fn a_leader_held_by_its_own_task_is_detected_on_each_runtime() {
    everywhere(|| {
        async {
            let cache = Cache::<u64, u64>::new(8);
            let call = || {
                cache.get_or_compute_async(1, async || {
                    pauses(1).await;
                    10
                })
            };
            let mut leader = pin!(call().fuse());
            assert_eq!(futures::poll!(leader.as_mut()), Poll::Pending);
            assert_eq!(call().await, 10);
            assert_eq!(leader.await, 10);
            let info = cache.info();
            assert_eq!((info.misses, info.helped), (2, 1));
        }
        .boxed()
    });
}

#[test]
fn a_leader_in_a_set_of_its_own_task_is_detected_on_each_runtime() {
    everywhere(|| {
        async {
            let cache = Cache::<u64, u64>::new(8);
            let (open, opened) = oneshot::channel();
            let opened = opened.shared();
            let call = || {
                let body = async || {
                    opened.clone().await.expect("it is opened");
                    10
                };
                cache.get_or_compute_async(1, body)
            };
            let mut set: FuturesUnordered<_> = [call()].into_iter().collect();
            assert_eq!(futures::poll!(set.next()), Poll::Pending);
            open.send(()).expect("the leader waits for it");
            assert_eq!(call().await, 10);
            assert_eq!(set.next().await, Some(10));
            let info = cache.info();
            assert_eq!((info.misses, info.helped), (2, 1));
        }
        .boxed()
    });
}

#[test]
fn calls_that_one_task_polls_together_share_a_run_on_each_runtime() {
    everywhere(|| {
        async {
            // The runs are long enough for many rounds.
            let (paid, time) = (Paid::new(), 400 * MS);
            let call = |key| paid.call_for(time, key);
            let joined = async { futures::join!(call(1), call(1)) };
            let rotated = async { tokio::join!(call(2), call(2), call(2)) };
            let selected = async {
                let (mut one, mut other) = (pin!(call(3)), pin!(call(3)));
                match select(one.as_mut(), other.as_mut()).await {
                    Either::Left((_, other)) => other.await,
                    Either::Right((_, one)) => one.await,
                }
            };
            let unordered = async { (0..40).map(|_| call(4)).collect::<FuturesUnordered<_>>() };
            let unordered = async { unordered.await.collect::<Vec<_>>().await.len() };
            let all = futures::join!(joined, rotated, selected, unordered);
            assert_eq!(all, ((10, 10), (20, 20, 20), 30, 40));
            paid.is_settled(4, 2 + 3 + 2 + 40);
        }
        .boxed()
    });
}

#[test]
fn followers_that_are_polled_all_the_time_cause_no_second_run() {
    async fn ticking(paid: Paid) {
        let mut call = pin!(paid.call_for(400 * MS, 1));
        loop {
            match select(call.as_mut(), pin!(nap(10 * MS))).await {
                Either::Left((value, _)) => return assert_eq!(value, 10),
                Either::Right(_) => {}
            }
        }
    }

    for (what, runs) in RUNTIMES {
        for others in [0, 10] {
            finishes_within(LIMIT, what, move || {
                let paid = Paid::new();
                let mut tasks: Vec<_> = (0..5).map(|_| ticking(paid.clone()).boxed()).collect();
                tasks.extend(beside(others, 2 * MS, nap(400 * MS).boxed()));
                runs(tasks);
                paid.is_settled(1, 5);
            });
        }
    }
}

#[test]
fn followers_with_a_time_limit_cause_no_second_run() {
    for runs in [current_thread as Runs, two_workers] {
        finishes_within(LIMIT, "calls with a time limit", move || {
            let paid = Paid::new();
            let tasks = (0..60).map(|i| {
                let paid = paid.clone();
                async move {
                    // Some followers give up early. The leader never does.
                    let gives_up = i % 3 == 1;
                    while gives_up && paid.runs.load(SeqCst) == 0 {
                        yield_now().await;
                    }
                    let limit = if gives_up { 5 * MS } else { LIMIT };
                    let call = tokio::time::timeout(limit, paid.call_for(300 * MS, 1));
                    assert!(call.await.is_ok() || gives_up);
                    spin(2 * MS);
                }
            });
            let mut tasks: Vec<_> = tasks.map(FutureExt::boxed).collect();
            tasks.extend(beside(20, 2 * MS, nap(300 * MS).boxed()));
            runs(tasks);
            let info = paid.cache.info();
            assert_eq!((paid.runs.load(SeqCst), info.helped, info.currsize), (1, 0, 1));
        });
    }
}

#[test]
fn a_leader_that_moved_to_another_task_is_not_stalled() {
    finishes_within(LIMIT, "a call that is polled here and then there", || {
        let scenario = async {
            let paid = Paid::new();
            let leads = paid.clone();
            let mut leader = async move { leads.call_for(400 * MS, 1).await }.boxed();
            assert_eq!(futures::poll!(leader.as_mut()), Poll::Pending);
            let leader = tokio::spawn(leader);
            assert_eq!(paid.call(1).await, 10);
            assert_eq!(leader.await.unwrap(), 10);
            paid.is_settled(1, 2);
        };
        current_thread(beside(10, 5 * MS, scenario.boxed()));
    });
}

#[test]
fn a_blocked_runtime_causes_no_second_run_on_another() {
    finishes_within(LIMIT, "a leader on a thread that is busy with something else", || {
        let paid = Paid::new();
        let (leads, is_led) = mpsc::channel();
        let leader = {
            let paid = paid.clone();
            thread::spawn(move || {
                tokio_of(&mut Builder::new_current_thread()).block_on(async {
                    let call = async { paid.call(1).await };
                    let hog = async {
                        leads.send(()).unwrap();
                        yield_now().await;
                        spin(1500 * MS);
                    };
                    tokio::join!(call, hog).0
                })
            })
        };
        is_led.recv().unwrap();
        let follower = tokio_of(&mut Builder::new_current_thread());
        assert_eq!(follower.block_on(paid.call(1)), 10);
        assert_eq!(leader.join().unwrap(), 10);
        paid.is_settled(1, 2);
    });
}

#[test]
fn one_helped_run_causes_no_help_later() {
    #[memoize(maxsize = unbounded, skip(body))]
    fn inner(key: u64, body: &dyn Fn()) -> u64 {
        body();
        key
    }
    #[memoize(skip(body))]
    fn outer(key: u64, body: &dyn Fn()) -> u64 {
        inner(key, body)
    }

    finishes_within(LIMIT, "a run that is helped, and others after it", || {
        (0..50).for_each(|key| assert_eq!(inner(key, &|| ()), key));
        let leads = Barrier::new(2);
        let (helped, is_helped) = mpsc::channel();
        thread::scope(|scope| {
            let leads = &leads;
            scope.spawn(move || {
                // It waits for the helper through a channel, which the cache cannot see.
                let body = || {
                    leads.wait();
                    is_helped.recv().unwrap();
                };
                assert_eq!(inner(100, &body), 100);
            });
            leads.wait();
            assert_eq!(outer(100, &|| ()), 100);
            helped.send(()).unwrap();
        });
        assert_eq!((inner::cache_info().helped, inner::cache_info().misses), (1, 52));
        for key in 200..203 {
            thread::scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| inner(key, &|| thread::sleep(300 * MS)));
                }
            });
        }
        let info = inner::cache_info();
        assert_eq!((info.helped, info.misses, info.hits), (1, 55, 57));
    });
}

/// Runs inside the process that [is stopped](a_stopped_process_loses_no_patience): a thread waits for
/// another, which goes on when it is told to.
#[test]
fn a_process_that_is_stopped() {
    if std::env::var_os("MEMOFN_IS_STOPPED").is_none() {
        return;
    }
    let cache: Cache<u8, u8> = Cache::builder().patience(3000 * MS).build();
    let (leads, is_led) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            cache.get_or_compute(1, || {
                leads.send(()).unwrap();
                std::io::stdin().read_line(&mut String::new()).unwrap();
                1
            })
        });
        is_led.recv().unwrap();
        println!("it waits");
        assert_eq!(cache.get_or_compute(1, || 2), 1);
    });
    assert_eq!((cache.info().misses, cache.info().helped), (1, 0));
}

#[cfg(unix)]
#[test]
fn a_stopped_process_loses_no_patience() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    finishes_within(LIMIT, "a process that is stopped", || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_is_stopped", "--nocapture"])
            .env("MEMOFN_IS_STOPPED", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().ends_with("it waits")));
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::STOP).unwrap();
        // Longer than the patience.
        thread::sleep(4000 * MS);
        kill_process(pid, Signal::CONT).unwrap();
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        lines.for_each(|line| drop(line.unwrap()));
        assert!(child.wait().unwrap().success());
    });
}
