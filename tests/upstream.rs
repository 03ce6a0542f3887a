//! An upstream that fails, hangs, answers late and panics, behind all options about time at once.
//!
//! Eight threads call a few keys, and move the test clock between their calls. Each value tells which run of the body has
//! made it. The log of all runs and answers is checked afterwards: no value is older than promised, the upstream is not
//! called more often than the options allow, and the counters are exact.
//!
//! With `MEMOFN_STRESS=full` each scenario has 10^5 calls.

mod common;

use common::{finishes, panic_silently};
use memofn::testing::Clock;
use memofn::{CacheCall, CacheInfo, CallStatus, memoize};
use std::cell::Cell;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst, fence};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const THREADS: u64 = 8;
const KEYS: u64 = 3;

const NANOS: u64 = 1_000_000_000;
/// The clock's jitter is one half: a `ttl` of a minute less half of 24 seconds.
const LIFE: u64 = 48 * NANOS;
/// A third of a life, less what a rounding may take.
const FRESH: u64 = 16 * NANOS - 1000;
const KEPT: u64 = 120 * NANOS;
const RETRY: u64 = 5 * NANOS;
const ERR_LIFE: u64 = 2 * NANOS;

/// The time of the test clock is between these two, in nanoseconds. They are equal unless a thread is moving it.
static EARLIEST: AtomicU64 = AtomicU64::new(0);
static LATEST: AtomicU64 = AtomicU64::new(0);

fn not_before() -> u64 {
    let time = EARLIEST.load(SeqCst);
    fence(SeqCst);
    time
}

fn not_after() -> u64 {
    fence(SeqCst);
    LATEST.load(SeqCst)
}

fn advance(clock: &Clock, nanos: u64) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = lock(&TURN);
    LATEST.fetch_add(nanos, SeqCst);
    fence(SeqCst);
    clock.advance(Duration::from_nanos(nanos));
    fence(SeqCst);
    EARLIEST.fetch_add(nanos, SeqCst);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A value or an error of the upstream: the number of the run that has made it.
struct Stamp {
    run: usize,
    /// The original has it. It is dropped after it has been stored: so the run has landed by then.
    original_of: Option<&'static Upstream>,
}

impl Clone for Stamp {
    fn clone(&self) -> Self {
        Self { run: self.run, original_of: None }
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        self.original_of.inspect(|upstream| upstream.landed(self.run));
    }
}

type Rate = Result<Stamp, Stamp>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Err,
    Panic,
}

/// A run of the body.
#[derive(Debug, Clone, Copy)]
struct Run {
    key: u64,
    is_in_background: bool,
    /// Its beginning, in the order of all events, and the latest time of it.
    begun: (u64, u64),
    /// Its end, in the order of all events, and the earliest time of it. `None` while it goes on.
    ended: Option<(u64, u64, End)>,
    /// The latest time at which its result was stored, if that is known.
    landed_by: Option<u64>,
}

impl Run {
    fn end(&self) -> End {
        self.ended.expect("it has ended").2
    }

    fn ended_at(&self) -> u64 {
        self.ended.expect("it has ended").1
    }

    fn has_failed(&self) -> bool {
        self.end() != End::Ok
    }

    fn landed_by(&self) -> u64 {
        self.landed_by.expect("its result was dropped")
    }
}

#[derive(Default)]
struct Upstream {
    runs: Mutex<Vec<Run>>,
    /// When runs were dropped that had not begun: between these two times.
    dropped: Mutex<Vec<(u64, u64)>>,
    /// When entries were removed: the key, and the events of the beginning and the end.
    removed: Mutex<Vec<(u64, u64, u64)>>,
    events: AtomicU64,
    is_down: AtomicBool,
    releases: Mutex<u64>,
    released: Condvar,
}

