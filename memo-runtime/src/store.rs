//! The records of a cache: exact least-recently-used order, and time to live.
//!
//! A store knows neither keys nor values, and so is compiled once for all caches. It says at which
//! *place* something is filed under which hash; what is there, its caller keeps in a list of its own
//! under the same numbers. It never compares keys: its caller does, outside the lock, and says which
//! place is meant. Records are linked into two lists, by recency and by age, through the numbers of
//! their neighbours, so that no list allocates and nothing is left behind when a record goes.

use crate::clock::Time;
use hashbrown::HashTable;
use std::time::Duration;

/// What a store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most entries held; `None` is unbounded.
    pub(crate) maxsize: Option<usize>,
    /// How long an entry answers.
    pub(crate) ttl: Option<Duration>,
}

/// The number of a record.
pub(crate) type Place = u32;

const NOWHERE: Place = Place::MAX;

/// One thing that is stored.
#[derive(Debug, Clone, Copy)]
struct Record {
    hash: u64,
    /// Tells this record from all others there have been; 0 when the place is vacant.
    birth: u64,
    deadline: Time,
    /// Whether another was filed under the very same hash when this one came.
    crowded: bool,
    links: [Links; 2],
}

#[derive(Debug, Clone, Copy)]
struct Links {
    before: Place,
    after: Place,
}

const VACANT: Record = Record {
    hash: 0,
    birth: 0,
    deadline: Time::FOREVER,
    crowded: false,
    links: [Links { before: NOWHERE, after: NOWHERE }; 2],
};

/// Which of its two lists a record is linked into.
#[derive(Debug, Clone, Copy)]
enum By {
    Recency = 0,
    Age = 1,
}

/// The ends of a list: `first` is the least recent one, or the oldest.
#[derive(Debug, Clone, Copy)]
struct Ends {
    first: Place,
    last: Place,
}

const EMPTY: Ends = Ends { first: NOWHERE, last: NOWHERE };

/// Records by hash, by recency and by age.
#[derive(Debug)]
pub(crate) struct Store {
    records: Vec<Record>,
    vacant: Vec<Place>,
    filed: HashTable<Place>,
    ends: [Ends; 2],
    /// How many records are `crowded`.
    crowded: usize,
    limits: Limits,
}

