//! Many tasks await a slow async function at once, with one key or a few that are not stored yet.

use crate::contestants::contestant::{AsyncContestant, AsyncVisitor};
use crate::contestants::slow::RUNS;
use crate::contestants::{gated, slow_async};
use crate::measure::lap::Lap;
use crate::measure::race::{Effort, Race};
use crate::measure::results::{Aside, Column, Figures, Group};
use crate::{names, titles};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

const TASKS: usize = 1000;

pub(super) fn run(effort: Effort) -> Group {
    let rounds = if effort.smoke { 1 } else { 5 };
    let labels = ["runs of the body", "ms, middle task", "ms, last task"];
    let columns = labels.map(|label| Column { label: label.to_owned(), figures: Vec::new() });
    let mut tasks = Tasks { runtime: runtime(), rounds, columns: columns.into() };
    slow_async::visit(&mut tasks);
    let unit = "Runs of an async body of 20 ms, and what tasks waited";
    let reference = names::MEMOFN_ASYNC;
    Group { title: titles::TASKS, unit, reference, columns: tasks.columns }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.expect("a runtime with two threads")
}

struct Tasks {
    runtime: Runtime,
    rounds: u64,
    columns: Vec<Column>,
}

impl AsyncVisitor for Tasks {
    fn visit<C: AsyncContestant>(&mut self) {
        let mut figures = [const { Vec::new() }; 3];
        for key in 0..self.rounds {
            for (laps, figure) in figures.iter_mut().zip(self.runtime.block_on(rush::<C>(key))) {
                laps.push(figure);
            }
        }
        for (column, laps) in self.columns.iter_mut().zip(figures) {
            column.figures.push(Figures::exact(C::NAME, laps));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
async fn rush<C: AsyncContestant>(key: u64) -> [f64; 3] {
    let barrier = Arc::new(Barrier::new(TASKS));
    let before = RUNS.load(Relaxed);
    let call = |barrier: Arc<Barrier>| async move {
        barrier.wait().await;
        let start = Instant::now();
        black_box(C::call(black_box(key)).await);
        start.elapsed().as_secs_f64() * 1e3
    };
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(call(Arc::clone(&barrier)))).collect();
    let mut waited = Vec::with_capacity(TASKS);
    for task in tasks {
        waited.push(task.await.expect("a task panicked"));
    }
    waited.sort_by(f64::total_cmp);
    let runs = RUNS.load(Relaxed) - before;
    [runs as f64, waited[TASKS / 2], waited[TASKS - 1]]
}

const KEYS: usize = 100;

/// All tasks call before the first run ends. So this measures how tasks begin to wait and how they are woken.
pub(super) fn many(effort: Effort) -> Group {
    let tasks = if effort.smoke { 1_000 } else { 100_000 };
    let race = Race::new("ns per task").in_units_of(f64::from(tasks));
    let tasks = usize::try_from(tasks).unwrap_or(0);
    let runs = Aside::new("runs of the body");
    let mut crowds = Crowds { runtime: Arc::new(runtime()), tasks, race, runs };
    gated::visit(&mut crowds);
    let effort = Effort { lap: Duration::ZERO, ..effort.stretched(4) };
    let columns = vec![crowds.race.run(effort), crowds.runs.column()];
    let unit = "Time of all tasks from their start to their end, and runs of the body";
    Group { title: titles::MANY_TASKS, unit, reference: names::MOKA_FUTURE_WITH, columns }
}

struct Crowds {
    runtime: Arc<Runtime>,
    tasks: usize,
    race: Race,
    runs: Aside,
}

impl AsyncVisitor for Crowds {
    #[allow(clippy::cast_precision_loss)]
    fn visit<C: AsyncContestant>(&mut self) {
        let (runtime, tasks, runs) = (Arc::clone(&self.runtime), self.tasks, self.runs.clone());
        let mut first = 0;
        self.race.enter(C::NAME, move |laps| {
            let mut wall = Duration::ZERO;
            for _ in 0..laps {
                let before = RUNS.load(Relaxed);
                wall += runtime.block_on(crowd::<C>(first, tasks));
                runs.note(C::NAME, (RUNS.load(Relaxed) - before) as f64);
                first += KEYS;
            }
            Lap { wall, disturbed: false }
        });
    }
}

/// The keys are those from `first` on.
async fn crowd<C: AsyncContestant>(first: usize, tasks: usize) -> Duration {
    gated::expect(tasks);
    let start = Instant::now();
    let call = |key| async move {
        gated::arrive();
        black_box(C::call(black_box(key)).await);
    };
    let keys = (0..tasks).map(|task| (first + task % KEYS) as u64);
    let tasks: Vec<_> = keys.map(|key| tokio::spawn(call(key))).collect();
    for task in tasks {
        task.await.expect("a task panicked");
    }
    start.elapsed()
}
