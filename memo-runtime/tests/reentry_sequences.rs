//! Caches whose keys and values call them again, a few sequences for each claim.
//!
//! `get 1 @eq { get 2 }` means: while key 1 is looked up and compared, key 2 is looked up. After each step the cache is
//! compared with a model of an exact LRU cache; see [`reentry`].
#![forbid(unsafe_code)]

mod reentry;

use reentry::{Outcome, Program, run};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Runs a sequence, and checks that all its blocks have run.
#[track_caller]
fn holds(sequence: &str) {
    let fired = fired_in(sequence);
    assert_eq!(fired, Program::parse(sequence).blocks(), "{sequence}: blocks that have run");
}

/// Runs a sequence, and returns the number of blocks that have run. No step of it may wait for a patience to end.
#[track_caller]
fn fired_in(sequence: &str) -> usize {
    // Held by this thread, not the runner's, so that a sequence that hangs does not stop the others.
    static RUNNING: Mutex<()> = Mutex::new(());
    let _running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let program = Program::parse(sequence);
    let (done, is_done) = channel();
    let runner = thread::spawn(move || {
        let outcome = run(&program);
        // The receiver is gone if the limit was exceeded.
        let _ = done.send(());
        outcome
    });
    // Shorter than any patience: re-entry must be seen at once.
    let limit = Duration::from_secs(if cfg!(miri) { 600 } else { 9 });
    if let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(limit) {
        panic!("{sequence}: not finished after {limit:?}");
    }
    let Outcome { faults, fired } = runner.join().expect("faults are collected");
    assert!(faults.is_empty(), "{sequence}\n{}", faults.join("\n"));
    fired
}

/// Runs a sequence with a shared cache and with a thread cache.
#[track_caller]
fn holds_in_both_scopes(sequence: &str) {
    holds(sequence);
    holds(&match sequence.split_once(':') {
        Some((settings, steps)) => format!("thread {settings}: {steps}"),
        None => format!("thread: {sequence}"),
    });
}

#[test]
fn a_cache_whose_eq_calls_it_again_never_exceeds_maxsize() {
    holds(
        "maxsize=8:
        get 1 10 11;
        get 1 @eq {
            get 12 4 3 4 2;
            get 2 @eq {
                get 3 2;
                get 1 @eq { get 13 3 };
                get 14 0 15
            }
        };
        get 16 17 4 18;
        remove 2;
        get 1 19;
        get 20..60",
    );
}

#[test]
fn a_hit_is_a_later_use_than_the_calls_of_its_eq() {
    holds_in_both_scopes("maxsize=4: get 1 2; get 1 @eq { get 3 4 }; get 5 6");
    holds_in_both_scopes("maxsize=3: get 1 2 3; get 1 @eq { get 2 3 }; get 4 5; peek 1");
    holds_in_both_scopes("maxsize=3: get 1 2 3; get 1 @eq { get 2 4 }; get 5 6; peek 1");
    holds_in_both_scopes("maxsize=3: get 1 2 3; get 1 @eq { insert 2 }; insert 4; get 5");
    holds_in_both_scopes(
        "maxsize=2: get 1 2; get 1 @eq { get 2 @eq { get 1 @eq { get 2 } } }; get 3",
    );
}

#[test]
fn a_hit_among_colliding_keys_is_a_later_use_than_the_calls_of_its_eq() {
    holds_in_both_scopes("maxsize=3 hashes=1: get 1 2 3; get 3 @eq+1 { get 1 2 }; get 4 5");
    holds_in_both_scopes(
        "maxsize=8 hashes=2: get 0..12; get 5 @eq { get 6 @eq { get 7 } }; get 20..40",
    );
}

#[test]
fn an_entry_that_eq_takes_out_answers_and_is_not_stored_again() {
    holds_in_both_scopes("get 1 2; get 1 @eq { remove 1 }; get 3; get 1");
    holds_in_both_scopes("get 1 2; get 1 @eq { clear }; get 1");
    holds_in_both_scopes("get 1 2; get 1 @eq { retain 0 }; get 3; get 1");
    holds_in_both_scopes("maxsize=1: get 1; get 1 @eq { get 2 3 }; get 1");
    holds_in_both_scopes("maxsize=2 hashes=1: get 1 2; get 1 @eq { remove 1; remove 2 }; get 3 4");
}

