//! Results in memory of whose changes the server may not tell: it was not asked, or does not have them.

use crate::tier::redis::keys::Spot;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// So many keys are known. Beyond, a function forgets all of its results.
const MOST: usize = 100_000;

/// Keys and when they are forgotten. All of them are given the same time, so that the first one is due first.
#[derive(Debug, Default)]
pub(crate) struct Doubtful {
    spots: VecDeque<(Instant, Spot)>,
    functions: HashMap<u64, Instant>,
}

impl Doubtful {
    pub(crate) fn add(&mut self, spot: Spot, end: Instant) {
        if self.spots.len() < MOST {
            self.spots.push_back((end, spot));
        } else {
            // A later result goes with the earlier ones.
            self.functions.entry(spot.function).or_insert(end);
        }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        let functions = self.functions.values().min();
        functions.into_iter().chain(self.spots.front().map(|(end, _)| end)).min().copied()
    }

    /// Takes out the keys and the functions that are due.
    pub(crate) fn take(&mut self, now: Instant) -> (Vec<Spot>, Vec<u64>) {
        let due = self.spots.partition_point(|(end, _)| *end <= now);
        let spots = self.spots.drain(..due).map(|(_, spot)| spot).collect();
        let functions = &mut self.functions;
        let due: Vec<_> =
            functions.iter().filter(|(_, end)| **end <= now).map(|(it, _)| *it).collect();
        functions.retain(|_, end| *end > now);
        (spots, due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn keys_are_due_in_their_order_and_beyond_the_bound_whole_functions() {
        let (mut doubtful, start) = (Doubtful::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let spot = |digest| Spot { function: 7, version: 1, digest };
        assert_eq!(doubtful.next(), None);
        doubtful.add(spot(1), at(1));
        doubtful.add(spot(2), at(2));
        assert_eq!((doubtful.next(), doubtful.take(at(1))), (Some(at(1)), (vec![spot(1)], vec![])));
        (0..2 * MOST as u128).for_each(|digest| doubtful.add(spot(digest), at(3)));
        doubtful.add(spot(0), at(4));
        assert_eq!(doubtful.take(at(2)), (vec![spot(2)], vec![]));
        let (spots, functions) = doubtful.take(at(3));
        assert_eq!((spots.len(), functions, doubtful.next()), (MOST - 1, vec![7], None));
    }
}
