//! Functions that call themselves, from an empty cache. Emptying the cache is not measured.

use crate::contestants::contestant::{Contestant, Visitor};
use crate::contestants::recursive;
use crate::measure::lap::Lap;
use crate::measure::race::{Effort, Race};
use crate::measure::results::Group;
use crate::{names, titles};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const FIB: u64 = 90;

/// Enough for thousands of nested calls of unoptimized code.
const STACK: usize = 1 << 29;

pub(super) fn fib(effort: Effort) -> Group {
    let mut runs = Runs { race: Race::new("time").in_units_of(1e3), key: FIB, own_thread: false };
    recursive::fib::visit(&mut runs);
    let columns = vec![runs.race.run(effort)];
    Group { title: titles::FIB, unit: "us per run", reference: names::FLOOR, columns }
}

pub(super) fn edit(effort: Effort) -> Group {
    // One distance takes a million calls, so that one run is a lap.
    let effort = Effort { rounds: (effort.rounds / 3).max(1), lap: Duration::ZERO, ..effort };
    let key = if effort.smoke { u64::from(recursive::LENGTH) - 20 } else { 0 };
    let mut runs = Runs { race: Race::new("time").in_units_of(1e6), key, own_thread: true };
    recursive::edit::visit(&mut runs);
    let columns = vec![runs.race.run(effort)];
    Group { title: titles::EDIT, unit: "ms per run", reference: names::FLOOR, columns }
}

struct Runs {
    race: Race,
    key: u64,
    own_thread: bool,
}

impl Visitor<u64> for Runs {
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let (key, own_thread) = (self.key, self.own_thread);
        self.race.enter(C::NAME, move |runs| {
            let all = move || (0..runs).map(|_| run::<C>(key)).sum::<Duration>();
            let wall = if own_thread {
                let thread = thread::Builder::new().stack_size(STACK).spawn(all);
                thread.expect("a thread with a large stack").join().expect("a run panicked")
            } else {
                all()
            };
            Lap { wall, disturbed: false }
        });
    }
}

fn run<C: Contestant<Key = u64>>(key: u64) -> Duration {
    C::clear();
    let start = Instant::now();
    black_box(C::call(black_box(&key)));
    start.elapsed()
}
