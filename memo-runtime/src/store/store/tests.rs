use super::*;
use crate::base::sync::Ordering::Relaxed;
use crate::entry::entry::EntryPtr;
use crate::key::hash::SEEN;
use crate::scope::runners::Runner;
use crate::scope::scope::Thread;
use crate::store::eviction::Touch;
use std::collections::BTreeMap;
use std::time::Duration;

fn limits(maxsize: Option<usize>, ttl: Option<u64>) -> Limits {
    let lives = ttl.map_or(Lives::Endless, |ttl| Lives::Equal(Duration::from_nanos(ttl)));
    Limits { maxsize, lives }
}

fn store(maxsize: Option<usize>, ttl: Option<u64>) -> Store {
    Store::new(limits(maxsize, ttl))
}

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

/// The owners of all entries of a test.
#[derive(Default)]
struct Entries(Vec<EntryPtr<Thread>>);

impl Drop for Entries {
    fn drop(&mut self) {
        self.0.iter().for_each(|entry| entry.unfile());
    }
}

impl Entries {
    /// Files an entry that is under way.
    fn start(&mut self, store: &mut Store, hash: u64, generation: u64) -> EntryRef {
        let owner = EntryPtr::without_key(hash | SEEN);
        let entry = owner.entry_ref();
        self.0.push(owner);
        let flying = Flying { owner: Runner::current_thread(), joinable: true, invalidated: false };
        store.start(entry, generation, flying);
        entry
    }

    /// Stores an entry. Returns it and what had to go for it.
    fn store(
        &mut self,
        store: &mut Store,
        hash: u64,
        now: u64,
        stamp: u64,
    ) -> (EntryRef, Vec<TakenOut>) {
        let entry = self.start(store, hash, stamp);
        let mut out = SmallList::new();
        store.store(entry, at(now), None, stamp, &mut out);
        entry.stamp.store(stamp, Relaxed);
        (entry, out.into_iter().collect())
    }
}

fn expire(store: &mut Store, now: u64) -> Vec<TakenOut> {
    let mut out = SmallList::new();
    store.expire(at(now), 9, &mut out);
    out.into_iter().collect()
}

fn generations(entries: impl Iterator<Item = EntryRef>) -> Vec<u64> {
    let mut generations: Vec<_> = entries.map(|entry| entry.generation()).collect();
    generations.sort_unstable();
    generations
}

#[test]
fn entries_of_one_hash_live_side_by_side() {
    let (mut store, mut entries) = (store(Some(3), None), Entries::default());
    let [_, second, _] = [1, 2, 3].map(|stamp| entries.store(&mut store, 7, 0, stamp).0);
    store.remove(second, at(0), EvictionCause::Removed);
    let mut filed = Vec::new();
    store.filed(7 | SEEN, |entry| filed.push(entry));
    assert_eq!(generations(filed.into_iter()), [1, 3]);
}

#[test]
fn an_entry_expires_at_its_deadline_and_not_before() {
    let (mut store, mut entries) = (store(None, Some(10)), Entries::default());
    let [first, second] = [0, 5].map(|now| entries.store(&mut store, now, now, now + 1).0);
    assert_eq!(store.next_deadline(), at(10));
    assert_eq!(expire(&mut store, 9), []);
    assert_eq!(expire(&mut store, 10), [(first, EvictionCause::Expired)]);
    assert_eq!(expire(&mut store, 20), [(second, EvictionCause::Expired)]);
    assert_eq!(store.next_deadline(), Time::FOREVER);
}

#[test]
fn each_way_out_of_the_store_has_its_cause() {
    let (mut store, mut entries) = (store(Some(2), Some(10)), Entries::default());
    let [first, second] = [1, 2].map(|now| entries.store(&mut store, now, now, now).0);
    let (third, out) = entries.store(&mut store, 3, 3, 3);
    assert_eq!(out, [(first, EvictionCause::Size)]);
    assert_eq!(store.remove(third, at(4), EvictionCause::Replaced), EvictionCause::Replaced);
    let (fourth, out) = entries.store(&mut store, 4, 4, 4);
    assert_eq!(out, []);
    let (fifth, out) = entries.store(&mut store, 5, 12, 5);
    assert_eq!(out, [(second, EvictionCause::Expired)], "its deadline has passed");
    assert_eq!(store.remove(fourth, at(14), EvictionCause::Removed), EvictionCause::Expired);
    assert!(store.clear().eq([(fifth, EvictionCause::Cleared)]));
}

