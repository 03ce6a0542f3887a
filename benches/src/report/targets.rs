//! The targets: ratios of minima that the project aims at, and what they are in this run.
//!
//! This file says what a target is, [`list`] which ones there are, and [`run`] looks figures up.

mod list;
mod run;

use super::table::aligned;
use crate::measure::results::Group;
use serde::Serialize;
use std::fmt;

/// One ratio or quantity, and how small it is to be.
#[derive(Serialize)]
pub(crate) struct Target {
    #[serde(rename = "figure")]
    pub(crate) what: String,
    /// `None` if a scenario was not run, or has only disturbed laps.
    pub(crate) value: Option<f64>,
    pub(crate) goal: f64,
    pub(crate) stretch: f64,
}

impl Target {
    fn verdict(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(value) if value <= self.stretch => "stretch",
            Some(value) if value <= self.goal => "met",
            Some(_) => "MISSED",
        }
    }
}

/// The targets of this program. `footprint.sh` measures crates and build times.
pub(crate) fn targets(groups: &[Group]) -> Vec<Target> {
    list::all(run::Run(groups))
}

/// The targets as a table.
pub(crate) struct Table<'a>(pub(crate) &'a [Target]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["figure", "here", "goal", "stretch", ""].map(str::to_owned).to_vec();
        let rows = self.0.iter().map(|target| {
            let value = target.value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            let (goal, stretch) = (target.goal.to_string(), target.stretch.to_string());
            vec![target.what.clone(), value, goal, stretch, target.verdict().to_owned()]
        });
        writeln!(f, "## Targets\nRatios of minima in this run, and bytes\n")?;
        writeln!(f, "{}", aligned(head, rows))
    }
}
