//! Results: a group for each scenario, with columns, with the figures of each contestant.

use serde::Serialize;
use std::cell::RefCell;
use std::rc::Rc;

/// The results of one scenario. Rows are contestants; columns are numbers of threads or different quantities.
#[derive(Serialize)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    /// The contestant by whose minimum the others are divided.
    pub(crate) reference: &'static str,
    pub(crate) columns: Vec<Column>,
}

impl Group {
    /// The contestants, in the order of their first appearance.
    pub(crate) fn contestants(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for figures in self.columns.iter().flat_map(|column| &column.figures) {
            if !names.contains(&figures.name) {
                names.push(figures.name);
            }
        }
        names
    }
}

impl Column {
    pub(crate) fn of(&self, name: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.name == name)
    }
}

/// The results of one race.
#[derive(Serialize)]
pub(crate) struct Column {
    pub(crate) label: String,
    #[serde(rename = "contestants")]
    pub(crate) figures: Vec<Figures>,
}

/// One figure for each lap of a contestant.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) laps: Vec<f64>,
    /// All laps were disturbed.
    #[serde(skip)]
    pub(crate) disturbed: bool,
}

impl Figures {
    /// Figures that no other program can disturb.
    pub(crate) fn exact(name: &'static str, laps: Vec<f64>) -> Self {
        Self { name, laps, disturbed: false }
    }

    pub(crate) fn min(&self) -> f64 {
        self.laps.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn median(&self) -> f64 {
        let mut laps = self.laps.clone();
        laps.sort_by(f64::total_cmp);
        let middle = laps.len() / 2;
        if laps.len() % 2 == 1 {
            laps[middle]
        } else {
            f64::midpoint(laps[middle - 1], laps[middle])
        }
    }
}

/// A second quantity, which the laps of a race note beside their times.
#[derive(Clone)]
pub(crate) struct Aside(Rc<RefCell<Column>>);

impl Aside {
    pub(crate) fn new(label: &str) -> Self {
        Self(Rc::new(RefCell::new(Column { label: label.to_owned(), figures: Vec::new() })))
    }

    pub(crate) fn note(&self, name: &'static str, figure: f64) {
        let figures = &mut self.0.borrow_mut().figures;
        match figures.iter_mut().find(|it| it.name == name) {
            Some(known) => known.laps.push(figure),
            None => figures.push(Figures::exact(name, vec![figure])),
        }
    }

    /// The column, once the race is over.
    pub(crate) fn column(&self) -> Column {
        self.0.replace(Column { label: String::new(), figures: Vec::new() })
    }
}
