//! Many threads call a slow function at once, with one key that is not stored yet.

use crate::contestants::contestant::{Contestant, Visitor};
use crate::contestants::slow::{self, RUNS};
use crate::measure::race::Effort;
use crate::measure::results::{Column, Figures, Group};
use crate::{names, titles};
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Instant;

const CALLERS: usize = 64;

pub(super) fn run(effort: Effort) -> Group {
    let rounds = if effort.smoke { 1 } else { 5 };
    let labels = ["runs of the body", "ms, middle caller", "ms, last caller"];
    let columns = labels.map(|label| Column { label: label.to_owned(), figures: Vec::new() });
    let mut stampede = Stampede { rounds, columns: columns.into() };
    slow::visit(&mut stampede);
    let unit = "Runs of a body of 20 ms, and what callers waited";
    Group { title: titles::STAMPEDE, unit, reference: names::MEMOFN, columns: stampede.columns }
}

struct Stampede {
    rounds: u64,
    columns: Vec<Column>,
}

impl Visitor<u64> for Stampede {
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let mut figures = [const { Vec::new() }; 3];
        for key in 0..self.rounds {
            for (laps, figure) in figures.iter_mut().zip(rush::<C>(key)) {
                laps.push(figure);
            }
        }
        for (column, laps) in self.columns.iter_mut().zip(figures) {
            column.figures.push(Figures::exact(C::NAME, laps));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn rush<C: Contestant<Key = u64>>(key: u64) -> [f64; 3] {
    let barrier = Barrier::new(CALLERS);
    let before = RUNS.load(Relaxed);
    let call = || {
        barrier.wait();
        let start = Instant::now();
        black_box(C::call(black_box(&key)));
        start.elapsed().as_secs_f64() * 1e3
    };
    let mut waited: Vec<f64> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(call)).collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller panicked")).collect()
    });
    waited.sort_by(f64::total_cmp);
    let runs = RUNS.load(Relaxed) - before;
    [runs as f64, waited[CALLERS / 2], waited[CALLERS - 1]]
}
