//! What was used least recently, found when somebody asks.
//!
//! Keeping a list in order on every hit would make hits write where others read. So a hit leaves a stamp
//! in its entry and no more, and stamps only grow. Here is a heap of the stamps as they were when somebody
//! last looked: the least of them that is still right is the least of all. Whatever is found out of date
//! on the way is put right, which each hit can cause once at most.

use crate::table::Place;

/// Records by the stamps they were last known to have, the least first: a heap of four branches, so
/// that the children of an item share a cache line.
#[derive(Debug, Default)]
pub(crate) struct Ranks(Vec<Rank>);

/// A record, and its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) stamp: u64,
    pub(crate) place: Place,
}

impl Ranks {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn first(&self) -> Option<Rank> {
        self.0.first().copied()
    }

    pub(crate) fn push(&mut self, rank: Rank) {
        self.0.push(rank);
        let mut at = self.0.len() - 1;
        while at > 0 {
            let above = (at - 1) / 4;
            if self.0[above].stamp <= rank.stamp {
                break;
            }
            self.0[at] = self.0[above];
            at = above;
        }
        self.0[at] = rank;
    }

    /// Puts `rank` where the first was.
    pub(crate) fn replace_first(&mut self, rank: Rank) {
        let ranks = &mut self.0[..];
        let mut at = 0;
        loop {
            let below = 4 * at + 1;
            let children = &ranks[below.min(ranks.len())..(below + 4).min(ranks.len())];
            let Some((least, child)) = (below..).zip(children).min_by_key(|(_, it)| it.stamp)
            else {
                break;
            };
            if child.stamp >= rank.stamp {
                break;
            }
            ranks[at] = *child;
            at = least;
        }
        ranks[at] = rank;
    }

    pub(crate) fn pop_first(&mut self) {
        if let Some(last) = self.0.pop()
            && !self.0.is_empty()
        {
            self.replace_first(last);
        }
    }

    /// Starts again with these.
    pub(crate) fn rebuild(&mut self, ranks: impl Iterator<Item = Rank>) {
        let mut ranks: Vec<_> = ranks.collect();
        ranks.sort_unstable_by_key(|rank| rank.stamp);
        self.0 = ranks;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_comes_first_whatever_was_put_in() {
        let mut ranks = Ranks::default();
        let mut model = Vec::new();
        let mut random = 1_u64;
        for place in 0..if cfg!(miri) { 300 } else { 10_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let rank = Rank { stamp: random >> 50, place };
            match (random >> 10) % 4 {
                0 if !model.is_empty() => {
                    ranks.pop_first();
                    model.pop();
                }
                1 if !model.is_empty() => {
                    ranks.replace_first(rank);
                    model.pop();
                    model.push(rank.stamp);
                }
                _ => {
                    ranks.push(rank);
                    model.push(rank.stamp);
                }
            }
            model.sort_by_key(|stamp| std::cmp::Reverse(*stamp));
            assert_eq!(ranks.first().map(|it| it.stamp), model.last().copied());
            assert_eq!(ranks.len(), model.len());
        }
    }
}