#[test]
fn an_entry_that_is_used_all_the_time_does_not_keep_others_from_being_evicted() {
    let (mut store, mut entries) = (store(Some(3), None), Entries::default());
    for stamp in 1..10 {
        entries.store(&mut store, stamp, 0, stamp);
        // Later than the stamps of all entries that are stored next.
        entries.0.iter().for_each(|entry| entry.stamp.store(100 * stamp, Relaxed));
        assert!(store.len() <= 3);
    }
}

#[test]
fn a_hit_leaves_what_the_policy_asks_for() {
    assert_eq!(store(Some(3), None).touch(), Touch::Stamp);
    assert_eq!(store(None, None).touch(), Touch::None);
    let fifo = Store::with_policy(limits(Some(3), None), EvictionPolicy::fifo());
    assert_eq!(fifo.touch(), Touch::None);
}

#[test]
fn a_clear_keeps_and_invalidates_what_is_under_way() {
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
    assert_eq!(store.clear().count(), 45);
    assert_eq!((store.len(), store.flying()), (0, 5));
    for generation in flying {
        let mut invalidated = false;
        store.filed(generation | SEEN, |entry| {
            invalidated = entry.flying().is_some_and(|it| it.invalidated);
        });
        assert!(invalidated);
    }
    assert_eq!(store.next_deadline(), Time::FOREVER);
}

/// Runs a random sequence of steps, and compares the store with a map of its entries by generation.
fn matches_a_model(
    policy: EvictionPolicy,
    victim: impl Fn(&BTreeMap<u64, EntryRef>) -> Option<EntryRef>,
) {
    const TTL: u64 = 5000;
    const MAXSIZE: usize = if cfg!(miri) { 20 } else { 200 };
    let mut store = Store::with_policy(limits(Some(MAXSIZE), Some(TTL)), policy);
    let mut entries = Entries::default();
    let mut model: BTreeMap<u64, EntryRef> = BTreeMap::new();
    let (mut random, mut evicted) = (1_u64, 0);
    for generation in 1..if cfg!(miri) { 120 } else { 20_000 } {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(generation);
        let stamp = 10 * generation;
        for expired in expire(&mut store, stamp) {
            let (oldest, entry) = model.pop_first().unwrap();
            assert!(oldest * 10 + TTL <= stamp);
            assert_eq!((entry, EvictionCause::Expired), expired);
        }
        let grows = (generation / 300) % 2 == 0;
        if random >> 40 & 3 != 0 && grows {
            let expected = victim(&model).filter(|_| model.len() == MAXSIZE);
            let entry = entries.start(&mut store, random >> 56, generation);
            let mut out = SmallList::new();
            store.store(entry, at(stamp), None, stamp, &mut out);
            assert!(out.iter().copied().eq(expected.map(|victim| (victim, EvictionCause::Size))));
            for (victim, _) in out {
                model.remove(&victim.generation());
                evicted += 1;
            }
            entry.stamp.store(stamp, Relaxed);
            model.insert(generation, entry);
        } else if let Some(entry) = model.values().nth((random >> 32) as usize % MAXSIZE) {
            if random >> 60 & 1 == 0 {
                entry.stamp.store(stamp, Relaxed);
            } else {
                assert_eq!(
                    store.remove(*entry, at(stamp), EvictionCause::Removed),
                    EvictionCause::Removed
                );
                model.remove(&entry.generation());
            }
        }
        if random >> 20 & 0xFFF == 1 {
            assert_eq!(store.clear().count(), model.len());
            model.clear();
        }
        let mut stored = Vec::new();
        store.for_each(|entry| stored.push(entry));
        assert!(generations(stored.into_iter()).into_iter().eq(model.keys().copied()));
        assert_eq!(store.next_deadline() == Time::FOREVER, model.is_empty());
        #[cfg(debug_assertions)]
        if generation % 64 == 0 {
            store.check();
        }
    }
    assert!(evicted > 0);
}

