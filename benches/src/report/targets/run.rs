//! The results, in which figures are looked up.

use crate::measure::results::{Column, Group};
use crate::names;

#[derive(Clone, Copy)]
pub(super) struct Run<'a>(pub(super) &'a [Group]);

impl<'a> Run<'a> {
    fn column(self, title: &str, column: usize) -> Option<&'a Column> {
        self.0.iter().find(|group| group.title == title)?.columns.get(column)
    }

    /// A minimum, if there are laps that were not disturbed.
    pub(super) fn min(self, title: &str, column: usize, name: &str) -> Option<f64> {
        let figures = self.column(title, column)?.of(name)?;
        (!figures.disturbed).then(|| figures.min())
    }

    /// The least of some contestants.
    pub(super) fn least(self, title: &str, column: usize, contestants: &[&str]) -> Option<f64> {
        let all = contestants.iter().map(|name| self.min(title, column, name));
        all.reduce(|a, b| Some(a?.min(b?))).flatten()
    }

    /// The fastest peer, and its name. The floor is no peer.
    pub(super) fn best_peer(self, title: &str, column: usize) -> (&'static str, Option<f64>) {
        let figures = self.column(title, column).into_iter().flat_map(|column| &column.figures);
        let is_peer = |name: &str| name != names::FLOOR && !name.starts_with(names::MEMOFN);
        let peers = figures.filter(|peer| !peer.disturbed && is_peer(peer.name));
        let best = peers.map(|peer| (peer.name, peer.min())).min_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(("-", None), |(name, min)| (name, Some(min)))
    }
}

pub(super) fn over(value: Option<f64>, reference: Option<f64>) -> Option<f64> {
    Some(value? / reference?)
}
