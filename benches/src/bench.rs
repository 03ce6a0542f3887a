//! Measures `memofn` and its peers: tables, plots, and the targets of the project.
//!
//! Imports run one way: this file uses `scenarios` and `report`, `scenarios` uses `contestants` and `measure`, and
//! `report` the results in `measure`.
#![warn(clippy::undocumented_unsafe_blocks)]

mod contestants;
mod measure;
mod names;
mod polled;
mod report;
mod scenarios;
mod titles;

use measure::race::{self, Effort};
use measure::results::Group;
use report::plots;
use report::targets::{self, Target};
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: bench [--smoke] [--rounds N] [--lap US] [--only TEXT] [--json FILE] [--svg [FOLDER]]

  --smoke         only check that everything runs; the figures mean nothing
  --rounds N      laps of each contestant (default: 15)
  --lap US        length of a lap in microseconds (default: 5000); use less on a busy machine
  --only TEXT     only the scenarios whose titles contain this
  --json FILE     write every lap to this file
  --svg [FOLDER]  write plots (default: benches/plots)";

struct Options {
    effort: Effort,
    only: String,
    json: Option<PathBuf>,
    plots: Option<PathBuf>,
}

/// The JSON document: every lap of every contestant, and the targets.
#[derive(Serialize)]
struct Results<'a> {
    scenarios: &'a [Group],
    targets: &'a [Target],
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [process, title, contestant, size] = &arguments[..]
        && process == "--process"
    {
        return child(title, contestant, size);
    }
    let options = match options(arguments.into_iter()) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("{mistake}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A lap that is a process. This program starts it.
fn child(title: &str, contestant: &str, size: &str) -> ExitCode {
    match scenarios::child(title, contestant, size) {
        Some(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let groups = scenarios::run(&options.only, options.effort, |group| println!("{group}"));
    let targets = targets::targets(&groups);
    println!("{}", targets::Table(&targets));
    if let Some(file) = &options.json {
        let results = Results { scenarios: &groups, targets: &targets };
        std::fs::write(file, serde_json::to_string_pretty(&results)?)?;
        println!("results: {}", file.display());
    }
    if let Some(folder) = &options.plots {
        plots::write(folder, &groups)?;
        println!("plots: {}", folder.display());
    }
    let (laps, disturbed) = race::laps();
    println!(
        "{disturbed} of {laps} laps were disturbed by other programs. They are left out where others remain."
    );
    println!("{:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut arguments = arguments.peekable();
    let mut smoke = false;
    let mut rounds = 15;
    let mut lap = 5000;
    let mut options =
        Options { effort: Effort::smoke(), only: String::new(), json: None, plots: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--smoke" => smoke = true,
            "--rounds" => {
                let value = arguments.next().ok_or("--rounds needs a number")?;
                rounds =
                    value.parse().map_err(|_| format!("`{value}` is not a number of rounds"))?;
            }
            "--lap" => {
                let value = arguments.next().ok_or("--lap needs a number")?;
                lap = value
                    .parse()
                    .map_err(|_| format!("`{value}` is not a number of microseconds"))?;
            }
            "--only" => options.only = arguments.next().ok_or("--only needs text")?,
            "--json" => options.json = Some(arguments.next().ok_or("--json needs a file")?.into()),
            "--svg" => {
                let folder = arguments.next_if(|next| !next.starts_with("--"));
                let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("plots");
                options.plots = Some(folder.map_or_else(usual, PathBuf::from));
            }
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    if !smoke {
        options.effort = Effort::full(rounds, Duration::from_micros(lap));
    }
    Ok(options)
}
