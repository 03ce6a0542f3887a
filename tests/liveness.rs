//! Every call finishes: in any order of waits, and after panics, errors and the end of threads.

mod common;

use common::{Caller, all_return, counts, finishes, panic_silently, side_by_side};
use memofn::memoize;
use std::cell::OnceCell;
use std::panic;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

#[test]
fn a_recursive_body_finishes() {
    #[memoize(maxsize = unbounded)]
    fn shared(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { shared(n - 1) + shared(n - 2) }
    }
    #[memoize(maxsize = unbounded, scope = "thread")]
    fn local(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { local(n - 1) + local(n - 2) }
    }

    finishes("fib(90), shared and for one thread", || {
        for f in [shared as fn(u32) -> u64, local] {
            assert_eq!(f(90), 2_880_067_194_370_816_120);
        }
        assert_eq!(counts(shared::cache_info()), (88, 91, None, 91));
        assert_eq!(counts(local::cache_info()), (88, 91, None, 91));
    });
}

#[test]
fn a_body_that_calls_its_own_key_finishes() {
    #[memoize(skip(depth))]
    fn shared(n: u32, depth: u32) -> u32 {
        if depth > 0 { shared(n, depth - 1) } else { n * 10 }
    }
    #[memoize(skip(depth), scope = "thread")]
    fn local(n: u32, depth: u32) -> u32 {
        if depth > 0 { local(n, depth - 1) } else { n * 10 }
    }

    finishes("three levels of the same key", || {
        for f in [shared as fn(u32, u32) -> u32, local] {
            assert_eq!(f(7, 3), 70);
            assert_eq!(f(7, 3), 70);
        }
        assert_eq!(counts(shared::cache_info()), (1, 4, Some(128), 1));
        assert_eq!(counts(local::cache_info()), (1, 4, Some(128), 1));
    });
}

/// Runs `rounds` of eight tasks each in a pool of `threads`.
fn in_a_pool(threads: usize, rounds: u32, task: impl Fn(u32) + Sync) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a pool can be built");
    for round in 0..rounds {
        pool.scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|_| task(round));
            }
        });
    }
}

macro_rules! work_stealing {
    ($($test:ident: $threads:literal)*) => {$(
        #[test]
        fn $test() {
            static CALLS: AtomicU64 = AtomicU64::new(0);
            static RUNS: AtomicU64 = AtomicU64::new(0);

            fn called(n: u32, round: u32) -> u64 {
                CALLS.fetch_add(1, Relaxed);
                fib(n, round)
            }

            // A worker that stole a task may block a body that it does not know of.
            #[memoize(maxsize = unbounded, patience = "200ms")]
            fn fib(n: u32, round: u32) -> u64 {
                RUNS.fetch_add(1, Relaxed);
                if n < 2 {
                    return u64::from(n);
                }
                // Several tasks call with each key. Each task may be stolen in the middle of a run that
                // needs its result.
                let ((a, b), (c, d)) = rayon::join(
                    || rayon::join(|| called(n - 1, round), || called(n - 2, round)),
                    || rayon::join(|| called(n - 2, round), || called(n - 1, round)),
                );
                assert_eq!((a, b), (d, c));
                a + b
            }

            finishes("nested joins of memoized calls", || {
                in_a_pool($threads, 100, |round| assert_eq!(called(15, round), 610));
                let info = fib::cache_info();
                assert_eq!(info.currsize, 1600);
                assert_eq!(info.misses, RUNS.load(Relaxed));
                assert_eq!(info.hits + info.misses, CALLS.load(Relaxed));
            });
        }
    )*};
}
work_stealing! {
    a_pool_of_two_that_steals_work_finishes: 2
    a_pool_of_eight_that_steals_work_finishes: 8
}

#[test]
fn a_stolen_task_that_needs_the_run_it_belongs_to_finishes_when_patience_ends() {
    #[memoize(skip(stolen), patience = "100ms")]
    fn half(n: u32, stolen: Option<&Barrier>) -> u32 {
        if let Some(stolen) = stolen {
            // The second half is stolen while the first one waits, and needs the result of this call.
            // No chain of waits shows the cycle: the run waits for a task, not for a call. The worker that
            // stole the task is not inside a body.
            let (_, again) = rayon::join(|| stolen.wait(), || (stolen.wait(), half(n, None)).1);
            assert_eq!(again, n * 10);
        }
        n * 10
    }

    finishes("a run that waits for a task that waits for the run", || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        let pool = pool.expect("a pool can be built");
        half(0, None);
        for n in 1..=20 {
            let stolen = Barrier::new(2);
            assert_eq!(pool.install(|| half(n, Some(&stolen))), n * 10);
        }
        assert_eq!(counts(half::cache_info()), (0, 41, Some(128), 21));
        assert_eq!(half::cache_info().helped, 20);
    });
}