#[test]
fn the_least_recently_used_entry_is_evicted_and_the_oldest_expires() {
    matches_a_model(EvictionPolicy::default(), |model| {
        model.values().min_by_key(|entry| entry.stamp.load(Relaxed)).copied()
    });
}

#[test]
fn another_policy_evicts_the_first_that_came_in() {
    matches_a_model(EvictionPolicy::fifo(), |model| {
        model.first_key_value().map(|(_, entry)| *entry)
    });
}

/// Lives of any length, beside a plain list of entries and their deadlines.
#[test]
fn an_entry_with_a_life_of_its_own_expires_at_the_end_of_it() {
    const MAXSIZE: usize = if cfg!(miri) { 20 } else { 200 };
    let mut store = Store::new(Limits { maxsize: Some(MAXSIZE), lives: Lives::Differing(None) });
    let mut entries = Entries::default();
    let mut model: BTreeMap<u64, (EntryRef, Time)> = BTreeMap::new();
    let (mut random, mut now, mut causes) = (1_u64, at(1 << 30), [0; 4]);
    for generation in 1..if cfg!(miri) { 150 } else { 20_000 } {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(generation);
        if (random >> 44) % 16 == 0 {
            // Over many moments at once, now and then.
            now = now.after(Duration::from_nanos((random >> 24 & 0xF_FFFF) >> (random >> 50 & 15)));
        }
        let mut out = SmallList::new();
        store.expire(now, 16, &mut out);
        if random >> 40 & 3 != 0 {
            let length = match random >> 56 & 7 {
                0 => Duration::MAX,
                1 => Duration::from_nanos(1),
                _ => Duration::from_nanos((random >> 20 & 0x3F_FFFF) >> (random >> 51 & 15)),
            };
            let entry = entries.start(&mut store, random >> 56, generation);
            let life = Life { length, ..Life::ENDLESS };
            store.store(entry, now, Some(&life), generation, &mut out);
            entry.stamp.store(generation, Relaxed);
            model.insert(generation, (entry, now.after(length)));
        } else if let Some((entry, deadline)) =
            model.values().nth((random >> 32) as usize % MAXSIZE)
        {
            if entry.is_stored() {
                let cause = store.remove(*entry, now, EvictionCause::Removed);
                assert_eq!(cause == EvictionCause::Expired, deadline.has_passed(now));
                out.push((*entry, cause));
            }
        }
        for (entry, cause) in out {
            let (_, deadline) = model.remove(&entry.generation()).expect("it was stored");
            // An entry of the right age never goes as expired, and one that is too old goes as nothing else.
            assert_eq!(cause == EvictionCause::Expired, deadline.has_passed(now));
            causes[cause as usize] += 1;
        }
        let expired = model.values().filter(|(_, deadline)| deadline.has_passed(now)).count();
        assert_eq!((store.len(), store.count_expired(now)), (model.len(), expired));
        assert!(expired == 0 || store.next_deadline().has_passed(now), "they are due");
        if random >> 20 & 0xFFF == 1 {
            assert_eq!(store.clear().count(), model.len());
            model.clear();
        }
        #[cfg(debug_assertions)]
        if generation % 64 == 0 {
            store.check();
        }
    }
    let [size, expired, removed, _] = causes;
    assert!(size > 0 && expired > 0 && removed > 0, "{causes:?}");
}

#[test]
fn an_entry_whose_store_lets_the_table_shrink_stays_filed() {
    const FLIGHTS: u64 = 300;
    let (mut store, mut entries) = (store(Some(1), Some(1000)), Entries::default());
    let flying: Vec<_> =
        (1..=FLIGHTS).map(|generation| entries.start(&mut store, generation, generation)).collect();
    for (entry, stamp) in flying.into_iter().zip(1..) {
        let mut out = SmallList::new();
        store.store(entry, at(0), None, stamp, &mut out);
        entry.stamp.store(stamp, Relaxed);
        let mut is_filed = false;
        store.filed(entry.hash(), |filed| is_filed |= filed == entry);
        assert!(is_filed, "entry {stamp} is in the table");
        assert_eq!(out.iter().count(), usize::from(stamp > 1));
    }
}
