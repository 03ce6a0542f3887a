//! Allocations: bytes for each entry, and calls of the allocator on a hit.

use super::keys;
use crate::contestants::contestant::{Contestant, Visitor};
use crate::contestants::floor::Floor;
use crate::contestants::{asynchronous, bounded, text, thread, unbounded};
use crate::measure::allocator::counted;
use crate::measure::race::Effort;
use crate::measure::results::{Column, Figures, Group};
use crate::{names, titles};
use std::hint::black_box;

const ENTRIES: u64 = 100_000;

pub(super) fn bytes(_: Effort) -> Group {
    let mut weights = Weights(Column { label: "bytes".to_owned(), figures: Vec::new() });
    bounded::filling::visit(&mut weights);
    unbounded::visit(&mut weights);
    let unit = "Bytes asked of the allocator and not given back";
    Group { title: titles::BYTES, unit, reference: names::QUICK, columns: vec![weights.0] }
}

struct Weights(Column);

impl Visitor<u64> for Weights {
    #[allow(clippy::cast_precision_loss)]
    fn visit<C: Contestant<Key = u64>>(&mut self) {
        let counted = counted(|| {
            for key in 0..ENTRIES {
                black_box(C::call(&key));
            }
        });
        let laps = vec![counted.bytes as f64 / ENTRIES as f64];
        self.0.figures.push(Figures::exact(C::NAME, laps));
    }
}

pub(super) fn allocations(_: Effort) -> Group {
    let column = |label: &str| Column { label: label.to_owned(), figures: Vec::new() };
    let mut numbers = Allocations { column: column("u64"), keys: keys::numbers() };
    numbers.visit::<Floor>();
    bounded::single::visit(&mut numbers);
    numbers.visit::<thread::hitting::Memofn>();
    numbers.visit::<thread::hitting::Memoize>();
    let mut texts = Allocations { column: column("(&str, u32)"), keys: keys::texts() };
    text::single::visit(&mut texts);
    let mut awaited = Allocations { column: column("u64, async"), keys: keys::numbers() };
    asynchronous::single::visit(&mut awaited);
    let columns = vec![numbers.column, texts.column, awaited.column];
    let unit = "Calls of the allocator";
    Group { title: titles::ALLOCATIONS, unit, reference: names::QUICK, columns }
}

struct Allocations<K> {
    column: Column,
    keys: Vec<K>,
}

impl<K> Visitor<K> for Allocations<K> {
    #[allow(clippy::cast_precision_loss)]
    fn visit<C: Contestant<Key = K>>(&mut self) {
        let calls = self.keys.len() as u64 * 40;
        keys::drive::<C>(&self.keys, 0, calls);
        let counted = counted(|| keys::drive::<C>(&self.keys, 0, calls));
        let laps = vec![counted.allocations as f64 / calls as f64];
        self.column.figures.push(Figures::exact(C::NAME, laps));
    }
}