#[test]
fn an_entry_that_eq_replaces_is_not_mistaken_for_the_new_one() {
    holds_in_both_scopes("maxsize=3: get 1 2 3; get 1 @eq { insert 1 }; get 2 4 5");
    holds_in_both_scopes("maxsize=3: get 1 2 3; get 1 @eq { remove 1; get 1 2 }; get 4; get 1");
    holds_in_both_scopes(
        "maxsize=3: insert 1 2 3; insert 1 @eq { insert 1 }; get 1; remove 1 @eq { insert 1 }",
    );
    holds_in_both_scopes("maxsize=3: get 1 2 3; remove 1 @eq { remove 1; get 1 }; get 4");
}

#[test]
fn hash_may_call_the_cache() {
    holds_in_both_scopes("maxsize=2: get 1 2; get 1 @hash { get 2; remove 1; get 3 }; get 4 5");
    holds_in_both_scopes("maxsize=2: insert 1 @hash { get 1 2 }; remove 1 @hash { insert 1 }");
    holds_in_both_scopes("maxsize=2: get 1; get 1 @hash { clear; panic }; get 1");
}

#[test]
fn clone_may_call_the_cache() {
    holds_in_both_scopes("get 1 2; get 1 @clone { remove 1 }; get 1 3");
    holds_in_both_scopes("get 1 2; get 1 @clone { clear; get 1 }; get 1");
    holds_in_both_scopes("maxsize=1: get 1; get 1 @clone { get 2 3 @clone { get 4 } }; get 1");
    // Nested deeper than a thread has hazard pointers.
    holds_in_both_scopes(
        "maxsize=3: get 1 2 3; get 1 @clone { get 2 @clone { get 3 @clone { get 1 @clone { get 2 @clone {
        get 3 @clone { remove 1; remove 2; remove 3; get 4 5 6 } } } } } }; get 1",
    );
    holds_in_both_scopes("maxsize=2: get 1 2; get 1 @clone { remove 1; panic }; get 3 4");
    holds_in_both_scopes(
        "maxsize=2: get 1 @clone { get 1; remove 1 }; get 1 @clone { insert 1 }; get 2 3",
    );
}

#[test]
fn a_listener_may_call_the_cache() {
    holds_in_both_scopes("maxsize=2 listener: get 1 2 3 @evict { get 1 4; remove 1 }; get 5 4");
    holds_in_both_scopes("maxsize=1 listener: get 1 2 @evict { insert 1 @evict { get 2 } }; get 2");
    holds_in_both_scopes("listener: get 1; remove 1 @evict { get 1; clear }; get 2 1");
    holds_in_both_scopes(
        "listener: get 1 2 3; clear @evict { get 4 1 } @evict { remove 4 }; get 4",
    );
    holds_in_both_scopes("listener: insert 1; insert 1 @evict { get 1; remove 1 }; get 1");
    holds_in_both_scopes("listener: get 1 2 3; retain 1 @evict+1 { insert 2; get 3 }; get 2 1");
    holds_in_both_scopes("ttl listener: get 1 2; advance 10; get 3 @evict { get 2; insert 1 }");
    holds_in_both_scopes(
        "maxsize=2 listener: get 1 2; get 3 @evict { async 1; cancel 4 } @drop { get 3 }",
    );
}

#[test]
fn a_listener_that_panics_leaves_the_cache_consistent() {
    holds_in_both_scopes("maxsize=2 listener: get 1 2 3 @evict { panic }; get 3 2 1");
    holds_in_both_scopes("listener: get 1; remove 1 @evict { get 2; panic }; get 1 2");
    holds_in_both_scopes("listener: get 1 2 3; clear @evict { panic } @evict { panic }; get 1 2");
    holds_in_both_scopes("listener: insert 1; insert 1 @evict { panic } @drop { panic }; get 1");
    holds_in_both_scopes(
        "ttl listener: get 1 2; advance 10; get 3 @evict { get 2; panic }; get 3 2",
    );
    holds_in_both_scopes("listener: get 1 2 3; retain 0 @evict+1 { panic }; get 3 2 1");
}

