//! What is stored, by hash, by recency and by age, and what is being computed.
//!
//! A store knows neither keys nor values, and so is compiled once for all caches. It never compares
//! keys: its caller does, outside the lock, and says which entry is meant.
//!
//! It owns the entries that are stored. One that is computed is filed too, so that others find it, but
//! owned by the run that computes it.

use crate::base::clock::Time;
use crate::entry::header::{EntryRef, Flying, corrupted};
use crate::store::freshness::ExpiryQueue;
use crate::store::lru::LruQueue;
use crate::store::table::{Buckets, OwnedTable, Table, prefetch};
use std::time::Duration;

/// What a store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most entries held; `None` is unbounded.
    pub(crate) maxsize: Option<usize>,
    /// How long an entry answers.
    pub(crate) ttl: Option<Duration>,
}

/// Entries by hash, by recency and by age.
#[derive(Debug)]
pub(crate) struct Store {
    table: Option<OwnedTable>,
    /// Tables that have been replaced, and may be read still.
    replaced: Vec<OwnedTable>,
    /// How many entries are in the table, and between which numbers it is kept.
    filed: usize,
    room: usize,
    least: usize,
    stored: usize,
    /// Those under way, each of which knows its position here.
    flying: Vec<EntryRef>,
    /// Kept where there is a limit.
    ranks: LruQueue,
    /// Kept where entries expire.
    ages: ExpiryQueue,
    limits: Limits,
    refuses: bool,
    /// More has expired than was given back. What is large is made smaller after that, and not for the sake
    /// of entries that are about to go.
    is_draining: bool,
}

/// An entry that had to go for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evicted {
    pub(crate) place: EntryRef,
    /// Its time had passed already.
    pub(crate) is_expired: bool,
}

impl Store {
    /// So much room is never worth giving back.
    const SLACK: usize = 64;

