//! Rule 7: a result computed before a clear, or before its key was removed, is not stored after it.

#![expect(clippy::needless_pass_by_value, reason = "a gate is passed once")]

mod common;

use common::gate::{Gate, during, gate};
use common::{Caller, all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::memoize;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn a_result_computed_before_a_clear_is_not_stored_after_it() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("a clear during a run", || {
        assert_eq!(during(|gate| f(1, gate), f::cache_clear), 10, "its own caller gets it");
        assert_eq!(f::cache_peek(1), None);
        let info = f::cache_info();
        assert_eq!((info.currsize, info.outdated, info.misses), (0, 1, 0));
        // The same key can be computed and stored again.
        assert_eq!(during(|gate| f(1, gate), || ()), 10);
        assert_eq!(f::cache_peek(1), Some(10));
    });
}

#[test]
fn a_result_computed_before_a_remove_is_not_stored_after_it() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("a remove during a run", || {
        during(|gate| f(1, gate), || assert_eq!(f::cache_remove(1), None));
        assert_eq!(f::cache_peek(1), None);
        assert_eq!(f::cache_info().outdated, 1);
        // The removal of another key has no effect.
        during(|gate| f(1, gate), || assert_eq!(f::cache_remove(2), None));
        assert_eq!(f::cache_peek(1), Some(10));
        assert_eq!((f::cache_info().outdated, f::cache_info().misses), (1, 2));
    });
}

#[test]
fn a_result_computed_before_an_insert_does_not_replace_it() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("an insert during a run", || {
        assert_eq!(during(|gate| f(1, gate), || f::cache_insert(1, 99)), 10);
        assert_eq!(f::cache_peek(1), Some(99));
    });
}

#[test]
fn without_single_flight_nothing_stale_is_stored_either() {
    #[memoize(skip(gate), single_flight = false)]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("clears and removes during runs that nobody joins", || {
        during(|gate| f(1, gate), f::cache_clear);
        assert_eq!(f::cache_peek(1), None);
        during(|gate| f(1, gate), || assert_eq!(f::cache_remove(1), None));
        assert_eq!(f::cache_peek(1), None);
        assert_eq!(f::cache_info().outdated, 2);
    });
}

#[test]
fn a_refresh_that_was_overtaken_by_a_clear_is_not_stored() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("a clear during a refresh", || {
        assert_eq!(during(|gate| f(1, gate), || ()), 10);
        assert_eq!(during(|gate| f::cache_refresh(1, gate), f::cache_clear), 10);
        assert_eq!(f::cache_peek(1), None);
    });
}

#[test]
fn an_entry_refused_by_retain_is_not_restored_by_an_earlier_refresh() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("a retain during a refresh", || {
        (1..=2).for_each(|n| assert_eq!(during(|gate| f(n, gate), || ()), 10 * n));
        let refuse_one = || f::cache().retain(|n, _| *n != 1);
        assert_eq!(during(|gate| f::cache_refresh(1, gate), refuse_one), 10);
        assert_eq!((f::cache_peek(1), f::cache_info().outdated), (None, 1));
        // A run for a key that `retain` keeps is stored.
        assert_eq!(during(|gate| f::cache_refresh(2, gate), refuse_one), 20);
        assert_eq!((f::cache_peek(2), f::cache_info().outdated), (Some(20), 1));
    });
}

#[test]
fn retain_also_judges_a_value_that_replaces_a_refused_one() {
    #[memoize(skip(gate, value))]
    fn f(_n: u32, value: u32, gate: Gate) -> u32 {
        gate.pass();
        value
    }

    for (value, is_kept) in [(2, true), (3, false)] {
        finishes("a refresh that lands while retain looks", move || {
            f::cache_clear();
            assert_eq!(during(|gate| f(1, 1, gate), || ()), 1);
            let (gate, held) = gate();
            thread::scope(|scope| {
                let refresh = scope.spawn(|| f::cache_refresh(1, value, gate));
                held.runs.recv().expect("the body runs");
                let mut refresh = Some(refresh);
                f::cache().retain(|_, value| {
                    if let Some(refresh) = refresh.take() {
                        held.go_on.send(()).expect("the body is held up");
                        refresh.join().expect("no panic");
                    }
                    value % 2 == 0
                });
            });
            assert_eq!(f::cache_peek(1), is_kept.then_some(value));
        });
    }
}

