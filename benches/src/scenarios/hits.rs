//! Hits: the same keys again and again.

use super::keys::{self, drive};
use crate::contestants::contestant::{Contestant, Polled, Visitor};
use crate::contestants::floor::Floor;
use crate::contestants::text::Text;
use crate::contestants::{asynchronous, bounded, text, thread, ttl};
use crate::measure::lap::{Lap, together};
use crate::measure::race::{Effort, Race};
use crate::measure::results::{Column, Group};
use crate::{names, titles};
use std::sync::Arc;

const UNIT: &str = "ns per call";

pub(super) fn several_keys(effort: Effort) -> Group {
    shared(titles::HITS, &keys::numbers(), effort)
}

pub(super) fn one_key(effort: Effort) -> Group {
    shared(titles::HOT, &[7; 256], effort)
}

fn shared(title: &'static str, keys: &[u64], effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads, keys);
        hits.visit::<Floor>();
        if threads == 1 {
            bounded::single::visit(&mut hits);
        } else {
            bounded::several::visit(&mut hits);
        }
        hits.run(effort)
    };
    let columns = [1, 2, 4, 8].map(column).into();
    Group { title, unit: UNIT, reference: names::FLOOR, columns }
}

pub(super) fn with_text(effort: Effort) -> Group {
    texts(titles::TEXT, &keys::texts(), effort, [text::single::visit, text::several::visit])
}

pub(super) fn one_text(effort: Effort) -> Group {
    let key = keys::texts().swap_remove(7);
    let keys = vec![key; 256];
    texts(titles::HOT_TEXT, &keys, effort, [text::single::visit, text::several::visit])
}

pub(super) fn with_text_to_numbers(effort: Effort) -> Group {
    let contestants = [text::single_length::visit, text::several_length::visit];
    texts(titles::TEXT_NUMBERS, &keys::texts(), effort, contestants)
}

/// Columns for one thread and for two, each with contestants of its own.
fn texts(
    title: &'static str,
    keys: &[Text],
    effort: Effort,
    contestants: [fn(&mut Hits<Text>); 2],
) -> Group {
    let mut columns = Vec::new();
    for (threads, visit) in (1..).zip(contestants) {
        let mut hits = Hits::new(threads, keys);
        visit(&mut hits);
        columns.push(hits.run(effort));
    }
    Group { title, unit: UNIT, reference: names::FLOOR, columns }
}

pub(super) fn with_ttl(effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads, &keys::numbers());
        if threads == 1 {
            ttl::single::visit(&mut hits);
        } else {
            ttl::several::visit(&mut hits);
        }
        hits.run(effort)
    };
    let columns = [1, 2].map(column).into();
    Group { title: titles::TTL, unit: UNIT, reference: names::FLOOR, columns }
}

pub(super) fn thread_local(effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads, &keys::numbers());
        thread::visit(&mut hits);
        hits.run(effort)
    };
    let columns = [1, 2].map(column).into();
    Group { title: titles::THREAD_HITS, unit: UNIT, reference: names::FLOOR, columns }
}

pub(super) fn asynchronous(effort: Effort) -> Group {
    let column = |threads| {
        let mut hits = Hits::new(threads, &keys::numbers());
        hits.visit::<Polled<asynchronous::Floor>>();
        if threads == 1 {
            hits.visit::<bounded::single::Memofn>();
            asynchronous::single::visit(&mut hits);
        } else {
            hits.visit::<bounded::several::Memofn>();
            asynchronous::several::visit(&mut hits);
        }
        hits.run(effort)
    };
    let columns = [1, 2].map(column).into();
    Group { title: titles::ASYNC_HITS, unit: UNIT, reference: names::MEMOFN, columns }
}

/// A race of hits on some keys, each from several threads.
struct Hits<K> {
    race: Race,
    threads: usize,
    keys: Arc<[K]>,
}

impl<K: Clone + Send + Sync + 'static> Hits<K> {
    fn new(threads: usize, keys: &[K]) -> Self {
        Self { race: Race::of_threads(threads), threads, keys: keys.into() }
    }

    fn run(self, effort: Effort) -> Column {
        // Threads do not start at the same moment. In a longer lap this weighs less.
        self.race.run(if self.threads == 1 { effort } else { effort.stretched(2) })
    }
}

impl<K: Clone + Send + Sync + 'static> Visitor<K> for Hits<K> {
    fn visit<C: Contestant<Key = K>>(&mut self) {
        let (threads, keys) = (self.threads, Arc::clone(&self.keys));
        self.race.enter(C::NAME, move |calls| lap::<C>(threads, &keys, calls));
    }
}

fn lap<C: Contestant>(threads: usize, keys: &[C::Key], calls: u64) -> Lap {
    let each = calls.div_ceil(threads as u64);
    let start = |thread| thread * keys.len() / threads;
    together(
        threads,
        |thread| drive::<C>(keys, start(thread), 2 * keys.len() as u64),
        |thread| drive::<C>(keys, start(thread), each),
    )
}