thread_local! {
    /// The last run of this thread.
    static LAST_RUN: Cell<Option<usize>> = const { Cell::new(None) };
    static IS_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

impl Upstream {
    const fn new() -> Self {
        Self {
            runs: Mutex::new(Vec::new()),
            dropped: Mutex::new(Vec::new()),
            removed: Mutex::new(Vec::new()),
            events: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            releases: Mutex::new(0),
            released: Condvar::new(),
        }
    }

    fn event(&self) -> u64 {
        self.events.fetch_add(1, SeqCst)
    }

    /// The body of all functions.
    fn ask(&'static self, key: u64) -> Rate {
        let begun = (self.event(), not_after());
        let of_the_crate = thread::current().name() == Some("memofn-refresh");
        let is_in_background = IS_BACKGROUND.get() || of_the_crate;
        let new = Run { key, is_in_background, begun, ended: None, landed_by: None };
        let run = {
            let mut runs = lock(&self.runs);
            runs.push(new);
            runs.len() - 1
        };
        LAST_RUN.set(Some(run));
        let mut random = Random(run as u64);
        // The answer is known now, and may come late.
        let end = match (self.is_down.load(SeqCst), random.below(20)) {
            (false, 0) => End::Err,
            (false, 1) | (true, 0..4) => End::Panic,
            (false, _) => End::Ok,
            (true, _) => End::Err,
        };
        (0..3_u64.saturating_sub(random.below(20))).for_each(|_| self.hang());
        lock(&self.runs)[run].ended = Some((self.event(), not_before(), end));
        let stamp = Stamp { run, original_of: Some(self) };
        match end {
            End::Ok => Ok(stamp),
            End::Err => Err(stamp),
            End::Panic => {
                std::mem::forget(stamp);
                panic_silently("the upstream is out of its mind")
            }
        }
    }

    fn hang(&self) {
        let releases = lock(&self.releases);
        let until = *releases + 1;
        drop(self.released.wait_while(releases, |releases| *releases < until));
    }

    fn release(&self) {
        *lock(&self.releases) += 1;
        self.released.notify_all();
    }

    fn landed(&self, run: usize) {
        let now = not_after();
        lock(&self.runs)[run].landed_by.get_or_insert(now);
    }
}

/// A run in the background that the test drops before it has begun.
struct Dropped<J>(&'static Upstream, Option<J>);

impl<J> Drop for Dropped<J> {
    fn drop(&mut self) {
        let begun = not_before();
        self.1 = None;
        lock(&self.0.dropped).push((begun, not_after()));
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Has runs done by threads of the test, or by the caller, or not at all.
struct Spawner {
    upstream: &'static Upstream,
    jobs: Mutex<Option<Sender<Job>>>,
    spawned: AtomicU64,
}

impl Spawner {
    const fn new(upstream: &'static Upstream) -> Self {
        Self { upstream, jobs: Mutex::new(None), spawned: AtomicU64::new(0) }
    }

    fn spawn(&self, run: impl FnOnce() + Send + 'static) {
        let later = |job: Job| {
            let jobs = lock(&self.jobs).clone().expect("there are threads");
            jobs.send(job).expect("there are threads");
        };
        match Random(self.spawned.fetch_add(1, SeqCst)).below(12) {
            0 => drop(Dropped(self.upstream, Some(run))),
            1 => {
                let _run = Dropped(self.upstream, Some(run));
                panic_silently("the pool is full");
            }
            2 => {
                let run = Dropped(self.upstream, Some(run));
                later(Box::new(move || drop(run)));
            }
            3 => in_background(run),
            _ => later(Box::new(|| in_background(run))),
        }
    }

    /// Two threads that end when the spawner is closed.
    fn open(&'static self) {
        let (send, jobs) = channel::<Job>();
        *lock(&self.jobs) = Some(send);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..2 {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                loop {
                    let job = lock(&jobs).recv();
                    let Ok(job) = job else { return };
                    LAST_RUN.set(None);
                    // The panic of a body comes through to the thread that has run it.
                    let _ = catch_unwind(std::panic::AssertUnwindSafe(job));
                    LAST_RUN.take().inspect(|run| self.upstream.landed(*run));
                }
            });
        }
    }

    fn close(&self) {
        *lock(&self.jobs) = None;
    }
}

fn in_background(run: impl FnOnce()) {
    struct Reset(bool);

    impl Drop for Reset {
        fn drop(&mut self) {
            IS_BACKGROUND.set(self.0);
        }
    }

    let _reset = Reset(IS_BACKGROUND.replace(true));
    run();
}

/// Polls a future to its end, also within another one: a spawner may run a job at once.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        thread::park();
    }
}

/// A memoized function in front of an upstream.
#[derive(Clone, Copy)]
struct Function {
    upstream: &'static Upstream,
    plain: fn(u64) -> Rate,
    call: fn(u64) -> CacheCall<Rate>,
    remove: fn(u64),
    info: fn() -> CacheInfo,
    /// Refreshes run in the background, and are no misses.
    is_refreshed_in_background: bool,
}

