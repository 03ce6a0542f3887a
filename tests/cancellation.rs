//! Futures that are dropped, at every point of every call: no call gets stuck, and no memory leaks.
//!
//! An allocator counts the live bytes of the whole process, since on a busy machine the alarm thread frees some.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

mod common;

use common::finishes_within;
use common::tasks::{Tasks, pauses};
use memofn::Cache;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

fn count(bytes: usize, sign: i64) {
    LIVE.fetch_add(sign * i64::try_from(bytes).unwrap_or(i64::MAX), Relaxed);
}

// SAFETY: the system's allocator does all the work. The counter does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

const CALLERS: usize = 4;
const PAUSES: u32 = 4;

/// The result of a body.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Value,
    Error,
}

static CANCELLED: AtomicU64 = AtomicU64::new(0);

/// Several callers of one key. Up to two of them are dropped after a number of polls. The others must finish, and
/// are polled only when they are woken.
fn scenario(
    cache: &Cache<u64, u64>,
    key: u64,
    kind: Kind,
    first: (usize, u32),
    second: (usize, u32),
) {
    let mut tasks = Tasks::new();
    for _ in 0..CALLERS {
        tasks.spawn(async move {
            let compute = async || {
                pauses(PAUSES).await;
                match kind {
                    Kind::Value => Ok(key),
                    Kind::Error => Err(()),
                }
            };
            cache.get_or_try_compute_async(key, compute).await
        });
    }
    let mut victims = vec![first, second];
    loop {
        victims.retain(|(victim, polls)| {
            let is_due = tasks.polls(*victim) == *polls && tasks.unfinished().contains(victim);
            if is_due {
                tasks.cancel(*victim);
                CANCELLED.fetch_add(1, Relaxed);
            }
            !is_due
        });
        let Some(next) = tasks.next_woken() else { break };
        // Each poll has a new waker.
        tasks.poll(next, true);
    }
    assert_eq!(tasks.unfinished(), [], "stuck: {kind:?}, {first:?}, {second:?}");
    for caller in 0..CALLERS {
        let expected = match kind {
            Kind::Value => Ok(key),
            Kind::Error => Err(()),
        };
        assert!(tasks.result(caller).is_none_or(|result| *result == expected));
    }
    // No flight was left behind for which a call would wait.
    let mut tasks = Tasks::new();
    tasks.spawn(cache.get_or_compute_async(key, async || key));
    tasks.run();
    assert_eq!(tasks.result(0), Some(&key));
}

#[test]
fn a_hundred_thousand_futures_are_dropped_and_no_call_is_stuck() {
    finishes_within(Duration::from_secs(300), "cancellations", || {
        let mut polls = Vec::new();
        for victim in 0..CALLERS {
            // From before the first poll to after the last.
            polls.extend((0..=PAUSES + 2).map(|at| (victim, at)));
        }
        let cache = Cache::new(64);
        let mut key = 0;
        let mut round = || {
            for first in &polls {
                for second in &polls {
                    for kind in [Kind::Value, Kind::Error] {
                        key += 1;
                        scenario(&cache, key, kind, *first, *second);
                    }
                }
            }
        };
        round();
        let before = LIVE.load(Relaxed);
        while CANCELLED.load(Relaxed) < 100_000 {
            round();
        }
        let grown = LIVE.load(Relaxed) - before;
        assert!(
            grown.abs() < 4096,
            "{grown} bytes are left of {} futures",
            CANCELLED.load(Relaxed)
        );
        let info = cache.info();
        assert_eq!(info.currsize, 64);
        assert!(info.hits > 0 && info.coalesced > 0);
    });
}