#[test]
fn a_run_of_a_key_that_remove_if_chooses_is_not_stored() {
    #[memoize(skip(gate))]
    fn f(user: u32, folder: &str, gate: Gate) -> String {
        gate.pass();
        format!("{folder} of {user}")
    }

    finishes("a remove_if during a run", || {
        let call = |user| during(|gate| f(user, "mail", gate), || ());
        let forget_one = || f::cache().remove_if(|(user, _)| *user == 1);
        // A first run of the key has no value that `retain` could see.
        assert_eq!(during(|gate| f(1, "mail", gate), forget_one), "mail of 1");
        assert_eq!((f::cache_peek(1, "mail"), f::cache_info().outdated), (None, 1));
        // A run of another key is stored.
        assert_eq!(during(|gate| f(2, "mail", gate), forget_one), "mail of 2");
        // A stored value goes, and the run that renews it is not stored.
        call(1);
        assert_eq!(f::cache_info().currsize, 2);
        assert_eq!(during(|gate| f::cache_refresh(1, "mail", gate), forget_one), "mail of 1");
        assert_eq!((f::cache_peek(1, "mail"), f::cache_info().outdated), (None, 2));
        assert_eq!(
            (f::cache_peek(2, "mail").as_deref(), f::cache_info().currsize),
            (Some("mail of 2"), 1)
        );
    });
}

#[test]
fn a_call_after_remove_if_does_not_join_a_run_from_before_it() {
    #[memoize(skip(answer, gate))]
    fn f(n: u32, answer: u32, gate: Option<Gate>) -> u32 {
        gate.inspect(Gate::pass);
        n * answer
    }

    finishes("a call during a run that remove_if has chosen", || {
        let first = during(
            |gate| f(7, 1, Some(gate)),
            || {
                f::cache().remove_if(|n| *n == 7);
                assert_eq!(f(7, 10, None), 70);
            },
        );
        assert_eq!((first, f::cache_peek(7)), (7, Some(70)));
    });
}

#[test]
fn an_async_run_that_remove_if_chooses_is_not_stored() {
    #[memoize(skip(meanwhile))]
    async fn f(n: u32, meanwhile: fn()) -> u32 {
        std::future::ready(()).await;
        meanwhile();
        n
    }

    let remove = || f::cache().remove_if(|n| *n == 1);
    assert_eq!(futures::executor::block_on(f(1, remove)), 1);
    assert_eq!((f::cache_peek(1), f::cache_info().outdated), (None, 1));
    assert_eq!(futures::executor::block_on(f(2, remove)), 2);
    assert_eq!(f::cache_peek(2), Some(2));
}

#[test]
fn the_closure_of_remove_if_may_call_the_function_and_may_panic() {
    #[memoize(scope = "thread")]
    fn f(n: u32) -> u32 {
        n * 10
    }

    (1..=3).for_each(|n| assert_eq!(f(n), n * 10));
    let mut asked = 0;
    let message = panic_of(|| {
        f::cache().remove_if(|n| {
            asked += 1;
            assert_eq!(f(n + 10), (n + 10) * 10);
            if asked == 3 {
                panic_silently("the third key");
            }
            true
        });
    });
    assert_eq!(message, "the third key");
    // Two of the first three are gone. Entries that came later are not asked about.
    assert_eq!((1..=3).filter(|n| f::cache_peek(*n).is_some()).count(), 1);
    assert_eq!((11..=13).filter(|n| f::cache_peek(*n).is_some()).count(), 3);
    f::cache().remove_if(|_| true);
    assert!(f::cache().is_empty());
}

#[test]
fn followers_of_a_cleared_run_get_its_result_and_do_not_store_it() {
    #[memoize]
    fn f(caller: &Caller) -> u32 {
        if caller.leads() {
            caller.await_followers(8);
            f::cache_clear();
        }
        caller.key * 10
    }

    finishes("a clear during a run that eight wait for", || {
        // Callers that came too late to wait start a new run. Then the round is repeated.
        let all_waited = (0..100).any(|round| {
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 9), |caller| f(&caller));
            assert_eq!(all_return(calls), [round * 10; 9]);
            let info = f::cache_info();
            assert_eq!(info.outdated, 1);
            assert_eq!(info.currsize, usize::from(info.misses > 0), "{info:?}");
            info.coalesced == 8
        });
        assert!(all_waited, "no round in which eight callers waited");
    });
}

