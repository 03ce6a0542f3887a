//! One lap: calls on one thread or several, timed by wall clock.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// The time of a lap.
pub(crate) struct Lap {
    pub(crate) wall: Duration,
    /// Another program had a processor, so that the threads did not run in parallel.
    pub(crate) disturbed: bool,
}

/// Runs `work` on several threads that start together. Each runs `prepare` first. A lap is the time from the
/// first start to the last end. A single thread is the calling one.
pub(crate) fn together(
    threads: usize,
    prepare: impl Fn(usize) + Sync,
    work: impl Fn(usize) + Sync,
) -> Lap {
    let barrier = Barrier::new(threads);
    let run = |thread| {
        prepare(thread);
        barrier.wait();
        let waited = waited();
        let start = Instant::now();
        work(thread);
        Span { start, end: Instant::now(), waited: self::waited().saturating_sub(waited) }
    };
    let spans: Vec<Span> = if threads == 1 {
        vec![run(0)]
    } else {
        thread::scope(|scope| {
            let run = &run;
            let handles = (0..threads).map(|thread| scope.spawn(move || run(thread)));
            let handles: Vec<_> = handles.collect();
            handles.into_iter().map(|handle| handle.join().expect("a thread panicked")).collect()
        })
    };
    let (start, late) = bounds(spans.iter().map(|span| span.start));
    let (_, end) = bounds(spans.iter().map(|span| span.end));
    let wall = end - start;
    // With more threads than processors, waiting is normal and says nothing.
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let apart = late - start > wall / 20;
    let waited = spans.iter().any(|span| span.waited > wall / 20);
    Lap { wall, disturbed: threads <= processors && (apart || waited) }
}

struct Span {
    start: Instant,
    end: Instant,
    waited: Duration,
}

/// The first and the last.
fn bounds(instants: impl Iterator<Item = Instant> + Clone) -> (Instant, Instant) {
    let first = instants.clone().min().expect("there are threads");
    (first, instants.max().expect("there are threads"))
}

/// How long the calling thread was ready but did not run. Zero if the system does not tell.
fn waited() -> Duration {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = schedule.split_whitespace().nth(1).and_then(|waited| waited.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}