#[test]
fn two_threads_that_need_each_others_keys_finish() {
    #[memoize(skip(both_lead))]
    fn need(n: u32, both_lead: Option<&Barrier>) -> u32 {
        if let Some(both_lead) = both_lead {
            both_lead.wait();
            assert_eq!(need(3 - n, None), (3 - n) * 10);
        }
        n * 10
    }

    finishes("a cycle of two", || {
        for round in 1..=100 {
            need::cache_clear();
            let both_lead = Barrier::new(2);
            let calls = side_by_side(vec![1, 2], |n| need(n, Some(&both_lead)));
            assert_eq!(all_return(calls), [10, 20], "round {round}");
            // The call that would close the cycle runs the body. The other waits.
            assert_eq!(counts(need::cache_info()), (1, 3, Some(128), 2), "round {round}");
            assert_eq!(need::cache_info().coalesced, 1);
        }
    });
}

#[test]
fn three_threads_in_a_cycle_finish() {
    #[memoize(skip(all_lead))]
    fn need(n: u32, all_lead: Option<&Barrier>) -> u32 {
        if let Some(all_lead) = all_lead {
            all_lead.wait();
            let next = n % 3 + 1;
            assert_eq!(need(next, None), next * 10);
        }
        n * 10
    }

    finishes("a cycle of three", || {
        for round in 1..=100 {
            need::cache_clear();
            let all_lead = Barrier::new(3);
            let calls = side_by_side(vec![1, 2, 3], |n| need(n, Some(&all_lead)));
            assert_eq!(all_return(calls), [10, 20, 30], "round {round}");
            assert_eq!(counts(need::cache_info()), (2, 4, Some(128), 3), "round {round}");
        }
    });
}

#[test]
fn a_cycle_through_two_functions_finishes() {
    #[memoize(skip(both_lead))]
    fn left(n: u32, both_lead: Option<&Barrier>) -> u32 {
        both_lead.map_or(n, |both_lead| {
            both_lead.wait();
            right(n, None)
        })
    }
    #[memoize(skip(both_lead))]
    fn right(n: u32, both_lead: Option<&Barrier>) -> u32 {
        both_lead.map_or(n, |both_lead| {
            both_lead.wait();
            left(n, None)
        })
    }

    finishes("left needs right and right needs left", || {
        for n in 0..100 {
            let both_lead = Barrier::new(2);
            let sides = vec![left as fn(u32, Option<&Barrier>) -> u32, right];
            let calls = side_by_side(sides, |side| side(n, Some(&both_lead)));
            assert_eq!(all_return(calls), [n; 2]);
        }
        let (left, right) = (left::cache_info(), right::cache_info());
        assert_eq!(left.hits + right.hits, 100);
        assert_eq!(left.misses + right.misses, 300);
    });
}

#[test]
fn when_a_leader_panics_a_follower_takes_over() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn f(caller: &Caller) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        if caller.leads() {
            caller.await_followers(8);
            panic_silently("the leader");
        }
        caller.key * 10
    }

    finishes("a leader that panics, eight followers", || {
        let calls = side_by_side(Caller::several(7, 9), |caller| {
            panic::catch_unwind(panic::AssertUnwindSafe(|| f(&caller))).ok()
        });
        let results = all_return(calls);
        assert_eq!(results.iter().filter(|result| result.is_none()).count(), 1);
        assert_eq!(results.iter().filter(|result| **result == Some(70)).count(), 8);
        assert_eq!(RUNS.load(Relaxed), 2);
        assert_eq!(counts(f::cache_info()), (7, 2, Some(128), 1));
    });
}

#[test]
fn when_the_thread_of_a_leader_dies_the_followers_finish() {
    #[memoize]
    fn f(caller: &Caller) -> u32 {
        if caller.leads() {
            caller.await_followers(3);
            panic_silently("the thread unwinds to its end");
        }
        caller.key * 10
    }

    finishes("a leader whose thread dies, three followers", || {
        let calls = side_by_side(Caller::several(7, 4), |caller| f(&caller));
        let values: Vec<u32> = calls.into_iter().filter_map(Result::ok).collect();
        assert_eq!(values, [70; 3]);
        assert_eq!(counts(f::cache_info()), (2, 2, Some(128), 1));
    });
}

