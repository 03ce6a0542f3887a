//! The records of a cache: what is stored, by recency and age, and what is being computed.
//!
//! A store knows neither keys nor values, and so is compiled once for all caches. It says at which
//! *place* something is filed under which hash; what is there, its caller keeps in a list of its own
//! under the same numbers. It never compares keys: its caller does, outside the lock, and says which
//! place is meant.

use crate::clock::Time;
use crate::ranks::{Rank, Ranks};
use crate::sync::{Arc, ThreadToken};
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
    pub(crate) owner: ThreadToken,
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
        let evicted = if is_full { self.least_recent(stamps) } else { None };
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
        self.replace_table(order.len(), new);
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

    /// The record that was used least recently, which is no longer ranked then.
    fn least_recent(&mut self, stamps: &dyn Fn(Place) -> u64) -> Option<Place> {
        while let Some(Rank { stamp: known, place }) = self.ranks.pop_first() {
            match &mut self.records[place as usize].state {
                State::Stored { stamp, .. } if *stamp == known => {
                    *stamp = stamps(place);
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
