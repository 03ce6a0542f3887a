//! What was used least recently, found when somebody asks.
//!
//! Keeping a list in order on every hit would make hits write where others read. So a hit leaves a stamp
//! in its entry and no more, and stamps only grow. Here are the stamps as they were when somebody last
//! looked: the least of them that is still right is the least of all. Whatever is found out of date on the
//! way is put right, which each hit can cause once at most.
//!
//! What is new has the latest stamp of all, and goes to the end of a queue. What was put right has any,
//! and goes into a heap. The least one is at the head of one or the other.

use crate::table::Place;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Records by the stamps they were last known to have.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    new: VecDeque<Rank>,
    put_back: BinaryHeap<Reverse<Rank>>,
}

/// A record, and its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) stamp: u64,
    pub(crate) place: Place,
}

impl Ranks {
    pub(crate) fn len(&self) -> usize {
        self.new.len() + self.put_back.len()
    }

    /// Takes out the one of the least stamp.
    pub(crate) fn pop_first(&mut self) -> Option<Rank> {
        match (self.new.front(), self.put_back.peek()) {
            (Some(new), Some(Reverse(old))) if new.stamp > old.stamp => self.pop_old(),
            (None, _) => self.pop_old(),
            _ => self.new.pop_front(),
        }
    }

    fn pop_old(&mut self) -> Option<Rank> {
        self.put_back.pop().map(|Reverse(rank)| rank)
    }

    /// Adds one whose stamp is later than all others.
    pub(crate) fn push_last(&mut self, rank: Rank) {
        self.new.push_back(rank);
    }

    /// Adds one of any stamp.
    pub(crate) fn put_back(&mut self, rank: Rank) {
        self.put_back.push(Reverse(rank));
    }

    /// Starts again with these.
    pub(crate) fn rebuild(&mut self, ranks: impl Iterator<Item = Rank>) {
        let mut ranks: Vec<_> = ranks.collect();
        ranks.sort_unstable();
        *self = Self { new: ranks.into(), put_back: BinaryHeap::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_comes_first_wherever_it_was_put() {
        let mut ranks = Ranks::default();
        let mut model = Vec::new();
        let mut random = 1_u64;
        for place in 0..if cfg!(miri) { 300 } else { 10_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let last = Rank { stamp: u64::from(place) * 10, place };
            let old = Rank { stamp: (random >> 40) % (u64::from(place) * 10 + 1), place };
            match (random >> 10) % 5 {
                0 | 1 => {
                    model.sort_by_key(|stamp| Reverse(*stamp));
                    assert_eq!(ranks.pop_first().map(|it| it.stamp), model.pop());
                }
                2 => {
                    ranks.put_back(old);
                    model.push(old.stamp);
                }
                3 if place % 100 == 3 => {
                    let all = model.iter().map(|stamp| Rank { stamp: *stamp, place });
                    ranks.rebuild(all);
                }
                _ => {
                    ranks.push_last(last);
                    model.push(last.stamp);
                }
            }
            assert_eq!(ranks.len(), model.len());
        }
    }
}
