//! Races: contestants run in turn, lap by lap, so that what disturbs the machine disturbs them alike.

use serde::Serialize;
use std::fmt;
use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// How long and how often.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Laps of each contestant.
    pub(crate) rounds: usize,
    /// What a lap should take.
    pub(crate) lap: Duration,
    /// Only see that everything works.
    pub(crate) smoke: bool,
}

impl Effort {
    pub(crate) const fn full(rounds: usize, lap: Duration) -> Self {
        Self { rounds, lap, smoke: false }
    }

    pub(crate) const fn smoke() -> Self {
        Self { rounds: 2, lap: Duration::from_micros(100), smoke: true }
    }

    /// Longer laps, and fewer of them.
    pub(crate) fn stretched(self, factor: u32) -> Self {
        if self.smoke {
            return self;
        }
        let fewer = if factor >= 4 { 2 } else { 1 };
        Self { rounds: (self.rounds / fewer).max(3), lap: self.lap * factor, ..self }
    }
}

/// What a contestant took, one figure for each lap.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) laps: Vec<f64>,
    /// There were no laps but disturbed ones.
    #[serde(skip)]
    pub(crate) disturbed: bool,
}

impl Figures {
    /// Figures that nothing can disturb.
    pub(crate) fn exact(name: &'static str, laps: Vec<f64>) -> Self {
        Self { name, laps, disturbed: false }
    }

    pub(crate) fn min(&self) -> f64 {
        self.laps.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn median(&self) -> f64 {
        let mut laps = self.laps.clone();
        laps.sort_by(f64::total_cmp);
        let middle = laps.len() / 2;
        if laps.len() % 2 == 1 {
            laps[middle]
        } else {
            f64::midpoint(laps[middle - 1], laps[middle])
        }
    }
}

/// The contestants of one scenario at one number of threads.
pub(crate) struct Race {
    label: String,
    /// Nanoseconds in the unit of the figures.
    unit: f64,
    lanes: Vec<Lane>,
}

struct Lane {
    name: &'static str,
    lap: Box<dyn FnMut(u64) -> Lap>,
    calls: u64,
    laps: Vec<f64>,
    disturbed: Vec<f64>,
}

/// What a lap took.
pub(crate) struct Lap {
    pub(crate) wall: Duration,
    /// Threads could not run side by side, for another program had their processor.
    pub(crate) disturbed: bool,
}

static LAPS: AtomicU64 = AtomicU64::new(0);
static DISTURBED: AtomicU64 = AtomicU64::new(0);

/// How many laps have been run, and how many of them were disturbed.
pub(crate) fn laps() -> (u64, u64) {
    (LAPS.load(Relaxed), DISTURBED.load(Relaxed))
}

/// A race that has been run: a column of a table.
#[derive(Serialize)]
pub(crate) struct Column {
    pub(crate) label: String,
    #[serde(rename = "contestants")]
    pub(crate) figures: Vec<Figures>,
}

impl Race {
    pub(crate) fn new(label: impl fmt::Display) -> Self {
        Self { label: label.to_string(), unit: 1.0, lanes: Vec::new() }
    }

    /// Figures are in so many nanoseconds.
    pub(crate) fn in_units_of(self, unit: f64) -> Self {
        Self { unit, ..self }
    }

    /// A contestant: `lap` makes the number of calls it is given, and returns what they took.
    pub(crate) fn enter(&mut self, name: &'static str, lap: impl FnMut(u64) -> Lap + 'static) {
        self.lanes.push(Lane {
            name,
            lap: Box::new(lap),
            calls: 1,
            laps: Vec::new(),
            disturbed: Vec::new(),
        });
    }

    /// Runs all contestants in turn, each round beginning with another one.
    pub(crate) fn run(mut self, effort: Effort) -> Column {
        for lane in &mut self.lanes {
            lane.calibrate(effort.lap);
        }
        let count = self.lanes.len();
        for round in 0..effort.rounds {
            for place in 0..count {
                let lane = &mut self.lanes[(round + place) % count];
                lane.lap(self.unit);
            }
        }
        let figures = self.lanes.into_iter().map(Lane::figures);
        Column { label: self.label, figures: figures.collect() }
    }
}

impl Lane {
    /// Runs a lap, anew if another program disturbed it, but not for ever.
    fn lap(&mut self, unit: f64) {
        const ATTEMPTS: usize = 8;
        LAPS.fetch_add(1, Relaxed);
        for attempt in 1..=ATTEMPTS {
            let lap = (self.lap)(self.calls);
            let figure = per_call(lap.wall, self.calls) / unit;
            if !lap.disturbed {
                self.laps.push(figure);
                break;
            }
            if attempt == ATTEMPTS {
                self.disturbed.push(figure);
                DISTURBED.fetch_add(1, Relaxed);
            }
        }
    }

    fn figures(self) -> Figures {
        let disturbed = self.laps.is_empty();
        let laps = if disturbed { self.disturbed } else { self.laps };
        Figures { name: self.name, laps, disturbed }
    }

    /// Finds out how many calls fill a lap; on the way, caches and clocks get warm.
    fn calibrate(&mut self, lap: Duration) {
        let target = lap.as_secs_f64();
        for _ in 0..12 {
            let took = (self.lap)(self.calls).wall.as_secs_f64();
            if took > target / 2.0 {
                return;
            }
            let factor = (target / took.max(1e-9)).clamp(2.0, 64.0);
            self.calls = scaled(self.calls, factor);
        }
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(calls: u64, factor: f64) -> u64 {
    (calls as f64 * factor) as u64
}

/// Runs `work` on so many threads that start together, each after its own `prepare`. A lap is the time
/// from the first start to the last end. A single thread is the calling one.
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
    // There is nothing to be said where there are more threads than processors.
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

/// How long the calling thread has been ready to run and did not, where the system says so.
fn waited() -> Duration {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = schedule.split_whitespace().nth(1).and_then(|waited| waited.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// Nanoseconds for each of so many calls.
#[allow(clippy::cast_precision_loss)]
fn per_call(wall: Duration, calls: u64) -> f64 {
    wall.as_secs_f64() * 1e9 / calls as f64
}