#[test]
fn an_error_that_can_be_cloned_is_given_to_all_followers() {
    #[memoize]
    fn f(caller: &Caller) -> Result<u32, String> {
        if caller.leads() {
            caller.await_followers(64);
        }
        Err(format!("no {}", caller.key))
    }

    finishes("a leader that fails, 64 followers", || {
        // A follower may be delayed between finding the run and waiting for it. Then it starts a new run,
        // and the round is repeated.
        let one_run_for_all = (0..100).any(|round| {
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 65), |caller| f(&caller));
            assert_eq!(all_return(calls), vec![Err(format!("no {round}")); 65]);
            let info = f::cache_info();
            assert_eq!((info.hits + info.misses, info.currsize), (65, 0));
            assert_eq!((info.coalesced, info.rejected), (info.hits, info.misses));
            info.misses == 1
        });
        assert!(one_run_for_all, "no round in which 64 callers were given the leader's error");
    });
}

#[test]
fn after_an_error_that_cannot_be_cloned_all_followers_run_in_parallel() {
    #[derive(Debug, PartialEq)]
    struct Unclonable(bool);

    #[memoize]
    fn f(caller: &Caller) -> Result<u32, Unclonable> {
        if caller.leads() {
            caller.await_followers(64);
            return Err(Unclonable(true));
        }
        Err(Unclonable(caller.meet(64)))
    }

    finishes("a leader that fails, 64 followers inside the body at once", || {
        // As above, a follower may come too late to wait. Others may then find its run.
        let at_once = (0..100).any(|round| {
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 65), |caller| f(&caller));
            let met = all_return(calls).iter().all(|result| *result == Err(Unclonable(true)));
            let info = f::cache_info();
            assert_eq!((info.hits, info.misses, info.rejected), (0, 65, 65));
            met
        });
        assert!(at_once, "no round in which 64 callers were inside the body at the same time");
    });
}

/// Results of destructors that run at the end of a thread.
static AT_EXIT: Mutex<Vec<(u32, u32)>> = Mutex::new(Vec::new());

/// Calls something when it is dropped.
struct AtExit(fn() -> (u32, u32));

impl Drop for AtExit {
    fn drop(&mut self) {
        let result = (self.0)();
        AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner).push(result);
    }
}

#[test]
fn a_thread_local_destructor_may_call_a_memoized_function() {
    #[memoize]
    fn shared(n: u32) -> u32 {
        if n == 0 { 0 } else { 1 + shared(n - 1) }
    }
    #[memoize(scope = "thread")]
    fn local(n: u32) -> u32 {
        if n == 0 { 0 } else { 1 + local(n - 1) }
    }
    // Destructors run in the order of first use or in reverse. Both are tried.
    macro_rules! at_exit {
        ($n:literal, $f:ident first) => {{
            thread_local!(static LAST: AtExit = const { AtExit(|| ($n, $f($n))) });
            $f(1);
            LAST.with(|_| ());
        }};
        ($n:literal, $f:ident last) => {{
            thread_local!(static LAST: AtExit = const { AtExit(|| ($n, $f($n))) });
            LAST.with(|_| ());
            $f(1);
        }};
    }

    finishes("destructors of thread-locals", || {
        for end in [
            || at_exit!(10, shared first),
            || at_exit!(11, shared last),
            || at_exit!(12, local first),
            || at_exit!(13, local last),
        ] {
            thread::spawn(end).join().expect("no panic");
        }
        let results = AT_EXIT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(results, [(10, 10), (11, 11), (12, 12), (13, 13)]);
    });
}

#[test]
fn a_thread_local_destructor_may_wait_for_the_run_of_another_thread() {
    static WAITED: AtomicU32 = AtomicU32::new(0);

    struct Waits(Caller);
    impl Drop for Waits {
        fn drop(&mut self) {
            WAITED.store(f(&self.0), Relaxed);
        }
    }
    thread_local!(static WAITS: OnceCell<Waits> = const { OnceCell::new() });

    #[memoize]
    fn f(caller: &Caller) -> u32 {
        if caller.leads() {
            LEADS.wait();
            caller.await_followers(1);
        }
        caller.key * 10
    }
    static LEADS: Barrier = Barrier::new(2);

    finishes("a destructor that waits", || {
        let mut callers = Caller::several(7, 2).into_iter();
        let (leader, follower) = (callers.next(), callers.next());
        let leader = thread::spawn(move || leader.map(|leader| f(&leader)));
        let follower = thread::spawn(move || {
            LEADS.wait();
            WAITS.with(|waits| waits.set(Waits(follower.expect("two callers"))).is_ok())
        });
        assert!(follower.join().expect("no panic"));
        assert_eq!(leader.join().expect("no panic"), Some(70));
        assert_eq!(WAITED.load(Relaxed), 70);
        assert_eq!(counts(f::cache_info()), (1, 1, Some(128), 1));
    });
}
