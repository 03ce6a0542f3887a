//! Calls while many idle threads exist, and after many threads have ended.

use super::keys::{self, drive};
use super::misses::{FILL, miss};
use crate::contestants::bounded::{several, several_missing, several_owning};
use crate::contestants::contestant::Contestant;
use crate::measure::lap::{Lap, together};
use crate::measure::race::{Effort, Race};
use crate::measure::results::{Column, Group};
use crate::{names, titles};
use std::hint::black_box;
use std::sync::{RwLock, mpsc};
use std::thread;

/// How many threads start and end.
const ENDED: usize = 2_000;

/// How many threads are idle.
const IDLE: usize = 20;

/// Enough stack for a few calls.
const STACK: usize = 256 << 10;

/// Misses on one thread, in caches that two threads have used, before and after many threads have ended.
pub(super) fn ended(effort: Effort) -> Group {
    let before = [
        misses::<several_owning::Memofn, several_owning::Quick>("u64 -> String", false, effort),
        misses::<several_missing::Memofn, several_missing::Quick>("u64 -> u64", false, effort),
    ];
    with_idle(if effort.smoke { 50 } else { ENDED }, |_| meet(), || ());
    let after = [
        misses::<several_owning::Memofn, several_owning::Quick>("u64 -> String", true, effort),
        misses::<several_missing::Memofn, several_missing::Quick>("u64 -> u64", true, effort),
    ];
    let columns = before.into_iter().zip(after).map(|(mut column, after)| {
        column.figures.extend(after.figures);
        column
    });
    let (unit, reference) = ("ns per call", names::MEMOFN);
    Group { title: titles::ENDED, unit, reference, columns: columns.collect() }
}

/// A miss and a hit of each memoized function.
fn meet() {
    miss::<several_owning::Memofn>(1);
    miss::<several_missing::Memofn>(1);
    for _ in 0..2 {
        black_box(several_owning::Memofn::call(&7));
        black_box(several_missing::Memofn::call(&7));
    }
}

fn misses<Ours, Quick>(label: &str, ended: bool, effort: Effort) -> Column
where
    Ours: Contestant<Key = u64>,
    Quick: Contestant<Key = u64>,
{
    let (ours, quick) = if ended {
        (names::MEMOFN_ENDED, names::QUICK_ENDED)
    } else {
        together(2, |_| (), |_| miss::<Ours>(FILL));
        (names::MEMOFN, names::QUICK)
    };
    let mut race = Race::new(label);
    race.enter(ours, |calls| together(1, |_| miss::<Ours>(FILL), |_| miss::<Ours>(calls)));
    race.enter(quick, |calls| together(1, |_| miss::<Quick>(FILL), |_| miss::<Quick>(calls)));
    race.run(effort)
}

/// Hits in new threads, with and without idle threads that have used the cache before.
pub(super) fn idle(effort: Effort) -> Group {
    let columns = vec![
        hits::<several::Memofn, several::Quick>("u64 -> u64, 1 thread", 1, effort),
        hits::<several::Memofn, several::Quick>("u64 -> u64, 2 threads", 2, effort),
        hits::<several_owning::Memofn, several_owning::Quick>("u64 -> String, 1 thread", 1, effort),
        hits::<several_owning::Memofn, several_owning::Quick>(
            "u64 -> String, 2 threads",
            2,
            effort,
        ),
    ];
    Group { title: titles::IDLE, unit: "ns per call", reference: names::MEMOFN, columns }
}

fn hits<Ours, Quick>(label: &str, threads: usize, effort: Effort) -> Column
where
    Ours: Contestant<Key = u64>,
    Quick: Contestant<Key = u64>,
{
    let mut race = Race::new(label);
    race.enter(names::MEMOFN, move |calls| hit::<Ours>(0, threads, calls));
    race.enter(names::MEMOFN_IDLE, move |calls| hit::<Ours>(IDLE, threads, calls));
    race.enter(names::QUICK, move |calls| hit::<Quick>(0, threads, calls));
    race.enter(names::QUICK_IDLE, move |calls| hit::<Quick>(IDLE, threads, calls));
    race.run(if threads == 1 { effort } else { effort.stretched(2) })
}

fn hit<C: Contestant<Key = u64>>(idle: usize, threads: usize, calls: u64) -> Lap {
    let keys = keys::numbers();
    let each = calls.div_ceil(threads as u64);
    // The warm-up gives the system time to find a processor for each thread.
    let lap = || {
        let warm = each.max(2 * keys.len() as u64);
        together(threads, |_| drive::<C>(&keys, 0, warm), |_| drive::<C>(&keys, 0, each))
    };
    // The main thread would be older than the idle ones.
    let in_a_new_thread =
        || thread::scope(|scope| scope.spawn(lap).join().expect("a thread panicked"));
    // Each idle thread has called the function, so that the cache knows it.
    with_idle(idle, |number| drive::<C>(&keys, number, 2), in_a_new_thread)
}

/// Runs `meanwhile` while other threads have done their `work` and wait. They have ended when this returns.
fn with_idle<R>(threads: usize, work: impl Fn(usize) + Sync, meanwhile: impl FnOnce() -> R) -> R {
    let gate = RwLock::new(());
    thread::scope(|scope| {
        let closed = gate.write();
        let (sender, receiver) = mpsc::channel();
        let start = |number| {
            let (sender, gate, work) = (sender.clone(), &gate, &work);
            let idle = move || {
                work(number);
                sender.send(()).expect("it is waited for");
                drop(sender);
                drop(gate.read());
            };
            let thread = thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, idle).expect("one more thread")
        };
        let handles: Vec<_> = (0..threads).map(start).collect();
        drop(sender);
        assert_eq!(receiver.iter().take(threads).count(), threads);
        let result = meanwhile();
        drop(closed);
        for handle in handles {
            handle.join().expect("a thread panicked");
        }
        result
    })
}