#[test]
fn drop_may_call_the_cache() {
    holds_in_both_scopes("maxsize=2: get 1 2; get 3 @drop { get 1 2 4 }; get 5");
    holds_in_both_scopes("maxsize=1: get 1; get 2 @drop { get 3 @drop { get 4 @drop { get 1 } } }");
    holds_in_both_scopes("maxsize=3: get 1 2 3; clear @drop { get 1 2 3 4 }; get 5");
    holds_in_both_scopes("maxsize=3: get 1 2 3; clear @drop { get 1; panic }; get 5");
    holds_in_both_scopes("maxsize=2: insert 1 2; insert 1 @drop { insert 1; clear }; get 1");
    holds_in_both_scopes(
        "maxsize=3 ttl: get 1 2 3; advance 10; get 4 @drop { get 1 2; panic }; get 1",
    );
}

#[test]
fn a_body_may_call_the_cache_with_its_own_key() {
    holds_in_both_scopes("maxsize=2: get 1 @body { get 1; get 2 3 }; get 1");
    holds_in_both_scopes("maxsize=2: get 1 @body { remove 1; get 1; get 2 3 }; get 1");
    holds_in_both_scopes(
        "maxsize=2: get 1 @body { insert 1; clear; get 1 @body { get 1 } }; get 1",
    );
    holds_in_both_scopes(
        "maxsize=2 side_by_side: get 1 @body { get 1 @body { get 1; remove 1 } }; get 1",
    );
    holds_in_both_scopes("maxsize=2: async 1 @body { async 1 @body { get 1 }; get 1 }; get 1");
    holds_in_both_scopes("maxsize=2: cancel 1 @body { async 1; panic }; cancel 1; get 1 2 3");
}

#[test]
fn an_async_run_does_not_wait_for_itself_while_its_result_is_stored() {
    holds_in_both_scopes("async 1 @clone { get 1 }");
    holds_in_both_scopes("async 1 @clone { async 1 }");
    holds_in_both_scopes("hashes=1: get 2; async 1 @eq+1 { get 1 }");
    holds_in_both_scopes("maxsize=0: async 1 @drop { async 1 }; cancel 1 @drop { get 1 }");
}

#[test]
fn retain_and_iterators_keep_the_entries_they_show() {
    holds_in_both_scopes("maxsize=3: get 1 2 3; iterate @body { clear; get 4 5 6 7 }; iterate");
    holds_in_both_scopes(
        "maxsize=3: get 1 2 3; retain 2 @body { remove 2; insert 2; get 1 }; iterate",
    );
    holds_in_both_scopes("maxsize=3: get 1 2 3; retain 0 @body+1 { get 3 4; panic }; iterate");
    holds_in_both_scopes("maxsize=3: get 1 2 3; retain 0 @drop { get 1 2 3 }; iterate");
}

#[test]
fn a_panic_in_user_code_leaves_the_cache_consistent() {
    let mut fired = 0;
    for hook in ["eq", "eq+1", "hash", "clone", "clone+1", "drop", "drop+1", "drop+2", "body"] {
        for step in [
            "get 1",
            "get 9",
            "get_by_ref 9",
            "insert 1",
            "insert 9",
            "remove 1",
            "retain 0",
            "clear",
            "async 9",
        ] {
            for settings in
                ["maxsize=3", "maxsize=3 hashes=1", "maxsize=0", "unbounded", "maxsize=1 ttl"]
            {
                let steps =
                    format!("get 1 2 3; {step} @{hook} {{ get 2; remove 3; panic }}; get 1 2 3 4");
                // Some steps do not call some hooks.
                fired += fired_in(&format!("{settings}: {steps}"));
                fired += fired_in(&format!("thread {settings}: {steps}"));
            }
        }
    }
    assert!(fired > 200, "{fired} blocks have run");
}

#[test]
fn a_key_that_panics_as_a_call_inside_its_own_body_drops_it_leaves_no_run_behind() {
    for settings in ["maxsize=8", "maxsize=8 hashes=1", "unbounded", "maxsize=0"] {
        for step in ["get 11", "try 11", "async 11"] {
            let steps = format!("get 11 @body {{ get 6; {step} @drop {{ panic }} }}; get 11 6");
            assert!(fired_in(&format!("{settings}: {steps}")) > 0);
            assert!(fired_in(&format!("thread {settings}: {steps}")) > 0);
        }
    }
}