    /// A table of so much room has 4 KiB.
    pub(crate) const SMALL: usize = 224;

    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            table: None,
            replaced: Vec::new(),
            filed: 0,
            room: 0,
            least: 0,
            stored: 0,
            flying: Vec::new(),
            ranks: LruQueue::default(),
            ages: ExpiryQueue::default(),
            limits,
            refuses: limits.maxsize == Some(0) || limits.ttl == Some(Duration::ZERO),
            is_draining: false,
        }
    }

    /// How many are stored.
    pub(crate) fn len(&self) -> usize {
        self.stored
    }

    /// How many are stored or under way.
    #[cfg(debug_assertions)]
    pub(crate) fn filed_len(&self) -> usize {
        self.filed
    }

    /// How many of those that are stored have expired by `now`.
    pub(crate) fn expired(&self, now: Time) -> usize {
        self.ages.expired(now).count()
    }

    /// Whether an entry that is stored has expired by `now`.
    pub(crate) fn is_expired(&self, place: EntryRef, now: Time) -> bool {
        self.limits.ttl.is_some() && self.ages.deadline(place).has_passed(now)
    }

    /// How many are under way.
    #[cfg(test)]
    pub(crate) fn flying(&self) -> usize {
        self.flying.len()
    }

    /// The table in use; null if there is none.
    pub(crate) fn table(&self) -> *mut Table {
        self.table.as_ref().map_or(std::ptr::null_mut(), OwnedTable::as_ptr)
    }

    fn buckets(&self) -> Option<Buckets<'_>> {
        self.table.as_ref().map(OwnedTable::buckets)
    }

    /// The tables no longer in use, to be dropped when nobody reads them.
    pub(crate) fn take_replaced(&mut self) -> Vec<OwnedTable> {
        std::mem::take(&mut self.replaced)
    }

    /// Shows `see` all that is stored, in no order.
    pub(crate) fn for_each(&self, mut see: impl FnMut(EntryRef)) {
        if let Some(buckets) = self.buckets() {
            buckets.for_all(|place| {
                if place.is_stored() {
                    see(place);
                }
            });
        }
    }

    /// Shows `see` what is filed under `hash`.
    #[inline]
    pub(crate) fn filed(&self, hash: u64, see: impl FnMut(EntryRef)) {
        if let Some(buckets) = self.buckets() {
            buckets.for_each(hash, see);
        }
    }

    /// Whether nothing is filed under `hash`.
    #[inline]
    pub(crate) fn is_free(&self, hash: u64) -> bool {
        let filed = |place: EntryRef| (place.hash() == hash).then_some(());
        self.buckets().and_then(|buckets| buckets.find(hash, filed)).is_none()
    }

    /// Files a computation under way.
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
    pub(crate) fn start(&mut self, place: EntryRef, generation: u64, flying: Flying) {
        place.start(generation, flying);
        place.set_age(self.flying.len() as u32);
        self.flying.push(place);
        self.filed += 1;
        if self.filed > self.room {
            self.resize_table(self.filed);
        }
        if let Some(buckets) = self.buckets() {
            buckets.insert(place);
        }
    }

    /// Whether anything can be stored at all.
    #[inline]
    pub(crate) fn refuses(&self) -> bool {
        self.refuses
    }

    /// Stores the result of a computation, and owns it then. `stamp` is later than all others. Returns
    /// what had to go for it, which is the caller's.
    pub(crate) fn store(&mut self, place: EntryRef, now: Time, stamp: u64) -> Option<Evicted> {
        let mut evicted = None;
        self.end_flight(place);
        if let Some(maxsize) = self.limits.maxsize {
            if self.stored >= maxsize {
                if let Some(least) = self.ranks.pop_least(stamp) {
                    evicted =
                        Some(Evicted { place: least, is_expired: self.is_expired(least, now) });
                    self.take_ranked(least);
                    self.prefetch_victims();
                }
            }
            self.ranks.push_last(place);
        }
        place.store(stamp);
        if let Some(ttl) = self.limits.ttl {
            self.ages.push_last(now.after(ttl), place);
        }
        self.stored += 1;
        evicted
    }

    /// Takes out what is stored, which is the caller's then, or a computation, which is over.
    pub(crate) fn remove(&mut self, place: EntryRef) {
        if place.is_stored() {
            if self.limits.maxsize.is_some() {
                self.ranks.remove(place);
            }
            self.take_ranked(place);
        } else {
            self.end_flight(place);
            self.unfile(place);
        }
    }

    /// What was under way no longer is.
    fn end_flight(&mut self, place: EntryRef) {
        let at = place.age() as usize;
        if self.flying.get(at) != Some(&place) {
            corrupted("an entry is not among those under way");
        }
        self.flying.swap_remove(at);
        if let Some(moved) = self.flying.get(at) {
            moved.set_age(place.age());
        }
    }

    /// Takes out what is stored, and no longer ranked.
    fn take_ranked(&mut self, place: EntryRef) {
        if self.limits.ttl.is_some() {
            self.ages.remove(place);
        }
        self.stored -= 1;
        self.unfile(place);
    }

    /// Has the processor fetch what the next evictions need, which was used long ago: all of it in advance,
    /// so that none of them waits for what is needed to find the rest.
    fn prefetch_victims(&self) {
        let Some(next) = self.ranks.next() else { return };
        if let Some(buckets) = self.buckets() {
            buckets.prefetch(next.hash());
        }
        if let Some(second) = next.after.get() {
            prefetch(second.as_ptr());
        }
    }

    fn unfile(&mut self, place: EntryRef) {
        if let Some(buckets) = self.buckets() {
            buckets.remove(place);
        }
        place.leave();
        self.filed -= 1;
        self.shrink();
    }

    /// Makes smaller what is much larger than what is in it.
    #[inline]
    fn shrink(&mut self) {
        if self.filed >= self.least || self.is_draining {
            return;
        }
        self.ages.shrink();
        if self.limits.ttl.is_some() {
            self.rebuild_table();
        } else {
            self.resize_table(self.filed);
        }
    }

    /// When the next entry expires.
    pub(crate) fn next_deadline(&self) -> Time {
        self.ages.next().map_or(Time::FOREVER, |it| it.0)
    }

    /// Takes out at most `most` entries whose time has passed.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<EntryRef> {
        let mut expired = Vec::new();
        let next = |ages: &ExpiryQueue| ages.expired(now).next();
        self.is_draining = true;
        while let Some(place) = next(&self.ages).filter(|_| expired.len() < most) {
            self.remove(place);
            expired.push(place);
        }
        self.is_draining = next(&self.ages).is_some();
        self.shrink();
        expired
    }

    /// Takes out all that is stored, and outdates what is under way.
    pub(crate) fn clear(&mut self) -> Vec<EntryRef> {
        let Some(table) = &self.table else { return Vec::new() };
        let mut stored = Vec::with_capacity(self.stored);
        table.buckets().for_all(|place| {
            if place.is_stored() {
                stored.push(place);
            }
        });
        (self.ranks, self.ages) = (LruQueue::default(), ExpiryQueue::default());
        (self.stored, self.filed, self.is_draining) = (0, self.flying.len(), false);
        // What is small is worth more than its room: those that are cleared are filled again.
        if self.room <= Self::SMALL {
            table.buckets().empty();
            for place in &self.flying {
                table.buckets().insert(*place);
            }
        } else {
            self.rebuild_table();
        }
        // Now that nothing leads to them.
        for place in &stored {
            place.leave();
        }
        for place in &self.flying {
            place.invalidate();
        }
        stored
    }

    /// All that is filed goes to another table, of the room that it takes. What is stored has a time to live,
    /// or there is nothing stored. The table in use is not looked through, which may be large.
    #[cold]
    fn rebuild_table(&mut self) {
        let old = self.table.take();
        let (ages, flying) = (std::mem::take(&mut self.ages), std::mem::take(&mut self.flying));
        self.replace_table(self.filed, |buckets| {
            ages.for_each(|place| buckets.insert(place));
            for place in &flying {
                buckets.insert(*place);
            }
        });
        (self.ages, self.flying) = (ages, flying);
        self.replaced.extend(old);
    }

    /// All that is filed goes to a table that has room for so many entries.
    #[cold]
    fn resize_table(&mut self, room: usize) {
        let old = self.table.take();
        self.replace_table(room, |buckets| {
            if let Some(old) = &old {
                old.buckets().move_to(buckets);
            }
        });
        self.replaced.extend(old);
    }

    /// There is another table, of at least so much room, which is to be filled.
    fn replace_table(&mut self, room: usize, fill: impl FnOnce(Buckets<'_>)) {
        self.replaced.extend(self.table.take());
        if room == 0 {
            (self.room, self.least) = (0, 0);
            return;
        }
        let table = OwnedTable::with_room_for(room);
        fill(table.buckets());
        self.room = table.buckets().room();
        self.least = (self.room / 8).saturating_sub(Self::SLACK / 8);
        self.table = Some(table);
    }
}

