//! A process that forks. Its child has the caches but none of the other threads.
//!
//! This test has a process of its own, so that no other test holds a lock during the fork.
#![cfg(unix)]
#![allow(unsafe_code, reason = "a process is forked")]

mod common;

use common::finishes;
use futures::executor::block_on;
use futures::poll;
use memofn::memoize;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::{panic, thread};

#[memoize(maxsize = 4, skip(value))]
fn stored(n: u32, value: &Arc<u32>) -> Arc<u32> {
    assert!(n < 100);
    Arc::clone(value)
}

/// The first run stores its waker and never ends. The others end at once.
#[memoize(skip(left))]
async fn waits(n: u32, left: &Mutex<Option<Waker>>) -> u32 {
    let is_first = poll_fn(|cx| {
        let mut left = left.lock().unwrap();
        let is_first = left.is_none();
        *left = Some(cx.waker().clone());
        Poll::Ready(is_first)
    });
    if is_first.await { pending().await } else { n }
}

/// A call that waits for a run that was woken and is never polled. An alarm ends the wait.
fn a_wait_ends(n: u32) {
    let left = Mutex::new(None);
    let result = block_on(async {
        let mut leader = pin!(waits(n, &left));
        assert!(poll!(leader.as_mut()).is_pending());
        let waker = left.lock().unwrap().clone();
        waker.expect("it has run").wake();
        waits(n, &left).await
    });
    assert_eq!(result, n);
}

fn hits_and_evicts(value: &Arc<u32>) {
    let before = stored::cache_info();
    assert_eq!(*stored(1, &Arc::new(0)), **value);
    assert_eq!(stored::cache_info().hits, before.hits + 1);
    let fresh = Arc::new(8);
    for n in 10..20 {
        assert_eq!(*stored(n, &fresh), 8);
    }
    let all =
        [thread::spawn(|| *stored(19, &Arc::new(0))), thread::spawn(|| *stored(18, &Arc::new(0)))];
    assert!(all.into_iter().all(|thread| thread.join().unwrap() == 8));
    assert_eq!(stored::cache_info().currsize, 4);
    assert_eq!(stored::cache_info().evictions, before.evictions + 10);
    // Evicted values have been dropped, except for a few that may linger.
    assert!(Arc::strong_count(&fresh) <= 1 + 4 + 4, "{}", Arc::strong_count(&fresh));
}

fn in_a_child(what: fn()) -> Option<i32> {
    // SAFETY: what the child does is `what` alone, with the locks of its own thread, and the allocator, which
    // supports a fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: a child that hangs is ended by the signal.
        unsafe { libc::alarm(120) };
        let is_right = panic::catch_unwind(what).is_ok();
        // SAFETY: nothing is done that others have left to be done at the exit of their process.
        unsafe { libc::_exit(i32::from(!is_right)) };
    }
    assert!(child > 0, "a process can be forked");
    let mut status = 0;
    // SAFETY: the child is ours, and `status` is there for the call to write to.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    (!libc::WIFSIGNALED(status)).then(|| libc::WEXITSTATUS(status))
}

#[test]
fn a_child_hits_what_its_parent_has_stored_and_its_waits_end() {
    finishes("a child", || {
        let value = Arc::new(7);
        // Other threads have used the cache, and the alarm thread runs.
        for n in 0..4 {
            let value = Arc::clone(&value);
            thread::spawn(move || stored(n, &value)).join().unwrap();
        }
        a_wait_ends(1);
        // A child may hang if another thread held a lock at the moment of the fork.
        let outcome = (0..3).find_map(|_| {
            in_a_child(|| {
                hits_and_evicts(&Arc::new(7));
                a_wait_ends(2);
                a_wait_ends(3);
            })
        });
        assert_eq!(outcome, Some(0), "what the child has to say is above");
        // The child has its own memory.
        assert_eq!(stored::cache_info().currsize, 4);
        hits_and_evicts(&value);
        a_wait_ends(4);
    });
}
