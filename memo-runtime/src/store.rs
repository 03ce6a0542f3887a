//! The records of a cache: what is stored, by recency and age, and what is being computed.
//!
//! A store knows neither keys nor values, and so is compiled once for all caches. It says at which
//! *place* something is filed under which hash; what is there, its caller keeps in a list of its own
//! under the same numbers. It never compares keys: its caller does, outside the lock, and says which
//! place is meant.

use crate::clock::Time;
use crate::party::Party;
use crate::ranks::{Rank, Ranks};
use crate::sync::Arc;
use crate::table::{Place, Table};
use std::time::Duration;

/// What a store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most entries held; `None` is unbounded.
    pub(crate) maxsize: Option<usize>,
    /// How long an entry answers.
    pub(crate) ttl: Option<Duration>,
}

const NOWHERE: Place = Place::MAX;

/// One thing that is stored, or computed.
#[derive(Debug, Clone, Copy)]
struct Record {
    hash: u64,
    /// Tells this record from all others there have been; 0 when the place is vacant.
    birth: u64,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Vacant,
    Flying(Flying),
    Stored {
        deadline: Time,
        /// The stamp in the rank of this record; an entry has the same or a later one.
        stamp: u64,
        older: Place,
        newer: Place,
    },
}

/// What is known of a computation under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flying {
    pub(crate) owner: Party,
    /// Whether callers of an equal key wait for this run.
    pub(crate) joinable: bool,
    /// Its key was removed, or the cache cleared, since it started: its result must not be stored.
    pub(crate) outdated: bool,
}

const VACANT: Record = Record { hash: 0, birth: 0, state: State::Vacant };

/// Records by hash, by recency and by age.
#[derive(Debug)]
pub(crate) struct Store {
    records: Vec<Record>,
    vacant: Vec<Place>,
    table: Option<Arc<Table>>,
    /// Tables that have been replaced, and may be read still.
    replaced: Vec<Arc<Table>>,
    /// Kept where there is a limit.
    ranks: Ranks,
    oldest: Place,
    newest: Place,
    stored: usize,
    limits: Limits,
}

/// What became of something that was to be stored, and who had to go for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Here,
    /// The place of the one that was evicted, and is vacant now.
    Evicting(Place),
    /// The limits allow nothing at all.
    Refused,
}