#[test]
fn a_call_after_a_clear_does_not_join_a_run_from_before_it() {
    static SOURCE: AtomicU32 = AtomicU32::new(1);

    #[memoize(skip(gate))]
    fn read(gate: Option<Gate>) -> u32 {
        let value = SOURCE.load(Relaxed);
        if let Some(gate) = gate {
            gate.pass();
        }
        value
    }

    finishes("two runs, one from before and one from after a clear", || {
        let old = during(
            |gate| read(Some(gate)),
            || {
                SOURCE.store(2, Relaxed);
                read::cache_clear();
                assert_eq!(read(None), 2, "computed anew, without waiting");
            },
        );
        assert_eq!(old, 1);
        assert_eq!(read(None), 2, "the old result did not replace the new one");
        assert_eq!(counts(read::cache_info()), (1, 1, Some(128), 1));
    });
}

#[test]
fn a_clear_or_remove_through_the_cache_discards_running_results() {
    #[memoize(skip(gate))]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n
    }

    finishes("clear through the cache itself", || {
        during(|gate| f(1, gate), || f::cache().clear());
        during(|gate| f(1, gate), || assert_eq!(f::cache().remove(&1), None));
        assert_eq!(f::cache_info().currsize, 0);
        assert_eq!(f::cache_info().outdated, 2);
    });
}

#[test]
fn a_clear_drops_the_values_at_once() {
    #[memoize(maxsize = 100, skip(value))]
    fn f(_n: u32, value: &Arc<()>) -> Arc<()> {
        Arc::clone(value)
    }
    #[memoize(maxsize = 100, skip(value), scope = "thread")]
    fn local(_n: u32, value: &Arc<()>) -> Arc<()> {
        Arc::clone(value)
    }

    let value = Arc::new(());
    for n in 0..1000 {
        drop((f(n, &value), local(n, &value)));
    }
    assert_eq!(Arc::strong_count(&value), 201, "what was evicted is gone");
    f::cache_clear();
    local::cache_clear();
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_thread_clears_its_own_cache_alone() {
    #[memoize(scope = "thread")]
    fn f(n: u32) -> u32 {
        n
    }

    f(1);
    let other = thread::spawn(|| {
        assert_eq!(counts(f::cache_info()), (0, 0, Some(128), 0));
        f(1);
        f::cache_clear();
    });
    other.join().expect("no panic");
    assert_eq!(counts(f::cache_info()), (0, 1, Some(128), 1));
}

#[test]
fn a_run_that_panics_after_a_clear_leaves_nothing_behind() {
    static PANICS: AtomicBool = AtomicBool::new(true);

    #[memoize(skip(gate))]
    fn f(n: u32, gate: Option<Gate>) -> u32 {
        if let Some(gate) = gate {
            gate.pass();
        }
        if PANICS.swap(false, Relaxed) { panic_silently("after the clear") } else { n }
    }

    finishes("a panic after a clear", || {
        let call = |gate| panic::catch_unwind(panic::AssertUnwindSafe(|| f(1, Some(gate))));
        assert!(during(call, f::cache_clear).is_err());
        assert_eq!(counts(f::cache_info()), (0, 0, Some(128), 0));
        assert_eq!((f(1, None), f(1, None)), (1, 1));
        assert_eq!(counts(f::cache_info()), (1, 1, Some(128), 1));
    });
}

#[test]
fn one_key_is_computed_once_for_any_number_of_callers() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(maxsize = unbounded)]
    fn f(n: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        (0..10).for_each(|_| thread::yield_now());
        n * 10
    }

    finishes("16 threads ask for the same 100 keys in the same order", || {
        let start = Barrier::new(16);
        let calls = side_by_side((0..16).collect(), |_| {
            start.wait();
            (0..100).for_each(|n| assert_eq!(f(n), n * 10));
        });
        all_return(calls);
        assert_eq!(RUNS.load(Relaxed), 100);
        assert_eq!(counts(f::cache_info()), (1500, 100, None, 100));
    });
}

#[test]
fn retain_can_refuse_the_result_of_an_async_run() {
    #[memoize]
    async fn f(n: u32) -> u32 {
        std::future::ready(n).await
    }

    assert_eq!(futures::executor::block_on(f(1)), 1);
    f::cache().retain(|_, _| false);
    assert_eq!(f::cache_peek(1), None);
}
