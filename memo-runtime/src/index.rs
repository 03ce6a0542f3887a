//! What the engine's lock guards, and the verdicts on keys that were compared without it.

use crate::clock::Time;
use crate::few::Few;
use crate::flight::{Flight, FlightId, Pace};
use crate::party::Party;
use crate::stats::CacheInfo;
use crate::store::{Flying, Limits, Store, Stored};
use crate::sync::Arc;
use crate::table::Place;
use crate::wait::{Landing, Wait};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the lock guards: the bookkeeping, which knows no types, and the entries themselves.
pub(crate) struct Index<P> {
    pub(crate) books: Books,
    /// The hits had without the lock before the counters were zeroed.
    pub(crate) hits_forgotten: u64,
    entries: Vec<Option<P>>,
}

/// All that is known of a cache but its entries.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) store: Store,
    /// Those who wait, by the births of what they wait for.
    waits: BTreeMap<u64, Arc<Wait>>,
    /// `maxsize` and `currsize` are filled in when asked for, and hits had without the lock added.
    pub(crate) counts: CacheInfo,
    pub(crate) pace: Pace,
    births: u64,
}

/// A computation that is over.
pub(crate) struct Landed<P> {
    pub(crate) flight: Flight,
    /// Its result is stored.
    pub(crate) stored: bool,
    /// Where others wait for the same from a computation that is still under way.
    pub(crate) overtaken: Option<Arc<Wait>>,
    /// To be dropped outside the lock.
    pub(crate) dead: [Option<P>; 2],
}

/// What an index keeps pointers to.
pub(crate) trait Filed {
    /// When it was used last.
    fn stamp(&self) -> u64;
    fn address(&self) -> *mut ();
}

impl Books {
    fn new(limits: Limits) -> Self {
        Self {
            store: Store::new(limits),
            waits: BTreeMap::new(),
            counts: CacheInfo::default(),
            pace: Pace::default(),
            births: 0,
        }
    }

    /// The births of all entries are up to this.
    pub(crate) fn births(&self) -> u64 {
        self.births
    }

    /// The stored one of equal entries.
    pub(crate) fn stored(&self, equal: &Few<Place>) -> Option<Place> {
        equal.iter().copied().find(|place| self.store.flight(*place).is_none())
    }

    /// The computation under way, of equal entries, that lets others join.
    pub(crate) fn joinable(&self, equal: &Few<Place>) -> Option<(FlightId, Party)> {
        equal.iter().find_map(|place| {
            let flying = self.store.flight(*place).filter(|it| it.joinable && !it.outdated)?;
            Some((FlightId { place: *place, birth: self.store.birth(*place) }, flying.owner))
        })
    }

    /// Where to wait for a computation, and how long before helping.
    pub(crate) fn wait(&mut self, id: FlightId, owner: Party) -> (Arc<Wait>, Duration) {
        let wait = self.waits.entry(id.birth).or_insert_with(|| Arc::new(Wait::new(owner)));
        wait.join();
        (Arc::clone(wait), self.pace.patience())
    }

    /// Where a flight is waited for.
    pub(crate) fn awaited(&self, id: FlightId) -> Option<&Wait> {
        self.waits.get(&id.birth).map(|wait| &**wait)
    }

    /// Keeps the computations under way, of equal entries, from being stored.
    pub(crate) fn outdate(&mut self, equal: &Few<Place>) {
        equal.iter().for_each(|place| self.store.outdate(*place));
    }

    /// Has those who wait for a computation do so no longer, though it is under way, and may be stored.
    /// Returns where they wait.
    pub(crate) fn depose(&mut self, hash: u64, id: FlightId) -> Option<Arc<Wait>> {
        let place = self.store.locate(hash, id.place, id.birth)?;
        self.depose_at(FlightId { place, ..id })
    }

    fn depose_at(&mut self, id: FlightId) -> Option<Arc<Wait>> {
        self.store.depose(id.place);
        self.waits.remove(&id.birth)
    }

    /// The end of the computation at a place.
    fn land(&mut self, place: Place) -> Option<Flight> {
        let outdated = self.store.flight(place)?.outdated;
        // Of few computations anybody awaits the end.
        let wait =
            if self.waits.is_empty() { None } else { self.waits.remove(&self.store.birth(place)) };
        Some(Flight { wait, outdated, landing: Landing::Abandoned })
    }
}