/// What became of something that was to be stored, and who had to go for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    At(Place),
    /// The place of the one that was evicted.
    Evicting(Place),
    /// The limits allow nothing at all.
    Refused,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            records: Vec::new(),
            vacant: Vec::new(),
            filed: HashTable::new(),
            ends: [EMPTY; 2],
            crowded: 0,
            limits,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.filed.len()
    }

    /// All records, the most recently used first, or the most recently stored where there is no limit.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> {
        let known = |place| Some(place).filter(|place| *place != NOWHERE);
        let last = known(self.ends[By::Recency as usize].last);
        std::iter::successors(last, move |place| {
            known(self.record(*place).links[By::Recency as usize].before)
        })
    }

    /// The records filed under `hash`.
    pub(crate) fn filed(&self, hash: u64) -> impl Iterator<Item = Place> {
        let filed = self.filed.iter_hash(hash).copied();
        filed.filter(move |place| self.record(*place).hash == hash)
    }

    /// The record filed under `hash`, if there is no other.
    #[inline]
    pub(crate) fn only(&self, hash: u64) -> Option<Place> {
        if self.crowded > 0 {
            return None;
        }
        self.filed.find(hash, |place| self.record(*place).hash == hash).copied()
    }

    /// What tells the record at `place` from all others.
    #[inline]
    pub(crate) fn birth(&self, place: Place) -> u64 {
        self.record(place).birth
    }

    /// Makes a record the most recently used one, if it is still the one that was born then.
    #[inline]
    pub(crate) fn touch(&mut self, place: Place, birth: u64) -> bool {
        let is_there = self.records.get(place as usize).is_some_and(|it| it.birth == birth);
        if is_there && self.limits.maxsize.is_some() && self.ends[0].last != place {
            self.unlink(By::Recency, place);
            self.link(By::Recency, place);
        }
        is_there
    }

    /// Files something as the most recently used.
    pub(crate) fn insert(&mut self, hash: u64, birth: u64, now: Time) -> Inserted {
        let Limits { maxsize, ttl } = self.limits;
        let is_full = maxsize.is_some_and(|maxsize| self.len() >= maxsize);
        if maxsize == Some(0) || ttl == Some(Duration::ZERO) || self.len() >= NOWHERE as usize {
            return Inserted::Refused;
        }
        let evicted = is_full.then(|| self.ends[By::Recency as usize].first);
        if let Some(place) = evicted {
            self.remove(place);
        }
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.records.push(VACANT);
            Place::try_from(self.records.len() - 1).unwrap_or(NOWHERE)
        });
        let crowded = self.filed(hash).next().is_some();
        self.crowded += usize::from(crowded);
        let deadline = ttl.map_or(Time::FOREVER, |ttl| now.after(ttl));
        self.records[place as usize] = Record { hash, birth, deadline, crowded, ..VACANT };
        let Self { filed, records, .. } = self;
        filed.insert_unique(hash, place, |place| records[*place as usize].hash);
        self.link(By::Recency, place);
        if deadline != Time::FOREVER {
            self.link(By::Age, place);
        }
        // The place that was vacated last is the one that is taken.
        if evicted.is_some() { Inserted::Evicting(place) } else { Inserted::At(place) }
    }

    pub(crate) fn remove(&mut self, place: Place) {
        let Record { hash, crowded, deadline, .. } = *self.record(place);
        if let Ok(filed) = self.filed.find_entry(hash, |it| *it == place) {
            filed.remove();
        }
        self.unlink(By::Recency, place);
        if deadline != Time::FOREVER {
            self.unlink(By::Age, place);
        }
        self.crowded -= usize::from(crowded);
        self.records[place as usize] = VACANT;
        self.vacant.push(place);
    }

    /// Whether there is a record whose time has passed.
    #[inline]
    pub(crate) fn has_expired(&self, now: Time) -> bool {
        let oldest = self.ends[By::Age as usize].first;
        oldest != NOWHERE && self.record(oldest).deadline <= now
    }

    /// Takes out at most `most` records whose time has passed, all of equal lives being in the order
    /// of their deadlines.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<Place> {
        let mut expired = Vec::new();
        while self.has_expired(now) && expired.len() < most {
            let oldest = self.ends[By::Age as usize].first;
            self.remove(oldest);
            expired.push(oldest);
        }
        expired
    }

    /// Empties the store.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.limits))
    }

    /// Gives back what a long gone crowd has left: renumbers the records if most places are vacant.
    /// The records are then at the places 0, 1, 2, .. in the order returned.
    pub(crate) fn compact(&mut self) -> Option<Vec<Place>> {
        const SLACK: usize = 64;
        if self.records.len() <= 4 * self.len() + SLACK {
            return None;
        }
        let is_there = |place: &Place| self.record(*place).birth != 0;
        let order: Vec<Place> = (0..).take(self.records.len()).filter(is_there).collect();
        let mut renumbered = vec![NOWHERE; self.records.len()];
        for (new, old) in (0..).zip(&order) {
            renumbered[*old as usize] = new;
        }
        let new = |old: Place| renumbered.get(old as usize).copied().unwrap_or(NOWHERE);
        let links = |old: Links| Links { before: new(old.before), after: new(old.after) };
        self.records = order
            .iter()
            .map(|old| self.record(*old))
            .map(|record| Record { links: record.links.map(links), ..*record })
            .collect();
        self.ends =
            self.ends.map(|Ends { first, last }| Ends { first: new(first), last: new(last) });
        self.vacant = Vec::new();
        let Self { filed, records, .. } = self;
        let hash = |place: &Place| records[*place as usize].hash;
        filed.clear();
        filed.shrink_to(order.len(), hash);
        (0..).take(order.len()).for_each(|place| {
            filed.insert_unique(hash(&place), place, hash);
        });
        Some(order)
    }

    #[inline]
    fn record(&self, place: Place) -> &Record {
        &self.records[place as usize]
    }

    /// Puts a record at the end of a list.
    #[inline]
    fn link(&mut self, by: By, place: Place) {
        let list = by as usize;
        let before = std::mem::replace(&mut self.ends[list].last, place);
        self.records[place as usize].links[list] = Links { before, after: NOWHERE };
        match before {
            NOWHERE => self.ends[list].first = place,
            before => self.records[before as usize].links[list].after = place,
        }
    }

    #[inline]
    fn unlink(&mut self, by: By, place: Place) {
        let list = by as usize;
        let Links { before, after } = self.record(place).links[list];
        match before {
            NOWHERE => self.ends[list].first = after,
            before => self.records[before as usize].links[list].after = after,
        }
        match after {
            NOWHERE => self.ends[list].last = before,
            after => self.records[after as usize].links[list].before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn store(maxsize: Option<usize>, ttl: Option<u64>) -> Store {
        Store::new(Limits { maxsize, ttl: ttl.map(Duration::from_nanos) })
    }

    fn at(nanos: u64) -> Time {
        Time::ORIGIN.after(Duration::from_nanos(nanos))
    }

    /// The births of all records, the most recently used first.
    fn births(store: &Store) -> Vec<u64> {
        store.iter().map(|place| store.birth(place)).collect()
    }

    #[test]
    fn records_of_one_hash_live_side_by_side() {
        let mut store = store(Some(3), None);
        for birth in [1, 2, 3] {
            assert!(matches!(store.insert(7, birth, at(0)), Inserted::At(_)));
        }
        assert_eq!(store.only(7), None);
        let first = store.filed(7).find(|place| store.birth(*place) == 1).unwrap();
        store.remove(first);
        assert_eq!(births(&store), [3, 2]);
        store.insert(7, 4, at(0));
        let second = store.filed(7).find(|place| store.birth(*place) == 2).unwrap();
        assert!(store.touch(second, 2));
        assert!(matches!(store.insert(7, 5, at(0)), Inserted::Evicting(_)));
        assert_eq!(births(&store), [5, 2, 4]);
    }

    #[test]
    fn a_record_expires_at_its_deadline_and_not_before() {
        let mut store = store(None, Some(10));
        let Inserted::At(first) = store.insert(1, 1, at(0)) else { panic!() };
        let Inserted::At(second) = store.insert(2, 2, at(5)) else { panic!() };
        assert_eq!(store.expire(at(9), 9), []);
        assert_eq!(store.expire(at(10), 9), [first]);
        assert_eq!(store.expire(at(20), 9), [second]);
    }

    #[test]
    fn a_record_is_not_touched_in_the_place_of_its_predecessor() {
        let mut store = store(Some(2), None);
        let Inserted::At(place) = store.insert(1, 1, at(0)) else { panic!() };
        store.remove(place);
        assert_eq!(store.insert(2, 2, at(0)), Inserted::At(place));
        store.insert(3, 3, at(0));
        assert!(!store.touch(place, 1));
        assert_eq!(births(&store), [3, 2]);
    }

    #[test]
    fn compaction_keeps_both_orders() {
        let mut store = store(None, Some(1000));
        for birth in 1..=1000 {
            store.insert(birth % 70, birth, at(birth));
        }
        let gone: Vec<_> =
            (0..1000).filter(|place| !store.birth(*place).is_multiple_of(100)).collect();
        for place in gone {
            store.remove(place);
        }
        let order = store.compact().expect("most places are vacant");
        assert_eq!((order.len(), store.records.len()), (10, 10));
        assert_eq!(births(&store), [1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]);
        assert_eq!(store.filed(30).map(|place| store.birth(place)).max(), Some(800));
        let expired = store.expire(at(1400), 99);
        assert_eq!((expired.len(), births(&store).len()), (4, 6));
        assert_eq!(store.compact(), None);
    }

    /// Any sequence of doings, beside a list of births in the order of recency.
    #[test]
    fn recency_is_that_of_a_list() {
        let mut store = store(Some(5), None);
        let mut model: VecDeque<(u64, u64)> = VecDeque::new();
        let mut random = 1_u64;
        for birth in 1..if cfg!(miri) { 300 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(birth);
            let hash = (random >> 33) % 8;
            let found = store.filed(hash).next();
            match (random >> 40) % 4 {
                0 => {
                    if model.len() == 5 {
                        model.pop_back();
                    }
                    model.push_front((birth, hash));
                    store.insert(hash, birth, at(0));
                }
                1 => found.into_iter().for_each(|place| {
                    model.retain(|known| known.0 != store.birth(place));
                    store.remove(place);
                }),
                _ => found.into_iter().for_each(|place| {
                    let touched = (store.birth(place), hash);
                    model.retain(|known| *known != touched);
                    model.push_front(touched);
                    store.touch(place, touched.0);
                }),
            }
            assert!(store.iter().map(|place| store.birth(place)).eq(model.iter().map(|it| it.0)));
            assert_eq!(
                store.crowded == 0,
                (0..8).all(|hash| {
                    store.filed(hash).filter(|place| store.record(*place).crowded).count() == 0
                })
            );
        }
    }
}