/// The answer to a call.
struct Answer {
    key: u64,
    run: usize,
    is_ok: bool,
    /// Its beginning in the order of all events.
    begun: u64,
    not_before: u64,
    not_after: u64,
    status: Option<CallStatus>,
}

impl Function {
    /// Makes the calls and checks everything.
    fn withstands(self, removes: bool) {
        let clock = Clock::stop();
        clock.jitter(0.5);
        let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
        let calls = if full { 100_000 } else { 16_000 };
        let (done, is_done) = channel::<()>();
        let upstream = self.upstream;
        // If all callers wait for a body that hangs, somebody else has to release it.
        let rescuer = thread::spawn(move || {
            while is_done.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
                upstream.release();
            }
        });
        let answers: Vec<Answer> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|seed| {
                    let clock = &clock;
                    scope.spawn(move || self.calls(clock, Random(seed), calls / THREADS, removes))
                })
                .collect();
            threads.into_iter().flat_map(|it| it.join().expect("no panic but the body's")).collect()
        });
        let info = self.settled(calls);
        drop(done);
        rescuer.join().expect("no panic");

        let runs = lock(&upstream.runs).clone();
        self.check_counters(&runs, &info, calls);
        self.check_ages(&runs, &answers, &info);
        if removes {
            self.check_removals(&runs, &answers);
        } else {
            (0..KEYS).for_each(|key| check_upstream_calls(key, &runs, &answers));
        }
        // All of it has happened.
        let ends = |end| runs.iter().filter(|run| run.end() == end).count();
        assert!(ends(End::Ok) > 20 && ends(End::Err) > 20 && ends(End::Panic) > 5);
        assert!(info.refreshes > 20 && info.stale > 20 && info.coalesced > 0, "{info:?}");
        assert!(answers.iter().any(|answer| !answer.is_ok));
    }

    fn calls(self, clock: &Clock, mut random: Random, calls: u64, removes: bool) -> Vec<Answer> {
        let upstream = self.upstream;
        let mut answers = Vec::new();
        for _ in 0..calls {
            let key = random.below(KEYS);
            match random.below(800) {
                0 => drop(upstream.is_down.fetch_xor(true, SeqCst)),
                1..8 => upstream.release(),
                // Whole seconds, so that the moments in the lives of values are met exactly; and just before and after them.
                8 => advance(clock, random.below(400) * NANOS),
                9..28 => advance(clock, random.below(20) * NANOS),
                28..33 => advance(clock, 1),
                33..38 => advance(clock, NANOS - 1),
                38..48 if removes => {
                    let begun = upstream.event();
                    (self.remove)(key);
                    lock(&upstream.removed).push((key, begun, upstream.event()));
                }
                _ => {}
            }
            let (begun, not_before) = (upstream.event(), not_before());
            LAST_RUN.set(None);
            let tells = random.below(2) == 0;
            let result = catch_unwind(|| {
                if tells {
                    let CacheCall { value, status, .. } = (self.call)(key);
                    (value, Some(status))
                } else {
                    ((self.plain)(key), None)
                }
            });
            let not_after = not_after();
            LAST_RUN.take().inspect(|run| upstream.landed(*run));
            let Ok((value, status)) = result else { continue };
            let is_ok = value.is_ok();
            let run = value.unwrap_or_else(|error| error).run;
            answers.push(Answer { key, run, is_ok, begun, not_before, not_after, status });
        }
        answers
    }

    /// The counters, once nothing runs in the background.
    fn settled(self, calls: u64) -> CacheInfo {
        let start = Instant::now();
        loop {
            let info = (self.info)();
            let all_ended = {
                let runs = lock(&self.upstream.runs);
                let failed = |run: &&Run| run.ended.is_some() && run.has_failed();
                let in_background = || runs.iter().filter(|run| run.is_in_background);
                let (begun, failed_there) =
                    (in_background().count() as u64, in_background().filter(failed).count() as u64);
                let is_idle = !self.is_refreshed_in_background
                    || info.refreshes + failed_there == info.refresh_failures + begun;
                is_idle
                    && runs.iter().all(|run| run.ended.is_some())
                    && info.failures == runs.iter().filter(failed).count() as u64
                    && info.hits + info.misses == calls
            };
            // If that does not happen, the checks say what is wrong.
            if all_ended || start.elapsed() > Duration::from_secs(20) {
                return info;
            }
            thread::yield_now();
        }
    }

    fn check_counters(self, runs: &[Run], info: &CacheInfo, calls: u64) {
        let count = |is_counted: &dyn Fn(&Run) -> bool| {
            runs.iter().filter(|run| is_counted(run)).count() as u64
        };
        assert_eq!(info.hits + info.misses, calls);
        assert_eq!(info.misses, count(&|run| !run.is_in_background));
        assert_eq!(info.failures, count(&Run::has_failed), "{info:?}");
        assert_eq!((info.helped, info.evictions), (0, 0));
        if self.is_refreshed_in_background {
            let failed = count(&|run| run.is_in_background && run.has_failed());
            // Some were dropped by the test. Others had not begun when a call took their place.
            let undone = info.refreshes - count(&|run| run.is_in_background);
            assert!(undone >= lock(&self.upstream.dropped).len() as u64);
            assert_eq!(info.refresh_failures, failed + undone);
        } else {
            assert!(info.refreshes <= info.misses && info.refresh_failures <= info.failures);
        }
    }

    /// No answer is older than the options say, and an old one has a reason.
    fn check_ages(self, runs: &[Run], answers: &[Answer], info: &CacheInfo) {
        let dropped = lock(&self.upstream.dropped).clone();
        // Calls that certainly, and calls that perhaps, were answered by a value whose time to live had ended.
        let (mut stale, mut perhaps_stale) = (0, 0);
        for answer in answers {
            let run = &runs[answer.run];
            assert_eq!((answer.key, answer.is_ok), (run.key, run.end() == End::Ok));
            let most = if answer.is_ok { LIFE + KEPT } else { ERR_LIFE };
            assert!(answer.not_before < run.landed_by() + most, "too old: {run:?}");
            let is_stale = answer.is_ok && answer.not_before >= run.landed_by() + LIFE;
            let may_be_stale = answer.is_ok && answer.not_after >= run.ended_at() + LIFE;
            match answer.status {
                Some(CallStatus::Stale) => assert!(may_be_stale, "it is fresh: {run:?}"),
                Some(_) => assert!(!is_stale, "{:?}: {run:?}", answer.status),
                None => {}
            }
            let is_counted = answer.status.map(|it| it == CallStatus::Stale);
            stale += u64::from(is_counted.unwrap_or(is_stale));
            perhaps_stale += u64::from(is_counted.unwrap_or(may_be_stale));
            if is_stale {
                let is_reason = |ended: u64, landed_by: Option<u64>| {
                    ended <= answer.not_after
                        && landed_by.is_none_or(|by| by + RETRY > answer.not_before)
                };
                let failures = runs.iter().filter(|it| it.key == answer.key && it.has_failed());
                assert!(
                    failures.clone().any(|it| is_reason(it.ended_at(), it.landed_by))
                        || dropped.iter().any(|(from, to)| is_reason(*from, Some(*to))),
                    "no run has failed"
                );
            }
        }
        assert!(
            stale <= info.stale && info.stale <= perhaps_stale,
            "{stale}..={perhaps_stale}: {info:?}"
        );
    }

    /// A run that began before a removal answers no call that began after it.
    fn check_removals(self, runs: &[Run], answers: &[Answer]) {
        let removed = lock(&self.upstream.removed).clone();
        assert!(removed.len() > 20);
        for key in 0..KEYS {
            let mut removals: Vec<_> = removed.iter().filter(|it| it.0 == key).collect();
            // The last removal that had ended before a call is the one that matters: of these, the latest beginning.
            removals.sort_unstable_by_key(|removal| removal.2);
            for answer in answers.iter().filter(|answer| answer.key == key) {
                let before = removals.partition_point(|removal| removal.2 < answer.begun);
                let last = removals[..before].iter().map(|removal| removal.1).max();
                let begun = runs[answer.run].begun.0;
                assert!(last.is_none_or(|last| begun > last), "a result from before a removal");
            }
        }
    }
}