impl Store {
    /// So much room is never worth giving back.
    const SLACK: usize = 64;

    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            records: Vec::new(),
            vacant: Vec::new(),
            table: None,
            replaced: Vec::new(),
            ranks: Ranks::default(),
            oldest: NOWHERE,
            newest: NOWHERE,
            stored: 0,
            limits,
        }
    }

    /// How many are stored.
    pub(crate) fn len(&self) -> usize {
        self.stored
    }

    /// How many are under way.
    #[cfg(test)]
    pub(crate) fn flying(&self) -> usize {
        self.records.len() - self.vacant.len() - self.stored
    }

    /// The table that those read who do not hold the lock.
    pub(crate) fn table(&self) -> *mut Table {
        self.table.as_ref().map_or(std::ptr::null_mut(), |table| Arc::as_ptr(table).cast_mut())
    }

    pub(crate) fn take_replaced(&mut self) -> Vec<Arc<Table>> {
        std::mem::take(&mut self.replaced)
    }

    /// All that is stored, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> {
        (0..).zip(&self.records).filter(|(_, it)| it.is_stored()).map(|(place, _)| place)
    }

    /// Shows `see` the records filed under `hash`.
    #[inline]
    pub(crate) fn filed(&self, hash: u64, mut see: impl FnMut(Place)) {
        if let Some(table) = &self.table {
            table.for_each(hash, |place| {
                if self.record(place).hash == hash {
                    see(place);
                }
            });
        }
    }

    /// The record filed under `hash` that is the one looked for.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        let mut found = None;
        self.filed(hash, |place| found = found.or(Some(place).filter(|place| is_it(*place))));
        found
    }

    /// What tells the record at `place` from all others.
    pub(crate) fn birth(&self, place: Place) -> u64 {
        self.record(place).birth
    }

    /// What is known of the computation at `place`, unless it is over.
    pub(crate) fn flight(&self, place: Place) -> Option<&Flying> {
        match &self.record(place).state {
            State::Flying(flying) => Some(flying),
            _ => None,
        }
    }

    /// Where the record is that was born then, wherever it may have moved since it was at `place`.
    pub(crate) fn locate(&self, hash: u64, place: Place, birth: u64) -> Option<Place> {
        match self.records.get(place as usize) {
            Some(record) if record.birth == birth => Some(place),
            _ => self.find(hash, |place| self.birth(place) == birth),
        }
    }

    /// Files a computation under way, whose entry is at this address.
    pub(crate) fn start(&mut self, hash: u64, birth: u64, flying: Flying, entry: *mut ()) -> Place {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.records.push(VACANT);
            Place::try_from(self.records.len() - 1).unwrap_or(NOWHERE)
        });
        self.records[place as usize] = Record { hash, birth, state: State::Flying(flying) };
        self.table_with_room().insert(hash, place, entry);
        place
    }

    /// Whether anything can be stored at all.
    pub(crate) fn refuses(&self) -> bool {
        self.limits.maxsize == Some(0) || self.limits.ttl == Some(Duration::ZERO)
    }

    /// Stores the result of a computation. `stamp` is later than all others, and `stamps` are those the
    /// entries have by now.
    pub(crate) fn store(
        &mut self,
        place: Place,
        now: Time,
        stamp: u64,
        stamps: &dyn Fn(Place) -> u64,
    ) -> Stored {
        if self.refuses() {
            return Stored::Refused;
        }
        let deadline = self.limits.ttl.map_or(Time::FOREVER, |ttl| now.after(ttl));
        let is_full = self.limits.maxsize.is_some_and(|maxsize| self.stored >= maxsize);
        let evicted = if is_full { self.least_recent(stamp, stamps) } else { None };
        if let Some(evicted) = evicted {
            self.remove(evicted);
        }
        if self.limits.maxsize.is_some() {
            self.ranks.push_last(Rank { stamp, place });
        }
        let older = if deadline == Time::FOREVER { NOWHERE } else { self.newest };
        self.records[place as usize].state =
            State::Stored { deadline, stamp, older, newer: NOWHERE };
        if deadline != Time::FOREVER {
            self.newest = place;
            self.join(older, place);
        }
        self.stored += 1;
        evicted.map_or(Stored::Here, Stored::Evicting)
    }

    pub(crate) fn remove(&mut self, place: Place) {
        let Record { hash, state, .. } = *self.record(place);
        if let Some(table) = &self.table {
            table.remove(hash, place);
        }
        if let State::Stored { deadline, older, newer, .. } = state {
            self.stored -= 1;
            if deadline != Time::FOREVER {
                self.join(older, newer);
                if newer == NOWHERE {
                    self.newest = older;
                }
            }
        }
        self.records[place as usize] = VACANT;
        self.vacant.push(place);
    }

    /// The result of a computation must not be stored.
    pub(crate) fn outdate(&mut self, place: Place) {
        if let State::Flying(flying) = &mut self.records[place as usize].state {
            flying.outdated = true;
        }
    }

    /// Keeps others from waiting for a computation under way, which is stored still.
    pub(crate) fn depose(&mut self, place: Place) {
        if let State::Flying(flying) = &mut self.records[place as usize].state {
            flying.joinable = false;
        }
    }

    /// When the next entry expires.
    pub(crate) fn next_deadline(&self) -> Time {
        match self.records.get(self.oldest as usize).map(|it| it.state) {
            Some(State::Stored { deadline, .. }) => deadline,
            _ => Time::FOREVER,
        }
    }

    /// Takes out at most `most` records whose time has passed, all of equal lives being in the order
    /// of their deadlines.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<Place> {
        let mut expired = Vec::new();
        while self.next_deadline() <= now && self.oldest != NOWHERE && expired.len() < most {
            expired.push(self.oldest);
            self.remove(self.oldest);
        }
        expired
    }

    /// Takes out all that is stored, and outdates what is under way. The records are then at the places
    /// 0, 1, 2, .. in the order returned.
    pub(crate) fn clear(&mut self) -> Vec<Place> {
        let under_way: Vec<Place> =
            (0..).zip(&self.records).filter(|(_, it)| it.is_flying()).map(|it| it.0).collect();
        for place in &under_way {
            self.outdate(*place);
        }
        self.stored = 0;
        self.renumber(under_way)
    }

    /// Gives back what a long gone crowd has left: renumbers the records if most places are vacant.
    /// The records are then at the places 0, 1, 2, .. in the order returned.
    #[inline]
    pub(crate) fn compact(&mut self) -> Option<Vec<Place>> {
        let is_roomy = self.vacant.len() > self.records.len() / 4 * 3 + Self::SLACK;
        let is_stale = self.ranks.len() > 2 * self.stored + Self::SLACK;
        if is_roomy || is_stale { self.compact_now(is_roomy) } else { None }
    }

    #[cold]
    fn compact_now(&mut self, is_roomy: bool) -> Option<Vec<Place>> {
        if is_roomy {
            let is_there = |(_, it): &(Place, &Record)| it.is_stored() || it.is_flying();
            let order = (0..).zip(&self.records).filter(is_there).map(|it| it.0).collect();
            return Some(self.renumber(order));
        }
        self.rank_anew();
        None
    }

    fn renumber(&mut self, order: Vec<Place>) -> Vec<Place> {
        let mut renumbered = vec![NOWHERE; self.records.len()];
        for (new, old) in (0..).zip(&order) {
            renumbered[*old as usize] = new;
        }
        let new = |old: Place| renumbered.get(old as usize).copied().unwrap_or(NOWHERE);
        let moved = |old: &Place| {
            let mut record = *self.record(*old);
            if let State::Stored { older, newer, .. } = &mut record.state {
                (*older, *newer) = (new(*older), new(*newer));
            }
            record
        };
        let records = order.iter().map(moved).collect();
        (self.oldest, self.newest) = (new(self.oldest), new(self.newest));
        if order.is_empty() {
            self.replaced.extend(self.table.take());
        } else {
            self.replace_table(order.len(), new);
        }
        self.records = records;
        self.vacant = Vec::new();
        self.rank_anew();
        order
    }

    fn rank_anew(&mut self) {
        if self.limits.maxsize.is_some() {
            let ranks = (0..).zip(&self.records).filter_map(|(place, it)| match it.state {
                State::Stored { stamp, .. } => Some(Rank { stamp, place }),
                _ => None,
            });
            self.ranks.rebuild(ranks);
        }
    }

    /// The record that was used least recently, which is no longer ranked then. Stamps after `now` are
    /// as good as `now`: an entry that others use all the while is met twice at most.
    fn least_recent(&mut self, now: u64, stamps: &dyn Fn(Place) -> u64) -> Option<Place> {
        while let Some(Rank { stamp: known, place }) = self.ranks.pop_first() {
            match &mut self.records[place as usize].state {
                State::Stored { stamp, .. } if *stamp == known => {
                    *stamp = stamps(place).min(now);
                    if *stamp == known {
                        return Some(place);
                    }
                    self.ranks.put_back(Rank { stamp: *stamp, place });
                }
                // It was taken out since.
                _ => {}
            }
        }
        None
    }

    fn table_with_room(&mut self) -> &Table {
        let filed = self.records.len() - self.vacant.len();
        if self.table.as_ref().is_none_or(|table| table.room() < filed) {
            self.replace_table(filed, |place| place);
        }
        self.table.as_ref().expect("it was just made")
    }

    fn replace_table(&mut self, room: usize, new: impl Fn(Place) -> Place) {
        let table = Table::with_room_for(room);
        if let Some(old) = self.table.take() {
            for (place, entry) in old.iter().filter(|it| new(it.0) != NOWHERE) {
                table.insert(self.record(place).hash, new(place), entry);
            }
            self.replaced.push(old);
        }
        self.table = Some(Arc::new(table));
    }

    fn record(&self, place: Place) -> &Record {
        &self.records[place as usize]
    }

    /// Makes two records neighbours in age; either may be nowhere.
    fn join(&mut self, left: Place, right: Place) {
        match self.records.get_mut(left as usize).map(|it| &mut it.state) {
            Some(State::Stored { newer, .. }) => *newer = right,
            _ => self.oldest = right,
        }
        if let Some(State::Stored { older, .. }) =
            self.records.get_mut(right as usize).map(|it| &mut it.state)
        {
            *older = left;
        }
    }
}

