//! Many tasks await a slow async function at once, with one key that is not stored yet.

use crate::contestants::contestant::{AsyncContestant, AsyncVisitor};
use crate::contestants::slow::RUNS;
use crate::contestants::slow_async;
use crate::measure::race::Effort;
use crate::measure::results::{Column, Figures, Group};
use crate::{names, titles};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

const TASKS: usize = 1000;

pub(super) fn run(effort: Effort) -> Group {
    let rounds = if effort.smoke { 1 } else { 5 };
    let labels = ["runs of the body", "ms, middle task", "ms, last task"];
    let columns = labels.map(|label| Column { label: label.to_owned(), figures: Vec::new() });
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("a runtime with two threads");
    let mut tasks = Tasks { runtime, rounds, columns: columns.into() };
    slow_async::visit(&mut tasks);
    let unit = "Runs of an async body of 20 ms, and what tasks waited";
    let reference = names::MEMOFN_ASYNC;
    Group { title: titles::TASKS, unit, reference, columns: tasks.columns }
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