/// Each run of a key begins when the options allow it, and not before the last one has ended.
fn check_upstream_calls(key: u64, runs: &[Run], answers: &[Answer]) {
    let mut of_key: Vec<_> = runs.iter().enumerate().filter(|(_, run)| run.key == key).collect();
    of_key.sort_unstable_by_key(|(_, run)| run.begun.0);
    let (mut old, mut allowed, mut last_event): (Option<&Run>, u64, u64) = (None, 0, 0);
    for (number, run) in of_key {
        let (begun, at) = run.begun;
        assert!(begun >= last_event, "two runs of a key at a time");
        assert!(at >= allowed, "a run at {at}, and the next one is allowed at {allowed}: {run:?}");
        let (event, ended, end) = run.ended.expect("it has ended");
        last_event = event;
        let without_old = match end {
            End::Ok => {
                (old, allowed) = (Some(run), ended + FRESH);
                continue;
            }
            End::Err => ended + ERR_LIFE,
            End::Panic => ended,
        };
        allowed = match old.map(|old| (old.ended_at() + LIFE, old.landed_by() + LIFE)) {
            Some((due, _)) if ended < due => due.min(ended + RETRY),
            Some((due, by)) if ended < due + KEPT => {
                if ended < by {
                    ended
                } else {
                    (due + KEPT).min(ended + RETRY)
                }
            }
            // The old value may have been there still, and have answered in place of the error.
            Some((_, by)) if ended < by + KEPT => ended,
            _ => without_old,
        };
        // While there is an old value, it answers in place of errors.
        let is_masked = end == End::Err
            && old.is_some_and(|old| run.landed_by() < old.ended_at() + LIFE + KEPT);
        assert!(!is_masked || answers.iter().all(|it| it.run != number), "an error: {run:?}");
    }
}

