//! Whole programs: each lap is a process, from its start to its end. The time to free its memory is included.

use crate::contestants::programs::{DICE, Program, SPRINGS, STONES, TABLE};
use crate::measure::lap::Lap;
use crate::measure::process::{self, peak_memory};
use crate::measure::race::{Effort, Race};
use crate::measure::results::{Aside, Group};
use crate::names;
use std::cell::OnceCell;
use std::fmt;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

pub(super) fn stones(effort: Effort) -> Group {
    race(&STONES, effort)
}

pub(super) fn springs(effort: Effort) -> Group {
    race(&SPRINGS, effort)
}

pub(super) fn dice(effort: Effort) -> Group {
    race(&DICE, effort)
}

pub(super) fn table(effort: Effort) -> Group {
    race(&TABLE, effort)
}

/// The main function of a child process. It runs the program of this title once, as the contestant does. Returns its report to the
/// parent.
pub(crate) fn child(title: &str, contestant: &str, size: &str) -> Option<String> {
    let program = [STONES, SPRINGS, DICE, TABLE].into_iter().find(|it| it.title == title)?;
    let (_, run) = program.contestants.into_iter().find(|(name, _)| *name == contestant)?;
    let result = black_box(run(black_box(size.parse().ok()?)));
    Some(Report { result, peak: peak_memory() }.to_string())
}

/// The result of a program, and the most memory that its process had, in MiB.
struct Report {
    result: u64,
    peak: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.result, self.peak)
    }
}

impl Report {
    fn read(text: &str) -> Option<Self> {
        let (result, peak) = text.trim().split_once(' ')?;
        Some(Self { result: result.parse().ok()?, peak: peak.parse().ok()? })
    }
}

fn race(program: &Program, effort: Effort) -> Group {
    let mut race = Race::new("ms of a processor").in_units_of(1e6);
    let size = if effort.smoke { program.small } else { program.size }.to_string();
    let memory = Aside::new("MiB at its peak");
    let agreed = Rc::new(OnceCell::new());
    for (name, _) in program.contestants {
        let (title, size) = (program.title, size.clone());
        let (memory, agreed) = (memory.clone(), Rc::clone(&agreed));
        race.enter(name, move |runs| {
            let mut wall = Duration::ZERO;
            for _ in 0..runs {
                let (lap, report) = process::run(&["--process", title, name, &size]);
                let report = Report::read(&report).expect("a report of the child");
                if name != names::NOTHING {
                    let result = agreed.get_or_init(|| report.result);
                    assert_eq!(report.result, *result, "{name}: {title}");
                }
                memory.note(name, report.peak);
                wall += lap.wall;
            }
            Lap { wall, disturbed: false }
        });
    }
    // A process is a lap.
    let time = race.run(Effort { lap: Duration::ZERO, ..effort });
    let columns = vec![time, memory.column()];
    Group { title: program.title, unit: "Time and memory", reference: names::CACHED, columns }
}