impl Record {
    fn is_stored(&self) -> bool {
        matches!(self.state, State::Stored { .. })
    }

    fn is_flying(&self) -> bool {
        matches!(self.state, State::Flying(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::collections::BTreeMap;

    fn store(maxsize: Option<usize>, ttl: Option<u64>) -> Store {
        Store::new(Limits { maxsize, ttl: ttl.map(Duration::from_nanos) })
    }

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    /// Files something that is computed, and not stored yet.
    fn start(store: &mut Store, hash: u64, birth: u64) -> Place {
        let flying = Flying { owner: Party::thread(), joinable: true, outdated: false };
        store.start(hash, birth, flying, std::ptr::without_provenance_mut(8))
    }

    fn births(store: &Store, places: impl Iterator<Item = Place>) -> Vec<u64> {
        let mut births: Vec<_> = places.map(|place| store.birth(place)).collect();
        births.sort_unstable();
        births
    }

    #[test]
    fn records_of_one_hash_live_side_by_side() {
        let mut store = store(Some(3), None);
        for birth in [1, 2, 3] {
            let place = start(&mut store, 7, birth);
            assert_eq!(store.store(place, at(0), birth, &|_| 0), Stored::Here);
        }
        let second = store.find(7, |place| store.birth(place) == 2).unwrap();
        store.remove(second);
        let mut filed = Vec::new();
        store.filed(7, |place| filed.push(place));
        assert_eq!(births(&store, filed.into_iter()), [1, 3]);
    }

    #[test]
    fn a_record_expires_at_its_deadline_and_not_before() {
        let mut store = store(None, Some(10));
        let places = [0, 5].map(|now| {
            let place = start(&mut store, now, now + 1);
            store.store(place, at(now), now + 1, &|_| 0);
            place
        });
        assert_eq!(store.next_deadline(), at(10));
        assert_eq!(store.expire(at(9), 9), []);
        assert_eq!(store.expire(at(10), 9), [places[0]]);
        assert_eq!(store.expire(at(20), 9), [places[1]]);
        assert_eq!(store.next_deadline(), Time::FOREVER);
    }

    #[test]
    fn an_entry_that_is_used_all_the_while_does_not_keep_others_from_being_evicted() {
        let mut store = store(Some(3), None);
        let stamps = Cell::new(0);
        for birth in 1..10 {
            let place = start(&mut store, birth, birth);
            store.store(place, at(0), birth, &|_| {
                stamps.set(stamps.get() + 100);
                stamps.get()
            });
            assert!(store.len() <= 3);
        }
    }

    #[test]
    fn clearing_leaves_what_is_under_way_and_outdates_it() {
        let mut store = store(Some(100), Some(1000));
        for birth in 1..=50 {
            let place = start(&mut store, birth, birth);
            if birth % 10 > 0 {
                store.store(place, at(birth), birth, &|_| 0);
            }
        }
        assert_eq!(store.clear().len(), 5);
        assert_eq!((store.len(), store.flying()), (0, 5));
        for birth in [10, 20, 30, 40, 50] {
            let place = store.locate(birth, 77, birth).expect("it is still filed");
            assert!(store.flight(place).unwrap().outdated);
        }
        assert_eq!(store.next_deadline(), Time::FOREVER);
    }

    /// Any sequence of doings, beside a map from births to hashes and stamps.
    #[test]
    fn the_least_recent_is_evicted_and_renumbering_changes_nothing() {
        let mut store = store(Some(200), None);
        let mut model: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        let mut random = 1_u64;
        for birth in 1..if cfg!(miri) { 120 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(birth);
            let stamp = 10 * birth;
            // Now it grows, now it shrinks.
            if random >> 40 & 3 != 0 && (birth / 300) % 2 == 0 {
                let (least, _) =
                    model.iter().min_by_key(|it| it.1.1).map(|it| (*it.0, it.1.1)).unzip();
                let place = start(&mut store, random >> 56, birth);
                let stamps: Vec<_> = (0..).zip(&store.records).map(|(_, it)| it.birth).collect();
                let stamps = |place: Place| model.get(&stamps[place as usize]).map_or(0, |it| it.1);
                if let Stored::Evicting(_) = store.store(place, at(0), stamp, &stamps) {
                    model.remove(&least.unwrap());
                }
                model.insert(birth, (random >> 56, stamp));
            } else if let Some((known, (hash, used))) =
                model.iter_mut().nth((random >> 32) as usize % 200)
            {
                if random >> 60 & 1 == 0 {
                    *used = stamp;
                } else {
                    let (known, hash) = (*known, *hash);
                    store.remove(store.find(hash, |place| store.birth(place) == known).unwrap());
                    model.remove(&known);
                    store.compact();
                }
            }
            assert!(births(&store, store.iter()).into_iter().eq(model.keys().copied()));
        }
    }
}
