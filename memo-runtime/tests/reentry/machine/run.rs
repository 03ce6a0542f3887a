//! Runs a program on one or several threads, and collects its faults.

use super::super::actors::{Ledger, leaves};
use super::super::model::{Model, TTL};
use super::super::program::{Program, Settings, Step};
use super::tally::Tally;
use super::{Handle, MACHINE, Machine};
use memo_runtime::testing::Clock;
use memo_runtime::{Cache, CacheInfo};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

/// The keys and values that may be alive beside those of entries, in a cache that several threads have used.
const LINGERING: i64 = 2 * 64;

/// The clock of this process. Only programs move it.
pub(super) fn clock() -> &'static Clock {
    static CLOCK: OnceLock<&'static Clock> = OnceLock::new();
    CLOCK.get_or_init(|| Box::leak(Box::new(Clock::stop())))
}

/// The outcome of a program.
#[derive(Debug)]
pub struct Outcome {
    pub faults: Vec<String>,
    /// The number of blocks that have run.
    pub fired: usize,
}

/// Runs a program. Run one at a time, since programs move the clock of the process.
pub fn run(program: &Program) -> Outcome {
    let settings = program.settings;
    let ledger = Arc::<Ledger>::default();
    clock();
    let mut builder = Cache::builder().single_flight(settings.single_flight);
    builder = match settings.maxsize {
        Some(maxsize) => builder.maxsize(maxsize),
        None => builder.unbounded(),
    };
    if settings.ttl {
        builder = builder.ttl(Duration::from_secs(TTL));
    }
    if settings.listener {
        builder = builder.on_evict(|key, value, _| leaves(key, value));
    }
    match &program.threads[..] {
        [steps] => {
            let cache = if settings.thread_scope {
                Handle::Thread(builder.build_for_thread())
            } else {
                Handle::Shared(builder.build())
            };
            let model = Model::new(settings.maxsize, settings.ttl, settings.single_flight);
            run_steps(cache, settings, &ledger, Some(RefCell::new(model)), steps);
        }
        threads => {
            let (cache, start) = (builder.build(), Barrier::new(threads.len()));
            let tallies: Vec<_> = thread::scope(|scope| {
                let mut spawned = Vec::new();
                for steps in threads {
                    let cache = Cache::clone(&cache);
                    let (ledger, start) = (&ledger, &start);
                    spawned.push(scope.spawn(move || {
                        start.wait();
                        run_steps(Handle::Shared(cache), settings, ledger, None, steps)
                    }));
                }
                let ends = spawned.into_iter().map(thread::ScopedJoinHandle::join);
                ends.map(|end| end.expect("steps catch panics")).collect()
            });
            let CacheInfo { hits, misses, currsize, .. } = cache.info();
            let (least, most) = tallies.iter().fold((0, 0), |(least, most), tally| {
                (least + tally.least.get(), most + tally.most.get())
            });
            let cleared = tallies.iter().any(|tally| tally.epoch.get() > 0);
            if !cleared && !(least..=most).contains(&(hits + misses)) {
                let why = format!("{hits} hits and {misses} misses of {least} to {most} calls");
                ledger.fault(why);
            }
            let lingering = ledger.alive() - 2 * i64::try_from(currsize).expect("it is small");
            if lingering > LINGERING {
                ledger.fault(format!("{lingering} dead keys and values linger"));
            }
        }
    }
    if !ledger.is_settled() {
        ledger.fault(format!("of all keys and values {} are left", ledger.alive()));
    }
    Outcome { faults: ledger.faults(), fired: ledger.fired() }
}

fn run_steps(
    cache: Handle,
    settings: Settings,
    ledger: &Arc<Ledger>,
    model: Option<RefCell<Model>>,
    steps: &[Step],
) -> Tally {
    let frames = RefCell::default();
    let (ledger, tally) = (Arc::clone(ledger), Tally::default());
    let machine = Rc::new(Machine { cache, settings, ledger, frames, model, tally });
    MACHINE.set(Some(Rc::clone(&machine)));
    machine.steps(steps);
    MACHINE.set(None);
    let machine = Rc::into_inner(machine).expect("no step is under way");
    machine.tally
}
