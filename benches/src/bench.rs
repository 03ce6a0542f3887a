//! `memofn` beside its peers: tables, plots, and the figures that are aimed at.
#![warn(clippy::undocumented_unsafe_blocks)]

mod allocator;
mod contestants;
mod harness;
mod plots;
mod polled;
mod reach;
mod scenarios;
mod table;

use harness::Effort;
use reach::Figure;
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::Group;

const USAGE: &str = "\
usage: bench [--smoke] [--rounds N] [--lap US] [--only TEXT] [--json FILE] [--svg [FOLDER]]

  --smoke         run everything, but so shortly that the figures mean nothing
  --rounds N      laps of each contestant (default: 15)
  --lap US        what a lap should take, in microseconds (default: 5000); less on a busy machine
  --only TEXT     only the scenarios whose titles contain this
  --json FILE     write every lap to this file
  --svg [FOLDER]  write plots (default: benches/plots)";

struct Options {
    effort: Effort,
    only: String,
    json: Option<PathBuf>,
    plots: Option<PathBuf>,
}

/// What is written as JSON: every lap of every contestant, and the figures made of them.
#[derive(Serialize)]
struct Results<'a> {
    scenarios: &'a [Group],
    reach: &'a [Figure],
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
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

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let groups = scenarios::run(&options.only, options.effort);
    let figures = reach::figures(&groups);
    println!("{}", reach::Table(&figures));
    if let Some(file) = &options.json {
        let results = Results { scenarios: &groups, reach: &figures };
        std::fs::write(file, serde_json::to_string_pretty(&results)?)?;
        println!("results: {}", file.display());
    }
    if let Some(folder) = &options.plots {
        plots::write(folder, &groups)?;
        println!("plots: {}", folder.display());
    }
    let (laps, disturbed) = harness::laps();
    println!(
        "{disturbed} of {laps} laps were disturbed by other programs, and left out where there were others"
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
                rounds = value.parse().map_err(|_| format!("`{value}` is no number of rounds"))?;
            }
            "--lap" => {
                let value = arguments.next().ok_or("--lap needs a number")?;
                lap =
                    value.parse().map_err(|_| format!("`{value}` is no number of microseconds"))?;
            }
            "--only" => options.only = arguments.next().ok_or("--only needs a text")?,
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
