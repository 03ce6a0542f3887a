//! Counts calls, to compare with hits and misses.

use std::cell::Cell;

/// The calls since the last clear. Hits and misses have to add up to a number from `least` to `most`.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) epoch: Cell<u64>,
    pub(super) running: Cell<u64>,
    pub(super) least: Cell<u64>,
    pub(super) most: Cell<u64>,
}

fn add(cell: &Cell<u64>, number: i64) {
    cell.set(cell.get().checked_add_signed(number).expect("it counts"));
}

/// A call under way.
pub(super) struct Counted<'a>(&'a Tally, u64);

impl Tally {
    pub(super) fn begin(&self) -> Counted<'_> {
        add(&self.most, 1);
        add(&self.running, 1);
        Counted(self, self.epoch.get())
    }

    pub(super) fn clear(&self) {
        add(&self.epoch, 1);
        self.least.set(0);
        self.most.set(self.running.get());
    }
}

impl Counted<'_> {
    pub(super) fn returns(self) {
        if self.1 == self.0.epoch.get() {
            add(&self.0.least, 1);
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        add(&self.0.running, -1);
    }
}