impl<P: Clone + Filed> Index<P> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { books: Books::new(limits), hits_forgotten: 0, entries: Vec::new() }
    }

    /// Tells the entries filed under `hash` that are known to have the key from those that have yet to be
    /// compared, which come with their births.
    pub(crate) fn sort(
        &self,
        hash: u64,
        judged: &Judged,
        equal: &mut Few<Place>,
        unjudged: &mut Few<(u64, P)>,
    ) {
        self.books.store.filed(hash, |place| {
            let birth = self.books.store.birth(place);
            if judged.is_new(birth) {
                unjudged.push((birth, self.at(place).clone()));
            } else if judged.is_equal(birth) {
                equal.push(place);
            }
        });
    }

    /// The entry at a place.
    pub(crate) fn at(&self, place: Place) -> &P {
        self.entries[place as usize].as_ref().expect("what is filed is there")
    }

    /// All that is stored, the most recently used first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = P> {
        let mut entries: Vec<_> = self.books.store.iter().map(|place| self.at(place)).collect();
        entries.sort_by_cached_key(|entry| std::cmp::Reverse(entry.stamp()));
        entries.into_iter().cloned()
    }

    /// Registers a computation: of the calling thread, or of the async run whose `wait` this is.
    pub(crate) fn start(
        &mut self,
        hash: u64,
        entry: P,
        joinable: bool,
        wait: Option<&Arc<Wait>>,
    ) -> FlightId {
        self.books.births += 1;
        let birth = self.books.births;
        let owner = wait.map_or_else(Party::thread, |wait| wait.owner());
        if let Some(wait) = wait.filter(|_| joinable) {
            self.books.waits.insert(birth, Arc::clone(wait));
        }
        let flying = Flying { owner, joinable, outdated: false };
        let place = self.books.store.start(hash, birth, flying, entry.address());
        match self.entries.get_mut(place as usize) {
            Some(vacant) => *vacant = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        FlightId { place, birth }
    }

    /// Ends a computation without storing anything, if it has not been ended. The flight is to be
    /// dropped outside the lock.
    pub(crate) fn end(&mut self, hash: u64, id: FlightId) -> Option<(Flight, Option<P>)> {
        let place = self.books.store.locate(hash, id.place, id.birth)?;
        let flight = self.books.land(place)?;
        Some((flight, self.take(place)))
    }

    /// Ends a computation and stores its result, if it has not been ended or outdated, in the place of
    /// the stored one of equal entries. Returns what has to be dropped outside the lock.
    pub(crate) fn land(
        &mut self,
        id: FlightId,
        now: Time,
        stamp: u64,
        equal: &Few<Place>,
    ) -> Option<Landed<P>> {
        let is_own = |place: &Place| self.books.store.birth(*place) == id.birth;
        let place = equal.iter().copied().find(is_own)?;
        let flight = self.books.land(place)?;
        if flight.outdated {
            self.books.counts.outdated += 1;
            let dead = [self.take(place), None];
            return Some(Landed { flight, stored: false, overtaken: None, dead });
        }
        let replaced = self.books.stored(equal).and_then(|place| self.take(place));
        let Self { books, entries, .. } = self;
        let stamps = |place: Place| entries[place as usize].as_ref().map_or(0, Filed::stamp);
        let outcome = books.store.store(place, now, stamp, &stamps);
        let gone = match outcome {
            Stored::Here => None,
            Stored::Evicting(place) => {
                books.counts.evictions += 1;
                entries[place as usize].take()
            }
            Stored::Refused => self.take(place),
        };
        let stored = outcome != Stored::Refused;
        let other = self.books.joinable(equal).filter(|_| stored);
        let overtaken = other.and_then(|(id, _)| self.books.depose_at(id));
        Some(Landed { flight, stored, overtaken, dead: [replaced, gone] })
    }

    /// Takes an entry out.
    pub(crate) fn take(&mut self, place: Place) -> Option<P> {
        self.books.store.remove(place);
        self.entries[place as usize].take()
    }

    /// Takes out at most `most` entries whose time has passed.
    pub(crate) fn expire(&mut self, now: Time, most: usize) -> Vec<P> {
        let places = self.books.store.expire(now, most);
        self.books.counts.expirations += places.len() as u64;
        places.into_iter().filter_map(|place| self.entries[place as usize].take()).collect()
    }

    /// Takes out all that is stored, and keeps what is under way from being stored.
    pub(crate) fn clear(&mut self) -> Vec<Option<P>> {
        self.books.counts = CacheInfo::default();
        let order = self.books.store.clear();
        self.renumber(order)
    }

    /// Gives room back that is no longer needed.
    pub(crate) fn compact(&mut self) {
        if let Some(order) = self.books.store.compact() {
            self.renumber(order);
        }
    }

    /// Returns what has no number any longer.
    fn renumber(&mut self, order: Vec<Place>) -> Vec<Option<P>> {
        let entries = order.into_iter().map(|old| self.entries[old as usize].take()).collect();
        std::mem::replace(&mut self.entries, entries)
    }
}

/// Which of the entries filed under one hash have the key looked for, so far as is known.
#[derive(Debug)]
pub(crate) struct Judged {
    own: u64,
    /// All that was born until then is judged, or gone.
    until: u64,
    equal: Few<u64>,
}

impl Judged {
    /// Nothing yet, but of the entry born then, if there is one: it has the key.
    pub(crate) fn with(own: Option<u64>) -> Self {
        Self { own: own.unwrap_or(0), until: 0, equal: Few::new() }
    }

    /// Whether an entry has the key.
    pub(crate) fn push(&mut self, birth: u64, equal: bool) {
        if equal {
            self.equal.push(birth);
        }
    }

    /// All entries that were met when this was the last birth have been judged.
    pub(crate) fn until(&mut self, birth: u64) {
        self.until = birth;
    }

    /// Whether it has not been met before.
    fn is_new(&self, birth: u64) -> bool {
        birth > self.until && birth != self.own
    }

    pub(crate) fn is_equal(&self, birth: u64) -> bool {
        birth == self.own || self.equal.iter().any(|equal| *equal == birth)
    }
}