/// A function with all options, in front of an upstream of its own.
macro_rules! function {
    (@attribute [$($item:tt)*] $($refresh_on:tt)*) => {
        #[memoize(ttl = "60s", jitter = "24s", refresh_after = "20s", stale_if_error = "2m", retry_after = "5s",
            err_ttl = "2s", patience = unlimited, $($refresh_on)*)]
        $($item)*
    };
    (@function $upstream:ident, $background:literal, ($($await:tt)*)) => {
        Function {
            upstream: &$upstream,
            plain: |key| function!(@ended rate(key), $($await)*),
            call: |key| function!(@ended rate::cache_call(key), $($await)*),
            remove: |key| drop(rate::cache_remove(key)),
            info: rate::cache_info,
            is_refreshed_in_background: $background,
        }
    };
    (@ended $call:expr,) => { $call };
    (@ended $call:expr, await) => { block_on($call) };
    (sync, $upstream:ident, $background:literal, $($refresh_on:tt)*) => {{
        function! { @attribute [fn rate(key: u64) -> Rate { $upstream.ask(key) }] $($refresh_on)* }
        function!(@function $upstream, $background, ())
    }};
    (async, $upstream:ident, $background:literal, $($refresh_on:tt)*) => {{
        function! { @attribute [async fn rate(key: u64) -> Rate { $upstream.ask(key) }] $($refresh_on)* }
        function!(@function $upstream, $background, (await))
    }};
}

#[test]
fn a_function_that_is_refreshed_on_threads_of_the_crate_withstands_its_upstream() {
    static UPSTREAM: Upstream = Upstream::new();
    let rate = function!(sync, UPSTREAM, true,);
    finishes("threads of the crate", move || rate.withstands(false));
}

#[test]
fn a_function_that_is_refreshed_by_a_spawner_withstands_its_upstream() {
    static UPSTREAM: Upstream = Upstream::new();
    static SPAWNER: Spawner = Spawner::new(&UPSTREAM);
    let rate = function!(sync, UPSTREAM, true, refresh_on = |run| SPAWNER.spawn(run));
    SPAWNER.open();
    finishes("a spawner that drops runs and panics", move || rate.withstands(false));
    SPAWNER.close();
}

#[test]
fn a_function_that_is_refreshed_by_its_callers_withstands_its_upstream() {
    static UPSTREAM: Upstream = Upstream::new();
    let rate = function!(sync, UPSTREAM, false, refresh_on = caller);
    finishes("refreshes by callers", move || rate.withstands(false));
}

#[test]
fn an_async_function_withstands_its_upstream() {
    static UPSTREAM: Upstream = Upstream::new();
    static SPAWNER: Spawner = Spawner::new(&UPSTREAM);
    let rate =
        function!(async, UPSTREAM, true, refresh_on = |run| SPAWNER.spawn(move || block_on(run)));
    SPAWNER.open();
    finishes("async refreshes", move || rate.withstands(false));
    SPAWNER.close();
}

#[test]
fn a_late_result_of_the_upstream_is_not_stored_after_a_removal() {
    static UPSTREAM: Upstream = Upstream::new();
    static SPAWNER: Spawner = Spawner::new(&UPSTREAM);
    let rate = function!(sync, UPSTREAM, true, refresh_on = |run| SPAWNER.spawn(run));
    SPAWNER.open();
    finishes("removals during runs", move || rate.withstands(true));
    SPAWNER.close();
}
