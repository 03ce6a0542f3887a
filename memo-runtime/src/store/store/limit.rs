//! The limit of a store, and the evictions that keep it.

use super::{Store, TakenOut};
use crate::base::clock::Time;
use crate::base::small_list::SmallList;
use crate::entry::header::Stamp;
use crate::store::cause::EvictionCause;
use crate::store::eviction::{Eviction, Touch};
use crate::store::table::prefetch;

impl Store {
    /// The trace that a hit has to leave in its entry.
    pub(crate) fn touch(&self) -> Touch {
        if self.is_ranked { self.policy.touch() } else { Touch::None }
    }

    /// The most entries held; `None` is unbounded.
    pub(crate) fn maxsize(&self) -> Option<usize> {
        self.maxsize
    }

    /// Whether there is no `maxsize`, and never was one.
    pub(in crate::store) fn is_unlimited(&self) -> bool {
        !self.is_ranked
    }

    /// Takes out the entry to evict next. Returns whether there is one.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn evict(&mut self, now: Time, stamp: Stamp, out: &mut SmallList<TakenOut>) -> bool {
        let Some(victim) = self.policy.victim(stamp) else { return false };
        let cause = self.cause(victim, now, EvictionCause::Size);
        self.freshness.removed(victim);
        self.unfile_stored(victim);
        out.push((victim, cause));
        self.prefetch_victims();
        true
    }

    /// Moves the limit towards `maxsize`, as far as that evicts at most `most` entries. `stamp` is later than all
    /// others. `out` receives the entries that had to go. Returns whether the limit is `maxsize` now.
    pub(crate) fn set_maxsize(
        &mut self,
        maxsize: Option<usize>,
        most: usize,
        now: Time,
        stamp: Stamp,
        out: &mut SmallList<TakenOut>,
    ) -> bool {
        if maxsize.is_some() && !self.is_ranked {
            self.rank_stored();
        }
        let limit = maxsize.map(|maxsize| maxsize.max(self.stored.saturating_sub(most)));
        while limit.is_some_and(|limit| self.stored > limit) && self.evict(now, stamp, out) {}
        self.maxsize = limit;
        self.refuses = limit == Some(0) || self.freshness.refuses();
        limit == maxsize
    }

    /// Has the policy rank what was stored without a limit, in the order in which it was stored.
    fn rank_stored(&mut self) {
        let mut stored = Vec::with_capacity(self.stored);
        self.for_each(|entry| stored.push(entry));
        stored.sort_unstable_by_key(|entry| entry.rank());
        for entry in stored {
            self.policy.insert(entry);
        }
        self.is_ranked = true;
    }

    /// Has the processor fetch the bucket and the entry that the next evictions need. They were used long ago, and are
    /// far away in memory.
    fn prefetch_victims(&self) {
        let [first, second] = self.policy.likely_victims();
        if let (Some(first), Some(buckets)) = (first, self.buckets()) {
            buckets.prefetch(first.hash());
        }
        if let Some(second) = second {
            prefetch(second.as_ptr());
        }
    }
}
