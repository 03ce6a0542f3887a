//! A race: contestants run in turn, lap by lap, so that a disturbance hits all alike.

use super::lap::Lap;
use super::results::{Column, Figures};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long and how often is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Laps of each contestant.
    pub(crate) rounds: usize,
    /// How long a lap should take.
    pub(crate) lap: Duration,
    /// Only check that everything works.
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

/// The contestants of one scenario at one number of threads.
pub(crate) struct Race {
    label: String,
    /// The unit of the figures, in nanoseconds.
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

static LAPS: AtomicU64 = AtomicU64::new(0);
static DISTURBED: AtomicU64 = AtomicU64::new(0);

/// How many laps have been run, and how many of them were disturbed.
pub(crate) fn laps() -> (u64, u64) {
    (LAPS.load(Relaxed), DISTURBED.load(Relaxed))
}

impl Race {
    pub(crate) fn new(label: impl fmt::Display) -> Self {
        Self { label: label.to_string(), unit: 1.0, lanes: Vec::new() }
    }

    /// A race that is labelled by its number of threads.
    pub(crate) fn of_threads(threads: usize) -> Self {
        if threads == 1 { Self::new("1 thread") } else { Self::new(format!("{threads} threads")) }
    }

    /// Sets the unit of the figures, in nanoseconds.
    pub(crate) fn in_units_of(self, unit: f64) -> Self {
        Self { unit, ..self }
    }

    /// Adds a contestant. `lap` makes as many calls as it is told, and times them.
    pub(crate) fn enter(&mut self, name: &'static str, lap: impl FnMut(u64) -> Lap + 'static) {
        self.lanes.push(Lane {
            name,
            lap: Box::new(lap),
            calls: 1,
            laps: Vec::new(),
            disturbed: Vec::new(),
        });
    }

    /// Runs all contestants in turn. Each round begins with another one.
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
    /// Runs a lap. A disturbed lap is repeated a few times.
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

    /// Finds out how many calls fill a lap. This warms caches and clocks, too.
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

/// Nanoseconds for each call.
#[allow(clippy::cast_precision_loss)]
fn per_call(wall: Duration, calls: u64) -> f64 {
    wall.as_secs_f64() * 1e9 / calls as f64
}
