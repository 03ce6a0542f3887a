//! A check of debug builds: the parts of a store agree.

use super::Store;
use crate::entry::entry_ref::FaceRef;
use crate::store::eviction::Eviction;
use crate::store::table::Buckets;

impl Store {
    /// Checks that the table, the policy, the freshness, the flights and the tags agree.
    pub(crate) fn check(&self) {
        if self.compact.is_some() {
            return self.check_compact();
        }
        let (mut stored, mut flying) = (0, 0);
        if let Some(buckets) = self.buckets() {
            buckets.for_all(|face| {
                let entry = self.whole(face);
                assert!(entry.is_stored() != entry.is_flying(), "an entry is in one state");
                assert_eq!(buckets.find(face.hash(), |it| (it == face).then_some(())), Some(()));
                stored += usize::from(entry.is_stored());
                flying += usize::from(entry.is_flying());
            });
        }
        assert_eq!((stored, flying), (self.stored, self.flying.len()), "the table is counted");
        assert_eq!(self.filed, self.stored + self.flying.len());
        for (entry, slot) in self.flying.iter().zip(0..) {
            assert!(entry.is_flying() && entry.slot() == slot);
        }
        assert!(self.maxsize.is_none_or(|maxsize| self.stored <= maxsize));
        if self.is_ranked {
            self.policy.check(self.stored, &|entry| entry.is_stored());
        }
        self.freshness.check(self.stored, |entry| entry.is_stored());
        self.tags.check(|entry| {
            let is_it = |it: FaceRef| (it == entry.face()).then_some(());
            let find = |buckets: Buckets<'_>| buckets.find(entry.hash(), is_it);
            self.buckets().and_then(find).is_some()
        });
    }
}