/// What is checked now and then in debug builds.
#[cfg(debug_assertions)]
impl Store {
    /// All lists hold what the table holds, each entry where it says that it is.
    pub(crate) fn check(&self) {
        let (mut stored, mut flying) = (0, 0);
        if let Some(buckets) = self.buckets() {
            buckets.for_all(|place| {
                assert!(place.is_stored() != place.is_flying(), "an entry is in one state");
                assert_eq!(buckets.find(place.hash(), |it| (it == place).then_some(())), Some(()));
                stored += usize::from(place.is_stored());
                flying += usize::from(place.is_flying());
            });
        }
        assert_eq!((stored, flying), (self.stored, self.flying.len()), "the table is counted");
        assert_eq!(self.filed, self.stored + self.flying.len());
        for (place, age) in self.flying.iter().zip(0..) {
            assert!(place.is_flying() && place.age() == age);
        }
        if let Some(maxsize) = self.limits.maxsize {
            assert!(self.stored <= maxsize);
            self.ranks.check(self.stored, |place| place.is_stored());
        }
        if self.limits.ttl.is_some() {
            self.ages.check(self.stored, |place| place.is_stored());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sync::Ordering::Relaxed;
    use crate::entry::entry::{Entry, EntryPtr};
    use crate::key::hash::SEEN;
    use crate::scope::runners::Runner;
    use crate::scope::scope::Thread;
    use std::collections::BTreeMap;

    fn store(maxsize: Option<usize>, ttl: Option<u64>) -> Store {
        Store::new(Limits { maxsize, ttl: ttl.map(Duration::from_nanos) })
    }

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    /// Entries, dropped in the end.
    #[derive(Default)]
    struct Entries(Vec<EntryPtr<(), u8, Thread>>);

    impl Drop for Entries {
        fn drop(&mut self) {
            self.0.iter().for_each(|entry| entry.leave());
        }
    }

    impl Entries {
        /// Files something that is computed, and not stored yet.
        fn start(&mut self, store: &mut Store, hash: u64, generation: u64) -> EntryRef {
            let entry = Entry::ready(hash | SEEN, (), 0);
            let place = entry.place();
            self.0.push(entry);
            let flying =
                Flying { owner: Runner::current_thread(), joinable: true, invalidated: false };
            store.start(place, generation, flying);
            place
        }

        /// Files something that was computed.
        fn store(&mut self, store: &mut Store, hash: u64, now: u64, stamp: u64) -> EntryRef {
            let place = self.start(store, hash, stamp);
            store.store(place, at(now), stamp);
            place.stamp.store(stamp, Relaxed);
            place
        }
    }

    fn generations(places: impl Iterator<Item = EntryRef>) -> Vec<u64> {
        let mut generations: Vec<_> = places.map(|place| place.generation()).collect();
        generations.sort_unstable();
        generations
    }

    #[test]
    fn entries_of_one_hash_live_side_by_side() {
        let (mut store, mut entries) = (store(Some(3), None), Entries::default());
        let [_, second, _] = [1, 2, 3].map(|stamp| entries.store(&mut store, 7, 0, stamp));
        store.remove(second);
        let mut filed = Vec::new();
        store.filed(7 | SEEN, |place| filed.push(place));
        assert_eq!(generations(filed.into_iter()), [1, 3]);
    }

    #[test]
    fn an_entry_expires_at_its_deadline_and_not_before() {
        let (mut store, mut entries) = (store(None, Some(10)), Entries::default());
        let places = [0, 5].map(|now| entries.store(&mut store, now, now, now + 1));
        assert_eq!(store.next_deadline(), at(10));
        assert_eq!(store.expire(at(9), 9), []);
        assert_eq!(store.expire(at(10), 9), [places[0]]);
        assert_eq!(store.expire(at(20), 9), [places[1]]);
        assert_eq!(store.next_deadline(), Time::FOREVER);
    }

    #[test]
    fn an_entry_that_is_used_all_the_while_does_not_keep_others_from_being_evicted() {
        let (mut store, mut entries) = (store(Some(3), None), Entries::default());
        for stamp in 1..10 {
            entries.store(&mut store, stamp, 0, stamp);
            // Later than anything that is stored next.
            entries.0.iter().for_each(|entry| entry.stamp.store(100 * stamp, Relaxed));
            assert!(store.len() <= 3);
        }
    }

    #[test]
    fn clearing_leaves_what_is_under_way_and_outdates_it() {
        let (mut store, mut entries) = (store(Some(100), Some(1000)), Entries::default());
        let flying = (1..=50).filter(|generation| {
            if generation % 10 > 0 {
                entries.store(&mut store, *generation, *generation, *generation);
            } else {
                entries.start(&mut store, *generation, *generation);
            }
            generation % 10 == 0
        });
        let flying: Vec<_> = flying.collect();
        assert_eq!(store.clear().len(), 45);
        assert_eq!((store.len(), store.flying()), (0, 5));
        for generation in flying {
            let mut invalidated = false;
            store.filed(generation | SEEN, |place| {
                invalidated = place.flying().is_some_and(|it| it.invalidated);
            });
            assert!(invalidated);
        }
        assert_eq!(store.next_deadline(), Time::FOREVER);
    }

    /// Any sequence of doings, beside a map from generations to hashes, stamps and entries.
    #[test]
    fn the_least_recent_is_evicted_and_the_oldest_expires() {
        const TTL: u64 = 5000;
        let (mut store, mut entries) = (store(Some(200), Some(TTL)), Entries::default());
        let mut model: BTreeMap<u64, EntryRef> = BTreeMap::new();
        let mut random = 1_u64;
        for generation in 1..if cfg!(miri) { 120 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(generation);
            let stamp = 10 * generation;
            for expired in store.expire(at(stamp), 9) {
                let (oldest, place) = model.pop_first().unwrap();
                assert!(oldest * 10 + TTL <= stamp);
                assert_eq!(place, expired);
            }
            // Now it grows, now it shrinks.
            if random >> 40 & 3 != 0 && (generation / 300) % 2 == 0 {
                let place = entries.start(&mut store, random >> 56, generation);
                let least = model.values().min_by_key(|place| place.stamp.load(Relaxed)).copied();
                if let Some(Evicted { place: evicted, is_expired }) =
                    store.store(place, at(stamp), stamp)
                {
                    assert_eq!((Some(evicted), is_expired), (least, false));
                    model.remove(&evicted.generation());
                }
                place.stamp.store(stamp, Relaxed);
                model.insert(generation, place);
            } else if let Some(place) = model.values().nth((random >> 32) as usize % 200) {
                if random >> 60 & 1 == 0 {
                    place.stamp.store(stamp, Relaxed);
                } else {
                    store.remove(*place);
                    model.remove(&place.generation());
                }
            }
            let mut stored = Vec::new();
            store.for_each(|place| stored.push(place));
            assert!(generations(stored.into_iter()).into_iter().eq(model.keys().copied()));
            assert_eq!(store.next_deadline() == Time::FOREVER, model.is_empty());
            #[cfg(debug_assertions)]
            if generation % 64 == 0 {
                store.check();
            }
        }
    }
}
